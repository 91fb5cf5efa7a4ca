"""What a cell means, value by value (migration/README.md, "Values")."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange import values
from services.exchange.reading.cells import Cell, Fault
from services.exchange.values import Unfit


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1234.5", "1234.5"),
        ("1,234.50", "1234.50"),
        ("1,00,000.00", "100000.00"),
        ("(1,200.00)", "-1200.00"),
        ("$(250.00)", "-250.00"),
        ("-1,200.00", "-1200.00"),
        ("1,200.00-", "-1200.00"),
        ("$90,000 ", "90000"),
        ("AED 1,234.50", "1234.50"),
        ("1,234.50 د.إ", "1234.50"),
        ("₹ 1,200", "1200"),
        ("Rs. 500", "500"),
        ("1,200.00 Dr", "1200.00"),
        ("1,200.00 Cr", "-1200.00"),
        ("12%", "12"),
        ("٣٤٥", "345"),
        ("١٬٢٣٤٫٥٠", "1234.50"),
        ("1 234.56", "1234.56"),
        ("1.5E+3", "1500"),
    ],
)
def test_numbers_with_a_point(written: str, expected: str) -> None:
    assert values.decimal(written) == Decimal(expected)


@pytest.mark.parametrize(
    ("written", "expected"), [("1.234,56", "1234.56"), ("12,5", "12.5"), ("1 234,56 €", "1234.56")]
)
def test_numbers_with_a_comma(written: str, expected: str) -> None:
    assert values.decimal(written, ",") == Decimal(expected)


@pytest.mark.parametrize(
    "written", ["12,5", "1.2.3", "abc", "#N/A", "NaN", "INF", "1e308", "TRUE", "12a", "--5", "5--", "9" * 20]
)
def test_what_is_no_number(written: str) -> None:
    with pytest.raises(Unfit) as caught:
        values.decimal(written)
    assert caught.value.code == "E_BAD_NUMBER"


def test_an_error_cell_is_not_nothing() -> None:
    with pytest.raises(Unfit, match="#REF!"):
        values.decimal(Fault("#REF!"))
    with pytest.raises(Unfit, match="formula"):
        values.decimal(Fault("="))
    assert values.decimal("") is None
    assert values.decimal("-") is None


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_a_number_comes_back_however_it_is_grouped(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert values.decimal(english) == values.decimal(german, ",") == amount


@pytest.mark.parametrize(
    ("written", "mark"),
    [
        ("1.234,56", ","),
        ("1,234.56", "."),
        ("12,5", ","),
        ("12.5", "."),
        ("1,234", None),
        ("1.234", None),
        ("1,00,000", "."),
        ("30", None),
        ("0.125", "."),
    ],
)
def test_which_decimal_mark_a_value_proves(written: str, mark: str | None) -> None:
    assert values.decimal_mark_shown(written) == mark


@pytest.mark.parametrize(
    ("written", "order", "expected"),
    [
        ("2026-01-31", None, dt.date(2026, 1, 31)),
        ("2025-03-01 09:00:00", None, dt.date(2025, 3, 1)),
        ("2026-01-31T09:00:00.000Z", None, dt.date(2026, 1, 31)),
        ("20250401", None, dt.date(2025, 4, 1)),
        ("13/1/2026", "dmy", dt.date(2026, 1, 13)),
        ("04/08/1966", "mdy", dt.date(1966, 4, 8)),
        ("04/08/1966", "dmy", dt.date(1966, 8, 4)),
        ("7.2.26", "dmy", dt.date(2026, 2, 7)),
        ("5/5/2026", None, dt.date(2026, 5, 5)),
        ("13 Jan 2026 04:20 PM", None, dt.date(2026, 1, 13)),
        ("01-Jan-2026", None, dt.date(2026, 1, 1)),
        ("1-Apr-25", None, dt.date(2025, 4, 1)),
        ("January 5, 2026", None, dt.date(2026, 1, 5)),
        (Decimal(39690), None, dt.date(2008, 8, 30)),
        (dt.date(2020, 2, 29), None, dt.date(2020, 2, 29)),
        (dt.datetime.fromisoformat("2020-02-29T13:00:00"), None, dt.date(2020, 2, 29)),
        ("0000-00-00", None, None),
    ],
)
def test_dates(written: Cell, order: str | None, expected: dt.date | None) -> None:
    assert values.date(written, order) == expected


@pytest.mark.parametrize(
    "written",
    [
        "31/02/2026",
        "2026-13-01",
        "0001-01-01",
        "10000-01-01",
        "soon",
        Decimal(0),
        Decimal(60),
        Decimal(-1),
        "29 Foo 2026",
        "31/12",
    ],
)
def test_dates_that_cannot_be(written: Cell) -> None:
    with pytest.raises(Unfit) as caught:
        values.date(written, "dmy")
    assert caught.value.code == "E_BAD_DATE"


def test_an_open_order_is_asked_never_guessed() -> None:
    with pytest.raises(Unfit, match="day first or month first"):
        values.date("04/05/2026", None)
    assert values.date_order_shown("04/05/2026") == "either"
    assert values.date_order_shown("13/05/2026") == "dmy"
    assert values.date_order_shown("05/13/2026") == "mdy"
    assert values.date_order_shown("2026-05-13") is None


def test_serials_of_1904() -> None:
    assert values.date(Decimal(44591), None, is_1904=True) == dt.date(2026, 1, 31)


def test_phones() -> None:
    assert values.phones("'+971 4 555 0112") == ("+971 4 555 0112",)
    assert values.phones("050 123 4567 / 04 555 1234") == ("050 123 4567", "04 555 1234")
    assert values.phones("(0484) 555-0107") == ("(0484) 555-0107",)
    assert values.phones(Decimal("971505550101.0")) == ("971505550101",)
    with pytest.raises(Unfit) as caught:
        values.phones("9.71506E+11")
    assert caught.value.code == "W_PHONE_DESTROYED"


def test_flags_and_empties() -> None:
    assert [values.flag(text) for text in ("true", "Yes", "Y", "1", "Active")] == [True] * 5
    assert [values.flag(text) for text in ("false", "No", "n", "0", "Inactive")] == [False] * 5
    assert values.flag("") is None
    assert values.flag("-None-") is None
    with pytest.raises(Unfit):
        values.flag("perhaps")
    assert [values.text(mark) for mark in ("-", "N/A", "NULL", "-None-", "  ")] == [""] * 5


def test_ids_terms_currencies_countries() -> None:
    assert values.identifier("zcrm_5361160000000101000", "zcrm_") == "5361160000000101000"
    assert values.identifier(Decimal("2.761566E+18")) == ""
    assert values.identifier("2.761566E+18") == ""
    assert values.identifier(Decimal("11000.0")) == "11000"
    assert [values.payment_days(text) for text in ("30", "Net 45", "60 days", "Due on Receipt", "")] == [
        30,
        45,
        60,
        0,
        None,
    ]
    assert [values.currency(text) for text in ("aed", "AED - UAE Dirham", "₹", "")] == ["AED", "AED", "INR", ""]
    assert [values.country(text) for text in ("UAE", "India", "الإمارات العربية المتحدة", "Deutschland", "sa")] == [
        "AE",
        "IN",
        "AE",
        "DE",
        "SA",
    ]
    with pytest.raises(Unfit):
        values.country("Atlantis")
    assert values.text("A\0c\ud800me") == "Acme"
