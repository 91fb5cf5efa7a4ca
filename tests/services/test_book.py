"""Bad input when a book is opened or made: a sentence each, and nothing is touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import select

from models.customers import Customer
from models.organisation import Book, User
from services import book, database
from services.database import APPLICATION_ID, connect, sqlite_driver
from services.errors import BookError, NotFound
from services.store import Store
from tests.conftest import Clock
from tests.factories import customer_in, user_in
from tests.postgres import drop_database, fresh_database, needed_server


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder with its hash; the lock file of the gate left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith("-lock")
    }


def refused(path: Path | str, clock: Clock) -> str:
    """The sentence with which opening is refused; the folder is as it was before."""
    folder = Path(path).parent
    before = contents(folder) if folder.is_dir() else {}
    with pytest.raises(BookError) as error:
        book.open_book(str(path), clock=clock)
    if before:
        assert contents(folder) == before
    sentence = str(error.value)
    assert sentence.endswith("."), sentence
    assert "\n" not in sentence
    return sentence


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_path_that_is_missing(tmp_path: Path, clock: Clock) -> None:
    assert "There is no book at" in refused(tmp_path / "none.throughline", clock)
    assert "There is no book at" in refused(tmp_path / "no" / "folder" / "none", clock)
    assert list(tmp_path.iterdir()) == []


def test_a_path_through_a_file(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("x")
    assert "There is no book at" in refused(tmp_path / "file" / "book", clock)


@pytest.mark.parametrize("name", ["x" * 10_000, "a\x00b"])
def test_a_name_that_no_file_can_have(tmp_path: Path, clock: Clock, name: str) -> None:
    refused(tmp_path / name, clock)
    with pytest.raises(BookError):
        book.create(str(tmp_path / name), clock=clock)


def test_a_folder(tmp_path: Path, clock: Clock) -> None:
    assert "is a folder" in refused(tmp_path, clock)
    with pytest.raises(BookError, match="is a folder"):
        book.create(str(tmp_path), clock=clock)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"Dear diary", "is not a book"),
        (b"\x00" * 5_000, "is not a book"),
        (b"SQLite format 3", "is not a book"),
        (b"SQLite format 3\x00", "ends too early"),
        (b"SQLite format 3\x00" + b"\xff" * 5_000, "another program"),
        (b"PK\x03\x04" + b"x" * 5_000, "is not a book"),
    ],
)
def test_a_file_that_is_something_else(tmp_path: Path, clock: Clock, content: bytes, says: str) -> None:
    path = tmp_path / "acme.throughline"
    path.write_bytes(content)
    assert says in refused(path, clock)


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("mark", [0, 0x0F055112])
def test_a_database_of_another_program_is_not_even_opened(
    tmp_path: Path, clock: Clock, journal: str, mark: int
) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute(f"PRAGMA application_id={mark}")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.commit()
    connection.close()
    assert "another program" in refused(path, clock)


def test_another_program_with_our_mark_is_refused(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute("CREATE TABLE something (x)")
    connection.commit()
    connection.close()
    assert "another program" in refused(path, clock)


@pytest.mark.parametrize("share", [0.999, 0.5, 0.02])
def test_a_truncated_book(book_path: Path, clock: Clock, share: float) -> None:
    os.truncate(book_path, int(book_path.stat().st_size * share))
    assert "damaged" in refused(book_path, clock)


def test_a_book_whose_pages_were_overwritten(book_path: Path, clock: Clock) -> None:
    with book_path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(200_000))
    assert "damaged" in refused(book_path, clock)


def test_a_named_pipe_and_a_socket_are_no_books(tmp_path: Path, clock: Clock) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not an ordinary file" in refused(tmp_path / "pipe", clock)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert "not an ordinary file" in refused(tmp_path / "socket", clock)


@pytest.mark.parametrize("path", ["//server/share/acme.throughline", "\\\\server\\share\\acme.throughline"])
def test_a_network_share_is_refused_and_postgresql_offered(path: str, clock: Clock) -> None:
    with pytest.raises(BookError, match="Use PostgreSQL"):
        book.open_book(path, clock=clock)
    with pytest.raises(BookError, match="Use PostgreSQL"):
        book.create(path, clock=clock)


def test_a_mounted_network_drive_is_refused(book_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "_file_system", lambda _path: "nfs4")
    assert "network drive" in refused(book_path, clock)
    with pytest.raises(BookError, match="network drive"):
        book.create(str(book_path.with_name("new")), clock=clock)
    assert not book_path.with_name("new").exists()


def test_a_book_that_another_program_holds(book_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    other = sqlite_driver().connect(str(book_path), isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BookError, match="locked by another program"):
        book.open_book(str(book_path), clock=clock)
    other.execute("ROLLBACK")
    other.close()
    book.open_book(str(book_path), clock=clock).close()


def test_a_writer_elsewhere_is_a_sentence_too(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.path is not None
    other = sqlite_driver().connect(str(store.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    again = book.open_book(str(store.path), clock=clock)
    with pytest.raises(Exception, match="Somebody else is writing"), again.writing():
        pass
    other.execute("ROLLBACK")
    other.close()
    again.close()


READ_ONLY = """
import datetime as dt, os, sys
from services import book
from services.errors import UserError
from models.organisation import Company
clock = lambda: dt.datetime(2026, 3, 14, tzinfo=dt.UTC)

def use(path):
    store = book.open_book(path, clock=clock)
    with store.reading() as work:
        print("read", work.session.query(Company).count())
    with store.writing() as work:
        work.session.query(Company).first().legal_name = "changed"
    store.close()

use(sys.argv[2])  # everything is imported before the rights go: nobody may not even read Python itself
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    use(sys.argv[1])
except UserError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("rights", [(0o444, 0o755), (0o000, 0o755), (0o644, 0o700), (0o444, 0o777)])
def test_a_book_without_the_rights_to_write_it(book_path: Path, rights: tuple[int, int]) -> None:
    """Run as nobody: what may be read is read, what may not be written is refused in a sentence."""
    folder = Path(tempfile.gettempdir()) / f"throughline-{os.getpid()}-{rights[0]:o}-{rights[1]:o}"
    folder.mkdir()
    try:
        path = folder / "acme.throughline"
        shutil.copyfile(book_path, path)
        path.chmod(rights[0])
        folder.chmod(rights[1])
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        answer = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path), str(book_path)], capture_output=True, text=True, check=False
        )
        assert answer.stderr == ""
        assert answer.returncode == 0
        assert answer.stdout.startswith("read 1\n")
        assert "BookError" in answer.stdout
        assert answer.stdout.rstrip().endswith(".")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    finally:
        shutil.rmtree(folder)


# --- making ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"something of mine"])
def test_a_new_book_never_replaces_a_file(tmp_path: Path, clock: Clock, content: bytes) -> None:
    path = tmp_path / "mine"
    path.write_bytes(content)
    with pytest.raises(BookError, match="exists already and is left as it is"):
        book.create(str(path), clock=clock)
    assert contents(tmp_path) == {"mine": hashlib.sha256(content).hexdigest()}


def test_a_new_book_in_a_missing_folder(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(BookError, match="does not exist"):
        book.create(str(tmp_path / "no" / "acme.throughline"), clock=clock)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "name", ["acme.throughline", "50% off?.db", "a#b & c", "شركة النور", "-rf", "x" * 200, "a b'c\"d"]
)
def test_a_new_book_has_any_name_that_a_file_can_have(tmp_path: Path, clock: Clock, name: str) -> None:
    store = book.create(str(tmp_path / name), clock=clock, is_trial=True)
    store.close()
    assert [path for path in contents(tmp_path) if not path.endswith("-lock")] == [name]
    again = book.open_book(str(tmp_path / name), clock=clock)
    assert book.is_trial(again)
    again.close()


def test_a_new_book_on_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    """The file may grow to 64 KB only, as on a disk with no room."""
    program = """
import datetime as dt, resource, signal, sys
from services import book
from services.errors import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    book.create(sys.argv[1], clock=lambda: dt.datetime(2026, 3, 14, tzinfo=dt.UTC))
except UserError as error:
    print(type(error).__name__, error)
"""
    path = tmp_path / "acme.throughline"
    answer = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    assert answer.stdout.startswith("BookError")
    assert contents(tmp_path) == {}


def test_a_new_book_belongs_to_the_system_alone(tmp_path: Path, clock: Clock) -> None:
    store = book.create(str(tmp_path / "acme.throughline"), clock=clock)
    with store.reading() as work:
        assert [(u.id, u.code, u.is_system) for u in work.session.scalars(select(User))] == [(1, "system", True)]
        assert work.actor.is_system
        assert not work.session.scalars(select(Book.is_trial)).one()
    store.close()


@pytest.mark.both
def test_postgresql_databases_that_are_no_books(clock: Clock) -> None:
    server = needed_server()
    url = fresh_database(server)
    with pytest.raises(BookError, match="holds no book yet"):
        book.open_book(url, clock=clock)
    book.create(url, clock=clock).close()
    with pytest.raises(BookError, match="holds a book already"):
        book.create(url, clock=clock)
    drop_database(server, url)
    with pytest.raises(BookError, match="cannot be reached"):
        book.open_book(url.replace("throughline@", "throughline:secret@"), clock=clock)


@pytest.mark.both
def test_a_postgresql_database_of_another_program_is_left_alone(clock: Clock) -> None:
    server = needed_server()
    url = fresh_database(server)
    engine = connect(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customer (name text)")
    with pytest.raises(BookError, match="another program"):
        book.create(url, clock=clock)
    with engine.connect() as connection:
        tables = (
            connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars().all()
        )
    engine.dispose()
    drop_database(server, url)
    assert tables == ["customer"]


def test_a_password_is_never_shown(clock: Clock) -> None:
    with pytest.raises(BookError) as error:
        book.open_book("postgresql://someone:s3cret@127.0.0.1:1/none", clock=clock)
    assert "s3cret" not in str(error.value)
    assert "cannot be reached" in str(error.value)


# --- for whom --------------------------------------------------------------------------------------------------------


def test_a_book_is_opened_for_its_first_owner(store: Store, clock: Clock) -> None:
    assert store.path is not None
    staff = user_in(store, "Sara")
    second = user_in(store, "Omar", "owner")
    with store.writing() as work:
        work.session.get_one(User, work.actor_id).is_active = False
    again = book.open_book(str(store.path), clock=clock)
    with again.reading() as work:
        assert work.actor_id == second
        assert work.actor_id != staff
    again.close()


@pytest.mark.parametrize("name", ["sara", "SARA@LOCALHOST", "Sara Ali"])
def test_a_book_is_opened_for_somebody_by_code_mail_or_name(store: Store, clock: Clock, name: str) -> None:
    sara = user_in(store, "Sara Ali")
    again = book.open_book(str(store.path), clock=clock, actor=name)
    with again.reading() as work:
        assert work.actor_id == sara
    again.close()


def test_a_code_counts_before_a_name(store: Store, clock: Clock) -> None:
    user_in(store, "Omar")
    sara = user_in(store, "Sara")
    with store.writing() as work:
        work.session.get_one(User, sara).name = "omar"
    again = book.open_book(str(store.path), clock=clock, actor="omar")
    with again.reading() as work:
        assert work.actor.code == "omar"
        assert work.actor_id != sara
    again.close()


@pytest.mark.parametrize("name", ["nobody", "system", "Throughline", "", "a\x00b"])
def test_nobody_else_opens_it(store: Store, clock: Clock, name: str) -> None:
    with pytest.raises(NotFound, match="no active user"):
        book.open_book(str(store.path), clock=clock, actor=name)


def test_what_was_written_is_there_after_opening_again(store: Store, clock: Clock) -> None:
    customer_id = customer_in(store, "Acme")
    store.close()
    again = book.open_book(str(store.path), clock=clock)
    with again.reading() as work:
        assert work.session.get_one(Customer, customer_id).display_name == "Acme"
    again.close()
