"""Books for tests: real files, copied from a template that `alembic upgrade head` made once for each process."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services import book
from services.journey.founding import found_book
from services.organisation.founding import CompanyDraft
from services.store import Store
from tests.postgres import drop_database, fresh_database, needed_server, pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]  # a hook that pytest finds here

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

NOW = dt.datetime(2026, 3, 14, 9, 0, tzinfo=dt.UTC)
EMIRATES = CompanyDraft(
    name="Acme Trading LLC",
    country="AE",
    tax_id="100000000000003",
    state="DXB",
    address="12 Marina Walk, Dubai, 00000",
)
INDIA = CompanyDraft(
    name="Lotus Design Private Limited",
    country="IN",
    tax_id="29AABCU9603R1ZJ",
    address="14 MG Road, Bengaluru, 560001",
)


@pytest.fixture(autouse=True)
def no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """A warning or an error in a log fails the test, unless the test asks for `caplog` and so looks at it itself."""
    if "caplog" in request.fixturenames:
        yield
        return
    seen = _Unexpected()
    logging.getLogger().addHandler(seen)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(seen)
    if seen.lines:
        pytest.fail("unexpected log lines:\n" + "\n".join(seen.lines), pytrace=False)


class _Unexpected(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "psycopg" and "pipeline aborted" in record.getMessage():
            return  # the driver says so of a transaction that a guard refused; the refusal itself is what a test asserts
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def to(self, text: str) -> None:
        self.now = dt.datetime.fromisoformat(text).astimezone(dt.UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _found(where: str, clock: Clock, company: CompanyDraft) -> None:
    book.create(where, clock=clock, is_trial=True, found=lambda work: found_book(work, company)).close()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[CompanyDraft], Path]:
    """The file of a fresh book of a company, made once."""
    folder = tmp_path_factory.mktemp("templates")
    made: dict[CompanyDraft, Path] = {}

    def template(company: CompanyDraft) -> Path:
        if company not in made:
            path = folder / f"{len(made)}.throughline"
            _found(str(path), Clock(), company)
            made[company] = path
        return made[company]

    return template


@pytest.fixture
def book_path(tmp_path: Path, templates: Callable[[CompanyDraft], Path]) -> Path:
    """The file of an Emirati book that nobody has open."""
    path = tmp_path / "acme.throughline"
    shutil.copyfile(templates(EMIRATES), path)
    return path


@pytest.fixture
def store(book_path: Path, clock: Clock) -> Iterator[Store]:
    """An Emirati company; the actor is its owner."""
    opened = book.open_book(str(book_path), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def india(tmp_path: Path, clock: Clock, templates: Callable[[CompanyDraft], Path]) -> Iterator[Store]:
    """A company in Karnataka; the actor is its owner."""
    path = tmp_path / "lotus.throughline"
    shutil.copyfile(templates(INDIA), path)
    opened = book.open_book(str(path), clock=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """The URL of a database with a fresh Emirati book, with no connection to it."""
    url = fresh_database(needed_server())
    _found(url, Clock(), EMIRATES)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.both)])
def any_store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Store]:
    """The Emirati book on SQLite and again on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    server = needed_server()
    url = fresh_database(server, template=request.getfixturevalue("postgres_template"))
    opened = book.open_book(url, clock=clock)
    yield opened
    opened.close()
    drop_database(server, url)
