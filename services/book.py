"""Opening and making books: a SQLite file or a PostgreSQL database, looked at before it is trusted."""

from __future__ import annotations

import os
import re
import stat
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.exc import DBAPIError, OperationalError

from models import guards
from models.history import ChainHead
from models.migrations import HEAD
from models.organisation import Book, Company, Role, User, UserRole
from services import history, schema
from services.database import APPLICATION_ID, connect, is_server, sqlite_driver
from services.errors import BookError, NotFound
from services.files import sync_file, sync_folder, temporary_name
from services.gate import Gate
from services.search.index import keep
from services.store import Clock, Store, Work, sentence_for

Founding = Callable[[Work], object]

SYSTEM_USER = 1
SQLITE_MAGIC = b"SQLite format 3\x00"
MAGIC_OFFSET = 68
NETWORK_TYPES = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "9p", "fuse.sshfs", "afs", "ncpfs"}


def create(book: str, *, clock: Clock, is_trial: bool = False, found: Founding | None = None) -> Store:
    """A new book with its tables, the system's own user and what `found` adds; refuses to touch anything that exists.

    A file is built under another name and appears whole under its own: a crash leaves no half book. On PostgreSQL all
    rows come in one transaction, and a database that has only the tables may be founded again.
    """
    if is_server(book):
        _build(book, None, clock, is_trial=is_trial, found=found)
    else:
        path = Path(book)
        _refuse_place(path)
        part = temporary_name(path)
        try:
            _start_file(part)
            _build(str(part), part, clock, is_trial=is_trial, found=found)
            _put_new(part, path)
        finally:
            _remove(part)
    try:
        return open_book(book, clock=clock)
    except BaseException:
        if not is_server(book):
            _remove(Path(book))
        raise


def _build(book: str, path: Path | None, clock: Clock, *, is_trial: bool, found: Founding | None) -> None:
    engine = connect(book)
    try:
        _make_tables(engine, book)
        store = _store(engine, path, clock, actor_id=SYSTEM_USER, zone=ZoneInfo("UTC"))
        with store.writing() as work:
            _first_rows(work, is_trial=is_trial)
            if found is not None:
                found(work)
        if path is not None:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except DBAPIError as error:
        raise sentence_for(error) or _cannot_open(book, error) from error
    finally:
        engine.dispose()


def open_book(book: str, *, clock: Clock, actor: str | None = None) -> Store:
    """The store of an existing book, for `actor` (code, e-mail or name), by default its first owner."""
    path = None if is_server(book) else Path(book)
    if path is not None:
        _look_at(path)
    engine = connect(book)
    try:
        with engine.connect() as connection:
            _check_identity(connection)
            mended = [] if _is_read_only(path) else _mend(connection)
            zone = connection.scalar(select(Company.time_zone).order_by(Company.id).limit(1))
            actor_id = _actor_id(connection, actor)
    except DBAPIError as error:
        engine.dispose()
        raise _cannot_open(book, error) from error
    except BaseException:
        engine.dispose()
        raise
    store = _store(engine, path, clock, actor_id=actor_id, zone=ZoneInfo(zone or "UTC"))
    store.mended = tuple(mended)
    return store


def is_trial(store: Store) -> bool:
    with store.reading() as work:
        return bool(work.session.scalar(select(Book.is_trial)))


def _store(engine: Engine, path: Path | None, clock: Clock, *, actor_id: int, zone: ZoneInfo) -> Store:
    gate = Gate(None if path is None else path.with_name(path.name + "-lock"))
    return Store(engine, clock=clock, actor_id=actor_id, zone=zone, gate=gate, derivers=(keep,), path=path)


def _refuse_place(path: Path) -> None:
    _refuse_share(path)
    try:
        if path.is_dir():
            raise BookError(f"{path} is a folder. Give the new book a file name, such as acme.throughline.")
        if not path.parent.is_dir():
            raise BookError(f"The folder {path.parent} does not exist. Create it first.")
        if path.exists():
            raise _exists(path)
        _refuse_network(path)
        for old in path.parent.glob(f"{path.name}.*.part"):
            _remove(old)
    except OSError as error:
        raise BookError(f"{path} cannot be written: {error.strerror}.") from None
    except ValueError:
        raise BookError(f"{path} is no name of a file. Give the new book another name.") from None


def _exists(path: Path) -> BookError:
    return BookError(f"{path} exists already and is left as it is. Choose another name, or open it.")


def _start_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
    except OSError as error:
        raise BookError(f"{path.parent} cannot be written: {error.strerror}.") from None
    except ValueError:
        raise BookError(f"{path} is no name of a file. Give the new book another name.") from None


def _put_new(part: Path, path: Path) -> None:
    """Give the finished file its name, in one step, unless something has that name by now."""
    try:
        sync_file(part)
        if sys.platform == "win32":
            part.rename(path)
        else:
            os.link(part, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise BookError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        sync_folder(path.parent)
    except OSError as error:
        _remove(path)
        raise BookError(f"{path} cannot be written: {error.strerror}.") from None


def _remove(path: Path) -> None:
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-lock", "-journal"))):
        name.unlink(missing_ok=True)


def _make_tables(engine: Engine, book: str) -> None:
    with engine.connect() as connection:
        revision = schema.revision_of(connection)
        if revision == HEAD and connection.scalar(select(Book.id)) is None:
            return
        if revision is not None:
            raise BookError(f"{_shown(book)} holds a book already and is left as it is.")
        if inspect(connection).get_table_names():
            raise BookError(f"{_shown(book)} holds tables of another program and is left as it is.")
    schema.upgrade(engine)
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")


def _first_rows(work: Work, *, is_trial: bool) -> None:
    """The head of the history chain, then the book's row and the system's own user, with history like all that follow."""
    work.session.connection().execute(insert(ChainHead).values(id=1, last_id=0, hash=history.GENESIS))
    work.session.add(
        User(
            code="system",
            name="Throughline",
            email="",
            initials="TL",
            language="en",
            time_zone="UTC",
            is_active=False,
            is_system=True,
            created_at=work.now,
        )
    )
    work.session.add(Book(uuid=uuid.uuid4().hex, created_at=work.now, is_trial=is_trial))
    work.session.flush()


def _look_at(path: Path) -> None:
    """Cheap looks that need no SQLite: what this is, and whether it may be opened where it lies."""
    _refuse_share(path)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise BookError(
            f"There is no book at {path}. Check the path, or make one with: new --name ... --country ..."
        ) from None
    except OSError as error:
        raise BookError(f"{path} cannot be read: {error.strerror}.") from None
    if stat.S_ISDIR(mode):
        raise BookError(f"{path} is a folder, not a book.")
    if not stat.S_ISREG(mode):
        raise BookError(f"{path} is not an ordinary file.")
    _refuse_network(path)
    try:
        with path.open("rb") as file:
            head, size = file.read(100), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise BookError(f"{path} cannot be read: {error.strerror}.") from None
    if not head:
        raise BookError(f"{path} is empty, so it is not a book. If it should be one, restore a backup.")
    if not head.startswith(SQLITE_MAGIC):
        raise BookError(f"{path} is not a book of Throughline. Nothing in it was touched.")
    mark = int.from_bytes(head[MAGIC_OFFSET : MAGIC_OFFSET + 4], "big")
    # While pages lie in the write-ahead log, mark and size may be those of before; both are asked again after opening.
    has_log = path.with_name(path.name + "-wal").exists()
    if len(head) == 100 and mark != APPLICATION_ID and not (mark == 0 and has_log):
        raise BookError(f"{path} is a database of another program. Nothing in it was touched.")
    if len(head) < 100 or (size < _size_in(head) and not has_log):
        raise BookError(f"{path} is damaged: it ends too early. Restore the last verified backup.")


def _size_in(head: bytes) -> int:
    """Bytes that the file has by its own header: page size (1 stands for 65536) by pages (SQLite's file format, 1.3)."""
    page = int.from_bytes(head[16:18], "big")
    return (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")


def _refuse_share(path: Path) -> None:
    if str(path).startswith(("\\\\", "//")):
        raise BookError(f"{path} lies on a network share, where SQLite can lose data. Use PostgreSQL to share a book.")


def _refuse_network(path: Path) -> None:
    _refuse_share(path)
    if sys.platform == "linux" and _file_system(path) in NETWORK_TYPES:
        raise BookError(f"{path} lies on a network drive, where SQLite can lose data. Use PostgreSQL to share a book.")


def _file_system(path: Path) -> str:
    """The type of the mounted file system that holds `path`, from the kernel's table of mounts."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    target = str(path.absolute().resolve().parent)
    best = ("", "")
    for line in mounts:
        point, kind = line.split(" ")[1:3]
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) > len(best[0]):
            best = (point, kind)
    return best[1]


def _check_identity(connection: Connection) -> None:
    revision = schema.revision_of(connection)
    if connection.dialect.name == "sqlite":
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if mark != APPLICATION_ID or revision is None:
            raise BookError("This is a database of another program, not a book of Throughline. It was not touched.")
    elif revision is None:
        raise BookError("This PostgreSQL database holds no book yet. Make one with: new --name ... --country ...")
    if revision != HEAD:
        raise BookError(
            f"This book was written by a newer version of Throughline (schema {revision}, this one knows {HEAD}). "
            "Update the program; the book was not touched."
            if (revision or "") > HEAD
            else f"This book has the older schema {revision}; this version cannot open it."
        )


def _mend(connection: Connection) -> list[str]:
    """A guard that is missing or altered is made again before anything is written."""
    mended = guards.repair_triggers(connection)
    connection.commit()
    return mended


def _is_read_only(path: Path | None) -> bool:
    return path is not None and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _actor_id(connection: Connection, actor: str | None) -> int:
    users = connection.execute(select(User.id, User.code, User.name, User.email, User.is_active, User.is_system))
    people = [user for user in users if not user.is_system and user.is_active]
    if actor is None:
        owners = select(UserRole.user_id).join(Role, Role.id == UserRole.role_id).where(Role.code == "owner")
        first = set(connection.scalars(owners))
        return min(people, key=lambda user: (user.id not in first, user.id)).id if people else SYSTEM_USER
    wanted = actor.casefold()
    for name in ("code", "email", "name"):
        for user in people:
            if wanted == getattr(user, name).casefold():
                return int(user.id)
    names = ", ".join(user.code for user in people[:8])
    raise NotFound(f"There is no active user {actor!r} in this book. Users: {names}.")


def _cannot_open(book: str, error: DBAPIError) -> BookError:
    text = str(error.orig)
    shown = _shown(book)
    if "locked" in text:
        return BookError(f"{shown} is locked by another program. Close it there, or wait, and try again.")
    if "malformed" in text or "not a database" in text:
        return BookError(f"{shown} is damaged and was not touched. Restore the last verified backup.")
    if "unable to open" in text or "readonly" in text:
        return BookError(f"{shown} cannot be opened here: check the permissions of the file and of its folder.")
    if isinstance(error, OperationalError):
        return BookError(f"{shown} cannot be reached: {text.splitlines()[0]}")
    return BookError(f"{shown} cannot be opened: {text.splitlines()[0]}")


def _shown(book: str) -> str:
    """A book's name without a password in it."""
    return re.sub(r"//([^:/@]+):[^@/]*@", r"//\1@", book)


def driver_version() -> str:
    driver: Any = sqlite_driver()
    return f"{driver.__name__.split('.')[0]} {driver.sqlite_version}"
