"""Documents calculated again from what they say, by the one calculation of the product (deep)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from sqlalchemy import select

from models.billing import Document, DocumentLine
from models.organisation import TaxRegistration
from models.values.errors import InvalidValue
from models.values.money import Money
from models.values.states import RoundingMode, TaxCategory
from services.billing.tax.components import components
from services.billing.totals import DocumentInput, LineInput, LineTotals, Totals, calculate
from services.health.checks import AnyRow, Check, Look, amount

_TAXES = ("vat", "cgst", "sgst", "igst", "cess")
_FIGURES = (
    *"gross discount document_discount taxable tax total home_taxable home_tax home_total".split(),
    *_TAXES,
    *(f"home_{name}" for name in _TAXES),
)
"""Figures of a line, in the order in which they are read and calculated."""

_DOCUMENT_COLUMNS = (
    Document.id.label("document_id"),
    Document.kind,
    Document.number,
    Document.currency,
    Document.home_currency,
    Document.exchange_rate,
    Document.tax_rounding_mode,
    Document.prices_include_tax,
    Document.is_reverse_charge,
    Document.is_inter_state,
    Document.is_rounded_off,
    Document.discount_percent.label("document_discount_percent"),
    Document.discount_minor.label("document_discount_given"),
    Document.prepaid_minor,
    Document.payable_minor,
    Document.home_payable_minor,
    TaxRegistration.country,
)
_LINE_COLUMNS = (
    DocumentLine.no,
    DocumentLine.quantity,
    DocumentLine.unit_price,
    DocumentLine.base_quantity,
    DocumentLine.discount_percent,
    DocumentLine.discount_input_minor,
    DocumentLine.category,
    DocumentLine.rate,
    DocumentLine.cess_rate,
    *(getattr(DocumentLine, f"{name}_minor").label(f"line_{name}") for name in _FIGURES),
)
_FIRST_FIGURE = len(_DOCUMENT_COLUMNS) + len(_LINE_COLUMNS) - len(_FIGURES)


def _miscalculated(look: Look) -> Iterator[str]:
    """I8, I9: what other systems calculated came as it was, so imported documents are left out."""
    query = (
        select(*_DOCUMENT_COLUMNS, *_LINE_COLUMNS)
        .join(DocumentLine, DocumentLine.document_id == Document.id)
        .join(TaxRegistration, TaxRegistration.id == Document.registration_id)
        .where(Document.is_imported.is_(False))
        .order_by(Document.id, DocumentLine.no)
    )
    for _, rows in groupby(look.rows(query), key=lambda row: row.document_id):
        lines = list(rows)
        name = f"{lines[0].kind} {lines[0].number or '#' + str(lines[0].document_id)}"
        try:
            totals = calculate(_input(lines))
        except InvalidValue as wrong:
            yield f"{name} cannot be calculated again: {wrong}"
        else:
            yield from (f"{name}: {fault}" for fault in _differences(lines, totals))


def _input(lines: Sequence[AnyRow]) -> DocumentInput:
    first = lines[0]
    return DocumentInput(
        currency=first.currency,
        home_currency=first.home_currency,
        exchange_rate=first.exchange_rate,
        rounding_mode=RoundingMode(first.tax_rounding_mode),
        prices_include_tax=first.prices_include_tax,
        is_reverse_charge=first.is_reverse_charge,
        document_discount_percent=first.document_discount_percent,
        document_discount_amount=_major(first.document_discount_given, first.currency),
        round_off=first.is_rounded_off,
        prepaid_minor=first.prepaid_minor,
        lines=tuple(_line_input(first, line) for line in lines),
    )


def _line_input(document: AnyRow, line: AnyRow) -> LineInput:
    taxed = line.category is TaxCategory.STANDARD
    return LineInput(
        quantity=line.quantity,
        unit_price=line.unit_price,
        base_quantity=line.base_quantity,
        category=line.category,
        components=components(
            document.country, line.rate, is_inter_state=document.is_inter_state, cess_rate=line.cess_rate
        )
        if taxed
        else (),
        discount_percent=line.discount_percent,
        discount_amount=_major(line.discount_input_minor, document.currency),
    )


def _major(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else Money(minor, currency).amount


def _differences(lines: Sequence[AnyRow], totals: Totals) -> Iterator[str]:
    for line, right in zip(lines, totals.lines, strict=True):
        stored, calculated = tuple(line[_FIRST_FIGURE:]), _figures(right)
        if stored != calculated:
            for name, wrong, minor in zip(_FIGURES, stored, calculated, strict=True):
                if wrong != minor:
                    currency = (right.home_tax if name.startswith("home_") else right.tax).currency
                    yield (
                        f"{name} of line {line.no} is {amount(wrong, currency)} and should be "
                        f"{amount(minor, currency)}."
                    )
    first = lines[0]
    if (first.payable_minor, first.home_payable_minor) != (totals.document.payable.minor, totals.home.payable.minor):
        payable = totals.document.payable
        yield f"{amount(first.payable_minor, payable.currency)} is payable and should be {payable}."


def _figures(line: LineTotals) -> tuple[int, ...]:
    amounts = {tax.name: tax.amount.minor for tax in line.taxes}
    at_home = {tax.name: tax.home_amount.minor for tax in line.taxes}
    return (
        line.gross.minor,
        line.discount.minor,
        line.document_discount.minor,
        line.taxable.minor,
        line.tax.minor,
        line.total.minor,
        line.home_taxable.minor,
        line.home_tax.minor,
        line.home_total.minor,
        *(amounts.get(name, 0) for name in _TAXES),
        *(at_home.get(name, 0) for name in _TAXES),
    )


CHECKS = (
    Check(
        "amounts_recalculated",
        ("I8", "I9"),
        "Each document, calculated again from quantities, prices, discounts and rates, gives the stored amounts",
        "SELECT count(*) FROM document WHERE NOT is_imported",
        _miscalculated,
        is_deep=True,
    ),
)
