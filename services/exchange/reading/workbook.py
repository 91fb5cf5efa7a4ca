"""Workbooks: calamine for all four formats, openpyxl as the slow second reader of xlsx after calamine's death.

calamine gives '' for error cells and for formulas without a cached result; both are looked up in the sheet's own XML
first and put back, because an empty amount is not 0 (reliability.md, finding 7).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from services.exchange.reading.cells import wire
from services.exchange.reading.failures import Unreadable
from services.exchange.reading.limits import Limits
from services.exchange.reading.packages import Content

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_CHUNK_BYTES = 1 << 20
_TAIL_BYTES = 1 << 16
"""What is carried over into the next chunk, so that a cell on the border is seen whole."""
_MOST_FAULTS = 200_000
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\s([^<>]*\bt="e"[^<>]*)>(?:(?!</(?:\w+:)?c>).){0,8000}?<(?:\w+:)?v>([^<]*)<', re.DOTALL
)
_UNCALCULATED_CELL = re.compile(
    rb"<(?:\w+:)?c\s([^<>]*)>\s*<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>|</(?:\w+:)?c>)"
)
_SHEET_PART = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
_ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')
_MOST_PART_BYTES = 20_000_000

Faults = dict[int, dict[int, object]]
"""Row number from 1 -> column index from 0 -> wire value of the faulty cell."""


@dataclass(frozen=True, slots=True)
class OpenSheet:
    """A sheet on its way: `rows` gives (number, cells on the wire) for each row that is not blank."""

    name: str
    is_hidden: bool
    rows: Iterator[tuple[int, list[object]]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row, first column, last row, last column; rows from 1, columns from 0."""
    is_1904: bool = False


def sheets(file: BinaryIO, content: Content, limits: Limits) -> Iterator[OpenSheet]:
    """Every worksheet of a workbook, through calamine; chart sheets and dialogs are passed over."""
    import python_calamine as calamine

    parts = _SheetParts(file) if content is Content.XLSX else None
    file.seek(0)
    try:
        book = calamine.CalamineWorkbook.from_filelike(file)
        metadata = book.sheets_metadata
        if len(metadata) > limits.sheets:
            raise Unreadable("too_many", f"{limits.sheets} sheets")
        for index, sheet in enumerate(metadata):
            if sheet.typ is not calamine.SheetTypeEnum.WorkSheet:
                continue
            faults = parts.faults(sheet.name) if parts else {}
            opened = book.get_sheet_by_index(index)
            yield OpenSheet(
                sheet.name,
                sheet.visible is not calamine.SheetVisibleEnum.Visible,
                _calamine_rows(opened, faults, limits),
                _merged(opened),
                is_1904=parts.is_1904 if parts else False,
            )
    except calamine.PasswordError as error:
        raise Unreadable("password") from error
    except calamine.CalamineError as error:
        raise Unreadable("damaged", _plain(error)) from error


def _plain(error: Exception) -> str:
    """A library's complaint on one short line."""
    return " ".join(str(error).split())[:120] or type(error).__name__


def _merged(sheet: CalamineSheet) -> list[tuple[int, int, int, int]]:
    ranges = getattr(sheet, "merged_cell_ranges", None) or []
    return [(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges[:2000]]


def _calamine_rows(sheet: CalamineSheet, faults: Faults, limits: Limits) -> Iterator[tuple[int, list[object]]]:
    start = sheet.start
    if start is None:
        return
    blanks: list[object] = [""] * start[1]
    if start[1] + sheet.width > limits.columns:
        raise Unreadable("too_many", f"{limits.columns:,} columns")
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = blanks + [value if isinstance(value, str) else wire(value) for value in row]
        if number in faults:
            _put_faults(cells, faults[number])
        if any(cell != "" for cell in cells):
            yield number, cells


def _put_faults(cells: list[object], faults: dict[int, object]) -> None:
    for column, fault in faults.items():
        if column >= len(cells):
            cells.extend([""] * (column + 1 - len(cells)))
        if cells[column] == "":
            cells[column] = fault


class _SheetParts:
    """The XML parts of an xlsx package: where each sheet lies, and its cells without a value."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        with zipfile.ZipFile(file) as package:
            self._names = set(package.namelist())
            book = self._part(package, "xl/workbook.xml")
            relations = self._part(package, "xl/_rels/workbook.xml.rels")
        self.is_1904 = bool(re.search(rb'\bdate1904="(?:1|true)"', book))
        targets = {pairs.get("Id", ""): pairs.get("Target", "") for pairs in _elements(relations, b"Relationship")}
        self._paths: dict[str, str] = {}
        for found in _SHEET_PART.finditer(book):
            pairs = _attributes(found.group())
            relation = next((value for key, value in pairs.items() if key.endswith(":id")), "")
            target = targets.get(relation, "")
            self._paths[_unescaped(pairs.get("name", ""))] = (
                target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            )

    @staticmethod
    def _part(package: zipfile.ZipFile, name: str) -> bytes:
        try:
            with package.open(name) as part:
                return part.read(_MOST_PART_BYTES)
        except (KeyError, zipfile.BadZipFile, OSError, EOFError):
            return b""

    def faults(self, sheet: str) -> Faults:
        path = self._paths.get(sheet)
        if path not in self._names:
            return {}
        found: Faults = {}
        with zipfile.ZipFile(self._file) as package:
            try:
                with package.open(path) as part:
                    _scan(part, found)
            except (zipfile.BadZipFile, OSError, EOFError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
                raise Unreadable("damaged", "a sheet cannot be unpacked") from error
        return found


def _scan(part: Iterable[bytes] | BinaryIO, found: Faults) -> None:
    tail = b""
    read = part.read  # type: ignore[union-attr]
    count = 0
    while chunk := read(_CHUNK_BYTES):
        text = tail + chunk
        has_error, has_formula = b't="e"' in text, b"<f" in text or b":f" in text
        matches = chain(
            ((match, {"e": match.group(2).decode("ascii", "replace")}) for match in _ERROR_CELL.finditer(text))
            if has_error
            else (),
            ((match, {"f": 1}) for match in _UNCALCULATED_CELL.finditer(text)) if has_formula else (),
        )
        for match, fault in matches:
            if place := _PLACE.search(match.group(1)):
                found.setdefault(int(place.group(2)), {}).setdefault(_column(place.group(1)), fault)
                count += 1
        if count > _MOST_FAULTS:
            return
        tail = text[-_TAIL_BYTES:]


def _column(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1


def _attributes(element: bytes) -> dict[str, str]:
    return {key.decode(): value.decode("utf-8", "replace") for key, value in _ATTRIBUTE.findall(element)}


def _elements(xml: bytes, name: bytes) -> Iterator[dict[str, str]]:
    for found in re.finditer(rb"<(?:\w+:)?" + name + rb"\s[^<>]*>", xml):
        yield _attributes(found.group())


def _unescaped(text: str) -> str:
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, char)
    return text


def sheets_slowly(file: BinaryIO, limits: Limits) -> Iterator[OpenSheet]:
    """The same for xlsx through openpyxl's read-only mode, at most `limits.fallback_rows` rows of each sheet."""
    import openpyxl

    file.seek(0)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except MemoryError:
        raise
    except Exception as error:
        raise Unreadable("damaged", _plain(error)) from error
    if not book.worksheets:
        raise Unreadable("strict")
    for sheet in book.worksheets:
        yield OpenSheet(sheet.title, sheet.sheet_state != "visible", _openpyxl_rows(sheet, limits))


def _openpyxl_rows(sheet: object, limits: Limits) -> Iterator[tuple[int, list[object]]]:
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    iterator = sheet.iter_rows()  # type: ignore[attr-defined]
    number = 0
    while True:
        try:
            row = next(iterator, None)
        except MemoryError:
            raise
        except Exception as error:
            raise Unreadable("damaged", _plain(error)) from error
        if row is None:
            return
        number += 1
        if number > limits.fallback_rows or len(row) > limits.columns:
            raise Unreadable("too_many", f"{limits.fallback_rows:,} rows for the reader that damaged files get")
        cells = [{"e": str(cell.value)} if cell.data_type == "e" else wire(cell.value) for cell in row]
        if any(cell != "" for cell in cells):
            yield number, cells
