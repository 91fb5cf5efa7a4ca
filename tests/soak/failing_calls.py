"""Every call that can fail, fails once: the n-th statement, commit, open, fsync and rename of each command, for every n.

After each failure the book is whole and unchanged, the person got a sentence, and the same command then succeeds. A
command that carries on without the call that failed, as a writer does without its gate, has done its work.
"""

from __future__ import annotations

import builtins
import errno
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.all import Base
from services import settings
from services.backup import backup, verify
from services.database import sqlite_driver
from services.errors import UserError
from services.organisation.founding import CompanyDraft, UserDraft, add_user, found_company
from services.restore import restore
from services.store import Store, Work
from tests.soak import sales
from tests.soak.books import clock, copy_book, faults_in, new_book, opened

BOOK = "failing.throughline"
DRAFT, ISSUED = 1, "INV-2026-0001"
MOST = 2_000
"""No command of ours makes that many calls of one sort."""

Command = Callable[[Path, Store], object]


def _in_a_unit_of_work(command: Callable[[Work], Any]) -> Command:
    return lambda _book, store: store.perform("soak", lambda work: command(work) and None)


def _restore(book: Path, store: Store) -> None:
    store.close()
    restore(book.with_name("kept.backup"), str(book), clock=clock)


COMMANDS: dict[str, Command] = {
    "found company": _in_a_unit_of_work(
        lambda w: found_company(w, CompanyDraft(name="Second", country="IN", state="29"))
    ),
    "add user": _in_a_unit_of_work(lambda w: add_user(w, UserDraft(name="Nina New"))),
    "change setting": _in_a_unit_of_work(lambda w: settings.change(w, "billing.due_days", "14")),
    "add customer": _in_a_unit_of_work(lambda w: sales.add_customer(w, "C-9999")),
    "draft invoice": _in_a_unit_of_work(lambda w: sales.draft_invoice(w, 12_345)),
    "issue invoice": _in_a_unit_of_work(lambda w: sales.issue(w, DRAFT)),
    "receive payment": _in_a_unit_of_work(lambda w: sales.pay(w, ISSUED)),
    "void invoice": _in_a_unit_of_work(lambda w: sales.void(w, ISSUED)),
    "backup": lambda book, store: backup(store, book.with_name("made.backup")),
    "verify": lambda book, _store: verify(book.with_name("kept.backup"), clock=clock),
    "restore": _restore,
    "new": lambda book, _store: new_book(str(book.with_name("new.throughline"))),
}
"""What is made to fail. A new command is one line here."""


@dataclass(slots=True)
class Failure:
    """Raises `error` at call number `n` of its sort, once."""

    n: int
    error: Callable[[], BaseException]
    calls: int = 0
    has_struck: bool = False

    def count(self) -> None:
        self.calls += 1
        if self.calls == self.n and not self.has_struck:
            self.has_struck = True
            raise self.error()


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failures` counts the calls that were made to fail."""

    name: str
    failures: int
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"failing calls, {self.name}: {self.failures} failures, {len(self.faults)} faults" + "".join(
            f"\n  {fault}" for fault in self.faults[:5]
        )


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of call: where it is caught, and the errors that it may give."""

    name: str
    inject: Callable[[Failure, Store, Path], Any]
    errors: tuple[Callable[[], BaseException], ...] = field(default=())


def _sqlite(message: str) -> Callable[[], BaseException]:
    return lambda: sqlite_driver().OperationalError(message)


def _system(code: int) -> Callable[[], BaseException]:
    return lambda: OSError(code, os.strerror(code))


@contextmanager
def _statements(failure: Failure, store: Store, _folder: Path) -> Iterator[None]:
    """In SQLAlchemy's dialect, where the driver's own errors come from; of every engine that the command opens."""
    dialect: Any = type(store.engine.dialect)
    names = ("do_execute", "do_executemany", "do_execute_no_params")
    usual = {name: getattr(dialect, name) for name in names}

    def failing(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            failure.count()
            return usual[name](*arguments, **named)

        return call

    for name in names:
        setattr(dialect, name, failing(name))
    try:
        yield
    finally:
        for name in names:
            delattr(dialect, name)


@contextmanager
def _commits(failure: Failure, store: Store, _folder: Path) -> Iterator[None]:
    dialect: Any = type(store.engine.dialect)
    usual = dialect.do_commit

    def commit(itself: Any, connection: Any) -> None:
        failure.count()
        usual(itself, connection)

    dialect.do_commit = commit
    try:
        yield
    finally:
        del dialect.do_commit


@contextmanager
def _system_calls(
    failure: Failure, folder: Path, owners: Sequence[tuple[Any, str]], *, by_path: bool
) -> Iterator[None]:
    """Python's own calls, for files of `folder` where they are told by path."""
    usual = [(owner, name, getattr(owner, name)) for owner, name in owners]

    def failing(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **named: Any) -> Any:
            if not by_path or str(arguments[0]).startswith(str(folder)):
                failure.count()
            return call(*arguments, **named)

        return instead

    for owner, name, call in usual:
        setattr(owner, name, failing(call))
    try:
        yield
    finally:
        for owner, name, call in usual:
            setattr(owner, name, call)


def _opens(failure: Failure, _store: Store, folder: Path) -> Any:
    return _system_calls(failure, folder, ((builtins, "open"), (io, "open"), (os, "open")), by_path=True)


def _fsyncs(failure: Failure, _store: Store, folder: Path) -> Any:
    return _system_calls(failure, folder, ((os, "fsync"),), by_path=False)


def _renames(failure: Failure, _store: Store, folder: Path) -> Any:
    return _system_calls(failure, folder, ((os, "replace"), (os, "rename")), by_path=True)


FULL, BROKEN = _sqlite("database or disk is full"), _sqlite("disk I/O error")
SYSTEM = tuple(_system(code) for code in (errno.ENOSPC, errno.EIO, errno.EACCES))
SORTS: tuple[Sort, ...] = (
    Sort("statement", _statements, (FULL, BROKEN, _sqlite("attempt to write a readonly database"), MemoryError)),
    Sort("commit", _commits, (FULL, BROKEN, MemoryError)),
    Sort("open", _opens, SYSTEM),
    Sort("fsync", _fsyncs, SYSTEM),
    Sort("rename", _renames, SYSTEM),
)


def run(names: Sequence[str] = tuple(COMMANDS), stride: int = 1) -> list[Outcome]:
    """Each command with each sort of failure at every call; a `stride` leaves calls out, and takes the errors in turn."""
    with tempfile.TemporaryDirectory(prefix="throughline-failing-") as made:
        folder = Path(made).resolve()
        template = template_in(folder)
        return [_run(name, template, folder, stride) for name in names]


def template_in(folder: Path) -> Path:
    template = folder / "template"
    new_book(str(template))
    store = opened(str(template))
    with store.writing() as work:
        sales.add_customer(work, "C-0001")
    with store.writing() as work:
        assert sales.draft_invoice(work, 10_000) == DRAFT
    with store.writing() as work:
        assert sales.issue(work, sales.draft_invoice(work, 20_000)) == ISSUED
    backup(store, folder / "kept.backup")
    store.close()
    return template


def _run(name: str, template: Path, folder: Path, stride: int) -> Outcome:
    failures, faults = 0, list[str]()
    for sort in SORTS:
        for first in range(len(sort.errors) if stride == 1 else 1):
            for turn, n in enumerate(_moments(stride)):
                error = sort.errors[first if stride == 1 else turn % len(sort.errors)]
                failure = Failure(n, error)
                found = _fail_once(name, sort, failure, template, folder)
                faults += [f"{sort.name} {n}, {error()!r}: {fault}" for fault in found]
                if not failure.has_struck:
                    break
                failures += 1
    return Outcome(name, failures, tuple(faults))


def _moments(stride: int) -> Iterator[int]:
    """1, 2, 3 ... where the stride is 1, else wider and wider apart: 1, 4, 13, 40 where it is 3."""
    n = 1
    while n < MOST:
        yield n
        n = n + 1 if stride == 1 else n * stride + 1


def _fail_once(name: str, sort: Sort, failure: Failure, template: Path, folder: Path) -> list[str]:
    book = folder / BOOK
    for stale in ("made.backup", "new.throughline", BOOK):
        take_away(folder / stale)
    copy_book(template, book)
    before = rows_in(book)
    store = opened(str(book))
    told: BaseException | None = None
    try:
        with sort.inject(failure, store, folder):
            COMMANDS[name](book, store)
    except (UserError, MemoryError) as error:
        told = error
    except Exception as error:
        return [f"no sentence, but {error!r}"]
    finally:
        store.close()
    if told is None:
        return faults_in(str(book)) if failure.has_struck else []
    faults = [] if rows_in(book) == before else ["the command failed and changed the book"]
    faults += [f"left behind: {path.name}" for path in folder.iterdir() if path.name.endswith(".part")]
    return faults + _again(name, book, is_first=failure.n == 1)


def _again(name: str, book: Path, *, is_first: bool) -> list[str]:
    """The same command, with nothing failing; every invariant is asked at the first failure of each sort."""
    store = opened(str(book))
    try:
        COMMANDS[name](book, store)
    except UserError as error:
        return [f"tried again, it is refused: {error}"]
    finally:
        store.close()
    return faults_in(str(book)) if is_first else []


def rows_in(book: Path) -> str:
    """A hash of every row of every table: a command that failed leaves it as it was."""
    connection = sqlite_driver().connect(str(book))
    try:
        tables = sorted(Base.metadata.tables)
        rows = [(table, connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()) for table in tables]
        return hashlib.sha256(repr(rows).encode()).hexdigest()
    finally:
        connection.close()


def take_away(path: Path) -> None:
    """Gone with all that lay beside it."""
    for beside in path.parent.glob(path.name + "*"):
        beside.unlink()
