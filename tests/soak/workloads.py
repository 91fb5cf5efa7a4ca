"""What a child process does to a book until it is killed: `python -m tests.soak.workloads NAME BOOK SEED [COUNT]`.

A new workload is a function here, or in a module of its own, and one line in WORKLOADS. It tells, one line at a time,
what the book has promised to keep: `customer CODE`, `number NUMBER`, `backup PATH`.
"""

from __future__ import annotations

import fcntl
import importlib
import multiprocessing
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from services.backup import backup
from services.exchange.apply import apply
from services.exchange.intake import stage
from services.exchange.mapping import ImportOptions
from services.exchange.undo import undo
from services.files import write_whole
from services.restore import restore
from services.store import Work
from tests.soak import sales
from tests.soak.books import clock, new_book, opened

ROOT = Path(__file__).resolve().parent.parent.parent
WITHOUT_END = 10**9
BEGUN = "begun"
FIRMS = 100
PIPE_BYTES = 1 << 20
"""Room for all that a child tells in a minute, so that it never waits for a reader."""

Workload = Callable[[str, int, int], None]
"""(book, seed, how many rounds); runs until it is killed or the rounds are done."""

WORKLOADS: dict[str, str] = {
    "customers": "tests.soak.workloads:customers",
    "issue": "tests.soak.workloads:issue",
    "import": "tests.soak.workloads:import_often",
    "backup": "tests.soak.workloads:back_up",
    "restore": "tests.soak.workloads:restore_often",
    "new": "tests.soak.workloads:make_books",
    "race": "tests.soak.races:racer",
}


def tell(line: str) -> None:
    """One write, so that a reader, or a recorder of writes, sees the line whole or not at all."""
    os.write(1, line.encode() + b"\n")


def customers(book: str, seed: int, rounds: int) -> None:
    """One customer for each unit of work, a rollback now and then."""
    store, dice = opened(book), random.Random(seed)
    for number in islice(count(1), rounds):
        code = f"S{seed}-{number}"
        if dice.random() < 0.1:
            with store.rehearsing() as work:
                sales.add_customer(work, f"{code}-undone")
            continue

        def command(work: Work, code: str = code) -> str:
            sales.add_customer(work, code)
            return code

        tell(f"customer {store.perform('customer.add', command, command_id=code)}")
    store.close()


def issue(book: str, seed: int, rounds: int) -> None:
    """Draft, issue, now and then pay half or void, each in its own unit of work; one in ten numbers is given up."""
    store, dice = opened(book), random.Random(seed)
    with store.writing() as work:
        sales.add_customer(work, f"S{seed}-{os.getpid()}")
    for _ in range(rounds):
        amount = dice.randint(100, 1_000_000)
        document_id = store.perform("invoice.draft", partial(sales.draft_invoice, minor=amount))
        if dice.random() < 0.1:
            with store.rehearsing() as work:
                sales.issue(work, document_id)
        number = store.perform("invoice.issue", partial(sales.issue, document_id=document_id))
        tell(f"number {number}")
        fate = dice.random()
        if fate < 0.2:
            tell(f"payment {store.perform('payment.receive', partial(sales.pay, number=number))}")
        elif fate < 0.3:
            store.perform("invoice.void", partial(sales.void, number=number))
    store.close()


def import_often(book: str, seed: int, rounds: int) -> None:
    """A file of new firms, one unit of work for each; every third import is taken back."""
    store = opened(book)
    for number in range(rounds):
        file = Path(book).with_name("firms.csv")
        lines = [f"{seed}-{number}-{row},Firm {seed}-{number}-{row} LLC,Dubai" for row in range(FIRMS)]
        write_whole(file, "\n".join(["Customer ID,Company,City", *lines]).encode())
        with stage((file,), ImportOptions()) as staging, store.writing() as work:
            batch = apply(work, staging).batch
        tell(f"import {batch}")
        if number % 3 == 2 and batch is not None:
            store.perform("import.undo", partial(_take_back, batch=batch))
    store.close()


def _take_back(work: Work, batch: str) -> str:
    undo(work, batch)
    return batch


def back_up(book: str, seed: int, rounds: int) -> None:
    """A backup over the last one, a new customer, and so on."""
    store = opened(book)
    target = Path(book).with_name("kept.backup")
    for number in range(rounds):
        with store.writing() as work:
            sales.add_customer(work, f"S{seed}-{number}")
        tell(f"backup {backup(store, target).path}")
    store.close()


def restore_often(book: str, seed: int, rounds: int) -> None:
    """Put the backup that lies beside the book in its place, change the book, and again."""
    file = Path(book).with_name("kept.backup")
    for number in range(rounds):
        kept = restore(file, book, clock=clock).kept_as
        if kept is not None:
            kept.unlink()
        store = opened(book)
        with store.writing() as work:
            sales.add_customer(work, f"S{seed}-{number}")
        store.close()


def make_books(book: str, seed: int, rounds: int) -> None:
    """New books beside `book`: half a one must not look like a book."""
    for number in range(rounds):
        made = f"{book}.new-{seed}-{number}"
        new_book(made)
        tell(f"book {made}")


@dataclass(frozen=True, slots=True)
class Child:
    """A workload in a process of its own, and the pipe on which it tells."""

    process: BaseProcess
    told: Connection


def start(name: str, book: str, seed: int, rounds: int = WITHOUT_END) -> Child:
    """Begins within milliseconds: the process is forked from one that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.soak.workloads"])
    ours, theirs = context.Pipe(duplex=False)
    if sys.platform == "linux":
        fcntl.fcntl(theirs.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    process = context.Process(target=_tell_into, args=(theirs, [name, book, str(seed), str(rounds)]), daemon=True)
    process.start()
    theirs.close()
    return Child(process, ours)


def lines_of(child: Child) -> list[str]:
    """What a child that has ended told; a line that its death cut off is left out."""
    text = bytearray()
    while block := os.read(child.told.fileno(), 1 << 16):
        text += block
    child.told.close()
    return text.decode().split("\n")[:-1]


def _tell_into(pipe: Connection, arguments: list[str]) -> None:
    os.dup2(pipe.fileno(), 1)
    main(arguments)


def command_line(name: str, book: str, seed: int, rounds: int = WITHOUT_END) -> list[str]:
    return [sys.executable, "-m", "tests.soak.workloads", name, book, str(seed), str(rounds)]


def main(arguments: list[str]) -> int:
    name, book, seed, *rest = arguments
    module, _, function = WORKLOADS[name].partition(":")
    workload: Workload = getattr(importlib.import_module(module), function)
    tell(BEGUN)
    workload(book, int(seed), int(rest[0]) if rest else WITHOUT_END)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
