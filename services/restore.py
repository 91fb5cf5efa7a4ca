"""Puts a tested backup in a book's place; what stood there is kept beside, as a backup of its own.

Every step leaves either the old book or the new one: the copy is synced before the old file is touched, the old book's
-wal is folded into it before it is kept, and one rename changes over, while nobody else has the old file open.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services import manifest
from services.backup import SPARE_BYTES, Report, VerifyResult, is_book_file, silent, verify
from services.book import open_book
from services.contents import Contents, frozen_engine
from services.database import is_server, sqlite_driver
from services.errors import BookError
from services.files import (
    FileError,
    cannot_write,
    discard,
    put_in_place,
    require_room,
    sync_file,
    sync_folder,
    temporary_name,
)
from services.gate import Gate
from services.permissions import Action, Module, require
from services.store import Clock

STEPS = 4
LEFT_BESIDE = ("-wal", "-shm", "-journal")
WAIT_MS = 2_000


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """`kept_as` is where the book that stood there lies now; None where there was none."""

    path: Path
    restored_from: Path
    kept_as: Path | None
    sha256: str
    contents: Contents


def restore(file: Path, book: str, *, clock: Clock, actor: str | None = None, report: Report = silent) -> RestoreResult:
    """Make `book` what `file` holds. `verify(file)` first shows totals and last numbers; here it is tested again.

    Raises UserError: a backup that fails its test, a book that somebody has open, an actor without the right.
    """
    if is_server(book):
        raise BookError("A backup is restored into a file. To bring it to PostgreSQL, restore it, then use move-to.")
    target, file = Path(book).resolve(), Path(file).resolve()
    _refuse_target(target, file)
    tested = verify(file, clock=clock)
    if tested.contents is None or not tested.ok:
        raise BookError(f"{file} fails its test and was not restored: {tested.problems[0]}")
    report(1, STEPS)
    part = temporary_name(target)
    try:
        require_room(target.parent, tested.size + _bytes_at(target) + SPARE_BYTES, "Restoring")
        _copy_exactly(tested, part)
        report(2, STEPS)
        kept_as = _change_over(part, target, clock=clock, actor=actor)
        report(STEPS, STEPS)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        discard(part)
    return RestoreResult(target, file, kept_as, tested.sha256, tested.contents)


def _refuse_target(target: Path, file: Path) -> None:
    if target.is_dir():
        raise FileError(f"{target} is a folder. Give the book a file name, such as acme.throughline.")
    if not target.parent.is_dir():
        raise FileError(f"The folder {target.parent} does not exist. Create it first.")
    if not target.exists():
        return
    if not target.is_file():
        raise FileError(f"{target} is not an ordinary file. Choose another name.")
    if file.exists() and target.samefile(file):
        raise FileError("The backup is that book itself. Name another file to restore into.")
    if target.stat().st_size and not is_book_file(target):
        raise FileError(f"{target} is not a book of Throughline, so it is left as it is. Move it away first.")


def _bytes_at(target: Path) -> int:
    return sum(path.stat().st_size for path in (target, _with_end(target, "-wal")) if path.exists())


def _copy_exactly(tested: VerifyResult, part: Path) -> None:
    """The bytes that were tested, synced, or an error."""
    shutil.copyfile(tested.path, part)
    sync_file(part)
    if manifest.sha256_of(part) != tested.sha256:
        raise BookError(f"{tested.path} changed while it was restored, so nothing was done. Try again.")


def _change_over(part: Path, target: Path, *, clock: Clock, actor: str | None) -> Path | None:
    if not target.exists() or not target.stat().st_size:
        _clear_beside(target)
        put_in_place(part, target)
        return None
    kept_as = _free_name(target, clock)
    if _is_damaged(target):
        _keep_as_it_is(target, kept_as)
        _clear_beside(target)
        put_in_place(part, target)
        return kept_as
    _require_right(target, clock, actor)
    with Gate(_with_end(target, "-lock")).passing(), _alone_with(target) as cursor:
        _keep_whole(cursor, kept_as)
        cursor.execute("PRAGMA journal_mode=DELETE").fetchall()
        cursor.execute("PRAGMA journal_mode=MEMORY").fetchall()
        _clear_beside(target)
        if os.name != "nt":
            put_in_place(part, target)
            return kept_as
    put_in_place(part, target)
    return kept_as


def _free_name(target: Path, clock: Clock) -> Path:
    stem = f"{target.name}.before-restore-{clock():%Y%m%d-%H%M%S}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(target.with_name(name) for name in names if not target.with_name(name).exists())


def _require_right(target: Path, clock: Clock, actor: str | None) -> None:
    store = open_book(str(target), clock=clock, actor=actor)
    try:
        with store.reading() as work:
            require(work, Module.BOOK, Action.CONFIGURE)
    finally:
        store.close()


def _is_damaged(target: Path) -> bool:
    """Whether SQLite cannot read the file at all, so that it can only be kept byte by byte."""
    engine = frozen_engine(target)
    try:
        with engine.connect() as connection:
            return bool(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok")
    except Exception as error:  # noqa: BLE001 - the drivers' errors have no common base
        return "malformed" in str(error) or "not a database" in str(error)
    finally:
        engine.dispose()


@contextmanager
def _alone_with(target: Path) -> Iterator[Any]:
    """A cursor while nobody else has the book open. Raises BookError where somebody has, and for what SQLite reports."""
    driver = sqlite_driver()
    connection = driver.connect(target.as_uri() + "?mode=rw", uri=True, isolation_level=None)
    try:
        cursor = connection.cursor()
        for statement in (
            f"PRAGMA busy_timeout={WAIT_MS}",
            "PRAGMA synchronous=FULL",
            "PRAGMA locking_mode=EXCLUSIVE",
            "BEGIN EXCLUSIVE",
            "COMMIT",
        ):
            cursor.execute(statement).fetchall()
        yield cursor
    except driver.Error as error:
        if "locked" in str(error):
            sentence = f"{target} is open elsewhere, so nothing was restored. Close it there and try again."
        else:
            sentence = f"{target} could not be kept aside ({error}), so nothing was restored."
        raise BookError(sentence) from error
    finally:
        connection.close()


def _keep_whole(cursor: Any, kept_as: Path) -> None:
    """The old book with its -wal, under its new name, before anything of it is given up."""
    part = temporary_name(kept_as)
    try:
        cursor.execute("VACUUM INTO ?", (str(part),))
        sync_file(part)
        put_in_place(part, kept_as)
    finally:
        discard(part)


def _keep_as_it_is(target: Path, kept_as: Path) -> None:
    """A damaged book: its bytes and those of its -wal, for whoever may save something from them."""
    for end in ("", "-wal"):
        source = _with_end(target, end)
        if source.exists():
            shutil.copyfile(source, _with_end(kept_as, end))
            sync_file(_with_end(kept_as, end))
    sync_folder(target.parent)


def _clear_beside(target: Path) -> None:
    """A -wal or -journal of the old book would be played into the new one."""
    for end in LEFT_BESIDE:
        _with_end(target, end).unlink(missing_ok=True)
    sync_folder(target.parent)


def _with_end(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)
