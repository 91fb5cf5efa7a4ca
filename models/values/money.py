"""Money as an exact count of minor units, and the one rounding of the product (tax.md C0)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from models.values.errors import InvalidValue

EXPONENTS: dict[str, int] = (
    dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
    | dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys(
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY"
        " COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS"
        " INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR"
        " MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD"
        " SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW".split(),
        2,
    )
)
"""ISO 4217 minor-unit exponents of the currencies that a book may hold."""

LARGEST_MINOR = 9_000_000_000_000_000
"""Larger amounts are refused: sums of a thousand such amounts still fit a 64-bit column."""


def exponent(currency: str) -> int:
    """Number of decimals of a currency; an unknown code is refused, never guessed."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise InvalidValue(f"{currency!r} is not a currency code of ISO 4217 that the book knows.") from None


def round_half_away(value: Decimal, decimals: int) -> Decimal:
    """R(x) of tax.md C0: half away from zero to `decimals` places."""
    with localcontext(prec=60):
        return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Two currencies never add: that is a bug, not a value."""

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Money:
        """Round `amount` (major units) half away from zero to the currency's own precision."""
        digits = exponent(currency)
        try:
            value = Decimal(amount)
        except ArithmeticError:
            raise InvalidValue(f"{amount!r} is not an amount.") from None
        if not value.is_finite() or abs(value) > LARGEST_MINOR:
            raise InvalidValue(f"The amount {amount} is not a number that the book can hold.")
        minor = int(round_half_away(value, digits).scaleb(digits))
        if abs(minor) > LARGEST_MINOR:
            raise InvalidValue(f"The amount {amount} is larger than the book can hold.")
        return cls(minor, currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def total(cls, parts: Iterable[Money], currency: str) -> Money:
        """Sum of `parts`; zero of `currency` when there are none."""
        result = cls(0, currency)
        for part in parts:
            result += part
        return result

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    @property
    def is_zero(self) -> bool:
        return self.minor == 0

    def __str__(self) -> str:
        """Exactly the currency's decimals, a point, no grouping: the form of JSON and files."""
        return f"{self.amount:.{exponent(self.currency)}f}"

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor <= other.minor

    def times(self, factor: Decimal) -> Money:
        """The product, rounded once."""
        with localcontext(prec=60):
            return Money.of(self.amount * factor, self.currency)

    def converted(self, rate: Decimal, currency: str) -> Money:
        """R_home(amount x rate); `rate` is units of `currency` per 1 unit of this one (tax.md C7)."""
        with localcontext(prec=60):
            return Money.of(self.amount * rate, currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Share by weight with the largest remainder (tax.md C3); ties go to the earlier part, no unit is lost.

        Weights are integers >= 0 of which at least one is positive, unless the amount is zero.
        """
        total = sum(weights)
        if any(weight < 0 for weight in weights):
            raise ValueError("weights must not be negative")
        if total == 0:
            if self.minor:
                raise ValueError("an amount cannot be split over weights of zero")
            return [Money(0, self.currency) for _ in weights]
        sign = -1 if self.minor < 0 else 1
        exact = [divmod(abs(self.minor) * weight, total) for weight in weights]
        shares = [whole for whole, _ in exact]
        left = abs(self.minor) - sum(shares)
        by_remainder = sorted(range(len(weights)), key=lambda i: (-exact[i][1], i))
        for i in by_remainder[:left]:
            shares[i] += 1
        return [Money(sign * share, self.currency) for share in shares]

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} never add")
