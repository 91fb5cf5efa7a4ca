"""The rejected rows as a workbook: their own columns, why each was rejected, and what to correct.

A sheet for each sheet of the source, under the source's own headers, so that the corrected workbook is recognised like
the source was and imports just these rows.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.exchange.outcome import Outcome
from services.exchange.reading.cells import Cell, Fault, shown
from services.exchange.staging import FileCard, Issue
from services.files import write_whole

STATUS, REMEDY = "Import status", "What to correct"
"""The two columns behind the source's own; a later import passes them over (services/exchange/recognise.py)."""
EXACT_DIGITS = 15
LONGEST_TEXT = 32_767
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_IN_TITLES = re.compile(r"[\[\]:*?/\\]")


def write_errors(path: Path, outcome: Outcome) -> int:
    """Write the workbook and answer how many rows it holds; without rejected rows it holds a sentence."""
    book = Workbook(write_only=True)
    parts: dict[tuple[str, str], list[tuple[Sequence[Cell], Sequence[Issue]]]] = defaultdict(list)
    for row, issues in outcome.rejected:
        parts[row.file, row.sheet].append((row.cells, issues))
    cards = {(card.file, card.sheet): card for card in outcome.files}
    titles: set[str] = set()
    for key, rows in parts.items():
        _write_sheet(book, cards[key], rows, titles)
    if not parts:
        book.create_sheet("Rejected").append(["No row was rejected."])
    content = io.BytesIO()
    book.save(content)
    write_whole(path, content.getvalue())
    return len(outcome.rejected)


def _write_sheet(
    book: Workbook, card: FileCard, rows: Sequence[tuple[Sequence[Cell], Sequence[Issue]]], titles: set[str]
) -> None:
    sheet = book.create_sheet(_title(card, titles))
    sheet.freeze_panes = "A2"
    columns = [column for column in card.recognition.columns if column.header not in {STATUS, REMEDY}]
    headers = [*(_own_header(column.header) for column in columns), STATUS, REMEDY]
    sheet.append([_cell(sheet, header, is_bold=True) for header in headers])
    for cells, issues in rows:
        own = [cells[column.index] if column.index < len(cells) else "" for column in columns]
        wrong = [issue for issue in issues if issue.is_rejection]
        reasons = " ".join(_reason(issue) for issue in wrong)
        remedies = " ".join(dict.fromkeys(issue.remedy for issue in wrong if issue.remedy))
        sheet.append([_cell(sheet, value) for value in (*own, reasons, remedies)])


def _own_header(header: str) -> str:
    """Headers that occurred twice were numbered when they were read; nameless ones got the column's letters."""
    return "" if re.fullmatch(r"Column [A-Z]{1,3}", header) else re.sub(r" \(\d+\)$", "", header)


def _reason(issue: Issue) -> str:
    return f"{issue.column}: {issue.message}" if issue.column else issue.message


def _title(card: FileCard, titles: set[str]) -> str:
    """A sheet's name: at most 31 characters, unique whatever the case."""
    base = _FORBIDDEN_IN_TITLES.sub(" ", card.sheet or Path(card.file).stem)[:28].strip(" '") or "Rejected"
    title, number = base, 2
    while title.casefold() in titles:
        title, number = f"{base[:26]} {number}", number + 1
    titles.add(title.casefold())
    return title


def _cell(sheet: Any, value: Cell, *, is_bold: bool = False) -> WriteOnlyCell:
    """Numbers and dates as they were; any text stays text, also one that begins like a formula."""
    if isinstance(value, bool | dt.date):
        return WriteOnlyCell(sheet, value)
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= EXACT_DIGITS:
        return WriteOnlyCell(sheet, value)
    text = value.code if isinstance(value, Fault) else shown(value)
    cell = WriteOnlyCell(sheet, None)
    if text:
        cell.value = _UNWRITABLE.sub("", text)[:LONGEST_TEXT]
        cell.data_type = "s"
    if is_bold:
        cell.font = Font(bold=True)
    return cell
