"""A new book: its first company, its owner, the ready-made roles and the usual pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from services.organisation.founding import CompanyDraft, UserDraft, add_user, found_company, ready_made_roles
from services.permissions import Action, Module, require
from services.sales.pipelines import ensure_default_pipeline
from services.store import Work


@dataclass(frozen=True, slots=True)
class Founded:
    company_id: int
    owner_id: int


def found_book(work: Work, company: CompanyDraft, *, owner: str = "Owner") -> Founded:
    """Everything that a book needs before its first customer, in one transaction."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    company_id = found_company(work, company)
    ready_made_roles(work)
    owner_id = add_user(work, UserDraft(name=owner, role="owner"))
    ensure_default_pipeline(work)
    return Founded(company_id, owner_id)
