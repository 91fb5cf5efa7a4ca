"""`check` says yes to a real book, and finds every fault that is planted in it around the program, by its record."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services import book, health
from services.backup import failed_checks
from services.database import connect
from services.errors import Cancelled, Forbidden
from services.health.checks import MOST, Look, tell
from services.organisation.founding import CompanyDraft, UserDraft, add_user
from services.store import Store
from tests.conftest import EMIRATES, Clock
from tests.services.health_book import BATCH, altered_changes, fill, tamper, without_unique


@dataclass(frozen=True, slots=True)
class Fault:
    """`statements` change the file; `check` must fail and name `record`."""

    what: str
    check: str
    record: str
    statements: tuple[str, ...]
    deep: bool = False


def fault(what: str, check: str, record: str, *statements: str, deep: bool = False) -> Fault:
    return Fault(what, check, record, statements, deep)


_COPY_ENTRY = (
    "INSERT INTO journal_entry(company_id, branch_id, posted_on, posted_at, text, source_kind, source_id, digest) "
    "SELECT company_id, branch_id, posted_on, posted_at, text, source_kind, source_id, digest "
    "FROM journal_entry WHERE id = {}"
)
_COPY_HISTORY = (
    "INSERT INTO history(id, at, actor_id, batch, table_name, row_id, action, digest, hash) "
    "SELECT 9999, at, actor_id, batch, table_name, row_id, action, digest, hash FROM history WHERE id = 40"
)

FAULTS = (
    fault("a posting changed", "entries_balance", "entry #1:", "UPDATE posting SET home_minor = 15000 WHERE id = 1"),
    fault("an entry out of balance", "trial_balance", "company ", "UPDATE posting SET home_minor = 1 WHERE id = 1"),
    fault(
        "both sides of an entry changed",
        "entries_sealed",
        "entry #1 (Invoice INV-2026-0001)",
        "UPDATE posting SET amount_minor = amount_minor + 5, home_minor = home_minor + 5 WHERE id = 1",
        "UPDATE posting SET amount_minor = amount_minor - 5, home_minor = home_minor - 5 WHERE id = 2",
    ),
    fault("an entry's text changed", "entries_sealed", "entry #5", "UPDATE journal_entry SET text = 'x' WHERE id = 5"),
    fault("a posting deleted", "entries_balance", "entry #2:", "DELETE FROM posting WHERE id = 6"),
    fault("all postings deleted", "postings_whole", "entry #5 ", "DELETE FROM posting WHERE entry_id = 5"),
    fault(
        "a posting without amount",
        "postings_whole",
        "posting #1 of entry #1:",
        "UPDATE posting SET amount_minor = 0, home_minor = 0 WHERE id = 1",
    ),
    fault("an entry twice", "documents_posted_once", "invoice INV-2026-0001 ", _COPY_ENTRY.format(1)),
    fault(
        "an entry removed",
        "documents_posted_once",
        "invoice INV-2026-0001 ",
        "DELETE FROM posting WHERE entry_id = 1",
        "DELETE FROM journal_entry WHERE id = 1",
    ),
    fault(
        "an entry on another day",
        "documents_posted_once",
        "invoice INV-2026-0001,",
        "UPDATE journal_entry SET posted_on = '2026-03-15' WHERE id = 1",
    ),
    fault(
        "an entry out of nothing",
        "documents_posted_once",
        "entry #1 ",
        "UPDATE journal_entry SET source_id = 77 WHERE id = 1",
    ),
    fault(
        "a payment without entry",
        "payments_posted",
        "payment RCT-2026-0001 ",
        "UPDATE journal_entry SET source_id = 3 WHERE id = 5",
    ),
    fault(
        "a mirror that does not mirror",
        "reversals_mirror",
        "entry #4 ",
        "UPDATE posting SET amount_minor = -5249, home_minor = -5249 WHERE id = 10",
        "UPDATE posting SET amount_minor = 4999, home_minor = 4999 WHERE id = 11",
    ),
    fault(
        "an entry moved into a closed month",
        "closed_periods",
        "entry #1 (Invoice INV-2026-0001)",
        "UPDATE journal_entry SET posted_on = '2026-01-31' WHERE id = 1",
    ),
    fault(
        "tax in the ledger changed",
        "documents_match_ledger",
        "invoice INV-2026-0001:",
        "UPDATE posting SET amount_minor = -700, home_minor = -700 WHERE id = 3",
    ),
    fault(
        "tax of a line changed",
        "lines_add_up",
        "line 1 of invoice INV-2026-0001:",
        "UPDATE document_line SET vat_minor = 1 WHERE id = 1",
    ),
    fault(
        "a total flipped",
        "documents_add_up",
        "invoice INV-2026-0001:",
        "UPDATE document SET taxable_minor = taxable_minor + 100 WHERE id = 1",
    ),
    fault(
        "what is payable changed",
        "documents_add_up",
        "invoice INV-2026-0001: payable is 149.00 AED",
        "UPDATE document SET payable_minor = 14900 WHERE id = 1",
    ),
    fault(
        "a quantity changed",
        "amounts_recalculated",
        "invoice INV-2026-0001: gross of line 1",
        "UPDATE document_line SET quantity = 4000000 WHERE id = 1",
        deep=True,
    ),
    fault(
        "a whole line changed in harmony",
        "views_frozen",
        "invoice INV-2026-0001: what it said and what is stored differ in lines",
        "UPDATE document_line SET description = 'Other' WHERE id = 1",
        deep=True,
    ),
    fault(
        "a frozen byte changed",
        "views_frozen",
        "invoice INV-2026-0002:",
        "UPDATE frozen_view SET body = CAST(substr(body, 1, 40) || x'00' || substr(body, 42) AS BLOB) WHERE document_id = 2",
    ),
    fault("a frozen view removed", "views_frozen", "INV-2026-0002", "DELETE FROM frozen_view WHERE document_id = 2"),
    fault(
        "a PDF removed",
        "files_whole",
        "invoice INV-2026-0001:",
        f"UPDATE document SET pdf_sha256 = '{'0' * 64}' WHERE id = 1",
    ),
    fault(
        "a file's bytes changed",
        "files_whole",
        "stored file #1:",
        f"INSERT INTO stored_file VALUES ('{'0' * 64}', 'application/pdf', 3, x'010203', 1)",
        deep=True,
    ),
    fault(
        "a state typed",
        "states_follow_facts",
        "invoice INV-2026-0001:",
        "UPDATE document SET state = 'draft' WHERE id = 1",
    ),
    fault(
        "an unknown state",
        "states_follow_facts",
        "invoice INV-2026-0001:",
        "UPDATE document SET state = 'gone' WHERE id = 1",
    ),
    fault(
        "an estimate invoiced by nothing",
        "states_follow_facts",
        "estimate EST-2026-0001:",
        "UPDATE document SET source_id = NULL WHERE id = 5",
    ),
    fault(
        "due before issue",
        "due_after_issue",
        "invoice INV-2026-0001:",
        "UPDATE document SET due_on = '2026-03-01' WHERE id = 1",
    ),
    fault(
        "a void that counts",
        "voids_count_nowhere",
        "invoice INV-2026-0003 ",
        "UPDATE document SET balance_minor = 5250 WHERE id = 3",
    ),
    fault(
        "a stored balance changed",
        "document_balances",
        "invoice INV-2026-0001: its balance is 0.00 AED, but 89.64 AED",
        "UPDATE document SET balance_minor = 0 WHERE id = 1",
    ),
    fault(
        "a balance at home changed",
        "document_balances",
        "invoice INV-2026-0001: its balance at home",
        "UPDATE document SET home_balance_minor = 1 WHERE id = 1",
    ),
    fault(
        "an allocation changed",
        "document_balances",
        "invoice INV-2026-0001:",
        "UPDATE payment_allocation SET amount_minor = 9000 WHERE id = 1",
    ),
    fault(
        "an allocation released by hand",
        "payments_add_up",
        "payment RCT-2026-0001:",
        "UPDATE payment_allocation SET released_at = '2026-03-14 09:00:00.000000' WHERE id = 1",
    ),
    fault(
        "a payment's total changed",
        "payments_add_up",
        "payment RCT-2026-0001 (received) of 200.00 AED",
        "UPDATE payment SET amount_minor = 20000 WHERE id = 1",
    ),
    fault(
        "a payment brought back",
        "payments_posted",
        "payment RCT-2026-0003 ",
        "UPDATE payment SET state = 'received' WHERE id = 3",
    ),
    fault(
        "an allocation to a void invoice",
        "allocations_fit",
        "allocation #1 of",
        "UPDATE payment_allocation SET document_id = 3 WHERE id = 1",
    ),
    fault(
        "a control account moved",
        "customers_match_control",
        "customer C-0001:",
        "UPDATE posting SET customer_id = 2 WHERE id = 1",
    ),
    fault(
        "customers' credit moved",
        "customers_match_control",
        "customer C-0001: money not yet allocated",
        "UPDATE payment SET home_unallocated_minor = 3999 WHERE id = 1",
    ),
    fault(
        "a remainder at home",
        "open_items_complete",
        "invoice INV-2026-0002:",
        "UPDATE document SET home_balance_minor = 3 WHERE id = 2",
    ),
    fault(
        "an exchange gain changed",
        "exchange_explained",
        "payment RCT-2026-0002:",
        "UPDATE posting SET home_minor = -300 WHERE id = 18",
    ),
    fault(
        "a number skipped",
        "numbers_without_gap",
        "no. 2 is followed by no. 7 (INV-2026-0003)",
        "UPDATE document SET sequence_no = 7 WHERE id = 3",
    ),
    fault(
        "a number twice in its series",
        "numbers_without_gap",
        "no. 1 is there twice, again as no. 1 (INV-2026-0002)",
        "UPDATE document SET sequence_no = 1 WHERE id = 2",
    ),
    fault(
        "a document removed",
        "numbers_without_gap",
        "no. 1 is followed by no. 3",
        "DELETE FROM document WHERE id = 2",
    ),
    fault(
        "a receipt's number skipped",
        "numbers_without_gap",
        "payment 2026 ",
        "UPDATE payment SET sequence_no = 9 WHERE id = 3",
    ),
    fault(
        "a counter turned",
        "number_counters",
        "invoice 2026 of ",
        "UPDATE number_series SET next_no = 3 WHERE kind = 'invoice'",
    ),
    fault(
        "numbers against the dates",
        "numbers_follow_dates",
        "invoice INV-2026-0002 of 2026-03-13 comes after INV-2026-0001",
        "UPDATE document SET issued_on = '2026-03-13' WHERE id = 2",
    ),
    fault(
        "numbers against the clock",
        "numbers_follow_dates",
        "invoice INV-2026-0002, issued 2026-03-14 08:00:00+00:00, comes after INV-2026-0001",
        "UPDATE book SET is_trial = 0",
        "UPDATE document SET issued_at = '2026-03-14 08:00:00.000000' WHERE id = 2",
    ),
    fault(
        "a number of another form",
        "numbers_well_formed",
        "INV-2026-9999 is not what the pattern",
        "UPDATE document SET number = 'INV-2026-9999' WHERE id = 2",
    ),
    fault(
        "a number too long",
        "numbers_well_formed",
        "INV-2026-0000000000002 is no valid number",
        "UPDATE document SET number = 'INV-2026-0000000000002' WHERE id = 2",
    ),
    fault("a history row changed", "history_chain", "history 40 ", "UPDATE history SET actor_id = 2 WHERE id = 40"),
    fault("a history row removed", "history_chain", "40 to 40 are missing", "DELETE FROM history WHERE id = 40"),
    fault("a history row inserted", "history_chain", "history 9999 ", _COPY_HISTORY),
    fault(
        "a value in the history changed",
        "history_chain",
        "its values were altered",
        f"UPDATE history_value SET changes = {altered_changes('INV-2026-0001', 'INV-2026-0007')}",
    ),
    fault(
        "a value in the history removed",
        "history_chain",
        "history 40 ",
        "DELETE FROM history_value WHERE history_id = 40",
    ),
    fault("the head turned back", "history_chain", "the head names 40", "UPDATE chain_head SET last_id = 40"),
    fault("two heads", "history_chain", "2 heads", "INSERT INTO chain_head SELECT 2, last_id, hash FROM chain_head"),
    fault(
        "a record slipped in",
        "rows_have_history",
        "currency_rate #99 ",
        "INSERT INTO currency_rate(id, currency, home, quoted_on, rate, source) "
        "VALUES (99, 'EUR', 'AED', '2026-03-01', 40000000000, 'x')",
    ),
    fault("a record taken out", "rows_have_history", "payment #3 ", "DELETE FROM payment WHERE id = 3"),
    fault(
        "history by nobody",
        "actors_known",
        "user #77",
        "UPDATE history SET actor_id = 77 WHERE id = 40",
    ),
    fault(
        "a name changed around the program",
        "history_replays",
        "customer #1: legal_name",
        "UPDATE customer SET legal_name = 'Someone else' WHERE id = 1",
        deep=True,
    ),
    fault(
        "a line of nothing",
        "links_whole",
        "document_line #1 ",
        "UPDATE document_line SET document_id = 77 WHERE id = 1",
    ),
    fault(
        "half a fils",
        "numbers_whole",
        "document #1: no whole number in gross_minor",
        "UPDATE document SET gross_minor = 0.5 WHERE id = 1",
    ),
    fault(
        "an unknown currency",
        "currencies_known",
        "posting #4 is in 'XYZ'",
        "UPDATE posting SET currency = 'XYZ' WHERE id = 4",
    ),
    fault(
        "a control character in a name",
        "texts_clean",
        "customer #1: a control character in display_name",
        "UPDATE customer SET display_name = 'Gulf' || char(7) WHERE id = 1",
    ),
    fault(
        "a NUL in a text",
        "texts_clean",
        "document #1: a control character in notes",
        "UPDATE document SET notes = 'a' || char(0) || 'b' WHERE id = 1",
    ),
    fault(
        "a customer merged into itself",
        "merged_resolve",
        "customer C-0001 ",
        "UPDATE customer SET merged_into_id = id WHERE id = 1",
    ),
    fault(
        "a search entry missing",
        "search_complete",
        "customer #1 is not in the search index",
        "DELETE FROM search_entry WHERE kind = 'customer' AND record_id = 1",
    ),
    fault(
        "a search entry too many",
        "search_complete",
        "finds customer #77",
        "INSERT INTO search_entry(kind, record_id, owner_id, title, words) VALUES ('customer', 77, 1, 'x', 'x')",
    ),
    fault(
        "a search entry with other words",
        "search_complete",
        "customer #1: the search index tells something else",
        "UPDATE search_entry SET words = 'other' WHERE kind = 'customer' AND record_id = 1",
        deep=True,
    ),
    fault(
        "words that the index does not know",
        "search_complete",
        "The search index does not fit its words.",
        "UPDATE search_entry SET words = 'other' WHERE kind = 'customer' AND record_id = 1",
        deep=True,
    ),
    fault("a deal's amount changed", "deals_add_up", "deal D-0001:", "UPDATE deal SET amount_minor = 1 WHERE id = 1"),
    fault("an import half done", "imports_whole", f"import {BATCH}:", "UPDATE import_batch SET state = 'running'"),
    fault("an import without rows", "imports_whole", f"import {BATCH} ", "UPDATE history SET batch = NULL"),
    fault("no owner left", "owner_remains", "None of the 1 users", 'UPDATE "user" SET is_active = 0 WHERE id = 2'),
    fault(
        "an error without an attempt",
        "outbox_sane",
        "outbox #1 ",
        "INSERT INTO outbox(at, kind, payload, attempts, last_error) VALUES ('2026-03-14', 'pdf', '{}', 0, 'x')",
    ),
    fault("an index dropped", "schema_as_released", "ix_document_number", "DROP INDEX ix_document_number"),
    fault("a table planted", "schema_as_released", "planted is not of", "CREATE TABLE planted(x)"),
    fault("a view planted", "schema_as_released", "peek is not of", "CREATE VIEW peek AS SELECT 1 AS one"),
    fault("a column planted", "schema_as_released", "customer.x is", "ALTER TABLE customer ADD COLUMN x TEXT"),
    fault("another program's mark", "file_whole", "not marked as a book", "PRAGMA application_id = 1"),
    fault(
        "a second book in the book",
        "file_whole",
        "2 rows about itself",
        "CREATE TEMP TABLE other AS SELECT * FROM book",
        "UPDATE other SET id = 2",
        "INSERT INTO book SELECT * FROM other",
    ),
)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, templates: Callable[[CompanyDraft], Path]) -> Path:
    """The file of the filled book, closed."""
    path = tmp_path_factory.mktemp("health") / "filled.throughline"
    shutil.copyfile(templates(EMIRATES), path)
    opened = book.open_book(str(path), clock=Clock())
    fill(opened)
    opened.close()
    return path


@pytest.fixture
def copy(filled: Path, tmp_path: Path) -> Path:
    path = tmp_path / "book.throughline"
    shutil.copyfile(filled, path)
    return path


def found_in(path: Path) -> dict[str, health.CheckResult]:
    """Every check of a file, by name. The guards are made again first, as they are whenever a book is opened."""
    store = _opened(path)
    try:
        return {result.name: result for result in health.check(store)}
    finally:
        store.close()


def run_alone(path: Path, name: str, *, deep: bool) -> health.CheckResult:
    """One check of a file, as `check` runs it."""
    store = _opened(path)
    try:
        with store.reading() as work:
            (one,) = [one for one in health.CHECKS if one.name == name]
            return health._run(one, Look(work.session.connection(), deep))
    finally:
        store.close()


def _opened(path: Path) -> Store:
    """The book for the system's own user, whatever was done to its mark and its owner."""
    engine = connect(str(path))
    with engine.connect() as connection:
        book._mend(connection)
    return book._store(engine, path, Clock(), actor_id=book.SYSTEM_USER, zone=ZoneInfo("UTC"))


@pytest.mark.both
@pytest.mark.parametrize("deep", [False, True])
def test_a_real_book_is_whole(any_store: Store, deep: bool) -> None:
    fill(any_store)
    found = health.check(any_store, deep=deep)
    assert {result.name: result.failed for result in found if not result.ok} == {}
    counts = {result.name: result.checked for result in found}
    assert counts["documents_add_up"] == 5
    assert counts["payments_add_up"] == 3
    assert counts["reversals_mirror"] == 2
    assert counts["closed_periods"] == 1
    assert ("history_replays" in counts) is deep
    assert found.ok


def test_an_empty_book_is_whole(tmp_path: Path, clock: Clock) -> None:
    store = book.create(str(tmp_path / "new.throughline"), clock=clock)
    try:
        assert [result for result in health.check(store, deep=True) if not result.ok] == []
    finally:
        store.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.what.replace(" ", "-"))
def test_a_planted_fault_is_found_and_named(copy: Path, fault: Fault) -> None:
    tamper(copy, *fault.statements)
    result = run_alone(copy, fault.check, deep=fault.deep)
    assert not result.ok
    assert any(fault.record in sentence for sentence in result.failed), result.failed
    assert result.failed_count >= len(result.failed) >= 1


def test_each_check_has_a_fault_that_it_finds() -> None:
    assert {one.name for one in health.CHECKS} == {one.check for one in FAULTS} | {"guards_present"}


def test_a_guard_that_was_dropped_altered_or_planted_is_named(copy: Path) -> None:
    store = _opened(copy)
    try:
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TRIGGER guard_posting_no_update")
            connection.exec_driver_sql("DROP TRIGGER guard_payment_no_delete")
            connection.exec_driver_sql(
                "CREATE TRIGGER guard_payment_no_delete BEFORE DELETE ON payment WHEN 1=0 BEGIN SELECT 1; END"
            )
            connection.exec_driver_sql(
                "CREATE TRIGGER quiet AFTER INSERT ON payment BEGIN UPDATE payment SET notes = 'x'; END"
            )
        result = {one.name: one for one in health.check(store)}["guards_present"]
    finally:
        store.close()
    assert result.failed == (
        "The guard guard_posting_no_update is missing or was altered.",
        "The guard guard_payment_no_delete is missing or was altered.",
        "The trigger quiet is not of this program.",
    )


def test_a_number_that_two_invoices_bear_is_found_though_the_table_forgot_to_forbid_it(copy: Path) -> None:
    tamper(
        copy,
        without_unique(copy, "document"),
        "INSERT INTO document_anew SELECT * FROM document",
        "DROP TABLE document",
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE document_anew RENAME TO document",
        "UPDATE document SET number = 'INV-2026-0001' WHERE id = 2",
    )
    found = found_in(copy)
    assert "invoice INV-2026-0001 is there 2 times." in found["numbers_without_gap"].failed
    assert "document no longer keeps series_id, number unique." in found["schema_as_released"].failed


def test_a_page_that_is_damaged_is_a_finding_and_the_other_checks_go_on(copy: Path) -> None:
    tamper(copy, "UPDATE document SET issued_on = 'soon' WHERE id = 1")
    found = found_in(copy)
    assert found["numbers_follow_dates"].failed[0].startswith("This could not be read: ")
    assert found["search_complete"].ok


def test_many_failures_are_counted_and_the_first_fifty_are_told() -> None:
    result = tell("entries_balance", 200, (f"entry #{number}" for number in range(120)))
    assert len(result.failed) == MOST
    assert result.failed_count == 120
    assert result.as_json() == {
        "name": "entries_balance",
        "ok": False,
        "checked": 200,
        "failed": [*(f"entry #{number}" for number in range(MOST)), "... and 70 more."],
    }


def test_progress_is_told_and_may_stop_it(store: Store) -> None:
    told: list[tuple[int, int]] = []
    health.check(store, report=lambda done, total: told.append((done, total)))
    plain = sum(1 for one in health.CHECKS if not one.is_deep)
    assert told == [(done, plain) for done in range(plain + 1)]

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        health.check(store, report=stop)


def test_who_may_not_see_the_book_may_not_check_it(store: Store) -> None:
    with store.writing() as work:
        staff = add_user(work, UserDraft(name="Sara Staff", role="staff"))
    with pytest.raises(Forbidden, match="may not see the book"):
        health.check(store.acting_as(staff))


def test_a_work_of_one_s_own_is_checked_as_well(store: Store) -> None:
    with store.reading() as work:
        assert health.check(work).ok


def test_a_backup_is_asked_the_same(copy: Path) -> None:
    tamper(copy, "UPDATE document SET balance_minor = 0 WHERE id = 1")
    store = _opened(copy)
    try:
        sentences = failed_checks(store)
    finally:
        store.close()
    assert any(one.startswith("document_balances: invoice INV-2026-0001") for one in sentences)


def test_names_and_invariants_are_each_told_once() -> None:
    names = [one.name for one in health.CHECKS]
    assert len(names) == len(set(names))
    codes = {code for one in health.CHECKS for code in one.invariants}
    later = {"I18", "I21", "I27", "I41", "I43", "I44", "I45"}
    assert codes == {f"I{number}" for number in range(1, 46)} - later
    assert all(code in str(health.__doc__) for code in later)
