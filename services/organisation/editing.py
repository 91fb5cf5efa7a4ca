"""Changing what the firm consists of: companies, registrations, branches with their letterhead, users, holidays."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select

from models.base import Entity
from models.billing import StoredFile
from models.organisation import (
    BankAccount,
    Branch,
    BusinessUnit,
    Company,
    Holiday,
    Role,
    TaxRegistration,
    Team,
    User,
    UserRole,
    WorkingCalendar,
)
from models.values.period import fiscal_year_start
from models.values.places import normalise_state
from models.values.states import Scheme
from models.values.tax_ids import check_tax_id
from services.drafts import needed, parse, text
from services.errors import Conflict, InvalidValue, NotFound, Rejected
from services.organisation.founding import company_named, ready_made_roles
from services.permissions import Action, Module, require
from services.store import Work
from services.versions import to_change, without_version

LOGO_PIXELS = (1200, 600)
LARGEST_LOGO = 10_000_000
E = TypeVar("E", Company, Branch, TaxRegistration, User, BankAccount)


@dataclass(frozen=True, slots=True)
class CompanyChanges:
    legal_name: str = needed()
    trade_name: str = needed()
    fiscal_year_start: str = needed(limit=5)
    go_live_on: dt.date | None = None
    locked_through: dt.date | None = None


def edit_company(work: Work, company_id: int, values: Mapping[str, Any]) -> None:
    """Names, fiscal year, go-live day and the day through which the books are closed."""
    company, changes = _changes(work, Company, company_id, CompanyChanges, values)
    if "fiscal_year_start" in changes:
        fiscal_year_start(changes["fiscal_year_start"])
    locked = changes.get("locked_through", company.locked_through)
    if company.locked_through is not None and (locked is None or locked < company.locked_through):
        work.record("company.reopened", company, was=company.locked_through.isoformat())
    _apply(company, changes)
    work.record("company.changed", company)


@dataclass(frozen=True, slots=True)
class RegistrationChanges:
    scheme: Scheme = Scheme.REGULAR
    tax_id: str = text(limit=40)
    state: str = text(limit=60)
    lut_arn: str = text(limit=40)
    lut_valid_from: dt.date | None = None
    lut_valid_to: dt.date | None = None


def edit_registration(work: Work, registration_id: int, values: Mapping[str, Any]) -> None:
    """Scheme, number, and the letter of undertaking under which exports leave without payment of tax."""
    registration, changes = _changes(work, TaxRegistration, registration_id, RegistrationChanges, values)
    if changes.get("tax_id"):
        checked = check_tax_id(registration.country, changes["tax_id"])
        if checked.problem:
            raise Rejected(checked.problem)
        changes["tax_id"] = checked.value
    if changes.get("state"):
        changes["state"] = normalise_state(registration.country, changes["state"])
    for name in ("tax_id", "state", "lut_arn"):
        if name in changes:
            changes[name] = changes[name] or None
    _apply(registration, changes)
    work.record("registration.changed", registration)


@dataclass(frozen=True, slots=True)
class BranchChanges:
    name: str = needed()
    street: str = text(limit=500)
    extra: str = text(limit=500)
    city: str = text()
    pin: str = text(limit=40)
    state: str = text(limit=60)
    phone: str = text()
    email: str = text()
    website: str = text()
    is_designated_zone: bool = False
    licence_no: str = text(limit=40)
    licence_authority: str = text()
    is_archived: bool = False
    logo: str = text(limit=4000)
    footer: str = text(limit=500)
    paper: str = text("A4", limit=6)


def edit_branch(work: Work, branch_id: int, values: Mapping[str, Any]) -> None:
    """Address and letterhead. `logo` is the path of a PNG or JPEG, which is checked and written anew into the book."""
    branch, changes = _changes(work, Branch, branch_id, BranchChanges, values)
    if changes.get("state"):
        changes["state"] = normalise_state(branch.country, changes["state"])
    letterhead = dict(branch.letterhead or {})
    if "logo" in changes:
        path = changes.pop("logo")
        letterhead["logo"] = _keep_logo(work, Path(path)) if path else None
    if "paper" in changes and changes["paper"] not in {"A4", "Letter"}:
        raise InvalidValue(f"The paper is A4 or Letter, not {changes['paper']!r}.")
    for name in ("footer", "paper"):
        if name in changes:
            letterhead[name] = changes.pop(name)
    branch.letterhead = letterhead
    _apply(branch, changes)
    work.record("branch.changed", branch)


@dataclass(frozen=True, slots=True)
class UserChanges:
    name: str = needed()
    email: str = needed()
    initials: str = needed(limit=4)
    role: str = needed(limit=40)
    language: str = needed(limit=8)
    branch: str = text(limit=12)
    manager: str = text(limit=40)
    team: str = text(limit=40)
    is_active: bool = True


def edit_user(work: Work, user_id: int, values: Mapping[str, Any]) -> None:
    """Name, place, role; a user who goes is no longer active, and one owner always remains."""
    user, changes = _changes(work, User, user_id, UserChanges, values)
    links: tuple[tuple[str, type[Branch | User | Team]], ...] = (
        ("branch", Branch),
        ("manager", User),
        ("team", Team),
    )
    for name, table in links:
        if name in changes:
            changes[f"{name}_id"] = _id_of(work, table, changes.pop(name))
    if changes.get("manager_id") == user.id:
        raise InvalidValue(f"{user.name} cannot be their own manager.")
    role = changes.pop("role", None)
    _apply(user, changes)
    if role is not None:
        _give_role(work, user, role)
    work.session.flush()
    if not _owners(work):
        raise Rejected("One active owner remains in every book. Make somebody else an owner first.")
    work.record("user.changed", user)


def archive_bank_account(work: Work, account_id: int) -> None:
    """The account is no longer printed or offered."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    account = work.session.get(BankAccount, account_id)
    if account is None:
        raise NotFound("This bank account is not in the book.")
    account.is_archived = True
    work.record("bank_account.archived", account)


@dataclass(frozen=True, slots=True)
class NamedDraft:
    """A team, or a business unit of a company."""

    code: str = needed(limit=40)
    name: str = needed()
    company: str = text(limit=12)


def add_team(work: Work, values: Mapping[str, Any]) -> int:
    """A team; users are put into it by editing them."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    draft = parse(NamedDraft, values, "A team")
    _free(work, Team, draft.code, "team")
    return _added(work, Team(code=draft.code, name=draft.name))


def add_business_unit(work: Work, values: Mapping[str, Any]) -> int:
    """A business unit that customers, deals and documents can belong to."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    draft = parse(NamedDraft, values, "A business unit")
    _free(work, BusinessUnit, draft.code, "business unit")
    company = company_named(work, draft.company)
    return _added(work, BusinessUnit(company_id=company.id, code=draft.code, name=draft.name, is_archived=False))


@dataclass(frozen=True, slots=True)
class HolidayDraft:
    observed_on: dt.date
    name: str = needed()
    calendar: str = text(limit=40)


def add_holiday(work: Work, values: Mapping[str, Any]) -> int:
    """A day on which the calendar's working hours do not count."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    draft = parse(HolidayDraft, values, "A holiday")
    calendars = work.session.scalars(select(WorkingCalendar).order_by(WorkingCalendar.id)).all()
    wanted = [one for one in calendars if draft.calendar in {"", one.code}]
    if len(wanted) != 1:
        raise InvalidValue(f"Name one working calendar: {', '.join(one.code for one in calendars)}.")
    query = select(Holiday.id).where(Holiday.calendar_id == wanted[0].id, Holiday.observed_on == draft.observed_on)
    if work.session.scalar(query) is not None:
        raise Conflict(f"{draft.observed_on} is a holiday of {wanted[0].code} already.")
    return _added(work, Holiday(calendar_id=wanted[0].id, observed_on=draft.observed_on, name=draft.name))


def _changes(
    work: Work, table: type[E], record_id: int, draft: type[Any], values: Mapping[str, Any]
) -> tuple[E, dict[str, Any]]:
    """The record and the fields that `values` names, parsed by `draft`; the others stay as they are."""
    given, version = without_version(values)
    entity = to_change(work, table, record_id, Module.ORGANISATION, version=version, action=Action.CONFIGURE)
    filler = {f.name: "-" for f in fields(draft) if f.metadata.get("needed")}
    noun = table.__tablename__.replace("_", " ")
    parsed = parse(draft, {**filler, **given}, f"A {noun}")
    return entity, {name: getattr(parsed, name) for name in given}


def _apply(entity: Entity, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(entity, name, value)


def _added(work: Work, entity: Entity) -> int:
    work.session.add(entity)
    work.session.flush()
    return entity.id


def _free(work: Work, table: type[Team | BusinessUnit], code: str, noun: str) -> None:
    if work.session.scalar(select(table.id).where(table.code == code)) is not None:
        raise Conflict(f"There is a {noun} with the code {code} already.")


def _id_of(work: Work, table: type[Branch | User | Team], code: str) -> int | None:
    if not code:
        return None
    found = work.session.scalar(select(table.id).where(table.code == code))
    if found is None:
        raise NotFound(f"There is no {table.__tablename__} with the code {code!r}.")
    return found


def _owners(work: Work) -> list[int]:
    """Ids of the active users with the role of an owner."""
    query = select(User.id).join(UserRole, UserRole.user_id == User.id).join(Role, Role.id == UserRole.role_id)
    query = query.where(Role.code == "owner", User.is_active.is_(True), User.is_system.is_(False))
    return list(work.session.scalars(query))


def _give_role(work: Work, user: User, code: str) -> None:
    roles = ready_made_roles(work)
    if code not in roles:
        raise InvalidValue(f"There is no role {code!r}. Roles: {', '.join(sorted(roles))}.")
    for link in work.session.scalars(select(UserRole).where(UserRole.user_id == user.id)):
        work.session.delete(link)
    work.session.flush()
    work.session.add(UserRole(user_id=user.id, role_id=roles[code].id))


def _keep_logo(work: Work, path: Path) -> str:
    """Decode the picture and write it anew as PNG: nothing of the file that was given is kept but its pixels."""
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size > LARGEST_LOGO:
            raise InvalidValue(f"{path} is larger than 10 MB. Choose a smaller picture.")
        with Image.open(path, formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > 40_000_000:
                raise InvalidValue(f"{path} has more than 40 million pixels. Choose a smaller picture.")
            picture = opened.convert("RGBA")
    except OSError as error:
        said = error.strerror or "it is not a PNG or JPEG picture"
        raise InvalidValue(f"{path} cannot be used as a logo: {said}.") from None
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError):
        raise InvalidValue(f"{path} cannot be used as a logo: it is not a PNG or JPEG picture.") from None
    picture.thumbnail(LOGO_PIXELS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    body = buffer.getvalue()
    digest = hashlib.sha256(body).hexdigest()
    if work.session.scalar(select(StoredFile.id).where(StoredFile.sha256 == digest)) is None:
        work.insert(StoredFile, sha256=digest, media_type="image/png", size=len(body), body=body)
    return digest
