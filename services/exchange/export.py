"""Lists and reports as .xlsx files: what is shown, with true dates and numbers, and text that stays text.

The first sheet holds the rows under the names that `list` and JSON use; "About" says what was asked, by whom and when.
openpyxl makes the workbook, its styles and its stream; the cells of a row are written into that stream as text, because
an element for each of two million cells takes three times as long.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from models.values.money import Money, exponent
from services.errors import Forbidden
from services.files import FileError, cannot_write, discard, put_in_place, sync_file, temporary_name
from services.listing import Asked, Kind, Listing, ids, page
from services.permissions import Action, require
from services.store import Work

Progress = Callable[[int, int], None]
"""`report(done, total)`; raising Cancelled in it stops the export, and no file is left."""

PAGE_ROWS = 500
SHEET_ROWS = 1_000_000
"""A sheet holds 1,048,576 rows; a longer list goes on in the next sheet."""
LONGEST_TEXT = 32_767
EXACT_DIGITS = 15
"""Spreadsheets count in doubles: a number with more digits would be rounded, so it is written as text."""
FIRST_DAY = dt.date(1900, 3, 1)
"""Before it the day numbers of spreadsheets disagree (they believe in 29 February 1900)."""
DAY_ZERO = dt.date(1899, 12, 30).toordinal()

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""`_x0041_` in a file means the letter A (ECMA-376 part 1, 22.9.2.19); typed by a person, its `_` is escaped."""
_STARTS_A_FORMULA = frozenset("=+-@\t\r\n")
_Filled = str
"""A cell as XML behind its reference: `" s="3" t="n"><v>12.50</v></c>`."""
_WIDTHS = {
    Kind.TEXT: 24,
    Kind.CHOICE: 16,
    Kind.INTEGER: 10,
    Kind.BOOLEAN: 10,
    Kind.DATE: 12,
    Kind.INSTANT: 20,
    Kind.DECIMAL: 14,
    Kind.MONEY: 16,
}


class Headed(Protocol):
    """A column of a list or report."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def currency(self) -> str: ...


class ReportColumn(Headed, Protocol):
    @property
    def is_base(self) -> bool: ...
    @property
    def base_of(self) -> str: ...


class ReportAnswer(Protocol):
    """What `services.reports` answers. Exchange and reports do not know each other."""

    @property
    def title(self) -> str: ...
    @property
    def facts(self) -> Sequence[tuple[str, str]]: ...
    @property
    def columns(self) -> Sequence[ReportColumn]: ...
    @property
    def rows(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def totals(self) -> Mapping[str, Mapping[str, str]]: ...
    @property
    def base_currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Exported:
    list: str
    path: Path
    rows: int


def write_listing(work: Work, listing: Listing, asked: Asked, path: Path, report: Progress | None = None) -> int:
    """Write the rows that `asked` names, all of them where its limit is 0; answers how many. Raises FileError."""
    require(work, listing.module, Action.EXPORT)
    wanted = ids(work, listing, replace(asked, limit=0, offset=0))
    wanted = wanted[asked.offset : asked.offset + asked.limit if asked.limit else None]
    total = len(wanted)
    sums: dict[str, dict[str, int]] = {}
    with _Book(path, work.now.astimezone(work.zone)) as book:
        sheet = book.sheet(listing.name, listing.columns)
        for start in range(0, total, PAGE_ROWS):
            block = wanted[start : start + PAGE_ROWS]
            found = page(work, listing, block)
            for row_id in block:
                row = found[row_id]
                if sheet.rows == SHEET_ROWS:
                    sheet.finish()
                    sheet = book.sheet(f"{listing.name} {book.count + 1}", listing.columns)
                sheet.add(row)
            _add_up(sums, listing.columns, found.values())
            if report is not None:
                report(min(start + PAGE_ROWS, total), total)
        sheet.finish()
        sheet.totals({name: _texts(by_currency) for name, by_currency in sums.items()})
        book.about(_asked(work, listing, asked, total))
        book.save()
    return total


def write_report(answer: ReportAnswer, path: Path, *, at: dt.datetime, by: str = "") -> None:
    """Write a report that was run; `at` is the time of the run, `by` the name of who ran it. Raises FileError."""
    columns = [
        _ReportHead(column.name, column.kind, _BASE if column.is_base else column.currency) for column in answer.columns
    ]
    totals: dict[str, dict[str, str]] = {}
    for column in answer.columns:
        if column.base_of and "base" in answer.totals.get(column.base_of, {}):
            totals[column.name] = {answer.base_currency: answer.totals[column.base_of]["base"]}
        elif column.name in answer.totals:
            totals[column.name] = {key: text for key, text in answer.totals[column.name].items() if key != "base"}
    with _Book(path, at) as book:
        sheet = book.sheet(answer.title, columns)
        for row in answer.rows:
            sheet.add({**row, _BASE: answer.base_currency})
        sheet.finish()
        sheet.totals(totals)
        book.about(
            [("Report", answer.title), *answer.facts, ("Made at", _moment(at)), ("By", by), ("Rows", len(answer.rows))]
        )
        book.save()


def export_everything(
    work: Work, listings: Iterable[Listing], folder: Path, report: Progress | None = None
) -> list[Exported]:
    """One file for each list that the actor may export, whole; answers what was written. Raises FileError."""
    allowed = [one for one in listings if work.actor.scope(one.module, Action.EXPORT) is not None]
    if not allowed:
        raise Forbidden(f"{work.actor.name} may not export any list of this book. Ask an owner for the right.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    result = []
    for done, listing in enumerate(allowed):
        path = folder / f"{listing.name}.xlsx"
        result.append(Exported(listing.name, path, write_listing(work, listing, Asked(limit=0), path)))
        if report is not None:
            report(done + 1, len(allowed))
    return result


_BASE = "\0base"
"""Key under which a report's row carries the base currency."""


@dataclass(frozen=True, slots=True)
class _ReportHead:
    name: str
    kind: Kind
    currency: str


class _Book:
    """A workbook in the making, beside its target; the target appears whole with `save` or not at all."""

    def __init__(self, path: Path, at: dt.datetime) -> None:
        if path.is_dir():
            raise FileError(f"{path} is a folder. Give the file a name that ends in .xlsx.")
        if not path.parent.is_dir():
            raise FileError(f"The folder {path.parent} does not exist. Create it first.")
        from openpyxl import Workbook

        self._path = path
        self._part = temporary_name(path)
        self._at = at
        self.workbook = Workbook(write_only=True)
        self.workbook.properties.creator = "Throughline"
        self.workbook.properties.created = at.astimezone(dt.UTC).replace(tzinfo=None)
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        discard(self._part)
        for sheet in self.workbook.worksheets:
            if not sheet.closed and sheet._writer is not None:  # noqa: SLF001 - openpyxl has no word for giving up
                sheet.close()
            if sheet._writer is not None and Path(sheet._writer.out).exists():  # noqa: SLF001 - as above
                sheet._writer.cleanup()  # noqa: SLF001 - its temporary file would stay until the program ends

    def sheet(self, title: str, columns: Sequence[Headed]) -> _Sheet:
        self.count += 1
        return _Sheet(self.workbook, _sheet_name(title), columns, self._at.tzinfo)

    def about(self, facts: Iterable[tuple[str, str | int]]) -> None:
        columns = [_ReportHead("what", Kind.TEXT, ""), _ReportHead("value", Kind.TEXT, "")]
        sheet = _Sheet(self.workbook, "About", columns, self._at.tzinfo)
        for what, value in facts:
            sheet.add({"what": what, "value": str(value)})

    def save(self) -> None:
        try:
            self.workbook.save(str(self._part))
            sync_file(self._part)
            put_in_place(self._part, self._path)
        except OSError as error:
            raise cannot_write(self._path, error) from error


class _Sheet:
    """Rows below a bold head that stays in view."""

    def __init__(self, workbook: Any, title: str, columns: Sequence[Headed], zone: dt.tzinfo | None) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter

        self._columns = columns
        self._zone = zone
        self._sheet = workbook.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        self._new_cell = WriteOnlyCell
        self._bold = Font(bold=True)
        self.rows = 0
        self._styles: dict[tuple[str, str, bool], tuple[str, str]] = {}
        for i, column in enumerate(columns, 1):
            width = max(_WIDTHS[column.kind], len(column.name) + 2)
            self._sheet.column_dimensions[get_column_letter(i)].width = width
        self._letters = [get_column_letter(i) for i in range(1, len(columns) + 1)]
        self._sheet._get_writer()  # noqa: SLF001 - so that its rows can be ours
        self._sheet._values_to_row = lambda row, _: row  # noqa: SLF001
        self._sheet._writer.write_row = self._write_row  # noqa: SLF001
        self._sheet.append([self._head(column.name) for column in columns])

    def add(self, row: Mapping[str, Any]) -> None:
        self._sheet.append([self._filled(column, row) for column in self._columns])
        self.rows += 1

    def finish(self) -> None:
        """All rows are there: the filter arrows cover them and not the totals below."""
        self._sheet.auto_filter.ref = f"A1:{self._letters[-1]}{self.rows + 1}"

    def totals(self, totals: Mapping[str, Mapping[str, str]]) -> None:
        """One row for each currency, below an empty one; values, never formulas."""
        currencies = sorted({currency for by_currency in totals.values() for currency in by_currency})
        if currencies and self.rows:
            self._sheet.append([])
        for currency in currencies if self.rows else []:
            cells: list[_Filled | None] = [None] * len(self._columns)
            for i, column in enumerate(self._columns):
                text = totals.get(column.name, {}).get(currency)
                if text is not None:
                    cells[i] = self._number(text, _money_format(currency), is_bold=True)
            cells[0] = self._head(f"Total {currency}") if cells[0] is None else cells[0]
            self._sheet.append(cells)

    def _filled(self, column: Headed, row: Mapping[str, Any]) -> _Filled | None:
        """The column's cell and the row's value for it; None for an empty one."""
        value = row[column.name]
        if value is None or value == "":
            return None
        kind = column.kind
        if kind is Kind.MONEY:
            return self._money(value, row[column.currency])
        if kind is Kind.DATE:
            return self._date(value)
        if kind is Kind.INTEGER:
            return self._number(str(value), "0")
        if kind is Kind.DECIMAL:
            return self._number(value, "General")
        if kind is Kind.BOOLEAN:
            return self._cell("b", "General", "1" if value else "0")
        if kind is Kind.INSTANT:
            return self._instant(value)
        return self._text(value if isinstance(value, str) else ", ".join(value))

    def _money(self, value: str, currency: str | None) -> _Filled:
        return self._number(value, _money_format(currency) if currency else "General")

    def _number(self, text: str, number_format: str, *, is_bold: bool = False) -> _Filled:
        if len(text) > EXACT_DIGITS and len(re.sub(r"[-.]", "", text).lstrip("0")) > EXACT_DIGITS:
            return self._text(text)
        return self._cell("n", number_format, text, is_bold=is_bold)

    def _date(self, text: str) -> _Filled:
        day = dt.date.fromisoformat(text)
        if day < FIRST_DAY:
            return self._text(text)
        return self._cell("n", "yyyy-mm-dd", str(day.toordinal() - DAY_ZERO))

    def _instant(self, text: str) -> _Filled:
        moment = dt.datetime.fromisoformat(text).astimezone(self._zone)
        if moment.date() < FIRST_DAY:
            return self._text(text)
        seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
        days = moment.date().toordinal() - DAY_ZERO
        return self._cell("n", "yyyy-mm-dd hh:mm:ss", f"{days + seconds / 86_400:.9f}")

    def _text(self, text: str) -> _Filled:
        """Text as typed: `@` keeps leading zeros when a person edits the cell, the prefix keeps =1+1 from being counted."""
        safe = text[:LONGEST_TEXT]
        if not safe.isalnum():
            safe = _UNWRITABLE.sub("\ufffd", safe)
            safe = _LOOKS_ESCAPED.sub("_x005F_", safe).replace("\r", "_x000D_")
            safe = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        is_risky = text[:1] in _STARTS_A_FORMULA
        return self._cell("s", "'@" if is_risky else "@", safe)

    def _head(self, text: str) -> _Filled:
        return self._cell("s", "@", text, is_bold=True)

    def _cell(self, data_type: str, number_format: str, safe: str, *, is_bold: bool = False) -> _Filled:
        """`safe` is XML text already. Text stands inline, so that "=..." is no formula; numbers go in as they are."""
        key = (data_type, number_format, is_bold)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._style(data_type, number_format, is_bold=is_bold)
        return style[0] + safe + style[1]

    def _style(self, data_type: str, number_format: str, *, is_bold: bool) -> tuple[str, str]:
        """What stands before and after the value of such cells."""
        cell = self._new_cell(self._sheet)
        cell.number_format = number_format.removeprefix("'")
        cell.quotePrefix = number_format.startswith("'")
        if is_bold:
            cell.font = self._bold
        if data_type == "s":
            return f'" s="{cell.style_id}" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
        return f'" s="{cell.style_id}" t="{data_type}"><v>', "</v></c>"

    def _write_row(self, stream: Any, row: Sequence[_Filled | None], row_no: int) -> None:
        cells = [
            f'<c r="{letter}{row_no}{filled}'
            for letter, filled in zip(self._letters, row, strict=False)
            if filled is not None
        ]
        stream._file(f'<row r="{row_no}">{"".join(cells)}</row>')  # noqa: SLF001 - past the escaping, which is done


def _add_up(sums: dict[str, dict[str, int]], columns: Sequence[Headed], rows: Iterable[Mapping[str, Any]]) -> None:
    """Add the money columns of `rows`, in minor units by currency."""
    money = [(column.name, column.currency) for column in columns if column.kind is Kind.MONEY]
    for row in rows:
        for name, currency_name in money:
            text, currency = row[name], row[currency_name]
            if text is not None and currency:
                by_currency = sums.setdefault(name, {})
                by_currency[currency] = by_currency.get(currency, 0) + int(text.replace(".", ""))


def _texts(by_currency: Mapping[str, int]) -> dict[str, str]:
    return {currency: str(Money(minor, currency)) for currency, minor in by_currency.items()}


def _money_format(currency: str) -> str:
    digits = exponent(currency)
    return "#,##0" + ("." + "0" * digits if digits else "")


def _sheet_name(title: str) -> str:
    """At most 31 characters, none of those that a sheet's name may not have."""
    return re.sub(r"[\\/*?:\[\]]", " ", title)[:31]


def _asked(work: Work, listing: Listing, asked: Asked, total: int) -> list[tuple[str, str | int]]:
    filters = [f"{one.column} {one.operator} {one.value}" for one in asked.conditions]
    return [
        ("List", listing.name),
        *(("Filter", text) for text in filters or ["none: everything that may be seen"]),
        ("Sorted by", asked.sort or listing.sort),
        ("Rows", total),
        ("Made at", _moment(work.now.astimezone(work.zone))),
        ("By", work.actor.name),
    ]


def _moment(at: dt.datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes")
