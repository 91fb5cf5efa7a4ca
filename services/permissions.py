"""Who may do what: rights by module and action, on whose rows. Every command and query asks here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.organisation import Role, RoleRight, User, UserRole
from models.values.states import Phase
from services.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from services.store import Work


class Module(StrEnum):
    ORGANISATION = "organisation"
    CUSTOMERS = "customers"
    CATALOGUE = "catalogue"
    SALES = "sales"
    BILLING = "billing"
    LEDGER = "ledger"
    EXCHANGE = "exchange"
    BOOK = "book"


class Action(StrEnum):
    VIEW = "view"
    CREATE = "create"
    EDIT = "edit"
    ISSUE = "issue"
    VOID = "void"
    EXPORT = "export"
    CONFIGURE = "configure"


class Scope(StrEnum):
    """On whose rows a right counts; ordered from narrow to wide."""

    OWN = "own"
    TEAM = "team"
    BRANCH = "branch"
    ALL = "all"


_WIDTH = {scope: width for width, scope in enumerate(Scope)}

PHASE_OF: dict[Module, Phase] = {
    Module.SALES: Phase.SALES,
    Module.BILLING: Phase.FINANCE,
    Module.LEDGER: Phase.FINANCE,
}
"""Modules that a rollout phase switches on; the others are always there."""

VERBS: dict[Action, str] = {
    Action.VIEW: "see",
    Action.CREATE: "create",
    Action.EDIT: "change",
    Action.ISSUE: "issue",
    Action.VOID: "void",
    Action.EXPORT: "export",
    Action.CONFIGURE: "configure",
}
NOUNS: dict[Module, str] = {
    Module.ORGANISATION: "companies, branches and users",
    Module.CUSTOMERS: "customers",
    Module.CATALOGUE: "items",
    Module.SALES: "deals",
    Module.BILLING: "documents and payments",
    Module.LEDGER: "the ledger",
    Module.EXCHANGE: "imports",
    Module.BOOK: "the book",
}

_EVERYTHING = {(module, action) for module in Module for action in Action}
_DAILY = {Action.VIEW, Action.CREATE, Action.EDIT}

READY_MADE: dict[str, tuple[str, set[tuple[Module, Action]]]] = {
    "owner": ("Owner", _EVERYTHING),
    "finance": (
        "Finance",
        {(m, a) for m in (Module.BILLING, Module.LEDGER) for a in Action}
        | {(m, a) for m in (Module.CUSTOMERS, Module.CATALOGUE, Module.SALES) for a in (*_DAILY, Action.EXPORT)}
        | {(Module.ORGANISATION, Action.VIEW), (Module.BOOK, Action.VIEW)}
        | {(Module.EXCHANGE, Action.VIEW), (Module.EXCHANGE, Action.CREATE)},
    ),
    "staff": (
        "Staff",
        {(m, a) for m in (Module.CUSTOMERS, Module.CATALOGUE, Module.SALES) for a in _DAILY}
        | {(Module.BILLING, a) for a in _DAILY}
        | {(Module.ORGANISATION, Action.VIEW)},
    ),
}
"""The three roles that a new book brings: code -> (name, rights), all on all rows. Roles are data from then on."""


@dataclass(frozen=True, slots=True)
class Actor:
    id: int
    code: str
    name: str
    team_id: int | None
    branch_id: int | None
    is_system: bool
    rights: dict[tuple[str, str], Scope]

    def scope(self, module: Module, action: Action) -> Scope | None:
        return Scope.ALL if self.is_system else self.rights.get((module, action))


def load_actor(session: Session, user_id: int) -> Actor:
    rows = session.execute(
        select(
            User.code,
            User.name,
            User.team_id,
            User.branch_id,
            User.is_active,
            User.is_system,
            RoleRight.module,
            RoleRight.action,
            RoleRight.scope,
        )
        .outerjoin(UserRole, UserRole.user_id == User.id)
        .outerjoin(Role, Role.id == UserRole.role_id)
        .outerjoin(RoleRight, RoleRight.role_id == Role.id)
        .where(User.id == user_id)
    ).all()
    if not rows:
        raise NotFound("This user is not in the book.")
    first = rows[0]
    if not first.is_active and not first.is_system:
        raise Forbidden(f"{first.name} is no longer active in this book.")
    rights: dict[tuple[str, str], Scope] = {}
    for row in rows:
        if row.module is not None:
            key, scope = (row.module, row.action), Scope(row.scope)
            if key not in rights or _WIDTH[scope] > _WIDTH[rights[key]]:
                rights[key] = scope
    return Actor(user_id, first.code, first.name, first.team_id, first.branch_id, first.is_system, rights)


def require(work: Work, module: Module, action: Action) -> None:
    """Raise Forbidden, in a sentence, unless the actor has the right and the module's phase is on."""
    if work.actor.scope(module, action) is None:
        raise Forbidden(f"{work.actor.name} may not {VERBS[action]} {NOUNS[module]}. Ask an owner for the right.")
    phase = PHASE_OF.get(module)
    if phase is not None and phase not in enabled_phases(work):
        raise Forbidden(f"{NOUNS[module].capitalize()} belong to the phase {phase}, which is not switched on yet.")


def enabled_phases(work: Work) -> frozenset[str]:
    from services.settings import RolloutSettings, read

    return frozenset(read(work, RolloutSettings).phases)


def visible(
    work: Work,
    module: Module,
    owner: InstrumentedAttribute[int],
    branch: InstrumentedAttribute[int] | InstrumentedAttribute[int | None] | None = None,
    action: Action = Action.VIEW,
) -> ColumnElement[bool]:
    """The WHERE fragment that every query builder takes: whose rows the actor may see (product.md 59)."""
    actor = work.actor
    scope = actor.scope(module, action)
    if scope is None:
        return false()
    if scope is Scope.ALL:
        return true()
    mine = owner == actor.id
    if scope is Scope.TEAM and actor.team_id is not None:
        team: Any = select(User.id).where(User.team_id == actor.team_id)
        return or_(mine, owner.in_(team))
    if scope is Scope.BRANCH and actor.branch_id is not None and branch is not None:
        return or_(mine, branch == actor.branch_id)
    return mine
