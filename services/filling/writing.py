"""Puts blocks of ready rows into the book: one transaction each, guards on, only where the chain has not moved."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from models.base import Entity
from models.billing import Document, DocumentLine, FrozenView, Payment, PaymentAllocation
from models.exchange import SearchEntry
from models.history import ChainHead, Event
from models.ledger import JournalEntry, Posting
from models.organisation import NumberSeries
from services.errors import Conflict
from services.filling.masters import Forms
from services.filling.setting import Block
from services.store import Store

NUMBERED: tuple[type[Entity], ...] = (Document, DocumentLine, Payment, PaymentAllocation, JournalEntry)
"""Tables whose ids the producer gives out, because history and other rows name them."""
WRITTEN: tuple[type[Entity], ...] = (*NUMBERED, FrozenView, Posting, Event, SearchEntry, NumberSeries)
CACHE_KIB = 262_144
USUAL_CACHE_KIB = 65_536
_NUMBER = 2
"""Where the number stands in a row of documents."""


class Writer:
    def __init__(self, store: Store, forms: Forms) -> None:
        self._store = store
        self._is_sqlite = store.engine.dialect.name == "sqlite"
        self._mark = "?" if self._is_sqlite else "%s"
        self._inserts = {
            "document_line": self._insert("document_line", forms.line_columns),
            "document": self._insert("document", forms.document_columns),
            "frozen_view": self._insert("frozen_view", ("document_id", "design", "sha256", "body")),
            "payment": self._insert("payment", forms.payment_columns),
            "payment_allocation": self._insert(
                "payment_allocation",
                "id payment_id document_id allocated_on amount_minor home_document_minor home_payment_minor "
                "released_at".split(),
            ),
            "journal_entry": self._insert(
                "journal_entry",
                "id company_id branch_id posted_on posted_at text source_kind source_id reverses_id digest".split(),
            ),
            "posting": self._insert(
                "posting", "entry_id account_id customer_id currency amount_minor home_minor".split()
            ),
            "event": self._insert("event", "at actor_id kind subject_kind subject_id details".split()),
            "search_entry": self._insert("search_entry", "kind record_id owner_id branch_id title words".split()),
            "history": self._insert("history", "id at actor_id batch table_name row_id action digest hash".split()),
            "history_value": self._insert("history_value", ("history_id", "salt", "changes")),
        }
        self._updates = {
            "document_paid": self._change("document", "paid_minor balance_minor home_balance_minor version".split()),
            "document_void": self._change(
                "document", "state voided_at void_reason balance_minor home_balance_minor version".split()
            ),
            "number_series": self._change("number_series", ("next_no", "last_issued_on")),
        }

    def write(self, block: Block) -> None:
        """Keep the block whole, or raise Conflict where somebody else wrote since it was made."""
        with self._store.writing() as work:
            connection = work.session.connection()
            head = connection.execute(select(ChainHead.last_id).where(ChainHead.id == 1).with_for_update()).scalar_one()
            if head != block.before:
                raise Conflict(
                    "Somebody else wrote in the book while it was being filled, so filling stopped. What was filled "
                    "until then is whole."
                )
            if self._is_sqlite:
                connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                self._many(connection, "document_line", block)
                self._many(connection, "document", block)
            else:
                self._documents_first(connection, block)
            for name in ("frozen_view", "payment", "payment_allocation", "journal_entry", "posting"):
                self._many(connection, name, block)
            for name in ("document_paid", "document_void", "event", "search_entry", "history", "history_value"):
                self._many(connection, name, block)
            self._many(connection, "number_series", block)
            moved = {"last_id": block.head[0], "hash": block.head[1]}
            connection.execute(update(ChainHead).where(ChainHead.id == 1), moved)
            if not self._is_sqlite:
                self._move_sequences(connection, block)
            work.topics.update(table.topic for table in WRITTEN)

    def finish(self) -> None:
        """Give back what filling borrowed; let the search index and the planner tidy up."""
        if not self._is_sqlite:
            return
        with self._store.writing() as work:
            connection = work.session.connection()
            connection.exec_driver_sql("INSERT INTO search_fts(search_fts) VALUES ('optimize')")
            connection.exec_driver_sql(f"PRAGMA cache_size=-{USUAL_CACHE_KIB}")

    def _many(self, connection: Connection, name: str, block: Block) -> None:
        rows = block.rows[name]
        if rows:
            sql = self._inserts.get(name) or self._updates[name]
            connection.exec_driver_sql(sql, rows)

    def _documents_first(self, connection: Connection, block: Block) -> None:
        """PostgreSQL looks at links at once: documents as drafts, their lines, then their numbers."""
        documents = block.rows["document"]
        if not documents:
            return
        drafts = [(*row[:_NUMBER], None, *row[_NUMBER + 1 :]) for row in documents]
        connection.exec_driver_sql(self._inserts["document"], drafts)
        self._many(connection, "document_line", block)
        numbered = [(row[_NUMBER], row[0]) for row in documents]
        connection.exec_driver_sql(self._change("document", ("number",)), numbered)

    def _move_sequences(self, connection: Connection, block: Block) -> None:
        for table in NUMBERED:
            taken = block.next_ids[table.__tablename__] - 1
            if taken:
                connection.execute(select(func.setval(f"{table.__tablename__}_id_seq", taken)))

    def _insert(self, table: str, columns: Sequence[str]) -> str:
        marks = ", ".join([self._mark] * len(columns))
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of our own tables

    def _change(self, table: str, columns: Sequence[str]) -> str:
        sets = ", ".join(f"{name} = {self._mark}" for name in columns)
        return f"UPDATE {table} SET {sets} WHERE id = {self._mark}"  # noqa: S608 - names of our own tables
