"""Taking an import back: what it made is removed, what it changed is restored, what people touched since stays.

The field history knows both. A record counts as touched when a later unit of work changed it or one of its parts
(addresses), or when something later refers to it. What an undo does is history too: nothing is erased from the trail.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, inspect, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.type_api import TypeEngine

from models.base import Base, Entity
from models.catalogue import Item
from models.columns import Choice, Scaled, UtcDateTime
from models.customers import BlockKey, Contact, Customer, CustomerAddress, ExternalRef
from models.exchange import ImportBatch
from models.history import History, HistoryValue
from models.organisation import CodeCounter
from services.errors import Conflict, NotFound
from services.exchange.apply import APPLIED, UNDONE
from services.exchange.matching_records import refresh_keys
from services.exchange.outcome import Kept, Undone
from services.permissions import Action, Module, require
from services.store import Work

LOOK_UP = 500
REMOVED = (ExternalRef, Contact, CustomerAddress, Customer, Item)
"""Tables that an import writes, in the order in which rows may be deleted: what refers to another comes first."""
SHOWN = {"customer": "customers", "contact": "contacts", "item": "items"}
"""Table -> the name under which records are counted; the others are parts of these."""
Pair = tuple[str, int]


def undo(work: Work, batch_code: str) -> Undone:
    """Take the import `batch_code` back; raises NotFound, or Conflict where it was taken back before."""
    require(work, Module.EXCHANGE, Action.CREATE)
    batch = work.session.scalar(select(ImportBatch).where(func.upper(ImportBatch.code) == batch_code.strip().upper()))
    if batch is None:
        raise NotFound(f"There is no import {batch_code} in this book. `imports` lists them.")
    if batch.state != APPLIED:
        raise Conflict(f"The import {batch.code} was undone already; nothing is left to take back.")
    work.batch = undo_batch(batch.code)
    done = Undone(batch.code)
    trail = _Trail(work, batch.code)
    kept = _kept_records(work, trail, done)
    _restore(work, trail, done)
    removed = _remove(work, trail, kept, done)
    if not kept:
        _set_counters_back(work, batch)
    batch.state, batch.undone_at = UNDONE, work.now
    batch.kept = [{"kind": one.kind, "id": one.id, "number": one.number, "why": one.why} for one in done.kept]
    work.record("import.undone", batch, removed=removed, kept=len(done.kept))
    return done


def undo_batch(code: str) -> str:
    """The batch under which the history keeps the undo of an import."""
    return f"{code}-undo"


@dataclass(slots=True)
class _Trail:
    """What the history says of one batch."""

    work: Work
    code: str
    last_id: int = 0
    made: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Table -> rows that the batch created."""
    changed: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Table -> rows that were there before and that it changed."""
    later: set[Pair] = field(default_factory=set)
    """Rows of the batch that a later unit of work changed; imports that were undone, and their undos, do not count."""

    def __post_init__(self) -> None:
        names = {table.__tablename__ for table in REMOVED}
        of_batch = History.batch == self.code
        query = select(History.id, History.table_name, History.row_id, History.action).where(of_batch)
        for history_id, table, row_id, action in self.work.session.execute(query.order_by(History.id)):
            self.last_id = max(self.last_id, history_id)
            if table in names:
                if action == "insert":
                    self.made[table].add(row_id)
                elif row_id not in self.made[table]:
                    self.changed[table].add(row_id)
        self._look_for_later(of_batch)

    def _look_for_later(self, of_batch: ColumnElement[bool]) -> None:
        if self.work.session.scalar(select(func.max(History.id))) == self.last_id:
            return
        after = aliased(History)
        undone = self.work.session.scalars(select(ImportBatch.code).where(ImportBatch.state == UNDONE)).all()
        without_effect = [name for code in undone for name in (code, undo_batch(code))]
        query = (
            select(History.table_name, History.row_id)
            .where(of_batch)
            .where(
                exists().where(
                    and_(
                        after.table_name == History.table_name,
                        after.row_id == History.row_id,
                        after.id > self.last_id,
                        or_(after.batch.is_(None), after.batch.not_in(without_effect)),
                    )
                )
            )
        )
        self.later = {(table, row_id) for table, row_id in self.work.session.execute(query)}


def _kept_records(work: Work, trail: _Trail, done: Undone) -> dict[Pair, str]:
    """Rows that the batch made and that must stay, with the reason."""
    kept: dict[Pair, str] = {}
    for table, row_id in trail.later:
        if row_id in trail.made[table] and table in SHOWN:
            kept[table, row_id] = "It was changed since."
    _keep_owners_of_edited_parts(work, trail, kept)
    for record in (Contact, Customer, Item):
        name = record.__tablename__
        for other, why in _referred(work, record, sorted(trail.made[name]), trail, kept):
            kept.setdefault((name, other), why)
    done.kept += _named(work, kept)
    return kept


def _keep_owners_of_edited_parts(work: Work, trail: _Trail, kept: dict[Pair, str]) -> None:
    """An address belongs to its customer; an address added since does too."""
    name = Customer.__tablename__
    made = trail.made[name]
    if not made or work.session.scalar(select(func.max(History.id))) == trail.last_id:
        return
    parts = select(CustomerAddress.customer_id, CustomerAddress.id)
    edited = {row_id for table, row_id in trail.later if table == CustomerAddress.__tablename__}
    ours = trail.made[CustomerAddress.__tablename__]
    for customer_id, address_id in work.session.execute(parts):
        if customer_id in made and (address_id in edited or address_id not in ours):
            kept.setdefault((name, customer_id), "Its address was changed since.")


def _referred(
    work: Work, table: type[Entity], ids: Sequence[int], trail: _Trail, kept: Mapping[Pair, str]
) -> Iterable[tuple[int, str]]:
    """(row, why) for rows of the batch that rows of others refer to."""
    if not ids:
        return
    made = trail.made[table.__tablename__]
    for mapper in Base.registry.mappers:
        child = mapper.class_
        if not issubclass(child, Entity) or child in {BlockKey, CustomerAddress}:
            continue
        own = trail.made.get(child.__tablename__, set())
        for column in mapper.columns:
            if not any(key.column.table is inspect(table).local_table for key in column.foreign_keys):
                continue
            attribute = getattr(child, mapper.get_property_by_column(column).key)
            query = select(child.id, attribute).where(attribute.is_not(None), attribute.between(ids[0], ids[-1]))
            noun = child.__tablename__.replace("_", " ")
            for child_id, row_id in work.session.execute(query):
                is_staying = child_id not in own or (child.__tablename__, child_id) in kept
                if row_id in made and is_staying:
                    yield row_id, f"A {noun} refers to it."
    refs = select(ExternalRef.id, ExternalRef.record_id).where(
        ExternalRef.record_kind == table.__tablename__, ExternalRef.record_id.between(ids[0], ids[-1])
    )
    for ref_id, row_id in work.session.execute(refs):
        if row_id in made and ref_id not in trail.made[ExternalRef.__tablename__]:
            yield row_id, "A later import found it again."


def _named(work: Work, kept: Mapping[Pair, str]) -> list[Kept]:
    """The records with their codes, in order."""
    result = []
    for table in (Customer, Contact, Item):
        name = table.__tablename__
        ids = sorted(row_id for one, row_id in kept if one == name)
        for start in range(0, len(ids), LOOK_UP):
            query = select(table).where(table.id.in_(ids[start : start + LOOK_UP])).order_by(table.id)
            result += [Kept(name, row.id, _number(row), kept[name, row.id]) for row in work.session.scalars(query)]
    return result


def _number(record: Any) -> str:
    if isinstance(record, Contact):
        return f"{record.first_name} {record.last_name}".strip()
    return str(record.code)


def _restore(work: Work, trail: _Trail, done: Undone) -> None:
    """Old values back into the rows that the batch changed, unless somebody changed them since."""
    customers: set[int] = set()
    for table in REMOVED:
        name = table.__tablename__
        ids = sorted(trail.changed[name])
        touched = [row_id for row_id in ids if (name, row_id) in trail.later]
        if name in SHOWN:
            named = _named(work, {(name, row_id): "It was changed since, so its values stay." for row_id in touched})
            done.kept += named
        fresh = [row_id for row_id in ids if (name, row_id) not in trail.later]
        for start in range(0, len(fresh), LOOK_UP):
            work.breathe()
            block = fresh[start : start + LOOK_UP]
            old = _old_values(work, trail, name, block)
            rows = {row.id: row for row in work.session.scalars(select(table).where(table.id.in_(block)))}
            for row_id, row in rows.items():
                for column, value in old[row_id].items():
                    setattr(row, column, _read(table, column, value))
                if isinstance(row, Customer):
                    customers.add(row.id)
                elif isinstance(row, Contact | CustomerAddress):
                    customers.add(row.customer_id)
        if fresh and name in SHOWN:
            done.restored[SHOWN[name]] = len(fresh)
    work.session.flush()
    refresh_keys(work, sorted(customers))


def _old_values(work: Work, trail: _Trail, table: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Row -> field -> what it was before the batch."""
    query = (
        select(History.row_id, HistoryValue.changes)
        .join(HistoryValue, HistoryValue.history_id == History.id)
        .where(History.table_name == table, History.row_id.in_(ids), History.batch == trail.code)
        .order_by(History.id.desc())
    )
    old: dict[int, dict[str, Any]] = defaultdict(dict)
    for row_id, changes in work.session.execute(query):
        old[row_id] |= {name: before for name, (before, _after) in json.loads(changes).items()}
    return old


def _read(table: type[Entity], column: str, value: Any) -> Any:
    """A value of the history (services/history.py `plain`) as its column takes it."""
    if value is None:
        return None
    kind: TypeEngine[Any] = inspect(table).columns[column].type
    if isinstance(kind, Choice):
        return kind.choices(value)
    if isinstance(kind, Scaled):
        return Decimal(value)
    if isinstance(kind, UtcDateTime):
        return dt.datetime.fromisoformat(value)
    return bytes.fromhex(value) if kind.python_type is bytes else value


def _remove(work: Work, trail: _Trail, kept: Mapping[Pair, str], done: Undone) -> int:
    """Delete what the batch made and nothing keeps; answers how many records."""
    stays = {name: {row_id for table, row_id in kept if table == name} for name in SHOWN}
    going = {name: trail.made[name] - stays[name] for name in SHOWN}
    present = {table.__tablename__: set(work.session.scalars(select(table.id))) for table in REMOVED}
    refs, addresses, customers = ExternalRef.__tablename__, CustomerAddress.__tablename__, Customer.__tablename__
    kept_refs = {
        ref_id
        for kind, ids in stays.items()
        for start in range(0, len(ids), LOOK_UP)
        for ref_id in work.session.scalars(
            select(ExternalRef.id).where(
                ExternalRef.record_kind == kind, ExternalRef.record_id.in_(sorted(ids)[start : start + LOOK_UP])
            )
        )
    }
    going[refs] = trail.made[refs] - kept_refs
    kept_addresses = {
        address_id
        for start in range(0, len(stays[customers]), LOOK_UP)
        for address_id in work.session.scalars(
            select(CustomerAddress.id).where(
                CustomerAddress.customer_id.in_(sorted(stays[customers])[start : start + LOOK_UP])
            )
        )
    }
    edited = {row_id for table, row_id in trail.later if table == addresses}
    going[addresses] = trail.made[addresses] - kept_addresses - edited
    owners = _owners(work, Contact, going[Contact.__tablename__]) | _owners(work, CustomerAddress, going[addresses])
    owners -= going[customers]
    work.delete_parts(BlockKey, BlockKey.customer_id, sorted(going[customers]))
    total = 0
    for table in REMOVED:
        name = table.__tablename__
        ids = sorted(going[name] & present[name])
        if ids:
            work.delete_many(table, ids)
        if name in SHOWN and ids:
            done.removed[SHOWN[name]] = len(ids)
            total += len(ids)
    refresh_keys(work, sorted(owners))
    return total


def _owners(work: Work, table: type[Contact | CustomerAddress], ids: set[int]) -> set[int]:
    """The customers of these contacts or addresses."""
    wanted = sorted(ids)
    found: set[int] = set()
    for start in range(0, len(wanted), LOOK_UP):
        query = select(table.customer_id).where(table.id.in_(wanted[start : start + LOOK_UP]))
        found |= set(work.session.scalars(query))
    return found


def _set_counters_back(work: Work, batch: ImportBatch) -> None:
    """Codes that the batch gave out last are free again, where nobody took one since."""
    for prefix, (before, after) in batch.options.get("counters", {}).items():
        counter = work.session.scalar(select(CodeCounter).where(CodeCounter.prefix == prefix))
        if counter is None or counter.next_no != after:
            continue
        if before is None:
            work.session.delete(counter)
        else:
            counter.next_no = before
