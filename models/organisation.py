"""Who we are: companies, registrations, branches, users and roles, calendars, rates, banks, number series."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Created, Entity, Versioned
from models.columns import (
    Big,
    Choice,
    Code,
    Country,
    Currency,
    Day,
    Instant,
    JsonValue,
    Line,
    Name,
    Rate,
    State,
)
from models.values.states import Scheme
from models.values.topics import Topic


class Book(Entity, topic=Topic.SETTINGS):
    """One row: what this database is. `is_trial` books may set the clock and are marked on paper."""

    __tablename__ = "book"
    untracked = frozenset({"reference_stamp"})

    uuid: Mapped[Code]
    created_at: Mapped[Instant]
    is_trial: Mapped[bool]
    reference_stamp: Mapped[Big] = mapped_column(default=0)
    """Counts the changes of what every command reads: companies, branches, users, roles, accounts, settings."""


class Company(Versioned, Entity, topic=Topic.ORGANISATION):
    """A legal entity with its own ledger and base currency."""

    __tablename__ = "company"

    code: Mapped[Code] = mapped_column(unique=True)
    legal_name: Mapped[Name]
    trade_name: Mapped[Name]
    country: Mapped[Country]
    base_currency: Mapped[Currency]
    fiscal_year_start: Mapped[str] = mapped_column(String(5))
    time_zone: Mapped[Code]
    go_live_on: Mapped[Day | None]
    locked_through: Mapped[Day | None]
    """Nothing is posted on or before this day."""


class TaxRegistration(Versioned, Entity, topic=Topic.ORGANISATION):
    """GSTIN, TRN or none; documents are numbered per registration."""

    __tablename__ = "tax_registration"

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    country: Mapped[Country]
    scheme: Mapped[Scheme] = mapped_column(Choice(Scheme))
    tax_id: Mapped[Code | None]
    state: Mapped[State | None]
    lut_arn: Mapped[Code | None]
    lut_valid_from: Mapped[Day | None]
    lut_valid_to: Mapped[Day | None]
    valid_from: Mapped[Day | None]
    valid_to: Mapped[Day | None]


class WorkingCalendar(Versioned, Entity, topic=Topic.ORGANISATION):
    """Working hours by weekday: {"mon": [["09:00", "13:00"], ["14:00", "18:00"]], ...}; a missing day is weekend."""

    __tablename__ = "working_calendar"

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    time_zone: Mapped[Code]
    hours: Mapped[JsonValue]


class Holiday(Entity, topic=Topic.ORGANISATION):
    __tablename__ = "holiday"
    __table_args__ = (UniqueConstraint("calendar_id", "observed_on"),)

    calendar_id: Mapped[int] = mapped_column(ForeignKey("working_calendar.id"))
    observed_on: Mapped[Day]
    name: Mapped[Name]


class Branch(Versioned, Entity, topic=Topic.ORGANISATION):
    """A place of business with the address and letterhead that its documents print."""

    __tablename__ = "branch"

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("tax_registration.id"), index=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("working_calendar.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    street: Mapped[Line]
    extra: Mapped[Line]
    city: Mapped[Name]
    pin: Mapped[Code]
    state: Mapped[State | None]
    country: Mapped[Country]
    currency: Mapped[Currency]
    phone: Mapped[Name]
    email: Mapped[Name]
    website: Mapped[Name]
    letterhead: Mapped[JsonValue]
    """{"logo": sha256 of a stored file or null, "footer": text, "paper": "A4" or "Letter"}."""
    is_designated_zone: Mapped[bool] = mapped_column(default=False)
    licence_no: Mapped[Code | None]
    licence_authority: Mapped[Name | None]
    is_archived: Mapped[bool] = mapped_column(default=False)


class BusinessUnit(Versioned, Entity, topic=Topic.ORGANISATION):
    __tablename__ = "business_unit"

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    is_archived: Mapped[bool] = mapped_column(default=False)


class BankAccount(Versioned, Entity, topic=Topic.ORGANISATION):
    """A bank account of a company; `branch_id` empty serves all branches. Printed on documents of its currency."""

    __tablename__ = "bank_account"

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    bank_name: Mapped[Name]
    account_name: Mapped[Name]
    account_number: Mapped[Code]
    iban: Mapped[Code | None]
    swift: Mapped[Code | None]
    ifsc: Mapped[Code | None]
    upi_vpa: Mapped[Name | None]
    currency: Mapped[Currency]
    is_archived: Mapped[bool] = mapped_column(default=False)


class Team(Versioned, Entity, topic=Topic.ORGANISATION):
    __tablename__ = "team"

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]


class User(Versioned, Created, Entity, topic=Topic.ORGANISATION):
    """Every record's owner, actor and recipient. The system's own row acts for what no person does."""

    __tablename__ = "user"

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    email: Mapped[Name] = mapped_column(unique=True)
    initials: Mapped[str] = mapped_column(String(4))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"), index=True)
    language: Mapped[Code]
    time_zone: Mapped[Code]
    is_active: Mapped[bool] = mapped_column(default=True)
    is_system: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[Line | None]


class Role(Versioned, Entity, topic=Topic.ORGANISATION):
    __tablename__ = "role"

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    is_ready_made: Mapped[bool] = mapped_column(default=False)
    rights: Mapped[list[RoleRight]] = relationship(cascade="all, delete-orphan")


class RoleRight(Entity, topic=Topic.ORGANISATION):
    """What a role may do in a module, and on whose rows: own, team, branch or all."""

    __tablename__ = "role_right"
    __table_args__ = (UniqueConstraint("role_id", "module", "action"),)

    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"))
    module: Mapped[Code]
    action: Mapped[Code]
    scope: Mapped[Code]


class UserRole(Entity, topic=Topic.ORGANISATION):
    __tablename__ = "user_role"
    __table_args__ = (UniqueConstraint("user_id", "role_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), index=True)


class NumberSeries(Entity, topic=Topic.ORGANISATION):
    """The counter of one branch, kind and fiscal year. `next_no` is taken only while a document is issued.

    What was taken stands in the documents, so the counter itself leaves no history.
    """

    untracked = frozenset({"next_no", "last_issued_on"})

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("registration_id", "branch_id", "kind", "fiscal_year"),)

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), index=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("tax_registration.id"))
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    kind: Mapped[Code]
    fiscal_year: Mapped[int]
    pattern: Mapped[Code]
    next_no: Mapped[Big]
    last_issued_on: Mapped[Day | None]


class CodeCounter(Entity, topic=Topic.ORGANISATION, is_tracked=False):
    """Counters of record codes such as C-0001: consecutive while nothing is rolled back, gaps allowed."""

    __tablename__ = "code_counter"

    prefix: Mapped[Code] = mapped_column(unique=True)
    next_no: Mapped[Big]


class CurrencyRate(Entity, topic=Topic.ORGANISATION):
    """`rate` units of `home` per 1 unit of `currency`, as published for a day by a source."""

    __tablename__ = "currency_rate"
    __table_args__ = (UniqueConstraint("currency", "home", "quoted_on"),)

    currency: Mapped[Currency]
    home: Mapped[Currency]
    quoted_on: Mapped[Day]
    rate: Mapped[Rate]
    source: Mapped[Name]
