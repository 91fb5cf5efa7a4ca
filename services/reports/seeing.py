"""Whose rows a report may add up, and whether that is all of them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, and_, cast, false, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from models.billing import Document
from models.ledger import JournalEntry
from services.permissions import Action, Module, visible
from services.permissions import Scope as Rights
from services.reports.definition import Scope
from services.store import Work


def sees_all(work: Work, module: Module) -> bool:
    return work.actor.scope(module, Action.VIEW) is Rights.ALL


def seen_documents(work: Work, scope: Scope) -> ColumnElement[bool]:
    """Documents of the companies and the branch asked for that the actor may see."""
    condition = and_(
        _one_of_companies(scope, Document.company_id),
        visible(work, Module.BILLING, Document.owner_id, Document.branch_id),
    )
    return condition if scope.branch is None else and_(condition, Document.branch_id == scope.branch.id)


def seen_entries(work: Work, scope: Scope) -> ColumnElement[bool]:
    """Journal entries have no owner: all of them are seen, those of the actor's branch, or none."""
    rights = work.actor.scope(Module.LEDGER, Action.VIEW)
    mine: ColumnElement[bool] = false()
    if rights is Rights.ALL:
        mine = true()
    elif rights is Rights.BRANCH and work.actor.branch_id is not None:
        mine = JournalEntry.branch_id == work.actor.branch_id
    condition = and_(_one_of_companies(scope, JournalEntry.company_id), mine)
    return condition if scope.branch is None else and_(condition, JournalEntry.branch_id == scope.branch.id)


def last_posting_day(work: Work, scope: Scope) -> dt.date | None:
    """The latest day that has an entry, from the index; before it a report must look at dates."""
    days = [
        work.session.scalar(select(func.max(JournalEntry.posted_on)).where(JournalEntry.company_id == company_id))
        for company_id in scope.company_ids
    ]
    return max((day for day in days if day is not None), default=None)


def end_of(work: Work, day: dt.date) -> dt.datetime:
    """The first instant after `day` in the company's zone."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), work.zone)


def whole_sum(amount: SQLColumnExpression[int]) -> SQLColumnExpression[int]:
    """SUM of minor units as the integer that it is: PostgreSQL answers NUMERIC for a sum of BIGINT."""
    return cast(func.sum(amount), BigInteger)


def _one_of_companies(scope: Scope, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    ids = scope.company_ids
    condition: ColumnElement[bool] = column == ids[0] if len(ids) == 1 else column.in_(ids)
    return condition
