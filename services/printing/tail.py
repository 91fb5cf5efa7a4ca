"""What follows the lines: sums, words, bank, the tax by rate, the payment code, references, terms."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from models.values import decimals
from services.printing import figures, taxation, upi
from services.printing.faces import Weight
from services.printing.paper import (
    LABEL,
    MEDIUM,
    SMALL,
    STRONG,
    Paper,
    Piece,
    gap,
    line,
    lines,
    named,
    right_line,
    ruler,
    sum_line,
    total_height,
)
from services.printing.sheet import GREY, HAIR, INK, Sheet, Style, width
from services.printing.view import Bank, DocumentView

_SUM = Style(8.5, shade=GREY, leading=16)
_SUM_VALUE = Style(8.5, leading=16)
_HOME = Style(8, shade=GREY, leading=13)
_HOME_VALUE = Style(8, leading=13)
_GRAND = Style(10.5, Weight.SEMIBOLD, leading=26)
_GRAND_VALUE = Style(13, Weight.SEMIBOLD, leading=26)
_TERMS = Style(7.5, shade=GREY, leading=10)
_CELL = Style(8, leading=17)
_CELL_HEAD = Style(7, Weight.SEMIBOLD, GREY, leading=16)

_SUMS_FROM = 0.545
"""Where the sums begin, of the width: the words and the bank have the left part."""

_QR_SIZE = 78.0
"""27.5 mm; 25 are asked for."""

_SIGNATURE_HEIGHT = 62.0
_FEW_TERMS = 9


class Tail:
    """Measured before the lines are drawn, drawn after them."""

    def __init__(self, paper: Paper, view: DocumentView) -> None:
        self.paper = paper
        self.view = view
        self._sums_x = paper.left + paper.width * _SUMS_FROM
        self._sums = self._sum_pieces(paper.width * (1 - _SUMS_FROM))
        self._beside = self._pieces_beside(paper.width * _SUMS_FROM - 24)

    @property
    def height_of_totals(self) -> float:
        return 10 + max(total_height(self._sums), min(total_height(self._beside), 130))

    def draw(self) -> None:
        paper = self.paper
        paper.keep(self.height_of_totals)
        paper.y += 10
        paper.columns((paper.left, self._beside), (self._sums_x, self._sums))
        paper.y += 11
        self._draw_tax_and_code()
        self._draw_references()

    # Sums on the right

    def _sum_pieces(self, room: float) -> list[Piece]:
        view, totals, currency = self.view, self.view.totals, self.view.currency
        pieces: list[Piece] = []
        for name, value in self._sum_rows():
            pieces += sum_line(name, value, room, _SUM, _SUM_VALUE)
        pieces += [gap(3), ruler(room, 1, INK), gap(1)]
        shown = figures.amount(totals.due, currency)
        if currency == "INR":
            shown = f"₹ {shown}"
        pieces += sum_line(f"{self._grand_name()}, {currency}", shown, room, _GRAND, _GRAND_VALUE)
        pieces += [gap(1), ruler(room, 1, INK)]
        return pieces + (self._home_pieces(room) if view.is_foreign else [])

    def _grand_name(self) -> str:
        return {"estimate": "Total", "credit_note": "Total credit", "debit_note": "Total"}.get(
            self.view.kind, "Total due"
        )

    def _sum_rows(self) -> list[tuple[str, str]]:
        view, totals, currency = self.view, self.view.totals, self.view.currency
        rows: list[tuple[str, str]] = []
        has_line_discount = not figures.is_zero(totals.line_discount)
        has_document_discount = not figures.is_zero(totals.document_discount)
        if has_line_discount or has_document_discount:
            rows.append(("Before discount", figures.amount(totals.gross, currency)))
        if has_line_discount:
            rows.append(
                (
                    "Discount on lines" if has_document_discount else "Discount",
                    figures.less(totals.line_discount, currency),
                )
            )
        if has_document_discount:
            rows.append(("Discount on the whole", figures.less(totals.document_discount, currency)))
        if taxation.shows_tax(view):
            net = "Taxable value" if taxation.is_gst(view) else f"Total before {taxation.tax_word(view)}"
            rows.append((net, figures.amount(totals.taxable, currency)))
            aside = ", reverse charge, not added" if view.is_reverse_charge else ""
            rows += [(f"{tax.name}{aside}", figures.amount(tax.amount, currency)) for tax in taxation.tax_sums(view)]
        elif not rows:
            rows.append(("Total of lines", figures.amount(totals.taxable, currency)))
        if not figures.is_zero(totals.round_off):
            rows.append(("Round off", figures.amount(totals.round_off, currency)))
        if not figures.is_zero(totals.prepaid):
            rows.append(("Total", figures.amount(totals.payable, currency)))
            rows.append(("Advance received", figures.less(totals.prepaid, currency)))
        return rows

    def _home_pieces(self, room: float) -> list[Piece]:
        """The sums in the company's own currency with the rate used (Art. 59(1)(j), (k); section 34 of the CGST Act)."""
        home = self.view.home
        source = ", ".join(
            filter(None, (home.exchange_rate_source, figures.day(home.exchange_rate_on, self.view.country)))
        )
        rate = f"at {figures.rate(home.exchange_rate)}" if home.exchange_rate else ""
        head = " ".join(filter(None, (f"In {home.currency}", rate, f"({source})" if source else "")))
        word = taxation.tax_word(self.view)
        net = "Taxable value" if taxation.is_gst(self.view) else f"Total before {word}"
        rows = [(net, home.taxable), (word, home.tax), (f"Total, {home.currency}", home.payable or home.grand)]
        if not taxation.shows_tax(self.view):
            rows = rows[2:]
        pieces = [gap(7), *lines(head, LABEL, room)]
        for i, (name, value) in enumerate(row for row in rows if row[1]):
            is_last = i == len(rows) - 1
            value_style = Style(8, Weight.SEMIBOLD, leading=13) if is_last else _HOME_VALUE
            pieces += sum_line(name, figures.amount(value, home.currency), room, _HOME, value_style)
        return pieces

    # Words and bank on the left

    def _pieces_beside(self, room: float) -> list[Piece]:
        view = self.view
        pieces: list[Piece] = []
        if view.in_words:
            pieces += [line("In words", LABEL), *lines(view.in_words, MEDIUM, room), gap(8)]
        for statement in (view.endorsement, view.reverse_charge_note):
            if statement:
                pieces += [*lines(statement, STRONG, room), gap(8)]
        if view.bank is not None and view.kind != "credit_note":
            pieces += self._bank(view.bank, room)
        return pieces

    def _bank(self, bank: Bank, room: float) -> list[Piece]:
        rows = [
            ("Bank", ", ".join(filter(None, (bank.bank_name, bank.branch)))),
            ("Name", bank.account_name),
            ("Account", bank.account_number),
            ("IBAN", figures.iban(bank.iban)),
            ("IFSC", bank.ifsc),
            ("SWIFT", bank.swift),
            ("UPI", bank.upi_vpa if self.view.currency == "INR" else ""),
        ]
        pieces = [piece for name, value in rows if value for piece in named(name, value, room, 42)]
        if not pieces:
            return []
        quote = named("Quote", self.view.number, room, 42) if self.view.number else []
        return [line("Pay to", LABEL), *pieces, *quote]

    # Tax by rate, and the payment code

    def _draw_tax_and_code(self) -> None:
        paper = self.paper
        text = upi.payment_text(self.view)
        room = paper.width - (_QR_SIZE + 40 if text else 0)
        rows = self._tax_rows()
        beside = self._code_pieces(text) if text else []
        if not rows and not beside:
            return
        table = _small_table(self._tax_title(), rows, min(room, paper.width * 0.78)) if rows else []
        paper.keep(max(total_height(table[:4]), total_height(beside)))
        paper.columns((paper.left, table), (paper.left + paper.width - _QR_SIZE, beside))
        paper.y += 11

    def _tax_title(self) -> str:
        if taxation.is_gst(self.view):
            return "Tax by HSN/SAC and rate"
        return f"{taxation.tax_word(self.view)} by rate"

    def _tax_rows(self) -> list[list[str]]:
        """The summary with its head; none where the sums say it all."""
        view = self.view
        if not taxation.shows_tax(view):
            return []
        if taxation.is_gst(view):
            return _by_hsn(view)
        if len(view.tax_groups) < 2 and not view.is_foreign:
            return []
        return _by_rate(view)

    def _code_pieces(self, text: str) -> list[Piece]:
        modules = upi.code(text)

        def draw(sheet: Sheet, x: float, y: float) -> None:
            sheet.squares(x, y, _QR_SIZE, modules)

        return [Piece(_QR_SIZE + 4, draw), right_line("Pay by UPI", LABEL, _QR_SIZE)]

    # References, terms, signature

    def _draw_references(self) -> None:
        paper, view = self.paper, self.view
        half = paper.width * 0.5
        chain = " · ".join(filter(None, (view.estimate, view.deal, view.project)))
        left: list[Piece] = [line("Belongs to", LABEL), *lines(chain, MEDIUM, half - 20), gap(6)] if chain else []
        texts = [text for text in (view.notes, view.terms) if text.strip()]
        terms = [piece for text in texts for piece in (*lines(text, _TERMS, half - 20), gap(5))]
        has_few_terms = len(terms) <= _FEW_TERMS
        if has_few_terms:
            left += terms
        signature = self._signature(paper.width - half - 20)
        paper.keep(10 + max(total_height(signature), min(total_height(left), 120)))
        paper.rule()
        paper.y += 8
        paper.columns((paper.left, left), (paper.left + half + 20, signature))
        if not has_few_terms:
            paper.y += 8
            for text in texts:
                paper.columns((paper.left, [*lines(text, _TERMS, paper.width), gap(6)]))

    def _signature(self, room: float) -> list[Piece]:
        if self.view.kind == "estimate":
            name, below = self.view.customer.legal_name, "Accepted: name, date, signature"
        else:
            name, below = self.view.seller.legal_name, "Authorised signatory"
        names = lines(f"For {name}" if name else "", LABEL, room)[:3]
        return [*names, gap(_SIGNATURE_HEIGHT - 26), ruler(room, 0.5, INK, 3), line(below, SMALL)]


def _by_rate(view: DocumentView) -> list[list[str]]:
    """VAT by rate, in the home currency too where the document is foreign."""
    currency, home, word = view.currency, view.home.currency, taxation.tax_word(view)
    head = ["Rate", f"Net, {currency}", f"{word}, {currency}"]
    rows = [
        [taxation.category_label(group), figures.amount(group.taxable, currency), figures.amount(group.tax, currency)]
        for group in view.tax_groups
    ]
    if view.is_foreign:
        head += [f"Net, {home}", f"{word}, {home}"]
        for row, group in zip(rows, view.tax_groups, strict=True):
            row += [figures.amount(group.home_taxable, home), figures.amount(group.home_tax, home)]
    return [head, *rows]


def _by_hsn(view: DocumentView) -> list[list[str]]:
    """GST by HSN or SAC and rate: the summary that buyers match with their return."""
    names = taxation.components(view)
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for row in view.lines:
        key = (row.hsn, taxation.rate_label(row.category, row.rate))
        own = sums.setdefault(key, [Decimal(0)] * (len(names) + 2))
        own[0] += decimals.parse(row.taxable, "taxable")
        for i, name in enumerate(names, 1):
            tax = row.component(name)
            own[i] += decimals.parse(tax.amount, "tax") if tax else 0
        own[-1] += decimals.parse(row.tax, "tax")
    head = ["HSN/SAC", "Rate", "Taxable value", *(taxation.component_name(view, name) for name in names), "Tax"]
    if len(names) == 1:
        head.pop()
        sums = {key: own[:-1] for key, own in sums.items()}
    return [
        head,
        *(
            [hsn or "–", rate, *(figures.amount(str(value), view.currency) for value in own)]
            for (hsn, rate), own in sums.items()
        ),
    ]


def _small_table(title: str, rows: Sequence[Sequence[str]], room: float) -> list[Piece]:
    """A head and rows with hairlines; the first column left, figures right, all columns as wide as they need."""
    widths = [
        max(width(row[i], _CELL_HEAD if k == 0 else _CELL) for k, row in enumerate(rows)) + 14
        for i in range(len(rows[0]))
    ]
    spare = max(0.0, room - sum(widths)) / len(widths)
    scale = min(1.0, room / sum(widths))
    ends = [sum(widths[: i + 1]) * scale + spare * (i + 1) for i in range(len(widths))]

    def row_piece(row: Sequence[str], style: Style) -> Piece:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            base = y + style.line / 2 + style.size * 0.36
            sheet.rule(x, y, ends[-1], 0.5, INK if style is _CELL_HEAD else HAIR)
            sheet.text(x, base, row[0], style)
            for end, text in zip(ends[1:], row[1:], strict=True):
                sheet.right(x + end, base, text, style)

        return Piece(style.line, draw)

    head, *rest = rows
    return [
        line(title, Style(8, Weight.SEMIBOLD, leading=15)),
        row_piece(head, _CELL_HEAD),
        *(row_piece(row, Style(8 * scale, leading=17)) for row in rest),
        ruler(ends[-1], 0.5, HAIR, 2),
    ]
