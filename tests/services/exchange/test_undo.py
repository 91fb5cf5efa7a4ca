"""Taking an import back: the state before, and what people touched since stays and is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from models.catalogue import Item
from models.customers import BlockKey, Contact, Customer, CustomerAddress, ExternalRef
from models.exchange import ImportBatch, SearchEntry
from models.organisation import CodeCounter
from services import chain
from services.customers.commands import create_customer, edit_customer
from services.customers.drafts import CustomerDraft
from services.errors import Conflict, NotFound
from services.exchange.undo import undo
from services.search.queries import find
from services.store import Store
from tests.services.exchange.files import BOOKS_ITEMS, from_dicts, write_csv
from tests.services.exchange.importing import business, counted, firms, run, take_back
from tests.services.exchange.test_apply import HUDA, contacts_file


def customer_named(store: Store, name: str) -> Customer:
    with store.reading() as work:
        return work.session.scalars(select(Customer).where(Customer.display_name == name)).one()


def without_versions(state: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """A restored record has a higher version than before: whoever had it open is told."""
    left = dict(state)
    for table in (Customer, Contact):
        position = list(table.__table__.columns.keys()).index("version")
        name = table.__tablename__
        left[name] = [(*row[:position], *row[position + 1 :]) for row in state[name]]
    return left


@pytest.mark.both
def test_undo_brings_back_the_state_before(any_store: Store, tmp_path: Path) -> None:
    store = any_store
    with store.writing() as work:
        create_customer(work, CustomerDraft(display_name="Made by hand LLC", phone="+971 4 100 0001"))
    before = business(store)
    items = write_csv(tmp_path / "Item.csv", from_dicts(BOOKS_ITEMS, [HUDA]))
    outcome = run(store, contacts_file(tmp_path), items, firms(tmp_path / "c.csv", "1,Alpha Ltd,,,Dubai,"))
    assert counted(outcome, "customers") == {"created": 2}
    done = take_back(store, outcome)
    assert done.json() == {
        "batch": "IMP-0001",
        "removed": {"customers": 2, "contacts": 1, "items": 1},
        "restored": {},
        "kept": [],
    }
    after = business(store)
    assert after == before
    with store.reading() as work:
        left = dict(work.session.execute(select(CodeCounter.prefix, CodeCounter.next_no)).all())
        assert left == {"C": 2, "IMP": 2}
        assert [hit.kind for hit in find(work, "qamar")] == []
    with store.engine.connect() as connection:
        assert chain.broken_links(connection) == []
    again = run(store, contacts_file(tmp_path))
    assert (again.batch, counted(again, "customers")) == ("IMP-0002", {"created": 1})
    assert customer_named(store, "QAMAR COAST TRADING L.L.C").code == "C-0002"


def test_undo_restores_what_a_later_import_changed(store: Store, tmp_path: Path) -> None:
    run(store, contacts_file(tmp_path))
    before = business(store)
    second = run(
        store,
        contacts_file(
            tmp_path,
            **{"Phone": "+971 4 555 9999", "Billing City": "Sharjah", "Credit Limit": "500.00", "First Name": "Omar"},
        ),
    )
    assert counted(second, "customers") == {"updated": 1}
    assert take_back(store, second).restored == {"customers": 1, "contacts": 1}
    assert without_versions(business(store)) == without_versions(before)
    assert counted(run(store, contacts_file(tmp_path)), "customers") == {"unchanged": 1}


def test_records_edited_since_are_kept_and_named(store: Store, tmp_path: Path) -> None:
    path = firms(tmp_path / "c.csv", "1,Alpha Ltd,,,Dubai,", "2,Beta Ltd,,,Dubai,", "3,Gamma Ltd,,,Dubai,")
    outcome = run(store, path)
    beta = customer_named(store, "Beta Ltd")
    gamma = customer_named(store, "Gamma Ltd")
    with store.writing() as work:
        edit_customer(work, beta.id, {"notes": "A good one"})
        edit_customer(work, gamma.id, {"billing_address": {"street": "5 Palm Road"}})
    done = take_back(store, outcome)
    assert done.removed == {"customers": 1}
    assert [(one.kind, one.number) for one in done.kept] == [("customer", "C-0002"), ("customer", "C-0003")]
    assert done.kept[0].why == "It was changed since."
    with store.reading() as work:
        assert work.session.scalars(select(Customer.display_name).order_by(Customer.id)).all() == [
            "Beta Ltd",
            "Gamma Ltd",
        ]
        assert work.session.scalar(select(func.count()).select_from(ExternalRef)) == 2
        assert work.session.scalar(select(func.count()).select_from(CustomerAddress)) == 2
        assert set(work.session.scalars(select(BlockKey.customer_id))) == {beta.id, gamma.id}
        assert set(work.session.scalars(select(SearchEntry.record_id))) == {beta.id, gamma.id}
        batch = work.session.scalars(select(ImportBatch)).one()
        assert (batch.state, len(batch.kept)) == ("undone", 2)
    again = run(store, path)
    assert counted(again, "customers") == {"created": 1, "unchanged": 2}
    assert customer_named(store, "Alpha Ltd").code == "C-0004", "a code that was given once is not given again"


def test_records_that_others_refer_to_are_kept(store: Store, tmp_path: Path) -> None:
    outcome = run(store, firms(tmp_path / "c.csv", "1,Alpha Ltd,,,,", "2,Beta Ltd,+971 4 777 0001,,Dubai,"))
    alpha = customer_named(store, "Alpha Ltd")
    with store.writing() as work:
        person = Contact(
            customer_id=alpha.id,
            salutation="",
            first_name="Lina",
            last_name="Aziz",
            name_folded="lina aziz",
            designation="",
            roles=[],
            is_primary=True,
            is_archived=False,
            notes="",
            owner_id=work.actor_id,
            created_at=work.now,
        )
        work.session.add(person)
    later = firms(tmp_path / "d.csv", "A-9,Beta L.T.D.,+971 4 777 0001", header="Account Number,Account Name,Phone")
    assert counted(run(store, later), "customers") == {"unchanged": 1}
    done = take_back(store, outcome)
    assert {(one.number, one.why) for one in done.kept} == {
        ("C-0001", "A contact refers to it."),
        ("C-0002", "A later import found it again."),
    }
    assert done.removed == {}


def test_a_changed_row_that_was_edited_since_keeps_its_values(store: Store, tmp_path: Path) -> None:
    run(store, contacts_file(tmp_path))
    second = run(store, contacts_file(tmp_path, Notes="From the file"))
    customer = customer_named(store, "QAMAR COAST TRADING L.L.C")
    with store.writing() as work:
        edit_customer(work, customer.id, {"website": "https://qamar.example"})
    done = take_back(store, second)
    assert [one.why for one in done.kept] == ["It was changed since, so its values stay."]
    assert customer_named(store, "QAMAR COAST TRADING L.L.C").notes == "From the file"


def test_undo_twice_or_of_nothing_is_refused(store: Store, tmp_path: Path) -> None:
    outcome = run(store, contacts_file(tmp_path))
    take_back(store, outcome)
    with pytest.raises(Conflict, match="undone already"):
        take_back(store, outcome)
    with store.writing() as work, pytest.raises(NotFound, match="IMP-0009"):
        undo(work, "IMP-0009")


def test_items_are_restored_and_removed(store: Store, tmp_path: Path) -> None:
    first = run(store, write_csv(tmp_path / "Item.csv", from_dicts(BOOKS_ITEMS, [HUDA])))
    second = run(store, write_csv(tmp_path / "Item.csv", from_dicts(BOOKS_ITEMS, [HUDA | {"Rate": "AED 1700"}])))
    assert counted(second, "items") == {"updated": 1}
    assert take_back(store, second).restored == {"items": 1}
    with store.reading() as work:
        assert str(work.session.scalars(select(Item.unit_price)).one()) == "1500"
    assert take_back(store, first).removed == {"items": 1}, "the import in between was taken back and does not count"


def test_a_whole_chunk_goes_and_the_chain_holds(store: Store, tmp_path: Path) -> None:
    before = business(store)
    path = firms(tmp_path / "c.csv", *(f"{n},Trader {n * 7919} of {n},+971 4 {n:07d},,Dubai," for n in range(2_500)))
    outcome = run(store, path)
    assert take_back(store, outcome).removed == {"customers": 2_500}
    assert business(store) == before
    with store.engine.connect() as connection:
        assert chain.broken_links(connection) == []
