"""Books for the long runs, and the question that ends every run: is everything whole?"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from models.billing import Document, Payment
from models.organisation import NumberSeries
from services import backup, chain
from services.book import create, open_book
from services.contents import faults_of
from services.journey.founding import found_book
from services.organisation.founding import CompanyDraft
from services.store import Store

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
COMPANY = CompanyDraft(
    name="Soak", country="AE", state="DXB", tax_id="100000000000003", address="1 Sheikh Zayed Road, Dubai"
)
LEFT_BESIDE = ("-wal", "-shm", "-journal", "-lock")


def clock() -> dt.datetime:
    return NOW


def new_book(book: str) -> None:
    """A book of one company in Dubai with its owner, made as `new` makes it."""
    create(book, clock=clock, found=lambda work: found_book(work, COMPANY, owner="Olga Owner")).close()


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
    series = connection.execute(select(NumberSeries.id, NumberSeries.next_no, NumberSeries.kind)).all()
    for series_id, next_no, kind in series:
        table = Payment if kind == "payment" else Document
        taken = connection.scalars(
            select(table.sequence_no).where(table.series_id == series_id).order_by(table.sequence_no)
        ).all()
        if list(taken) != list(range(1, next_no)):
            yield f"series {series_id} ({kind}) counts {next_no - 1} numbers, but holds {len(taken)}"
