"""Peers of the issue: the very rows of one invoice, written by bare statements and by a bare ORM session.

Both write what a command wrote: document, lines, view, entry, postings, events, search entry with its index, history
with its chain's columns. They check nothing, ask nobody and hash nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.base import Base
from models.billing import Document, DocumentLine, FrozenView
from models.exchange import SearchEntry
from models.history import Event, History, HistoryValue
from models.ledger import JournalEntry, Posting
from services.store import Store

Rows = dict[type[Base], list[dict[str, Any]]]
_KEYS = ("document_id", "entry_id", "source_id", "subject_id", "record_id", "history_id")
_FAR = 10_000_000
"""Where the copies' ids begin; each invoice has a thousand to itself."""


def rows_of(store: Store, document_id: int) -> Rows:
    """All rows that issuing the last document of the book left."""
    with store.reading() as work:
        session = work.session
        entry = session.scalars(
            select(JournalEntry.id).where(JournalEntry.source_kind == "document", JournalEntry.source_id == document_id)
        ).one()
        first = session.scalars(
            select(History.id)
            .where(History.table_name == "document", History.row_id == document_id)
            .order_by(History.id)
        ).first()
        wanted: dict[type[Base], Any] = {
            DocumentLine: DocumentLine.document_id == document_id,
            Document: Document.id == document_id,
            FrozenView: FrozenView.document_id == document_id,
            JournalEntry: JournalEntry.id == entry,
            Posting: Posting.entry_id == entry,
            Event: (Event.subject_kind == "document") & (Event.subject_id == document_id),
            SearchEntry: (SearchEntry.kind == "document") & (SearchEntry.record_id == document_id),
            History: History.id >= first,
            HistoryValue: HistoryValue.history_id >= first,
        }
        return {
            table: [row._asdict() for row in session.execute(select(table.__table__).where(condition))]
            for table, condition in wanted.items()
        }


def copied(rows: Rows, number: int) -> Rows:
    """The rows under ids and a number that nothing else has."""
    base = _FAR + number * 1000
    result: Rows = {}
    for table, originals in rows.items():
        copies = []
        for position, original in enumerate(originals):
            row = dict(original)
            if "id" in row:
                row["id"] = base + position
            for key in _KEYS:
                if row.get(key) is not None:
                    row[key] = base + (position if key == "history_id" else 0)
            copies.append(row)
        result[table] = copies
    document = result[Document][0]
    document["number"], document["sequence_no"] = f"RAW-{number}", base
    return result


class RawWriter:
    """Bare statements of the driver with values that lie ready, one transaction for each invoice."""

    def __init__(self, store: Store, rows: Rows, count: int) -> None:
        dialect = store.engine.dialect
        texts, binders = {}, {}
        for table in rows:
            columns = table.__table__.columns
            marks = ", ".join("?" for _ in columns)
            texts[table] = f"INSERT INTO {table.__tablename__} ({', '.join(c.name for c in columns)}) VALUES ({marks})"
            binders[table] = [(c.name, c.type.dialect_impl(dialect).bind_processor(dialect)) for c in columns]
        self._ready = [
            [
                (
                    texts[table],
                    [tuple(bind(row[name]) if bind else row[name] for name, bind in binders[table]) for row in copies],
                )
                for table, copies in copied(rows, number).items()
            ]
            for number in range(count)
        ]
        self._connection = store.engine.raw_connection()
        self._cursor = self._connection.cursor()

    def __call__(self, number: int) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")
        self._cursor.execute("PRAGMA defer_foreign_keys=ON")
        for text, values in self._ready[number]:
            self._cursor.executemany(text, values)
        self._cursor.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def orm_writer(store: Store, rows: Rows) -> Callable[[int], None]:
    """A plain session that adds the entities; the document without its number, which its lines would not be let behind."""
    engine = store.engine.execution_options(begin="IMMEDIATE")

    def write(number: int) -> None:
        copies = copied(rows, number)
        copies[Document][0] |= {"number": None, "sequence_no": None}
        with Session(engine) as session, session.begin():
            session.add_all(table(**row) for table, rows_of_table in copies.items() for row in rows_of_table)

    return write
