"""Rows by thousands into one table. On SQLite the values are made column by column, which takes half the time.

The layer below SQLAlchemy's own executemany, for services/store.py, history.py and search/index.py alone: nothing
here keeps history.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Connection, Dialect, LargeBinary, insert, inspect

from models.base import Base
from models.columns import Choice, UtcDateTime

FEW = 20
Process = Callable[[Any], Any]


def insert_rows(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns. What is left out gets its default, as with SQLAlchemy's insert."""
    names = list(rows[0]) if rows else []
    if connection.dialect.name != "sqlite" or len(rows) < FEW or _needs_defaults(table, names):
        if rows:
            connection.execute(insert(table), rows)
        return
    insert_columns(connection, table, {name: list(map(itemgetter(name), rows)) for name in names}, {})


def insert_columns(
    connection: Connection, table: type[Base], columns: Mapping[str, Sequence[Any]], same: Mapping[str, Any]
) -> None:
    """Insert rows given column by column; `same` has the columns whose value is the same in all of them."""
    dialect = connection.dialect
    if dialect.name != "sqlite":
        names = list(columns)
        rows = [{**dict(zip(names, row, strict=True)), **same} for row in zip(*columns.values(), strict=True)]
        connection.execute(insert(table), rows)
        return
    compiled = insert(table).compile(dialect=dialect, column_keys=[*columns, *same])
    values: list[Iterable[Any]] = []
    length = len(next(iter(columns.values())))
    for name in compiled.positiontup or [*columns, *same]:
        process = _process(table, name, dialect)
        if name in same:
            values.append(repeat(process(same[name]) if process else same[name], length))
        else:
            values.append(map(process, columns[name]) if process else columns[name])
    connection.exec_driver_sql(str(compiled), list(zip(*values, strict=True)))


def _process(table: type[Base], name: str, dialect: Dialect) -> Process | None:
    """What makes a value of the column one that SQLite's driver takes; nothing where it takes the value as it is."""
    kind = inspect(table).columns[name].type
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None or isinstance(kind, LargeBinary):
        return None
    return _remembering(process) if isinstance(kind, Choice | UtcDateTime | Boolean) else process


def _remembering(process: Process) -> Process:
    """For columns with few different values in many rows."""
    known: dict[Any, Any] = {}

    def remembered(value: Any) -> Any:
        if value not in known:
            known[value] = process(value)
        return known[value]

    return remembered


def _needs_defaults(table: type[Base], names: Sequence[str]) -> bool:
    """Whether a column that is left out has a default that Python gives."""
    return any(column.default is not None and column.key not in names for column in inspect(table).columns)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of small values are made and none in a circle: looking for circles took a sixth of an import's time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
