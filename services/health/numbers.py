"""Numbers: none missing, none twice, in the order of their dates, as their pattern says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Over, func, select
from sqlalchemy.orm import InstrumentedAttribute

from models.billing import Document
from models.organisation import Book, Branch, NumberSeries
from models.values.errors import InvalidValue
from models.values.period import FiscalYear
from services.billing.kinds import KINDS
from services.health.checks import Check, Look, Rule, all_of
from services.organisation.numbers import VALID, render

ORDERED = [kind.kind for kind in KINDS.values() if kind.is_ordered]
"""Kinds whose numbers follow their dates, as the law wants it."""
SLACK = dt.timedelta(minutes=1)
"""So far two computers' clocks may be apart, and one of them be set back, without a word."""

_TAKEN = """
    SELECT series_id, sequence_no, number FROM document WHERE series_id IS NOT NULL AND sequence_no IS NOT NULL
    UNION ALL SELECT series_id, sequence_no, number FROM payment
    """
_COUNTED = "SELECT (SELECT count(*) FROM document WHERE number IS NOT NULL) + (SELECT count(*) FROM payment)"

_GAPS = Rule(
    f"""
    SELECT s.kind, s.fiscal_year, b.code AS branch, t.number, t.sequence_no, t.before,
        CASE WHEN t.sequence_no > t.before THEN 'is followed by' ELSE 'is there twice, again as' END AS fault
    FROM (
        SELECT series_id, sequence_no, number,
            coalesce(lag(sequence_no) OVER (PARTITION BY series_id ORDER BY sequence_no, number), 0) AS before
        FROM ({_TAKEN}) n
    ) t LEFT JOIN number_series s ON s.id = t.series_id LEFT JOIN branch b ON b.id = s.branch_id
    WHERE t.sequence_no <> t.before + 1 ORDER BY t.series_id, t.sequence_no
    """,  # noqa: S608 - our own literals
    "{kind} {fiscal_year} of {branch}: no. {before} {fault} no. {sequence_no} ({number}).",
)
_TWICE = Rule(
    """
    SELECT kind AS what, number, count(*) AS times FROM document WHERE number IS NOT NULL
    GROUP BY registration_id, kind, fiscal_year, number HAVING count(*) > 1
    UNION ALL
    SELECT 'payment', number, count(*) FROM payment
    GROUP BY registration_id, fiscal_year, number HAVING count(*) > 1
    """,
    "{what} {number} is there {times} times.",
)
_COUNTERS = Rule(
    f"""
    SELECT s.kind, s.fiscal_year, b.code AS branch, s.next_no, coalesce(t.last, 0) + 1 AS expected
    FROM number_series s LEFT JOIN branch b ON b.id = s.branch_id
    LEFT JOIN (SELECT series_id, max(sequence_no) AS last FROM ({_TAKEN}) n GROUP BY series_id) t ON t.series_id = s.id
    WHERE s.next_no <> coalesce(t.last, 0) + 1 ORDER BY s.id
    """,  # noqa: S608 - our own literals
    "{kind} {fiscal_year} of {branch}: the counter stands at {next_no} and should at {expected}.",
)
_OTHER_SERIES = Rule(
    """
    SELECT d.kind || ' ' || d.number AS what, s.kind, s.fiscal_year FROM document d
    JOIN number_series s ON s.id = d.series_id
    WHERE s.kind <> d.kind OR s.fiscal_year <> d.fiscal_year OR s.registration_id <> d.registration_id
        OR s.branch_id <> d.branch_id
    UNION ALL
    SELECT 'payment ' || p.number, s.kind, s.fiscal_year FROM payment p JOIN number_series s ON s.id = p.series_id
    WHERE s.kind <> 'payment' OR s.fiscal_year <> p.fiscal_year OR s.registration_id <> p.registration_id
        OR s.branch_id <> p.branch_id
    """,
    "{what} is numbered in the series {kind} {fiscal_year}, which is not its own.",
)


def _last(column: InstrumentedAttribute[Any]) -> Over[Any]:
    """What stands in `column` of the document with the number before."""
    before = func.lag(column, type_=column.type)
    return before.over(partition_by=Document.series_id, order_by=Document.sequence_no)


def _out_of_order(look: Look) -> Iterator[str]:
    """I25. In a trial book the clock is set by hand, so there the dates alone count."""
    is_trial = bool(look.connection.scalar(select(Book.is_trial).limit(1)))
    before = (
        select(
            Document.kind,
            Document.number,
            Document.issued_on,
            Document.issued_at,
            _last(Document.number).label("last_number"),
            _last(Document.issued_on).label("last_on"),
            _last(Document.issued_at).label("last_at"),
        )
        .where(Document.series_id.is_not(None), Document.kind.in_(ORDERED))
        .subquery()
    )
    query = select(before).where((before.c.issued_on < before.c.last_on) | (before.c.issued_at < before.c.last_at))
    for row in look.rows(query):
        if row.issued_on < row.last_on:
            yield f"{row.kind} {row.number} of {row.issued_on} comes after {row.last_number} of {row.last_on}."
        elif not is_trial and row.last_at - row.issued_at > SLACK:
            yield f"{row.kind} {row.number}, issued {row.issued_at}, comes after {row.last_number}, issued {row.last_at}."


def _malformed(look: Look) -> Iterator[str]:
    """I26: at most 16 characters, and what a pattern that the series had gives for the number's place."""
    series = _series(look)
    for row in look.rows(_TAKEN):
        if row.number is None or not VALID.match(row.number):
            yield f"{row.number} is no valid number: at most 16 of A-Z 0-9 / -, not beginning with 0, / or -."
        elif row.number not in _possible(series.get(row.series_id, ()), row.sequence_no):
            yield f"{row.number} is not what the pattern of its series gives for no. {row.sequence_no}."


_Template = tuple[str, str, FiscalYear]


def _series(look: Look) -> dict[int, tuple[_Template, ...]]:
    """Series -> (pattern, branch code, year), for every pattern and code that the audit trail knows."""
    patterns, codes = _past(look, "number_series", "pattern"), _past(look, "branch", "code")
    query = select(NumberSeries.id, NumberSeries.pattern, NumberSeries.fiscal_year, Branch.id, Branch.code)
    found = {}
    for series_id, pattern, year, branch_id, code in look.rows(query.join(Branch, Branch.id == NumberSeries.branch_id)):
        found[series_id] = tuple(
            (one, name, FiscalYear(year))
            for one in dict.fromkeys([pattern, *patterns.get(series_id, ())])
            for name in dict.fromkeys([code, *codes.get(branch_id, ())])
        )
    return found


def _past(look: Look, table: str, field: str) -> dict[int, list[str]]:
    """Row -> values that a field has had, out of the audit trail."""
    sql = """
        SELECT h.row_id, v.changes FROM history h JOIN history_value v ON v.history_id = h.id
        WHERE h.table_name = :table ORDER BY h.row_id, h.id
        """
    past: dict[int, list[str]] = {}
    for row in look.rows(sql, table=table):
        past.setdefault(row.row_id, []).extend(value for value in json.loads(row.changes).get(field, ()) if value)
    return past


def _possible(templates: tuple[_Template, ...], number: int) -> Iterator[str]:
    for pattern, branch, year in templates:
        try:
            yield render(pattern, branch=branch, year=year, number=number)
        except InvalidValue:
            continue


CHECKS = (
    Check(
        "numbers_without_gap",
        ("I23",),
        "In each series the numbers run 1, 2, 3 and none is there twice",
        _COUNTED,
        all_of(_GAPS, _TWICE, _OTHER_SERIES),
    ),
    Check(
        "number_counters",
        ("I24",),
        "Each counter stands at the number that comes next",
        "SELECT count(*) FROM number_series",
        all_of(_COUNTERS),
    ),
    Check(
        "numbers_follow_dates",
        ("I25",),
        "Numbers follow dates and the time of issue",
        "SELECT count(*) FROM document WHERE sequence_no IS NOT NULL",
        _out_of_order,
    ),
    Check(
        "numbers_well_formed",
        ("I26",),
        "Each number is what its pattern gives (Rule 46(b), tax.md 1.1)",
        _COUNTED,
        _malformed,
    ),
)
