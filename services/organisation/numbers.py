"""Numbers of documents: patterns, and the one place where a number is taken.

Taken only while a document is issued, in its transaction; a rollback gives it back, so series have no gaps
(product.md 11-13, reliability.md "The pattern for numbers and issuing"). Lock order: document, counter, chain head.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import Date, Update, bindparam, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from models.organisation import Branch, Company, NumberSeries
from models.values.period import FiscalYear, fiscal_year_start
from services.errors import Conflict, InvalidValue
from services.organisation.places import Place
from services.permissions import Action, Module, require
from services.store import Work

LONGEST = 16
VALID = re.compile(r"^[A-Z1-9][A-Z0-9/-]{0,15}$")
"""Rule 46(b) and the portal's folding to upper case (tax.md 1.1)."""
PREFIXES = {"invoice": "INV", "estimate": "EST", "payment": "RCT"}
_FIELD = re.compile(r"\{(YYYY|YY|YY-YY|BR|0+)\}")
_REST = re.compile(r"[A-Z0-9/-]*")


@dataclass(frozen=True, slots=True)
class Taken:
    series_id: int
    fiscal_year: int
    number: str
    sequence_no: int


def fiscal_year_of(company: Company, day: dt.date) -> FiscalYear:
    return FiscalYear.of(day, *fiscal_year_start(company.fiscal_year_start))


def render(pattern: str, *, branch: str, year: FiscalYear, number: int) -> str:
    """The number that `pattern` gives; too long for the law's 16 characters is refused."""
    values = {
        "YYYY": f"{year.year:04d}",
        "YY": f"{year.year % 100:02d}",
        "YY-YY": f"{year.year % 100:02d}-{(year.year + 1) % 100:02d}",
        "BR": branch,
    }
    result = _FIELD.sub(lambda m: values.get(m[1]) or str(number).zfill(len(m[1])), pattern)
    if not VALID.match(result):
        raise InvalidValue(
            f"The pattern {pattern} gives {result}, which is no valid number: at most {LONGEST} characters of "
            "A-Z 0-9 / -, not beginning with 0, / or -."
        )
    return result


def check_pattern(pattern: str) -> None:
    """A pattern has exactly one counter such as {0000}; the rest is A-Z 0-9 / - and {YYYY} {YY} {YY-YY} {BR}."""
    fields = _FIELD.findall(pattern)
    counters = [name for name in fields if set(name) == {"0"}]
    if len(counters) != 1 or not _REST.fullmatch(_FIELD.sub("", pattern)):
        raise InvalidValue(
            f"{pattern!r} is no pattern of numbers. Use A-Z 0-9 / - with {{YYYY}}, {{YY}}, {{YY-YY}} or {{BR}}, "
            "and one counter such as {0000}."
        )


def default_pattern(kind: str, year: FiscalYear, *, has_branches: bool) -> str:
    """product.md 13; the branch's code leads where a registration has several branches."""
    prefix = PREFIXES[kind]
    if has_branches:
        return f"{{BR}}-{prefix}-{{YY}}-{{0000}}" if year.is_calendar_year else f"{{BR}}-{prefix}/{{YY}}/{{00000}}"
    return f"{prefix}-{{YYYY}}-{{0000}}" if year.is_calendar_year else f"{prefix}/{{YY-YY}}/{{00000}}"


def take(work: Work, place: Place, kind: str, on: dt.date, *, is_ordered: bool = True) -> Taken:
    """The next number of the branch's series for the fiscal year of `on`.

    `is_ordered`: a day before that of the series' last number is refused, as the law wants it of invoices. Receipts
    are entered when they are found, so theirs may go back.
    """
    year = fiscal_year_of(place.company, on)
    row = _count(work, place.branch, kind, year, on, is_ordered=is_ordered)
    if row is None:
        _start(work, place, kind, year)
        row = _count(work, place.branch, kind, year, on, is_ordered=is_ordered)
    if row is None:
        raise Conflict(_too_early(work, place.branch, kind, year, on))
    series_id, next_no, pattern = row
    number = render(pattern, branch=place.branch.code, year=year, number=next_no - 1)
    return Taken(series_id, year.year, number, next_no - 1)


def _counting(*, is_ordered: bool) -> Update:
    """The statement that takes a number; built once, for it runs in every issue."""
    day = bindparam("day", type_=Date)
    in_order = or_(NumberSeries.last_issued_on.is_(None), NumberSeries.last_issued_on <= day)
    latest = case((in_order, day), else_=NumberSeries.last_issued_on)
    statement = update(NumberSeries).where(
        NumberSeries.registration_id == bindparam("registration"),
        NumberSeries.branch_id == bindparam("branch"),
        NumberSeries.kind == bindparam("series"),
        NumberSeries.fiscal_year == bindparam("year"),
    )
    if is_ordered:
        statement = statement.where(in_order)
    return statement.values(next_no=NumberSeries.next_no + 1, last_issued_on=latest).returning(
        NumberSeries.id, NumberSeries.next_no, NumberSeries.pattern
    )


_COUNTING = {is_ordered: _counting(is_ordered=is_ordered) for is_ordered in (False, True)}


def _count(
    work: Work, branch: Branch, kind: str, year: FiscalYear, on: dt.date, *, is_ordered: bool
) -> tuple[int, int, str] | None:
    values = {
        "registration": branch.registration_id,
        "branch": branch.id,
        "series": kind,
        "year": year.year,
        "day": on,
    }
    row = work.session.connection().execute(_COUNTING[is_ordered], values).first()
    return None if row is None else (row[0], row[1], row[2])


def _start(work: Work, place: Place, kind: str, year: FiscalYear) -> None:
    """Open the series of a new fiscal year with last year's pattern; two writers at once open it once."""
    branch = place.branch
    values = {
        "company_id": place.company.id,
        "registration_id": branch.registration_id,
        "branch_id": branch.id,
        "kind": kind,
        "fiscal_year": year.year,
        "pattern": _pattern_for(work, branch, kind, year),
        "next_no": 1,
    }
    connection = work.session.connection()
    dialect_insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    statement = dialect_insert(NumberSeries).values(values).on_conflict_do_nothing().returning(NumberSeries.id)
    series_id = connection.execute(statement).scalar()
    if series_id is not None:
        kept = {name: value for name, value in values.items() if name != "next_no"}
        work.pending.created(NumberSeries.__tablename__, series_id, kept)
        work.topics.add(NumberSeries.topic)


def _pattern_for(work: Work, branch: Branch, kind: str, year: FiscalYear) -> str:
    earlier = work.session.scalar(
        select(NumberSeries.pattern)
        .where(NumberSeries.branch_id == branch.id, NumberSeries.kind == kind)
        .where(NumberSeries.registration_id == branch.registration_id)
        .order_by(NumberSeries.fiscal_year.desc())
        .limit(1)
    )
    if earlier is not None:
        return earlier
    siblings = work.session.scalar(
        select(func.count()).select_from(Branch).where(Branch.registration_id == branch.registration_id)
    )
    taken = set(
        work.session.scalars(
            select(NumberSeries.pattern).where(
                NumberSeries.registration_id == branch.registration_id, NumberSeries.kind == kind
            )
        )
    )
    plain = default_pattern(kind, year, has_branches=False)
    alone = (siblings or 0) < 2 and plain not in taken
    return plain if alone else default_pattern(kind, year, has_branches=True)


def _too_early(work: Work, branch: Branch, kind: str, year: FiscalYear, on: dt.date) -> str:
    last = (
        work.session.connection()
        .execute(
            select(NumberSeries.last_issued_on).where(
                NumberSeries.registration_id == branch.registration_id,
                NumberSeries.branch_id == branch.id,
                NumberSeries.kind == kind,
                NumberSeries.fiscal_year == year.year,
            )
        )
        .scalar()
    )
    return (
        f"The date {on} is before {last}, the date of the last number of this series. "
        f"Numbers follow the dates: use {last} or later."
    )


def set_pattern(work: Work, place: Place, kind: str, pattern: str, on: dt.date) -> int:
    """The pattern of a branch's series from now on; answers the series' id. One that could collide with a sibling's is refused."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    if kind not in PREFIXES:
        raise InvalidValue(f"There are series for {', '.join(PREFIXES)}, not for {kind!r}.")
    check_pattern(pattern)
    year = fiscal_year_of(place.company, on)
    render(pattern, branch=place.branch.code, year=year, number=99_999)
    same = work.session.scalars(
        select(NumberSeries).where(
            NumberSeries.registration_id == place.branch.registration_id, NumberSeries.kind == kind
        )
    ).all()
    for series in same:
        other = work.session.get_one(Branch, series.branch_id)
        if other.id != place.branch.id and _may_collide(
            _around(series.pattern, other.code, year), _around(pattern, place.branch.code, year)
        ):
            raise InvalidValue(f"Branch {other.code} numbers with {series.pattern}; the two would collide. Add {{BR}}.")
    mine = [s for s in same if s.branch_id == place.branch.id and s.fiscal_year == year.year]
    if mine:
        mine[0].pattern = pattern
        return mine[0].id
    series = NumberSeries(
        company_id=place.company.id,
        registration_id=place.branch.registration_id,
        branch_id=place.branch.id,
        kind=kind,
        fiscal_year=year.year,
        pattern=pattern,
        next_no=1,
    )
    work.session.add(series)
    work.session.flush()
    return series.id


def _around(pattern: str, branch: str, year: FiscalYear) -> tuple[str, str]:
    """What stands before and after the counter, branch and year filled in."""
    before, after = re.split(r"\{0+\}", pattern, maxsplit=1)
    values = {"YYYY": f"{year.year:04d}", "YY": f"{year.year % 100:02d}", "BR": branch}
    values["YY-YY"] = f"{values['YY']}-{(year.year + 1) % 100:02d}"
    return _FIELD.sub(lambda m: values[m[1]], before), _FIELD.sub(lambda m: values[m[1]], after)


def _may_collide(one: tuple[str, str], two: tuple[str, str]) -> bool:
    """Whether some number of one could read like one of the other: INV-# gives INV-1001 as INV-1# does."""
    short, long = sorted((one[0], two[0]), key=len)
    begins_alike = long.startswith(short) and (long == short or long[len(short) :].isdigit())
    short, long = sorted((one[1], two[1]), key=len)
    ends_alike = long.endswith(short) and (long == short or long[: len(long) - len(short)].isdigit())
    return begins_alike and ends_alike
