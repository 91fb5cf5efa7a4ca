"""What a row must have, and what follows from the rest of it: names, states, tax numbers, currency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from models.values.places import INDIAN_STATES, find_state
from models.values.tax_ids import TaxIdCheck, check_pan, check_tax_id
from services.exchange.mapping import ImportOptions
from services.exchange.staging import Value
from services.exchange.values import Unfit

_find_state = lru_cache(maxsize=4096)(find_state)


@dataclass(slots=True)
class Draft:
    """A row in the making."""

    values: dict[str, Value] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    issues: list[tuple[str, str, Unfit]] = field(default_factory=list)
    """(header or, for what follows from several columns, the field; value as shown; what is wrong)"""
    unread: set[str] = field(default_factory=set)
    """Fields whose cell has a value that could not be taken: wrong, not missing."""
    spare_phones: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """(field, header, numbers behind the first in its cell)"""
    currency: str | None = None

    def text(self, name: str) -> str:
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ""

    def default(self, name: str, *others: str) -> None:
        """Fill `name` from the first of `others` that has a text."""
        if name not in self.values:
            for other in others:
                if text := self.text(other):
                    self.values[name] = text
                    return


def _complete_customer(draft: Draft, options: ImportOptions) -> None:
    is_named_firm = "display_name" in draft.values or "legal_name" in draft.values
    _split_name(draft, "contact_name", "contact_first_name", "contact_last_name")
    person = " ".join(filter(None, (draft.text("contact_first_name"), draft.text("contact_last_name"))))
    draft.default("display_name", "legal_name")
    if "display_name" not in draft.values and person:
        draft.values["display_name"] = person
    if not is_named_firm and person:
        draft.values.setdefault("kind", "person")
    if person:
        draft.default("contact_email", "email")
        draft.default("contact_mobile", "mobile")
    draft.default("country", "billing_country", "shipping_country")
    _resolve_states(draft, options)
    if draft.currency and "credit_limit" in draft.values:
        draft.values.setdefault("currency", draft.currency)
    _default_currency(draft, options)
    _check_tax_ids(draft, options)
    _require(draft, "display_name", "customer's name")


def _resolve_states(draft: Draft, options: ImportOptions) -> None:
    """States as codes where their country has codes; one that is not found stays as it is written."""
    home = draft.text("country") or options.country or ""
    for name, country in (
        ("billing_state", draft.text("billing_country") or home),
        ("shipping_state", draft.text("shipping_country") or home),
        ("state", home),
    ):
        if written := draft.text(name):
            draft.values[name] = _find_state(country, written) or written
    draft.default("state", "billing_state")
    if written := draft.text("place_of_supply"):
        place = _place_of_supply(home, written)
        if place:
            draft.values["place_of_supply"] = place
        else:
            del draft.values["place_of_supply"]
            draft.extra["Place of supply"] = written


def _place_of_supply(country: str, written: str) -> str | None:
    """A GST state code, an emirate, or else a country: what documents carry (design.md 13)."""
    if country in ("AE", "IN"):
        return _find_state(country, written)
    if not country:
        return _find_state("IN", written) or _find_state("AE", written)
    return "96" if written.startswith("96") else country


def _check_tax_ids(draft: Draft, options: ImportOptions) -> None:
    country = draft.text("country") or options.country or _country_of_treatment(draft.text("tax_treatment")) or ""
    if tax_id := draft.text("tax_id"):
        if not country and tax_id[:2] in INDIAN_STATES and not tax_id.isdecimal():
            country = "IN"
        found = check_tax_id(country, tax_id)
        draft.values["is_tax_id_verified"] = found.is_ok
        _warn(draft, "tax_id", tax_id, found)
    if pan := draft.text("pan"):
        _warn(draft, "pan", pan, check_pan(pan))


def _warn(draft: Draft, name: str, written: str, found: TaxIdCheck) -> None:
    if found.problem is not None:
        draft.issues.append(
            (
                name,
                written,
                Unfit("W_TAX_ID", found.problem, "It comes in as unverified text. Correct it with the customer."),
            )
        )


def _country_of_treatment(treatment: str) -> str | None:
    if treatment in (
        "registered_regular",
        "registered_composition",
        "unregistered",
        "consumer",
        "sez",
        "deemed_export",
    ):
        return "IN"
    return "AE" if treatment.startswith(("vat_", "non_vat_")) else None


def _default_currency(draft: Draft, options: ImportOptions) -> None:
    if options.currency:
        draft.values.setdefault("currency", options.currency)


def _complete_contact(draft: Draft, _options: ImportOptions) -> None:
    _split_name(draft, "full_name", "first_name", "last_name")
    if not draft.text("first_name") and not draft.text("last_name"):
        _require(draft, "last_name", "contact's name")
    if not draft.text("customer_id") and not draft.text("customer_name"):
        _require(draft, "customer_name", "contact's customer")


def _complete_item(draft: Draft, options: ImportOptions) -> None:
    if draft.currency:
        draft.values.setdefault("currency", draft.currency)
    _default_currency(draft, options)
    _require(draft, "name", "item's name")


COMPLETE: dict[str, Callable[[Draft, ImportOptions], None]] = {
    "customers": _complete_customer,
    "contacts": _complete_contact,
    "items": _complete_item,
}


def _split_name(draft: Draft, whole: str, first: str, last: str) -> None:
    name = draft.values.pop(whole, None)
    if isinstance(name, str) and first not in draft.values and last not in draft.values:
        front, _, back = name.rpartition(" ")
        if front:
            draft.values[first], draft.values[last] = front, back
        else:
            draft.values[first] = name


def _require(draft: Draft, name: str, what: str) -> None:
    if not draft.text(name) and name not in draft.unread:
        draft.issues.append((name, "", Unfit("E_REQUIRED", f"The {what} is missing.", "Fill it in.")))
