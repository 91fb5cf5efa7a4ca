"""A customer that looks like one that the book has is named, with its score, before it is made (product.md 33-34)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.customers import BlockKey, Customer
from models.history import Event
from models.organisation import RoleRight
from services import settings
from services.customers.commands import archive_customer, create_customer, edit_customer, find_or_create_customer
from services.customers.drafts import customer_draft
from services.customers.duplicates import BLOCK_LIMIT, Party
from services.customers.duplicates_search import block_rows, matches, parties_of, possible_duplicates
from services.errors import Forbidden, Rejected
from services.permissions import Scope
from services.store import Store
from tests.factories import user_in

ADDRESS = {"street": "7 Harbour Road", "city": "Dubai", "state": "DXB"}


def make(store: Store, name: str, **values: Any) -> int:
    with store.writing() as work:
        return create_customer(work, customer_draft({"name": name} | values))


def test_the_same_firm_spelt_otherwise_is_refused_and_named(any_store: Store) -> None:
    make(any_store, "Al Noor Trading L.L.C.", billing_address=ADDRESS)
    with pytest.raises(Rejected) as caught:
        make(any_store, "ALNOOR TRADING LLC", billing_address=ADDRESS)
    assert str(caught.value) == (
        "This looks like C-0001 Al Noor Trading L.L.C. (100% alike: name, street, legal form). "
        "Use that one, or say why this is another: different_because=..."
    )
    assert caught.value.problems == ("display_name: looks like C-0001",)


def test_a_reason_makes_it_another_and_is_remembered(any_store: Store) -> None:
    make(any_store, "Al Noor Trading LLC", billing_address=ADDRESS)
    second = make(any_store, "Al Noor Trading LLC", billing_address=ADDRESS, different_because="the Deira branch")
    with any_store.reading() as work:
        event = work.session.scalars(
            select(Event).where(Event.subject_kind == "customer", Event.subject_id == second)
        ).one()
        assert event.details == {"different_because": "the Deira branch", "resembles": "C-0001"}


@pytest.mark.parametrize(
    "values",
    [
        {"tax_id": "100234567890003"},
        {"website": "https://www.noor.example/contact"},
        {"phone": "04-555 0112", "name": "Noor Steel"},
    ],
)
def test_a_tax_number_a_domain_or_name_and_phone_prove_it(store: Store, values: dict[str, str]) -> None:
    make(store, "Noor Steel", tax_id="100234567890003", email="info@noor.example", phone="+971 4 555 0112")
    with pytest.raises(Rejected, match="This looks like C-0001 Noor Steel"):
        make(store, **{"name": "Entirely Other Words"} | values)


@pytest.mark.parametrize("name", ["Al Noor Trading FZE", "Emirates Palm Foods LLC"])
def test_another_firm_is_no_twin(store: Store, name: str) -> None:
    make(store, "Al Noor Trading LLC", billing_address=ADDRESS)
    make(store, name, billing_address=ADDRESS)
    with store.reading() as work:
        assert len(work.session.scalars(select(Customer.id)).all()) == 2


def test_contacts_of_a_customer_count_too(store: Store) -> None:
    make(store, "Sara Khan", kind="person", contacts=[{"last_name": "Khan", "email": "sara@khan.example"}])
    with pytest.raises(Rejected, match="This looks like C-0001 Sara Khan"):
        make(store, "Sara J. Khan", kind="person", email="sara@khan.example")


def test_the_display_name_is_searched_beside_the_legal_name(store: Store) -> None:
    make(store, "Blue Whale", legal_name="Ocean Holdings International LLC", billing_address=ADDRESS)
    with store.reading() as work:
        for name in ("Blue Whale", "Ocean Holdings Intl L.L.C."):
            [match] = possible_duplicates(work, [Party(name=name, city="Dubai")])
            assert (match.code, match.name) == ("C-0001", "Blue Whale")
            assert match.score > 0.85


def test_score_and_evidence_while_it_is_typed(store: Store) -> None:
    first = make(store, "Al Noor Trading LLC", billing_address=ADDRESS)
    make(store, "Palm Foods LLC")
    with store.reading() as work:
        [match] = possible_duplicates(work, [Party(name="Al Nour Trading LLC", city="Dubai")])
        assert (match.customer_id, match.is_certain) == (first, False)
        assert 0.54 <= match.score < 1
        assert [evidence.field for evidence in match.evidence] == ["name", "legal_form", "city"]
        assert possible_duplicates(work, [Party(name="Nothing Like It")]) == []
        assert possible_duplicates(work, [Party()]) == []


def test_the_score_from_which_a_reason_is_asked_is_a_setting(store: Store) -> None:
    make(store, "Al Noor Trading LLC", billing_address=ADDRESS)
    make(store, "Al Noor Tradng Co LLC", billing_address={"city": "Ajman"})
    with store.writing() as work:
        settings.change(work, "customers.duplicate_score", "0.6")
    with pytest.raises(Rejected, match="This looks like"):
        make(store, "Al Noor Tradin Co LLC", billing_address={"city": "Fujairah"})


def test_an_edit_into_a_twin_is_refused_too(store: Store) -> None:
    make(store, "Al Noor Trading LLC", tax_id="100234567890003")
    other = make(store, "Palm Foods LLC")
    with store.writing() as work, pytest.raises(Rejected, match="This looks like C-0001 Al Noor Trading LLC"):
        edit_customer(work, other, {"tax_id": "100234567890003", "legal_name": "Al Noor Trading LLC"})
    with store.writing() as work:
        edit_customer(work, other, {"tax_id": "100234567890003", "different_because": "one VAT group"})
    with store.writing() as work:
        edit_customer(work, other, {"name": "Palm Foods LLC", "notes": "saved again, asked no more"})


def test_an_archived_twin_is_found(store: Store) -> None:
    first = make(store, "Al Noor Trading LLC", tax_id="100234567890003")
    with store.writing() as work:
        archive_customer(work, first)
    with pytest.raises(Rejected, match="This looks like C-0001"):
        make(store, "Al Noor Trading LLC", tax_id="100234567890003")


def test_a_twin_that_one_may_not_see_is_refused_without_its_name(store: Store) -> None:
    make(store, "Al Noor Trading LLC", tax_id="100234567890003")
    sara = user_in(store, "Sara")
    with store.writing() as work:
        for right in work.session.scalars(select(RoleRight)):
            right.scope = Scope.OWN
    with pytest.raises(Rejected) as caught:
        make(store.acting_as(sara), "Al Noor Trading LLC", tax_id="100234567890003")
    assert str(caught.value) == (
        "This looks like a customer that you may not see (100% alike). "
        "Use that one, or say why this is another: different_because=..."
    )
    assert caught.value.problems == ("display_name: looks like a customer of somebody else",)
    with store.acting_as(sara).reading() as work:
        party = [Party(name="Al Noor Trading LLC", tax_ids=("100234567890003",))]
        assert possible_duplicates(work, party) == []
        assert len(matches(work, party, threshold=0.5)) == 1


def test_an_object_of_a_document_that_resembles_a_customer_is_made_and_says_so(store: Store) -> None:
    first = make(store, "Al Noor Trading L.L.C.", billing_address=ADDRESS)
    who = {"name": "Al-Noor Trading LLC", "billing_address": ADDRESS}
    with store.writing() as work:
        second = find_or_create_customer(work, who)
    assert second != first
    with store.reading() as work:
        event = work.session.scalars(select(Event).where(Event.subject_id == second)).all()[-1]
        assert event.details["different_because"].startswith("named on a document")


def test_a_key_that_too_many_share_is_passed_over(store: Store) -> None:
    with store.writing() as work:
        for number in range(BLOCK_LIMIT + 1):
            draft = customer_draft({"name": f"{chr(97 + number % 26) * 5}{number} Firm", "different_because": "many"})
            create_customer(work, draft)
        ids = work.session.scalars(select(Customer.id)).all()
        work.insert_parts(BlockKey, [{"customer_id": row_id, "key": "x:SHARED"} for row_id in ids])
    with store.reading() as work:
        assert matches(work, [Party(name="Zzz Qqq", tax_ids=("SHARED",))], threshold=0.0) == []


def test_keys_in_bulk_are_the_keys_of_the_command(store: Store) -> None:
    customer_id = make(store, "Al Noor Trading LLC", email="info@noor.example", billing_address=ADDRESS)
    with store.reading() as work:
        customer = work.session.get_one(Customer, customer_id)
        addresses = [vars(address) for address in customer.addresses]
        bulk = {row["key"] for row in block_rows(customer_id, vars(customer), addresses)}
        assert bulk == set(work.session.scalars(select(BlockKey.key)))
        assert [party.name for party in parties_of(customer)] == ["Al Noor Trading LLC"]


def test_who_may_not_see_customers_searches_none(store: Store) -> None:
    sara = user_in(store, "Sara")
    with store.writing() as work:
        for right in work.session.scalars(select(RoleRight)):
            work.session.delete(right)
    with store.acting_as(sara).reading() as work, pytest.raises(Forbidden, match="Sara may not see customers"):
        possible_duplicates(work, [Party(name="Acme")])
