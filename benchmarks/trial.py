"""Books to measure on, and how a figure is taken: everything switched on, FULL, on the disk that is there."""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, event

from services import book
from services.journey.founding import found_book
from services.organisation.founding import CompanyDraft
from services.store import Store

NOW = dt.datetime(2026, 3, 14, 9, 0, tzinfo=dt.UTC)
ACME = CompanyDraft(
    name="Acme Trading LLC",
    country="AE",
    tax_id="100000000000003",
    state="DXB",
    address="12 Marina Walk, Dubai, 00000",
)


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of each of some equal steps, in order of length."""

    seconds: list[float]
    cpu_seconds: float
    """Of this process, for all of them: what is left of a figure on a machine that others use too."""

    @property
    def per_second(self) -> float:
        return len(self.seconds) / sum(self.seconds)

    @property
    def cpu_ms(self) -> float:
        """Of one step."""
        return 1000 * self.cpu_seconds / len(self.seconds)

    def percentile_ms(self, percent: int) -> float:
        return 1000 * self.seconds[min(len(self.seconds) - 1, len(self.seconds) * percent // 100)]


def clock() -> dt.datetime:
    return NOW


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for a book, on a disk rather than in memory where that can be chosen: a sync must be a sync."""
    place = os.environ.get("THROUGHLINE_BENCH_DIR")
    with tempfile.TemporaryDirectory(prefix="throughline-bench-", dir=place) as name:
        yield Path(name)


def new_book(path: Path) -> Store:
    """A fresh book of one Emirati company, opened by its owner."""
    store = book.create(str(path), clock=clock, is_trial=True)
    with store.writing() as work:
        found_book(work, ACME)
    store.close()
    return book.open_book(str(path), clock=clock)


def timed(step: Callable[[int], object], count: int, *, warm: int = 5) -> Timed:
    """Carry out `step(0)` .. `step(warm + count - 1)`; the first `warm` are not counted."""
    for number in range(warm):
        step(number)
    seconds = []
    cpu = time.process_time()
    for number in range(warm, warm + count):
        started = time.perf_counter()
        step(number)
        seconds.append(time.perf_counter() - started)
    return Timed(sorted(seconds), time.process_time() - cpu)


def once(step: Callable[[], object]) -> float:
    """Seconds that `step` takes."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


@dataclass(slots=True)
class Counter:
    statements: int = 0


@contextmanager
def counted(engine: Engine) -> Iterator[Counter]:
    """How many statements go to the database inside the block."""
    counter = Counter()

    def seen(*_arguments: object) -> None:
        counter.statements += 1

    event.listen(engine, "before_cursor_execute", seen)
    try:
        yield counter
    finally:
        event.remove(engine, "before_cursor_execute", seen)


def machine() -> str:
    """What the figures were taken on, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    free = shutil.disk_usage(tempfile.gettempdir()).free // 10**9
    return f"{platform.system()}, {cores} cores{load}, Python {platform.python_version()}, {book.driver_version()}, {free} GB free"
