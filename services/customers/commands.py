"""What one does to customers: make, change, archive, find or make. No function here commits; nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import bindparam, or_, select

from models.customers import BlockKey, Contact, Customer, CustomerAddress
from models.organisation import BusinessUnit, User
from models.values.money import Money
from models.values.states import CustomerStatus
from models.values.tax_ids import gstin_pan, gstin_state, tidy
from models.values.text import folded
from services.codes import next_code
from services.customers.drafts import ALIASES, AddressDraft, CustomerDraft, customer_draft
from services.customers.duplicates import Party
from services.customers.duplicates_search import Match, keep_keys, keys_of, matches, parties, parties_of
from services.customers.filling import BILLING, DELIVERY, Circumstances, Filled, Row, fill
from services.customers.treatment import usual_treatment
from services.drafts import parse, raise_problems
from services.errors import Conflict, InvalidValue, NotFound, Rejected, WrongUse
from services.organisation.places import Place, default_place, place_of
from services.permissions import Action, Module, require, visible
from services.settings import BillingSettings, CustomerSettings, read
from services.store import Work
from services.versions import renamed, to_change, touch

CODE_PREFIX = "C"
_APART = {"contacts", "different_because"}
"""Fields of the draft that are asked when a customer is made and changed elsewhere afterwards."""


def create_customer(work: Work, draft: CustomerDraft) -> int:
    """Make a customer with its addresses and contacts; answers its id.

    One that looks like a customer that the book has is refused, naming it, unless `different_because` says why not.
    """
    require(work, Module.CUSTOMERS, Action.CREATE)
    filled = fill(draft, circumstances(work, draft))
    raise_problems(filled.problems)
    known = parties(filled.customer, filled.addresses, filled.contacts)
    keys = keys_of(known)
    like = _refuse_twin(work, known, draft.different_because, keys=keys)
    filled.customer["code"] = _free_code(work, draft.code)
    customer = Customer(**filled.customer, created_at=work.now)
    customer.addresses = [CustomerAddress(**row) for row in filled.addresses]
    customer.contacts = [
        Contact(**row, owner_id=customer.owner_id, created_at=work.now, is_archived=False) for row in filled.contacts
    ]
    work.session.add(customer)
    details = {"different_because": draft.different_because, "resembles": like.code} if like else {}
    work.record("customer.created", customer, **details)
    if keys:
        work.insert_parts(BlockKey, [{"customer_id": customer.id, "key": key} for key in sorted(keys)])
    return customer.id


def edit_customer(work: Work, customer_id: int, changes: Mapping[str, Any], *, version: int | None = None) -> None:
    """Change the fields that `changes` names; the others stay, and what was filled in follows what it came from.

    `billing_address` merges by field (None takes it away), `delivery_addresses` replaces all of them.
    """
    customer = to_change(work, Customer, customer_id, Module.CUSTOMERS, version=version)
    changes = renamed(changes, ALIASES, "A customer")
    if "contacts" in changes:
        raise WrongUse("Contacts are changed one by one: create, edit or archive a contact.")
    place = place_of(work, customer.branch_id)
    draft = parse(CustomerDraft, _merged(work, customer, place, changes), "A customer")
    around = circumstances(work, draft)
    checked = (customer.tax_id, customer.is_tax_id_verified) if customer.tax_id else None
    if "country" in changes and draft.country != customer.country:
        checked = None
    filled = fill(draft, around, known_tax_id=checked)
    raise_problems(filled.problems)
    like = None
    if _IDENTITY & changes.keys():
        known = parties(filled.customer, filled.addresses, [vars(contact) for contact in customer.contacts])
        if _is_new_likeness(customer, known):
            like = _refuse_twin(work, known, draft.different_because, besides=customer.id)
    if draft.code != customer.code:
        _free_code(work, draft.code)
    _apply(customer, filled)
    keep_keys(work, customer)
    details = {"different_because": draft.different_because, "resembles": like.code} if like else {}
    work.record("customer.changed", customer, fields=sorted(changes.keys() - _APART), **details)


def archive_customer(work: Work, customer_id: int, *, version: int | None = None) -> None:
    """Put a customer away: it keeps all that it is linked to and takes no new business."""
    customer = to_change(work, Customer, customer_id, Module.CUSTOMERS, version=version)
    if customer.status is CustomerStatus.ARCHIVED:
        raise Conflict(f"{_named(customer)} is archived already.")
    customer.status = CustomerStatus.ARCHIVED
    work.record("customer.archived", customer)


def unarchive_customer(work: Work, customer_id: int, *, version: int | None = None) -> None:
    customer = to_change(work, Customer, customer_id, Module.CUSTOMERS, version=version)
    if customer.status is not CustomerStatus.ARCHIVED:
        raise Conflict(f"{_named(customer)} is not archived.")
    customer.status = CustomerStatus.ACTIVE
    work.record("customer.unarchived", customer)


def find_or_create_customer(work: Work, who: str | Mapping[str, Any]) -> int:
    """A customer that a document or deal names: a code, `#ID` or exact name, or an object (design.md 13).

    An object is found by its code, else by its tax number, else by its exact name, else it is made, even where it only
    resembles a customer: the event says which, for the review of duplicates. A customer of the same name with another
    tax number is another customer. An archived one is refused.
    """
    require(work, Module.CUSTOMERS, Action.VIEW)
    if isinstance(who, str):
        return _usable(work.hold(_by_ref(work, who)))
    given = dict(who)
    ref = given.pop("ref", None) or (given.get("code") if len(given) == 1 else None)
    if ref is not None:
        return _usable(work.hold(_by_ref(work, str(ref))))
    draft = customer_draft(given)
    found = _by_code(work, draft.code) or _by_tax_id(work, draft.tax_id) or _by_name(work, draft)
    if found:
        return _usable(work.hold(found))
    return create_customer(work, replace(draft, different_because=draft.different_because or NAMED_ON_A_DOCUMENT))


def customer_named(work: Work, ref: str) -> Customer:
    """The customer with this code, `#ID` or exact name, among those that the actor may see."""
    require(work, Module.CUSTOMERS, Action.VIEW)
    return _by_ref(work, ref)


def circumstances(work: Work, draft: CustomerDraft, *, keeps_unchecked: bool = False) -> Circumstances:
    """What a new customer inherits from its branch, the settings and its maker; for an import, once for all rows."""
    require(work, Module.CUSTOMERS, Action.VIEW)
    place = default_place(work, draft.company or None, draft.branch or None)
    owners = {}
    if draft.owner:
        active = select(User.code, User.id).where(User.is_active.is_(True), User.is_system.is_(False))
        owners = {code.casefold(): user_id for code, user_id in work.session.execute(active)}
    units = {}
    if draft.business_unit:
        own = select(BusinessUnit.code, BusinessUnit.id).where(BusinessUnit.company_id == place.company.id)
        units = {code.casefold(): unit_id for code, unit_id in work.session.execute(own)}
    return Circumstances(
        company_id=place.company.id,
        branch_id=place.branch.id,
        seller_country=place.company.country,
        country=place.branch.country,
        currency=place.branch.currency,
        due_days=read(work, BillingSettings).due_days,
        actor_id=work.actor_id,
        owner_ids=owners,
        unit_ids=units,
        keeps_unchecked=keeps_unchecked,
    )


NAMED_ON_A_DOCUMENT = "named on a document; no customer has this tax number or exactly this name"
_IDENTITY = {"display_name", "legal_name", "tax_id", "email", "phone", "website", "pan", "billing_address"}
"""Fields by which two customers may turn out to be one."""


def _is_new_likeness(customer: Customer, known: Sequence[Party]) -> bool:
    return tuple(known) != parties_of(customer)


def _refuse_twin(
    work: Work,
    known: Sequence[Party],
    different_because: str,
    *,
    besides: int | None = None,
    keys: frozenset[str] | None = None,
) -> Match | None:
    """The customer that this one resembles although it is another; raises Rejected where no reason is given."""
    limit = float(read(work, CustomerSettings).duplicate_score)
    found = matches(work, known, threshold=limit, besides=besides, keys=keys)
    if not found:
        return None
    best = found[0]
    if different_because:
        return best
    if best.is_visible:
        who = f"{best.code} {best.name} ({best.score * 100:.0f}% alike: {_why(best)})"
    else:
        who = f"a customer that you may not see ({best.score * 100:.0f}% alike)"
    raise Rejected(
        f"This looks like {who}. Use that one, or say why this is another: different_because=...",
        (f"display_name: looks like {best.code if best.is_visible else 'a customer of somebody else'}",),
    )


def _why(match: Match) -> str:
    telling = [evidence for evidence in match.evidence if evidence.similarity >= 0.85]
    strongest = sorted(telling, key=lambda evidence: -evidence.weight * evidence.similarity)[:3]
    return ", ".join(evidence.field.replace("_", " ") for evidence in strongest) or "several fields together"


def _free_code(work: Work, code: str) -> str:
    """The code that was typed, if no customer has it, else the next one that is free."""
    if code:
        if code.startswith("#"):
            raise InvalidValue(f"A code does not begin with #; {code} would be read as a record's id.")
        if _is_taken(work, code):
            raise Conflict(f"There is a customer with the code {code} already.")
        return code
    while True:
        code = next_code(work, CODE_PREFIX)
        if not _is_taken(work, code):
            return code


_BY_CODE = select(Customer.id).where(Customer.code == bindparam("code"))


def _is_taken(work: Work, code: str) -> bool:
    return work.session.connection().execute(_BY_CODE, {"code": code}).first() is not None


def _merged(work: Work, customer: Customer, place: Place, changes: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of the draft: as they are, with the changes over them. What was derived is left open again."""
    unit = work.session.get(BusinessUnit, customer.business_unit_id) if customer.business_unit_id else None
    limit = customer.credit_limit_minor
    currency = str(changes.get("currency") or customer.currency).upper()
    values: dict[str, Any] = {
        name: getattr(customer, name) or ""
        for name in ("code", "display_name", "email", "phone", "website", "source", "place_of_supply", "notes")
    }
    values |= {
        "legal_name": "" if customer.legal_name == customer.display_name else customer.legal_name,
        "kind": customer.kind,
        "status": customer.status,
        "owner": work.session.get_one(User, customer.owner_id).code,
        "company": place.company.code,
        "branch": place.branch.code,
        "business_unit": unit.code if unit else "",
        "country": customer.country,
        "currency": customer.currency,
        "payment_terms_days": customer.payment_terms_days,
        "credit_limit": None if limit is None or currency != customer.currency else Money(limit, currency).amount,
        "tax_id": customer.tax_id or "",
        "tags": list(customer.tags),
        "extra": dict(customer.extra),
        **_typed_only(customer, place),
    }
    addresses = {kind: [a for a in customer.addresses if a.kind == kind] for kind in (BILLING, DELIVERY)}
    billing = _address_values(addresses[BILLING][0]) if addresses[BILLING] else {}
    values["billing_address"] = billing or None
    values["delivery_addresses"] = [_address_values(address) for address in addresses[DELIVERY]]
    merged = values | dict(changes)
    if "branch" in changes and "company" not in changes:
        merged["company"] = ""
    if isinstance(changes.get("billing_address"), Mapping):
        merged["billing_address"] = billing | dict(changes["billing_address"])
    return merged


def _typed_only(customer: Customer, place: Place) -> dict[str, Any]:
    """State, PAN and treatment where a person gave them; empty where they follow from country and tax number."""
    number = customer.tax_id if customer.is_tax_id_verified and customer.country == "IN" else None
    usual = usual_treatment(
        place.company.country,
        customer.country,
        kind=customer.kind,
        is_registered=bool(customer.tax_id) and customer.is_tax_id_verified,
    )
    return {
        "state": "" if number and gstin_state(number) == customer.state else customer.state or "",
        "pan": "" if number and gstin_pan(number) == customer.pan else customer.pan or "",
        "tax_treatment": None if customer.tax_treatment is usual else customer.tax_treatment,
    }


def _address_values(address: CustomerAddress) -> dict[str, Any]:
    return {field.name: getattr(address, field.name) or "" for field in fields(AddressDraft)}


def _apply(customer: Customer, filled: Filled) -> None:
    for name, value in filled.customer.items():
        if getattr(customer, name) != value:
            setattr(customer, name, value)
    if _apply_addresses(customer, filled.addresses):
        touch(customer)


def _apply_addresses(customer: Customer, rows: Sequence[Row]) -> bool:
    """Write the addresses over those that are there, kind by kind; answers whether anything changed."""
    is_changed = False
    for kind in (BILLING, DELIVERY):
        held = [address for address in customer.addresses if address.kind == kind]
        wanted = [row for row in rows if row["kind"] == kind]
        for address, row in zip(held, wanted, strict=False):
            for name, value in row.items():
                if getattr(address, name) != value:
                    setattr(address, name, value)
                    is_changed = True
        for address in held[len(wanted) :]:
            customer.addresses.remove(address)
            is_changed = True
        for row in wanted[len(held) :]:
            customer.addresses.append(CustomerAddress(**row))
            is_changed = True
    return is_changed


def _by_ref(work: Work, ref: str) -> Customer:
    wanted = ref.strip()
    seen = _seen(work)
    if wanted.startswith("#") and wanted[1:].isdigit() and len(wanted) < 20:
        found = work.session.scalar(select(Customer).where(Customer.id == int(wanted[1:]), seen))
    else:
        found = _by_code(work, wanted)
        if found is None:
            found = _only(list(_of_name(work, wanted)), wanted)
    if found is None:
        raise NotFound(f"There is no customer {ref!r} in this book. Give its code, or make it first.")
    return found


def _by_code(work: Work, code: str) -> Customer | None:
    if not code:
        return None
    exact = work.session.scalar(select(Customer).where(Customer.code == code, _seen(work)))
    return exact or work.session.scalar(select(Customer).where(Customer.code == code.upper(), _seen(work)))


def _by_tax_id(work: Work, tax_id: str) -> Customer | None:
    if not tax_id:
        return None
    query = select(Customer).where(Customer.tax_id == tidy(tax_id), Customer.is_tax_id_verified.is_(True), _seen(work))
    return _only(list(work.session.scalars(query)), tax_id)


def _by_name(work: Work, draft: CustomerDraft) -> Customer | None:
    number = tidy(draft.tax_id) if draft.tax_id else None
    found = [
        customer
        for customer in _of_name(work, draft.display_name)
        if number is None or customer.tax_id in {None, number} or not customer.is_tax_id_verified
    ]
    return _only(found, draft.display_name)


def _of_name(work: Work, name: str) -> Iterator[Customer]:
    """Customers of exactly this display or legal name; case, accents and spaces apart."""
    query = select(Customer).where(
        or_(Customer.name_folded == folded(name)[:300], Customer.legal_name == name), _seen(work)
    )
    if name:
        yield from work.session.scalars(query.order_by(Customer.id).limit(20))


def _only(found: list[Customer], what: str) -> Customer | None:
    alive = [customer for customer in found if customer.status is not CustomerStatus.ARCHIVED] or found
    if len(alive) > 1:
        codes = ", ".join(customer.code for customer in alive)
        raise Conflict(f"Several customers are called {what!r}: {codes}. Name one by its code.")
    return alive[0] if alive else None


def _usable(customer: Customer) -> int:
    if customer.status is CustomerStatus.ARCHIVED:
        raise Conflict(f"{_named(customer)} is archived. Unarchive it first, or choose another customer.")
    return customer.id


def _seen(work: Work) -> Any:
    return visible(work, Module.CUSTOMERS, Customer.owner_id, Customer.branch_id)


def _named(customer: Customer) -> str:
    return f"{customer.code} {customer.display_name}"
