"""Walks the history chain from its first link to its head (invariants I28 and I29)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select, type_coerce
from sqlalchemy.types import NullType, TypeEngine

from models.history import ChainHead, History, HistoryValue
from services import history

BLOCK = 5_000
_AS_STORED: TypeEngine[Any] = NullType()
MANY = 20
"""After that many broken links the walk has said enough."""


def head_of(connection: Connection) -> tuple[int, bytes]:
    """(id of the last link, its hash). Raises sqlalchemy NoResultFound where the head itself is gone."""
    row = connection.execute(select(ChainHead.last_id, ChainHead.hash).where(ChainHead.id == 1)).one()
    return row.last_id, row.hash


def broken_links(connection: Connection) -> list[str]:
    """What does not fit, one sentence each, at most 20; empty for a whole chain."""
    found: list[str] = []
    for sentence in _walk(connection):
        found.append(sentence)
        if len(found) == MANY:
            break
    return found


def _walk(connection: Connection) -> Iterator[str]:
    """Read as the database gives it: a book has millions of rows, and most of a unit of work share their facts."""
    previous, expected = history.GENESIS, 0
    unit, start = None, ""
    query = (
        select(
            History.id,
            type_coerce(History.at, _AS_STORED),
            History.actor_id,
            History.batch,
            History.table_name,
            History.row_id,
            History.action,
            type_coerce(History.digest, _AS_STORED),
            type_coerce(History.hash, _AS_STORED),
            type_coerce(HistoryValue.salt, _AS_STORED),
            HistoryValue.changes,
        )
        .outerjoin(HistoryValue, HistoryValue.history_id == History.id)
        .order_by(History.id)
        .execution_options(yield_per=BLOCK)
    )
    for row in connection.execute(query):
        row_id, at, actor_id, batch, table, record_id, action, digest, found, salt, changes = row
        expected += 1
        if row_id != expected:
            yield f"history: {expected} to {row_id - 1} are missing."
            expected = row_id
        if (at, actor_id, batch) != unit:
            unit = (at, actor_id, batch)
            start = history.facts_of(_instant(at), actor_id, batch, "\0", 0, "").split("\0", 1)[0]
        if history.link(previous, row_id, f"{start}{table}|{record_id}|{action}", digest) != found:
            yield f"history {row_id} ({action} of {table} {record_id}) does not fit the one before it."
        if salt is not None and history.digest_of(salt, changes) != digest:
            yield f"history {row_id} ({action} of {table} {record_id}): its values were altered."
        previous = found
    yield from _loose_ends(connection, expected, previous)


def _instant(at: str | dt.datetime) -> dt.datetime:
    """SQLite keeps instants as text in UTC without saying so."""
    value = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value


def _loose_ends(connection: Connection, last: int, previous: bytes) -> Iterator[str]:
    heads = connection.execute(select(ChainHead.last_id, ChainHead.hash)).all()
    if len(heads) != 1:
        yield f"history: {len(heads)} heads instead of one."
        return
    if heads[0].last_id != last or heads[0].hash != previous:
        yield f"history: the head names {heads[0].last_id} as the last row, the chain ends with {last}."
    orphans = connection.scalar(
        select(func.count())
        .select_from(HistoryValue)
        .outerjoin(History, History.id == HistoryValue.history_id)
        .where(History.id.is_(None))
    )
    if orphans:
        yield f"history: {orphans} values belong to no row of the chain."
