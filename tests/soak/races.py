"""Many processes issue at once, some are killed, some give up after they have their number: no gap, no twin, no wait."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select

from models.billing import Document
from services.store import Work
from tests.soak import sales
from tests.soak.books import faults_in, opened
from tests.soak.workloads import Child, lines_of, start, tell

KILL_EVERY_S = 1.5
START_S = 60
LIMIT_S = 0.5
"""How long a writer on SQLite may wait at most (reliability.md)."""


class GivenUp(Exception):
    """The person thought better of it, after the number was taken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`worst_s` and `middle_s` are the longest and the median time of one command, waiting for its turn included."""

    name: str
    processes: int
    seconds: float
    issued: int
    kills: int
    rollbacks: int
    middle_s: float
    worst_s: float
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"races, {self.name}: {self.issued} issued by {self.processes} processes in {self.seconds:.0f} s "
            f"({self.issued / self.seconds:.0f}/s), {self.kills} kills, {self.rollbacks} rollbacks, one command takes "
            f"{self.middle_s * 1000:.0f} ms in the middle and {self.worst_s * 1000:.0f} ms at worst, "
            f"{len(self.faults)} faults" + "".join(f"\n  {fault}" for fault in self.faults[:5])
        )


def racer(book: str, seed: int, rounds: int) -> None:
    """Drafts and issues in one unit of work; one in ten is given up. Tells `number N`, `gave up`, `took SECONDS`."""
    store, dice = opened(book), random.Random(seed * 1_000_003 + os.getpid())
    for _ in range(rounds):
        gives_up = dice.random() < 0.1
        begun = time.perf_counter()
        try:
            number = store.perform("invoice.issue", partial(_issue, stop=gives_up))
            tell(f"number {number}")
        except GivenUp:
            tell("gave up")
        tell(f"took {time.perf_counter() - begun:.6f}")
    store.close()


def _issue(work: Work, *, stop: bool) -> str:
    number = sales.issue(work, sales.draft_invoice(work, 10_000))
    if stop:
        raise GivenUp
    return number


def run(book: str, name: str, seed: int, seconds: float, processes: int = 8, *, is_timed: bool = True) -> Outcome:
    """The race in `book`, which has its company. `is_timed` counts a wait over the limit as a fault."""
    _prepare(book)
    dice = random.Random(seed)
    children = [start("race", book, seed) for _ in range(processes)]
    ended: list[Child] = []
    for child in children:
        child.told.poll(START_S)
    begun = time.monotonic()
    while (left := begun + seconds - time.monotonic()) > 0:
        victim = dice.randrange(processes)
        children[victim].process.join(min(left, KILL_EVERY_S * dice.random() * 2))
        if time.monotonic() < begun + seconds:
            children[victim].process.kill()
            ended.append(children[victim])
            children[victim] = start("race", book, seed + len(ended))
    told = _end(children, ended)
    return _judge(book, name, processes, seconds, len(ended), told, is_timed=is_timed)


def _prepare(book: str) -> None:
    store = opened(book)
    with store.writing() as work:
        sales.add_customer(work, "RACE")
    store.close()


def _end(children: Sequence[Child], ended: Sequence[Child]) -> list[str]:
    for child in children:
        child.process.kill()
    told = [line for child in (*ended, *children) for line in lines_of(child)]
    for child in (*ended, *children):
        child.process.join()
    return told


def _judge(
    book: str, name: str, processes: int, seconds: float, kills: int, told: Sequence[str], *, is_timed: bool
) -> Outcome:
    numbers = [line.removeprefix("number ") for line in told if line.startswith("number ")]
    times = [float(line.removeprefix("took ")) for line in told if line.startswith("took ")] or [0.0]
    faults = faults_in(book)
    if len(set(numbers)) < len(numbers):
        faults.append("a number was given twice")
    store = opened(book)
    with store.reading() as work:
        kept = {number for number in work.session.scalars(select(Document.number)) if number}
    store.close()
    lost = sorted(set(numbers) - kept)
    faults += [f"{number} was promised and is lost" for number in lost[:5]]
    if is_timed and max(times) > LIMIT_S:
        faults.append(f"one command took {max(times):.2f} s")
    return Outcome(
        name,
        processes,
        seconds,
        len(numbers),
        kills,
        sum(line == "gave up" for line in told),
        statistics.median(times),
        max(times),
        tuple(faults),
    )
