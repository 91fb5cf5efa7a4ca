"""`main.py --self-test`: what a packaged program proves of itself before anybody relies on it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from models.values.money import Money
from services import book, health
from services.billing.words import amount_in_words
from services.journey.founding import found_book
from services.organisation.founding import CompanyDraft
from services.printing import Brand, DocumentView, render
from services.resources import resource
from services.store import Clock

FIRM = CompanyDraft(name="Self Test", country="AE", state="DXB", address="1 Test Street, Dubai")


def self_test(*, clock: Clock) -> int:
    """Each part in turn; a line for each, exit code 1 at the first that fails."""
    with tempfile.TemporaryDirectory() as folder:
        steps: tuple[tuple[str, Callable[[], object]], ...] = (
            ("database", lambda: _book(Path(folder) / "test.throughline", clock)),
            ("paper and fonts", _paper),
            ("data files", lambda: resource("charts/ae.json")),
            ("time zones", lambda: ZoneInfo("Asia/Kolkata")),
            ("amounts in words", lambda: amount_in_words(Money.of("1234.50", "AED"))),
        )
        for name, step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001 - a self-test reports whatever is wrong
                sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
                return 1
            sys.stdout.write(f"{name}: ok\n")
    sys.stdout.write(f"SQLite: {book.driver_version()}\n")
    return 0


def _book(path: Path, clock: Clock) -> None:
    store = book.create(str(path), clock=clock, found=lambda work: found_book(work, FIRM))
    try:
        wrong = [one.name for one in health.check(store) if not one.ok]
        if wrong:
            raise AssertionError(f"the check of a new book names {', '.join(wrong)}")
    finally:
        store.close()


def _paper() -> None:
    view = {"kind": "invoice", "title": "Invoice", "number": "TEST-1", "currency": "AED"}
    if not render(DocumentView.from_json(view), Brand()).startswith(b"%PDF-"):
        raise AssertionError("the paper is no PDF")
