"""Opening a record to change it: may the actor, and was somebody faster?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select, true

from models.base import Entity
from models.history import History
from models.organisation import User
from services.errors import Conflict, Forbidden, InvalidValue, NotFound, WrongUse
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


def without_version(values: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The changes that a person asks for, and apart from them the version that was read, where it is given."""
    changes = dict(values)
    version = changes.pop("version", None)
    if version is None or version == "":
        return changes, None
    if isinstance(version, bool) or not str(version).isdigit():
        raise InvalidValue(f"version is the whole number that show answers, not {version!r}.")
    return changes, int(version)


def renamed(values: Mapping[str, Any], aliases: Mapping[str, str], what: str) -> dict[str, Any]:
    """`values` with every alias of a field read as the field; both at once are refused."""
    result = dict(values)
    for alias, name in aliases.items():
        if alias in result:
            if name in result:
                raise WrongUse(f"{what} has one {name}: give {name} or {alias}, not both.")
            result[name] = result.pop(alias)
    return result


def plain_verb(command: Callable[..., Any], name: str) -> Callable[[Work, int, Mapping[str, Any]], int | None]:
    """A verb of the command line that asks for nothing but, perhaps, the version that was read."""

    def carry_out(work: Work, record_id: int, values: Mapping[str, Any]) -> int | None:
        rest, version = without_version(values)
        if rest:
            raise WrongUse(f"{name} takes no field {next(iter(rest))}.")
        command(work, record_id, version=version)
        return None

    return carry_out


def touch(entity: Entity) -> None:
    """Count the record's version up although only its parts changed (addresses, lines): a stale save is refused."""
    entity.version += 1  # type: ignore[attr-defined]


def _whose(work: Work, table: type[Entity], module: Module, action: Action) -> ColumnElement[bool]:
    """Rows that belong to nobody, such as branches, are everybody's who has the right."""
    owner = getattr(table, "owner_id", None)
    return true() if owner is None else visible(work, module, owner, getattr(table, "branch_id", None), action)
