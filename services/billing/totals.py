"""The one calculation of the product: a document's amounts to the cent (tax.md section 6, C0-C8).

Pure integer arithmetic: money in minor units, quantities, prices and percents scaled by 10^6, exchange rates by
10^10, and `rounded_quotient` as the only place that rounds. Credit notes use positive amounts; their type carries the
sign. The rule is one, so the module is one: half of its lines say what goes in and what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from models.values.decimals import PERCENT_SCALE, RATE_SCALE, plain, scaled
from models.values.errors import InvalidValue
from models.values.money import LARGEST_MINOR, Money, exponent
from models.values.states import RoundingMode, TaxCategory

SCALE: int = 10**PERCENT_SCALE
"""Quantities, prices and percents are all kept with six decimals."""
PERCENT = 100 * SCALE
"""A whole, as a scaled percent."""
FX_SCALE: int = 10**RATE_SCALE
LARGEST_RATE = 1000
"""Per cent. India's compensation cess has reached 290; anything above this is a typing mistake."""
CESS = "cess"
"""Stands beside the rate of a line, not inside it (Rule 46(m), GSTR-1 `rt` and `csamt`)."""


@dataclass(frozen=True, slots=True)
class Component:
    """One tax of a line: `vat` 5, or `cgst` 9 and `sgst` 9, or `igst` 18, or `cess`. `rate` in per cent."""

    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class LineInput:
    """What a line says. Price per `base_quantity` units, in major units of the document's currency."""

    quantity: Decimal
    unit_price: Decimal
    category: TaxCategory
    components: tuple[Component, ...]
    base_quantity: Decimal = Decimal(1)
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DocumentInput:
    """What a document says. `exchange_rate` is home currency per 1 unit of `currency`; amounts in major units."""

    currency: str
    home_currency: str
    lines: tuple[LineInput, ...]
    exchange_rate: Decimal = Decimal(1)
    rounding_mode: RoundingMode = RoundingMode.LINE
    prices_include_tax: bool = False
    is_reverse_charge: bool = False
    document_discount_percent: Decimal | None = None
    document_discount_amount: Decimal | None = None
    round_off: bool = False
    prepaid_minor: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in what a document says. `field` is a path as in its JSON, lines counted from 1: `lines[2].quantity`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ComponentTax:
    name: str
    rate: Decimal
    amount: Money
    home_amount: Money


@dataclass(frozen=True, slots=True)
class LineTotals:
    """taxable = gross - discount - document_discount (inclusive prices: taxable + tax is that); total = taxable + tax.

    `rate` is the sum of the components without cess.
    """

    no: int
    gross: Money
    discount: Money
    document_discount: Money
    taxable: Money
    category: TaxCategory
    rate: Decimal
    taxes: tuple[ComponentTax, ...]
    tax: Money
    total: Money
    home_taxable: Money
    home_tax: Money
    home_total: Money


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """Lines of one category and rate, in the order of their first line."""

    category: TaxCategory
    rate: Decimal
    taxable: Money
    tax: Money
    home_taxable: Money
    home_tax: Money
    components: tuple[ComponentTax, ...]


@dataclass(frozen=True, slots=True)
class DocumentTotals:
    """grand = taxable + tax_charged; payable = grand + round_off; due = payable - prepaid."""

    gross: Money
    line_discount: Money
    document_discount: Money
    taxable: Money
    tax: Money
    tax_charged: Money
    grand: Money
    round_off: Money
    payable: Money
    prepaid: Money
    due: Money


@dataclass(frozen=True, slots=True)
class HomeTotals:
    """Sums of the lines' home values (C7), never a total times the rate."""

    taxable: Money
    tax: Money
    tax_charged: Money
    grand: Money
    round_off: Money
    payable: Money


@dataclass(frozen=True, slots=True)
class Totals:
    rounding_mode: RoundingMode
    lines: tuple[LineTotals, ...]
    tax_groups: tuple[TaxGroup, ...]
    document: DocumentTotals
    home: HomeTotals


def calculate(document: DocumentInput) -> Totals:
    """All amounts of `document`; a document with mistakes raises InvalidValue with the first one."""
    reader = _Reader(document)
    priced, rate = reader.read()
    if reader.found:
        raise InvalidValue(reader.found[0].message)
    by_line = document.rounding_mode is RoundingMode.LINE
    taxed = (_taxed_by_line if by_line else _taxed_by_group)(document, priced)
    return _totals(document, priced, taxed, rate)


def problems(document: DocumentInput) -> list[Problem]:
    """Every mistake of `document`, for the form, the command and the import alike; empty when it can be calculated."""
    reader = _Reader(document)
    reader.read()
    return reader.found


def usual_rounding_mode(home_country: str) -> RoundingMode:
    """C4: India always by line, the UAE by line unless `e_invoice_rounding_mode` decides otherwise, others by group."""
    return RoundingMode.LINE if home_country in {"IN", "AE"} else RoundingMode.GROUP


def e_invoice_rounding_mode(document: DocumentInput) -> RoundingMode:
    """C5, for a UAE document that goes out as PINT-AE: GROUP when a group's line taxes stray more than 0.02.

    Decided at issue and stored, so that paper and XML show the same numbers.
    """
    totals = calculate(replace(document, rounding_mode=RoundingMode.LINE))
    unit = _units(document.currency)
    for group in totals.tax_groups:
        expected = rounded_quotient(group.taxable.minor * scaled(group.rate, PERCENT_SCALE), PERCENT)
        if abs(group.tax.minor - expected) * 100 > 2 * unit:
            return RoundingMode.GROUP
    return RoundingMode.LINE


def rounded_quotient(numerator: int, denominator: int) -> int:
    """R(numerator / denominator) of C0: to a whole unit, half away from zero. `denominator` > 0."""
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def _units(currency: str) -> int:
    """Minor units in one of a currency: 100 fils, 1 yen, 1000 Kuwaiti fils."""
    return int(10 ** exponent(currency))


# What the document says, in integers (C1-C3) -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Priced:
    """One line before tax, in minor units. `rates` are scaled percents, one for each component."""

    gross: int
    discount: int
    share: int
    rates: tuple[int, ...]

    @property
    def net(self) -> int:
        return self.gross - self.discount - self.share


class _Reader:
    """Reads a document's decimals into integers and keeps every mistake in `found`.

    With any mistake the numbers must not be used.
    """

    def __init__(self, document: DocumentInput) -> None:
        self.found: list[Problem] = []
        self._document = document
        self._unit = 1
        self._total = 0
        for field in ("currency", "home_currency"):
            try:
                exponent(getattr(document, field))
            except InvalidValue as unknown:
                self.found.append(Problem(field, str(unknown)))
        if not self.found:
            self._unit = _units(document.currency)

    def read(self) -> tuple[list[_Priced], int]:
        """The lines before tax, and the exchange rate scaled by 10^10."""
        if self._document.prepaid_minor < 0:
            self._add("prepaid", "", "advances already paid cannot be negative.")
        return self._priced_lines(), self._exchange_rate()

    def _priced_lines(self) -> list[_Priced]:
        """C1-C3: gross, own discount and share of the document's discount of every line."""
        document = self._document
        lines = [self._priced(no, line) for no, line in enumerate(document.lines, 1)]
        nets = [line.net for line in lines]
        total = sum(nets)
        self._total = total
        if total > LARGEST_MINOR:
            self._add("lines", "", "the sum of the lines is larger than the book can hold.")
        percent, amount = document.document_discount_percent, document.document_discount_amount
        discount = self._discount(percent, amount, total, "document_discount", "")
        if discount and not self.found:
            shares = Money(discount, document.currency).split(nets)
            lines = [
                _Priced(line.gross, line.discount, share.minor, line.rates)
                for line, share in zip(lines, shares, strict=True)
            ]
        return lines

    def _exchange_rate(self) -> int:
        """1 where the document is in the home currency."""
        document = self._document
        rate = self._number(document.exchange_rate, "exchange_rate", "", "the exchange rate", RATE_SCALE)
        if rate == 0:
            self._add("exchange_rate", "", "the exchange rate must be above zero.")
        if document.currency == document.home_currency and rate != FX_SCALE:
            self._add("exchange_rate", "", f"the exchange rate from {document.currency} to itself is 1.")
        if not self.found and Decimal(self._total) / self._unit * document.exchange_rate > self._largest_at_home():
            self._add("exchange_rate", "", f"the sum in {document.home_currency} is larger than the book can hold.")
        return rate

    def _largest_at_home(self) -> Decimal:
        return Money(LARGEST_MINOR, self._document.home_currency).amount

    def _priced(self, no: int, line: LineInput) -> _Priced:
        path, where = f"lines[{no}].", f"Line {no}: "
        quantity = self._number(line.quantity, path + "quantity", where, "the quantity")
        price = self._number(line.unit_price, path + "unit_price", where, "the unit price")
        base = self._number(line.base_quantity, path + "base_quantity", where, "the base quantity")
        if base == 0:
            self._add(path + "base_quantity", where, "the base quantity must be above zero.")
            base = SCALE
        gross = rounded_quotient(quantity * price * self._unit, base * SCALE)
        if gross > LARGEST_MINOR:
            self._add(path + "quantity", where, "the amount is larger than the book can hold.")
        discount = self._discount(line.discount_percent, line.discount_amount, gross, path + "discount", where)
        return _Priced(gross, discount, 0, self._rates(line, path, where))

    def _rates(self, line: LineInput, path: str, where: str) -> tuple[int, ...]:
        rates = tuple(
            self._number(component.rate, path + "rate", where, f"the {component.name} rate")
            for component in line.components
        )
        if line.category is not TaxCategory.STANDARD and any(rates):
            self._add(path + "rate", where, f"category {line.category} carries no tax, so its rate must be 0.")
        if sum(rates) > LARGEST_RATE * SCALE:
            self._add(path + "rate", where, f"a tax rate above {LARGEST_RATE} % is not possible.")
        if len({component.name for component in line.components}) < len(rates):
            self._add(path + "rate", where, "each tax may be named only once.")
        return rates

    def _discount(self, percent: Decimal | None, amount: Decimal | None, of: int, field: str, where: str) -> int:
        """C2, C3: R(of x percent / 100), or the amount; never more than `of` (minor units)."""
        if percent is not None and amount is not None:
            self._add(field, where, "give the discount as a percent or as an amount, not both.")
        if percent is not None:
            share = self._number(percent, field + "_percent", where, "the discount")
            if share > PERCENT:
                self._add(field + "_percent", where, "the discount must not be more than 100 %.")
            return rounded_quotient(of * share, PERCENT)
        if amount is None:
            return 0
        given, rest = divmod(self._number(amount, field + "_amount", where, "the discount") * self._unit, SCALE)
        if rest:
            self._add(field + "_amount", where, f"{amount} has more decimals than {self._document.currency} has.")
        if given > of:
            self._add(field + "_amount", where, f"the discount of {amount} is more than the amount it is taken from.")
        return given

    def _number(self, value: Decimal, field: str, where: str, what: str, scale: int = PERCENT_SCALE) -> int:
        try:
            result = scaled(value, scale)
        except InvalidValue as wrong:
            self._add(field, where, f"{what} {wrong}")
            return 0
        if result < 0:
            self._add(field, where, f"{what} must not be negative.")
            return 0
        return result

    def _add(self, field: str, where: str, message: str) -> None:
        self.found.append(Problem(field, where + message if where else message[0].upper() + message[1:]))


# Tax (C4) ------------------------------------------------------------------------------------------------------------

_Taxed = tuple[int, tuple[int, ...]]
"""Taxable amount of a line and the tax of each of its components, in minor units."""


def _component_taxes(document: DocumentInput, net: int, rates: Sequence[int]) -> tuple[int, ...]:
    """R(net x rate / 100) of each component, or out of inclusive prices R(net x rate / (100 + sum of rates))."""
    base = PERCENT + sum(rates) if document.prices_include_tax else PERCENT
    return tuple(rounded_quotient(net * rate, base) for rate in rates)


def _taxed_by_line(document: DocumentInput, lines: Sequence[_Priced]) -> list[_Taxed]:
    taxed: list[_Taxed] = []
    for line in lines:
        taxes = _component_taxes(document, line.net, line.rates)
        taxed.append((line.net - sum(taxes) if document.prices_include_tax else line.net, taxes))
    return taxed


def _taxed_by_group(document: DocumentInput, lines: Sequence[_Priced]) -> list[_Taxed]:
    """Tax of each group of equal category and components, spread over its lines by net amount."""
    groups: dict[tuple[TaxCategory, tuple[Component, ...]], list[int]] = {}
    for i, line in enumerate(document.lines):
        groups.setdefault((line.category, line.components), []).append(i)
    taxed: list[_Taxed] = [(0, ())] * len(lines)
    for members in groups.values():
        nets = [lines[i].net for i in members]
        taxes = _component_taxes(document, sum(nets), lines[members[0]].rates)
        spread = [[share.minor for share in Money(tax, document.currency).split(nets)] for tax in taxes]
        for k, i in enumerate(members):
            own = tuple(shares[k] for shares in spread)
            taxed[i] = (nets[k] - sum(own) if document.prices_include_tax else nets[k], own)
    return taxed


# Totals (C6, C7) -----------------------------------------------------------------------------------------------------


def _totals(document: DocumentInput, priced: Sequence[_Priced], taxed: Sequence[_Taxed], rate: int) -> Totals:
    currency, home_currency = document.currency, document.home_currency
    # home minor = document minor x rate x 10^(exponent home - exponent document); both scales kept whole
    to_home, from_document = rate * _units(home_currency), FX_SCALE * _units(currency)

    def money(minor: int) -> Money:
        return Money(minor, currency)

    def home(minor: int) -> Money:
        return Money(rounded_quotient(minor * to_home, from_document), home_currency)

    lines: list[LineTotals] = []
    for no, (line, price, (taxable, amounts)) in enumerate(zip(document.lines, priced, taxed, strict=True), 1):
        taxes = tuple(
            ComponentTax(component.name, component.rate, money(amount), home(amount))
            for component, amount in zip(line.components, amounts, strict=True)
        )
        tax, home_taxable = sum(amounts), home(taxable)
        home_tax = sum(component.home_amount.minor for component in taxes)
        lines.append(
            LineTotals(
                no=no,
                gross=money(price.gross),
                discount=money(price.discount),
                document_discount=money(price.share),
                taxable=money(taxable),
                category=line.category,
                rate=rate_without_cess(line.components),
                taxes=taxes,
                tax=money(tax),
                total=money(taxable + tax),
                home_taxable=home_taxable,
                home_tax=Money(home_tax, home_currency),
                home_total=Money(home_taxable.minor + home_tax, home_currency),
            )
        )
    amounts_due = _document_totals(document, lines)
    at_home = _home_totals(document, lines, home(amounts_due.round_off.minor))
    return Totals(document.rounding_mode, tuple(lines), _groups(lines), amounts_due, at_home)


def rate_without_cess(components: Sequence[Component]) -> Decimal:
    """The rate that a line shows: 18 for cgst 9 and sgst 9, also where a cess stands beside them."""
    return plain(sum((component.rate for component in components if component.name != CESS), Decimal(0)))


def _groups(lines: Sequence[LineTotals]) -> tuple[TaxGroup, ...]:
    members: dict[tuple[TaxCategory, Decimal], list[LineTotals]] = {}
    for line in lines:
        members.setdefault((line.category, line.rate), []).append(line)
    return tuple(
        TaxGroup(
            category=category,
            rate=rate,
            taxable=_sum([line.taxable for line in group]),
            tax=_sum([line.tax for line in group]),
            home_taxable=_sum([line.home_taxable for line in group]),
            home_tax=_sum([line.home_tax for line in group]),
            components=_components([tax for line in group for tax in line.taxes]),
        )
        for (category, rate), group in members.items()
    )


def _components(taxes: Sequence[ComponentTax]) -> tuple[ComponentTax, ...]:
    """One sum for each name, in the order of first appearance; the rate is the first one's."""
    by_name: dict[str, list[ComponentTax]] = {}
    for tax in taxes:
        by_name.setdefault(tax.name, []).append(tax)
    return tuple(
        ComponentTax(name, same[0].rate, _sum([tax.amount for tax in same]), _sum([tax.home_amount for tax in same]))
        for name, same in by_name.items()
    )


def _sum(parts: Sequence[Money]) -> Money:
    return Money(sum(part.minor for part in parts), parts[0].currency)


def _document_totals(document: DocumentInput, lines: Sequence[LineTotals]) -> DocumentTotals:
    """C6. The round-off to the whole rupee is only shown in rupees; tax is never recomputed from it."""
    taxable = sum(line.taxable.minor for line in lines)
    tax = sum(line.tax.minor for line in lines)
    charged = 0 if document.is_reverse_charge else tax
    grand = taxable + charged
    round_off = 0
    if document.round_off and document.currency == "INR":
        round_off = rounded_quotient(grand, 100) * 100 - grand
    payable = grand + round_off

    def money(minor: int) -> Money:
        return Money(minor, document.currency)

    return DocumentTotals(
        gross=money(sum(line.gross.minor for line in lines)),
        line_discount=money(sum(line.discount.minor for line in lines)),
        document_discount=money(sum(line.document_discount.minor for line in lines)),
        taxable=money(taxable),
        tax=money(tax),
        tax_charged=money(charged),
        grand=money(grand),
        round_off=money(round_off),
        payable=money(payable),
        prepaid=money(document.prepaid_minor),
        due=money(payable - document.prepaid_minor),
    )


def _home_totals(document: DocumentInput, lines: Sequence[LineTotals], round_off: Money) -> HomeTotals:
    taxable = sum(line.home_taxable.minor for line in lines)
    tax = sum(line.home_tax.minor for line in lines)
    charged = 0 if document.is_reverse_charge else tax

    def money(minor: int) -> Money:
        return Money(minor, document.home_currency)

    return HomeTotals(
        taxable=money(taxable),
        tax=money(tax),
        tax_charged=money(charged),
        grand=money(taxable + charged),
        round_off=round_off,
        payable=money(taxable + charged + round_off.minor),
    )
