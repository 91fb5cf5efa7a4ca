"""Codes of records such as C-0001: readable, unique, in order. Gaps are allowed; documents are numbered elsewhere."""

from __future__ import annotations

from sqlalchemy import select

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
        counter = CodeCounter(prefix=prefix, next_no=1)
        work.session.add(counter)
    first = counter.next_no
    counter.next_no = first + count
    return [f"{prefix}-{number:04d}" for number in range(first, first + count)]
