"""What a book holds, in figures that a person can compare, and whether its file is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from models import guards
from models.all import Base
from models.billing import Document, Payment
from models.ledger import Posting
from models.organisation import Book, Company, NumberSeries
from models.values.money import Money
from services import chain, schema
from services.database import APPLICATION_ID, sqlite_driver

MANY = 20


@dataclass(frozen=True, slots=True)
class Contents:
    """`chain_head` is hexadecimal; `counts` are rows by table; `totals` are amounts as text, by what and currency;
    `last_numbers` are the last number of each series by "kind fiscal-year #series".
    """

    book: str
    companies: tuple[str, ...]
    schema: str
    chain_head: str
    last_id: int
    counts: dict[str, int]
    totals: dict[str, str]
    last_numbers: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"companies": list(self.companies)}


def frozen_engine(path: Path) -> Engine:
    """Opens a SQLite file that nothing writes to: no lock, no -wal, no byte of it changed."""
    driver = sqlite_driver()
    uri = path.absolute().as_uri() + "?mode=ro&immutable=1"

    def open_file() -> Any:
        return driver.connect(uri, uri=True, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", module=driver, creator=open_file, poolclass=NullPool)
    event.listen(engine, "connect", _distrust)
    return engine


def _distrust(dbapi: Any, _record: Any) -> None:
    cursor = dbapi.cursor()
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}").fetchall()
    cursor.close()


def contents_of(connection: Connection) -> Contents:
    last_id, head = chain.head_of(connection)
    return Contents(
        book=str(connection.scalar(select(Book.uuid))),
        companies=tuple(connection.scalars(select(Company.legal_name).order_by(Company.id))),
        schema=schema.revision_of(connection) or "",
        chain_head=head.hex(),
        last_id=last_id,
        counts={
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        },
        totals=dict(_totals(connection)),
        last_numbers=dict(_last_numbers(connection)),
    )


def _totals(connection: Connection) -> Iterator[tuple[str, str]]:
    kinds = connection.execute(
        select(Document.kind, Document.currency, func.sum(Document.payable_minor), func.sum(Document.balance_minor))
        .where(Document.number.is_not(None))
        .group_by(Document.kind, Document.currency)
        .order_by(Document.kind, Document.currency)
    )
    for kind, currency, payable, balance in kinds:
        yield f"{kind} {currency}", _amount(payable, currency)
        if balance:
            yield f"{kind} {currency} open", _amount(balance, currency)
    payments = connection.execute(
        select(Payment.currency, func.sum(Payment.amount_minor)).group_by(Payment.currency).order_by(Payment.currency)
    )
    for currency, amount in payments:
        yield f"payment {currency}", _amount(amount, currency)
    postings = connection.execute(
        select(Posting.currency, func.sum(func.abs(Posting.amount_minor)))
        .group_by(Posting.currency)
        .order_by(Posting.currency)
    )
    for currency, amount in postings:
        yield f"postings {currency}", _amount(amount, currency)


def _amount(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).amount:f}"


def _last_numbers(connection: Connection) -> Iterator[tuple[str, str]]:
    for table in (Document, Payment):
        last = (
            select(table.series_id, func.max(table.sequence_no))
            .where(table.sequence_no.is_not(None))
            .group_by(table.series_id)
        )
        rows = connection.execute(
            select(table.series_id, NumberSeries.kind, NumberSeries.fiscal_year, table.number)
            .join(NumberSeries, NumberSeries.id == table.series_id)
            .where(tuple_(table.series_id, table.sequence_no).in_(last))
            .order_by(table.series_id)
        )
        for series, kind, year, number in rows:
            yield f"{kind} {year} #{series}", str(number)


def faults_of(connection: Connection) -> list[str]:
    """What is wrong with the file of a book, in sentences; empty for a whole one. Reads every page of it."""
    try:
        return list(_faults(connection))
    except (DBAPIError, ValueError, LookupError) as error:
        cause = getattr(error, "orig", error)
        return [f"The file is damaged: {str(cause).splitlines()[0]}."]


def _faults(connection: Connection) -> Iterator[str]:
    for (text,) in connection.exec_driver_sql(f"PRAGMA integrity_check({MANY})"):
        if text != "ok":
            yield f"SQLite finds damage: {text}."
    mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
    if mark != APPLICATION_ID:
        yield "The file is not marked as a book of Throughline."
    for table, row_id, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MANY):
        yield f"Row {row_id} of {table} points to a missing row of {parent}."
    for name in guards.missing_triggers(connection):
        yield f"The guard {name} is missing or was altered."
    for name in guards.foreign_triggers(connection):
        yield f"The trigger {name} is not of this program."
    yield from chain.broken_links(connection)
