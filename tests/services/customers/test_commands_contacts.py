"""Contacts of a customer, and what other systems call our records."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.customers import BlockKey, Contact, Customer
from models.history import Event, History
from models.organisation import UserRole
from services.customers.commands import create_customer
from services.customers.contacts import archive_contact, create_contact, edit_contact, unarchive_contact
from services.customers.drafts import ContactDraft, customer_draft
from services.customers.queries import CONTACTS, contact_detail, customer_detail
from services.customers.records import RECORDS
from services.customers.references import external_ref, remember
from services.drafts import parse
from services.errors import Conflict, Forbidden, NotFound, Rejected
from services.listing import Asked, conditions, rows
from services.store import Store
from tests.factories import user_in
from tests.services.attempts import attempts


@pytest.fixture
def acme(store: Store) -> int:
    with store.writing() as work:
        return create_customer(work, customer_draft({"name": "Acme Stores"}))


def add(store: Store, **values: Any) -> int:
    with store.writing() as work:
        return create_contact(work, parse(ContactDraft, {"customer": "C-0001"} | values, "A contact"))


def primaries(store: Store) -> list[str]:
    with store.reading() as work:
        return list(work.session.scalars(select(Contact.last_name).where(Contact.is_primary.is_(True))))


def test_made_and_listed(store: Store, acme: int) -> None:
    contact_id = add(store, first_name="Mona", last_name="Lee", email="mona@acme.example", roles="billing,technical")
    with store.reading() as work:
        found = contact_detail(work, contact_id)
        assert (found["kind"], found["name"], found["customer"]) == ("contact", "Mona Lee", "C-0001")
        assert (found["roles"], found["is_primary"], found["owner"]) == (["billing", "technical"], True, "owner")
        [row] = rows(work, CONTACTS, Asked(conditions("name ~ LEE and customer_name ~ acme")))
        assert row["id"] == contact_id
        assert [c["last_name"] for c in customer_detail(work, acme)["contacts"]] == ["Lee"]
        event = work.session.scalars(select(Event).where(Event.subject_kind == "contact")).one()
        assert (event.kind, event.details) == ("contact.created", {"customer": "C-0001"})
        assert "e:mona@acme.example" in set(work.session.scalars(select(BlockKey.key)))
        table = select(History.action).where(History.table_name == "contact", History.row_id == contact_id)
        assert list(work.session.scalars(table)) == ["insert"]


def test_one_name_has_no_stray_space(store: Store, acme: int) -> None:
    contact_id = add(store, last_name="Lee")
    with store.reading() as work:
        assert contact_detail(work, contact_id)["name"] == "Lee"


def test_exactly_one_is_primary(store: Store, acme: int) -> None:
    first, second = add(store, last_name="One"), add(store, last_name="Two", is_primary=True)
    assert primaries(store) == ["Two"]
    with store.writing() as work:
        edit_contact(work, first, {"is_primary": True})
    assert primaries(store) == ["One"]
    with store.writing() as work:
        with pytest.raises(
            Conflict, match=r"^A customer has one primary contact\. Make another contact primary instead\.$"
        ):
            edit_contact(work, first, {"is_primary": False})
        archive_contact(work, first)
    assert primaries(store) == ["Two"]
    with store.writing() as work:
        archive_contact(work, second)
        with pytest.raises(Conflict, match=r"^Two is archived already\.$"):
            archive_contact(work, second)
    assert primaries(store) == []
    with store.writing() as work:
        unarchive_contact(work, first)
        with pytest.raises(Conflict, match=r"^One is not archived\.$"):
            unarchive_contact(work, first)
    assert primaries(store) == ["One"]


def test_changed_with_its_search_keys(any_store: Store) -> None:
    with any_store.writing() as work:
        create_customer(work, customer_draft({"name": "Acme Stores"}))
    contact_id = add(any_store, first_name="Mona", email="mona@acme.example")
    sara = user_in(any_store, "Sara")
    with any_store.writing() as work:
        edit_contact(work, contact_id, {"email": "", "owner": "sara", "last_name": "Lee", "mobile": "0505550112"})
    with any_store.reading() as work:
        contact = work.session.get_one(Contact, contact_id)
        assert (contact.owner_id, contact.name_folded, contact.email) == (sara, "mona lee", None)
        keys = set(work.session.scalars(select(BlockKey.key)))
        assert "t:05550112" in keys
        assert "e:mona@acme.example" not in keys
    with any_store.writing() as work, pytest.raises(Conflict, match="Changed by Owner at 2026-03-14 13:00"):
        edit_contact(work, contact_id, {"notes": "x"}, version=1)


def test_refusals(store: Store, acme: int) -> None:
    contact_id = add(store, last_name="Lee")
    with store.writing() as work:
        create_customer(work, customer_draft({"name": "Palm Foods"}))
    for values, message in (
        ({"customer": ""}, r"^A contact belongs to a customer: give its code\."),
        ({"last_name": ""}, r"^A contact needs a first or a last name\.$"),
        ({"last_name": "x", "email": "x@y"}, r"^'x@y' is not an e-mail address\. Write it as name@firm\.com\.$"),
    ):
        with pytest.raises(Rejected, match=message):
            add(store, **values)
    with pytest.raises(NotFound, match="There is no customer 'C-0009'"):
        add(store, last_name="x", customer="C-0009")
    with pytest.raises(NotFound, match="There is no user 'nobody' in this book"):
        add(store, last_name="x", owner="nobody")
    with store.writing() as work, pytest.raises(Conflict, match="A contact stays with its customer"):
        edit_contact(work, contact_id, {"customer": "Palm Foods"})


def test_rights(store: Store, acme: int) -> None:
    contact_id = add(store, last_name="Lee")
    nobody = store.acting_as(user_in(store, "Noor"))
    with store.writing() as work:
        held = work.session.scalars(select(UserRole).order_by(UserRole.id.desc()).limit(1)).one()
        work.session.delete(held)
    with pytest.raises(Forbidden, match="Noor may not create customers"):
        add(nobody, last_name="x")
    with nobody.writing() as work:
        for attempt in attempts(
            lambda: edit_contact(work, contact_id, {"notes": "x"}),
            lambda: archive_contact(work, contact_id),
            lambda: unarchive_contact(work, contact_id),
            lambda: remember(work, "zoho_books", "contacts", "1", Contact()),
        ):
            with pytest.raises(Forbidden, match="Noor may not change customers"):
                attempt()
        with pytest.raises(Forbidden, match="Noor may not see customers"):
            external_ref(work, "zoho_books", "contacts", "1")


def test_the_record_kind_of_the_command_line(store: Store, acme: int) -> None:
    kind = next(kind for kind in RECORDS if kind.kind == "contact")
    assert kind.create is not None
    assert kind.edit is not None
    with store.writing() as work:
        contact_id = kind.create(work, {"customer": "C-0001", "last_name": "Lee", "email": "lee@acme.example"})
        assert kind.find(work, "LEE@acme.example") == contact_id
        kind.edit(work, contact_id, {"designation": "CFO"})
        assert kind.show(work, contact_id)["designation"] == "CFO"
        kind.verbs["archive"](work, contact_id, {})
        kind.verbs["unarchive"](work, contact_id, {})


def test_what_other_systems_call_it(store: Store, acme: int) -> None:
    with store.writing() as work:
        customer = work.session.get_one(Customer, acme)
        assert external_ref(work, "zoho_books", "customers", "42") is None
        remember(work, "zoho_books", "customers", "42", customer, content_hash=b"1")
        remember(work, "zoho_books", "customers", "42", customer, content_hash=b"2")
    with store.reading() as work:
        found = external_ref(work, "zoho_books", "customers", "42")
        assert found is not None
        assert (found.record_kind, found.record_id, found.content_hash) == ("customer", acme, b"2")
        assert customer_detail(work, acme)["external_refs"] == [
            {"system": "zoho_books", "entity": "customers", "external_id": "42"}
        ]
