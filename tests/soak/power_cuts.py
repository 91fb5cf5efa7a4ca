"""Simulated power cuts: what a child wrote is replayed up to a random moment, and what was not synced gets lost.

At each cut every file keeps what its last fsync covered. Of the writes after it a random part arrives, in sectors of
512 or 4,096 bytes, so that writes are lost, torn and out of order; of the names after the last fsync of the folder a
random beginning arrives. The book must then open, be whole, and hold everything that the child had promised.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from models.billing import Document, Payment
from models.customers import Customer
from models.exchange import ImportBatch
from services.backup import verify
from services.errors import UserError
from tests.soak.books import clock, copy_book, faults_in, new_book, opened
from tests.soak.recorder import Name, Recording, Resize, Said, Step, Sync, SyncFolder, Write, record
from tests.soak.workloads import ROOT, command_line

SECTORS = (512, 4096)
BOOK = "cut.throughline"
ROUNDS = {"customers": 150, "issue": 90, "backup": 9}
"""Workloads that are recorded, and how many rounds of each: enough for several checkpoints."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`faults` names each cut that lost or broke something."""

    name: str
    cuts: int
    promises: int
    steps: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"power cuts, {self.name}: {self.cuts} cuts in {self.steps:,} steps, {self.promises} promises, "
            f"{len(self.faults)} faults" + "".join(f"\n  {fault}" for fault in self.faults[:5])
        )


@dataclass(slots=True)
class _File:
    """`kept` is what its last fsync covered; `loose` came after it."""

    kept: bytearray
    loose: list[Write | Resize] = field(default_factory=list)


@dataclass(slots=True)
class Disk:
    """What would be found after a power cut at this moment."""

    files: dict[int, _File]
    names: dict[str, int]
    loose_names: list[Name] = field(default_factory=list)

    @classmethod
    def of(cls, recording: Recording) -> Disk:
        files = {number: _File(bytearray(content)) for number, (_, content) in enumerate(recording.before)}
        return cls(files, {name: number for number, (name, _) in enumerate(recording.before)})

    def take(self, step: Step) -> None:
        match step:
            case Write() | Resize():
                self._file(step.file).loose.append(step)
            case Sync():
                file = self._file(step.file)
                for change in file.loose:
                    _apply(file.kept, change)
                file.loose.clear()
            case Name():
                self.loose_names.append(step)
            case SyncFolder():
                for name in self.loose_names:
                    _rename(self.names, name)
                self.loose_names.clear()
            case Said():
                return

    def known_names(self) -> dict[str, int]:
        """The files by the names that programs see now, synced or not."""
        names = dict(self.names)
        for step in self.loose_names:
            _rename(names, step)
        return names

    def cut(self, dice: random.Random, folder: Path) -> None:
        """Write into the empty `folder` what one power cut may have left."""
        names = dict(self.names)
        for step in self.loose_names[: dice.randint(0, len(self.loose_names))]:
            _rename(names, step)
        share = dice.choice((0.0, 0.5, 0.9, 1.0, dice.random()))
        sector = dice.choice(SECTORS)
        for name, number in names.items():
            file = self._file(number)
            content = bytearray(file.kept)
            for change in _arrived(file.loose, share, sector, dice):
                _apply(content, change)
            (folder / name).write_bytes(content)

    def _file(self, number: int) -> _File:
        return self.files.setdefault(number, _File(bytearray()))


def _arrived(
    loose: Sequence[Write | Resize], share: float, sector: int, dice: random.Random
) -> Iterator[Write | Resize]:
    """A part of the changes. Of two to one sector the later may be lost and the earlier kept, as a disk does it."""
    for change in loose:
        if isinstance(change, Resize):
            if dice.random() < share:
                yield change
            continue
        start = change.offset
        while start < change.offset + len(change.content):
            end = min((start // sector + 1) * sector, change.offset + len(change.content))
            if dice.random() < share:
                yield Write(change.file, start, change.content[start - change.offset : end - change.offset])
            start = end


def _apply(content: bytearray, change: Write | Resize) -> None:
    if isinstance(change, Resize):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.content)] = change.content


def _rename(names: dict[str, int], step: Name) -> None:
    for name, number in step.changes:
        if number is None:
            names.pop(name, None)
        else:
            names[name] = number


def recording_of(workload: str, seed: int, rounds: int, folder: Path) -> Recording:
    """What the workload does to a new book in `folder`, for `rounds` rounds."""
    template = folder / "template"
    new_book(str(template))
    work = folder / "work"
    work.mkdir()
    copy_book(template, work / BOOK)
    return record(command_line(workload, str(work / BOOK), seed, rounds), work, ROOT)


def replay(
    recording: Recording, cuts: int, seed: int, name: str, ignore: Callable[[Step], bool] = lambda _step: False
) -> Outcome:
    """Cut the power at `cuts` random moments. `ignore` leaves steps out: a disk that lies about its fsync."""
    dice = random.Random(seed)
    steps = [step for step in recording.steps if not ignore(step)]
    moments = sorted(dice.choices(range(len(steps) + 1), k=cuts))
    disk, said, faults = Disk.of(recording), list[str](), list[str]()
    position = 0
    for moment in moments:
        for step in steps[position:moment]:
            disk.take(step)
            if isinstance(step, Said):
                said.append(step.line)
        position = moment
        with tempfile.TemporaryDirectory(prefix="throughline-cut-") as scratch:
            disk.cut(dice, Path(scratch))
            faults += [
                f"cut at step {moment}: {fault}" for fault in faults_after(Path(scratch), said, recording.folder)
            ]
    promises = sum(isinstance(step, Said) for step in recording.steps)
    return Outcome(name, cuts, promises, len(steps), tuple(faults))


def faults_after(folder: Path, said: Sequence[str], home: Path) -> list[str]:
    """What is broken, and what was promised and is not there. `said` names files by where they lay: in `home`."""
    try:
        faults = faults_in(str(folder / BOOK))
    except UserError as error:
        return [f"the book does not open: {error}"]
    promised: dict[str, set[str]] = {}
    for line in said:
        what, _, name = line.partition(" ")
        promised.setdefault(what, set()).add(name)
    store = opened(str(folder / BOOK))
    try:
        with store.reading() as work:
            present: dict[str, set[str | None]] = {
                "customer": set(work.session.scalars(select(Customer.code))),
                "number": set(work.session.scalars(select(Document.number))),
                "import": set(work.session.scalars(select(ImportBatch.code))),
                "payment": set(work.session.scalars(select(Payment.number))),
            }
    finally:
        store.close()
    for what, names in present.items():
        lost = sorted(name for name in promised.get(what, ()) if name not in names)
        faults += [f"{what} {name} was promised and is lost" for name in lost[:3]]
    for path in promised.get("backup", set()):
        try:
            faults += verify(folder / Path(path).relative_to(home), clock=clock).problems
        except UserError as error:
            faults.append(str(error))
    return faults


def run(
    seed: int, cuts: int, rounds: int, workloads: Sequence[str] = ("customers", "issue", "backup")
) -> list[Outcome]:
    """`cuts` power cuts for each workload."""
    outcomes = []
    for name in workloads:
        with tempfile.TemporaryDirectory(prefix="throughline-power-") as folder:
            recording = recording_of(name, seed, rounds, Path(folder).resolve())
            outcomes.append(replay(recording, cuts, seed, name))
    return outcomes
