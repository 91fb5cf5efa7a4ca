"""Money: exact, refused where it cannot be, split without losing a unit."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.errors import InvalidValue
from models.values.money import EXPONENTS, LARGEST_MINOR, Money, exponent, round_half_away

MINOR = st.integers(-LARGEST_MINOR, LARGEST_MINOR)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("12.5", "AED", "12.50"),
        ("0.005", "AED", "0.01"),
        ("-0.005", "AED", "-0.01"),
        ("0.00499999999999999999999999", "AED", "0.00"),
        ("1.0005", "KWD", "1.001"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1e3", "USD", "1000.00"),
        (7, "INR", "7.00"),
        (Decimal("-0.001"), "INR", "0.00"),
        ("90000000000000.00", "AED", "90000000000000.00"),
    ],
)
def test_an_amount_is_rounded_once_half_away_from_zero(amount: Decimal | str | int, currency: str, text: str) -> None:
    assert str(Money.of(amount, currency)) == text


@pytest.mark.parametrize(
    "amount",
    ["1e308", "-1e308", "NaN", "sNaN", "Infinity", "-inf", "", "abc", "12,50", "90000000000000.01", "1e-9999999"],
)
def test_what_the_book_cannot_hold_is_refused_or_nothing(amount: str) -> None:
    if amount == "1e-9999999":
        assert Money.of(amount, "AED").is_zero
        return
    with pytest.raises(InvalidValue):
        Money.of(amount, "AED")


@pytest.mark.parametrize("currency", ["", "aed", "XXX", "AEDX", "د.إ"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidValue, match="ISO 4217"):
        Money.of(1, currency)


@given(MINOR, st.sampled_from(sorted(EXPONENTS)))
def test_text_and_back_is_the_same_amount(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(str(money), currency) == money
    decimals = str(money).partition(".")[2]
    assert len(decimals) == exponent(currency)


@given(MINOR, MINOR)
def test_sums_are_exact(one: int, two: int) -> None:
    assert Money(one, "AED") + Money(two, "AED") - Money(two, "AED") == Money(one, "AED")
    assert Money.total([Money(one, "AED"), Money(two, "AED")], "AED").minor == one + two


def test_two_currencies_never_meet() -> None:
    ways: list[Callable[[Money, Money], object]] = [operator.add, operator.sub, operator.lt, operator.le]
    for meet in ways:
        with pytest.raises(ValueError, match="never add"):
            meet(Money(1, "AED"), Money(1, "INR"))
    with pytest.raises(ValueError, match="never add"):
        Money.total([Money(1, "AED"), Money(1, "INR")], "AED")
    assert Money(1, "AED") != Money(1, "INR")


def test_a_total_of_nothing_is_zero() -> None:
    assert Money.total([], "AED") == Money.zero("AED")


@given(MINOR, st.lists(st.integers(0, 10**12), min_size=1, max_size=30).filter(any))
def test_a_split_loses_nothing_and_is_fair(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "AED").split(weights)
    assert sum(part.minor for part in parts) == minor
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * total - minor * weight) < total, "each part is within one unit of its exact share"
        assert weight or part.is_zero
        assert part.minor * minor >= 0


@given(MINOR, st.lists(st.integers(0, 100), min_size=1, max_size=10).filter(any))
def test_a_split_of_the_negative_is_the_negative_of_the_split(minor: int, weights: list[int]) -> None:
    assert Money(-minor, "AED").split(weights) == [-part for part in Money(minor, "AED").split(weights)]


def test_ties_of_a_split_go_to_the_earlier_part() -> None:
    assert [part.minor for part in Money(100, "AED").split([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-2, "AED").split([1, 1, 1])] == [-1, -1, 0]


def test_a_split_over_nothing() -> None:
    assert Money(0, "AED").split([0, 0]) == [Money(0, "AED")] * 2
    assert Money(0, "AED").split([]) == []
    with pytest.raises(ValueError, match="weights of zero"):
        Money(1, "AED").split([0, 0])
    with pytest.raises(ValueError, match="weights of zero"):
        Money(1, "AED").split([])
    with pytest.raises(ValueError, match="negative"):
        Money(1, "AED").split([2, -1])


def test_a_product_is_rounded_once() -> None:
    assert Money(33335, "AED").times(Decimal("0.05")) == Money(1667, "AED")
    assert Money(1, "AED").times(Decimal("0.5")) == Money(1, "AED")
    assert Money(-1, "AED").times(Decimal("0.5")) == Money(-1, "AED")
    for factor in ("NaN", "Infinity", "1e308"):
        with pytest.raises(InvalidValue):
            Money(1, "AED").times(Decimal(factor))


def test_a_conversion_takes_the_other_currency_s_decimals() -> None:
    assert Money(13935, "USD").converted(Decimal("3.6725"), "AED") == Money(51176, "AED")
    assert Money(100, "JPY").converted(Decimal("0.0245"), "AED") == Money(245, "AED")
    assert Money(1000, "AED").converted(Decimal("0.0835"), "KWD") == Money(835, "KWD")


@given(st.decimals(-(10**12), 10**12, places=9), st.integers(0, 3))
def test_rounding_is_the_nearest_and_away_from_zero_at_half(value: Decimal, decimals: int) -> None:
    rounded = round_half_away(value, decimals)
    step = Decimal(1).scaleb(-decimals)
    assert abs(rounded - value) * 2 <= step
    if abs(rounded - value) * 2 == step:
        assert abs(rounded) > abs(value)
