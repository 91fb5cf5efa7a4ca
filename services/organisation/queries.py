"""Companies, branches, users, rates and banks as lists and details."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import aliased

from models.organisation import (
    BankAccount,
    Branch,
    BusinessUnit,
    Company,
    CurrencyRate,
    Holiday,
    NumberSeries,
    Role,
    RoleRight,
    TaxRegistration,
    Team,
    User,
    UserRole,
    WorkingCalendar,
)
from services.errors import NotFound
from services.listing import Column, Kind, Listing, page
from services.permissions import Action, Module, require
from services.store import Work


def _everyone(_work: Work) -> ColumnElement[bool]:
    """What the firm consists of is no secret inside it; the right to view the module is asked before."""
    return true()


def _people(_work: Work) -> ColumnElement[bool]:
    return User.is_system.is_(False)


COMPANIES = Listing(
    name="companies",
    kind="company",
    module=Module.ORGANISATION,
    table=Company,
    columns=(
        Column("code", Kind.TEXT, lambda _: Company.code),
        Column("legal_name", Kind.TEXT, lambda _: Company.legal_name),
        Column("country", Kind.TEXT, lambda _: Company.country),
        Column("base_currency", Kind.TEXT, lambda _: Company.base_currency),
        Column("fiscal_year_start", Kind.TEXT, lambda _: Company.fiscal_year_start),
        Column("time_zone", Kind.TEXT, lambda _: Company.time_zone),
        Column("go_live_on", Kind.DATE, lambda _: Company.go_live_on),
        Column("locked_through", Kind.DATE, lambda _: Company.locked_through),
    ),
    source=Company.__table__,
    visible=_everyone,
    sort="code",
)

BRANCHES = Listing(
    name="branches",
    kind="branch",
    module=Module.ORGANISATION,
    table=Branch,
    columns=(
        Column("code", Kind.TEXT, lambda _: Branch.code),
        Column("name", Kind.TEXT, lambda _: Branch.name),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("tax_id", Kind.TEXT, lambda _: TaxRegistration.tax_id),
        Column("scheme", Kind.CHOICE, lambda _: TaxRegistration.scheme),
        Column("street", Kind.TEXT, lambda _: Branch.street),
        Column("city", Kind.TEXT, lambda _: Branch.city),
        Column("pin", Kind.TEXT, lambda _: Branch.pin),
        Column("state", Kind.TEXT, lambda _: Branch.state),
        Column("country", Kind.TEXT, lambda _: Branch.country),
        Column("currency", Kind.TEXT, lambda _: Branch.currency),
        Column("phone", Kind.TEXT, lambda _: Branch.phone),
        Column("email", Kind.TEXT, lambda _: Branch.email),
    ),
    source=Branch.__table__.join(Company.__table__, Company.id == Branch.company_id).join(
        TaxRegistration.__table__, TaxRegistration.id == Branch.registration_id
    ),
    visible=_everyone,
    sort="code",
)

_Manager = aliased(User)
_ROLE_OF = (
    select(Role.code)
    .join(UserRole, UserRole.role_id == Role.id)
    .where(UserRole.user_id == User.id)
    .order_by(Role.id)
    .limit(1)
    .scalar_subquery()
)

USERS = Listing(
    name="users",
    kind="user",
    module=Module.ORGANISATION,
    table=User,
    columns=(
        Column("code", Kind.TEXT, lambda _: User.code),
        Column("name", Kind.TEXT, lambda _: User.name),
        Column("email", Kind.TEXT, lambda _: User.email),
        Column("initials", Kind.TEXT, lambda _: User.initials),
        Column("role", Kind.TEXT, lambda _: _ROLE_OF),
        Column("branch", Kind.TEXT, lambda _: Branch.code),
        Column("manager", Kind.TEXT, lambda _: _Manager.code),
        Column("language", Kind.TEXT, lambda _: User.language),
        Column("time_zone", Kind.TEXT, lambda _: User.time_zone),
        Column("is_active", Kind.BOOLEAN, lambda _: User.is_active),
    ),
    source=User.__table__.outerjoin(Branch.__table__, Branch.id == User.branch_id).outerjoin(
        _Manager, _Manager.id == User.manager_id
    ),
    visible=_people,
    sort="code",
)

RATES = Listing(
    name="rates",
    kind="rate",
    module=Module.ORGANISATION,
    table=CurrencyRate,
    columns=(
        Column("currency", Kind.TEXT, lambda _: CurrencyRate.currency),
        Column("home", Kind.TEXT, lambda _: CurrencyRate.home),
        Column("quoted_on", Kind.DATE, lambda _: CurrencyRate.quoted_on),
        Column("rate", Kind.DECIMAL, lambda _: CurrencyRate.rate),
        Column("source", Kind.TEXT, lambda _: CurrencyRate.source),
    ),
    source=CurrencyRate.__table__,
    visible=_everyone,
    sort="-quoted_on",
)

BANK_ACCOUNTS = Listing(
    name="bank-accounts",
    kind="bank_account",
    module=Module.ORGANISATION,
    table=BankAccount,
    columns=(
        Column("code", Kind.TEXT, lambda _: BankAccount.code),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("bank_name", Kind.TEXT, lambda _: BankAccount.bank_name),
        Column("account_name", Kind.TEXT, lambda _: BankAccount.account_name),
        Column("account_number", Kind.TEXT, lambda _: BankAccount.account_number),
        Column("iban", Kind.TEXT, lambda _: BankAccount.iban),
        Column("swift", Kind.TEXT, lambda _: BankAccount.swift),
        Column("ifsc", Kind.TEXT, lambda _: BankAccount.ifsc),
        Column("upi_vpa", Kind.TEXT, lambda _: BankAccount.upi_vpa),
        Column("currency", Kind.TEXT, lambda _: BankAccount.currency),
    ),
    source=BankAccount.__table__.join(Company.__table__, Company.id == BankAccount.company_id),
    visible=_everyone,
    sort="code",
)

SERIES = Listing(
    name="series",
    kind="series",
    module=Module.ORGANISATION,
    table=NumberSeries,
    columns=(
        Column("branch", Kind.TEXT, lambda _: Branch.code),
        Column("document_kind", Kind.TEXT, lambda _: NumberSeries.kind),
        Column("fiscal_year", Kind.INTEGER, lambda _: NumberSeries.fiscal_year),
        Column("pattern", Kind.TEXT, lambda _: NumberSeries.pattern),
        Column("next_no", Kind.INTEGER, lambda _: NumberSeries.next_no),
        Column("last_issued_on", Kind.DATE, lambda _: NumberSeries.last_issued_on),
    ),
    source=NumberSeries.__table__.join(Branch.__table__, Branch.id == NumberSeries.branch_id),
    visible=_everyone,
    sort="branch",
)


REGISTRATIONS = Listing(
    name="registrations",
    kind="registration",
    module=Module.ORGANISATION,
    table=TaxRegistration,
    columns=(
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("country", Kind.TEXT, lambda _: TaxRegistration.country),
        Column("scheme", Kind.CHOICE, lambda _: TaxRegistration.scheme),
        Column("tax_id", Kind.TEXT, lambda _: TaxRegistration.tax_id),
        Column("state", Kind.TEXT, lambda _: TaxRegistration.state),
        Column("lut_arn", Kind.TEXT, lambda _: TaxRegistration.lut_arn),
        Column("lut_valid_from", Kind.DATE, lambda _: TaxRegistration.lut_valid_from),
        Column("lut_valid_to", Kind.DATE, lambda _: TaxRegistration.lut_valid_to),
    ),
    source=TaxRegistration.__table__.join(Company.__table__, Company.id == TaxRegistration.company_id),
    visible=_everyone,
    sort="id",
)

TEAMS = Listing(
    name="teams",
    kind="team",
    module=Module.ORGANISATION,
    table=Team,
    columns=(Column("code", Kind.TEXT, lambda _: Team.code), Column("name", Kind.TEXT, lambda _: Team.name)),
    source=Team.__table__,
    visible=_everyone,
    sort="code",
)

BUSINESS_UNITS = Listing(
    name="business-units",
    kind="business_unit",
    module=Module.ORGANISATION,
    table=BusinessUnit,
    columns=(
        Column("code", Kind.TEXT, lambda _: BusinessUnit.code),
        Column("name", Kind.TEXT, lambda _: BusinessUnit.name),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("is_archived", Kind.BOOLEAN, lambda _: BusinessUnit.is_archived),
    ),
    source=BusinessUnit.__table__.join(Company.__table__, Company.id == BusinessUnit.company_id),
    visible=_everyone,
    sort="code",
)

HOLIDAYS = Listing(
    name="holidays",
    kind="holiday",
    module=Module.ORGANISATION,
    table=Holiday,
    columns=(
        Column("calendar", Kind.TEXT, lambda _: WorkingCalendar.code),
        Column("observed_on", Kind.DATE, lambda _: Holiday.observed_on),
        Column("name", Kind.TEXT, lambda _: Holiday.name),
    ),
    source=Holiday.__table__.join(WorkingCalendar.__table__, WorkingCalendar.id == Holiday.calendar_id),
    visible=_everyone,
    sort="observed_on",
)

ROLES = Listing(
    name="roles",
    kind="role",
    module=Module.ORGANISATION,
    table=Role,
    columns=(
        Column("code", Kind.TEXT, lambda _: Role.code),
        Column("name", Kind.TEXT, lambda _: Role.name),
        Column("is_ready_made", Kind.BOOLEAN, lambda _: Role.is_ready_made),
    ),
    source=Role.__table__,
    visible=_everyone,
    sort="code",
)


def show_role(work: Work, role_id: int) -> dict[str, Any]:
    """A role with its rights, module by module."""
    rights: dict[str, dict[str, str]] = {}
    shown = row_of(work, ROLES, role_id)
    query = select(RoleRight).where(RoleRight.role_id == role_id).order_by(RoleRight.module, RoleRight.action)
    for right in work.session.scalars(query):
        rights.setdefault(right.module, {})[right.action] = right.scope
    return shown | {"number": shown["code"], "rights": rights}


def row_of(work: Work, listing: Listing, record_id: int) -> dict[str, Any]:
    """One record whole: every column of its list."""
    require(work, listing.module, Action.VIEW)
    found = page(work, listing, [record_id])
    if record_id not in found:
        raise NotFound(f"This {listing.kind} is not in the book.")
    return found[record_id]
