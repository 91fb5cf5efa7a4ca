"""Decimals, days, fiscal years and text: what is kept, and what is refused in a sentence."""

from __future__ import annotations

import datetime as dt
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.decimals import parse, plain, scaled, unscaled
from models.values.errors import InvalidValue
from models.values.period import FiscalYear, Period, business_day, fiscal_year_start
from models.values.text import clean, folded

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))


# --- decimals --------------------------------------------------------------------------------------------------------


@given(st.decimals(-(10**12), 10**12, places=6))
def test_a_scaled_decimal_comes_back(value: Decimal) -> None:
    assert unscaled(scaled(value, 6), 6) == value


@pytest.mark.parametrize(
    "value",
    ["0.0000001", "1e13", "-1e13", "NaN", "sNaN", "Infinity", "1e308", "1e-308", "1.00000000000000000000000001"],
)
def test_a_decimal_that_does_not_fit_is_refused(value: str) -> None:
    with pytest.raises(InvalidValue):
        scaled(Decimal(value), 6)


def test_trailing_zeros_and_exponents_go() -> None:
    assert [str(plain(Decimal(text))) for text in ("5.000000", "1E+3", "0.50", "-0.10", "100", "0E-6")] == [
        "5",
        "1000",
        "0.5",
        "-0.1",
        "100",
        "0",
    ]


@pytest.mark.parametrize("value", [1.5, True, None, [], "1,5", "abc", "", "NaN", "Infinity", "1e308", "1e16", "--1"])
def test_what_is_no_number_is_refused_in_words(value: object) -> None:
    with pytest.raises(InvalidValue, match="Quantity"):
        parse(value, "Quantity")


@pytest.mark.parametrize(
    ("value", "expected"), [("12.50", "12.50"), (3, "3"), (Decimal("0.1"), "0.1"), ("1e3", "1E+3")]
)
def test_text_whole_numbers_and_decimals_are_numbers(value: object, expected: str) -> None:
    assert parse(value, "Quantity") == Decimal(expected)


# --- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01",
        "9999-12-31",
        "1899-12-31",
        "2200-01-01",
        "2026-02-30",
        "31/03/2026",
        "",
        "now",
        20260331,
        None,
        "20260331",
        dt.datetime(2026, 3, 31, tzinfo=dt.UTC),
        "2026-W14-2",
    ],
)
def test_what_is_no_business_day_is_refused_in_words(value: object) -> None:
    with pytest.raises(InvalidValue, match="Issue date"):
        business_day(value, "Issue date")


@given(DAYS)
def test_a_day_is_read_as_it_is_written(day: dt.date) -> None:
    assert business_day(f" {day.isoformat()} ", "Issue date") == business_day(day, "Issue date") == day


@given(DAYS, st.integers(1, 12), st.integers(1, 28))
def test_every_day_lies_in_its_fiscal_year_alone(day: dt.date, month: int, first: int) -> None:
    year = FiscalYear.of(day, month, first)
    assert year.first <= day <= year.last
    assert day in Period(year.first, year.last)
    assert FiscalYear.of(year.last + dt.timedelta(days=1), month, first).year == year.year + 1
    assert FiscalYear.of(year.first - dt.timedelta(days=1), month, first).year == year.year - 1


def test_labels_of_fiscal_years() -> None:
    assert FiscalYear.of(dt.date(2026, 3, 31), 4, 1).label == "25-26"
    assert FiscalYear.of(dt.date(2026, 4, 1), 4, 1).label == "26-27"
    assert FiscalYear.of(dt.date(2099, 4, 1), 4, 1).label == "99-00"
    assert FiscalYear.of(dt.date(2026, 12, 31)).label == "2026"


@pytest.mark.parametrize("text", ["02-29", "13-01", "00-01", "4-1", "", "04/01", "W01-1", "2026-04-01", "04-31"])
def test_no_fiscal_year_begins_there(text: str) -> None:
    with pytest.raises(InvalidValue, match="fiscal year"):
        fiscal_year_start(text)


def test_a_fiscal_year_begins_on_a_day() -> None:
    assert fiscal_year_start("04-01") == (4, 1)
    assert fiscal_year_start("02-28") == (2, 28)


# --- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["a\x00b", "\x00", "\ud800", "x\udfff", "a\x1bb", "a\x7fb", "a\nb", "a\tb", "a\x85b", "x" * 301, "x" * 10_000],
)
def test_text_that_cannot_be_kept_is_refused_in_words(value: str) -> None:
    with pytest.raises(InvalidValue, match="Name") as refused:
        clean(value, what="Name", limit=300)
    assert str(refused.value).encode(), "the sentence itself can be printed"
    assert len(str(refused.value)) < 200


def test_lines_are_kept_where_they_may_be() -> None:
    assert clean(" one\r\ntwo\rthree\tfour \n", lines=True) == "one\ntwo\nthree\tfour"
    with pytest.raises(InvalidValue, match="U\\+0000"):
        clean("one\ntwo\x00", lines=True)


@pytest.mark.parametrize(
    "value", ["Acme & Söhne", "شركة النور", "राम एंड सन्स", "क्‍ष", "می‌خواهم", "名前", "<b>x</b>", "🙂"]
)
def test_names_of_any_script_are_kept_as_they_are(value: str) -> None:
    assert clean(value) == unicodedata.normalize("NFC", value)


def test_the_limit_counts_what_is_kept() -> None:
    assert clean("  " + "x" * 10 + "  ", limit=10) == "x" * 10
    assert clean("e\u0301" * 10, limit=10) == "é" * 10


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_what_was_cleaned_stays_as_it_is(value: str) -> None:
    once = clean(value)
    assert clean(once) == once
    assert once == once.strip()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_folding_twice_changes_nothing(value: str) -> None:
    once = folded(value)
    assert folded(once) == once
    assert "  " not in once


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("ACME", "acme"),
        ("Müller", "muller"),
        ("Straße", "STRASSE"),
        ("  a   b ", "A B"),
        ("ﬁrm", "firm"),
        ("ＡＣＭＥ", "acme"),
        ("مُحَمَّد", "محمد"),
        ("İstanbul", "istanbul"),
        ("can\u200bnot", "cannot"),
    ],
)
def test_what_people_call_the_same_folds_alike(one: str, two: str) -> None:
    assert folded(one) == folded(two)
