"""Walks the history chain from its first link to its head (invariants I28 and I29)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from models.history import ChainHead, History, HistoryValue
from services import history

BLOCK = 5_000
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
    previous, expected = history.GENESIS, 0
    query = (
        select(
            History.id,
            History.at,
            History.actor_id,
            History.batch,
            History.table_name,
            History.row_id,
            History.action,
            History.digest,
            History.hash,
            HistoryValue.salt,
            HistoryValue.changes,
        )
        .outerjoin(HistoryValue, HistoryValue.history_id == History.id)
        .order_by(History.id)
        .execution_options(yield_per=BLOCK)
    )
    for row in connection.execute(query):
        expected += 1
        if row.id != expected:
            yield f"history: {expected} to {row.id - 1} are missing."
            expected = row.id
        facts = history.facts_of(row.at, row.actor_id, row.batch, row.table_name, row.row_id, row.action)
        if history.link(previous, row.id, facts, row.digest) != row.hash:
            yield f"history {row.id} ({row.action} of {row.table_name} {row.row_id}) does not fit the one before it."
        if row.salt is not None and history.digest_of(row.salt, row.changes) != row.digest:
            yield f"history {row.id} ({row.action} of {row.table_name} {row.row_id}): its values were altered."
        previous = row.hash
    yield from _loose_ends(connection, expected, previous)


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
