"""A report on paper: one plain table, its head on every page, its totals at the end.

Columns that repeat another in base currency are left out where everything is in base currency anyway; the page is
turned where the table is wide, and its letters get smaller before a name is broken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.listing import Kind
from services.printing import figures
from services.printing.brand import PAPERS, Brand
from services.printing.faces import Weight
from services.printing.file import PdfFile
from services.printing.paper import BODY, MARGIN, MEDIUM, QUIET, Frame, Paper, Piece, base_line, named, total_height
from services.printing.sheet import GREY, INK, Sheet, Style, width
from services.printing.typeset import fitted, wrapped
from services.reports.definition import Answer, ReportColumn

GUTTER = 11.0
SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
COMFORTABLE = 7.5
"""Below this size the page is turned rather than the letters made smaller."""
NARROWEST = 64.0
"""Points that a column of text keeps, however long the others are."""
LEFT_KINDS = frozenset({Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.DATE, Kind.INSTANT})
ROW_GAP = 2.5


@dataclass(frozen=True, slots=True)
class _Layout:
    columns: tuple[ReportColumn, ...]
    widths: tuple[float, ...]
    figure: Style
    head: Style


def report_pdf(answer: Answer, *, firm: str, at: dt.datetime, by: str = "", brand: Brand | None = None) -> bytes:
    """The file's bytes. `firm` heads every page after the first; `at` and `by` stand in the foot."""
    short, long = PAPERS[(brand or Brand()).paper]
    columns = _columns(answer)
    cells = [[_shown(answer, column, row) for column in columns] for row in answer.rows]
    totals = [[text for _, text in line] for line in _totals(answer, columns)]
    is_wide, layout = False, _layout(columns, cells + totals, short - 2 * MARGIN)
    if layout.figure.size < COMFORTABLE:
        is_wide, layout = True, _layout(columns, cells + totals, long - 2 * MARGIN)
    file = PdfFile(long if is_wide else short, short if is_wide else long, f"{answer.title}, {firm}", firm)
    made = f"{firm}  ·  {answer.title}  ·  made {at.isoformat(sep=' ', timespec='minutes')}"
    paper = Paper(file, Frame(firm, answer.title, f"{made} by {by}" if by else made))
    _draw_facts(paper, answer, firm)
    _draw_table(paper, layout, cells, totals)
    paper.finish()
    return file.finished()


def _columns(answer: Answer) -> tuple[ReportColumn, ...]:
    currencies = {row["currency"] for row in answer.rows if "currency" in row}
    is_all_base = currencies <= {answer.base_currency}
    return tuple(column for column in answer.columns if not (column.base_of and is_all_base))


def _shown(answer: Answer, column: ReportColumn, row: dict[str, Any]) -> str:
    value = row[column.name]
    if value is None or value == "":
        return ""
    if column.kind is Kind.MONEY:
        return figures.amount(value, answer.base_currency if column.is_base else row[column.currency])
    if column.kind is Kind.DATE:
        return figures.day(value, "")
    if column.kind is Kind.BOOLEAN:
        return "yes" if value else ""
    if column.kind is Kind.CHOICE:
        return str(value).replace("_", " ")
    return ", ".join(value) if isinstance(value, list) else str(value)


def _totals(answer: Answer, columns: Sequence[ReportColumn]) -> list[list[tuple[str, str]]]:
    """One line of (column name, text) for each currency. Base columns show their sums in the first line."""
    currencies = sorted({key for sums in answer.totals.values() for key in sums} - {"base"})
    lines = []
    for i, currency in enumerate(currencies if answer.rows else []):
        line = []
        for column in columns:
            if column.base_of:
                text = answer.totals.get(column.base_of, {}).get("base", "") if i == 0 else ""
                shown = figures.amount(text, answer.base_currency) if text else ""
            else:
                text = answer.totals.get(column.name, {}).get(currency, "")
                shown = figures.amount(text, currency) if text else ""
            line.append((column.name, shown))
        if not line[0][1]:
            line[0] = (line[0][0], f"Total {currency}")
        lines.append(line)
    return lines


def _layout(columns: tuple[ReportColumn, ...], rows: Sequence[Sequence[str]], room: float) -> _Layout:
    """The largest letters with which all figures fit and text columns keep their least width."""
    layout = None
    for size in SIZES:
        figure = Style(size, leading=size * 1.35)
        head = Style(size * 0.9, Weight.MEDIUM, GREY, size * 1.2)
        natural = [_natural(i, column, rows, figure, head) for i, column in enumerate(columns)]
        widths = _squeezed(columns, natural, room)
        layout = _Layout(columns, tuple(widths), figure, head)
        if sum(widths) <= room + 0.01:
            return layout
    assert layout is not None
    shrink = room / sum(layout.widths)
    return replace(layout, widths=tuple(one * shrink for one in layout.widths))


def _natural(i: int, column: ReportColumn, rows: Sequence[Sequence[str]], figure: Style, head: Style) -> float:
    bold = replace(figure, weight=Weight.SEMIBOLD)
    longest = sorted((row[i] for row in rows), key=len)[-20:]
    words = max((width(word, head) for word in column.heading.split()), default=0.0)
    return max(words, *(width(text, bold) for text in longest), 0.0) + GUTTER


def _squeezed(columns: Sequence[ReportColumn], natural: list[float], room: float) -> list[float]:
    """Text columns give way, widest first, and share what is left over; figures never do."""
    widths = list(natural)
    flexible = [i for i, column in enumerate(columns) if column.kind is Kind.TEXT and natural[i] > NARROWEST]
    excess = sum(widths) - room
    while excess > 0.01 and flexible:
        flexible.sort(key=lambda i: -widths[i])
        widest = [i for i in flexible if widths[i] > widths[flexible[0]] - 0.01]
        below = max((widths[i] for i in flexible if i not in widest), default=NARROWEST)
        step = min(excess / len(widest), widths[widest[0]] - max(below, NARROWEST))
        if step <= 0.01:
            break
        for i in widest:
            widths[i] -= step
        excess -= step * len(widest)
    texts = [i for i, column in enumerate(columns) if column.kind in LEFT_KINDS] or list(range(len(columns)))
    if excess < 0:
        for i in texts:
            widths[i] -= excess / len(texts)
    return widths


def _draw_facts(paper: Paper, answer: Answer, firm: str) -> None:
    title = Style(15, Weight.SEMIBOLD, leading=22)
    paper.sheet.text(paper.left, paper.y + base_line(title), answer.title, fitted(answer.title, title, paper.width))
    paper.y += title.line
    paper.sheet.text(paper.left, paper.y + base_line(MEDIUM), firm, fitted(firm, MEDIUM, paper.width))
    paper.y += MEDIUM.line + 6
    name_width = max(width(name, QUIET) for name, _ in answer.facts) + 12
    pieces = [piece for name, value in answer.facts for piece in named(name, value, paper.width, name_width)]
    paper.columns((paper.left, pieces))
    paper.y += 10


def _draw_table(paper: Paper, layout: _Layout, cells: list[list[str]], totals: list[list[str]]) -> None:
    paper.keep(60)
    _draw_head(paper, layout)
    paper.after_break = lambda: _draw_head(paper, layout)
    if not cells:
        paper.sheet.text(paper.left, paper.y + base_line(BODY) + ROW_GAP, "Nothing to report.", BODY)
        paper.y += BODY.line + 2 * ROW_GAP
    for row in cells:
        _draw_row(paper, layout, row, layout.figure)
        paper.rule()
    bold = replace(layout.figure, weight=Weight.SEMIBOLD)
    for i, row in enumerate(totals):
        if i == 0:
            paper.rule(1, INK)
        _draw_row(paper, layout, row, bold)
    paper.after_break = None
    paper.rule(0.5, INK)


def _draw_head(paper: Paper, layout: _Layout) -> None:
    heads = [
        wrapped(column.heading, layout.head, room - GUTTER / 2)
        for column, room in zip(layout.columns, layout.widths, strict=True)
    ]
    count = max(len(lines) for lines in heads)
    paper.rule(1, INK)
    paper.y += ROW_GAP
    _draw_cells(paper.sheet, paper.left, paper.y, layout, heads, layout.head)
    paper.y += count * layout.head.line + ROW_GAP
    paper.rule(0.5, INK)


def _draw_row(paper: Paper, layout: _Layout, row: list[str], style: Style) -> None:
    """A row as pieces of one line each, so that one taller than a page goes on over it."""
    lines = [wrapped(text, style, room - GUTTER) or [""] for text, room in zip(row, layout.widths, strict=True)]
    count = max(len(one) for one in lines)
    pieces = [Piece(ROW_GAP, lambda _sheet, _x, _y: None)]
    for i in range(count):
        parts = [one[i : i + 1] for one in lines]
        pieces.append(Piece(style.line, _drawing(layout, parts, style)))
    pieces.append(Piece(ROW_GAP, lambda _sheet, _x, _y: None))
    paper.keep(total_height(pieces))
    paper.columns((paper.left, pieces))


def _drawing(layout: _Layout, parts: list[list[str]], style: Style) -> Any:
    def draw(sheet: Sheet, x: float, y: float) -> None:
        _draw_cells(sheet, x, y, layout, parts, style)

    return draw


def _draw_cells(sheet: Sheet, x: float, y: float, layout: _Layout, cells: list[list[str]], style: Style) -> None:
    """Lines of each column from `y` down: text from the left, figures to the right end."""
    last = layout.columns[-1]
    for column, room, lines in zip(layout.columns, layout.widths, cells, strict=True):
        end = x + room - (0 if column is last else GUTTER / 2)
        for i, text in enumerate(lines):
            base = y + i * style.line + base_line(style)
            fits = fitted(text, style, room - GUTTER / 2)
            if column.kind in LEFT_KINDS:
                sheet.text(x, base, text, fits)
            else:
                sheet.right(end, base, text, fits)
        x += room
