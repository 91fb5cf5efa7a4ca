"""The dated rates of resources/tax: whole, without overlap, and each with its law."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from models.values.places import COUNTRIES
from models.values.states import TaxCategory
from services.billing.tax.rates import RATES_FILE, country_tax, find_rate, last_rate, rates, standard_rate

KNOWN = tuple(json.loads(RATES_FILE.read_text(encoding="utf-8"))["countries"])


def percents(country: str, on: date) -> list[str]:
    return [str(rate.rate) for rate in rates(country, on)]


def test_india_before_and_after_22_september_2025() -> None:
    assert percents("IN", date(2025, 9, 21)) == ["0", "0.25", "1.5", "3", "5", "12", "18", "28"]
    assert percents("IN", date(2025, 9, 22)) == ["0", "0.25", "1.5", "3", "5", "18", "40"]
    assert percents("IN", date(2017, 6, 30)) == []


def test_the_standard_rates() -> None:
    on = date(2026, 3, 1)
    found = {country: standard_rate(country, on) for country in ("AE", "IN", "SA", "DE", "US")}
    assert {country: rate and str(rate.rate) for country, rate in found.items()} == {
        "AE": "5",
        "IN": "18",
        "SA": "15",
        "DE": "19",
        "US": None,
    }


def test_a_rate_is_found_on_its_days_only() -> None:
    assert find_rate("IN", Decimal(28), date(2025, 9, 21)) is not None
    assert find_rate("IN", Decimal("28.00"), date(2025, 9, 22)) is None
    ended = last_rate("IN", Decimal(28))
    assert ended is not None and ended.valid_to == date(2025, 9, 21)
    assert last_rate("IN", Decimal(19)) is None


@pytest.mark.parametrize("country", KNOWN)
def test_the_data_of_a_country_are_sound(country: str) -> None:
    known = country_tax(country)
    assert known is not None and country in COUNTRIES
    assert sum(known.intra.values()) == sum(known.inter.values()) == 1
    for rate in known.rates:
        assert rate.source in {"R", "L", "S", "M"} and rate.law
        assert (rate.category is TaxCategory.ZERO) == (rate.rate == 0)
        assert rate.valid_to is None or rate.valid_from <= rate.valid_to


@pytest.mark.parametrize("country", KNOWN)
def test_one_standard_rate_at_a_time_and_no_rate_twice_on_a_day(country: str) -> None:
    known = country_tax(country)
    assert known is not None
    changes = {rate.valid_from for rate in known.rates}
    changes |= {rate.valid_to + timedelta(days=1) for rate in known.rates if rate.valid_to}
    for on in changes:
        valid = rates(country, on)
        assert sum(rate.is_standard for rate in valid) <= 1
        assert all(one.rate != other.rate for one, other in itertools.combinations(valid, 2))
    assert standard_rate(country, date(2026, 3, 1)) is not None
