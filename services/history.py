"""Field history: what a unit of work changed, gathered at each flush and chained by hash at its end.

The chain covers, for each row in order of `id`, sha256(previous hash | the row's facts | digest of its values), so
that a changed, removed or inserted row breaks every hash after it (invariants I28 and I29).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.orm import InstanceState

from models.base import Entity
from models.columns import canonical_json
from models.history import ChainHead, History, HistoryValue
from services.bulk import insert_columns

GENESIS = hashlib.sha256(b"throughline history").digest()
SALT_BYTES = 16
BLOCK_ROWS = 5_000
SPOOL_BYTES = 4_000_000
"""So much of the changes of thousands of rows is held in memory; what is more waits in a temporary file."""

AS_IT_IS = frozenset({str, int, bool, list, dict})
"""Types of values that history keeps as they are; `plain` makes the others JSON."""

Changes = dict[str, list[Any]]
_quoted = json.encoder.encode_basestring
"""A text as `canonical_json` writes it."""
_EMPTY: dict[type, str] = {list: "[]", dict: "{}"}


@dataclass(slots=True)
class Change:
    """What happened to one row in this unit of work. `values` maps field -> [old, new]."""

    action: str
    values: Changes


@dataclass(frozen=True, slots=True)
class Many:
    """Rows of one table that were inserted or deleted by thousands; their changes lie in the spool, one by one."""

    table: str
    action: str
    ids: array[int]
    lengths: array[int]


@dataclass(slots=True)
class Pending:
    """Changes by (table, row id), in the order in which the rows were first touched; before them those by thousands."""

    rows: dict[tuple[str, int], Change] = field(default_factory=dict)
    many: list[Many] = field(default_factory=list)
    spool: Any = None
    """A temporary file with the canonical JSON of the changes of `many`, without separators."""
    ranges: dict[str, list[range]] = field(default_factory=dict)
    """Table -> ids of rows that were inserted by thousands."""

    def created_many(self, table: str, ids: Sequence[int], values: Mapping[str, Sequence[Any]]) -> None:
        """`values` are the kept columns of the new rows, in the order of `ids`."""
        self._spool(table, "insert", ids, texts_of(values, "[null,", "]"))
        ranges = self.ranges.setdefault(table, [])
        for row_id in ids:
            if ranges and ranges[-1].stop == row_id:
                ranges[-1] = range(ranges[-1].start, row_id + 1)
            else:
                ranges.append(range(row_id, row_id + 1))

    def deleted_many(self, table: str, ids: Sequence[int], values: Mapping[str, Sequence[Any]]) -> None:
        """`values` are the columns that the rows held, in the order of `ids`."""
        self._spool(table, "delete", ids, texts_of(values, "[", ",null]"))

    def is_new(self, table: str, row_id: int) -> bool:
        change = self.rows.get((table, row_id))
        if change is not None and change.action == "insert":
            return True
        return any(row_id in numbers for numbers in self.ranges.get(table, ()))

    def are_new(self, table: str, ids: Sequence[int]) -> bool:
        """Whether all rows of `ids`, in order, are new; those of one import need no look at each."""
        ranges = self.ranges.get(table, ())
        if any(ids[0] in numbers and ids[-1] in numbers for numbers in ranges):
            return True
        return all(self.is_new(table, row_id) for row_id in ids)

    def _spool(self, table: str, action: str, ids: Sequence[int], texts: Iterable[str]) -> None:
        if not ids:
            return
        if self.spool is None:
            self.spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - ends with the unit of work
        encoded = [text.encode() for text in texts]
        self.spool.write(b"".join(encoded))
        self.many.append(Many(table, action, array("q", ids), array("q", map(len, encoded))))

    def clear(self) -> None:
        self.rows.clear()
        self.many.clear()
        self.ranges.clear()
        if self.spool is not None:
            self.spool.close()
            self.spool = None

    def created(self, table: str, row_id: int, values: Mapping[str, Any]) -> None:
        known = self.rows.get((table, row_id))
        if known is None:
            self.rows[table, row_id] = Change("insert", {name: [None, value] for name, value in values.items()})
            return
        # SQLite gives the id of a row that was just deleted again: what stood there became what stands there now.
        names = dict.fromkeys((*known.values, *values))
        old = {name: pair[0] for name, pair in known.values.items()}
        pairs = {name: [old.get(name), values.get(name)] for name in names}
        self.rows[table, row_id] = Change("update", {n: pair for n, pair in pairs.items() if pair[0] != pair[1]})

    def changed(self, table: str, row_id: int, values: Changes) -> None:
        known = self.rows.get((table, row_id))
        if known is None:
            self.rows[table, row_id] = Change("update", values)
            return
        for name, (old, new) in values.items():
            first = known.values[name][0] if name in known.values else old
            if first == new:
                known.values.pop(name, None)
            else:
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
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"history cannot keep a {type(value).__name__}")


def texts_of(columns: Mapping[str, Sequence[Any]], before: str, after: str) -> Iterable[str]:
    """Canonical JSON of each row's changes, made column by column: {"field":<before>value<after>}, without empty ones."""
    parts = [
        _column_texts(f'{"," if place else ""}"{name}":{before}', columns[name], after)
        for place, name in enumerate(sorted(columns))
    ]
    for pieces in zip(*parts, strict=True):
        text = "".join(pieces)
        yield "{" + (text[1:] if text[:1] == "," else text) + "}"


def _column_texts(start: str, values: Sequence[Any], after: str) -> list[str]:
    texts = []
    last, piece = None, ""
    for value in values:
        if value is not last:
            last = value
            kind = type(value)
            if kind is str:
                piece = start + _quoted(value) + after
            elif kind is int:
                piece = f"{start}{value}{after}"
            elif value is None:
                piece = ""
            else:
                piece = start + (_EMPTY[kind] if not value and kind in _EMPTY else canonical_json(plain(value))) + after
        texts.append(piece)
    return texts


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


def kept_of(entity: object) -> frozenset[str]:
    """The fields of a row whose changes are kept; none of a row that leaves no history."""
    return frozenset(tracked_fields(type(entity))) if isinstance(entity, Entity) and entity.is_tracked else frozenset()


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


def write(
    connection: Connection,
    pending: Pending,
    *,
    at: dt.datetime,
    actor_id: int,
    batch: str | None,
    breathe: Callable[[], None] = lambda: None,
) -> int:
    """Chain the gathered changes behind the head, which is locked from here to the commit; answers how many.

    `breathe` is called for each block of rows; what it raises stops the unit of work.
    """
    changes = [(key, change) for key, change in pending.rows.items() if change.action != "update" or change.values]
    if not changes and not pending.many:
        return 0
    head_id, previous = connection.execute(
        select(ChainHead.last_id, ChainHead.hash).where(ChainHead.id == 1).with_for_update()
    ).one()
    start, end = facts_of(at, actor_id, batch, "\0", 0, "").split("\0", 1)[0], head_id
    for block in _blocks(pending, changes):
        breathe()
        salts = os.urandom(SALT_BYTES * len(block))
        numbers = range(end + 1, end + 1 + len(block))
        salted = [salts[place : place + SALT_BYTES] for place in range(0, len(salts), SALT_BYTES)]
        digests, hashes = [], []
        for end, salt, (table, row_id, action, text) in zip(numbers, salted, block, strict=True):
            digest = hashlib.sha256(salt + text).digest()
            previous = link(previous, end, f"{start}{table}|{row_id}|{action}", digest)
            digests.append(digest)
            hashes.append(previous)
        tables, row_ids, actions, texts = zip(*block, strict=True)
        insert_columns(
            connection,
            History,
            {
                "id": numbers,
                "table_name": tables,
                "row_id": row_ids,
                "action": actions,
                "digest": digests,
                "hash": hashes,
            },
            {"at": at, "actor_id": actor_id, "batch": batch},
        )
        insert_columns(
            connection,
            HistoryValue,
            {"history_id": numbers, "salt": salted, "changes": [text.decode() for text in texts]},
            {},
        )
    connection.execute(update(ChainHead).where(ChainHead.id == 1), {"last_id": end, "hash": previous})
    pending.clear()
    return int(end - head_id)


def _blocks(
    pending: Pending, changes: Sequence[tuple[tuple[str, int], Change]]
) -> Iterator[list[tuple[str, int, str, bytes]]]:
    """(table, row id, action, canonical JSON) in blocks: those by thousands first, then the others."""
    if pending.spool is not None:
        pending.spool.seek(0)
    for many in pending.many:
        for start in range(0, len(many.ids), BLOCK_ROWS):
            pairs = zip(many.ids[start : start + BLOCK_ROWS], many.lengths[start : start + BLOCK_ROWS], strict=True)
            yield [(many.table, row_id, many.action, pending.spool.read(length)) for row_id, length in pairs]
    for start in range(0, len(changes), BLOCK_ROWS):
        yield [
            (table, row_id, change.action, canonical_json(change.values).encode())
            for (table, row_id), change in changes[start : start + BLOCK_ROWS]
        ]
