"""Where a record belongs: its company and branch, named, inherited, or the only ones there are."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models.organisation import Branch, Company
from services.errors import NotFound, WrongUse
from services.store import Work


@dataclass(frozen=True, slots=True)
class Place:
    company: Company
    branch: Branch

    @property
    def zone(self) -> ZoneInfo:
        """Where the company's business day begins and ends."""
        return ZoneInfo(self.company.time_zone)


def default_place(work: Work, company_code: str | None = None, branch_code: str | None = None) -> Place:
    """The place that is named; else the actor's branch; else the only one. Several and none named: a WrongUse."""
    if branch_code is None and company_code is None and work.actor.branch_id is not None:
        return place_of(work, work.actor.branch_id)
    query = select(Branch).join(Company, Company.id == Branch.company_id).where(Branch.is_archived.is_(False))
    if company_code is not None:
        query = query.where(Company.code == company_code)
    if branch_code is not None:
        query = query.where(Branch.code == branch_code)
    branches = work.session.scalars(query.order_by(Branch.id)).all()
    if len(branches) == 1:
        return place_of(work, branches[0].id)
    if not branches:
        named = " ".join(code for code in (company_code, branch_code) if code)
        raise NotFound(f"There is no branch {named} in this book." if named else "This book has no branch yet.")
    companies = {branch.company_id for branch in branches}
    if len(companies) == 1 and branch_code is None and company_code is not None:
        return place_of(work, branches[0].id)
    names = ", ".join(branch.code for branch in branches)
    what = "branches" if len(companies) == 1 else "companies"
    raise WrongUse(f"This book has several {what}: name one with --branch CODE. Branches: {names}.")


def place_of(work: Work, branch_id: int) -> Place:
    """The place of a branch; its rows are to read only (see Work.known_row)."""
    branch = work.known_row(Branch, branch_id)
    return Place(work.known_row(Company, branch.company_id), branch)
