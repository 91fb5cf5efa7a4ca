"""Figures as paper shows them: grouped amounts, dates, rates, units, account numbers. Text in, text out, no float."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from models.values import decimals

MINUS = "−"

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_UNITS = {
    "HUR": ("hour", "hours"),
    "DAY": ("day", "days"),
    "WEE": ("week", "weeks"),
    "MON": ("month", "months"),
    "ANN": ("year", "years"),
    "MIN": ("minute", "minutes"),
    "H87": ("piece", "pieces"),
    "C62": ("unit", "units"),
    "NAR": ("article", "articles"),
    "EA": ("each", "each"),
    "PR": ("pair", "pairs"),
    "DZN": ("dozen", "dozen"),
    "SET": ("set", "sets"),
    "XPK": ("pack", "packs"),
    "XBX": ("box", "boxes"),
    "XCT": ("carton", "cartons"),
    "KGM": ("kg", "kg"),
    "GRM": ("g", "g"),
    "TNE": ("tonne", "tonnes"),
    "MTR": ("m", "m"),
    "CMT": ("cm", "cm"),
    "KMT": ("km", "km"),
    "MTK": ("m²", "m²"),
    "MTQ": ("m³", "m³"),
    "FOT": ("ft", "ft"),
    "FTK": ("ft²", "ft²"),
    "LTR": ("litre", "litres"),
    "KWH": ("kWh", "kWh"),
    "E48": ("service", "services"),
    "LS": ("lump sum", "lump sum"),
    "E49": ("working day", "working days"),
}
"""UN/ECE recommendation 20 and 21 codes, and what people call them: one, several."""

_LAKH_CURRENCIES = frozenset({"INR"})


def amount(text: str, currency: str) -> str:
    """An amount in groups: 1,234,567.50, rupees 12,34,567.50; a proper minus sign; decimals exactly as given."""
    return _grouped(text, in_lakhs=currency in _LAKH_CURRENCIES)


def less(text: str, currency: str) -> str:
    """An amount that is taken off: with a minus, zero without."""
    shown = amount(text, currency)
    if decimals.parse(text, "amount") == 0:
        return shown
    return shown.removeprefix(MINUS) if shown.startswith(MINUS) else MINUS + shown


def quantity(text: str, currency: str) -> str:
    """Like an amount, without trailing zeros."""
    return _grouped(str(decimals.plain(decimals.parse(text, "quantity"))), in_lakhs=currency in _LAKH_CURRENCIES)


def price(text: str, currency: str, places: int) -> str:
    """A unit price with the currency's decimals, and more where it has more: 33.335, 170.00."""
    value = decimals.plain(decimals.parse(text, "unit price"))
    exponent = value.as_tuple().exponent
    shown = value if isinstance(exponent, int) and -exponent > places else value.quantize(Decimal(1).scaleb(-places))
    return _grouped(str(shown), in_lakhs=currency in _LAKH_CURRENCIES)


def percent(text: str) -> str:
    """5.000000 -> 5%."""
    return f"{decimals.plain(decimals.parse(text or '0', 'rate'))}%"


def rate(text: str) -> str:
    """An exchange rate with all its published decimals, at least two."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


def is_zero(text: str) -> bool:
    return not text or decimals.parse(text, "amount") == 0


def unit(code: str, count: str) -> str:
    """The word for a unit; a code that we have no word for stands as it is."""
    one, several = _UNITS.get(code, (code, code))
    return one if decimals.parse(count, "quantity") == 1 else several


def day(text: str, country: str) -> str:
    """A date as 12 Oct 2026, in India 12-Oct-2026; what is no ISO date is printed as it stands."""
    try:
        value = dt.date.fromisoformat(text)
    except ValueError:
        return text
    return (
        f"{value.day:02d}-{_MONTHS[value.month - 1]}-{value.year}"
        if country == "IN"
        else (f"{value.day} {_MONTHS[value.month - 1]} {value.year}")
    )


def iban(text: str) -> str:
    """Groups of four, as ISO 13616 prints them."""
    plain = re.sub(r"\s", "", text)
    return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def _grouped(text: str, *, in_lakhs: bool) -> str:
    sign = MINUS if text.startswith("-") else ""
    whole, point, fraction = text.lstrip("-").partition(".")
    head, last = whole[:-3], whole[-3:]
    step = 2 if in_lakhs else 3
    groups = [head[max(0, end - step) : end] for end in range(len(head), 0, -step)][::-1]
    return sign + ",".join([*groups, last]) + point + fraction
