"""What organisation offers to the command line and the window."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any

from models.organisation import (
    BankAccount,
    Branch,
    BusinessUnit,
    Company,
    CurrencyRate,
    Holiday,
    NumberSeries,
    Role,
    TaxRegistration,
    Team,
    User,
)
from services.drafts import needed, parse, text
from services.listing import Listing
from services.organisation import editing, numbers, queries
from services.organisation.founding import (
    BankAccountDraft,
    BranchDraft,
    CompanyDraft,
    UserDraft,
    add_user,
    found_company,
    open_bank_account,
    open_branch,
)
from services.organisation.places import default_place
from services.organisation.rates import enter_rate
from services.records import RecordKind, Values
from services.store import Work


@dataclass(frozen=True, slots=True)
class RateDraft:
    currency: str = needed(limit=3)
    home: str = needed(limit=3)
    quoted_on: dt.date | None = None
    rate: Decimal = Decimal(0)
    source: str = text("entered by hand")


@dataclass(frozen=True, slots=True)
class SeriesDraft:
    document_kind: str = needed(limit=40)
    pattern: str = needed(limit=40)
    company: str | None = None
    branch: str | None = None


def _rate(work: Work, values: Values) -> int:
    draft = parse(RateDraft, values, "A rate")
    on = draft.quoted_on or work.today
    return enter_rate(work, draft.currency.upper(), draft.home.upper(), on, draft.rate, draft.source)


def _series(work: Work, values: Values) -> int:
    draft = parse(SeriesDraft, values, "A series")
    place = default_place(work, draft.company, draft.branch)
    return numbers.set_pattern(work, place, draft.document_kind, draft.pattern, work.today)


def _show(listing: Listing, work: Work, record_id: int) -> dict[str, Any]:
    return queries.row_of(work, listing, record_id)


@dataclass(frozen=True, slots=True)
class NoFields:
    """A verb that takes nothing."""


def _archive_bank_account(work: Work, account_id: int, values: Values) -> None:
    parse(NoFields, values, "Archive")
    editing.archive_bank_account(work, account_id)


RECORDS: tuple[RecordKind, ...] = (
    RecordKind(
        "company",
        queries.COMPANIES,
        (lambda: Company.code,),
        partial(_show, queries.COMPANIES),
        create=lambda work, values: found_company(work, parse(CompanyDraft, values, "A company")),
        edit=editing.edit_company,
    ),
    RecordKind(
        "branch",
        queries.BRANCHES,
        (lambda: Branch.code,),
        partial(_show, queries.BRANCHES),
        create=lambda work, values: open_branch(work, parse(BranchDraft, values, "A branch")),
        edit=editing.edit_branch,
    ),
    RecordKind(
        "user",
        queries.USERS,
        (lambda: User.code, lambda: User.email),
        partial(_show, queries.USERS),
        create=lambda work, values: add_user(work, parse(UserDraft, values, "A user")),
        edit=editing.edit_user,
    ),
    RecordKind("rate", queries.RATES, (lambda: CurrencyRate.currency,), partial(_show, queries.RATES), create=_rate),
    RecordKind(
        "bank_account",
        queries.BANK_ACCOUNTS,
        (lambda: BankAccount.code,),
        partial(_show, queries.BANK_ACCOUNTS),
        create=lambda work, values: open_bank_account(work, parse(BankAccountDraft, values, "A bank account")),
        verbs=MappingProxyType({"archive": _archive_bank_account}),
    ),
    RecordKind(
        "series", queries.SERIES, (lambda: NumberSeries.pattern,), partial(_show, queries.SERIES), create=_series
    ),
    RecordKind(
        "registration",
        queries.REGISTRATIONS,
        (lambda: TaxRegistration.tax_id,),
        partial(_show, queries.REGISTRATIONS),
        edit=editing.edit_registration,
    ),
    RecordKind("team", queries.TEAMS, (lambda: Team.code,), partial(_show, queries.TEAMS), create=editing.add_team),
    RecordKind(
        "business_unit",
        queries.BUSINESS_UNITS,
        (lambda: BusinessUnit.code,),
        partial(_show, queries.BUSINESS_UNITS),
        create=editing.add_business_unit,
    ),
    RecordKind(
        "holiday",
        queries.HOLIDAYS,
        (lambda: Holiday.name,),
        partial(_show, queries.HOLIDAYS),
        create=editing.add_holiday,
    ),
    RecordKind("role", queries.ROLES, (lambda: Role.code,), queries.show_role),
)
