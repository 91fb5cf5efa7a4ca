"""A company with all that it needs to begin: registration, branch, calendar, chart of accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies
from sqlalchemy import func, select

from models.ledger import Account
from models.organisation import (
    BankAccount,
    Branch,
    Company,
    Role,
    RoleRight,
    TaxRegistration,
    User,
    UserRole,
    WorkingCalendar,
)
from models.values.money import exponent
from models.values.period import fiscal_year_start
from models.values.places import COUNTRIES, normalise_country, normalise_state
from models.values.states import AccountRole, AccountType, Scheme
from models.values.tax_ids import check_tax_id, gstin_state
from models.values.text import clean
from services.drafts import Problem, needed, raise_problems, text
from services.errors import Conflict, InvalidValue
from services.permissions import READY_MADE, Action, Module, Scope, require
from services.resources import resource
from services.store import Work

TIME_ZONES = {
    "AE": "Asia/Dubai",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CL": "America/Santiago",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "IN": "Asia/Kolkata",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "SA": "Asia/Riyadh",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}
"""Where a country's zones are several and the first by name is not where most of its business is."""
WEEKENDS = {"AE": ("sat", "sun"), "SA": ("fri", "sat"), "IN": ("sun",)}
FISCAL_YEARS = {"IN": "04-01", "GB": "04-01", "JP": "04-01", "AU": "07-01", "PK": "07-01", "BD": "07-01"}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CODE = re.compile(r"^[A-Z0-9]{1,12}$")


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """What `new` and `create company` ask. Without `tax_id` the company is unregistered."""

    name: str = needed()
    country: str = needed(limit=60)
    code: str = text(limit=12)
    currency: str = text(limit=3)
    state: str = text(limit=60)
    tax_id: str = text(limit=40)
    scheme: str = text(limit=20)
    address: str = text(limit=500)
    street: str = text(limit=500)
    city: str = text()
    pin: str = text(limit=20)
    fiscal_year_start: str = text(limit=5)
    time_zone: str = text(limit=40)
    branch_code: str = text(limit=12)
    phone: str = text()
    email: str = text()
    website: str = text()


def found_company(work: Work, draft: CompanyDraft) -> int:
    """Make the company, its registration, first branch, calendar and chart of accounts; answers the company's id."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    country = normalise_country(draft.country)
    raise_problems(_problems(draft, country))
    state = _state(draft, country)
    code = draft.code or free_code(work, draft.name)
    if work.session.scalar(select(Company.id).where(Company.code == code)) is not None:
        raise Conflict(f"There is a company with the code {code} already.")
    zone = draft.time_zone or time_zone_of(country)
    currency = draft.currency.upper() or currency_of(country)
    company = Company(
        code=code,
        legal_name=draft.name,
        trade_name=draft.name,
        country=country,
        base_currency=currency,
        fiscal_year_start=draft.fiscal_year_start or FISCAL_YEARS.get(country, "01-01"),
        time_zone=zone,
    )
    calendar = _calendar(work, country, zone)
    work.session.add(company)
    work.session.flush()
    scheme = Scheme(draft.scheme) if draft.scheme else Scheme.REGULAR if draft.tax_id else Scheme.UNREGISTERED
    registration = TaxRegistration(
        company_id=company.id, country=country, scheme=scheme, tax_id=draft.tax_id.upper() or None, state=state
    )
    work.session.add(registration)
    work.session.flush()
    street, city, pin = split_address(draft)
    work.session.add(
        Branch(
            company_id=company.id,
            registration_id=registration.id,
            calendar_id=calendar.id,
            code=_branch_code(work, draft, state, code),
            name=city or draft.name,
            street=street,
            extra="",
            city=city,
            pin=pin,
            state=state,
            country=country,
            currency=currency,
            phone=draft.phone,
            email=draft.email,
            website=draft.website,
            letterhead={"logo": None, "footer": "", "paper": "A4"},
        )
    )
    open_chart(work, company)
    work.record("company.founded", company, country=country)
    return company.id


def open_chart(work: Work, company: Company) -> None:
    """The chart of accounts of the company's country, as data; nothing where it has one already."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    if work.session.scalar(select(func.count()).select_from(Account).where(Account.company_id == company.id)):
        return
    name = company.country.lower() if company.country in {"AE", "IN"} else "generic"
    for row in resource(f"charts/{name}.json"):
        role = AccountRole(row["role"]) if row["role"] else None
        work.session.add(
            Account(
                company_id=company.id,
                code=row["code"],
                name=row["name"],
                type=AccountType(row["type"]),
                role=role,
                is_archived=False,
            )
        )


def ready_made_roles(work: Work) -> dict[str, Role]:
    """The three roles of a new book, made where they are missing."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    present = {role.code: role for role in work.session.scalars(select(Role))}
    for code, (name, rights) in READY_MADE.items():
        if code not in present:
            pairs = sorted((str(module), str(action)) for module, action in rights)
            role = Role(code=code, name=name, is_ready_made=True)
            role.rights = [RoleRight(module=m, action=a, scope=Scope.ALL) for m, a in pairs]
            work.session.add(role)
            present[code] = role
    work.session.flush()
    return present


@dataclass(frozen=True, slots=True)
class UserDraft:
    name: str = needed()
    email: str = text()
    code: str = text(limit=40)
    role: str = text("staff", limit=40)
    branch: str = text(limit=12)
    manager: str = text(limit=40)
    language: str = text("en", limit=8)


def add_user(work: Work, draft: UserDraft) -> int:
    """A person of the firm, with one role. The code is made from the name where none is given."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    roles = ready_made_roles(work)
    if draft.role not in roles:
        raise InvalidValue(f"There is no role {draft.role!r}. Roles: {', '.join(sorted(roles))}.")
    code = draft.code or _user_code(work, draft.name)
    email = draft.email or f"{code}@localhost"
    taken = (User.code == code) | (func.lower(User.email) == email.lower())
    if work.session.scalar(select(User.id).where(taken)) is not None:
        raise Conflict(f"There is a user with the code {code} or the e-mail {email} already.")
    branch_id = _id_of(work, Branch, draft.branch, "branch")
    manager_id = _id_of(work, User, draft.manager, "user")
    initials = "".join(word[0] for word in draft.name.split()[:2]).upper() or code[:2].upper()
    user = User(
        code=code,
        name=draft.name,
        email=email,
        initials=initials[:4],
        branch_id=branch_id,
        manager_id=manager_id,
        language=draft.language,
        time_zone=work.session.scalar(select(Company.time_zone).order_by(Company.id).limit(1)) or "UTC",
        is_active=True,
        is_system=False,
        created_at=work.now,
    )
    work.session.add(user)
    work.session.flush()
    work.session.add(UserRole(user_id=user.id, role_id=roles[draft.role].id))
    work.record("user.added", user, role=draft.role)
    return user.id


@dataclass(frozen=True, slots=True)
class BranchDraft:
    code: str = needed(limit=12)
    name: str = needed()
    company: str = text(limit=12)
    state: str = text(limit=60)
    tax_id: str = text(limit=40)
    street: str = text(limit=500)
    city: str = text()
    pin: str = text(limit=20)
    currency: str = text(limit=3)
    phone: str = text()
    email: str = text()


def open_branch(work: Work, draft: BranchDraft) -> int:
    """A further branch. With a tax id of its own it gets its own registration, else it shares the company's first."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    if not _CODE.match(draft.code):
        raise InvalidValue(f"The branch code {draft.code!r} is up to 12 of A-Z and 0-9.")
    company = company_named(work, draft.company)
    first = work.session.scalars(select(Branch).where(Branch.company_id == company.id).order_by(Branch.id)).first()
    if first is None:
        raise InvalidValue(f"The company {company.code} has no first branch.")
    if work.session.scalar(select(Branch.id).where(Branch.code == draft.code)) is not None:
        raise Conflict(f"There is a branch with the code {draft.code} already.")
    state = _branch_state(company.country, draft) or first.state
    currency = draft.currency.upper() or company.base_currency
    exponent(currency)
    registration_id = first.registration_id
    if draft.tax_id:
        raise_problems(_tax_id_problems(company.country, draft.tax_id, state))
        registration = TaxRegistration(
            company_id=company.id,
            country=company.country,
            scheme=Scheme.REGULAR,
            tax_id=draft.tax_id.upper(),
            state=state,
        )
        work.session.add(registration)
        work.session.flush()
        registration_id = registration.id
    branch = Branch(
        company_id=company.id,
        registration_id=registration_id,
        calendar_id=first.calendar_id,
        code=draft.code,
        name=draft.name,
        street=draft.street,
        extra="",
        city=draft.city,
        pin=draft.pin,
        state=state,
        country=company.country,
        currency=currency,
        phone=draft.phone,
        email=draft.email,
        website="",
        letterhead={"logo": None, "footer": "", "paper": "A4"},
    )
    work.session.add(branch)
    work.session.flush()
    work.record("branch.opened", branch)
    return branch.id


@dataclass(frozen=True, slots=True)
class BankAccountDraft:
    code: str = needed(limit=40)
    bank_name: str = needed()
    account_name: str = text()
    account_number: str = text(limit=40)
    iban: str = text(limit=40)
    swift: str = text(limit=20)
    ifsc: str = text(limit=20)
    upi_vpa: str = text(limit=80)
    currency: str = text(limit=3)
    company: str = text(limit=12)
    branch: str = text(limit=12)


def open_bank_account(work: Work, draft: BankAccountDraft) -> int:
    """A bank account that documents of its currency print and payments are paid into."""
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    company = company_named(work, draft.company)
    currency = draft.currency.upper() or company.base_currency
    exponent(currency)
    if work.session.scalar(select(BankAccount.id).where(BankAccount.code == draft.code)) is not None:
        raise Conflict(f"There is a bank account with the code {draft.code} already.")
    account = BankAccount(
        company_id=company.id,
        branch_id=_id_of(work, Branch, draft.branch, "branch"),
        code=draft.code,
        bank_name=draft.bank_name,
        account_name=draft.account_name or company.legal_name,
        account_number=draft.account_number,
        iban=draft.iban.replace(" ", "").upper() or None,
        swift=draft.swift.upper() or None,
        ifsc=draft.ifsc.upper() or None,
        upi_vpa=draft.upi_vpa or None,
        currency=currency,
    )
    work.session.add(account)
    work.session.flush()
    return account.id


def currency_of(country: str) -> str:
    """The country's present currency, from the CLDR."""
    current = get_territory_currencies(country)
    if not current:
        raise InvalidValue(f"No currency is known for {COUNTRIES.get(country, country)}. Name one with --currency.")
    return str(current[0])


def time_zone_of(country: str) -> str:
    if country in TIME_ZONES:
        return TIME_ZONES[country]
    zones = sorted(zone for zone, land in get_global("zone_territories").items() if land == country)
    return zones[0] if zones else "UTC"


def split_address(draft: CompanyDraft) -> tuple[str, str, str]:
    """(street, city, pin) from the fields, or from "street, city, pin"."""
    parts = [part.strip() for part in draft.address.split(",") if part.strip()]
    pin = parts.pop() if len(parts) > 1 and any(char.isdigit() for char in parts[-1]) else ""
    city = parts.pop() if len(parts) > 1 else ""
    return draft.street or ", ".join(parts), draft.city or city, draft.pin or pin


def free_code(work: Work, name: str) -> str:
    """A company code from the first word of its name."""
    base = re.sub(r"[^A-Z0-9]", "", name.split(maxsplit=1)[0].upper())[:8] or "FIRM"
    return _free(work.session.scalars(select(Company.code)).all(), base)


def _free(taken: object, base: str) -> str:
    known = set(taken)  # type: ignore[call-overload]
    code, number = base, 2
    while code in known:
        code, number = f"{base}{number}", number + 1
    return code


def _problems(draft: CompanyDraft, country: str) -> list[Problem]:
    found = []
    if draft.code and not _CODE.match(draft.code):
        found.append(Problem("code", f"The code {draft.code!r} is up to 12 of A-Z and 0-9."))
    if draft.branch_code and not _CODE.match(draft.branch_code.upper()):
        found.append(Problem("branch_code", f"The branch code {draft.branch_code!r} is up to 12 of A-Z and 0-9."))
    if draft.currency:
        try:
            exponent(draft.currency.upper())
        except InvalidValue as error:
            found.append(Problem("currency", str(error)))
    if draft.fiscal_year_start:
        try:
            fiscal_year_start(draft.fiscal_year_start)
        except InvalidValue as error:
            found.append(Problem("fiscal_year_start", str(error)))
    if draft.scheme and draft.scheme not in set(Scheme):
        found.append(Problem("scheme", f"The scheme is one of {', '.join(Scheme)}."))
    if draft.time_zone and draft.time_zone not in get_global("zone_territories"):
        found.append(Problem("time_zone", f"{draft.time_zone!r} is no time zone. Write it as Asia/Dubai."))
    if draft.tax_id:
        try:
            state = normalise_state(country, draft.state) if draft.state else None
        except InvalidValue as error:
            return [*found, Problem("state", str(error))]
        found += _tax_id_problems(country, draft.tax_id, state)
    return found


def _tax_id_problems(country: str, tax_id: str, state: str | None) -> list[Problem]:
    check = check_tax_id(country, tax_id)
    if check.problem:
        return [Problem("tax_id", check.problem)]
    if country == "IN" and state and gstin_state(check.value) not in {None, state}:
        return [Problem("state", f"The GSTIN {check.value} belongs to state {gstin_state(check.value)}, not {state}.")]
    return []


def _state(draft: CompanyDraft, country: str) -> str | None:
    if draft.state:
        return normalise_state(country, draft.state)
    if country == "IN" and draft.tax_id:
        return gstin_state(draft.tax_id.upper())
    return None


def _branch_state(country: str, draft: BranchDraft) -> str | None:
    """The state that is named; else that of the branch's own GSTIN."""
    if draft.state:
        return normalise_state(country, draft.state)
    return gstin_state(draft.tax_id.upper()) if country == "IN" and draft.tax_id else None


def _calendar(work: Work, country: str, zone: str) -> WorkingCalendar:
    code = f"{country}-{zone.rsplit('/', 1)[-1]}".upper()
    known = work.session.scalar(select(WorkingCalendar).where(WorkingCalendar.code == code))
    if known is not None:
        return known
    weekend = WEEKENDS.get(country, ("sat", "sun"))
    hours = {day: [["09:00", "13:00"], ["14:00", "18:00"]] for day in DAYS if day not in weekend}
    name = Locale("en").territories.get(country, country)
    calendar = WorkingCalendar(code=code, name=name, time_zone=zone, hours=hours)
    work.session.add(calendar)
    work.session.flush()
    return calendar


def _branch_code(work: Work, draft: CompanyDraft, state: str | None, company_code: str) -> str:
    if draft.branch_code:
        code = clean(draft.branch_code, what="branch_code", limit=12).upper()
    elif state and state.isalpha() and len(state) <= 3:
        code = state
    else:
        code = re.sub(r"[^A-Z0-9]", "", (split_address(draft)[1] or company_code).upper())[:3] or "HQ"
    return _free(work.session.scalars(select(Branch.code)).all(), code)


def company_named(work: Work, code: str) -> Company:
    """The company with this code, or the only one."""
    require(work, Module.ORGANISATION, Action.VIEW)
    companies = work.session.scalars(select(Company).order_by(Company.id)).all()
    wanted = [c for c in companies if c.code == code] if code else list(companies)
    if len(wanted) != 1:
        names = ", ".join(company.code for company in companies)
        raise InvalidValue(f"Name one company by its code: {names}.")
    return wanted[0]


def _id_of(work: Work, table: type[Branch | User], code: str, what: str) -> int | None:
    if not code:
        return None
    found = work.session.scalar(select(table.id).where(table.code == code))
    if found is None:
        raise InvalidValue(f"There is no {what} with the code {code!r}.")
    return found


def _user_code(work: Work, name: str) -> str:
    base = re.sub(r"[^a-z0-9]", "", name.split(maxsplit=1)[0].casefold())[:20] or "user"
    return _free(work.session.scalars(select(User.code)).all(), base)
