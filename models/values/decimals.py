"""Scaled decimals: quantities, unit prices and percents with 6 decimals, exchange rates with 10."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from models.values.errors import InvalidValue
from models.values.money import round_half_away

QUANTITY_SCALE = 6
PRICE_SCALE = 6
PERCENT_SCALE = 6
RATE_SCALE = 10

LARGEST_SCALED = 9_000_000_000_000_000_000


def scaled(value: Decimal, scale: int) -> int:
    """The integer that stores `value` with `scale` decimals; more decimals than that are refused."""
    if not value.is_finite():
        raise InvalidValue(f"{value} is not a number that the book can hold.")
    if value.adjusted() > 18 or value != round_half_away(value, scale):
        raise InvalidValue(f"{value} has more digits than the book keeps ({scale} after the point).")
    result = int(value.scaleb(scale))
    if abs(result) > LARGEST_SCALED:
        raise InvalidValue(f"{value} is larger than the book can hold.")
    return result


def unscaled(value: int, scale: int) -> Decimal:
    """The decimal that a stored integer stands for, without trailing zeros."""
    return plain(Decimal(value).scaleb(-scale))


def plain(value: Decimal) -> Decimal:
    """`value` without trailing zeros and without an exponent: 5.000000 -> 5, 1E+3 -> 1000."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if value == whole else value.normalize()


def parse(text: object, what: str) -> Decimal:
    """A finite decimal from a JSON string or integer; floats and anything else are refused in words."""
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise InvalidValue(f'{what}: {text!r} is not a number. Give it as text with a point, such as "12.50".')
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InvalidValue(f"{what}: {text!r} is not a number. Give it with a point, such as 12.50.") from None
    if not value.is_finite() or value.adjusted() > 15:
        raise InvalidValue(f"{what}: {text} is not a number that the book can hold.")
    return value
