"""What a report is, what it is asked and what it answers (design.md section 12, `report`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any

from models.organisation import Branch, Company
from models.values.money import exponent
from models.values.period import Period
from services.listing import Kind
from services.permissions import Module
from services.store import Work

Raw = Mapping[str, Any]
"""A row before it is written: amounts are minor units, dates are dates."""
NOT_YOURS = "Not all rows are yours to see, so there is nothing whole to compare with."


class Span(StrEnum):
    """Which days a report takes: one day (`--as-of`), a period (`--from --to`), or none: it tells how things stand."""

    DAY = "day"
    PERIOD = "period"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A money column holds the row's `currency`, or the base currency where `is_base`.

    `base_of` names the column whose amounts this one gives in base currency. `is_summed` is False for amounts that
    mean nothing when added, such as a running balance.
    """

    name: str
    kind: Kind
    title: str = ""
    is_base: bool = False
    base_of: str = ""
    is_summed: bool = True
    currency: str = "currency"

    @property
    def heading(self) -> str:
        return self.title or self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Scope:
    """What is reported on: companies with one base currency, perhaps one branch; a day, or a period that ends on it."""

    companies: tuple[Company, ...]
    branch: Branch | None
    base: str
    as_of: dt.date
    period: Period | None

    @property
    def company_ids(self) -> list[int]:
        return [company.id for company in self.companies]


@dataclass(frozen=True, slots=True)
class Check:
    """The counter-check. `ok` is None where it cannot be made; `note` says why."""

    ok: bool | None
    difference: str | None
    note: str = ""

    @classmethod
    def of(cls, minor: int, currency: str) -> Check:
        """From a difference in minor units, of which anything but zero is a fault."""
        return cls(minor == 0, amount_text(minor, exponent(currency)))

    @classmethod
    def impossible(cls, note: str) -> Check:
        return cls(None, None, note)

    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": self.ok, "difference": self.difference}
        return {**answer, "note": self.note} if self.note else answer


@dataclass(frozen=True, slots=True)
class Found:
    """What a report found. `hidden` are the columns that mean nothing here, such as CGST in the UAE."""

    rows: Sequence[Raw]
    check: Check
    fill_rate: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Report:
    name: str
    title: str
    meaning: str
    module: Module
    span: Span
    columns: tuple[ReportColumn, ...]
    find: Callable[[Work, Scope], Found]
    takes_branch: bool = True


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What was asked: days, and places by their codes. What is left out is decided by `run`."""

    as_of: dt.date | None = None
    date_from: dt.date | None = None
    date_to: dt.date | None = None
    branch: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A report that was run. `rows` hold JSON values: amounts as text with the currency's decimals, dates ISO."""

    name: str
    title: str
    meaning: str
    as_of: dt.date
    period: Period | None
    companies: tuple[str, ...]
    branch: str | None
    base_currency: str
    columns: tuple[ReportColumn, ...]
    rows: list[dict[str, Any]]
    totals: dict[str, dict[str, str]]
    check: Check
    fill_rate: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        days = (
            {"as_of": self.as_of.isoformat()}
            if self.period is None
            else {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        )
        return {
            "name": self.name,
            **days,
            "columns": [column.name for column in self.columns],
            "rows": self.rows,
            "totals": self.totals,
            "counter_check": self.check.json(),
            "fill_rate": self.fill_rate,
        }

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What a reader must know about the figures: days, places, check, holes."""
        if self.period is None:
            days = [("As of", self.as_of.isoformat())]
        else:
            days = [("From", self.period.first.isoformat()), ("To", self.period.last.isoformat())]
        checked = {True: "agrees", False: f"differs by {self.check.difference}", None: f"not made. {self.check.note}"}
        return [
            ("Meaning", self.meaning),
            *days,
            ("Company", ", ".join(self.companies)),
            *([("Branch", self.branch)] if self.branch else []),
            ("Base currency", self.base_currency),
            ("Counter-check", checked[self.check.ok]),
            *((f"Filled: {name.replace('_', ' ')}", rate) for name, rate in self.fill_rate.items()),
        ]


def amount_text(minor: int, digits: int) -> str:
    """`str(Money(minor, ...))` for a currency of `digits` decimals, fast enough for a hundred thousand cells."""
    if not digits:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}d}"


def share(filled: int, of: int) -> str:
    """A fill rate with two decimals, rounded down: 1.00 means that there is no hole. Nothing has no holes."""
    if not of:
        return "1.00"
    return str((Decimal(filled) / of).quantize(Decimal("0.01"), ROUND_DOWN))


def written(columns: Sequence[ReportColumn], rows: Iterable[Raw], base: str) -> list[dict[str, Any]]:
    """Rows as JSON values. Most amounts of a wide table are zero, so the text of a zero is made once."""
    places: dict[str, tuple[int, str]] = {}

    def shown(minor: int | None, currency: str) -> str | None:
        known = places.get(currency)
        if known is None:
            digits = exponent(currency)
            known = places[currency] = (digits, amount_text(0, digits))
        if not minor:
            return known[1] if minor == 0 else None
        return amount_text(minor, known[0])

    own = [(column.name, column.currency) for column in columns if column.kind is Kind.MONEY and not column.is_base]
    in_base = [column.name for column in columns if column.kind is Kind.MONEY and column.is_base]
    dates = [column.name for column in columns if column.kind is Kind.DATE]
    names = [column.name for column in columns]
    result = []
    for raw in rows:
        row = {name: raw[name] for name in names}
        for name, currency in own:
            row[name] = shown(row[name], raw[currency])
        for name in in_base:
            row[name] = shown(row[name], base)
        for name in dates:
            row[name] = row[name] and row[name].isoformat()
        result.append(row)
    return result


def totalled(columns: Sequence[ReportColumn], rows: Sequence[Raw], base: str) -> dict[str, dict[str, str]]:
    """For each money column its sums by document currency, and "base" where the report has it; counts as they are."""
    in_base = {column.base_of: column.name for column in columns if column.base_of}
    result: dict[str, dict[str, str]] = {}
    for column in columns:
        if column.kind is not Kind.MONEY or not column.is_summed or column.base_of:
            continue
        sums: dict[str, int] = {}
        if column.is_base:
            sums[base] = sum(row[column.name] or 0 for row in rows)
        else:
            for row in rows:
                currency = row[column.currency]
                sums[currency] = sums.get(currency, 0) + (row[column.name] or 0)
        texts = {currency: amount_text(minor, exponent(currency)) for currency, minor in sorted(sums.items())}
        if column.is_base:
            texts["base"] = texts[base]
        elif column.name in in_base:
            total = sum(row[in_base[column.name]] or 0 for row in rows)
            texts["base"] = amount_text(total, exponent(base))
        result[column.name] = texts
    return result
