"""The short form of `python3 dev.py soak races`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import postgres
from tests.soak import races
from tests.soak.books import new_book

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        sys.platform == "win32", reason="Windows cannot fork a prepared process; the soak runs elsewhere"
    ),
]


def test_eight_processes_number_without_a_gap_on_sqlite(tmp_path: Path) -> None:
    """How long one waits is a matter of the machine: measured by the soak, here only bounded against starving."""
    book = str(tmp_path / "race.throughline")
    new_book(book)
    outcome = races.run(book, "SQLite", 5, 4.0, is_timed=False)
    assert outcome.faults == ()
    assert outcome.issued > 20
    assert outcome.kills > 0
    assert outcome.worst_s < 5


def test_eight_processes_number_without_a_gap_on_postgresql() -> None:
    server = postgres.needed_server()
    book = postgres.fresh_database(server)
    try:
        new_book(book)
        outcome = races.run(book, "PostgreSQL", 5, 4.0, is_timed=False)
    finally:
        postgres.drop_database(server, book)
    assert outcome.faults == ()
    assert outcome.issued > 20
    assert outcome.kills > 0
