"""Tax rates as dated data (tax.md 1.1: never constants): resources/tax/rates.json, read once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.values.states import TaxCategory

RATES_FILE = Path(__file__).resolve().parents[3] / "resources" / "tax" / "rates.json"


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One rate of a country in per cent, valid from a day to a day (both inclusive; `valid_to` None: still).

    `source` is R, L, S or M: how surely it is known; S and M want an adviser's eye.
    """

    country: str
    code: str
    category: TaxCategory
    rate: Decimal
    is_standard: bool
    valid_from: date
    valid_to: date | None
    law: str
    source: str

    def is_valid(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class CountryTax:
    """A country's rates, and how a rate divides into components within a State and between States."""

    country: str
    intra: Mapping[str, Decimal]
    inter: Mapping[str, Decimal]
    rates: tuple[TaxRate, ...]


@lru_cache(maxsize=4096)
def rates(country: str, on: date) -> tuple[TaxRate, ...]:
    """The rates that hold in `country` on a day, in the order of the file; empty where none is known."""
    known = country_tax(country)
    return tuple(rate for rate in known.rates if rate.is_valid(on)) if known else ()


def standard_rate(country: str, on: date) -> TaxRate | None:
    """The rate of an item that names none."""
    return next((rate for rate in rates(country, on) if rate.is_standard), None)


def find_rate(country: str, percent: Decimal, on: date) -> TaxRate | None:
    """The rate of `percent` that holds on a day."""
    return next((rate for rate in rates(country, on) if rate.rate == percent), None)


def last_rate(country: str, percent: Decimal) -> TaxRate | None:
    """The latest entry of `percent`, whether it still holds or not; None where the country never had it."""
    known = country_tax(country)
    same = [rate for rate in known.rates if rate.rate == percent] if known else []
    return max(same, key=lambda rate: rate.valid_from, default=None)


def country_tax(country: str) -> CountryTax | None:
    return _countries().get(country)


@cache
def _countries() -> Mapping[str, CountryTax]:
    content = json.loads(RATES_FILE.read_text(encoding="utf-8"))
    return MappingProxyType(
        {country: _country(country, entry) for country, entry in content["countries"].items()},
    )


def _country(country: str, entry: dict[str, Any]) -> CountryTax:
    shares = {
        where: MappingProxyType({name: Decimal(share) for name, share in entry["components"][where].items()})
        for where in ("intra", "inter")
    }
    return CountryTax(country, shares["intra"], shares["inter"], tuple(_rate(country, rate) for rate in entry["rates"]))


def _rate(country: str, entry: dict[str, Any]) -> TaxRate:
    return TaxRate(
        country=country,
        code=entry["code"],
        category=TaxCategory(entry["category"]),
        rate=Decimal(entry["rate"]),
        is_standard=entry["is_standard"],
        valid_from=date.fromisoformat(entry["valid_from"]),
        valid_to=date.fromisoformat(entry["valid_to"]) if entry["valid_to"] else None,
        law=entry["law"],
        source=entry["source"],
    )
