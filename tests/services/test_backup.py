"""Backups are made, tested and restored; whatever happens in between, a whole book stays."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from services import manifest
from services.backup import backup, verify
from services.book import open_book
from services.database import sqlite_driver
from services.errors import Cancelled, Forbidden, UserError
from services.organisation.founding import CompanyDraft, UserDraft, add_user, found_company
from services.restore import restore
from services.store import Store
from tests.soak.books import clock, copy_book, faults_in, new_book

ROOT = Path(__file__).resolve().parent.parent.parent
BEGINNING = """
import os, signal, sys
from pathlib import Path
from services.backup import backup
from services.errors import UserError
from services.restore import restore
from tests.soak.books import clock, opened
book, file = sys.argv[1], Path(sys.argv[2])
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.throughline"
    new_book(str(path))
    return path


@pytest.fixture
def book(tmp_path: Path, template: Path) -> Path:
    path = tmp_path / "acme.throughline"
    copy_book(template, path)
    return path


@pytest.fixture
def good(book: Path) -> Path:
    """A backup of `book`, beside it."""
    return make(book, book.with_name("acme.backup"))


def make(book: Path, target: Path) -> Path:
    store = opened(book)
    try:
        return backup(store, target).path
    finally:
        store.close()


def opened(book: Path, actor: str | None = None) -> Store:
    return open_book(str(book), clock=clock, actor=actor)


def hire(book: Path, name: str) -> None:
    store = opened(book)
    try:
        with store.writing() as work:
            add_user(work, UserDraft(name=name))
    finally:
        store.close()


def names_in(book: Path) -> list[str]:
    connection = sqlite3.connect(book)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM user ORDER BY id")]
    finally:
        connection.close()


def run(code: str, book: Path, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGINNING + code, str(book), str(file)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def flip(file: Path, text: bytes) -> None:
    """Change one letter of `text`, wherever it stands in the file first."""
    content = bytearray(file.read_bytes())
    position = content.index(text)
    content[position] ^= 1
    file.write_bytes(content)


def unfinished(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part" in path.name]


# --- making and testing ----------------------------------------------------------------------------------------------


def test_a_backup_holds_what_the_book_holds_and_says_so(book: Path, tmp_path: Path) -> None:
    store = opened(book)
    result = backup(store, tmp_path / "acme.backup")
    store.close()
    assert result.counts["user"] == 2
    assert result.counts["history"] == result.last_id > 100
    assert result.sha256 == manifest.sha256_of(result.path)
    tested = verify(result.path, clock=clock)
    assert tested.ok and tested.has_manifest
    assert tested.taken_at == "2026-03-02T08:00:00+00:00"
    assert tested.contents is not None
    assert tested.contents.chain_head == result.chain_head
    assert tested.contents.companies == ("Soak",)


def test_testing_a_backup_changes_no_byte_and_leaves_nothing_beside_it(good: Path) -> None:
    before = {path.name: path.read_bytes() for path in good.parent.iterdir()}
    verify(good, clock=clock)
    assert {path.name: path.read_bytes() for path in good.parent.iterdir()} == before


def test_what_was_committed_a_moment_ago_is_in_it_although_it_lies_in_the_wal_only(book: Path, tmp_path: Path) -> None:
    store = opened(book)
    with store.writing() as work:
        add_user(work, UserDraft(name="Late Lena"))
    made = backup(store, tmp_path / "late.backup").path
    store.close()
    assert "Late Lena" in names_in(made)


def test_an_older_backup_is_replaced_and_its_manifest_with_it(book: Path, good: Path) -> None:
    old = manifest.sha256_of(good)
    hire(book, "Nina New")
    make(book, good)
    assert manifest.sha256_of(good) != old
    assert verify(good, clock=clock).ok
    assert len(manifest.read(good) or ()) == 1


def test_a_backup_without_its_manifest_is_judged_by_itself(good: Path) -> None:
    manifest.beside(good).unlink()
    tested = verify(good, clock=clock)
    assert tested.ok and not tested.has_manifest


def test_a_person_without_the_right_makes_no_backup(book: Path, tmp_path: Path) -> None:
    hire(book, "Sam Staff")
    store = opened(book, "sam")
    with pytest.raises(Forbidden, match="Sam Staff may not export the book"):
        backup(store, tmp_path / "x.backup")
    store.close()


def test_a_cancelled_backup_leaves_nothing(book: Path, tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise Cancelled("Stopped.")

    store = opened(book)
    with pytest.raises(Cancelled):
        backup(store, tmp_path / "x.backup", stop)
    store.close()
    assert not (tmp_path / "x.backup").exists()
    assert not unfinished(tmp_path)


# --- damage ----------------------------------------------------------------------------------------------------------


def test_a_flipped_letter_is_found_by_the_hash(good: Path) -> None:
    flip(good, b"Olga Owner")
    assert "SHA-256" in verify(good, clock=clock).problems[0]


def test_without_the_manifest_the_chain_finds_a_flipped_letter_that_sqlite_does_not_see(good: Path) -> None:
    manifest.beside(good).unlink()
    flip(good, b'"Olga Owner"')
    assert any("values were altered" in problem for problem in verify(good, clock=clock).problems)


def test_half_a_backup_is_no_backup(good: Path) -> None:
    good.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    assert not verify(good, clock=clock).ok
    manifest.beside(good).unlink()
    assert not verify(good, clock=clock).ok


def test_a_backup_without_a_guard_is_named(good: Path) -> None:
    connection = sqlite3.connect(good)
    connection.execute("DROP TRIGGER guard_posting_no_update")
    connection.commit()
    connection.close()
    manifest.beside(good).unlink()
    assert verify(good, clock=clock).problems[0] == "The guard guard_posting_no_update is missing or was altered."


def test_a_damaged_book_is_not_backed_up_over_a_good_backup(book: Path, good: Path) -> None:
    """A page of the history is overwritten while nobody looks; the copy fails its test and is thrown away."""
    before = good.read_bytes()
    flip(book, b'"Olga Owner"')
    with pytest.raises(UserError, match="failed its test"):
        make(book, good)
    assert good.read_bytes() == before
    assert verify(good, clock=clock).ok
    assert not unfinished(good.parent)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing", None, "There is no backup at"),
        ("empty", b"", "is empty"),
        ("text", b"hello", "is not a backup of Throughline"),
        ("zeros", bytes(8192), "is not a backup of Throughline"),
        ("nul.name", b"SQLite format 3\0", "is not a backup of Throughline"),
    ],
)
def test_what_is_no_backup_is_refused(tmp_path: Path, name: str, content: bytes | None, sentence: str) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        verify(file, clock=clock)
    with pytest.raises(UserError, match=sentence):
        restore(file, str(tmp_path / "new.throughline"), clock=clock)
    assert not (tmp_path / "new.throughline").exists()


def test_a_folder_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a file"):
        verify(tmp_path, clock=clock)


# --- where a backup may go -------------------------------------------------------------------------------------------


def other_database(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()
    return path


def test_only_a_backup_is_overwritten(book: Path, tmp_path: Path) -> None:
    other = other_database(tmp_path / "other.db")
    text = tmp_path / "letter.txt"
    text.write_text("dear")
    second = tmp_path / "second.throughline"
    new_book(str(second))
    link = tmp_path / "link"
    link.symlink_to(book)
    for target in (other, text, second, book, link, tmp_path, tmp_path / "nowhere" / "x", Path("/dev/null")):
        before = target.read_bytes() if target.is_file() else None
        with pytest.raises(UserError):
            make(book, target)
        assert before is None or target.read_bytes() == before
    assert not unfinished(tmp_path)


def test_a_full_disk_leaves_the_old_backup_and_says_so(book: Path, good: Path) -> None:
    """No file of the child may grow past 300 kB, as on a disk that is full."""
    before = good.read_bytes()
    done = run(
        "import resource\n"
        "store = opened(book)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try: backup(store, file)\n"
        "except UserError as error: print(error)\n",
        book,
        good,
    )
    assert done.stdout.startswith("The disk is full"), done.stderr
    assert good.read_bytes() == before
    assert not unfinished(good.parent)
    assert faults_in(str(book)) == []


@pytest.mark.parametrize("step", range(5))
def test_killed_at_any_step_a_backup_is_the_old_one_or_the_new_one(book: Path, good: Path, step: int) -> None:
    old = manifest.sha256_of(good)
    hire(book, "Nina New")
    done = run(
        f"def die(done, total):\n    if done == {step}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "backup(opened(book), file, die)\n",
        book,
        good,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert verify(good, clock=clock).ok
    assert (manifest.sha256_of(good) == old) == (step < 4)
    make(book, good)
    assert verify(good, clock=clock).ok


def test_between_manifest_and_file_either_file_is_known(book: Path, good: Path) -> None:
    """The worst moment of a power cut: the manifest names the new file, the old one still lies there."""
    old = good.read_bytes()
    both = manifest.read(good)
    hire(book, "Nina New")
    make(book, good)
    new = manifest.read(good)
    assert both and new
    manifest.write(good, (*new, *both))
    assert verify(good, clock=clock).ok
    good.write_bytes(old)
    assert verify(good, clock=clock).ok


# --- restoring -------------------------------------------------------------------------------------------------------


def test_a_restored_book_is_the_backup_and_the_book_before_is_kept(book: Path, good: Path) -> None:
    hire(book, "Nina New")
    result = restore(good, str(book), clock=clock)
    assert names_in(book) == ["Throughline", "Olga Owner"]
    assert result.kept_as == book.with_name("acme.throughline.before-restore-20260302-080000")
    assert "Nina New" in names_in(result.kept_as)
    assert faults_in(str(book)) == []
    again = restore(good, str(book), clock=clock)
    assert again.kept_as == book.with_name("acme.throughline.before-restore-20260302-080000-2")


def test_a_backup_becomes_a_new_book(good: Path, tmp_path: Path) -> None:
    result = restore(good, str(tmp_path / "other.throughline"), clock=clock)
    assert result.kept_as is None
    assert faults_in(str(result.path)) == []


def test_the_wal_that_a_crash_left_is_kept_with_the_old_book_and_not_played_into_the_new(
    book: Path, good: Path
) -> None:
    run(
        "from services.organisation.founding import UserDraft, add_user\n"
        "store = opened(book)\n"
        "with store.writing() as work: add_user(work, UserDraft(name='Wanda Wal'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n",
        book,
        good,
    )
    assert book.with_name(book.name + "-wal").stat().st_size > 0
    result = restore(good, str(book), clock=clock)
    assert result.kept_as is not None
    assert "Wanda Wal" in names_in(result.kept_as)
    assert "Wanda Wal" not in names_in(book)
    assert faults_in(str(book)) == []


def test_a_book_that_is_open_elsewhere_is_not_replaced(book: Path, good: Path) -> None:
    elsewhere = sqlite_driver().connect(str(book), isolation_level=None)
    elsewhere.execute("SELECT count(*) FROM user").fetchall()
    before = book.read_bytes()
    with pytest.raises(UserError, match="is open elsewhere"):
        restore(good, str(book), clock=clock)
    elsewhere.close()
    assert book.read_bytes() == before
    assert not unfinished(book.parent)
    assert restore(good, str(book), clock=clock).kept_as is not None


def test_a_damaged_book_is_kept_byte_by_byte(book: Path, good: Path) -> None:
    content = book.read_bytes()
    damaged = content[:4096] + bytes(len(content) - 4096)
    book.write_bytes(damaged)
    result = restore(good, str(book), clock=clock)
    assert result.kept_as is not None
    assert result.kept_as.read_bytes() == damaged
    assert faults_in(str(book)) == []


def test_an_empty_file_in_the_books_place_is_replaced(book: Path, good: Path) -> None:
    book.write_bytes(b"")
    restore(good, str(book), clock=clock)
    assert faults_in(str(book)) == []


def test_a_bad_backup_is_not_restored(book: Path, good: Path) -> None:
    flip(good, b"Olga Owner")
    before = book.read_bytes()
    with pytest.raises(UserError, match="fails its test and was not restored"):
        restore(good, str(book), clock=clock)
    assert book.read_bytes() == before


def test_nothing_but_a_book_is_replaced(good: Path, tmp_path: Path) -> None:
    other = other_database(tmp_path / "other.db")
    before = other.read_bytes()
    for target in (other, tmp_path, good, tmp_path / "nowhere" / "x", "postgresql://localhost/x"):
        with pytest.raises(UserError):
            restore(good, str(target), clock=clock)
    assert other.read_bytes() == before


def test_a_person_without_the_right_restores_nothing(book: Path, good: Path) -> None:
    hire(book, "Sam Staff")
    with pytest.raises(Forbidden):
        restore(good, str(book), clock=clock, actor="sam")
    assert "Sam Staff" in names_in(book)
    assert not unfinished(book.parent)


@pytest.mark.parametrize("step", [1, 2, 4])
def test_killed_at_any_step_of_restoring_the_old_book_or_the_new_one_lies_there(
    book: Path, good: Path, step: int
) -> None:
    hire(book, "Nina New")
    done = run(
        f"def die(done, total):\n    if done == {step}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "restore(file, book, clock=clock, report=die)\n",
        book,
        good,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert ("Nina New" in names_in(book)) == (step < 4)
    assert faults_in(str(book)) == []


def test_a_full_disk_leaves_the_book_as_it_was(book: Path, good: Path) -> None:
    hire(book, "Nina New")
    done = run(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try: restore(file, book, clock=clock)\n"
        "except UserError as error: print(error)\n",
        book,
        good,
    )
    assert "full" in done.stdout, done.stderr
    assert "Nina New" in names_in(book)
    assert faults_in(str(book)) == []


def test_the_manifest_is_plain_json_that_a_person_can_read(good: Path) -> None:
    body = json.loads(manifest.beside(good).read_text(encoding="utf-8"))
    assert body["format"] == 1
    assert body["files"][0]["contents"]["companies"] == ["Soak"]


def test_a_manifest_of_nonsense_counts_as_none(good: Path) -> None:
    manifest.beside(good).write_text("[" * 100_000)
    assert verify(good, clock=clock).has_manifest is False


def test_two_companies_are_both_named(book: Path, tmp_path: Path) -> None:
    store = opened(book)
    with store.writing() as work:
        found_company(work, CompanyDraft(name="Second", country="IN", state="29"))
    made = backup(store, tmp_path / "two.backup").path
    store.close()
    contents = verify(made, clock=clock).contents
    assert contents is not None
    assert contents.companies == ("Soak", "Second")
