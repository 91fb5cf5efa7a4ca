"""Whatever is typed or opened: one sentence, the documented exit code, nothing written."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Clock
from tests.ui.cli.console import Console

MAIN = Path(__file__).resolve().parents[3] / "main.py"


@pytest.fixture
def console(book_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(book_path, clock, capsys)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lst invoices", "Did you mean list?"),
        ("list invoicez", "Did you mean invoices?"),
        ("list invoices --where 'stats = paid'", "Did you mean status?"),
        ("list invoices --where 'status'", "is no condition"),
        ("list invoices --sort '1; DROP TABLE document'", "has no column"),
        ("list invoices --limit many", "is a whole number"),
        ("list customers --where 'payment_terms_days ~ 3'", "is no text"),
        ("show invoicee X", "Did you mean invoice?"),
        ("do winn deal D-0001", "Did you mean win?"),
        ("create customer --set nme=x", "has no field nme"),
        ("create customer --set name", "is no assignment"),
        ("create customer --set name=a name=b", "set twice"),
        ("report ageing", "There is no report ageing"),
        ("settings --set billing.round_of=true", "Did you mean billing.round_off?"),
        ("create payment --set customer=x amount=1 --allocate INV", "is no allocation"),
        ("list invoices --at 2026-03-31", "needs the offset"),
        ("list invoices --at later", "is no time"),
    ],
)
def test_wrong_use_names_the_nearest_and_exits_with_2(console: Console, line: str, said: str) -> None:
    assert said in console.refused(line, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("show invoice INV-1", "There is no invoice INV-1"),
        ("create customer --set country=AE", "needs a name"),
        ("create customer --set name=x country=Atlantis", "is not a country"),
        ("create customer --set name=x country=IN tax_id=29AABCU9603R1ZX", "should be J"),
        ("create customer --set name=x email=nobody", "e-mail"),
        ("create item --set name=x unit_price=1e308", "not a number that the book can hold"),
        ("create item --set name=x unit_price=NaN", "not a number"),
        ('create invoice --set customer=C-9 \'lines=[{"description": "x", "unit_price": "1"}]\'', "C-9"),
        ("create invoice --from missing.json", "cannot be read"),
        ("settings --set billing.due_days=x", "is a whole number"),
        ("settings --set billing.due_days=-1", "between 0 and 3650"),
        ("report trial-balance --as-of 2026-02-30", "not a date"),
        ("report trial-balance --as-of 10000-01-01", "not a date"),
        ("--as nobody list customers", "There is no active user 'nobody'"),
        ("create rate --set currency=USD home=AED rate=0 quoted_on=2026-03-01", "greater than 0"),
    ],
)
def test_what_is_rejected_says_why_and_exits_with_1(console: Console, line: str, said: str) -> None:
    assert said in console.refused(line, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x\0y", "control character U+0000"),
        ("half \ud800", "broken character"),
        ("x" * 10_000, "10,000 characters"),
        ("a\u001bb", "control character U+001B"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(
    console: Console, tmp_path: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "customer.json"
    file.write_text(json.dumps({"name": name, "country": "AE"}), encoding="ascii")
    assert said in console.refused(f"create customer --from {file}")
    assert console.do("list customers")["count"] == 0


@pytest.mark.parametrize(
    "name",
    [
        "<b>Bold</b> & Sons",
        'O\'Brien "Quote" Ltd',
        "{0.__class__}",
        "%s %(x)s",
        "شركة النور",
        "दिल्ली ट्रेडर्स",
        "😀 Ltd",
        "=1+1",
    ],
)
def test_any_other_name_is_kept_as_typed(console: Console, name: str) -> None:
    made = console.do("create customer", name=name, country="AE")
    assert console.do(f"show customer {made['code']}")["name"] == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[1]", "holds no JSON object"),
        ('{"name": "a", "name": "b"}', "names name twice"),
        ('{"credit_limit": NaN}', "NaN is not a number"),
        ("[" * 200_000, "nested too deeply"),
        ("", "is no JSON"),
    ],
)
def test_a_file_that_is_no_record_is_refused(console: Console, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "record.json"
    file.write_text(text, encoding="utf-8")
    assert said in console.refused(f"create customer --from {file}")


def _text(path: Path) -> None:
    path.write_text("this is no book", encoding="utf-8")


def _foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.commit()
    connection.close()


OPENED: list[tuple[str, Any, str]] = [
    ("missing", lambda _: None, "There is no book at"),
    ("directory", lambda path: path.mkdir(), "is a folder"),
    ("empty", lambda path: path.touch(), "is empty"),
    ("text", _text, "is not a book of Throughline"),
    ("foreign", _foreign, "another program"),
    ("pipe", os.mkfifo, "is not an ordinary file"),
]


@pytest.mark.parametrize(("name", "make", "said"), OPENED, ids=[name for name, _, _ in OPENED])
def test_what_is_no_book_is_not_opened(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], name: str, make: Any, said: str
) -> None:
    path = tmp_path / name
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert said in Console(path, clock, capsys).refused("list customers")
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_book_is_never_made_over_something(
    book_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = book_path.read_bytes()
    new = "new --name Other --country AE"
    assert "exists already" in Console(book_path, clock, capsys).refused(new)
    assert book_path.read_bytes() == before
    assert "does not exist" in Console(tmp_path / "no" / "x.throughline", clock, capsys).refused(new)
    wrong = Console(tmp_path / "y.throughline", clock, capsys)
    assert "TRN" in wrong.refused("new --name Other --country AE --tax-id 123")
    assert not (tmp_path / "y.throughline").exists()


HOLD = """
import sqlite3, sys
holder = sqlite3.connect(sys.argv[1], isolation_level=None)
holder.execute("PRAGMA locking_mode=EXCLUSIVE")
holder.execute("BEGIN EXCLUSIVE")
holder.execute("UPDATE book SET reference_stamp = reference_stamp")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_locked_book_says_so(
    book_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held by another process: within one, two SQLite libraries do not see each other's locks."""
    monkeypatch.setattr("services.database.BUSY_TIMEOUT_MS", 50)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(book_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    said = Console(book_path, clock, capsys).refused("create customer --set name=x country=AE")
    holder.communicate("")
    assert "locked by another program" in said


def test_json_of_a_refusal_is_one_object(console: Console) -> None:
    said = console.run("create", "customer", "--set", "country=AE", "--json")
    assert said.code == 1
    assert said.json["ok"] is False
    assert said.json["error"] in said.err


def test_a_command_id_carries_out_once(console: Console) -> None:
    line = "create customer --set name='Once LLC' country=AE --command-id 7f3a"
    first, second = console.do(line), console.do(line)
    assert first["id"] == second["id"]
    assert console.do("list customers")["count"] == 1


def test_the_program_itself_runs(book_path: Path, tmp_path: Path) -> None:
    """The real process: one JSON object on standard output, a sentence and an exit code for wrong use."""

    def program(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(MAIN), *arguments], capture_output=True, text=True, check=False)

    listed = program(str(book_path), "list", "customers", "--json")
    assert (listed.returncode, json.loads(listed.stdout), listed.stderr) == (0, {"count": 0, "rows": []}, "")
    wrong = program(str(book_path), "lisst", "customers")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.count("\n") == 1
    alone = program()
    assert (alone.returncode, "no window yet" in alone.stderr) == (2, True)
    tested = program("--self-test")
    assert tested.returncode == 0, tested.stderr
