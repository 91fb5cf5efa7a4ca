"""Spans of days and fiscal years."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from models.values.errors import InvalidValue

EARLIEST = dt.date(1900, 1, 1)
LATEST = dt.date(2199, 12, 31)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def business_day(value: object, what: str) -> dt.date:
    """A date from ISO text or a date, within the years that a business writes (1900-2199)."""
    if isinstance(value, dt.datetime) or not isinstance(value, str | dt.date):
        raise InvalidValue(f"{what}: {value!r} is not a date. Write it as 2026-03-31.")
    if isinstance(value, str):
        try:
            value = _written_day(value.strip())
        except ValueError:
            raise InvalidValue(f"{what}: {value!r} is not a date of the calendar. Write it as 2026-03-31.") from None
    if not EARLIEST <= value <= LATEST:
        raise InvalidValue(f"{what}: the year {value.year:04d} is outside 1900 to 2199.")
    return value


def _written_day(text: str) -> dt.date:
    """YYYY-MM-DD alone: weeks (2026-W14-2) and days without hyphens, which ISO 8601 allows too, are slips here."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Period:
    """Both days belong to it."""

    first: dt.date
    last: dt.date

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """The year that begins on `start_month`/`start_day` and is named by its first calendar year."""

    year: int
    start_month: int = 1
    start_day: int = 1

    @classmethod
    def of(cls, day: dt.date, start_month: int = 1, start_day: int = 1) -> FiscalYear:
        before = (day.month, day.day) < (start_month, start_day)
        return cls(day.year - 1 if before else day.year, start_month, start_day)

    @property
    def first(self) -> dt.date:
        return dt.date(self.year, self.start_month, self.start_day)

    @property
    def last(self) -> dt.date:
        return dt.date(self.year + 1, self.start_month, self.start_day) - dt.timedelta(days=1)

    @property
    def is_calendar_year(self) -> bool:
        return (self.start_month, self.start_day) == (1, 1)

    @property
    def label(self) -> str:
        """A calendar year as 2026, another as 26-27."""
        return str(self.year) if self.is_calendar_year else f"{self.year % 100:02d}-{(self.year + 1) % 100:02d}"


def fiscal_year_start(text: str) -> tuple[int, int]:
    """(month, day) from "MM-DD"; 29 February is refused because most years have none."""
    try:
        day = _written_day(f"2026-{text}")
    except ValueError:
        raise InvalidValue(
            f"The start of the fiscal year {text!r} is not a day. Write month and day as 04-01."
        ) from None
    return day.month, day.day
