"""The child that reads one file: sets its own limits, then writes messages as JSON lines to standard output.

Messages, in this order: {"members": [...]} for a plain zip, or per sheet {"sheet": ...} and its blocks
{"r": [row numbers], "c": [rows of cells]}; {"failed": reason, "detail": text} instead of the rest; {"done": true} last.
A stream without "done" or "failed" is the child's death.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from services.exchange.reading import delimited, markup, packages, workbook
from services.exchange.reading.failures import Unreadable
from services.exchange.reading.limits import Limits, apply_to_this_process
from services.exchange.reading.packages import Content

_BLOCK_ROWS = 500
_BLOCK_CELLS = 50_000
_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class _Out:
    """Standard output as a stream of JSON lines, rows gathered into blocks."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._numbers: list[int] = []
        self._rows: list[Sequence[object]] = []
        self._cells = 0
        self.rows = 0

    def say(self, **message: object) -> None:
        self._stream.write(_ENCODE(message).encode("ascii") + b"\n")

    def sheet(
        self,
        name: str,
        rows: Iterable[tuple[int, Sequence[object]]],
        **properties: object,
    ) -> None:
        self.say(sheet=name, **properties)
        for number, cells in rows:
            self._numbers.append(number)
            self._rows.append(cells)
            self._cells += len(cells)
            if len(self._rows) >= _BLOCK_ROWS or self._cells >= _BLOCK_CELLS:
                self._flush()
        self._flush()

    def _flush(self) -> None:
        if self._rows:
            self.say(r=self._numbers, c=self._rows)
        self.rows += len(self._rows)
        self._numbers, self._rows, self._cells = [], [], 0

    def end(self) -> None:
        self.say(done=True)
        self._stream.flush()


def main(argv: Sequence[str]) -> int:
    """Read the file that `argv` names. Exit code 0 when the stream is whole, even if the file was refused."""
    arguments = _parser().parse_args(argv)
    limits = Limits.from_json(arguments.limits)
    apply_to_this_process(limits)
    out = _Out(sys.stdout.buffer)
    try:
        with Path(arguments.path).open("rb") as file:
            _read(file, arguments.member, arguments.reader, limits, out)
    except Unreadable as failure:
        out.say(failed=failure.reason, detail=failure.detail)
    except MemoryError:
        out.say(failed="memory", detail="")
    except OSError as error:
        out.say(failed="unreadable", detail=error.strerror or type(error).__name__)
    out.end()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="read", add_help=False)
    parser.add_argument("--limits", required=True)
    parser.add_argument("--member", default="")
    parser.add_argument("--reader", choices=("fast", "slow"), default="fast")
    parser.add_argument("path")
    return parser


def _read(file: BinaryIO, member: str, reader: str, limits: Limits, out: _Out) -> None:
    if member:
        file = packages.open_member(file, member, limits)
    content = packages.sniff(file, limits)
    if content is Content.ZIP:
        if member:
            raise Unreadable("nested")
        out.say(members=packages.importable_members(file, limits))
        return
    if content is Content.HTML:
        out.sheet("", markup.html_rows(file, delimited.dialect_of(file).encoding, limits), content="html")
    elif content is Content.SPREADSHEET_XML:
        for name, rows in markup.spreadsheet_xml_sheets(file, limits):
            out.sheet(name, rows, content="xml")
    elif content is Content.TEXT:
        dialect = delimited.dialect_of(file)
        rows_of_text = delimited.records(file, dialect, limits)
        out.sheet("", rows_of_text, content="csv", encoding=dialect.encoding, separator=dialect.separator)
    else:
        _read_workbook(file, content, reader, limits, out)
    if not out.rows:
        raise Unreadable("no_rows")


def _read_workbook(file: BinaryIO, content: Content, reader: str, limits: Limits, out: _Out) -> None:
    opened = workbook.sheets_slowly(file, limits) if reader == "slow" else workbook.sheets(file, content, limits)
    for sheet in opened:
        out.sheet(
            sheet.name,
            sheet.rows,
            content=str(content),
            hidden=sheet.is_hidden,
            merged=sheet.merged,
            is_1904=sheet.is_1904,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
