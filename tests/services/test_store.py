"""The unit of work: kept as a whole or gone, told after commit, with a history that misses nothing."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import load_only

from models.all import Base
from models.billing import Document
from models.catalogue import Item
from models.customers import Customer, CustomerAddress
from models.exchange import SearchEntry
from models.history import CommandRun, Event, History, HistoryValue, Outbox
from models.organisation import Company, User
from models.values.states import CustomerStatus
from models.values.topics import Topic
from services.chain import broken_links
from services.errors import Conflict
from services.store import Changes, Store, Work
from tests.conftest import Clock
from tests.factories import add_customer, add_item, customer_in, customer_row

on_postgresql = pytest.mark.parametrize(
    "any_store", [pytest.param("postgresql", marks=pytest.mark.both)], indirect=True
)
Row = tuple[str, int, str, dict[str, Any]]


def contents(store: Store) -> dict[str, list[Any]]:
    """Every row of every table."""
    with store.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in Base.metadata.sorted_tables
        }


def history_after(store: Store, last_id: int) -> list[Row]:
    """(table, row, action, changes) of the history rows after `last_id`, in their order."""
    query = (
        select(History.table_name, History.row_id, History.action, HistoryValue.changes)
        .join(HistoryValue, HistoryValue.history_id == History.id)
        .where(History.id > last_id)
        .order_by(History.id)
    )
    with store.engine.connect() as connection:
        return [(r.table_name, r.row_id, r.action, json.loads(r.changes)) for r in connection.execute(query)]


def last_history(store: Store) -> int:
    with store.engine.connect() as connection:
        return connection.scalar(select(func.max(History.id))) or 0


def chain_is_whole(store: Store) -> bool:
    with store.engine.connect() as connection:
        return broken_links(connection) == []


# --- kept or gone, and who is told -----------------------------------------------------------------------------------


def test_topics_are_told_after_the_commit(store: Store) -> None:
    told: list[tuple[Changes, int]] = []

    def listener(changes: Changes) -> None:
        with store.reading() as work:
            told.append((changes, work.session.scalar(select(func.count()).select_from(Customer)) or 0))

    store.on_change(listener)
    customer_in(store)
    assert told == [(frozenset({Topic.CUSTOMERS}), 1)]


def test_an_event_and_another_actors_store_tell_the_same_listeners(store: Store) -> None:
    told: list[Changes] = []
    store.on_change(told.append)
    with store.acting_as(1).writing() as work:
        work.record("customer.created", add_customer(work))
    assert told == [frozenset({Topic.CUSTOMERS, Topic.ACTIVITY})]


def test_reading_and_an_empty_unit_of_work_tell_nothing(store: Store) -> None:
    told: list[Changes] = []
    store.on_change(told.append)
    with store.reading() as work:
        work.session.scalars(select(Company)).all()
    with store.writing():
        pass
    assert told == []


def test_a_failing_command_changes_and_tells_nothing(any_store: Store) -> None:
    told: list[Changes] = []
    any_store.on_change(told.append)
    before = contents(any_store)
    with pytest.raises(RuntimeError, match="half way"), any_store.writing() as work:
        work.record("customer.created", add_customer(work))
        work.after_commit("mail", to="nobody")
        raise RuntimeError("half way")
    assert contents(any_store) == before
    assert told == []


def test_a_raising_listener_does_not_make_a_committed_work_look_failed(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Changes] = []

    def breaks(_changes: Changes) -> None:
        raise RuntimeError("the screen is gone")

    store.on_change(breaks)
    store.on_change(told.append)
    customer_id = customer_in(store)
    with store.reading() as work:
        assert work.session.get(Customer, customer_id) is not None
    assert len(told) == 1
    assert [(r.levelno, r.message) for r in caplog.records] == [
        (logging.ERROR, "a listener failed after a commit; the commit stands")
    ]


def test_a_rehearsal_leaves_every_table_equal(any_store: Store) -> None:
    customer_in(any_store, "Before")
    told: list[Changes] = []
    any_store.on_change(told.append)
    before = contents(any_store)
    with any_store.rehearsing(batch="B-1") as work:
        customer = add_customer(work, "Rehearsed")
        work.record("customer.created", customer)
        work.after_commit("mail", to="nobody")
        rows = work.next_ids(Customer, 2)
        work.insert_many(Customer, [customer_row(work, f"Bulk {i}", id=i, code=f"B-{i}", version=1) for i in rows])
        work.session.get_one(Customer, customer.id).notes = "changed"
        assert work.session.scalar(select(func.count()).select_from(Customer)) == 4
    assert contents(any_store) == before
    assert told == []


def test_today_is_the_company_s_day(store: Store, clock: Clock) -> None:
    clock.to("2026-03-31T21:00:00+00:00")
    with store.reading() as work:
        assert work.today.isoformat() == "2026-04-01"


# --- perform ---------------------------------------------------------------------------------------------------------


def test_a_command_with_an_id_is_carried_out_once(any_store: Store) -> None:
    calls = []

    def command(work: Work) -> int:
        calls.append(1)
        return add_customer(work).id

    first = any_store.perform("create_customer", command, command_id="abc")
    assert any_store.perform("create_customer", command, command_id="abc") == first
    assert len(calls) == 1
    with any_store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(Customer)) == 1


def test_a_commit_of_unknown_outcome_is_found_again(any_store: Store) -> None:
    """The answer of the commit is lost; the client asks again with the same id and gets the kept result."""

    def command(work: Work) -> int:
        return add_customer(work).id

    class Lost(Exception):
        pass

    def lose(_changes: Changes) -> None:
        raise KeyboardInterrupt

    any_store.on_change(lose)
    with pytest.raises(KeyboardInterrupt):
        any_store.perform("create_customer", command, command_id="lost")
    any_store._listeners.clear()
    again = any_store.perform("create_customer", command, command_id="lost")
    with any_store.reading() as work:
        assert work.session.scalars(select(Customer.id)).all() == [again]
        assert work.session.scalars(select(CommandRun.name)).all() == ["create_customer"]


def test_a_busy_database_is_tried_again_and_another_error_is_not(store: Store) -> None:
    attempts = []

    def busy_twice(work: Work) -> int:
        attempts.append(1)
        customer_id = add_customer(work).id
        if len(attempts) < 3:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return customer_id

    result = store.perform("create_customer", busy_twice)
    with store.reading() as work:
        assert work.session.scalars(select(Customer.id)).all() == [result]
    assert len(attempts) == 3

    def broken(work: Work) -> int:
        attempts.append(1)
        raise OperationalError("UPDATE", {}, Exception("no such table: nonsense"))

    with pytest.raises(OperationalError):
        store.perform("broken", broken)
    assert len(attempts) == 4


def test_two_threads_with_the_same_command_id_do_it_once(any_store: Store) -> None:
    barrier = threading.Barrier(4)

    def once(number: int) -> int:
        barrier.wait()
        return any_store.perform("create", lambda work: add_customer(work, f"Firm {number}").id, command_id="same")

    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(once, range(4)))
    with any_store.reading() as work:
        assert set(work.session.scalars(select(Customer.id))) == results
    assert len(results) == 1


# --- conflicts -------------------------------------------------------------------------------------------------------


def test_a_stale_version_is_a_conflict(any_store: Store) -> None:
    customer_id = customer_in(any_store)
    with any_store.reading() as reading:
        stale = reading.session.get_one(Customer, customer_id)
    with any_store.writing() as work:
        work.session.get_one(Customer, customer_id).notes = "first"
    with pytest.raises(Conflict, match="Somebody else changed"), any_store.writing() as work:
        mine = work.session.merge(stale, load=False)
        mine.notes = "second"
    with any_store.reading() as work:
        assert work.session.get_one(Customer, customer_id).notes == "first"


@on_postgresql
def test_two_sessions_on_postgresql_cannot_both_win(any_store: Store) -> None:
    customer_id = customer_in(any_store)
    with pytest.raises(Conflict, match="Somebody else changed"), any_store.writing() as one:
        first = one.session.get_one(Customer, customer_id)
        with any_store.writing() as two:
            two.session.get_one(Customer, customer_id).notes = "two"
        first.notes = "one"
    with any_store.reading() as work:
        assert work.session.get_one(Customer, customer_id).notes == "two"


def test_fifty_threads_edit_one_customer_and_no_edit_is_lost(any_store: Store) -> None:
    customer_id = customer_in(any_store)
    edits = 4

    def edit(number: int) -> int:
        conflicts = 0
        for turn in range(edits):
            while True:
                try:
                    with any_store.writing() as work:
                        customer = work.session.get_one(Customer, customer_id)
                        customer.extra = customer.extra | {f"{number}-{turn}": "x"}
                    break
                except Conflict:
                    conflicts += 1
        return conflicts

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(edit, range(50)))
    with any_store.reading() as work:
        customer = work.session.get_one(Customer, customer_id)
        assert len(customer.extra) == 50 * edits
        assert customer.version == 1 + 50 * edits
    assert chain_is_whole(any_store)


# --- history ---------------------------------------------------------------------------------------------------------


def test_history_of_a_new_a_changed_and_a_deleted_row(any_store: Store) -> None:
    start = last_history(any_store)
    with any_store.writing() as work:
        item = add_item(work, "I-1", "Design", unit_price=Decimal("33.3350"), hsn=None)
        item_id = item.id
    with any_store.writing() as work:
        item = work.session.get_one(Item, item_id)
        item.name, item.hsn, item.unit_price, item.is_archived = "Drawing", "998391", Decimal(40), True
    with any_store.writing() as work:
        work.session.delete(work.session.get_one(Item, item_id))
    created, changed, deleted = history_after(any_store, start)
    assert created[:3] == ("item", item_id, "insert")
    assert created[3]["unit_price"] == [None, "33.335"]
    assert created[3]["kind"] == [None, "service"]
    assert created[3]["is_archived"] == [None, False]
    assert created[3]["created_at"] == [None, "2026-03-14T09:00:00+00:00"]
    assert "hsn" not in created[3]
    assert "version" not in created[3]
    assert changed == (
        "item",
        item_id,
        "update",
        {
            "name": ["Design", "Drawing"],
            "hsn": [None, "998391"],
            "unit_price": ["33.335", "40"],
            "is_archived": [False, True],
        },
    )
    assert deleted[:3] == ("item", item_id, "delete")
    assert deleted[3]["name"] == ["Drawing", None]
    assert deleted[3]["unit_price"] == ["40", None]
    assert chain_is_whole(any_store)


def test_every_column_of_a_row_can_be_replayed_from_its_history(any_store: Store) -> None:
    """Invariant I30: what the history says last is what the row holds."""
    start = last_history(any_store)
    customer_id = customer_in(any_store, "Acme", tags=["a", "b"], credit_limit_minor=10**15, tax_id="100000000000003")
    with any_store.writing() as work:
        customer = work.session.get_one(Customer, customer_id)
        customer.tags, customer.status, customer.credit_limit_minor = ["b"], CustomerStatus.INACTIVE, None
    replayed: dict[str, Any] = {}
    for table, row_id, _, changes in history_after(any_store, start):
        assert (table, row_id) == ("customer", customer_id)
        replayed |= {name: new for name, (_, new) in changes.items()}
    with any_store.reading() as work:
        row = work.session.get_one(Customer, customer_id)
        for name in ("display_name", "legal_name", "tags", "extra", "credit_limit_minor", "tax_id", "owner_id"):
            assert replayed[name] == getattr(row, name)
        assert replayed["status"] == row.status.value


def test_expired_and_unloaded_attributes_keep_their_old_value(any_store: Store) -> None:
    customer_id = customer_in(any_store, "Acme", notes="old notes", email="old@example.com")
    start = last_history(any_store)
    with any_store.writing() as work:
        customer = work.session.get_one(Customer, customer_id)
        work.session.expire(customer)
        customer.notes = "new notes"
    with any_store.writing() as work:
        query = select(Customer).options(load_only(Customer.code)).where(Customer.id == customer_id)
        work.session.scalars(query).one().email = "new@example.com"
    assert [changes for *_, changes in history_after(any_store, start)] == [
        {"notes": ["old notes", "new notes"]},
        {"email": ["old@example.com", "new@example.com"]},
    ]


def test_a_deleted_row_that_was_never_loaded_whole_keeps_all_its_values(any_store: Store) -> None:
    with any_store.writing() as work:
        item_id = add_item(work, "I-1", "Design").id
    start = last_history(any_store)
    with any_store.writing() as work:
        query = select(Item).options(load_only(Item.code)).where(Item.id == item_id)
        work.session.delete(work.session.scalars(query).one())
    ((_, _, action, changes),) = history_after(any_store, start)
    assert action == "delete"
    assert changes["name"] == ["Design", None]
    assert changes["unit_price"] == ["100", None]


def test_two_flushes_are_one_row_of_history(any_store: Store) -> None:
    customer_id = customer_in(any_store, "Acme", notes="one", email=None)
    start = last_history(any_store)
    with any_store.writing() as work:
        customer = work.session.get_one(Customer, customer_id)
        customer.notes = "two"
        work.session.flush()
        customer.notes, customer.email = "three", "a@example.com"
    assert history_after(any_store, start) == [
        ("customer", customer_id, "update", {"notes": ["one", "three"], "email": [None, "a@example.com"]})
    ]


def test_a_value_that_comes_back_leaves_no_history(any_store: Store) -> None:
    customer_id = customer_in(any_store, "Acme", notes="one", email="a@example.com")
    with any_store.writing() as work:
        item_id = add_item(work, "I-1", "Design", unit_price=Decimal(5)).id
    start = last_history(any_store)
    with any_store.writing() as work:
        customer = work.session.get_one(Customer, customer_id)
        customer.notes, customer.email = "two", "b@example.com"
        work.session.flush()
        customer.notes, customer.email = "one", "c@example.com"
        item = work.session.get_one(Item, item_id)
        item.unit_price, item.name = Decimal("5.00"), "Drawing"
    with any_store.writing() as work:
        customer = work.session.get_one(Customer, customer_id)
        customer.notes = "two"
        work.session.flush()
        customer.notes = "one"
    assert history_after(any_store, start) == [
        ("customer", customer_id, "update", {"email": ["a@example.com", "c@example.com"]}),
        ("item", item_id, "update", {"name": ["Design", "Drawing"]}),
    ]


def test_made_and_deleted_in_one_unit_of_work_leaves_no_history(any_store: Store) -> None:
    start = last_history(any_store)
    with any_store.writing() as work:
        work.session.delete(add_customer(work))
    assert history_after(any_store, start) == []
    with any_store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(SearchEntry)) == 0


def address(street: str) -> CustomerAddress:
    return CustomerAddress(
        kind="billing", attention="", street=street, extra="", city="Dubai", pin="", country="AE", phone=""
    )


def test_parts_that_are_taken_out_of_their_record_are_deleted_with_history(any_store: Store) -> None:
    """A line or address that leaves its list is deleted by the ORM itself; nobody calls delete."""
    with any_store.writing() as work:
        customer = add_customer(work)
        customer.addresses.append(address("1 Old Street"))
        work.session.flush()
        customer_id, old_id = customer.id, customer.addresses[0].id
    start = last_history(any_store)
    with any_store.writing() as work:
        work.session.get_one(Customer, customer_id).addresses = []
    ((table, row_id, action, changes),) = history_after(any_store, start)
    assert (table, row_id, action) == ("customer_address", old_id, "delete")
    assert changes["street"] == ["1 Old Street", None]
    assert chain_is_whole(any_store)


def test_a_new_row_that_gets_the_id_of_a_deleted_one_hides_nothing(any_store: Store) -> None:
    """SQLite gives the highest id again: then the old values stand beside the new ones."""
    with any_store.writing() as work:
        item_id = add_item(work, "I-1", "Design").id
    start = last_history(any_store)
    with any_store.writing() as work:
        work.session.delete(work.session.get_one(Item, item_id))
        work.session.flush()
        add_item(work, "I-2", "Drawing", id=item_id)
    changes = {name: pair for *_, values in history_after(any_store, start) for name, pair in values.items()}
    assert changes["name"][0] == "Design"
    assert changes["name"][1] == "Drawing"
    assert chain_is_whole(any_store)


def test_deleting_and_adding_findable_records_in_one_unit_of_work_keeps_the_index(any_store: Store) -> None:
    with any_store.writing() as work:
        item_id = add_item(work, "I-1", "Design").id
    with any_store.writing() as work:
        work.session.delete(work.session.get_one(Item, item_id))
        work.session.flush()
        new_id = add_item(work, "I-2", "Drawing").id
    with any_store.reading() as work:
        found = work.session.execute(select(SearchEntry.record_id, SearchEntry.title)).all()
        assert [tuple(row) for row in found] == [(new_id, "Drawing")]


def test_who_when_and_the_batch_stand_in_the_history(store: Store, clock: Clock) -> None:
    start = last_history(store)
    with store.writing(batch="IMP-7") as work:
        actor_id = work.actor_id
        add_customer(work)
    with store.engine.connect() as connection:
        row = connection.execute(select(History).where(History.id > start)).one()
    assert (row.at, row.actor_id, row.batch) == (clock.now, actor_id, "IMP-7")


@pytest.mark.parametrize(
    "statement",
    [
        update(Customer).values(notes="x"),
        delete(Customer),
        insert(Customer),
        update(cast("Table", Customer.__table__)).values(notes="x"),
    ],
)
def test_bulk_statements_that_would_escape_the_history_are_refused(store: Store, statement: Any) -> None:
    before = contents(store)
    with pytest.raises(AssertionError, match="escape the field history"), store.writing() as work:
        work.session.execute(statement, [customer_row(work, "Bulk")] if statement.is_insert else None)
    assert contents(store) == before


def test_the_session_s_own_bulk_methods_are_refused(store: Store) -> None:
    with pytest.raises(AssertionError, match="escape the field history"), store.writing() as work:
        work.session.bulk_insert_mappings(Customer, [customer_row(work, "Bulk")])
    with pytest.raises(AssertionError, match="escape the field history"), store.writing() as work:
        work.session.bulk_save_objects([Customer(**customer_row(work, "Bulk"))])


# --- around the ORM --------------------------------------------------------------------------------------------------


def test_rows_by_thousands_have_history_search_and_ids_of_their_own(any_store: Store) -> None:
    single = customer_in(any_store, "Single")
    start = last_history(any_store)
    told: list[Changes] = []
    any_store.on_change(told.append)
    with any_store.writing() as work:
        ids = list(work.next_ids(Customer, 1_200))
        work.insert_many(Customer, [customer_row(work, f"Bulk {i}", id=i, code=f"B-{i}", version=1) for i in ids])
    rows = history_after(any_store, start)
    assert [(table, row_id, action) for table, row_id, action, _ in rows] == [("customer", i, "insert") for i in ids]
    assert rows[0][3]["display_name"] == [None, f"Bulk {ids[0]}"]
    assert rows[0][3]["kind"] == [None, "business"]
    assert single not in ids
    assert told == [frozenset({Topic.CUSTOMERS})]
    after = customer_in(any_store, "After the bulk")
    assert after not in ids
    with any_store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(SearchEntry)) == 1_202
    with any_store.writing() as work:
        work.session.get_one(Customer, ids[5]).notes = "editable like any other"
    assert chain_is_whole(any_store)


def test_ids_taken_at_the_same_time_never_meet(any_store: Store) -> None:
    barrier = threading.Barrier(4)

    def fill(number: int) -> list[int]:
        barrier.wait()
        made = []
        for turn in range(5):
            with any_store.writing() as work:
                ids = list(work.next_ids(Customer, 7))
                rows = [customer_row(work, f"{number}-{i}", id=i, code=f"B-{i}", version=1) for i in ids]
                work.insert_many(Customer, rows)
                made += ids
            made.append(customer_in(any_store, f"single {number} {turn}"))
        return made

    with ThreadPoolExecutor(4) as pool:
        ids = [i for made in pool.map(fill, range(4)) for i in made]
    assert len(ids) == len(set(ids)) == 4 * 5 * 8


def test_no_ids_are_no_ids(any_store: Store) -> None:
    with any_store.writing() as work:
        assert list(work.next_ids(Customer, 0)) == []
        work.insert_many(Customer, [])


@on_postgresql
def test_sequences_of_a_new_postgresql_book_are_past_its_rows(any_store: Store) -> None:
    with any_store.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            sequence = (
                connection.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', "id")))
                if "id" in table.c
                else None
            )
            if sequence is None or table.name in {"history", "chain_head"}:
                continue  # their ids are counted by the chain
            highest = connection.scalar(select(func.max(table.c.id))) or 0
            next_id = connection.execute(select(func.nextval(sequence))).scalar_one()
            assert next_id > highest, table.name


def test_events_stand_in_the_same_transaction(any_store: Store) -> None:
    with any_store.writing() as work:
        customer = add_customer(work)
        work.record("customer.created", customer, origin="test")
    with any_store.reading() as work:
        event = work.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
        assert (event.kind, event.subject_kind, event.subject_id) == ("customer.created", "customer", customer.id)
        assert (event.actor_id, event.details) == (work.actor_id, {"origin": "test"})


def test_a_wish_for_later_waits_in_the_outbox(store: Store) -> None:
    with store.writing() as work:
        work.after_commit("mail", to="a@example.com")
    with store.reading() as work:
        wish = work.session.scalars(select(Outbox)).one()
        assert (wish.kind, wish.payload, wish.done_at, wish.attempts) == ("mail", {"to": "a@example.com"}, None, 0)


def test_the_search_index_follows_in_the_same_transaction(any_store: Store) -> None:
    customer_id = customer_in(any_store, "Acme")
    with any_store.writing() as work:
        user = work.session.get_one(Customer, customer_id)
        user.display_name = "Zenith"
    with any_store.reading() as work:
        assert work.session.scalars(select(SearchEntry.title)).all() == ["Zenith"]
    with pytest.raises(RuntimeError), any_store.writing() as work:
        work.session.get_one(Customer, customer_id).display_name = "Never"
        work.session.flush()
        raise RuntimeError
    with any_store.reading() as work:
        assert work.session.scalars(select(SearchEntry.title)).all() == ["Zenith"]


def test_the_index_moves_a_record_to_another_branch_with_it(any_store: Store) -> None:
    from services.organisation.founding import BranchDraft, open_branch

    with any_store.writing() as work:
        branch_id = open_branch(work, BranchDraft(code="AUH", name="Abu Dhabi", state="AUH"))
    customer_id = customer_in(any_store, "Acme")
    with any_store.writing() as work:
        work.session.get_one(Customer, customer_id).branch_id = branch_id
    with any_store.reading() as work:
        assert work.session.scalars(select(SearchEntry.branch_id)).all() == [branch_id]


def test_rights_that_a_failed_unit_of_work_changed_are_not_remembered(any_store: Store) -> None:
    """What is kept between units of work was committed, however early a command asks for it."""
    with pytest.raises(RuntimeError), any_store.writing() as work:
        work.session.get_one(User, work.actor_id).name = "Never"
        assert work.actor.name == "Never"
        raise RuntimeError
    with any_store.reading() as work:
        assert work.actor.name == "Owner"


# --- errors in sentences ---------------------------------------------------------------------------------------------


def test_a_full_disk_is_a_sentence_and_nothing_is_written(store: Store) -> None:
    from services.errors import BookError

    before = contents(store)
    with pytest.raises(BookError, match="disk is full"), store.writing() as work:
        pages = work.session.scalar(text("PRAGMA page_count"))
        work.session.execute(text(f"PRAGMA max_page_count={pages}"))
        for number in range(200):
            add_customer(work, f"Firm {number} " + "x" * 200, notes="y" * 20_000)
    with store.writing() as work:
        work.session.execute(text("PRAGMA max_page_count=1073741823"))
    assert contents(store) == before


def test_a_number_that_a_column_cannot_hold_is_a_sentence(any_store: Store) -> None:
    from services.errors import InvalidValue

    with pytest.raises(InvalidValue, match="more digits than the book keeps"), any_store.writing() as work:
        add_item(work, "I-1", "Design", unit_price=Decimal("0.0000001"))
    with any_store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(Item)) == 0
        assert work.session.scalar(select(func.count()).select_from(Document)) == 0
