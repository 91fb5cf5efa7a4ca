"""What can never happen, whoever asks, by the ORM or by plain SQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from models import guards
from models.billing import Document, DocumentLine, FrozenView, Payment, PaymentAllocation, StoredFile
from models.history import ChainHead, Event, History, HistoryValue
from models.ledger import JournalEntry, Posting
from models.organisation import Company, NumberSeries
from models.values.money import Money
from models.values.states import AccountRole, DocumentState
from services import book
from services.errors import Conflict
from services.ledger.posting import Amount, Source, accounts_of, post
from services.store import Store
from tests.conftest import Clock
from tests.factories import add_customer, add_document, add_payment

DIGEST = "0" * 64

ATTEMPTS: dict[str, str] = {
    "history_no_update": "UPDATE history SET actor_id = 7 WHERE id = 1",
    "history_no_delete": "DELETE FROM history WHERE id = 1",
    "history_value_no_update": "UPDATE history_value SET changes = '{}' WHERE history_id = 1",
    "history_value_no_delete": "DELETE FROM history_value WHERE history_id = 1",
    "event_no_update": "UPDATE event SET actor_id = 7",
    "event_no_delete": "DELETE FROM event",
    "journal_entry_no_update": "UPDATE journal_entry SET text = 'something else'",
    "journal_entry_no_delete": "DELETE FROM journal_entry",
    "posting_no_update": "UPDATE posting SET amount_minor = amount_minor + 1",
    "posting_no_delete": "DELETE FROM posting WHERE amount_minor > 0",
    "frozen_view_no_update": "UPDATE frozen_view SET design = 2",
    "frozen_view_no_delete": "DELETE FROM frozen_view",
    "stored_file_no_update": "UPDATE stored_file SET size = 2",
    "stored_file_no_delete": "DELETE FROM stored_file",
    "document_frozen": "UPDATE document SET payable_minor = 1 WHERE number = 'INV-1'",
    "document_pdf_once": f"UPDATE document SET pdf_sha256 = '{DIGEST.replace('0', '1')}' WHERE number = 'INV-1'",
    "document_no_delete": "DELETE FROM document WHERE number = 'INV-1'",
    "document_line_no_insert": (
        "INSERT INTO document_line (document_id, no, description, is_service, unit, quantity, unit_price, base_quantity,"
        " category, rate, cess_rate, tax_reason, gross_minor, discount_minor, document_discount_minor, taxable_minor,"
        " tax_minor, vat_minor, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, home_taxable_minor,"
        " home_tax_minor, home_vat_minor, home_cgst_minor, home_sgst_minor, home_igst_minor, home_cess_minor,"
        " home_total_minor) SELECT id, 2, '', true, 'H87', 1, 1, 1, 'S', 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
        " 0, 0, 0, 0, 0, 0, 0 FROM document WHERE number = 'INV-1'"
    ),
    "document_line_no_update": (
        "UPDATE document_line SET quantity = 2 WHERE document_id = (SELECT id FROM document WHERE number = 'INV-1')"
    ),
    "document_line_no_delete": (
        "DELETE FROM document_line WHERE document_id = (SELECT id FROM document WHERE number = 'INV-1')"
    ),
    "payment_frozen": "UPDATE payment SET amount_minor = 1",
    "payment_no_delete": "DELETE FROM payment",
    "payment_allocation_frozen": "UPDATE payment_allocation SET amount_minor = 1",
    "payment_allocation_no_delete": "DELETE FROM payment_allocation",
    "number_series_forward": "UPDATE number_series SET next_no = next_no - 1",
    "number_series_no_delete": "DELETE FROM number_series",
    "chain_head_forward": "UPDATE chain_head SET hash = hash",
    "chain_head_no_delete": "DELETE FROM chain_head",
}


@pytest.fixture
def full(any_store: Store) -> Store:
    """A book with a row in every guarded table: INV-1 issued, a draft beside it."""
    with any_store.writing() as work:
        customer = add_customer(work)
        document = add_document(work, customer, number="INV-1")
        add_document(work, customer)
        document.pdf_sha256 = DIGEST
        work.record("document.issued", document)
        payment = add_payment(work, customer)
        work.session.add(
            PaymentAllocation(
                payment_id=payment.id,
                document_id=document.id,
                allocated_on=work.today,
                amount_minor=100,
                home_document_minor=100,
                home_payment_minor=100,
            )
        )
        company = work.session.get_one(Company, document.company_id)
        roles = accounts_of(work, company.id)
        amount = Money(100, "AED")
        sides = [
            Amount(roles[AccountRole.BANK], amount, amount),
            Amount(roles[AccountRole.RECEIVABLE], -amount, -amount, customer.id),
        ]
        post(work, company, document.branch_id, sides, on=work.today, text="", source=Source("payment", payment.id))
        work.insert(FrozenView, document_id=document.id, design=1, sha256=DIGEST, body=b"{}")
        work.insert(StoredFile, sha256=DIGEST, media_type="image/png", size=1, body=b"x")
    return any_store


def test_every_guard_is_attempted() -> None:
    assert set(ATTEMPTS) == {guard.name for guard in guards.GUARDS}


def test_plain_sql_meets_every_guard_and_gets_its_sentence(full: Store) -> None:
    sentences = {guard.name: guard.message for guard in guards.GUARDS}
    for name, statement in ATTEMPTS.items():
        with pytest.raises(Conflict) as refused, full.writing() as work:
            work.session.connection().exec_driver_sql(statement)
        assert str(refused.value) == sentences[name], name


@pytest.mark.parametrize(
    "table",
    [History, HistoryValue, ChainHead, Event, JournalEntry, Posting, FrozenView, StoredFile, Payment, NumberSeries],
)
def test_the_orm_deletes_nothing_that_stays(full: Store, table: Any) -> None:
    with pytest.raises(Conflict), full.writing() as work:
        work.session.delete(work.session.scalars(select(table).limit(1)).one())


def test_the_orm_changes_neither_an_issued_document_nor_its_lines(full: Store) -> None:
    issued = select(Document).where(Document.number == "INV-1")
    with pytest.raises(Conflict, match="never changes; correct it by a new one"), full.writing() as work:
        work.session.scalars(issued).one().notes = "quietly"
    with pytest.raises(Conflict, match="The lines of an issued document never change"), full.writing() as work:
        work.session.scalars(issued).one().lines[0].description = "quietly"
    with pytest.raises(Conflict, match="The lines of an issued document never change"), full.writing() as work:
        document = work.session.scalars(issued).one()
        document.lines.clear()


def test_a_line_of_a_draft_is_not_moved_into_an_issued_document(full: Store) -> None:
    with full.reading() as work:
        issued = work.session.scalars(select(Document.id).where(Document.number == "INV-1")).one()
        draft = work.session.scalars(select(Document.id).where(Document.number.is_(None))).one()
    with pytest.raises(Conflict, match="The lines of an issued document never change"), full.writing() as work:
        statement = update(DocumentLine).where(DocumentLine.document_id == draft).values(document_id=issued, no=2)
        work.session.connection().execute(statement)


def test_what_settles_a_document_and_all_of_a_draft_may_change(full: Store) -> None:
    with full.writing() as work:
        issued = work.session.scalars(select(Document).where(Document.number == "INV-1")).one()
        issued.state, issued.paid_minor, issued.voided_at = DocumentState.VOID, 5, work.now
        draft = work.session.scalars(select(Document).where(Document.number.is_(None))).one()
        draft.notes, draft.lines[0].description = "changed", "changed"
    with full.writing() as work:
        draft = work.session.scalars(select(Document).where(Document.number.is_(None))).one()
        assert draft.lines[0].description == "changed"
        work.session.delete(draft)
    with full.writing() as work:
        work.session.scalars(select(PaymentAllocation)).one().released_at = work.now
    with pytest.raises(Conflict, match="An allocation never changes"), full.writing() as work:
        work.session.scalars(select(PaymentAllocation)).one().released_at = None


def test_insert_or_replace_does_not_walk_past_the_guards(store: Store) -> None:
    """reliability.md finding 3: without recursive_triggers a REPLACE deletes silently."""
    with pytest.raises(Conflict, match="The audit trail is never deleted"), store.writing() as work:
        work.session.connection().exec_driver_sql(
            "INSERT OR REPLACE INTO history SELECT id, at, 9, batch, table_name, row_id, action, digest, hash"
            " FROM history WHERE id = 1"
        )


# --- a guard that is missing -----------------------------------------------------------------------------------------


def reopened(store: Store, clock: Clock) -> Store:
    where = str(store.path) if store.path is not None else store.engine.url.render_as_string(hide_password=False)
    return book.open_book(where, clock=clock)


def tamper(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def assert_mended(store: Store, clock: Clock, *names: str) -> None:
    with store.engine.connect() as connection:
        assert guards.missing_triggers(connection) == list(names)
    again = reopened(store, clock)
    try:
        assert again.mended == names
        with again.engine.connect() as connection:
            assert guards.missing_triggers(connection) == []
            assert guards.foreign_triggers(connection) == []
        with pytest.raises(Conflict, match="The audit trail never changes"), again.writing() as work:
            work.session.connection().exec_driver_sql(ATTEMPTS["history_no_update"])
    finally:
        again.close()


def test_a_whole_book_needs_no_mending(any_store: Store) -> None:
    assert any_store.mended == ()


def test_a_dropped_guard_is_made_again_at_opening_and_named(any_store: Store, clock: Clock) -> None:
    on = "" if any_store.path is not None else " ON history"
    tamper(any_store.engine, f"DROP TRIGGER guard_history_no_update{on}")
    assert_mended(any_store, clock, "guard_history_no_update")


def test_a_weakened_guard_is_noticed(any_store: Store, clock: Clock) -> None:
    if any_store.path is not None:
        tamper(
            any_store.engine,
            "DROP TRIGGER guard_history_no_update",
            "CREATE TRIGGER guard_history_no_update BEFORE UPDATE ON history WHEN 1=0 BEGIN"
            " SELECT RAISE(ABORT, 'guard: The audit trail never changes.'); END",
        )
    else:
        tamper(
            any_store.engine,
            "CREATE OR REPLACE FUNCTION guard_history_no_update() RETURNS trigger LANGUAGE plpgsql AS"
            " $guard$ BEGIN RETURN NEW; END $guard$",
        )
    assert_mended(any_store, clock, "guard_history_no_update")


on_postgresql = pytest.mark.parametrize(
    "any_store", [pytest.param("postgresql", marks=pytest.mark.both)], indirect=True
)


@on_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE history DISABLE TRIGGER guard_history_no_update",
        "DROP FUNCTION guard_history_no_update() CASCADE",
        "ALTER TABLE history ENABLE REPLICA TRIGGER guard_history_no_update",
    ],
)
def test_a_guard_switched_off_on_postgresql_is_noticed(any_store: Store, clock: Clock, statement: str) -> None:
    tamper(any_store.engine, statement)
    assert_mended(any_store, clock, "guard_history_no_update")


def test_a_planted_trigger_is_named(any_store: Store) -> None:
    if any_store.path is not None:
        tamper(any_store.engine, "CREATE TRIGGER planted AFTER INSERT ON event BEGIN SELECT 1; END")
    else:
        tamper(
            any_store.engine,
            "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "CREATE TRIGGER planted AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION planted()",
        )
    with any_store.engine.connect() as connection:
        assert guards.foreign_triggers(connection) == ["planted"]
        assert guards.missing_triggers(connection) == []


def test_a_dropped_search_trigger_is_made_again(store: Store, clock: Clock) -> None:
    tamper(store.engine, "DROP TRIGGER search_entry_changed")
    assert_mended(store, clock, "search_entry_changed")


def test_every_guard_speaks_in_a_sentence() -> None:
    assert all(guard.message.endswith(".") and guard.message[0].isupper() for guard in guards.GUARDS)
