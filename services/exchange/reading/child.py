"""Our side of the pipe: one child per file, its messages spooled to a temporary file, its death told in a sentence."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from services.exchange.reading.cells import Block, Cell, decode, decode_block
from services.exchange.reading.failures import Unreadable
from services.exchange.reading.limits import Limits
from services.exchange.reading.packages import is_importable

ROOT = Path(__file__).resolve().parents[3]
HEAD_ROWS = 200
"""How many first rows a sheet is recognised by."""
_SPOOL_IN_MEMORY_BYTES = 4_000_000
_MOST_LINE_BYTES = 512_000_000
_ROWS_MARK = b'{"r":'


def worker_command() -> list[str]:
    """The command line of the reading child, to which its own arguments are added."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker", "read"]
    main = ROOT / "main.py"
    if main.exists():
        return [sys.executable, str(main), "--worker", "read"]
    return [sys.executable, "-m", "services.exchange.reading.worker"]


class _Spool:
    """Blocks of rows as they came over the pipe, kept outside of memory, read as often as one likes."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY_BYTES)  # noqa: SIM115 - lives as long as the sheets

    def add(self, line: bytes) -> int:
        """Put a block at the end; its place."""
        place = self._file.seek(0, 2)
        self._file.write(line)
        return place

    def get(self, place: int) -> bytes:
        self._file.seek(place)
        return self._file.readline()

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class RawSheet:
    """One sheet as it stands in the file. Row numbers count from 1 as the spreadsheet shows them; blank rows are not here."""

    file: str
    sheet: str
    """Empty for text tables, which have no sheets."""
    content: str
    is_hidden: bool
    merged: list[tuple[int, int, int, int]]
    is_1904: bool
    _spool: _Spool
    _places: list[int] = field(default_factory=list)
    rows: int = 0
    last_row: int = 0
    is_whole: bool = True
    """False where the file broke off behind these rows."""

    def blocks(self) -> Iterator[Block]:
        """All rows, a block at a time."""
        for place in self._places:
            yield decode_block(self._spool.get(place))

    def head(self, rows: int = HEAD_ROWS) -> list[tuple[int, list[Cell]]]:
        """The first rows: what the sheet is recognised by."""
        result: list[tuple[int, list[Cell]]] = []
        for block in self.blocks():
            result += zip(block.numbers, block.rows, strict=True)
            if len(result) >= rows:
                break
        return result[:rows]

    @property
    def is_delimited(self) -> bool:
        return self.content == "csv"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file, or a part of a zip, that gave nothing; the rest of the drop goes on."""

    file: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Everything that was read. `close()` gives the temporary file back."""

    sheets: tuple[RawSheet, ...]
    problems: tuple[FileProblem, ...]
    _spool: _Spool

    def close(self) -> None:
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    name: str
    member: str = ""


def read(paths: Sequence[Path], limits: Limits | None = None) -> ReadResult:
    """Read files, folders and zips, each file in a child of its own; whatever cannot be read is a problem, not a crash.

    File names in the result are relative to the folder or zip that was given, in the order of their names.
    """
    limits = limits or Limits()
    spool = _Spool()
    sheets: list[RawSheet] = []
    problems: list[FileProblem] = []
    pending: list[_Source] = []
    for path in paths:
        try:
            pending += _sources(path)
        except Unreadable as failure:
            problems.append(FileProblem(path.name or str(path), failure.reason, failure.sentence(str(path))))
    while pending:
        source = pending.pop(0)
        try:
            members = _read_source(source, limits, spool, sheets)
        except Unreadable as failure:
            problems.append(FileProblem(source.name, failure.reason, failure.sentence(source.name)))
        else:
            pending[:0] = [_Source(source.path, f"{source.name}/{member}", member) for member in members]
    return ReadResult(tuple(sheets), tuple(problems), spool)


def _sources(path: Path) -> list[_Source]:
    if "\x00" in str(path):
        raise Unreadable("missing")
    try:
        if path.is_dir():
            found = sorted(child for child in path.rglob("*") if child.is_file() and not child.is_symlink())
            named = [(child, child.relative_to(path).as_posix()) for child in found]
            inside = [
                _Source(child, f"{path.name}/{name}")
                for child, name in named
                if is_importable(name) or name.lower().endswith(".zip")
            ]
            if not inside:
                raise Unreadable("directory")
            return inside
        if not path.exists():
            raise Unreadable("missing")
    except OSError as error:
        raise Unreadable("unreadable", error.strerror or type(error).__name__) from error
    if not path.is_file():
        raise Unreadable("special")
    return [_Source(path, path.name)]


def _read_source(source: _Source, limits: Limits, spool: _Spool, sheets: list[RawSheet]) -> list[str]:
    """Read one file; the names of its members where it is a zip. After the fast reader's death, the slow one tries."""
    before = len(sheets)
    try:
        return _listen(source, "fast", limits, spool, sheets)
    except Unreadable as failure:
        if failure.reason != "crashed":
            del sheets[before:]
            raise
    del sheets[before:]
    try:
        return _listen(source, "slow", limits, spool, sheets)
    except Unreadable:
        del sheets[before:]
        raise


def _listen(source: _Source, reader: str, limits: Limits, spool: _Spool, sheets: list[RawSheet]) -> list[str]:
    arguments = ["--limits", limits.as_json(), "--reader", reader]
    if source.member:
        arguments += ["--member", source.member]
    command = [*worker_command(), *arguments, "--", str(source.path.resolve())]
    members: list[str] = []
    is_ended = False
    with subprocess.Popen(  # noqa: S603 - our own program, arguments as a list
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as child:
        overdue = threading.Event()
        watch = threading.Timer(limits.seconds, _stop, (child, overdue))
        watch.start()
        try:
            is_ended = _take(child, source.name, spool, sheets, members)
        finally:
            watch.cancel()
            if not is_ended:
                child.kill()
            assert child.stdout is not None
            child.stdout.close()
    if overdue.is_set() or _ran_out_of_time(child.returncode):
        raise Unreadable("time", limits.seconds)
    if not is_ended:
        raise Unreadable("crashed")
    return members


def _stop(child: subprocess.Popen[bytes], overdue: threading.Event) -> None:
    overdue.set()
    child.kill()


def _ran_out_of_time(code: int) -> bool:
    if sys.platform == "win32":
        return False
    import signal

    return code == -signal.SIGXCPU


def _take(child: subprocess.Popen[bytes], file: str, spool: _Spool, sheets: list[RawSheet], members: list[str]) -> bool:
    """Take the child's messages until it says that it is done; False when they break off."""
    assert child.stdout is not None
    sheet: RawSheet | None = None
    failure: Unreadable | None = None
    while line := child.stdout.readline(_MOST_LINE_BYTES):
        if not line.endswith(b"\n"):
            return False
        if line.startswith(_ROWS_MARK):
            if sheet is None:
                return False
            _keep(sheet, line, spool)
            continue
        message = decode(line)
        if "sheet" in message:
            sheet = _sheet(message, file, spool)
            sheets.append(sheet)
        elif "members" in message:
            members += message["members"]
        elif "failed" in message:
            failure = Unreadable(message["failed"], message["detail"])
        elif "done" in message:
            if failure is not None:
                raise failure
            return True
    return False


def _keep(sheet: RawSheet, line: bytes, spool: _Spool) -> None:
    numbers = line[len(_ROWS_MARK) + 1 : line.index(b"]")].split(b",")
    sheet.rows += len(numbers)
    sheet.last_row = int(numbers[-1])
    sheet._places.append(spool.add(line))  # noqa: SLF001 - the spool and its sheet are one thing


def _sheet(message: dict[str, Any], file: str, spool: _Spool) -> RawSheet:
    return RawSheet(
        file=file,
        sheet=message["sheet"],
        content=message.get("content", ""),
        is_hidden=message.get("hidden", False),
        merged=[(int(a), int(b), int(c), int(d)) for a, b, c, d in message.get("merged", [])],
        is_1904=message.get("is_1904", False),
        _spool=spool,
    )
