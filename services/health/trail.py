"""The audit trail: whole, complete, by people whom the book knows, and equal to the present rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Hashable, Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Date, select, type_coerce
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from models import all as tables
from models.base import Entity
from models.columns import Scaled, UtcDateTime
from models.history import History, HistoryValue
from models.values.decimals import scaled
from models.values.errors import InvalidValue
from services import chain, history
from services.health.checks import Check, Look, Rule, all_of


def tracked() -> list[type[Entity]]:
    """Every table whose changes are kept, by name."""
    mappers = tables.Base.registry.mappers
    found = [one.class_ for one in mappers if issubclass(one.class_, Entity) and one.class_.is_tracked]
    return sorted(found, key=lambda table: table.__tablename__)


def _broken(look: Look) -> Iterator[str]:
    yield from chain.broken_links(look.connection)


_VALUES_MISSING = Rule(
    """
    SELECT h.id, h.action, h.table_name, h.row_id FROM history h LEFT JOIN history_value v ON v.history_id = h.id
    WHERE v.history_id IS NULL ORDER BY h.id
    """,
    "history {id} ({action} of {table_name} {row_id}): its values are gone.",
)


def _without_history(look: Look) -> Iterator[str]:
    """I31: rows that no unit of work made."""
    for table in tracked():
        name = table.__tablename__
        rule = Rule(
            f"""
            SELECT t.id FROM "{name}" t WHERE NOT EXISTS (SELECT 1 FROM history h
                WHERE h.table_name = :name AND h.row_id = t.id AND h.action = 'insert') ORDER BY t.id
            """,  # noqa: S608 - our own literals
            f"{name} #{{id}} is not in the audit trail.",
            {"name": name},
        )
        yield from rule.broken(look)


def _gone(look: Look) -> Iterator[str]:
    """I31: rows that the trail knows and nobody deleted, but that are no longer there."""
    for table in tracked():
        name = table.__tablename__
        rule = Rule(
            f"""
            SELECT g.row_id FROM (
                SELECT row_id, max(id) AS last FROM history WHERE table_name = :name GROUP BY row_id
            ) g JOIN history h ON h.id = g.last
            WHERE NOT EXISTS (SELECT 1 FROM "{name}" t WHERE t.id = g.row_id) AND h.action <> 'delete'
            ORDER BY g.row_id
            """,  # noqa: S608 - our own literals
            f"{name} #{{row_id}} was removed around the program.",
            {"name": name},
        )
        yield from rule.broken(look)


_UNKNOWN_ACTORS = tuple(
    Rule(
        f"""
        SELECT x.actor_id, x.times, x.first FROM (
            SELECT actor_id, count(*) AS times, min(id) AS first FROM {table} GROUP BY actor_id
        ) x WHERE NOT EXISTS (SELECT 1 FROM "user" u WHERE u.id = x.actor_id) ORDER BY x.first
        """,  # noqa: S608 - our own literals
        f"{table}: {{times}} rows, the first #{{first}}, are by user #{{actor_id}}, whom the book does not know.",
    )
    for table in ("history", "event", "import_batch")
)


def _differs_from_history(look: Look) -> Iterator[str]:
    """I30: each present row equals what its history, replayed, comes to."""
    for table in tracked():
        yield from _replayed(look, table)


def _replayed(look: Look, table: type[Entity]) -> Iterator[str]:
    """Both sides in the order of the rows' ids, side by side; values as the database gives them."""
    name, fields = table.__tablename__, history.tracked_fields(table)
    columns = [getattr(table, field) for field in fields]
    kinds = [column.type for column in columns]
    stored = [type_coerce(column, NullType) for column in columns]
    past = _states(look, name)
    state = next(past, None)
    for row_id, *present in look.rows(select(table.id, *stored).order_by(table.id)):
        while state is not None and state[0] < row_id:
            state = next(past, None)
        if state is None or state[0] != row_id:
            continue
        values = state[1]
        if values is None:
            yield f"{name} #{row_id} is there, though its last history row deletes it."
            continue
        wrong = [
            field
            for field, kind, raw in zip(fields, kinds, present, strict=True)
            if (kept := values.get(field)) != raw and not _same(kept, raw, kind)
        ]
        if wrong:
            yield f"{name} #{row_id}: {', '.join(wrong)} changed around the program, without history."


_State = tuple[int, dict[str, Any] | None]


def _states(look: Look, name: str) -> Iterator[_State]:
    """(row id, last values by field, or None where the row was deleted); rows with erased values are left out."""
    query = (
        select(History.row_id, History.action, HistoryValue.changes)
        .outerjoin(HistoryValue, HistoryValue.history_id == History.id)
        .where(History.table_name == name)
        .order_by(History.row_id, History.id)
    )
    for row_id, changes in groupby(look.rows(query), key=lambda row: row[0]):
        values: dict[str, Any] | None = {}
        is_known = True
        for _, action, text in changes:
            if text is None:
                is_known = False
            elif action == "delete":
                values = None
            elif action == "insert" or values is None:
                values = {field: pair[1] for field, pair in json.loads(text).items()}
            else:
                values.update((field, pair[1]) for field, pair in json.loads(text).items())
        if is_known:
            yield row_id, values


def _same(kept: Any, raw: Any, kind: TypeEngine[Any]) -> bool:
    """Whether history and row tell one value; 3.00 and 3 are one decimal."""
    if kept is None or raw is None:
        return False
    if isinstance(kind, Scaled):
        return raw == _scaled(str(kept), kind.scale) and isinstance(raw, int)
    return bool(_plain(raw, kind) == kept)


@lru_cache(maxsize=50_000)
def _scaled(text: str, scale: int) -> int | None:
    try:
        return scaled(Decimal(text), scale)
    except (InvalidOperation, InvalidValue):
        return None


@lru_cache(maxsize=50_000)
def _plain(raw: Hashable, kind: TypeEngine[Any]) -> Any:
    """What the history keeps for a value as it lies in the database."""
    if isinstance(kind, UtcDateTime) and isinstance(raw, str):
        raw = dt.datetime.fromisoformat(raw)
    if isinstance(kind, Date) and isinstance(raw, str):
        return raw
    typed = kind.process_result_value(raw, _DIALECT) if isinstance(kind, TypeDecorator) else raw
    return history.plain(typed)


_DIALECT = DefaultDialect()

_HISTORY = "SELECT count(*) FROM history"

CHECKS = (
    Check(
        "history_chain",
        ("I28", "I29"),
        "The audit trail is whole: each row fits the one before it, up to the head",
        _HISTORY,
        all_of(_broken, _VALUES_MISSING),
    ),
    Check(
        "rows_have_history",
        ("I31",),
        "Each record came and went with history",
        "SELECT count(*) FROM history WHERE action = 'insert'",
        all_of(_without_history, _gone),
    ),
    Check(
        "actors_known",
        ("I33",),
        "Whatever happened was done by somebody whom the book knows",
        _HISTORY,
        all_of(*_UNKNOWN_ACTORS),
    ),
    Check(
        "history_replays",
        ("I30", "I31"),
        "Each record is what its history comes to",
        _HISTORY,
        _differs_from_history,
        is_deep=True,
    ),
)
