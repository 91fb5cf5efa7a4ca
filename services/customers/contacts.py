"""People at a customer: made, changed, archived; exactly one of them is the primary contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from models.customers import Contact, Customer
from models.organisation import User
from services.customers.commands import customer_named
from services.customers.drafts import ContactDraft
from services.customers.duplicates_search import keep_keys
from services.customers.filling import contact_row
from services.drafts import Problem, parse, raise_problems
from services.errors import Conflict, NotFound
from services.permissions import Action, Module, require
from services.store import Work
from services.versions import to_change


def create_contact(work: Work, draft: ContactDraft) -> int:
    """Add a person to a customer. The first one is its primary contact, whatever the draft says."""
    require(work, Module.CUSTOMERS, Action.CREATE)
    missing = [] if draft.customer else [Problem("customer", "A contact belongs to a customer: give its code.")]
    raise_problems([*missing, *draft.problems()])
    customer = customer_named(work, draft.customer)
    owner_id = _owner_id(work, draft.owner) or customer.owner_id
    contact = Contact(**contact_row(draft), owner_id=owner_id, created_at=work.now, is_archived=False)
    _settle_primary(customer, contact, wants=draft.is_primary)
    customer.contacts.append(contact)
    keep_keys(work, customer)
    work.record("contact.created", contact, customer=customer.code)
    return contact.id


def edit_contact(work: Work, contact_id: int, changes: Mapping[str, Any], *, version: int | None = None) -> None:
    """Change the fields that `changes` names. A contact stays with its customer."""
    contact = to_change(work, Contact, contact_id, Module.CUSTOMERS, version=version)
    customer = work.session.get_one(Customer, contact.customer_id)
    draft = parse(ContactDraft, _values(work, contact) | dict(changes), "A contact")
    raise_problems(draft.problems())
    if draft.customer and customer_named(work, draft.customer).id != customer.id:
        raise Conflict("A contact stays with its customer. Archive it here and create it at the other one.")
    if contact.is_primary and not draft.is_primary:
        raise Conflict("A customer has one primary contact. Make another contact primary instead.")
    if draft.is_primary:
        _settle_primary(customer, contact, wants=True)
    row = contact_row(draft) | {"owner_id": _owner_id(work, draft.owner) or contact.owner_id}
    for name, value in row.items():
        if getattr(contact, name) != value:
            setattr(contact, name, value)
    keep_keys(work, customer)
    work.record("contact.changed", contact, fields=sorted(changes))


def archive_contact(work: Work, contact_id: int, *, version: int | None = None) -> None:
    """The person is no longer there; the next one becomes the primary contact."""
    contact = to_change(work, Contact, contact_id, Module.CUSTOMERS, version=version)
    if contact.is_archived:
        raise Conflict(f"{contact.first_name} {contact.last_name}".strip() + " is archived already.")
    customer = work.session.get_one(Customer, contact.customer_id)
    was_primary = contact.is_primary
    contact.is_archived, contact.is_primary = True, False
    if was_primary:
        heir = next((other for other in customer.contacts if not other.is_archived), None)
        if heir is not None:
            heir.is_primary = True
    keep_keys(work, customer)
    work.record("contact.archived", contact)


def unarchive_contact(work: Work, contact_id: int, *, version: int | None = None) -> None:
    contact = to_change(work, Contact, contact_id, Module.CUSTOMERS, version=version)
    if not contact.is_archived:
        raise Conflict(f"{contact.first_name} {contact.last_name}".strip() + " is not archived.")
    customer = work.session.get_one(Customer, contact.customer_id)
    contact.is_archived = False
    _settle_primary(customer, contact, wants=False)
    keep_keys(work, customer)
    work.record("contact.unarchived", contact)


def _settle_primary(customer: Customer, contact: Contact, *, wants: bool) -> None:
    """`contact` is the primary if it wants to be or nobody else is; then nobody else is."""
    others = [other for other in customer.contacts if other is not contact and not other.is_archived]
    contact.is_primary = wants or not any(other.is_primary for other in others)
    if contact.is_primary:
        for other in others:
            if other.is_primary:
                other.is_primary = False


def _values(work: Work, contact: Contact) -> dict[str, Any]:
    names = "salutation first_name last_name email phone mobile designation notes".split()
    values: dict[str, Any] = {name: getattr(contact, name) or "" for name in names}
    owner = work.session.get_one(User, contact.owner_id).code
    return values | {"roles": list(contact.roles), "is_primary": contact.is_primary, "owner": owner}


def _owner_id(work: Work, code: str) -> int | None:
    if not code:
        return None
    found = work.session.scalar(select(User.id).where(User.code == code))
    if found is None:
        raise NotFound(f"There is no user {code!r} in this book.")
    return found
