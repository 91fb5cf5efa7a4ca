"""Currency rates: dated, with their source. A missing rate is an error, never 1.0."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from models.organisation import CurrencyRate
from models.values.money import exponent
from services.errors import InvalidValue, Rejected
from services.permissions import Action, Module, require
from services.settings import BillingSettings, read
from services.store import Work


@dataclass(frozen=True, slots=True)
class Quote:
    """`rate` home units per 1 unit of the currency, as `source` published it for `quoted_on`."""

    rate: Decimal
    quoted_on: dt.date | None
    source: str


def quote(work: Work, currency: str, home: str, on: dt.date) -> Quote:
    """The rate of the day, or the latest of the days before it that the settings still accept."""
    if currency == home:
        return Quote(Decimal(1), None, "")
    row = work.session.scalar(
        select(CurrencyRate)
        .where(CurrencyRate.currency == currency, CurrencyRate.home == home, CurrencyRate.quoted_on <= on)
        .order_by(CurrencyRate.quoted_on.desc())
        .limit(1)
    )
    oldest = on - dt.timedelta(days=read(work, BillingSettings).rate_max_age_days)
    if row is None or row.quoted_on < oldest:
        raise Rejected(
            f"There is no rate for {currency} in {home} for {on}. Enter one (create rate --set currency={currency} "
            f"home={home} quoted_on={on} rate=... source=...), or give exchange_rate on the document."
        )
    return Quote(row.rate, row.quoted_on, row.source)


def enter_rate(work: Work, currency: str, home: str, quoted_on: dt.date, rate: Decimal, source: str) -> int:
    """Keep the rate of a day; a rate that is there already is corrected, with history."""
    require(work, Module.BILLING, Action.EDIT)
    exponent(currency)
    exponent(home)
    if currency == home:
        raise InvalidValue(f"{currency} in {home} is 1 and needs no rate.")
    if not rate.is_finite() or not 0 < rate < 10**8:
        raise InvalidValue(f"A rate is greater than 0 and less than 100,000,000; {rate} is not.")
    row = work.session.scalar(
        select(CurrencyRate).where(
            CurrencyRate.currency == currency, CurrencyRate.home == home, CurrencyRate.quoted_on == quoted_on
        )
    )
    if row is None:
        row = CurrencyRate(currency=currency, home=home, quoted_on=quoted_on, rate=rate, source=source)
        work.session.add(row)
        work.session.flush()
    else:
        row.rate, row.source = rate, source
    return row.id
