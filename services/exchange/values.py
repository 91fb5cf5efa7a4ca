"""What a cell means: dates, numbers, phones, truth values, choices; what cannot be read is an Unfit with its code.

Facts of migration/README.md, "Values". The order of day and month and the decimal mark are decided per column
(`date_order_shown`, `decimal_mark_shown` give the evidence of one value), never per cell.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from models.values.money import EXPONENTS
from models.values.places import COUNTRIES, find_country
from models.values.text import folded
from services.exchange.reading.cells import Cell, Fault, number_text, shown


class Unfit(Exception):
    """A value that its field cannot take. `code` is one of migration/README.md's table."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


EMPTY_MARKS = frozenset(
    {"", "-", "--", "n/a", "N/A", "N/a", "NA", "null", "NULL", "None", "-None-", "nil", "0000-00-00"}
)
_TRUE = frozenset({"true", "yes", "y", "1", "t", "on", "active", "x", "✓", "نعم", "हाँ"})
_FALSE = frozenset({"false", "no", "n", "0", "f", "off", "inactive", "لا", "नहीं"})
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FORMULA_STARTS = ("+", "-", "=", "@")


def text(cell: Cell, empties: frozenset[str] = EMPTY_MARKS) -> str:
    """The cell as trimmed NFC text without control characters; '' when it says that it is empty."""
    if isinstance(cell, str):
        value = cell.strip()
        if value in empties:
            return ""
        if value.isascii() and value.isprintable():
            return value if value[0] != "'" or value[1:2] not in _FORMULA_STARTS else value[1:].lstrip()
        value = unicodedata.normalize("NFC", _UNSEEN.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))).strip()
        return value[1:].lstrip() if value[:1] == "'" and value[1:2] in _FORMULA_STARTS else value
    if isinstance(cell, Fault):
        return ""
    return shown(cell)


def one_line(value: str) -> str:
    return value if value.isprintable() else " ".join(value.split())


# Numbers

_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{1,12})?\Z")
_CURRENCY_MARKS = {
    "₹": "INR",
    "rs.": "INR",
    "rs": "INR",
    "د.إ": "AED",
    "dhs.": "AED",
    "dhs": "AED",
    "dh": "AED",
    "€": "EUR",
    "£": "GBP",
    "us$": "USD",
    "$": "USD",
    "¥": "JPY",
    "ر.س": "SAR",
    "sr": "SAR",
}
_MARKS = "|".join(re.escape(mark) for mark in sorted(_CURRENCY_MARKS, key=len, reverse=True))
_CURRENCY = re.compile(rf"(?:{_MARKS}|\b[a-z]{{3}}\b)", re.IGNORECASE)
_SIDE = re.compile(r"\s*\b(dr|cr)\.?\Z", re.IGNORECASE)
_GROUPED = {
    ".": re.compile(r"(?:\d+|\d{1,3}(?:,\d{2,3})*,\d{3})(?:\.\d*)?\Z|\.\d+\Z"),
    ",": re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d*)?\Z|,\d+\Z"),
}
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE][+-]?\d{1,3}\Z")
_SPACES = re.compile(r"[\s\u00a0\u202f'’]+")
_LARGEST_ADJUSTED = 15
_FOREIGN_MARKS = str.maketrans({"٫": ".", "٬": ",", "−": "-", "–": "-", "،": ","})


def _bare(value: str) -> tuple[str, bool]:
    """A number's digits and marks, without currency, spaces and sign; whether it is negative."""
    value = value.translate(_FOREIGN_MARKS)
    if not value.isascii():
        value = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in value)
    is_negative = False
    if side := _SIDE.search(value):
        is_negative = side.group(1).lower() == "cr"
        value = value[: side.start()]
    value = _CURRENCY.sub("", value)
    value = _SPACES.sub("", value).rstrip("%")
    if value.startswith("(") and value.endswith(")"):
        value, is_negative = value[1:-1], not is_negative
    if value.startswith("-") or value.endswith("-"):
        value, is_negative = value.removeprefix("-") if value[0] == "-" else value[:-1], not is_negative
    return value.lstrip("+"), is_negative


def decimal(cell: Cell, mark: str = ".") -> Decimal | None:
    """A number; None for an empty cell. `mark` is the column's decimal mark. Cr is negative, Dr positive."""
    if isinstance(cell, Decimal):
        return _held(cell)
    if isinstance(cell, Fault):
        raise Unfit("E_BAD_NUMBER", cell.sentence, "Put the number itself into the cell.")
    value = text(cell)
    if not value:
        return None
    if mark == "." and _PLAIN.match(value):
        return Decimal(value)
    bare, is_negative = _bare(value)
    if not isinstance(cell, bool):
        if _GROUPED[mark].match(bare):
            thousands = "," if mark == "." else "."
            result = Decimal(bare.replace(thousands, "").replace(mark, "."))
            return _held(-result if is_negative else result)
        if _SCIENTIFIC.match(bare):
            return _held(Decimal(bare) * (-1 if is_negative else 1))
    raise Unfit(
        "E_BAD_NUMBER",
        f"{quoted(value)} is no number.",
        f"Write a number such as 1{',' if mark == '.' else '.'}234{mark}50.",
    )


def _held(value: Decimal) -> Decimal:
    if value.is_finite() and value.adjusted() < _LARGEST_ADJUSTED:
        return value
    raise Unfit("E_BAD_NUMBER", "The number is larger than the book can hold.", "Check the number in the source.")


def currency_shown(cell: Cell) -> str | None:
    """The currency written with an amount: `AED 1,234.50` -> AED, `$5` -> USD."""
    if not isinstance(cell, str) or _PLAIN.match(cell):
        return None
    for found in _CURRENCY.finditer(cell):
        mark = found.group().lower()
        if mark in _CURRENCY_MARKS:
            return _CURRENCY_MARKS[mark]
        if mark.upper() in EXPONENTS:
            return mark.upper()
    return None


def decimal_mark_shown(cell: Cell) -> str | None:
    """Which decimal mark this value proves; None when it could be either (`1,234`) or has none."""
    if not isinstance(cell, str) or not cell or cell.isdigit():
        return None
    bare, _ = _bare(cell.strip())
    comma, point = bare.rfind(","), bare.rfind(".")
    if not bare.replace(",", "").replace(".", "").isdigit() or (comma < 0 and point < 0):
        return None
    if comma >= 0 and point >= 0:
        return "," if comma > point else "."
    mark, other = (",", ".") if comma >= 0 else (".", ",")
    whole, _, rest = bare.partition(mark)
    if bare.count(mark) > 1:
        return other
    return mark if len(rest) != 3 or whole in ("", "0") else None


# Dates

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?\Z")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,].*)?\Z")
_DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/ .]+([A-Za-z]{3,9})\.?[-/ ,]+(\d{4}|\d{2})(?:[ T,].*)?\Z")
_NAMED_DAY = re.compile(r"([A-Za-z]{3,9})\.?[-/ ]+(\d{1,2})(?:st|nd|rd|th)?,?[-/ ]+(\d{4})(?:[ T,].*)?\Z")
_MONTHS = {name: index for index, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)}
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_FIRST_SERIAL, _LAST_SERIAL = 36526, 73050
"""1 January 2000 and 31 December 2099: numbers between them in a date column are dates without their format."""
_EPOCH, _EPOCH_1904 = dt.date(1899, 12, 30), dt.date(1904, 1, 1)
_CENTURY_PIVOT = 70
_MOST_MONTHS = 12


def date(cell: Cell, order: str | None, *, is_1904: bool = False) -> dt.date | None:
    """A day; None for an empty cell. `order` (dmy, mdy, ymd) is the column's; ISO and true dates never need it."""
    if isinstance(cell, dt.datetime):
        return _in_range(cell.date(), shown(cell))
    if isinstance(cell, dt.date):
        return _in_range(cell, shown(cell))
    if isinstance(cell, Fault):
        raise Unfit("E_BAD_DATE", cell.sentence, "Put the date itself into the cell.")
    if isinstance(cell, Decimal):
        return _from_serial(cell, is_1904=is_1904)
    value = text(cell)
    if not value:
        return None
    if found := _ISO.match(value) or _COMPACT.match(value):
        return _day(value, int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMERIC.match(value):
        return _numeric(value, int(found[1]), int(found[3]), found[4], order)
    if found := _DAY_NAMED.match(value):
        return _day(value, _year(found[3]), _month(value, found[2]), int(found[1]))
    if found := _NAMED_DAY.match(value):
        return _day(value, _year(found[3]), _month(value, found[1]), int(found[2]))
    raise _bad_date(value)


def _numeric(value: str, first: int, second: int, year: str, order: str | None) -> dt.date:
    if order is None and first != second:
        raise Unfit(
            "E_BAD_DATE",
            f"{quoted(value)} can be read day first or month first, and nothing in the column says which.",
            "Choose the order of day and month for this file (--date-order dmy or mdy).",
        )
    if order == "ymd":
        return _day(value, _year(f"{first:02d}"), second, int(year))
    day, month = (second, first) if order == "mdy" else (first, second)
    return _day(value, _year(year), month, day)


def _from_serial(value: Decimal, *, is_1904: bool) -> dt.date:
    whole = int(value)
    if not _FIRST_SERIAL <= whole <= _LAST_SERIAL:
        compact = _COMPACT.match(number_text(value))
        if compact:
            return _day(number_text(value), int(compact[1]), int(compact[2]), int(compact[3]))
        raise _bad_date(number_text(value))
    return (_EPOCH_1904 if is_1904 else _EPOCH) + dt.timedelta(days=whole)


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < _CENTURY_PIVOT else 1900)


def _month(value: str, name: str) -> int:
    month = _MONTHS.get(name[:3].lower())
    if month is None:
        raise _bad_date(value)
    return month


def _day(value: str, year: int, month: int, day: int) -> dt.date:
    try:
        return _in_range(dt.date(year, month, day), value)
    except ValueError:
        raise _bad_date(value) from None


def _in_range(day: dt.date, value: str) -> dt.date:
    if _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return day
    raise _bad_date(value)


def _bad_date(value: str) -> Unfit:
    return Unfit("E_BAD_DATE", f"{quoted(value)} is no date that exists.", "Write the date as 2026-01-31.")


def date_order_shown(cell: Cell) -> str | None:
    """Dmy or mdy when this value proves the order (13/1 or 1/13); `either` when it needs one but proves none."""
    if not isinstance(cell, str):
        return None
    found = _NUMERIC.match(cell.strip())
    if not found:
        return None
    first, second = int(found[1]), int(found[3])
    if first > _MOST_MONTHS >= second:
        return "dmy"
    if second > _MOST_MONTHS >= first:
        return "mdy"
    return "either" if first != second else None


# Other kinds


def flag(cell: Cell) -> bool | None:
    """Yes or no; None for an empty cell: blank is not no."""
    if isinstance(cell, bool):
        return cell
    value = text(cell).casefold()
    if not value:
        return None
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise Unfit("E_UNKNOWN_VALUE", f"{quoted(text(cell))} is neither yes nor no.", "Write Yes or No.")


_DESTROYED_PHONE = re.compile(r"\d(?:[.,]\d+)?E\+?\d{1,2}\Z", re.IGNORECASE)
_BETWEEN_PHONES = re.compile(r"\s*(?:[/,;|\n]|\bor\b|&)\s*")
_FEWEST_DIGITS = 6


def phones(cell: Cell) -> tuple[str, ...]:
    """The phone numbers in a cell, as typed; one that Excel turned into 9.71506E+11 is gone and said to be."""
    value = text(cell)
    if not value:
        return ()
    if _DESTROYED_PHONE.match(value):
        raise Unfit(
            "W_PHONE_DESTROYED",
            f"Excel turned the phone into {value}; its last digits are lost.",
            "Export again with the column as text, or type the number.",
        )
    parts = [part for part in _BETWEEN_PHONES.split(one_line(value.replace("\n", "/"))) if part]
    if len(parts) > 1 and all(sum(char.isdigit() for char in part) >= _FEWEST_DIGITS for part in parts):
        return tuple(parts)
    return (one_line(value),)


_BETWEEN_EMAILS = re.compile(r"[;,\s]+")


def email(cell: Cell) -> str:
    """The first e-mail address in a cell."""
    value = text(cell).removeprefix("mailto:")
    return _BETWEEN_EMAILS.split(value, maxsplit=1)[0] if value else ""


_MOST_ID_DIGITS = 15


def identifier(cell: Cell, prefix: str = "") -> str:
    """An id as text, without the system's `prefix`; '' for one that lost its last digits as a number."""
    if isinstance(cell, Decimal) and cell.adjusted() >= _MOST_ID_DIGITS:
        return ""
    value = one_line(text(cell)).removeprefix(prefix)
    return "" if _DESTROYED_PHONE.match(value) else value


_DAYS = re.compile(r"(?:net\s*)?(\d{1,3})(?:\s*days?)?(?:\s*(?:net|credit))?\Z", re.IGNORECASE)
_AT_ONCE = frozenset(
    {"due on receipt", "due upon receipt", "on receipt", "immediate", "immediate payment", "cash", "cod", "advance"}
)


def payment_days(cell: Cell) -> int | None:
    """Days of credit: 30, `Net 30`, `30 days`, `Due on Receipt` (0)."""
    value = text(cell)
    if not value:
        return None
    if value.casefold() in _AT_ONCE:
        return 0
    if found := _DAYS.match(value):
        return int(found[1])
    raise Unfit("E_UNKNOWN_VALUE", f"{quoted(value)} is no term of payment that is known.", "Write the number of days.")


def currency(cell: Cell) -> str:
    """An ISO 4217 code, also from `AED - UAE Dirham` or a symbol."""
    value = text(cell)
    if not value:
        return ""
    code = value[:3].upper()
    if code in EXPONENTS and not value[3:4].isalpha():
        return code
    if known := currency_shown(value) or _CURRENCY_MARKS.get(value.lower()):
        return known
    raise Unfit("E_UNKNOWN_VALUE", f"{quoted(value)} is no currency that is known.", "Write its code, such as AED.")


def tags(cell: Cell) -> tuple[str, ...]:
    parts = (part.strip() for part in re.split(r"[;,\n]", text(cell)))
    return tuple(dict.fromkeys(part for part in parts if part))


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    """Country names in further languages of our users' files -> ISO 3166 code."""
    from babel import Locale

    names: dict[str, str] = {}
    for language in ("ar", "hi", "es", "fr", "de"):
        names |= {folded(name): code for code, name in Locale(language).territories.items() if code in COUNTRIES}
    return names


@lru_cache(maxsize=4096)
def country(name: str) -> str:
    """ISO 3166 alpha-2 code of a country's name or code, in English, Arabic, Hindi, Spanish, French or German."""
    code = find_country(name) or _country_names().get(folded(name))
    if code is None:
        raise Unfit(
            "E_UNKNOWN_VALUE", f"{quoted(name)} is no country that is known.", "Write its English name or code."
        )
    return code


def quoted(value: str) -> str:
    return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
