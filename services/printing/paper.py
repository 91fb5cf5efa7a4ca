"""Pages in the making: pieces set one below the other in columns, page breaks, head and foot of every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.printing.faces import Weight
from services.printing.file import PdfFile
from services.printing.sheet import FAINT, GREY, HAIR, INK, Sheet, Style, width
from services.printing.typeset import fitted, wrapped

MARGIN = 48.2
"""17 mm (visual.md, Print)."""

TOP = 46.0
FOOT = 46.0
"""From the rule of the foot to the paper's edge."""

LABEL = Style(7, Weight.MEDIUM, GREY, 12)
BODY = Style(8.5, leading=11.5)
STRONG = Style(8.5, Weight.SEMIBOLD, leading=13)
MEDIUM = Style(8.5, Weight.MEDIUM, leading=12)
QUIET = Style(8, shade=GREY, leading=12)
SMALL = Style(7, shade=GREY, leading=9)


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that is never cut: `draw(sheet, x, y)` puts it at the left end x, from y down to y + height."""

    height: float
    draw: Callable[[Sheet, float, float], None]


def base_line(style: Style) -> float:
    """From the top of a line to its base line: the letters stand in the middle of their leading."""
    return style.line / 2 + style.size * 0.36


def line(text: str, style: Style, indent: float = 0.0) -> Piece:
    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.text(x + indent, y + base_line(style), text, style)

    return Piece(style.line, draw)


def right_line(text: str, style: Style, room: float) -> Piece:
    """A line that ends `room` points to the right of the column's left end."""

    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.right(x + room, y + base_line(style), text, style)

    return Piece(style.line, draw)


def lines(text: str, style: Style, room: float, indent: float = 0.0) -> list[Piece]:
    return [line(part, style, indent) for part in wrapped(text, style, room - indent)]


def gap(height: float) -> Piece:
    return Piece(height, lambda _sheet, _x, _y: None)


def ruler(length: float, thickness: float, shade: float, height: float = 0.0) -> Piece:
    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.rule(x, y, length, thickness, shade)

    return Piece(height, draw)


def named(name: str, value: str, room: float, name_width: float) -> list[Piece]:
    """A name in grey and its value beside it, on as many lines as the value needs."""
    first, *rest = wrapped(value, MEDIUM, room - name_width) or [""]

    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.text(x, y + base_line(MEDIUM), name, QUIET)
        sheet.text(x + name_width, y + base_line(MEDIUM), first, MEDIUM)

    return [Piece(MEDIUM.line, draw), *(line(part, MEDIUM, name_width) for part in rest)]


def sum_line(name: str, value: str, room: float, name_style: Style, value_style: Style) -> list[Piece]:
    """A name on the left, its amount on the right."""
    value_style = fitted(value, value_style, room * 0.72)
    names = wrapped(name, name_style, room - width(value, value_style) - 8) or [""]

    def draw(sheet: Sheet, x: float, y: float) -> None:
        base = y + base_line(name_style)
        sheet.text(x, base, names[0], name_style)
        sheet.right(x + room, base, value, value_style)

    return [Piece(name_style.line, draw), *(line(part, name_style) for part in names[1:])]


def total_height(pieces: Sequence[Piece]) -> float:
    return sum(piece.height for piece in pieces)


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page carries: `left` and `right` head the pages after the first."""

    left: str
    right: str
    foot: str
    watermark: str = ""
    remark: str = ""


class Paper:
    """The pages of one document and the place `y` on the last of them where the next thing goes."""

    def __init__(self, file: PdfFile, frame: Frame) -> None:
        self.file = file
        self.frame = frame
        self.sheets: list[Sheet] = []
        self.left = MARGIN
        self.width = file.width - 2 * MARGIN
        self.bottom = file.height - FOOT - 9
        self.y = TOP
        self.after_break: Callable[[], None] | None = None
        self._begin_page()

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    @property
    def fresh_room(self) -> float:
        """Height that a page after the first offers."""
        return self.bottom - self._below_head()

    def fits(self, height: float) -> bool:
        return self.y + height <= self.bottom + 0.01

    def break_page(self) -> None:
        self._begin_page()
        self._continuation_head()
        if self.after_break is not None:
            self.after_break()

    def keep(self, height: float) -> None:
        """Break now if `height` does not fit here but would on a new page."""
        if not self.fits(height) and height <= self.fresh_room:
            self.break_page()

    def columns(self, *columns: tuple[float, Sequence[Piece]]) -> None:
        """Set columns side by side from `y` down, each (x, pieces); what does not fit goes on over the page."""
        rests = [(x, list(pieces)) for x, pieces in columns]
        while True:
            ends = []
            for i, (x, pieces) in enumerate(rests):
                y, count = self._set(x, pieces)
                ends.append(y)
                rests[i] = (x, pieces[count:])
            self.y = max(ends, default=self.y)
            if not any(pieces for _, pieces in rests):
                return
            self.break_page()

    def rule(self, thickness: float = 0.5, shade: float = HAIR) -> None:
        self.sheet.rule(self.left, self.y, self.width, thickness, shade)

    def finish(self) -> None:
        """Write the feet, now that the number of pages is known, and hand the pages to the file."""
        count = len(self.sheets)
        y = self.file.height - FOOT
        right = self.left + self.width
        foot = fitted(self.frame.foot, SMALL, self.width - 80)
        for i, sheet in enumerate(self.sheets, 1):
            sheet.rule(self.left, y, self.width)
            sheet.text(self.left, y + 12, self.frame.foot, foot)
            sheet.right(right, y + 12, f"Page {i} of {count}", SMALL)
            self.file.pages.append(sheet.content())

    def _set(self, x: float, pieces: Sequence[Piece]) -> tuple[float, int]:
        """Draw as many pieces as the page holds, at least one on a page of its own; returns (end, count)."""
        y = self.y
        for count, piece in enumerate(pieces):
            is_too_tall = piece.height > self.fresh_room and count == 0
            if y + piece.height > self.bottom + 0.01 and not is_too_tall:
                return y, count
            piece.draw(self.sheet, x, y)
            y += piece.height
        return y, len(pieces)

    def _begin_page(self) -> None:
        sheet = Sheet(self.file)
        self.sheets.append(sheet)
        if self.frame.watermark:
            style = fitted(self.frame.watermark, Style(110, Weight.SEMIBOLD, FAINT), self.width)
            sheet.slanted(self.frame.watermark, style)
        if self.frame.remark:
            style = Style(7, Weight.SEMIBOLD, GREY)
            sheet.right(self.left + self.width, 32, self.frame.remark, fitted(self.frame.remark, style, self.width))
        self.y = TOP

    def _below_head(self) -> float:
        return TOP + 26

    def _continuation_head(self) -> None:
        right = self.left + self.width
        name = fitted(self.frame.left, STRONG, self.width * 0.48)
        title = fitted(self.frame.right, MEDIUM, self.width * 0.48)
        self.sheet.text(self.left, TOP + 8, self.frame.left, name)
        self.sheet.right(right, TOP + 8, self.frame.right, title)
        self.sheet.rule(self.left, TOP + 16, self.width, 1, INK)
        self.y = self._below_head()
