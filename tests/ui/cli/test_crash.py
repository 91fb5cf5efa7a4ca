"""A mistake of ours: one sentence, exit code 1, the whole report in a file, and the book as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.database import connect
from tests.conftest import Clock
from tests.ui.cli.console import Console


def test_a_bug_is_reported_whole_and_shown_in_a_sentence(
    book_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that no version of the program writes is what a bug looks like from above."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    console = Console(book_path, clock, capsys)
    console.do("create customer --set name=Acme country=AE")
    engine = connect(str(book_path))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE customer SET kind = 'alien'")
    engine.dispose()
    said = console.run("show", "customer", "C-0001", "--json")
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("The program made a mistake")
    assert said.err.count("\n") == 1
    (report,) = (tmp_path / "state").rglob("crash-*.txt")
    assert str(report) in said.err
    text = report.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "alien" in text
    assert "history_replays" in [
        one["name"] for one in console.run("check", "--deep", "--json").json["checks"] if not one["ok"]
    ]
