"""Codes of records such as C-0001: readable, unique, in order. Gaps are allowed; documents are numbered elsewhere."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models.organisation import CodeCounter
from services.store import Work


def next_code(work: Work, prefix: str) -> str:
    return next_codes(work, prefix, 1)[0]


def next_codes(work: Work, prefix: str, count: int) -> list[str]:
    """`count` codes in a row; the counter stays locked until the transaction ends."""
    if count == 0:
        return []
    query = select(CodeCounter).where(CodeCounter.prefix == prefix).with_for_update()
    counter = work.session.scalar(query)
    if counter is None:
        _start(work, prefix)
        counter = work.session.scalars(query).one()
    first = counter.next_no
    counter.next_no = first + count
    return [f"{prefix}-{number:04d}" for number in range(first, first + count)]


def _start(work: Work, prefix: str) -> None:
    """Two writers may want the first code at once: one makes the counter, the other waits and finds it."""
    connection = work.session.connection()
    dialect_insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    statement = dialect_insert(CodeCounter).values(prefix=prefix, next_no=1)
    connection.execute(statement.on_conflict_do_nothing())
