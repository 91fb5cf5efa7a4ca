"""Field history: what a unit of work changed, gathered at each flush and chained by hash at its end.

The chain covers, for each row in order of `id`, sha256(previous hash | the row's facts | digest of its values), so
that a changed, removed or inserted row breaks every hash after it (invariants I28 and I29).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, inspect, select, update
from sqlalchemy.orm import InstanceState

from models.base import Entity
from models.columns import canonical_json
from models.history import ChainHead, History, HistoryValue

GENESIS = hashlib.sha256(b"throughline history").digest()
SALT_BYTES = 16

Changes = dict[str, list[Any]]


@dataclass(slots=True)
class Change:
    """What happened to one row in this unit of work. `values` maps field -> [old, new]."""

    action: str
    values: Changes


@dataclass(slots=True)
class Pending:
    """Changes by (table, row id), in the order in which the rows were first touched."""

    rows: dict[tuple[str, int], Change] = field(default_factory=dict)

    def created(self, table: str, row_id: int, values: Mapping[str, Any]) -> None:
        self.rows[table, row_id] = Change("insert", {name: [None, value] for name, value in values.items()})

    def changed(self, table: str, row_id: int, values: Changes) -> None:
        known = self.rows.get((table, row_id))
        if known is None:
            self.rows[table, row_id] = Change("update", values)
            return
        for name, (old, new) in values.items():
            first = known.values[name][0] if name in known.values else old
            known.values[name] = [first, new]

    def deleted(self, table: str, row_id: int, values: Mapping[str, Any]) -> None:
        known = self.rows.pop((table, row_id), None)
        if known is not None and known.action == "insert":
            return
        old = dict(values)
        if known is not None:
            old |= {name: pair[0] for name, pair in known.values.items()}
        self.rows[table, row_id] = Change("delete", {name: [value, None] for name, value in old.items()})


def gather(pending: Pending, new: Iterable[Any], dirty: Iterable[Any], deleted: Iterable[Any]) -> None:
    """Take what a flush is about to forget. Called inside `after_flush`, while old values are still known."""
    for entity in new:
        if _is_tracked(entity):
            pending.created(entity.__tablename__, entity.id, _values(entity))
    for entity in dirty:
        if _is_tracked(entity) and (values := _differences(entity)):
            pending.changed(entity.__tablename__, entity.id, values)
    for entity in deleted:
        if _is_tracked(entity):
            pending.deleted(entity.__tablename__, entity.id, _values(entity))


def plain(value: Any) -> Any:
    """A column's value as history keeps it: JSON types, decimals and dates as text."""
    if value is None or isinstance(value, int | str | list | dict):
        return str(value) if type(value) is not str and isinstance(value, str) else value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"history cannot keep a {type(value).__name__}")


def tracked_fields(table: type[Entity]) -> tuple[str, ...]:
    """The columns whose changes are kept: all but the key and the version, which the chain's order tells."""
    known = _FIELDS.get(table)
    if known is None:
        known = tuple(c.key for c in inspect(table).column_attrs if c.key not in {"id", "version", *table.untracked})
        _FIELDS[table] = known
    return known


_FIELDS: dict[type[Entity], tuple[str, ...]] = {}


def _is_tracked(entity: object) -> bool:
    return isinstance(entity, Entity) and entity.is_tracked


def _values(entity: Entity) -> dict[str, Any]:
    loaded = entity.__dict__
    return {name: plain(loaded[name]) for name in tracked_fields(type(entity)) if loaded.get(name) is not None}


def _differences(entity: Entity) -> Changes:
    state: InstanceState[Any] = inspect(entity)
    fields = tracked_fields(type(entity))
    loaded = entity.__dict__
    result: Changes = {}
    for name, old in state.committed_state.items():
        if name in fields:
            before, after = plain(old), plain(loaded[name])
            if before != after:
                result[name] = [before, after]
    return result


def link(previous: bytes, row_id: int, facts: str, digest: bytes) -> bytes:
    """The hash of one row of the chain. `facts` is the text of `facts_of`."""
    return hashlib.sha256(b"%b|%d|%b|%b" % (previous, row_id, facts.encode(), digest)).digest()


def facts_of(at: dt.datetime, actor_id: int, batch: str | None, table: str, row_id: int, action: str) -> str:
    return f"{at.astimezone(dt.UTC).isoformat()}|{actor_id}|{batch or ''}|{table}|{row_id}|{action}"


def digest_of(salt: bytes, changes: str) -> bytes:
    return hashlib.sha256(salt + changes.encode()).digest()


def write(connection: Connection, pending: Pending, *, at: dt.datetime, actor_id: int, batch: str | None) -> int:
    """Chain the gathered changes behind the head, which is locked from here to the commit; answers how many."""
    changes = [(key, change) for key, change in pending.rows.items() if change.action != "update" or change.values]
    if not changes:
        return 0
    head_id, previous = connection.execute(
        select(ChainHead.last_id, ChainHead.hash).where(ChainHead.id == 1).with_for_update()
    ).one()
    salts = os.urandom(SALT_BYTES * len(changes))
    rows, values = [], []
    for number, ((table, row_id), change) in enumerate(changes):
        history_id = head_id + number + 1
        salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
        text = canonical_json(change.values)
        digest = digest_of(salt, text)
        previous = link(previous, history_id, facts_of(at, actor_id, batch, table, row_id, change.action), digest)
        rows.append(
            {
                "id": history_id,
                "at": at,
                "actor_id": actor_id,
                "batch": batch,
                "table_name": table,
                "row_id": row_id,
                "action": change.action,
                "digest": digest,
                "hash": previous,
            }
        )
        values.append({"history_id": history_id, "salt": salt, "changes": text})
    connection.execute(insert(History), rows)
    connection.execute(insert(HistoryValue), values)
    connection.execute(update(ChainHead).where(ChainHead.id == 1), {"last_id": head_id + len(rows), "hash": previous})
    pending.rows.clear()
    return len(rows)
