"""From a draft to the rows of a customer: everything left out is filled in, everything typed is checked.

Pure: what the book knows comes as `Circumstances`, so that one customer and a hundred thousand of an import go the
same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.values.money import EXPONENTS, Money
from models.values.places import (
    ABROAD,
    COUNTRIES,
    EMIRATES,
    INDIAN_STATES,
    find_country,
    find_state,
    normalise_country,
    normalise_state,
)
from models.values.tax_ids import TaxIdCheck, check_pan, check_pin, check_tax_id, gstin_pan, gstin_state
from models.values.text import folded
from services.customers.drafts import AddressDraft, ContactDraft, CustomerDraft
from services.customers.treatment import treatments, usual_treatment
from services.drafts import Problem
from services.errors import InvalidValue

Row = dict[str, Any]
BILLING, DELIVERY = "billing", "delivery"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where a new customer belongs and what it inherits. `owner_ids` and `unit_ids` map codes to ids."""

    company_id: int
    branch_id: int
    seller_country: str
    country: str
    """Of the branch: where a customer is that names no country."""
    currency: str
    due_days: int
    actor_id: int
    owner_ids: Mapping[str, int] = field(default_factory=dict)
    unit_ids: Mapping[str, int] = field(default_factory=dict)
    keeps_unchecked: bool = False
    """An import: a tax number that fails its check is kept as text and marked, not refused."""


@dataclass(slots=True)
class Filled:
    """The rows without ids, owners of parts and times; `problems` names everything that is wrong."""

    customer: Row = field(default_factory=dict)
    addresses: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def fill(draft: CustomerDraft, around: Circumstances, *, known_tax_id: tuple[str, bool] | None = None) -> Filled:
    """The rows of `draft`. `known_tax_id` is (number, checked) of a customer that is changed: it is not asked twice."""
    filled = Filled(problems=list(draft.problems()))
    country = _country(draft, around, filled)
    tax_id, is_checked = _tax_id(draft, country, around, known_tax_id, filled)
    state = _state(draft, country, tax_id if is_checked else None, around, filled)
    filled.customer = {
        "code": draft.code,
        "display_name": draft.display_name,
        "name_folded": folded(draft.display_name)[:300],
        "legal_name": draft.legal_name or draft.display_name,
        "kind": draft.kind,
        "status": draft.status,
        "owner_id": _id(draft.owner, around.owner_ids, "owner", "user", filled) or around.actor_id,
        "company_id": around.company_id,
        "branch_id": around.branch_id,
        "business_unit_id": _id(draft.business_unit, around.unit_ids, "business_unit", "business unit", filled),
        "country": country,
        "state": state,
        "currency": _currency(draft, around, filled),
        "payment_terms_days": around.due_days if draft.payment_terms_days is None else draft.payment_terms_days,
        "tax_treatment": _treatment(draft, around, country, is_checked=is_checked, filled=filled),
        "tax_id": tax_id,
        "is_tax_id_verified": is_checked,
        "pan": _pan(draft, country, tax_id if is_checked else None, around, filled),
        "place_of_supply": _place_of_supply(draft, country, around, filled),
        "email": draft.email or None,
        "phone": draft.phone or None,
        "website": draft.website or None,
        "source": draft.source or None,
        "tags": list(dict.fromkeys(draft.tags)),
        "notes": draft.notes,
        "extra": draft.extra or {},
    }
    filled.customer["credit_limit_minor"] = _credit_limit(draft, filled.customer["currency"], filled)
    _addresses(draft, country, state, around, filled)
    filled.contacts = [contact_row(contact) for contact in draft.contacts]
    _one_primary(filled.contacts)
    return filled


def contact_row(draft: ContactDraft) -> Row:
    return {
        "salutation": draft.salutation,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "name_folded": folded(draft.name)[:300],
        "email": draft.email or None,
        "phone": draft.phone or None,
        "mobile": draft.mobile or None,
        "designation": draft.designation,
        "roles": list(dict.fromkeys(draft.roles)),
        "is_primary": draft.is_primary,
        "notes": draft.notes,
    }


def address_row(
    draft: AddressDraft, kind: str, country: str, state: str | None, *, keeps_unchecked: bool = False
) -> Row:
    """The row of an address. A country, State or PIN that is none raises InvalidValue, or is kept as it was typed."""
    where = country
    if draft.country:
        where = (find_country(draft.country) or country) if keeps_unchecked else normalise_country(draft.country)
    inherited = state if where == country else None
    named = draft.state or inherited
    if named and not keeps_unchecked:
        named = normalise_state(where, named)
    elif named:
        named = find_state(where, named) or named
    pin = check_pin(where, draft.pin) if draft.pin else TaxIdCheck("")
    if pin.problem is not None and not keeps_unchecked:
        raise InvalidValue(pin.problem)
    return {
        "kind": kind,
        "attention": draft.attention,
        "street": draft.street,
        "extra": draft.extra,
        "city": draft.city,
        "pin": draft.pin if pin.problem else pin.value,
        "state": named or None,
        "country": where,
        "phone": draft.phone,
    }


def _one_primary(contacts: list[Row]) -> None:
    """Of several contacts exactly one is the primary: the first that says so, else the first."""
    chosen = next((contact for contact in contacts if contact["is_primary"]), contacts[0] if contacts else None)
    for contact in contacts:
        contact["is_primary"] = contact is chosen


def _country(draft: CustomerDraft, around: Circumstances, filled: Filled) -> str:
    billing = draft.billing_address.country if draft.billing_address else ""
    typed, where = (draft.country, "country") if draft.country else (billing, "billing_address.country")
    if not typed:
        return around.country
    try:
        return normalise_country(typed)
    except InvalidValue as error:
        filled.problems.append(Problem(where, str(error)))
        return around.country


def _tax_id(
    draft: CustomerDraft, country: str, around: Circumstances, known: tuple[str, bool] | None, filled: Filled
) -> tuple[str | None, bool]:
    """The number tidied, and whether it passed its check."""
    if not draft.tax_id:
        return None, False
    if known is not None and known[0] == draft.tax_id:
        return known
    check = check_tax_id(country, draft.tax_id)
    if check.problem is None:
        return check.value, True
    if around.keeps_unchecked:
        return draft.tax_id, False
    filled.problems.append(Problem("tax_id", check.problem))
    return check.value, False


def _state(draft: CustomerDraft, country: str, tax_id: str | None, around: Circumstances, filled: Filled) -> str | None:
    registered = gstin_state(tax_id) if country == "IN" and tax_id else None
    billing = draft.billing_address
    typed, where = draft.state, "state"
    if not typed and billing and billing.state and (find_country(billing.country) or country) == country:
        if registered:
            return registered
        typed, where = billing.state, "billing_address.state"
    if not typed:
        return registered
    try:
        state = normalise_state(country, typed)
    except InvalidValue as error:
        if not around.keeps_unchecked:
            filled.problems.append(Problem(where, str(error)))
        return registered
    if registered and state != registered and not around.keeps_unchecked:
        names = INDIAN_STATES[registered].name, INDIAN_STATES[state].name
        filled.problems.append(
            Problem("state", f"The GSTIN is registered in {names[0]}, not in {names[1]}. Correct one of the two.")
        )
    return registered or state


def _pan(draft: CustomerDraft, country: str, tax_id: str | None, around: Circumstances, filled: Filled) -> str | None:
    inside = gstin_pan(tax_id) if country == "IN" and tax_id and check_pan(gstin_pan(tax_id)).is_ok else None
    if not draft.pan:
        return inside
    check = check_pan(draft.pan) if country == "IN" else TaxIdCheck(draft.pan)
    if check.problem is not None and not around.keeps_unchecked:
        filled.problems.append(Problem("pan", check.problem))
    if inside and check.value != inside and not around.keeps_unchecked:
        filled.problems.append(
            Problem("pan", f"The PAN inside the GSTIN is {inside}, not {check.value}. Correct one of the two.")
        )
    return inside or check.value


def _treatment(draft: CustomerDraft, around: Circumstances, country: str, *, is_checked: bool, filled: Filled) -> Any:
    allowed = treatments(around.seller_country)
    usual = usual_treatment(around.seller_country, country, kind=draft.kind, is_registered=is_checked)
    if draft.tax_treatment is None:
        return usual
    if draft.tax_treatment in allowed:
        return draft.tax_treatment
    if around.keeps_unchecked:
        return usual
    names = ", ".join(allowed)
    filled.problems.append(
        Problem(
            "tax_treatment",
            f"A company in {COUNTRIES[around.seller_country]} tells apart {names}; {draft.tax_treatment} is none of them.",
        )
    )
    return usual


def _place_of_supply(draft: CustomerDraft, country: str, around: Circumstances, filled: Filled) -> str | None:
    """A State or emirate where the customer is, else a country; India's 96 stands for abroad."""
    typed = draft.place_of_supply
    if not typed:
        return None
    if typed in INDIAN_STATES or typed in EMIRATES or typed == ABROAD:
        return typed
    try:
        return normalise_state(country, typed) if country in {"IN", "AE"} else normalise_country(typed)
    except InvalidValue as error:
        abroad = find_country(typed)
        if abroad is None and not around.keeps_unchecked:
            filled.problems.append(Problem("place_of_supply", str(error)))
        return abroad


def _currency(draft: CustomerDraft, around: Circumstances, filled: Filled) -> str:
    code = draft.currency.upper()
    if not code:
        return around.currency
    if code not in EXPONENTS:
        filled.problems.append(
            Problem(
                "currency", f"{draft.currency!r} is not a currency that the book knows. Write its code, such as AED."
            )
        )
        return around.currency
    return code


def _credit_limit(draft: CustomerDraft, currency: str, filled: Filled) -> int | None:
    if draft.credit_limit is None:
        return None
    try:
        limit = Money.of(draft.credit_limit, currency)
    except InvalidValue as error:
        filled.problems.append(Problem("credit_limit", str(error)))
        return None
    if limit.amount != draft.credit_limit:
        filled.problems.append(
            Problem("credit_limit", f"{draft.credit_limit:f} has more decimals than {currency} has ({limit}).")
        )
    return limit.minor


def _id(code: str, ids: Mapping[str, int], name: str, noun: str, filled: Filled) -> int | None:
    if not code:
        return None
    found = ids.get(code.casefold())
    if found is None:
        filled.problems.append(Problem(name, f"There is no {noun} {code!r} here."))
    return found


def _addresses(draft: CustomerDraft, country: str, state: str | None, around: Circumstances, filled: Filled) -> None:
    written = [("billing_address", BILLING, draft.billing_address)] if draft.billing_address else []
    written += [
        (f"delivery_addresses[{number}]", DELIVERY, address)
        for number, address in enumerate(draft.delivery_addresses, 1)
    ]
    for path, kind, address in written:
        if address.is_empty:
            continue
        try:
            row = address_row(address, kind, country, state, keeps_unchecked=around.keeps_unchecked)
            filled.addresses.append(row)
        except InvalidValue as error:
            if str(error) not in {problem.message for problem in filled.problems}:
                filled.problems.append(Problem(path, str(error)))
