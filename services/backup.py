"""Backups that are tested when they are made: copied by SQLite itself, read back, compared, then put in place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from models.history import History
from services import health, history, manifest
from services.book import MAGIC_OFFSET, SQLITE_MAGIC, driver_version, open_book
from services.contents import Contents, contents_of, faults_of, frozen_engine
from services.database import APPLICATION_ID, sqlite_driver
from services.errors import BookError, UserError
from services.files import (
    FileError,
    cannot_write,
    discard,
    put_in_place,
    require_room,
    sync_file,
    temporary_name,
)
from services.permissions import Action, Module, require
from services.store import Clock, Store, sentence_for

Report = Callable[[int, int], None]
"""(steps done, steps in all); may raise Cancelled, and nothing is left behind."""

SPARE_BYTES = 2_000_000
STEPS = 4


@dataclass(frozen=True, slots=True)
class BackupResult:
    """`chain_head` is the anchor to print or note down: no later book of this line can lack it."""

    path: Path
    size: int
    sha256: str
    chain_head: str
    last_id: int
    counts: dict[str, int]
    totals: dict[str, str]
    last_numbers: dict[str, str]
    taken_at: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """`has_manifest` False: the file was judged by what lies in it alone. `problems` is empty for a good backup."""

    path: Path
    size: int
    sha256: str
    has_manifest: bool
    taken_at: str | None
    contents: Contents | None
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def silent(_done: int, _total: int) -> None:
    """A report that nobody reads."""


# --- making ----------------------------------------------------------------------------------------------------------


def backup(store: Store, target: Path, report: Report = silent) -> BackupResult:
    """Copy the book to `target`, tested before it gets its name. Others may go on writing meanwhile.

    Raises UserError; an older backup under that name stays until the new one is whole.
    """
    with store.reading() as work:
        require(work, Module.BOOK, Action.EXPORT)
        taken_at = work.now
    if store.path is None:
        raise BookError("This book lives on a PostgreSQL server: back it up there, with pg_dump, as its keeper does.")
    target = Path(target).resolve()
    _refuse_target(store.path, target)
    _sweep(target, taken_at.timestamp())
    part = temporary_name(target)
    try:
        report(0, STEPS)
        require_room(target.parent, _size_of(store.path) + SPARE_BYTES, "The backup")
        contents = copy_tested(store.engine, part, report)
        entry = manifest.entry_of(
            manifest.sha256_of(part), part.stat().st_size, taken_at.isoformat(), driver_version(), contents
        )
        report(3, STEPS)
        _publish(part, target, entry)
        report(STEPS, STEPS)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        discard(part)
    return BackupResult(
        target,
        entry.size,
        entry.sha256,
        contents.chain_head,
        contents.last_id,
        contents.counts,
        contents.totals,
        contents.last_numbers,
        entry.taken_at,
    )


def _publish(part: Path, target: Path, entry: manifest.Entry) -> None:
    known = (manifest.read(target) or ()) if target.exists() else ()
    manifest.write(target, (entry, *known))
    put_in_place(part, target)
    manifest.write(target, (entry,))


def copy_tested(engine: Engine, part: Path, report: Report = silent) -> Contents:
    """VACUUM INTO `part`, then compare it with the book that it was taken from. Raises UserError."""
    try:
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            before = cursor.execute("PRAGMA data_version").fetchone()
            with engine.connect() as connection:
                live = contents_of(connection)
            cursor.execute("VACUUM INTO ?", (str(part),))
            is_quiet = cursor.execute("PRAGMA data_version").fetchone() == before
        finally:
            raw.close()
    except (DBAPIError, sqlite_driver().Error) as error:
        raise _cannot_copy(error, part) from error
    report(1, STEPS)
    sync_file(part)
    copied, faults = examine(part)
    report(2, STEPS)
    if copied is not None and not faults:
        faults = _differences(part, live, copied, is_quiet=is_quiet)
    if copied is None or faults:
        raise BookError(
            f"The backup was not kept, because the book failed its test: {faults[0]} Run check on the book."
        )
    return copied


def examine(path: Path) -> tuple[Contents | None, list[str]]:
    """What a closed file holds and what is wrong with it; the file is only read."""
    engine = frozen_engine(path)
    try:
        with engine.connect() as connection:
            faults = faults_of(connection)
            return contents_of(connection), faults
    except (DBAPIError, ValueError, LookupError, ArithmeticError) as error:
        cause = getattr(error, "orig", error)
        return None, [f"The file cannot be read: {str(cause).splitlines()[0]}."]
    finally:
        engine.dispose()


def _differences(part: Path, live: Contents, copied: Contents, *, is_quiet: bool) -> list[str]:
    """A quiet book equals its copy; a busy one lies whole in it up to where it stood when the copy began."""
    if is_quiet:
        return [] if copied == live else ["the copy differs from the book."]
    engine = frozen_engine(part)
    try:
        with engine.connect() as connection:
            return [] if _link(connection, live.last_id) == live.chain_head else ["the copy lacks recent changes."]
    finally:
        engine.dispose()


def _link(connection: Connection, history_id: int) -> str:
    if history_id == 0:
        return history.GENESIS.hex()
    found = connection.scalar(select(History.hash).where(History.id == history_id))
    return (found or b"").hex()


def _cannot_copy(error: Exception, part: Path) -> UserError:
    """VACUUM INTO speaks with the driver's own exceptions, what SQLAlchemy reads with its own."""
    text = str(getattr(error, "orig", error))
    if "disk is full" in text or ("disk I/O error" in text and part.exists()):
        return FileError("The disk is full, so no backup was made. Free some space, or choose another disk.")
    if "unable to open" in text or "readonly" in text:
        return FileError(f"Nothing can be written in {part.parent}. Check the permissions, or choose another folder.")
    known = sentence_for(error if isinstance(error, DBAPIError) else DBAPIError("VACUUM INTO", None, error))
    return known or BookError(f"The backup could not be made: {text.splitlines()[0]}.")


def _refuse_target(book: Path, target: Path) -> None:
    if target.is_dir():
        raise FileError(f"{target} is a folder. Give the backup a file name, such as {book.stem}.backup.")
    if not target.parent.is_dir():
        raise FileError(f"The folder {target.parent} does not exist. Create it first.")
    if not target.exists():
        return
    if not target.is_file():
        raise FileError(f"{target} is not an ordinary file. Choose another name.")
    if target.samefile(book):
        raise FileError("The backup would overwrite the book itself. Choose another name, best on another disk.")
    if not is_book_file(target) or manifest.read(target) is None:
        raise FileError(f"{target} exists already and is not a backup, so it is left as it is. Choose another name.")
    if target.with_name(target.name + "-wal").exists():
        raise FileError(f"{target} is open as a book, so it is left as it is. Choose another name.")


def is_book_file(path: Path) -> bool:
    """Whether the first bytes are those of a book of this program."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError:
        return False
    mark = int.from_bytes(head[MAGIC_OFFSET : MAGIC_OFFSET + 4], "big")
    return head.startswith(SQLITE_MAGIC) and mark == APPLICATION_ID


def _size_of(book: Path) -> int:
    wal = book.with_name(book.name + "-wal")
    return book.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


DAY_S = 86_400


def _sweep(target: Path, now: float) -> None:
    """Unfinished copies that a crash left under this name; younger ones may still be at work."""
    beginning = target.name + "."
    for path in target.parent.iterdir():
        name = path.name
        if not (name.startswith(beginning) and name.removesuffix("-journal").endswith(".part")):
            continue
        try:
            if now - path.stat().st_mtime > DAY_S:
                path.unlink()
        except OSError:
            continue


# --- testing ---------------------------------------------------------------------------------------------------------


def verify(file: Path, *, clock: Clock, report: Report = silent) -> VerifyResult:
    """Test a backup: its hash, its pages, its chain, its guards, then opened as a book in a scratch folder.

    The file is only read. Raises UserError where there is nothing to test; damage is in `problems`.
    """
    file = Path(file).resolve()
    _refuse_source(file)
    report(0, STEPS)
    try:
        with tempfile.TemporaryDirectory(prefix="throughline-verify-", dir=_scratch(file)) as folder:
            copy = Path(folder) / "copy.throughline"
            shutil.copyfile(file, copy)
            report(1, STEPS)
            return _verify_copy(file, copy, clock, report)
    except OSError as error:
        raise FileError(f"{file} cannot be tested: {error.strerror or type(error).__name__}.") from error


def _verify_copy(file: Path, copy: Path, clock: Clock, report: Report) -> VerifyResult:
    digest, size = manifest.sha256_of(copy), copy.stat().st_size
    entries = manifest.read(file)
    entry = next((entry for entry in entries or () if entry.sha256 == digest), None)
    problems: list[str] = []
    if entries and entry is None:
        problems.append("The file is not the one that was written: its SHA-256 differs from its manifest.")
    contents, faults = examine(copy)
    problems += faults
    if entry is not None and contents is not None and entry.contents != contents.as_json():
        problems.append("The file does not hold what its manifest names.")
    report(2, STEPS)
    if not faults:
        problems += _open_and_check(copy, clock)
    report(STEPS, STEPS)
    return VerifyResult(
        file, size, digest, entries is not None, entry.taken_at if entry else None, contents, tuple(problems)
    )


def _open_and_check(copy: Path, clock: Clock) -> list[str]:
    """The copy opened as any book is, and asked for every invariant."""
    try:
        store = open_book(str(copy), clock=clock)
    except UserError as error:
        return [str(error).replace(str(copy), "The backup")]
    try:
        return failed_checks(store)
    finally:
        store.close()


def failed_checks(store: Store) -> list[str]:
    """The invariants that do not hold, one sentence each."""
    return [f"{one.name}: {'; '.join(map(str, one.failed[:3]))}" for one in health.check(store) if not one.ok]


def _scratch(file: Path) -> Path:
    """The system's folder for such things, or the backup's own where that is too small."""
    size = file.stat().st_size * 2 + SPARE_BYTES
    common = Path(tempfile.gettempdir())
    if shutil.disk_usage(common).free >= size:
        return common
    require_room(file.parent, size, "Testing the backup")
    return file.parent


def _refuse_source(file: Path) -> None:
    if not file.exists():
        raise FileError(f"There is no backup at {file}.")
    if not file.is_file():
        raise FileError(f"{file} is not a file, so it is no backup.")
    try:
        with file.open("rb") as opened:
            head = opened.read(100)
    except OSError as error:
        raise FileError(f"{file} cannot be read: {error.strerror}.") from None
    if not head:
        raise FileError(f"{file} is empty, so it is no backup.")
    if not is_book_file(file):
        raise FileError(f"{file} is not a backup of Throughline.")
