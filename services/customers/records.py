"""What customers offers to the command line and the window."""

from __future__ import annotations

from types import MappingProxyType

from models.customers import Contact, Customer
from services.customers.commands import archive_customer, create_customer, edit_customer, unarchive_customer
from services.customers.contacts import archive_contact, create_contact, edit_contact, unarchive_contact
from services.customers.drafts import ContactDraft, customer_draft
from services.customers.queries import CONTACTS, CUSTOMERS, contact_detail, customer_detail
from services.drafts import parse
from services.records import RecordKind, Values
from services.store import Work
from services.versions import plain_verb, without_version


def _edit_customer(work: Work, customer_id: int, values: Values) -> None:
    changes, version = without_version(values)
    edit_customer(work, customer_id, changes, version=version)


def _edit_contact(work: Work, contact_id: int, values: Values) -> None:
    changes, version = without_version(values)
    edit_contact(work, contact_id, changes, version=version)


RECORDS: tuple[RecordKind, ...] = (
    RecordKind(
        "customer",
        CUSTOMERS,
        (lambda: Customer.code,),
        customer_detail,
        create=lambda work, values: create_customer(work, customer_draft(values)),
        edit=_edit_customer,
        verbs=MappingProxyType(
            {
                "archive": plain_verb(archive_customer, "archive"),
                "unarchive": plain_verb(unarchive_customer, "unarchive"),
            }
        ),
    ),
    RecordKind(
        "contact",
        CONTACTS,
        (lambda: Contact.email,),
        contact_detail,
        create=lambda work, values: create_contact(work, parse(ContactDraft, values, "A contact")),
        edit=_edit_contact,
        verbs=MappingProxyType(
            {"archive": plain_verb(archive_contact, "archive"), "unarchive": plain_verb(unarchive_contact, "unarchive")}
        ),
    ),
)
