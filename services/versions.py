"""Opening a record to change it: may the actor, and was somebody faster?"""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import ColumnElement, select

from models.base import Entity
from models.history import History
from models.organisation import User
from services.errors import Conflict, Forbidden, NotFound
from services.permissions import Action, Module, require, visible
from services.store import Work

E = TypeVar("E", bound=Entity)


def to_change(
    work: Work,
    table: type[E],
    record_id: int,
    module: Module,
    *,
    version: int | None = None,
    action: Action = Action.EDIT,
) -> E:
    """The record, if the actor may carry out `action` on it and nobody changed it since `version` was read."""
    require(work, module, action)
    noun = table.__tablename__.replace("_", " ")
    found = work.session.scalar(select(table).where(table.id == record_id, _whose(work, table, module, Action.VIEW)))
    if found is None:
        raise NotFound(f"This {noun} is not in the book.")
    may = select(table.id).where(table.id == record_id, _whose(work, table, module, action))
    if work.session.scalar(may) is None:
        raise Forbidden(f"{work.actor.name} may not {action.value} this {noun}: it belongs to somebody else.")
    check_version(work, found, version)
    return found


def check_version(work: Work, entity: Entity, version: int | None) -> None:
    """Raise Conflict, naming who and when, where the record moved on since `version` was read; None asks nothing."""
    if version is None or version == getattr(entity, "version", version):
        return
    last = work.session.execute(
        select(History.at, User.name)
        .outerjoin(User, User.id == History.actor_id)
        .where(History.table_name == entity.__tablename__, History.row_id == entity.id)
        .order_by(History.id.desc())
        .limit(1)
    ).first()
    if last is None:
        raise Conflict("Somebody changed this record since you opened it. Open it again and repeat.")
    at = last.at.astimezone(work.zone)
    raise Conflict(f"Changed by {last.name} at {at:%Y-%m-%d %H:%M} since you opened it. Open it again and repeat.")


def touch(entity: Entity) -> None:
    """Count the record's version up although only its parts changed (addresses, lines): a stale save is refused."""
    entity.version += 1  # type: ignore[attr-defined]


def _whose(work: Work, table: type[Entity], module: Module, action: Action) -> ColumnElement[bool]:
    owner, branch = getattr(table, "owner_id"), getattr(table, "branch_id", None)  # noqa: B009 - not every table has one
    return visible(work, module, owner, branch, action)
