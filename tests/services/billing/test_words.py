"""Amounts in words as invoices say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from models.values.money import Money
from services.billing.words import amount_in_words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (
            "1234567.50",
            "INR",
            "Rupees Twelve Lakh Thirty-Four Thousand Five Hundred Sixty-Seven and Paise Fifty Only",
        ),
        ("139.35", "AED", "UAE Dirhams One Hundred Thirty-Nine and Fils Thirty-Five Only"),
        ("139.35", "USD", "US Dollars One Hundred Thirty-Nine and Cents Thirty-Five Only"),
        ("0", "INR", "Rupees Zero Only"),
        ("0.05", "INR", "Rupees Zero and Paise Five Only"),
        ("1", "AED", "UAE Dirhams One Only"),
        ("10000000", "INR", "Rupees One Crore Only"),
        ("1000000", "USD", "US Dollars One Million Only"),
        ("100000", "AED", "UAE Dirhams One Hundred Thousand Only"),
        ("123456789012.00", "INR", "Rupees Twelve Thousand Three Hundred Forty-Five Crore Sixty-Seven Lakh Eighty-Nine Thousand Twelve Only"),
        ("110", "JPY", "Japanese Yen One Hundred Ten Only"),
        ("1.297", "KWD", "Kuwaiti Dinars One and Fils Two Hundred Ninety-Seven Only"),
        ("20.05", "SEK", "SEK Twenty and 05/100 Only"),
        ("1.005", "TND", "TND One and 005/1000 Only"),
        ("-12.50", "USD", "US Dollars Minus Twelve and Cents Fifty Only"),
    ],
)  # fmt: skip
def test_in_words(amount: str, currency: str, words: str) -> None:
    assert amount_in_words(Money.of(amount, currency)) == words


def other_words(number: int, language: str) -> str:
    text = str(num2words(number, lang=language)).replace(",", "").replace(" and ", " ")
    return "-".join(part[:1].upper() + part[1:] for part in text.title().split("-"))


@given(st.integers(0, 9_999_999_999))
def test_rupees_agree_with_num2words(number: int) -> None:
    assert amount_in_words(Money(number * 100, "INR")) == f"Rupees {other_words(number, 'en_IN')} Only"


@given(st.integers(0, 10**13))
def test_dirhams_agree_with_num2words(number: int) -> None:
    assert amount_in_words(Money(number * 100, "AED")) == f"UAE Dirhams {other_words(number, 'en')} Only"


def test_a_language_that_is_not_there_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="'hi'"):
        amount_in_words(Money(100, "INR"), "hi")
