"""Keeps the search index in the unit of work that changes a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from models.base import Entity
from models.billing import Document, Payment
from models.catalogue import Item
from models.customers import Contact, Customer
from models.exchange import SearchEntry
from models.sales import Deal
from models.values.money import Money
from models.values.text import folded
from services.bulk import insert_rows
from services.store import Work

CHUNK = 500
_FOLLOWING = ("owner_id", "branch_id", "title", "words")
"""What of an entry may change."""


@dataclass(frozen=True, slots=True)
class Source:
    """How records of one table are found: which columns are read, and what words and title they give."""

    kind: str
    table: str
    query: Select[*tuple[Any, ...]]
    key: Any
    entry: Callable[[Any], tuple[str, Sequence[str | None]]]

    @property
    def columns(self) -> frozenset[str]:
        """What the entry is made of; all of it is kept by the history."""
        return frozenset(column.key for column in self.query.selected_columns if column.key is not None)


def _digits(phone: str | None) -> str | None:
    return "".join(char for char in phone if char.isdigit()) if phone else None


SOURCES: dict[type[Entity], Source] = {
    Customer: Source(
        "customer",
        "customer",
        select(
            Customer.id,
            Customer.owner_id,
            Customer.branch_id,
            Customer.code,
            Customer.display_name,
            Customer.legal_name,
            Customer.tax_id,
            Customer.email,
            Customer.phone,
        ),
        Customer.id,
        lambda r: (r.display_name, (r.code, r.display_name, r.legal_name, r.tax_id, r.email, _digits(r.phone))),
    ),
    Contact: Source(
        "contact",
        "contact",
        select(
            Contact.id,
            Contact.owner_id,
            Contact.first_name,
            Contact.last_name,
            Contact.email,
            Contact.phone,
            Contact.mobile,
        ),
        Contact.id,
        lambda r: (
            f"{r.first_name} {r.last_name}".strip(),
            (r.first_name, r.last_name, r.email, _digits(r.phone), _digits(r.mobile)),
        ),
    ),
    Item: Source(
        "item",
        "item",
        select(Item.id, Item.owner_id, Item.code, Item.name, Item.hsn),
        Item.id,
        lambda r: (r.name, (r.code, r.name, r.hsn)),
    ),
    Deal: Source(
        "deal",
        "deal",
        select(Deal.id, Deal.owner_id, Deal.branch_id, Deal.code, Deal.name, Deal.po_number),
        Deal.id,
        lambda r: (r.name, (r.code, r.name, r.po_number)),
    ),
    Document: Source(
        "document",
        "document",
        select(
            Document.id,
            Document.owner_id,
            Document.branch_id,
            Document.number,
            Document.po_number,
            Document.payable_minor,
            Document.currency,
        ),
        Document.id,
        lambda r: (r.number or "", (r.number, r.po_number, str(Money(r.payable_minor, r.currency)))),
    ),
    Payment: Source(
        "payment",
        "payment",
        select(
            Payment.id,
            Payment.owner_id,
            Payment.branch_id,
            Payment.number,
            Payment.reference,
            Payment.amount_minor,
            Payment.currency,
        ),
        Payment.id,
        lambda r: (r.number, (r.number, r.reference, str(Money(r.amount_minor, r.currency)))),
    ),
}
"""Add a table here and its records are found; a test makes one of each and looks for it."""


def keep(work: Work, changed: Mapping[type[Entity], set[int]]) -> None:
    """Bring the index entries of the changed records up to date. The store calls it before each commit."""
    for table, ids in changed.items():
        source = SOURCES.get(table)
        if source is not None:
            ordered = sorted(ids - _unconcerned(work, source, ids))
            for start in range(0, len(ordered), CHUNK):
                work.breathe()
                _keep(work, source, ordered[start : start + CHUNK])


def _unconcerned(work: Work, source: Source, ids: set[int]) -> set[int]:
    """Known records that changed in columns alone that the index does not hold, as when an invoice is paid."""
    columns = source.columns
    return {
        record_id
        for (table, record_id), change in work.pending.rows.items()
        if table == source.table
        and record_id in ids
        and change.action == "update"
        and columns.isdisjoint(change.values)
        and not work.is_new_row(table, record_id)
    }


def entries(source: Source, rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """The index entries of rows that `source.query` gave, by record id."""
    result = {}
    for row in rows:
        title, words = source.entry(row)
        result[row.id] = {
            "kind": source.kind,
            "record_id": row.id,
            "owner_id": row.owner_id,
            "branch_id": getattr(row, "branch_id", None),
            "title": title,
            "words": " " + " ".join(dict.fromkeys(folded(word) for word in words if word)),
        }
    return result


def _keep(work: Work, source: Source, ids: list[int]) -> None:
    connection = work.session.connection()
    wanted = entries(source, connection.execute(source.query.where(source.key.in_(ids))).all())
    if len(wanted) == len(ids) and work.pending.are_new(source.table, ids):
        insert_rows(connection, SearchEntry, list(wanted.values()))
        return
    present = {
        row.record_id: row
        for row in connection.execute(
            select(SearchEntry.id, SearchEntry.record_id, *(getattr(SearchEntry, name) for name in _FOLLOWING))
            .where(SearchEntry.kind == source.kind)
            .where(SearchEntry.record_id.in_(ids))
        )
    }
    added = [entry for record_id, entry in wanted.items() if record_id not in present]
    if added:
        connection.execute(insert(SearchEntry), added)
    gone = [row.id for record_id, row in present.items() if record_id not in wanted]
    if gone:
        connection.execute(delete(SearchEntry).where(SearchEntry.id.in_(gone)))
    for record_id, row in present.items():
        entry = wanted.get(record_id)
        if entry and any(entry[name] != getattr(row, name) for name in _FOLLOWING):
            connection.execute(update(SearchEntry).where(SearchEntry.id == row.id).values(**entry))
