"""Which fields a stage asks for and a deal leaves empty: pure. Stages are data; types, not names, drive the program."""

from __future__ import annotations

from collections.abc import Callable

from models.sales import Deal, Stage

FIELDS: dict[str, Callable[[Deal], object]] = {
    "amount": lambda deal: deal.amount_minor,
    "lines": lambda deal: deal.lines,
    "contact": lambda deal: deal.contact_id,
    "closes_on": lambda deal: deal.closes_on,
    "payment_terms_days": lambda deal: deal.payment_terms_days is not None,
    "po_number": lambda deal: deal.po_number,
    "next_step": lambda deal: deal.next_step,
    "scope": lambda deal: deal.scope,
    "notes": lambda deal: deal.notes,
    "lost_reason": lambda deal: deal.lost_reason,
}
"""What a stage may require: name -> whether it is filled."""


def missing_fields(deal: Deal, stage: Stage) -> list[str]:
    return [name for name in stage.required_fields if not FIELDS[name](deal)]
