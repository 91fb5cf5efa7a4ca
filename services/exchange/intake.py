"""Files in, staged rows out: the first half of every import, the same for dry run and commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from services.exchange import values
from services.exchange.mapping import TARGETS, ImportOptions, Kind, check_options
from services.exchange.parsing import RowParser
from services.exchange.reading.cells import Cell
from services.exchange.reading.child import FileProblem, RawSheet, ReadResult, read
from services.exchange.reading.limits import Limits
from services.exchange.recognise import recognise
from services.exchange.staging import FileCard, Issue, Recognition, StagedRow

Report = Callable[[int, int], None]
_ASKED = 'Day and month of the column "{header}" can be read either way. Choose the order (--date-order dmy or mdy).'


@dataclass(frozen=True, slots=True)
class _Part:
    """One sheet with its card."""

    card: FileCard
    sheet: RawSheet


@dataclass(frozen=True, slots=True)
class Staging:
    """What a drop of files holds. `rows()` may be walked as often as one likes and gives the same each time.

    Close it (or use it in `with`): the rows lie in a temporary file, not in memory.
    """

    files: tuple[FileCard, ...]
    problems: tuple[FileProblem, ...]
    """Files that gave nothing, a sentence each."""
    options: ImportOptions
    _parts: tuple[_Part, ...]
    _result: ReadResult

    @property
    def row_count(self) -> int:
        """Rows of data of the chosen sheets."""
        return sum(part.card.rows for part in self._parts if part.card.is_chosen)

    def rows(self, report: Report | None = None) -> Iterator[StagedRow]:
        """Every row below the headers of the chosen sheets, entity by entity in the order of an import.

        Rows that are no data come too, with S_NOT_DATA. `report(done, total)` is called for each block and may raise
        Cancelled.
        """
        order = list(TARGETS)
        chosen = [part for part in self._parts if part.card.is_chosen]
        chosen.sort(key=lambda part: order.index(part.card.entity or ""))
        total = sum(part.sheet.rows for part in chosen)
        done = 0
        for part in chosen:
            parser = RowParser(part.sheet, part.card.recognition, self.options)
            for block in part.sheet.blocks():
                for number, row in zip(block.numbers, block.rows, strict=True):
                    if number > part.card.header_row:
                        yield parser.parse(number, row)
                done += len(block.numbers)
                if report:
                    report(done, total)

    def issues(self) -> Iterator[Issue]:
        """Every issue of every row, in the rows' order."""
        for row in self.rows():
            yield from row.issues

    def close(self) -> None:
        self._result.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def stage(
    paths: Sequence[Path],
    options: ImportOptions | None = None,
    report: Report | None = None,
    limits: Limits | None = None,
) -> Staging:
    """Read and recognise files, folders and zips. What cannot be read is in `problems`, and the rest goes on.

    `report(rows looked at, rows in all)`; raising from it stops the work and gives everything back.
    """
    options = options or ImportOptions()
    check_options(options)
    result = read(paths, limits)
    try:
        total = sum(sheet.rows for sheet in result.sheets)
        parts: list[_Part] = []
        done = 0
        for sheet in result.sheets:
            card = _card(sheet, options)
            parts.append(_Part(card, sheet))
            done += sheet.rows
            if report:
                report(done, total)
    except BaseException:
        result.close()
        raise
    return Staging(tuple(part.card for part in parts), result.problems, options, tuple(parts), result)


def _card(sheet: RawSheet, options: ImportOptions) -> FileCard:
    recognition = recognise(sheet, options)
    if recognition.entity is None or not recognition.is_importable:
        note = (
            f"This looks like {recognition.label.lower()}, which cannot be imported yet."
            if recognition.entity
            else "What this sheet holds was not recognised. Say what it is (--entity), or map its columns."
        )
        if not sheet.rows:
            note = "The sheet is empty."
        rows = max(sheet.rows - 1, 0)
        return FileCard(
            sheet.file,
            sheet.sheet,
            recognition.system,
            recognition.entity,
            recognition.header_row,
            rows,
            False,
            recognition,
            note=note,
        )
    profile = _profile(sheet, recognition, options)
    recognition = profile.applied(recognition, options)
    note = ""
    if not profile.rows:
        note = "The sheet has a header and no rows below it."
    elif sheet.is_hidden:
        note = "The sheet is hidden in the file."
    return FileCard(
        file=sheet.file,
        sheet=sheet.sheet,
        system=recognition.system,
        entity=recognition.entity,
        header_row=recognition.header_row,
        rows=profile.rows,
        is_chosen=profile.rows > 0 and not (sheet.is_hidden and options.entity is None),
        recognition=recognition,
        currencies=tuple(sorted(profile.currencies)),
        note=note,
    )


@dataclass(slots=True)
class _Profile:
    """What a pass over all rows shows: how many are data, which columns hold any, and their date order and mark."""

    rows: int = 0
    empty: list[int] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)
    orders: dict[int, Counter[str]] = field(default_factory=dict)
    marks: Counter[str] = field(default_factory=Counter)

    def applied(self, recognition: Recognition, options: ImportOptions) -> Recognition:
        """The recognition with what only the whole sheet could tell."""
        empty = set(self.empty)
        columns = tuple(replace(c, use="") if c.index in empty else c for c in recognition.columns)
        order, questions = self._date_order(recognition, options)
        mark = options.decimal_mark or ("," if self.marks[","] > self.marks["."] else ".")
        return replace(recognition, columns=columns, date_order=order, decimal_mark=mark, questions=questions)

    def _date_order(self, recognition: Recognition, options: ImportOptions) -> tuple[str | None, tuple[str, ...]]:
        """By what the columns prove; a column that proves nothing follows the file, then the system, then is asked."""
        if options.date_order:
            return options.date_order, ()
        seen: Counter[str] = sum(self.orders.values(), Counter())
        if seen["dmy"] or seen["mdy"]:
            return ("dmy" if seen["dmy"] >= seen["mdy"] else "mdy"), ()
        if not seen["either"]:
            return recognition.date_order, ()
        if recognition.date_order:
            return recognition.date_order, ()
        headers = {column.index: column.header for column in recognition.columns}
        return None, tuple(
            _ASKED.format(header=headers[index]) for index in self.orders if self.orders[index]["either"]
        )


def _profile(sheet: RawSheet, recognition: Recognition, options: ImportOptions) -> _Profile:
    profile = _Profile(empty=[column.index for column in recognition.columns])
    parser = RowParser(sheet, recognition, options)
    fields = TARGETS[recognition.entity or ""]
    kinds = {column.index: fields[column.field].kind for column in recognition.columns if column.field}
    dates = [index for index, kind in kinds.items() if kind is Kind.DATE]
    amounts = [index for index, kind in kinds.items() if kind in (Kind.MONEY, Kind.DECIMAL)]
    currencies = [index for index, kind in kinds.items() if kind is Kind.CURRENCY]
    profile.orders = {index: Counter() for index in dates}
    for block in sheet.blocks():
        for number, row in zip(block.numbers, block.rows, strict=True):
            if number <= recognition.header_row or parser.not_data(number, row):
                continue
            profile.rows += 1
            _look_at(profile, row, dates, amounts, currencies)
    return profile


def _look_at(profile: _Profile, row: list[Cell], dates: list[int], amounts: list[int], currencies: list[int]) -> None:
    width = len(row)
    profile.empty = [index for index in profile.empty if index >= width or row[index] == ""]
    for index in dates:
        if index < width and (order := values.date_order_shown(row[index])):
            profile.orders[index][order] += 1
    for index in amounts:
        if index < width and row[index] != "":
            if mark := values.decimal_mark_shown(row[index]):
                profile.marks[mark] += 1
            if currency := values.currency_shown(row[index]):
                profile.currencies.add(currency)
    for index in currencies:
        if index < width and isinstance(row[index], str) and row[index]:
            profile.currencies.add(str(row[index]))
