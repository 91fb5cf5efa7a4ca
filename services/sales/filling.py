"""From a draft to the fields and lines of a deal: inherited from the customer, priced by the catalogue, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models.customers import Customer
from models.organisation import BusinessUnit, User
from models.sales import Deal, DealLine
from models.values.money import EXPONENTS, Money
from models.values.text import folded
from services.catalogue.commands import item_named
from services.catalogue.units import unit_code
from services.drafts import Problem, raise_problems
from services.errors import Conflict, InvalidValue, NotFound
from services.organisation.places import Place
from services.permissions import Action, Module, require
from services.sales.amounts import line_net
from services.sales.drafts import DealDraft, DealLineDraft
from services.store import Work


@dataclass(frozen=True, slots=True)
class Kept:
    """What an edit leaves alone, so that an archived item or contact in it is not asked again."""

    lines: bool = False
    contact: bool = False


def fill_deal(work: Work, deal: Deal, draft: DealDraft, customer: Customer, place: Place, kept: Kept = Kept()) -> None:
    """Write what `draft` says into `deal`, or raise Rejected with everything that is wrong; nothing is written then."""
    require(work, Module.SALES, Action.EDIT)
    problems: list[Problem] = []
    currency = _currency(draft, customer, problems)
    new = {
        "name": draft.name,
        "customer_id": customer.id,
        "contact_id": deal.contact_id if kept.contact else _contact_id(draft.contact, customer, problems),
        "owner_id": _owner_id(work, draft.owner, problems) or work.actor_id,
        "company_id": place.company.id,
        "branch_id": place.branch.id,
        "business_unit_id": _unit_id(work, draft.business_unit, place, customer, problems),
        "currency": currency,
        "closes_on": draft.closes_on,
        "payment_terms_days": (
            customer.payment_terms_days if draft.payment_terms_days is None else draft.payment_terms_days
        ),
        "po_number": draft.po_number or None,
        "next_step": draft.next_step or None,
        "scope": draft.scope,
        "discount_percent": draft.discount_percent,
        "notes": draft.notes,
    }
    if kept.lines and deal.lines:
        rows = [_held_row(line) for line in deal.lines]
    else:
        rows = [_line(work, line, number, currency, problems) for number, line in enumerate(draft.lines, 1)]
    raise_problems(problems)
    new["amount_minor"] = _amount(draft, rows, currency).minor
    for name, value in new.items():
        if name not in deal.__dict__ or getattr(deal, name) != value:
            setattr(deal, name, value)
    if not (kept.lines and deal.lines):
        _write_lines(deal, rows)


def _amount(draft: DealDraft, rows: Sequence[Mapping[str, Any]], currency: str) -> Money:
    if rows:
        nets = [line_net(row["quantity"], row["unit_price"], row["discount_percent"], currency) for row in rows]
        return Money.total(nets, currency)
    amount = Money.of(draft.amount or 0, currency)
    if draft.amount is not None and amount.amount != draft.amount:
        raise_problems([Problem("amount", f"{draft.amount:f} has more decimals than {currency} has ({amount}).")])
    return amount


def _write_lines(deal: Deal, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows over the lines that are there, in order; what is too many goes."""
    for line, row in zip(deal.lines, rows, strict=False):
        for name, value in row.items():
            if getattr(line, name) != value:
                setattr(line, name, value)
    for line in deal.lines[len(rows) :]:
        deal.lines.remove(line)
    for row in rows[len(deal.lines) :]:
        deal.lines.append(DealLine(**row))


def _held_row(line: DealLine) -> dict[str, Any]:
    names = "no item_id description quantity unit unit_price discount_percent".split()
    return {name: getattr(line, name) for name in names}


def _line(work: Work, draft: DealLineDraft, number: int, currency: str, problems: list[Problem]) -> dict[str, Any]:
    path, what = f"lines[{number}].", f"Line {number}"
    item = None
    if draft.item:
        try:
            item = item_named(work, draft.item)
        except (NotFound, Conflict) as error:
            problems.append(Problem(path + "item", f"{what}: {error}"))
    price = draft.unit_price
    if price is None and item is not None:
        price = item.unit_price if item.currency == currency else None
        if price is None:
            problems.append(
                Problem(
                    path + "unit_price",
                    f"{what} needs a price in {currency}: {item.code} is priced in {item.currency}.",
                )
            )
    elif price is None:
        problems.append(Problem(path + "unit_price", f"{what} needs a price."))
    unit = item.unit if item else "H87"
    if draft.unit:
        try:
            unit = unit_code(draft.unit)
        except InvalidValue as error:
            problems.append(Problem(path + "unit", f"{what}: {error}"))
    return {
        "no": number,
        "item_id": item.id if item else None,
        "description": draft.description or (item.description or item.name if item else ""),
        "quantity": draft.quantity,
        "unit": unit,
        "unit_price": price,
        "discount_percent": draft.discount_percent,
    }


def _currency(draft: DealDraft, customer: Customer, problems: list[Problem]) -> str:
    code = draft.currency.upper() or customer.currency
    if code not in EXPONENTS:
        problems.append(
            Problem(
                "currency", f"{draft.currency!r} is not a currency that the book knows. Write its code, such as AED."
            )
        )
        return customer.currency
    return code


def _contact_id(ref: str, customer: Customer, problems: list[Problem]) -> int | None:
    """A contact of the customer by `#ID`, e-mail or name; left out, the primary one."""
    alive = [contact for contact in customer.contacts if not contact.is_archived]
    if not ref:
        return next((contact.id for contact in alive if contact.is_primary), None)
    wanted = folded(ref)
    for contact in alive:
        names = {f"#{contact.id}", folded(contact.email or ""), contact.name_folded}
        if wanted in names:
            return contact.id
    known = ", ".join(f"{contact.first_name} {contact.last_name}".strip() for contact in alive) or "none yet"
    problems.append(Problem("contact", f"{customer.display_name} has no contact {ref!r}. Its contacts: {known}."))
    return None


def _owner_id(work: Work, code: str, problems: list[Problem]) -> int | None:
    if not code:
        return None
    found = work.session.scalar(select(User.id).where(User.code == code))
    if found is None:
        problems.append(Problem("owner", f"There is no user {code!r} here."))
    return found


def _unit_id(work: Work, code: str, place: Place, customer: Customer, problems: list[Problem]) -> int | None:
    if not code:
        return customer.business_unit_id if customer.company_id == place.company.id else None
    found = work.session.scalar(
        select(BusinessUnit.id).where(BusinessUnit.code == code, BusinessUnit.company_id == place.company.id)
    )
    if found is None:
        problems.append(Problem("business_unit", f"There is no business unit {code!r} here."))
    return found
