"""The command line as a test uses it: one call, one answer."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Clock
from ui.cli.app import run


@dataclass(frozen=True, slots=True)
class Said:
    """What one command line answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.out)
        return answer


class Console:
    """Runs command lines on one book in this process, with a clock that stands still."""

    def __init__(self, book: Path | str, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
        self.book = book
        self.clock = clock
        self._capsys = capsys

    def run(self, *arguments: str) -> Said:
        self._capsys.readouterr()
        code = run([str(self.book), *arguments], clock=self.clock)
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def do(self, line: str, **more: Any) -> dict[str, Any]:
        """Run a line that must succeed; answers its JSON. `more` goes into --set as JSON or text."""
        words = shlex.split(line)
        if more:
            words += [
                "--set",
                *(f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in more.items()),
            ]
        said = self.run(*words, "--json")
        assert said.code == 0, said.err
        assert said.err == ""
        return said.json

    def refused(self, line: str, code: int = 1) -> str:
        """Run a line that must be refused; answers the one sentence on standard error."""
        said = self.run(*shlex.split(line))
        assert said.code == code, (said.out, said.err)
        assert said.out == ""
        sentences = said.err.strip().splitlines()
        assert len(sentences) == 1, said.err
        assert "Traceback" not in said.err
        return sentences[0]
