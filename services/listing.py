"""Lists: which columns a record shows, and how they are filtered, sorted, counted and paged in SQL.

One `Listing` serves the command line, the export and the window's table. Filters and sorts name its columns; anything
else is refused, so no text of a person ever becomes SQL.
"""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    SQLColumnExpression,
    String,
    and_,
    cast,
    false,
    func,
    literal,
    not_,
    select,
)

from models.base import Entity
from models.columns import Choice
from models.values.errors import InvalidValue, WrongUse
from models.values.money import EXPONENTS, LARGEST_MINOR, Money
from models.values.text import clean, folded
from services.drafts import nearest
from services.permissions import Action, Module, require
from services.store import Work

Expression = Callable[[Work], SQLColumnExpression[Any]]
PAGE = 100
LONGEST_TEXT = 1_000


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    DECIMAL = "decimal"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Column:
    """`expression` gives the SQL of the value; a money column names the column that holds its currency."""

    name: str
    kind: Kind
    expression: Expression
    currency: str = "currency"
    fold: Expression | None = None
    """For a text column: SQL of its folded form, by which it is sorted and searched."""


@dataclass(frozen=True, slots=True)
class Listing:
    name: str
    """Plural, as the command line calls it: customers, invoices."""
    kind: str
    """Singular, as JSON calls it: customer, invoice."""
    module: Module
    table: type[Entity]
    columns: tuple[Column, ...]
    source: FromClause
    visible: Callable[[Work], ColumnElement[bool]]
    sort: str
    """Default order, such as "-issued_on"."""

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise WrongUse(f"The list {self.name} has no column {name}.{nearest(name, names)}")


@dataclass(frozen=True, slots=True)
class Condition:
    column: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants of a list: conditions joined by "and", one sort column, how many rows (0 = all)."""

    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    limit: int = 50
    offset: int = 0


_CONDITION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*$", re.DOTALL)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


def conditions(text: str) -> tuple[Condition, ...]:
    """`status = overdue and customer ~ acme`; a value with " and " in it stands in double quotes."""
    result = []
    for part in _split(text):
        match = _CONDITION.match(part)
        if match is None:
            raise WrongUse(f"{part.strip()!r} is no condition. Write FIELD = VALUE with one of = != < <= > >= ~.")
        name, operator, value = match.groups()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        result.append(Condition(name, operator, value))
    return tuple(result)


def _split(text: str) -> list[str]:
    """Parts between the "and"s that stand outside quotes."""
    if not text.strip():
        return []
    quoted = [(m.start(), m.end()) for m in re.finditer(r'"[^"]*"', text)]
    parts, start = [], 0
    for match in _AND.finditer(text):
        if not any(a <= match.start() < b for a, b in quoted):
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def count(work: Work, listing: Listing, asked: Asked) -> int:
    require(work, listing.module, Action.VIEW)
    query = select(func.count()).select_from(listing.source).where(*_where(work, listing, asked))
    return work.session.scalar(query) or 0


def rows(work: Work, listing: Listing, asked: Asked) -> list[dict[str, Any]]:
    """The rows that were asked for, as JSON values: amounts as text with the currency's decimals, dates ISO."""
    require(work, listing.module, Action.VIEW)
    query = _columns(work, listing).where(*_where(work, listing, asked))
    query = query.order_by(*_order(work, listing, asked.sort or listing.sort))
    if asked.limit:
        query = query.limit(asked.limit)
    if asked.offset:
        query = query.offset(asked.offset)
    return [_json(listing, row._asdict()) for row in work.session.execute(query)]


def ids(work: Work, listing: Listing, asked: Asked) -> array[int]:
    """Every matching id in order: what a table holds while it loads the rows that are painted."""
    require(work, listing.module, Action.VIEW)
    query = select(listing.table.id).select_from(listing.source).where(*_where(work, listing, asked))
    query = query.order_by(*_order(work, listing, asked.sort or listing.sort))
    return array("q", work.session.scalars(query))


def page(work: Work, listing: Listing, wanted: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The rows of at most some hundred ids."""
    require(work, listing.module, Action.VIEW)
    query = _columns(work, listing).where(listing.table.id.in_(wanted), listing.visible(work))
    return {row.id: _json(listing, row._asdict()) for row in work.session.execute(query)}


def _columns(work: Work, listing: Listing) -> Select[*tuple[Any, ...]]:
    labelled: list[Any] = [column.expression(work).label(column.name) for column in listing.columns]
    return select(listing.table.id.label("id"), *labelled).select_from(listing.source)


def _where(work: Work, listing: Listing, asked: Asked) -> list[ColumnElement[bool]]:
    return [listing.visible(work), *(_condition(work, listing, condition) for condition in asked.conditions)]


def _order(work: Work, listing: Listing, sort: str) -> list[SQLColumnExpression[Any]]:
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    column = listing.column(name) if name != "id" else None
    key = listing.table.id
    if column is None:
        return [key.desc() if descending else key.asc()]
    expression = (column.fold or column.expression)(work)
    return [expression.desc(), key.desc()] if descending else [expression.asc(), key.asc()]


def _condition(work: Work, listing: Listing, condition: Condition) -> ColumnElement[bool]:
    if condition.column == "id":
        return _compare(listing.table.id, condition.operator, _whole(condition.value, "id"))
    column = listing.column(condition.column)
    expression = column.expression(work)
    if condition.value in {"", "null"} and condition.operator in {"=", "!="}:
        empty: ColumnElement[bool] = expression.is_(None)
        if column.kind in {Kind.TEXT, Kind.CHOICE} and not _choices(expression):
            empty = empty | (expression == "")
        return empty if condition.operator == "=" else not_(empty)
    if condition.operator == "~":
        if column.kind not in {Kind.TEXT, Kind.CHOICE}:
            raise WrongUse(f"{column.name} is no text, so ~ cannot search in it.")
        return _holds(work, column, condition.value)
    if column.kind is Kind.MONEY:
        return _money_condition(work, listing, column, condition)
    value = _typed(column, expression, condition.value)
    result = _compare(expression, condition.operator, value)
    return result | expression.is_(None) if condition.operator == "!=" else result


def _holds(work: Work, column: Column, value: str) -> ColumnElement[bool]:
    value = _text(value, column.name)
    if column.fold is not None:
        return column.fold(work).contains(folded(value), autoescape=True)
    return cast(column.expression(work), String).icontains(value, autoescape=True)


def _compare(left: Any, operator: str, right: Any) -> ColumnElement[bool]:
    comparisons: Mapping[str, Callable[[], Any]] = {
        "=": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }
    if operator not in comparisons:
        raise WrongUse(f"{operator} cannot be used here.")
    result: ColumnElement[bool] = comparisons[operator]()
    return result


def _money_condition(work: Work, listing: Listing, column: Column, condition: Condition) -> ColumnElement[bool]:
    """Compare minor units: the amount that was typed counts in each row's own currency."""
    amount = _decimal(condition.value, column.name)
    if abs(amount) > LARGEST_MINOR:
        raise InvalidValue(f"{column.name}: {condition.value} is larger than any amount of the book.")
    currency = listing.column(column.currency).expression(work)
    expression = column.expression(work)
    by_decimals = []
    for digits in (0, 2, 3):
        codes = [code for code, places in EXPONENTS.items() if places == digits]
        minor = amount.scaleb(digits)
        by_decimals.append(and_(currency.in_(codes), _compare_minor(expression, condition.operator, minor)))
    result: ColumnElement[bool] = by_decimals[0]
    for part in by_decimals[1:]:
        result = result | part
    return result


def _compare_minor(minor_units: Any, operator: str, asked: Decimal) -> ColumnElement[bool]:
    """Whole minor units against what was typed, which may lie between two of them (1500.5 yen)."""
    below = int(asked.to_integral_value(ROUND_FLOOR))
    if below == asked:
        return _compare(minor_units, operator, _big(below))
    if operator in {"=", "!="}:
        return false() if operator == "=" else minor_units.is_not(None)
    return _compare(minor_units, "<=" if operator in {"<", "<="} else ">", _big(below))


def _big(number: int) -> ColumnElement[int]:
    return literal(number, BigInteger)


def _text(value: str, name: str) -> str:
    return clean(value, what=name, limit=LONGEST_TEXT, lines=True)


def _choices(expression: SQLColumnExpression[Any]) -> list[str]:
    """The codes that a column of choices holds; none for a column of any other type."""
    kind = getattr(expression, "type", None)
    return [str(choice.value) for choice in kind.choices] if isinstance(kind, Choice) else []


def _typed(column: Column, expression: SQLColumnExpression[Any], value: str) -> Any:
    known = _choices(expression)
    if known:
        if value not in known:
            raise InvalidValue(f"{column.name} is one of {', '.join(known)}, not {value!r}.{nearest(value, known)}")
        return value
    if column.kind in {Kind.TEXT, Kind.CHOICE}:
        return _text(value, column.name)
    if column.kind is Kind.INTEGER:
        return _whole(value, column.name)
    if column.kind is Kind.BOOLEAN:
        if value.lower() not in {"true", "false"}:
            raise InvalidValue(f"{column.name} is true or false, not {value!r}.")
        return value.lower() == "true"
    if column.kind is Kind.DECIMAL:
        return _decimal(value, column.name)
    try:
        if column.kind is Kind.DATE:
            return dt.date.fromisoformat(value)
        moment = dt.datetime.fromisoformat(value)
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise InvalidValue(f"{column.name}: {value!r} is not a date. Write it as 2026-03-31.") from None


def _whole(value: str, name: str) -> ColumnElement[int]:
    try:
        number = int(value)
    except ValueError:
        raise InvalidValue(f"{name} is a whole number, not {value!r}.") from None
    if abs(number) >= 2**63:
        raise InvalidValue(f"{name}: {value} is too large.")
    return _big(number)


def _decimal(value: str, name: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidValue(f"{name} is a number with a point, not {value!r}.") from None
    if not number.is_finite():
        raise InvalidValue(f"{name} is a number with a point, not {value!r}.")
    return number


def _json(listing: Listing, row: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"id": row["id"], "kind": listing.kind, "number": row.get("number", row.get("code"))}
    for column in listing.columns:
        result[column.name] = json_value(column, row[column.name], row)
    return result


def json_value(column: Column, value: Any, row: Mapping[str, Any]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if column.kind is Kind.MONEY:
        currency = row[column.currency]
        return str(Money(int(value), currency)) if currency else str(value)
    if column.kind is Kind.DECIMAL:
        return f"{value:f}"
    if column.kind is Kind.BOOLEAN:
        return bool(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
