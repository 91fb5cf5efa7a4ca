"""Rows by thousands into one table. On SQLite the values are made column by column, which takes half the time.

The layer below SQLAlchemy's own executemany, for services/store.py, history.py and search/index.py alone: nothing
here keeps history.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, insert, inspect

from models.base import Base

FEW = 20


def insert_rows(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns. What is left out gets its default, as with SQLAlchemy's insert."""
    names = list(rows[0]) if rows else []
    if connection.dialect.name != "sqlite" or len(rows) < FEW or _needs_defaults(table, names):
        if rows:
            connection.execute(insert(table), rows)
        return
    dialect = connection.dialect
    compiled = insert(table).compile(dialect=dialect, column_keys=names)
    columns = inspect(table).columns
    values = []
    for name in compiled.positiontup or names:
        process = columns[name].type.dialect_impl(dialect).bind_processor(dialect)
        column = map(itemgetter(name), rows)
        values.append(map(process, column) if process is not None else column)
    connection.exec_driver_sql(str(compiled), list(zip(*values, strict=True)))


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
