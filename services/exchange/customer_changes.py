"""What a further row does to a customer: one that this chunk is still making, or one that is written already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.customers import Contact, Customer, CustomerAddress
from models.values.text import folded
from services.customers.filling import BILLING, Row
from services.exchange.changes import (
    ADDRESS_FIELDS,
    CONTACT_FIELDS,
    Edits,
    filled_gaps,
    followed,
    gaps_of,
    matching_contact,
    same_place,
    written_out,
)
from services.exchange.customer_rows import Drafted
from services.exchange.matching_records import Known
from services.store import Work
from services.versions import touch

Key = tuple[str, str]
"""(system, external id)"""


@dataclass(slots=True)
class NewCustomer:
    """A customer that this chunk makes, and the rows that it comes from."""

    id: int
    drafted: Drafted
    states: set[str]
    keys: list[Key]
    comparable: list[Known]
    code: str = ""


def absorb(there: NewCustomer, one: Drafted) -> bool:
    """A certain duplicate of a record that is not written yet: whether it added something."""
    filled, other = there.drafted.filled, one.filled
    changes = filled_gaps(filled.customer, one.stated, there.states)
    filled.customer |= changes
    there.states |= set(one.stated)
    is_changed = bool(changes)
    for address in other.addresses:
        held = next((row for row in filled.addresses if row["kind"] == address["kind"]), None)
        if held is None:
            filled.addresses.append(address)
        elif same_place(held, address):
            gaps = gaps_of(held, address, ADDRESS_FIELDS)
            held |= gaps
            is_changed |= bool(gaps)
            continue
        else:
            filled.customer["extra"] |= {_other_address(address): written_out(address)}
        is_changed = True
    for contact in other.contacts:
        person = matching_contact(filled.contacts, contact)
        if person is None:
            filled.contacts.append({**contact, "is_primary": not filled.contacts})
            is_changed = True
        else:
            gaps = gaps_of(person, contact, CONTACT_FIELDS)
            person.update(gaps)  # type: ignore[attr-defined]  # a row of this chunk
            is_changed |= bool(gaps)
    return is_changed


def overwrite(there: NewCustomer, one: Drafted) -> bool:
    """The same id again in this run, with other values: the later row says how it is."""
    filled = there.drafted.filled
    changes, _ = followed(filled.customer, one.stated, {}, set())
    filled.customer |= changes
    there.states |= set(one.stated)
    is_changed = bool(changes)
    kinds = {address["kind"] for address in one.filled.addresses}
    before = list(filled.addresses)
    filled.addresses = [row for row in filled.addresses if row["kind"] not in kinds] + one.filled.addresses
    for contact in one.filled.contacts:
        if matching_contact(filled.contacts, contact) is None:
            filled.contacts.append({**contact, "is_primary": not filled.contacts})
            is_changed = True
    return is_changed or before != filled.addresses


def fill(work: Work, customer: Customer, one: Drafted) -> bool:
    """A certain duplicate of a record of the book: whether it added something."""
    changes = filled_gaps(vars(customer), one.stated)
    is_changed = False
    for address in one.filled.addresses:
        held = _address_of(customer, address["kind"])
        if held is None:
            customer.addresses.append(CustomerAddress(**address))
            is_changed = True
        elif same_place(vars(held), address):
            is_changed |= _set(held, gaps_of(vars(held), address, ADDRESS_FIELDS))
        else:
            extra: Row = dict(changes.get("extra") or customer.extra)
            if _other_address(address) not in extra:
                changes["extra"] = extra | {_other_address(address): written_out(address)}
    is_changed |= _meet(work, customer, one.filled.contacts, None)
    if is_changed and not changes:
        touch(customer)
    return _set(customer, changes) or is_changed


def follow(work: Work, customer: Customer, one: Drafted, edits: Edits) -> tuple[bool, list[str]]:
    """News of a record: (whether it changed, fields that were edited here and stay)."""
    own_changes, kept = followed(vars(customer), one.stated, *edits.of(customer))
    is_changed = False
    for address in one.filled.addresses:
        held = _address_of(customer, address["kind"])
        if held is None:
            customer.addresses.append(CustomerAddress(**address))
            is_changed = True
            continue
        stated = {name: address[name] for name in ADDRESS_FIELDS if address[name]}
        changes, more = followed(vars(held), stated, *edits.of(held))
        is_changed |= _set(held, changes)
        kept += [f"{address['kind']}_{name}" for name in more]
    is_changed |= _meet(work, customer, one.filled.contacts, edits, kept)
    if is_changed and not own_changes:
        touch(customer)
    return _set(customer, own_changes) or is_changed, kept


def _meet(
    work: Work, customer: Customer, contacts: Sequence[Row], edits: Edits | None, kept: list[str] | None = None
) -> bool:
    """People of a row at a customer that is there; without `edits` only gaps are filled."""
    is_changed = False
    people = {contact.id: contact for contact in customer.contacts}
    for row in contacts:
        found = matching_contact([vars(contact) for contact in people.values()], row)
        if found is None:
            is_first = not any(contact.is_primary for contact in customer.contacts)
            contact = Contact(
                **{**row, "is_primary": is_first}, owner_id=customer.owner_id, created_at=work.now, is_archived=False
            )
            customer.contacts.append(contact)
            is_changed = True
            continue
        person = people[found["id"]]
        if edits is None:
            is_changed |= _set(person, gaps_of(found, row, CONTACT_FIELDS))
            continue
        stated = {name: row[name] for name in CONTACT_FIELDS if row[name]}
        changes, more = followed(found, stated, *edits.of(person))
        if "first_name" in changes or "last_name" in changes:
            name = f"{changes.get('first_name', person.first_name)} {changes.get('last_name', person.last_name)}"
            changes["name_folded"] = folded(name)[:300]
        is_changed |= _set(person, changes)
        if kept is not None:
            kept += [f"contact_{name}" for name in more]
    return is_changed


def _address_of(customer: Customer, kind: str) -> CustomerAddress | None:
    return next((address for address in customer.addresses if address.kind == kind), None)


def _other_address(address: Mapping[str, Any]) -> str:
    return "Billing address (other)" if address["kind"] == BILLING else "Delivery address (other)"


def _set(record: Any, changes: Mapping[str, Any]) -> bool:
    for name, value in changes.items():
        setattr(record, name, value)
    return bool(changes)
