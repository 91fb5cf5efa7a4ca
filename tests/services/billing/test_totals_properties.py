"""What holds for every document: the identities of design.md section 13 and the checked facts of tax.md C8."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from models.values.money import Money, exponent
from models.values.states import RoundingMode, TaxCategory
from services.billing.totals import Component, DocumentInput, LineInput, calculate, problems

STANDARD = [
    (Component("vat", Decimal(5)),),
    (Component("vat", Decimal(19)),),
    (Component("cgst", Decimal(9)), Component("sgst", Decimal(9))),
    (Component("cgst", Decimal("0.125")), Component("sgst", Decimal("0.125"))),
    (Component("igst", Decimal(28)), Component("cess", Decimal(12))),
]
ZERO_CATEGORIES = [category for category in TaxCategory if category is not TaxCategory.STANDARD]


@st.composite
def lines(draw: st.DrawFn) -> LineInput:
    is_taxed = draw(st.booleans())
    return LineInput(
        quantity=draw(st.decimals(0, 5000, places=draw(st.integers(0, 3)))),
        unit_price=draw(st.decimals(0, 20000, places=draw(st.integers(0, 4)))),
        base_quantity=draw(st.sampled_from([Decimal(1), Decimal(100), Decimal(3)])),
        discount_percent=draw(st.none() | st.decimals(0, 100, places=2)),
        category=TaxCategory.STANDARD if is_taxed else draw(st.sampled_from(ZERO_CATEGORIES)),
        components=draw(st.sampled_from(STANDARD)) if is_taxed else (Component("vat", Decimal(0)),),
    )


@st.composite
def documents(draw: st.DrawFn) -> DocumentInput:
    currency = draw(st.sampled_from(["AED", "INR", "JPY", "KWD", "USD"]))
    home = draw(st.sampled_from([currency, "AED", "INR", "KWD"]))
    return DocumentInput(
        currency=currency,
        home_currency=home,
        lines=tuple(draw(st.lists(lines(), max_size=8))),
        exchange_rate=Decimal(1) if home == currency else draw(st.decimals("0.0001", 400, places=6)),
        rounding_mode=draw(st.sampled_from(RoundingMode)),
        prices_include_tax=draw(st.booleans()),
        is_reverse_charge=draw(st.booleans()),
        document_discount_percent=draw(st.none() | st.decimals(0, 100, places=2)),
        round_off=draw(st.booleans()),
    )


def minor(parts: list[Money]) -> int:
    return sum(part.minor for part in parts)


@given(documents())
def test_every_line_adds_up(document: DocumentInput) -> None:
    for line in calculate(document).lines:
        net = line.gross - line.discount - line.document_discount
        assert net == (line.total if document.prices_include_tax else line.taxable)
        assert line.total == line.taxable + line.tax
        assert line.tax.minor == minor([tax.amount for tax in line.taxes])
        assert line.home_total == line.home_taxable + line.home_tax
        assert line.home_tax.minor == minor([tax.home_amount for tax in line.taxes])
        assert line.home_taxable == line.taxable.converted(document.exchange_rate, document.home_currency)
        assert min(line.gross.minor, line.discount.minor, line.document_discount.minor, line.taxable.minor) >= 0


@given(documents())
def test_the_document_is_the_sum_of_its_lines(document: DocumentInput) -> None:
    totals = calculate(document)
    whole, rows = totals.document, totals.lines
    assert whole.gross.minor == minor([line.gross for line in rows])
    assert whole.line_discount.minor == minor([line.discount for line in rows])
    assert whole.document_discount.minor == minor([line.document_discount for line in rows])
    assert whole.taxable.minor == minor([line.taxable for line in rows])
    assert whole.tax.minor == minor([line.tax for line in rows])
    assert whole.tax_charged == (Money.zero(document.currency) if document.is_reverse_charge else whole.tax)
    assert whole.grand == whole.taxable + whole.tax_charged
    assert whole.payable == whole.grand + whole.round_off
    assert whole.due == whole.payable - whole.prepaid
    if document.round_off and document.currency == "INR":
        assert whole.payable.minor % 100 == 0 and abs(whole.round_off.minor) <= 50
    else:
        assert whole.round_off.is_zero


@given(documents())
def test_home_totals_are_sums_of_lines(document: DocumentInput) -> None:
    totals = calculate(document)
    home = totals.home
    assert home.taxable.minor == minor([line.home_taxable for line in totals.lines])
    assert home.tax.minor == minor([line.home_tax for line in totals.lines])
    assert home.grand == home.taxable + home.tax_charged
    assert home.tax_charged == (Money.zero(document.home_currency) if document.is_reverse_charge else home.tax)
    assert home.payable == home.grand + home.round_off
    if document.currency == document.home_currency:
        assert (home.taxable, home.tax, home.payable) == (
            totals.document.taxable,
            totals.document.tax,
            totals.document.payable,
        )


@given(documents())
def test_the_groups_hold_every_line_once(document: DocumentInput) -> None:
    totals = calculate(document)
    groups = totals.tax_groups
    assert len({(group.category, group.rate) for group in groups}) == len(groups)
    assert minor([group.taxable for group in groups]) == totals.document.taxable.minor
    assert minor([group.tax for group in groups]) == totals.document.tax.minor
    assert minor([group.home_taxable for group in groups]) == totals.home.taxable.minor
    assert minor([group.home_tax for group in groups]) == totals.home.tax.minor
    for group in groups:
        assert group.tax.minor == minor([tax.amount for tax in group.components])
        if group.category is not TaxCategory.STANDARD:
            assert group.tax.is_zero


@given(documents())
def test_central_and_state_tax_are_equal(document: DocumentInput) -> None:
    for line in calculate(document).lines:
        amounts = {tax.name: tax.amount for tax in line.taxes}
        assert amounts.get("cgst") == amounts.get("sgst")


@given(documents(), st.integers(0, 10_000))
def test_a_document_discount_loses_no_unit_and_stays_within_one_of_its_share(
    document: DocumentInput, per_myriad: int
) -> None:
    plain = calculate(replace(document, document_discount_percent=None))
    nets = [line.gross.minor - line.discount.minor for line in plain.lines]
    discount = sum(nets) * per_myriad // 10_000
    amount = Decimal(discount).scaleb(-exponent(document.currency))
    shared = calculate(replace(document, document_discount_percent=None, document_discount_amount=amount))
    shares = [line.document_discount.minor for line in shared.lines]
    assert sum(shares) == discount
    for share, net in zip(shares, nets, strict=True):
        assert 0 <= share <= net
        assert abs(share * sum(nets) - discount * net) < max(sum(nets), 1)


@given(documents())
def test_a_customer_pays_exactly_the_inclusive_prices(document: DocumentInput) -> None:
    whole = calculate(replace(document, prices_include_tax=True, is_reverse_charge=False)).document
    assert whole.grand == whole.gross - whole.line_discount - whole.document_discount


def one_component(document: DocumentInput) -> DocumentInput:
    """As Europe has it: VAT alone."""
    rows = tuple(replace(line, components=line.components[:1]) for line in document.lines)
    return replace(document, lines=rows, rounding_mode=RoundingMode.GROUP)


@given(documents())
def test_tax_by_group_is_the_base_times_the_rate_to_the_cent(document: DocumentInput) -> None:
    """Exact with exclusive prices (BR-CO-17), within one unit with inclusive ones."""
    given_ = one_component(document)
    for group in calculate(given_).tax_groups:
        expected = group.taxable.times(group.rate / 100)
        assert abs(group.tax.minor - expected.minor) <= (1 if given_.prices_include_tax else 0)


@given(documents())
def test_inclusive_lines_stray_at_most_one_unit_per_component(document: DocumentInput) -> None:
    """INV-01: each component against R(taxable x rate / 100)."""
    totals = calculate(replace(document, prices_include_tax=True, rounding_mode=RoundingMode.LINE))
    for line in totals.lines:
        for tax in line.taxes:
            assert abs(tax.amount.minor - line.taxable.times(tax.rate / 100).minor) <= 1


@given(documents())
def test_a_full_copy_comes_to_the_same_amounts(document: DocumentInput) -> None:
    """A full credit copies price, discount share, rate and mode: it mirrors the original to the unit."""
    shares = [line.discount + line.document_discount for line in calculate(document).lines]
    rows = tuple(
        replace(line, discount_percent=None, discount_amount=share.amount)
        for line, share in zip(document.lines, shares, strict=True)
    )
    original = calculate(document)
    copy = calculate(replace(document, lines=rows, document_discount_percent=None))
    assert [line.total for line in copy.lines] == [line.total for line in original.lines]
    assert [group.components for group in copy.tax_groups] == [group.components for group in original.tax_groups]
    assert (copy.document.payable, copy.home) == (original.document.payable, original.home)


@given(documents())
def test_the_order_of_lines_changes_no_line_mode_total(document: DocumentInput) -> None:
    given_ = replace(document, rounding_mode=RoundingMode.LINE, document_discount_percent=None)
    backwards = replace(given_, lines=given_.lines[::-1])
    assert calculate(given_).document == calculate(backwards).document
    assert calculate(given_).home == calculate(backwards).home


@given(documents())
def test_a_valid_document_has_no_problems(document: DocumentInput) -> None:
    assert problems(document) == []
