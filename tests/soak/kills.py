"""kill -9 at random moments: a child works on a book, dies, and the book must be whole and hold what was promised."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.backup import backup, verify
from services.errors import UserError
from tests.soak.books import clock, copy_book, faults_in, new_book, opened
from tests.soak.power_cuts import BOOK, faults_after
from tests.soak.workloads import BEGUN, lines_of, start

USUAL_S = 0.3
LONGEST_S = {"new": 1.2, "restore": 0.6, "import": 1.5}
MOST_S = 5.0
"""A child is killed within this time after it has begun; longer, up to the most, where it got nothing done by then."""
START_S = 60
NAMES = ("customers", "issue", "import", "backup", "restore", "new")


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    kills: int
    promises: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"kills, {self.name}: {self.kills} kills, {self.promises} promises, {len(self.faults)} faults" + "".join(
            f"\n  {fault}" for fault in self.faults[:5]
        )


def run(seed: int, kills: int, workloads: Sequence[str]) -> list[Outcome]:
    with tempfile.TemporaryDirectory(prefix="throughline-kills-") as folder:
        template = Path(folder) / "template"
        new_book(str(template))
        return [_run(name, seed, kills, template) for name in workloads]


def _run(name: str, seed: int, kills: int, template: Path) -> Outcome:
    dice = random.Random(f"{name}{seed}")
    faults: list[str] = []
    promises = 0
    with tempfile.TemporaryDirectory(prefix="throughline-kill-") as made:
        folder = Path(made).resolve()
        book = folder / BOOK
        copy_book(template, book)
        if name == "restore":
            _back_up(book)
        said: list[str] = []
        longest = LONGEST_S.get(name, USUAL_S)
        for kill in range(kills):
            told = _work_and_die(name, book, seed * 1000 + kill, dice.random() * longest)
            longest = min(longest * 1.3, MOST_S) if not told else longest
            promises += len(told)
            said += told
            found = _faults(name, folder, [] if name == "restore" else said)
            faults += [f"kill {kill}: {fault}" for fault in found]
            if found:
                copy_book(template, book)
                said.clear()
            _tidy(folder)
    return Outcome(name, kills, promises, tuple(faults))


def _back_up(book: Path) -> None:
    store = opened(str(book))
    try:
        backup(store, book.with_name("kept.backup"))
    finally:
        store.close()


def _work_and_die(name: str, book: Path, seed: int, seconds: float) -> list[str]:
    """The lines that the child told before it died. The clock starts when it begins its work."""
    child = start(name, str(book), seed)
    if not child.told.poll(START_S):
        raise RuntimeError(f"The workload {name} did not begin.")
    child.process.join(seconds)
    is_working = child.process.is_alive()
    child.process.kill()
    told = lines_of(child)
    child.process.join()
    if not is_working:
        raise RuntimeError(f"The workload {name} ended by itself.")
    return [line for line in told if line != BEGUN]


def _faults(name: str, folder: Path, said: list[str]) -> list[str]:
    faults = faults_after(folder, said, folder)
    if name == "new":
        faults += [fault for path in sorted(folder.glob("*.new-*[0-9]")) for fault in _half_a_book(path, said)]
    kept = folder / "kept.backup"
    if kept.exists():
        faults += verify(kept, clock=clock).problems
    return faults


def _half_a_book(path: Path, said: list[str]) -> list[str]:
    """A book that was promised is whole; one that was not is whole or does not open, in a sentence. Never half a book."""
    is_promised = f"book {path}" in said
    try:
        store = opened(str(path))
    except UserError as error:
        return [f"{path.name} was promised: {error}"] if is_promised else []
    try:
        with store.reading() as work:
            has_owner = not work.actor.is_system
        return faults_in(str(path)) if has_owner else [f"{path.name} opens, but has no owner: half a book"]
    except UserError as error:
        return [f"{path.name} opens, but is half a book: {error}"]
    finally:
        store.close()


def _tidy(folder: Path) -> None:
    """What the dead left: kept so long that the next child met it, now taken away."""
    for path in folder.iterdir():
        if path.name.endswith(".part") or ".new-" in path.name or ".before-restore-" in path.name:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
