"""The operating system refuses a call of SQLite itself: the n-th write, sync, truncation, rename or removal (strace).

`failing_calls` fails what Python sees. Here SQLite's own handling of a full or broken disk is put to the test, in a
child: `python -m tests.soak.failing_system_calls COMMAND BOOK`, which exits 0 when done and 3 with a sentence.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from services.errors import UserError
from tests.soak.books import copy_book, faults_in, opened
from tests.soak.failing_calls import BOOK, COMMANDS, rows_in, take_away, template_in
from tests.soak.recorder import LINE, QUICKLY, strace
from tests.soak.workloads import ROOT

NAMES = ("add customer", "issue invoice", "backup", "restore", "new")
CALLS = ("pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "sendfile", "copy_file_range")
ERRORS = ("ENOSPC", "EIO")
DONE, REFUSED = 0, 3


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    failures: int
    refused: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"failing system calls, {self.name}: {self.failures} failures, {self.refused} refused in a sentence, "
            f"{len(self.faults)} faults" + "".join(f"\n  {fault}" for fault in self.faults[:5])
        )


def run(name: str, seed: int, sample: int | None = None) -> Outcome:
    """Fail each call of the command once with each error, or a random `sample` of them."""
    with tempfile.TemporaryDirectory(prefix="throughline-system-calls-") as made:
        folder = Path(made).resolve()
        template = template_in(folder)
        copy_book(template, folder / BOOK)
        counts = _calls_of(name, folder)
        points = [(call, n, error) for call, count in counts.items() for n in range(1, count + 1) for error in ERRORS]
        if sample is not None:
            points = random.Random(seed).sample(points, min(sample, len(points)))
        refused, faults = 0, list[str]()
        for call, n, error in points:
            code, found = _fail_once(name, f"{call}:error={error}:when={n}", template, folder)
            refused += code == REFUSED
            faults += [f"{call} {n} {error}: {fault}" for fault in found]
        return Outcome(name, len(points), refused, tuple(faults))


def _calls_of(name: str, folder: Path) -> Counter[str]:
    log = folder / "calls"
    done = _child(name, folder, "-o", str(log))
    if done.returncode != DONE:
        raise RuntimeError(f"{name} fails by itself: {done.stderr.decode()[-1000:]}")
    found = Counter(match[1].decode() for line in log.read_bytes().splitlines() if (match := LINE.match(line)))
    log.unlink()
    return found


def _child(name: str, folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    trace = ",".join(f"?{call}" for call in CALLS)
    command = [sys.executable, "-m", "tests.soak.failing_system_calls", name, str(folder / BOOK)]
    return subprocess.run(
        [strace(), *QUICKLY, "-qq", "-e", f"trace={trace}", "-e", "signal=none", *options, *command],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )


def _fail_once(name: str, injection: str, template: Path, folder: Path) -> tuple[int, list[str]]:
    book = folder / BOOK
    for stale in ("made.backup", "new.throughline", BOOK):
        take_away(folder / stale)
    copy_book(template, book)
    before = rows_in(book)
    done = _child(name, folder, "-o", "/dev/null", "-e", f"inject={injection}")
    try:
        faults = faults_in(str(book))
    except UserError as error:
        return done.returncode, [f"the book does not open: {error}"]
    if done.returncode not in {DONE, REFUSED}:
        faults.append(f"no sentence, but {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}")
    if done.returncode == REFUSED and rows_in(book) != before:
        faults.append("refused, but the book is changed")
    return done.returncode, faults


def main(arguments: list[str]) -> int:
    name, book = arguments
    try:
        store = opened(book)
        try:
            COMMANDS[name](Path(book), store)
        finally:
            store.close()
    except UserError as error:
        print(error, file=sys.stderr)
        return REFUSED
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
