"""A filled book is what the commands would have written: proven by `check`, and row by row against the commands."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from models.billing import Document, DocumentLine, FrozenView, Payment, PaymentAllocation
from models.catalogue import Item
from models.customers import Customer
from models.history import History, HistoryValue
from models.ledger import JournalEntry, Posting
from models.values.money import Money
from models.values.states import DocumentKind, DocumentState
from services import book, filling, health
from services.billing.commands import create_document, issue, void
from services.billing.drafts import AllocationDraft, DocumentDraft, LineDraft, PaymentDraft
from services.billing.payments import receive
from services.errors import Forbidden
from services.filling import fill
from services.organisation.founding import CompanyDraft, UserDraft, add_user
from services.organisation.numbers import set_pattern
from services.organisation.places import default_place
from services.search.queries import find
from services.store import Store, Work
from tests.conftest import EMIRATES, Clock


def failures(store: Store, *, deep: bool = False) -> dict[str, list[str]]:
    return {one.name: list(one.failed) for one in health.check(store, deep=deep) if not one.ok}


def test_a_filled_book_passes_every_check(any_store: Store) -> None:
    filled = fill(any_store, customers=80, invoices=300, seed=7)
    assert (filled.customers, filled.invoices, filled.first_day, filled.last_day) == (
        80, 300, "2023-03-15", "2026-03-14",
    )  # fmt: skip
    assert failures(any_store, deep=True) == {}
    with any_store.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(Document)) == 300
        assert work.session.scalar(select(func.count()).select_from(DocumentLine)) == filled.lines
        assert work.session.scalar(select(func.count()).select_from(Payment)) == filled.payments > 200


def test_business_goes_on_after_filling(any_store: Store) -> None:
    fill(any_store, customers=20, invoices=60)
    with any_store.writing() as work:
        document = work.session.scalars(
            select(Document).where(Document.balance_minor > 0, Document.currency == "AED").order_by(Document.id)
        ).first()
        assert document is not None and document.number is not None
        customer = work.session.get_one(Customer, document.customer_id)
        balance = Money(document.balance_minor, "AED").amount
        paid = PaymentDraft(
            customer=customer.code, amount=balance, allocate=(AllocationDraft(document.number, balance),)
        )
        receive(work, paid)
        one = DocumentDraft(
            customer={"code": customer.code}, lines=(LineDraft(description="More", unit_price=balance),)
        )
        assert issue(work, create_document(work, DocumentKind.INVOICE, one)).startswith("INV-2026-")
    assert failures(any_store) == {}


def test_an_indian_company_sells_within_and_between_states_and_abroad(india: Store) -> None:
    fill(india, customers=120, invoices=300)
    assert failures(india, deep=True) == {}
    with india.reading() as work:
        places = set(work.session.scalars(select(Document.place_of_supply).distinct()))
        assert {"29", "27", "96"} <= places
        numbers = work.session.scalars(select(Document.number).order_by(Document.id)).all()
        assert numbers[0] == "INV/22-23/00001" and str(numbers[-1]).startswith("INV/25-26/")


def test_names_are_written_in_three_scripts(store: Store) -> None:
    fill(store, customers=100, invoices=0)
    with store.reading() as work:
        names = "".join(work.session.scalars(select(Customer.display_name)))
        assert any("a" <= char <= "z" for char in names)
        assert any("\u0600" <= char <= "\u06ff" for char in names)
        assert any("\u0900" <= char <= "\u097f" for char in names)


def test_the_same_seed_makes_the_same_book(
    tmp_path: Path, templates: Callable[[CompanyDraft], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here, in another process, and again; another seed makes another one."""
    in_process = _filled_copy(tmp_path / "a.throughline", templates(EMIRATES), seed=3)
    with monkeypatch.context() as patched:
        patched.setattr(filling, "WORTH_A_PROCESS", 1)
        assert _filled_copy(tmp_path / "b.throughline", templates(EMIRATES), seed=3) == in_process
    assert _filled_copy(tmp_path / "c.throughline", templates(EMIRATES), seed=4) != in_process


def _filled_copy(path: Path, template: Path, *, seed: int) -> dict[str, Any]:
    shutil.copyfile(template, path)
    store = book.open_book(str(path), clock=Clock())
    fill(store, customers=30, invoices=90, seed=seed)
    with store.reading() as work:
        tables = (Document, DocumentLine, FrozenView, Payment, PaymentAllocation, JournalEntry, Posting, History)
        content: dict[str, Any] = {
            table.__tablename__: [
                tuple(row)
                for row in work.session.execute(
                    select(*(c for c in table.__table__.c if c.name != "hash")).order_by(table.id)
                )
                if table is not History or row.table_name in {"document", "payment"}
            ]
            for table in tables
        }
    store.close()
    return content


def test_an_invoice_is_written_as_the_commands_write_it(store: Store) -> None:
    fill(store, customers=40, invoices=150)
    with store.reading() as work:
        ids = (
            work.session.scalars(
                select(Document.id).where(Document.issued_on == work.today, Document.state == DocumentState.ISSUED)
            ).all()
            or work.session.scalars(select(Document.id).order_by(Document.id.desc()).limit(1)).all()
        )
        by_fill = [_told(work, one) for one in ids]
        drafts = [_draft(work, one) for one in ids]
    with store.rehearsing() as work:
        for draft, told in zip(drafts, by_fill, strict=True):
            again = create_document(work, DocumentKind.INVOICE, draft)
            issue(work, again)
            work.session.flush()
            now, then = _neutral(_told_now(work, again)), _neutral(told)
            for part, said in now.items():
                assert said == then[part], part


def test_a_payment_and_a_void_are_written_as_the_commands_write_them(store: Store, clock: Clock) -> None:
    """The commands pay and void what filling left open; the history of both names the same fields."""
    fill(store, customers=40, invoices=300)
    with store.writing() as work:
        latest = (
            select(Document).where(Document.balance_minor > 0, Document.paid_minor == 0).order_by(Document.id.desc())
        )
        paid, voided = work.session.scalars(latest.where(Document.currency == "AED").limit(2)).all()
        customer = work.session.get_one(Customer, paid.customer_id)
        amount = Money(paid.balance_minor, "AED").amount
        allocation = (AllocationDraft(str(paid.number), amount),)
        payment_id = receive(
            work, PaymentDraft(customer=customer.code, amount=amount, reference="R", allocate=allocation)
        )
        void(work, voided.id, "Ordered by mistake")
    with store.reading() as work:
        by_command = _shape(work, "payment", payment_id)
        assert by_command == _shape(work, "payment", work.session.scalars(select(Payment.id)).first())
        before = select(Document.id).where(Document.id < min(paid.id, voided.id))
        was_void = work.session.scalars(before.where(Document.state == DocumentState.VOID)).first()
        was_paid = work.session.scalars(before.where(Document.balance_minor == 0, Document.paid_minor > 0)).first()
        assert _shape(work, "document", voided.id)[-1] == _shape(work, "document", was_void)[-1]
        assert _shape(work, "document", paid.id)[-1] == _shape(work, "document", was_paid)[-1]
        assert _entries(work, voided.id) == _entries(work, was_void)


def _shape(work: Work, table: str, row_id: int | None) -> list[tuple[str, list[str]]]:
    """(action, names of the fields) of each change of a row."""
    rows = work.session.execute(
        select(History.action, HistoryValue.changes)
        .join(HistoryValue, HistoryValue.history_id == History.id)
        .where(History.table_name == table, History.row_id == row_id)
        .order_by(History.id)
    )
    return [(row.action, sorted(json.loads(row.changes))) for row in rows]


def _entries(work: Work, document_id: int | None) -> list[tuple[str, bool]]:
    rows = work.session.scalars(
        select(JournalEntry)
        .where(JournalEntry.source_kind == "document", JournalEntry.source_id == document_id)
        .order_by(JournalEntry.id)
    )
    return [(row.text.partition("INV")[0], row.reverses_id is not None) for row in rows]


def _draft(work: Work, document_id: int) -> DocumentDraft:
    document = work.session.get_one(Document, document_id)
    items = {item.id: item.code for item in work.session.scalars(select(Item))}
    return DocumentDraft(
        customer={"code": work.session.get_one(Customer, document.customer_id).code},
        po_number=document.po_number,
        currency=document.currency,
        issued_on=document.issued_on,
        lines=tuple(
            LineDraft(
                item=items[line.item_id or 0],
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount_percent=line.discount_percent,
            )
            for line in document.lines
        ),
    )


def _told(work: Work, document_id: int) -> dict[str, Any]:
    """All that is written of an invoice: its view, its first history and that of its lines, its postings."""
    changes = {
        (row.table_name, row.row_id): json.loads(row.changes)
        for row in work.session.execute(
            select(History.table_name, History.row_id, HistoryValue.changes)
            .join(HistoryValue, HistoryValue.history_id == History.id)
            .where(History.table_name.in_(["document", "document_line", "journal_entry"]), History.action == "insert")
        )
    }
    return _assembled(work, document_id, changes)


def _told_now(work: Work, document_id: int) -> dict[str, Any]:
    pending = {key: json.loads(json.dumps(change.values)) for key, change in work.pending.rows.items()}
    return _assembled(work, document_id, pending)


def _assembled(work: Work, document_id: int, changes: dict[tuple[str, int], Any]) -> dict[str, Any]:
    document = work.session.get_one(Document, document_id)
    body = work.session.scalars(select(FrozenView.body).where(FrozenView.document_id == document_id)).one()
    entry = work.session.scalars(
        select(JournalEntry)
        .where(JournalEntry.source_kind == "document", JournalEntry.source_id == document_id)
        .order_by(JournalEntry.id)
    ).first()
    assert entry is not None
    return {
        "view": json.loads(zlib.decompress(body)),
        "document": dict(changes["document", document_id]),
        "lines": [dict(changes["document_line", line.id]) for line in document.lines],
        "entry": dict(changes["journal_entry", entry.id]),
        "postings": [
            (p.account_id, p.customer_id, p.currency, p.amount_minor, p.home_minor)
            for p in sorted(entry.postings, key=lambda p: p.id)
        ],
    }


def _neutral(told: dict[str, Any]) -> dict[str, Any]:
    """Without what the second time must differ in: number, id, instant and the hashes over them."""
    told["view"].pop("number")
    for name in ("number", "sequence_no", "created_at", "issued_at", "view_sha256"):
        told["document"].pop(name)
    for line in told["lines"]:
        line.pop("document_id")
    for name in ("digest", "posted_at", "source_id", "text"):
        told["entry"].pop(name)
    return told


def test_what_was_filled_is_found(store: Store) -> None:
    fill(store, customers=10, invoices=20)
    with store.reading() as work:
        assert [hit.kind for hit in find(work, "INV-2026-0001")][:1] == ["document"]
        code = work.session.scalars(select(Customer.code).order_by(Customer.id)).first()
        assert code is not None and [hit.kind for hit in find(work, code)][:1] == ["customer"]


def test_filling_again_goes_on_from_the_last_invoice(store: Store, clock: Clock) -> None:
    first = fill(store, customers=10, invoices=40)
    clock.to("2026-04-20T09:00+04:00")
    second = fill(store, customers=10, invoices=40, seed=2)
    assert second.first_day >= first.last_day[:8] and second.last_day == "2026-04-20"
    assert failures(store, deep=True) == {}


def test_numbers_that_would_grow_too_long_are_refused_before_anything_is_issued(store: Store) -> None:
    with store.writing() as work:
        place = default_place(work)
        for year in range(2023, 2027):
            set_pattern(work, place, "invoice", "DUBAI-{YYYY}-{00000}", work.today.replace(year=year))
    with pytest.raises(Exception, match="no valid number"):
        fill(store, customers=5, invoices=200_000)


def test_who_may_not_configure_may_not_fill(store: Store) -> None:
    with store.writing() as work:
        staff = add_user(work, UserDraft(name="Sara Khan"))
    with pytest.raises(Forbidden):
        fill(store.acting_as(staff), customers=1, invoices=1)


def test_progress_is_told(store: Store) -> None:
    told: list[tuple[int, int]] = []
    fill(store, customers=10, invoices=30, report=lambda done, total: told.append((done, total)))
    assert told[-1] == (40, 40) and told == sorted(told)
