"""What the producer is told, and what it hands over: plain values that can be sent to another process."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.filling.masters import Forms, Master
from services.filling.plan import Plan

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows by table, or by what is changed in one."""


@dataclass(frozen=True, slots=True)
class Series:
    """Where a number series stands. A number is `left`, the counter with `width` digits, `right`."""

    id: int
    left: str
    width: int
    right: str
    next_no: int


@dataclass(frozen=True, slots=True)
class Quotes:
    """Rates of a currency in the order of their days."""

    days: tuple[str, ...]
    rates: tuple[str, ...]

    def on(self, day: str) -> tuple[str, str]:
        """(rate, the day on which it was quoted)."""
        position = bisect_right(self.days, day) - 1
        return self.rates[position], self.days[position]


@dataclass(frozen=True, slots=True)
class Accounts:
    receivable: int
    bank: int
    cash: int
    exchange: int
    customer_credit: int


CustomerFacts = tuple[str, str, str | None, str, str, str, str | None, str, str | None, str | None]
"""(code, legal name, tax id, street, city, pin, state, country, phone, e-mail)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that the producer must know, so that it can be sent to another process."""

    plan: Plan
    masters: Mapping[tuple[int, int, str], Master]
    forms: Forms
    groups: tuple[str, ...]
    currencies: tuple[str, ...]
    """By group."""
    customers: tuple[CustomerFacts, ...]
    first_customer_id: int
    series: Mapping[tuple[str, int], Series]
    """(kind, fiscal year) -> series."""
    quotes: Mapping[str, Quotes]
    accounts: Accounts
    company_id: int
    branch_id: int
    actor_id: int
    home_currency: str
    year_start: tuple[int, int]
    now: dt.datetime
    zone: dt.tzinfo
    next_ids: Mapping[str, int]
    head: tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one transaction. It goes on from history row `before`; `head` is where the chain stands after it."""

    rows: Rows
    before: int
    head: tuple[int, bytes]
    sales: int
    next_ids: dict[str, int]
