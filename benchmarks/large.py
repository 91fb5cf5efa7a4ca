"""Reading a large book: search, the newest invoices, the ageing; and how fast it was filled."""

from __future__ import annotations

import random
import time
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.table import Row
from benchmarks.trial import clock, counted, new_book, timed
from models.billing import Document
from models.customers import Customer
from models.exchange import SearchEntry
from services import book
from services.billing.queries import INVOICES
from services.filling import fill
from services.listing import Asked, rows
from services.reports.report import run
from services.search.queries import find
from services.store import Store

WORDS = 200


def filled(folder: Path, *, is_small: bool) -> tuple[Store, list[Row]]:
    """A book of 20,000 customers and 40,000 invoices, about 100,000 things to find; small: a twentieth of it."""
    customers, invoices = (1_000, 2_000) if is_small else (20_000, 40_000)
    store = new_book(folder / "large.throughline")
    started = time.perf_counter()
    fill(store, customers, invoices)
    seconds = time.perf_counter() - started
    goal = 900 * invoices / 1_000_000
    return store, [Row(f"fill {invoices:,} invoices", seconds, "s", "", f"{goal:.3g} s (900 s for 1M)", None)]


def opened(path: Path) -> Store:
    return book.open_book(str(path), clock=clock)


def measure(store: Store) -> list[Row]:
    with store.reading() as work:
        invoices = work.session.scalar(select(func.count()).select_from(Document)) or 0
        entries = work.session.scalar(select(func.count()).select_from(SearchEntry)) or 0
    is_huge = invoices > 200_000
    words = _words(store)
    found = timed(lambda number: _find(store, words[number % len(words)]), len(words))
    newest = timed(lambda _: _newest(store), 30)
    with counted(store.engine) as statements:
        _newest(store)
    ageing = timed(lambda _: _ageing(store), 5, warm=1)
    limit_ms, ageing_ms = (10, 200) if is_huge else (5, 20 * max(invoices / 20_000, 1))
    return [
        Row(f"search, {entries:,} entries, p95", found.percentile_ms(95), "ms", "28-173 ms", f"{limit_ms} ms", found.percentile_ms(95) <= limit_ms),
        Row("  the same, median", found.percentile_ms(50), "ms"),
        Row("  the same, processor time of one", found.cpu_ms, "ms"),
        Row(f"50 newest of {invoices:,} invoices", newest.percentile_ms(50), "ms", "50 ms at 20k", "5 ms", newest.percentile_ms(50) <= 5),
        Row("  the same, processor time", newest.cpu_ms, "ms"),
        Row("  the same, statements", statements.statements, ""),
        Row(f"ageing by customer, {invoices:,} invoices", ageing.percentile_ms(50), "ms", "304 ms at 20k", f"{ageing_ms:g} ms", ageing.percentile_ms(50) <= ageing_ms),
    ]  # fmt: skip


def _words(store: Store) -> list[str]:
    """What people type: parts of names, numbers, codes, phones, e-mails, and some that are nowhere."""
    dice = random.Random(1)
    with store.reading() as work:
        last = work.session.scalar(select(func.max(Customer.id))) or 1
        known = work.session.execute(
            select(Customer.display_name, Customer.code, Customer.phone, Customer.email).where(
                Customer.id.in_([dice.randrange(1, last + 1) for _ in range(WORDS)])
            )
        ).all()
        numbers = work.session.scalars(select(Document.number).order_by(Document.id.desc()).limit(40)).all()
    words = [str(number) for number in numbers]
    for position, row in enumerate(known):
        words.append((row.display_name, row.code, row.phone, row.email, row.display_name[:4])[position % 5] or "acme")
    return [*words, "nowhere to be found", "zzz"]


def _find(store: Store, word: str) -> None:
    with store.reading() as work:
        find(work, word)


def _newest(store: Store) -> None:
    with store.reading() as work:
        rows(work, INVOICES, Asked(limit=50))


def _ageing(store: Store) -> None:
    with store.reading() as work:
        run(work, "receivables-ageing")
