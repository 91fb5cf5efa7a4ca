"""The table of lines: columns by the seller's law, as wide as their figures, the description taking what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from models.values import decimals
from models.values.money import EXPONENTS
from services.printing import figures, taxation
from services.printing.faces import Weight
from services.printing.paper import Paper, Piece, base_line, gap, lines, total_height
from services.printing.sheet import GREY, INK, Sheet, Style, width
from services.printing.view import DocumentView, Line

_GUTTER = 10.0
_NARROWEST_DESCRIPTION = 112.0
_ROW_ABOVE, _ROW_BELOW = 5.0, 4.5
_SUMS_HEIGHT = 21.0
_HEAD_ROOM = 28.0
_HEAD = Style(7, Weight.SEMIBOLD, leading=10)
_SECOND_HEAD = Style(7, shade=GREY, leading=9)


@dataclass(frozen=True, slots=True)
class Column:
    """One column right of the description. A cell is (figure, smaller figure below it); `sums` feed totals."""

    head: str
    cells: tuple[tuple[str, str], ...]
    second_head: str = ""
    sums: tuple[str, ...] = ()
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class _Fonts:
    """The table's letters; smaller where the figures would leave the description no room."""

    figure: Style
    name: Style
    small: Style

    @classmethod
    def scaled(cls, factor: float) -> _Fonts:
        return cls(
            Style(8.5 * factor, leading=11),
            Style(8.5 * factor, Weight.MEDIUM, leading=11),
            Style(7 * factor, shade=GREY, leading=9),
        )


def columns_of(view: DocumentView) -> list[Column]:
    """The columns after the description, left to right."""
    columns = [*_hsn(view), _quantity(view), _price(view), *_discount(view)]
    if not taxation.shows_tax(view):
        return [*columns, _amounts(view, "Amount", lambda row: (row.taxable, row.home_taxable))]
    net = "Taxable" if taxation.is_gst(view) else "Net"
    columns.append(_amounts(view, net, lambda row: (row.taxable, row.home_taxable)))
    if taxation.is_gst(view):
        return [*columns, *(_component(view, name) for name in taxation.components(view))]
    word = taxation.tax_word(view)
    rates = tuple((taxation.rate_label(row.category, row.rate), "") for row in view.lines)
    return [
        *columns,
        Column(word, rates),
        _amounts(view, word, lambda row: (row.tax, row.home_tax)),
        _amounts(view, "Total", lambda row: (row.total, row.home_total)),
    ]


def _hsn(view: DocumentView) -> Iterable[Column]:
    if view.country == "IN" and any(row.hsn for row in view.lines):
        yield Column("HSN/SAC", tuple((row.hsn, "") for row in view.lines), is_left=True)


def _quantity(view: DocumentView) -> Column:
    cells = [
        (f"{figures.quantity(row.quantity, view.currency)} {figures.unit(row.unit, row.quantity)}".strip(), "")
        for row in view.lines
    ]
    return Column("Quantity", tuple(cells))


def _price(view: DocumentView) -> Column:
    places = EXPONENTS.get(view.currency, 2)
    second = f"incl. {taxation.tax_word(view)}" if view.prices_include_tax and taxation.shows_tax(view) else ""
    cells = tuple((figures.price(row.unit_price, view.currency, places), "") for row in view.lines)
    return Column("Unit price", cells, second)


def _discount(view: DocumentView) -> Iterable[Column]:
    """A line's own discount and its share of the document's, so that price times quantity less it is the net."""
    taken = [
        decimals.parse(row.discount, "discount") + decimals.parse(row.document_discount, "discount")
        for row in view.lines
    ]
    if any(taken):
        texts = tuple(str(value) for value in taken)
        cells = tuple(
            (figures.amount(text, view.currency) if value else "", "") for text, value in zip(texts, taken, strict=True)
        )
        yield Column("Discount", cells, sums=texts)


def _amounts(view: DocumentView, head: str, pick: Callable[[Line], tuple[str, str]]) -> Column:
    """An amount in the document's currency; where that is foreign, in the home currency below it (Art. 59(1)(h), (k))."""
    pairs = [pick(row) for row in view.lines]
    home = view.home.currency if view.is_foreign else ""
    cells = tuple(
        (figures.amount(own, view.currency), figures.amount(at_home, home) if home and at_home else "")
        for own, at_home in pairs
    )
    return Column(f"{head}, {view.currency}", cells, f"in {home}" if home else "", tuple(own for own, _ in pairs))


def _component(view: DocumentView, name: str) -> Column:
    """One GST component: its rate in the head where all lines share it, else under each amount."""
    taxes = [row.component(name) for row in view.lines]
    rates = [figures.percent(tax.rate) if tax else "" for tax in taxes]
    shared = rates[0] if rates and len(set(rates)) == 1 else ""
    home = view.home.currency if view.is_foreign else ""
    cells = []
    for tax, rate in zip(taxes, rates, strict=True):
        at_home = figures.amount(tax.home_amount, home) if tax and home and tax.home_amount else ""
        below = " · ".join(filter(None, ("" if shared else rate, at_home)))
        cells.append((figures.amount(tax.amount, view.currency) if tax else "", below))
    head = f"{taxation.component_name(view, name)} {shared}".strip()
    sums = tuple(tax.amount if tax else "0" for tax in taxes)
    return Column(head, tuple(cells), f"in {home}" if home else "", sums)


def draw_table(paper: Paper, view: DocumentView, height_of_totals: float) -> None:
    """All lines. The last row stays with the totals, whose height is given, so that they never stand alone."""
    table = _Table(paper, view)
    table.draw(height_of_totals)


class _Table:
    def __init__(self, paper: Paper, view: DocumentView) -> None:
        self.paper = paper
        self.view = view
        self.columns = columns_of(view)
        self.number_width = 17.0 + max(0, len(str(len(view.lines))) - 2) * 5
        factor = 1.0
        for factor in (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64, 0.58, 0.5):
            self.fonts = _Fonts.scaled(factor)
            self.widths = [self._column_width(column) for column in self.columns]
            if self._description_width() >= _NARROWEST_DESCRIPTION:
                break
        self.has_second_heads = any(column.second_head for column in self.columns)
        self.has_total_row = taxation.is_gst(view) and taxation.shows_tax(view) and len(view.lines) > 1
        self.sums = [Decimal(0) for _ in self.columns]

    def draw(self, height_of_totals: float) -> None:
        paper = self.paper
        rows = self.view.lines
        last = len(rows) - 1
        below_last = height_of_totals + (_SUMS_HEIGHT if self.has_total_row else 0.0)
        for i, row in enumerate(rows):
            pieces = self._row_pieces(i, row)
            height = total_height(pieces)
            below = _SUMS_HEIGHT if i < last else below_last
            if i == 0:
                paper.keep(_HEAD_ROOM + height + below)
                self._draw_head()
                paper.after_break = self._draw_head
            elif not paper.fits(height + below) and height <= self._room_of_a_page:
                self._break_carrying()
            self._draw_row(pieces, below)
            self._add(i)
        if not rows:
            self._draw_head()
        paper.after_break = None
        if self.has_total_row:
            self._draw_sums("Total")
        paper.rule(1 if self.has_total_row else 0.5, INK)

    @property
    def _room_of_a_page(self) -> float:
        """What a page after the first has for rows, below the head and between the carried sums."""
        return self.paper.fresh_room - _HEAD_ROOM - 2 * _SUMS_HEIGHT

    def _draw_row(self, pieces: list[Piece], below: float) -> None:
        """A row; of one that is taller than a page the last lines stay with what comes below."""
        paper = self.paper
        if total_height(pieces) > self._room_of_a_page:
            paper.columns((paper.left, pieces[:-4]))
            pieces = pieces[-4:]
            paper.keep(total_height(pieces) + below)
        paper.columns((paper.left, pieces))
        paper.rule()

    def _column_width(self, column: Column) -> float:
        bold = replace(self.fonts.figure, weight=Weight.SEMIBOLD)
        widest = max(
            width(column.head, _HEAD),
            width(column.second_head, _SECOND_HEAD),
            *(width(figure, self.fonts.figure) for figure, _ in column.cells),
            *(width(below, self.fonts.small) for _, below in column.cells),
            0.0,
        )
        if column.sums:
            total = sum((decimals.parse(text, "amount") for text in column.sums), Decimal(0))
            widest = max(widest, width(figures.amount(str(total), self.view.currency), bold))
        return widest + _GUTTER

    def _description_width(self) -> float:
        return self.paper.width - self.number_width - sum(self.widths)

    def _places(self) -> Iterable[tuple[Column, float]]:
        """Each column with the x where its text ends, or begins if it is a left one."""
        x = self.paper.left + self.number_width + self._description_width()
        for column, own in zip(self.columns, self.widths, strict=True):
            yield column, (x + _GUTTER if column.is_left else x + own)
            x += own

    def _draw_head(self) -> None:
        paper, sheet = self.paper, self.paper.sheet
        paper.rule(1, INK)
        base = paper.y + 11.5
        sheet.text(paper.left, base, "#", _HEAD)
        sheet.text(paper.left + self.number_width, base, "Description", _HEAD)
        for column, x in self._places():
            draw = sheet.text if column.is_left else sheet.right
            draw(x, base, column.head, _HEAD)
            if column.second_head:
                draw(x, base + 9, column.second_head, _SECOND_HEAD)
        paper.y += 27 if self.has_second_heads else 18
        paper.rule(0.5, INK)

    def _row_pieces(self, i: int, row: Line) -> list[Piece]:
        """One piece that is never cut; of a row taller than a page its lines, the first with the figures."""
        room = self._description_width()
        title, _, more = row.description.partition("\n")
        indent = self.number_width
        texts = lines(title, self.fonts.name, room + indent, indent) or [gap(self.fonts.name.line)]
        texts += lines(more, self.fonts.small, room + indent, indent)
        if len(texts) == 1 and any(column.cells[i][1] for column in self.columns):
            texts.append(gap(9))
        height = total_height(texts)

        def draw(sheet: Sheet, x: float, y: float) -> None:
            self._draw_number(sheet, x, y, i)
            below = y
            for text in texts:
                text.draw(sheet, x, below)
                below += text.height
            self._draw_figures(sheet, y, i)

        if height <= self._room_of_a_page:
            return [gap(_ROW_ABOVE), Piece(height, draw), gap(_ROW_BELOW)]
        figures_first = Piece(0, lambda sheet, x, y: self._draw_number_and_figures(sheet, x, y, i))
        return [gap(_ROW_ABOVE), figures_first, *texts, gap(_ROW_BELOW)]

    def _draw_number_and_figures(self, sheet: Sheet, x: float, y: float, i: int) -> None:
        self._draw_number(sheet, x, y, i)
        self._draw_figures(sheet, y, i)

    def _draw_number(self, sheet: Sheet, x: float, y: float, i: int) -> None:
        sheet.text(x, y + base_line(self.fonts.figure), self.view.lines[i].no or str(i + 1), self.fonts.figure)

    def _draw_figures(self, sheet: Sheet, y: float, i: int) -> None:
        base = y + base_line(self.fonts.figure)
        for column, place in self._places():
            figure, below = column.cells[i]
            show = sheet.text if column.is_left else sheet.right
            show(place, base, figure, self.fonts.figure)
            show(place, base + 10, below, self.fonts.small)

    def _add(self, i: int) -> None:
        for k, column in enumerate(self.columns):
            if column.sums:
                self.sums[k] += decimals.parse(column.sums[i], "amount")

    def _break_carrying(self) -> None:
        """The sums so far stand at the foot of the page and again at the head of the next."""
        self._draw_sums("Carried forward", is_quiet=True)
        self.paper.break_page()
        self._draw_sums("Brought forward", is_quiet=True)
        self.paper.rule()

    def _draw_sums(self, name: str, *, is_quiet: bool = False) -> None:
        weight = Weight.REGULAR if is_quiet else Weight.SEMIBOLD
        style = replace(self.fonts.figure, weight=weight, shade=GREY if is_quiet else INK)
        sheet, base = self.paper.sheet, self.paper.y + 13.5
        sheet.text(self.paper.left + self.number_width, base, name, style)
        for k, (column, x) in enumerate(self._places()):
            if column.sums:
                sheet.right(x, base, figures.amount(str(self.sums[k]), self.view.currency), style)
        self.paper.y += _SUMS_HEIGHT
