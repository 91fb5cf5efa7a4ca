"""Books for the long runs, and the question that ends every run: is everything whole?"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, func, select

from models.billing import Document
from models.organisation import Company, NumberSeries
from services import backup, chain
from services.book import create, open_book
from services.contents import faults_of
from services.organisation.founding import CompanyDraft, UserDraft, add_user, found_company
from services.store import Store

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
LEFT_BESIDE = ("-wal", "-shm", "-journal", "-lock")


def clock() -> dt.datetime:
    return NOW


def new_book(book: str) -> None:
    """A book of one company in Dubai with its owner."""
    store = create(book, clock=clock)
    try:
        with store.writing() as work:
            found_company(work, CompanyDraft(name="Soak", country="AE", state="DXB", tax_id="100000000000003"))
            add_user(work, UserDraft(name="Olga Owner", role="owner"))
    finally:
        store.close()


def copy_book(template: Path, target: Path) -> None:
    """A closed book's file, under another name and without what an earlier one left beside it."""
    for end in LEFT_BESIDE:
        target.with_name(target.name + end).unlink(missing_ok=True)
    shutil.copyfile(template, target)


def opened(book: str) -> Store:
    return open_book(book, clock=clock)


def faults_in(book: str) -> list[str]:
    """Everything that is not as it must be, in sentences; empty for a whole book."""
    store = opened(book)
    try:
        found = [f"{name} had to be made again" for name in store.mended]
        with store.engine.connect() as connection:
            is_file = connection.dialect.name == "sqlite"
            found += faults_of(connection) if is_file else chain.broken_links(connection)
            found += _gaps(connection)
        return found + backup.failed_checks(store)
    finally:
        store.close()


def _gaps(connection: Connection) -> Iterator[str]:
    """I23 to I25: in each series 1, 2, 3 ... up to the counter, once each."""
    if connection.scalar(select(func.count()).select_from(Company)) == 0:
        return
    series = connection.execute(select(NumberSeries.id, NumberSeries.next_no, NumberSeries.kind)).all()
    for series_id, next_no, kind in series:
        taken = connection.scalars(
            select(Document.sequence_no).where(Document.series_id == series_id).order_by(Document.sequence_no)
        ).all()
        if kind != "payment" and list(taken) != list(range(1, next_no)):
            yield f"series {series_id} counts {next_no - 1} numbers, but holds {len(taken)}"


def numbers_in(book: str) -> set[str]:
    store = opened(book)
    try:
        with store.engine.connect() as connection:
            return {str(number) for number in connection.scalars(select(Document.number)) if number}
    finally:
        store.close()


def ordinal(name: str) -> int:
    """The number at the end of a name."""
    found = re.search(r"(\d+)$", name)
    return int(found[1]) if found else 0
