"""The file and its schema: pages, links, guards, tables, whole numbers, known currencies, clean text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, UniqueConstraint, inspect

from models import all as tables
from models import guards
from models.columns import Scaled
from models.values.money import EXPONENTS
from services.database import APPLICATION_ID
from services.health.checks import MOST, Check, Look, Rule, all_of

METADATA = tables.Base.metadata
_SEARCH_TABLES = {f"search_fts{end}" for end in ("", "_config", "_data", "_docsize", "_idx")}
_BESIDE_TABLES = {"alembic_version", *_SEARCH_TABLES}
"""Tables of a book that hold no record: the schema's revision, and the search index on SQLite."""
_BESIDE_INDEXES = {"ix_search_entry_trigrams"}
_UNCHECKED_TEXT = {"history", "history_value", "chain_head", "search_entry", "outbox", "command_run", "event"}
"""Made by the program from records, not typed by people."""


def _damaged(look: Look) -> Iterator[str]:
    """I34. PostgreSQL keeps its own pages; there it is the links that are asked."""
    if look.is_sqlite:
        pragma = f"PRAGMA {'integrity_check' if look.deep else 'quick_check'}({MOST})"
        for (text,) in look.connection.exec_driver_sql(pragma):
            if text != "ok":
                yield f"SQLite finds damage: {text}."
        mark = look.connection.exec_driver_sql("PRAGMA application_id").scalar()
        if mark != APPLICATION_ID:
            yield "The file is not marked as a book of Throughline."


def _loose_links(look: Look) -> Iterator[str]:
    """I34, I35: rows that point to a row which is not there."""
    if look.is_sqlite:
        for table, row_id, parent, _ in look.connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"{table} #{row_id} points to a row of {parent} that is not there."
        return
    yield from Rule(
        "SELECT conname AS name FROM pg_constraint WHERE contype = 'f' AND NOT convalidated ORDER BY conname",
        "The links of {name} were never proven.",
    ).broken(look)


_ONE_BOOK = Rule("SELECT count(*) AS times FROM book HAVING count(*) <> 1", "The book has {times} rows about itself.")
_ONE_SYSTEM = Rule(
    'SELECT count(*) AS times FROM "user" WHERE is_system HAVING count(*) <> 1',
    "The book has {times} users for what the program does by itself; there must be one.",
)


def _guards(look: Look) -> Iterator[str]:
    """I32, first half."""
    for name in guards.missing_triggers(look.connection):
        yield f"The guard {name} is missing or was altered."
    for name in guards.foreign_triggers(look.connection):
        yield f"The trigger {name} is not of this program."


def _schema(look: Look) -> Iterator[str]:
    """I32, second half: tables, columns, indexes and constraints as this program's own schema has them."""
    inspector = inspect(look.connection)
    present = {*inspector.get_table_names(), *inspector.get_view_names()}
    wanted = set(METADATA.tables)
    yield from (f"The table {name} is missing." for name in sorted(wanted - present))
    yield from (f"The table {name} is not of this program." for name in sorted(present - wanted - _BESIDE_TABLES))
    for name in sorted(wanted & present):
        yield from _columns(look, inspector.get_columns(name), METADATA.tables[name])
        yield from _indexes(inspector.get_indexes(name), METADATA.tables[name])
        yield from _constraints(inspector, METADATA.tables[name])


def _columns(look: Look, present: list[Any], table: Table) -> Iterator[str]:
    dialect = look.connection.dialect
    found = {one["name"]: (str(one["type"].compile(dialect)), not one["nullable"]) for one in present}
    wanted = {one.name: (str(one.type.compile(dialect)), not one.nullable) for one in table.columns}
    for name in sorted({*found, *wanted}):
        if name not in found:
            yield f"The column {table.name}.{name} is missing."
        elif name not in wanted:
            yield f"The column {table.name}.{name} is not of this program."
        elif found[name] != wanted[name]:
            yield f"The column {table.name}.{name} is {_declared(found[name])} and should be {_declared(wanted[name])}."


def _declared(column: tuple[str, bool]) -> str:
    return f"{column[0]}{' NOT NULL' if column[1] else ''}"


def _indexes(present: list[Any], table: Table) -> Iterator[str]:
    found = {
        one["name"]: (tuple(one["column_names"]), bool(one["unique"]))
        for one in present
        if not one.get("duplicates_constraint") and one["name"] not in _BESIDE_INDEXES
    }
    wanted = {str(one.name): (tuple(c.name for c in one.columns), bool(one.unique)) for one in table.indexes}
    for name in sorted({*found, *wanted}):
        if found.get(name) != wanted.get(name):
            yield f"The index {name} of {table.name} is missing, altered, or not of this program."


def _constraints(inspector: Any, table: Table) -> Iterator[str]:
    unique = {tuple(one["column_names"]) for one in inspector.get_unique_constraints(table.name)}
    for constraint in table.constraints:
        columns = (
            tuple(column.name for column in constraint.columns) if isinstance(constraint, UniqueConstraint) else ()
        )
        if columns and columns not in unique:
            yield f"{table.name} no longer keeps {', '.join(columns)} unique."
    links = {
        (tuple(one["constrained_columns"]), one["referred_table"]) for one in inspector.get_foreign_keys(table.name)
    }
    for link in table.foreign_key_constraints:
        if (tuple(link.column_keys), link.referred_table.name) not in links:
            yield f"{table.name}.{', '.join(link.column_keys)} no longer has to name a row of {link.referred_table.name}."


def _fractions(look: Look) -> Iterator[str]:
    """I15. SQLite stores what it is given; PostgreSQL's types hold by themselves."""
    if not look.is_sqlite:
        return
    for table in METADATA.sorted_tables:
        names = [column.name for column in table.columns if _is_whole(column)]
        wrong = " OR ".join(f"typeof({name}) NOT IN ('integer', 'null')" for name in names)
        which = " || ".join(
            f"CASE WHEN typeof({name}) NOT IN ('integer', 'null') THEN ' {name}' ELSE '' END" for name in names
        )
        if names:
            yield from Rule(
                f'SELECT rowid AS id, {which} AS columns FROM "{table.name}" WHERE {wrong} ORDER BY rowid',  # noqa: S608 - our own names
                f"{table.name} #{{id}}: no whole number in{{columns}}.",
            ).broken(look)


def _is_whole(column: Column[Any]) -> bool:
    return isinstance(column.type, Scaled | BigInteger | Integer | Boolean)


def _currencies(look: Look) -> Iterator[str]:
    """I15: codes of ISO 4217 that the book knows."""
    for table in METADATA.sorted_tables:
        for name in ("currency", "home_currency", "base_currency", "home"):
            column = table.columns.get(name)
            if column is not None and isinstance(column.type, String) and column.type.length == 3:
                sql = f'SELECT {name} AS code, count(*) AS times, min(id) AS first FROM "{table.name}" GROUP BY {name}'  # noqa: S608 - our own names
                for row in look.rows(sql):
                    if row.code not in EXPONENTS:
                        yield (
                            f"{table.name} #{row.first} is in {row.code!r}, which is no currency "
                            f"({row.times} rows have it)."
                        )


def _unclean(look: Look) -> Iterator[str]:
    """I37: no NUL and no control character in what people typed; line breaks and tabs only in long texts."""
    for table in METADATA.sorted_tables:
        if table.name in _UNCHECKED_TEXT:
            continue
        wrong = {column.name: _has_controls(look, column) for column in table.columns if _is_typed(column)}
        if wrong:
            which = " || ".join(f"CASE WHEN {one} THEN ' {name}' ELSE '' END" for name, one in wrong.items())
            sql = f'SELECT id, {which} AS columns FROM "{table.name}" WHERE {" OR ".join(wrong.values())} ORDER BY id'  # noqa: S608 - our own names
            values = {name: pattern for name, pattern in _patterns(look).items() if f":{name}" in sql}
            yield from Rule(sql, f"{table.name} #{{id}}: a control character in{{columns}}.", values).broken(look)


def _is_typed(column: Column[Any]) -> bool:
    """Plain text: no JSON and no choice, whose types see to it."""
    return isinstance(column.type, String)


def _has_controls(look: Look, column: Column[Any]) -> str:
    """SQL that is true where the column holds a control character. GLOB ends at a NUL, so that one is looked for."""
    is_short = isinstance(column.type, String) and (column.type.length or LONG) < LONG
    pattern = ":short" if is_short else ":long"
    if look.is_sqlite:
        return f"coalesce({column.name} GLOB {pattern} OR instr({column.name}, char(0)) > 0, 0)"
    return f"coalesce({column.name} ~ {pattern}, false)"


LONG = 500
"""From this length on a text may have lines (models/columns.py, Line and Long)."""


def _patterns(look: Look) -> dict[str, str]:
    if look.is_sqlite:
        return {"short": "*[\x01-\x1f\x7f-\x9f]*", "long": "*[\x01-\x08\x0b-\x1f\x7f-\x9f]*"}
    return {"short": r"[\u0001-\u001f\u007f-\u009f]", "long": r"[\u0001-\u0008\u000b-\u001f\u007f-\u009f]"}


CHECKS = (
    Check(
        "file_whole",
        ("I34",),
        "The database's own look at its pages; one row that says what the book is",
        "SELECT count(*) FROM book",
        all_of(_damaged, _ONE_BOOK, _ONE_SYSTEM),
    ),
    Check(
        "links_whole",
        ("I34", "I35"),
        "Every link leads to a row that is there",
        "SELECT count(*) FROM document_line",
        _loose_links,
    ),
    Check(
        "guards_present",
        ("I32",),
        "The guards of the database are as they were released, and no other trigger is there",
        "SELECT count(*) FROM book",
        _guards,
    ),
    Check(
        "schema_as_released",
        ("I32",),
        "Tables, columns, indexes and constraints are as they were released",
        "SELECT count(*) FROM alembic_version",
        _schema,
    ),
    Check(
        "numbers_whole",
        ("I15",),
        "Amounts, quantities and rates are stored as whole numbers",
        "SELECT count(*) FROM posting",
        _fractions,
    ),
    Check(
        "currencies_known",
        ("I15",),
        "Each currency is one of ISO 4217 that the book knows",
        "SELECT count(*) FROM document",
        _currencies,
    ),
    Check(
        "texts_clean",
        ("I37",),
        "No control characters in names and texts",
        "SELECT count(*) FROM customer",
        _unclean,
    ),
)
