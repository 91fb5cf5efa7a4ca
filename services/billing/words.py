"""Amounts in words, as invoices say them: Rupees Twelve Lakh ... and Paise Fifty Only (tax.md 1.5).

Our own forty lines instead of num2words: that takes 0.1 s to import, ends below 10^10 rupees, and knows neither
dirhams and fils nor the form without "and" inside. A test holds the two against each other.
"""

from __future__ import annotations

from models.values.money import Money, exponent

_SMALL = (
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen"
    " Eighteen Nineteen"
).split()
_TENS = "Zero Ten Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety".split()

_INDIAN = ((10**7, "Crore"), (10**5, "Lakh"), (1000, "Thousand"), (100, "Hundred"))
_WESTERN = (
    (10**15, "Quadrillion"),
    (10**12, "Trillion"),
    (10**9, "Billion"),
    (10**6, "Million"),
    (1000, "Thousand"),
    (100, "Hundred"),
)

_NAMES: dict[str, tuple[str, str]] = {
    "AED": ("UAE Dirhams", "Fils"),
    "AUD": ("Australian Dollars", "Cents"),
    "BHD": ("Bahraini Dinars", "Fils"),
    "CAD": ("Canadian Dollars", "Cents"),
    "CHF": ("Swiss Francs", "Rappen"),
    "CNY": ("Chinese Yuan", "Fen"),
    "EUR": ("Euros", "Cents"),
    "GBP": ("Pounds Sterling", "Pence"),
    "INR": ("Rupees", "Paise"),
    "JPY": ("Japanese Yen", ""),
    "KWD": ("Kuwaiti Dinars", "Fils"),
    "OMR": ("Omani Rials", "Baisa"),
    "QAR": ("Qatari Riyals", "Dirhams"),
    "SAR": ("Saudi Riyals", "Halalas"),
    "SGD": ("Singapore Dollars", "Cents"),
    "USD": ("US Dollars", "Cents"),
}
"""Names of the unit and of its parts. Other currencies are said by their code, parts as a fraction: 35/100."""


def amount_in_words(money: Money, language: str = "en") -> str:
    """The amount in title case, ended by "Only"; parts are left out where there are none. English only so far."""
    if language != "en":
        raise ValueError(f"amounts are not yet said in {language!r}")
    digits = exponent(money.currency)
    whole, parts = divmod(abs(money.minor), 10**digits)
    unit, part_name = _NAMES.get(money.currency, (money.currency, ""))
    scale = _INDIAN if money.currency == "INR" else _WESTERN
    said = f"{unit} {'Minus ' if money.minor < 0 else ''}{number_in_words(whole, scale)}"
    if parts and part_name:
        said += f" and {part_name} {number_in_words(parts, scale)}"
    elif parts:
        said += f" and {parts:0{digits}d}/{10**digits}"
    return f"{said} Only"


def number_in_words(number: int, scale: tuple[tuple[int, str], ...] = _WESTERN) -> str:
    """A whole number >= 0: Thirty-Four Thousand Five Hundred Sixty-Seven."""
    words: list[str] = []
    for size, name in scale:
        count, number = divmod(number, size)
        if count:
            words += [number_in_words(count, scale), name]
    if number or not words:
        words.append(_below_hundred(number))
    return " ".join(words)


def _below_hundred(number: int) -> str:
    if number < len(_SMALL):
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_SMALL[ones]}" if ones else _TENS[tens]
