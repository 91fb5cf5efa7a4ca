"""Companies of three countries from their first day; users, branches, banks and rates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from models.ledger import Account
from models.organisation import BankAccount, Branch, Company, TaxRegistration, User, WorkingCalendar
from models.values.states import AccountRole, Scheme
from services import book
from services.drafts import parse
from services.errors import Conflict, Forbidden, InvalidValue, NotFound, Rejected, UserError, WrongUse
from services.listing import Asked, rows
from services.organisation.founding import (
    BankAccountDraft,
    BranchDraft,
    CompanyDraft,
    UserDraft,
    add_user,
    found_company,
    open_bank_account,
    open_branch,
    ready_made_roles,
    time_zone_of,
)
from services.organisation.numbers import fiscal_year_of
from services.organisation.places import default_place
from services.organisation.queries import BRANCHES, COMPANIES, USERS
from services.organisation.rates import enter_rate, quote
from services.permissions import Action, Module
from services.settings import change
from services.store import Store
from tests.conftest import Clock
from tests.factories import user_in

NEEDED_ROLES = {
    AccountRole.RECEIVABLE,
    AccountRole.BANK,
    AccountRole.CASH,
    AccountRole.SALES,
    AccountRole.ROUNDING,
    AccountRole.EXCHANGE,
    AccountRole.CUSTOMER_CREDIT,
}
TAX_ROLES = {
    "AE": {AccountRole.TAX_OUTPUT},
    "IN": {AccountRole.CGST_OUTPUT, AccountRole.SGST_OUTPUT, AccountRole.IGST_OUTPUT, AccountRole.CESS_OUTPUT},
    "DE": {AccountRole.TAX_OUTPUT},
}


@pytest.fixture
def empty(tmp_path: Path, clock: Clock) -> Store:
    return book.create(str(tmp_path / "new.throughline"), clock=clock)


@pytest.mark.parametrize(
    ("draft", "currency", "zone", "year", "branch", "scheme"),
    [
        (
            CompanyDraft("Acme Trading", "AE", tax_id="100000000000003", state="DXB", address="1 Road, Dubai, 00000"),
            "AED",
            "Asia/Dubai",
            "01-01",
            "DXB",
            Scheme.REGULAR,
        ),
        (
            CompanyDraft("Lotus", "India", tax_id="29aabcu9603r1zj", address="14 MG Road, Bengaluru, 560001"),
            "INR",
            "Asia/Kolkata",
            "04-01",
            "BEN",
            Scheme.REGULAR,
        ),
        (
            CompanyDraft("Müller & Söhne", "DE", city="Köln"),
            "EUR",
            "Europe/Berlin",
            "01-01",
            "KLN",
            Scheme.UNREGISTERED,
        ),
        (
            CompanyDraft("Acme", "AE", fiscal_year_start="07-01"),
            "AED",
            "Asia/Dubai",
            "07-01",
            "ACM",
            Scheme.UNREGISTERED,
        ),
    ],
)
def test_a_company_is_whole_from_its_first_day(
    empty: Store, draft: CompanyDraft, currency: str, zone: str, year: str, branch: str, scheme: Scheme
) -> None:
    with empty.writing() as work:
        company_id = found_company(work, draft)
    with empty.reading() as work:
        company = work.session.get_one(Company, company_id)
        assert (company.base_currency, company.time_zone, company.fiscal_year_start) == (currency, zone, year)
        registration = work.session.scalars(select(TaxRegistration)).one()
        assert registration.scheme is scheme
        assert registration.tax_id == (draft.tax_id.upper() or None)
        place = work.session.scalars(select(Branch)).one()
        assert (place.code, place.company_id, place.registration_id) == (branch, company_id, registration.id)
        assert place.currency == currency
        calendar = work.session.get_one(WorkingCalendar, place.calendar_id)
        assert calendar.time_zone == zone
        assert "sun" not in calendar.hours
        assert calendar.hours["mon"][0] == ["09:00", "13:00"]
        accounts = work.session.scalars(select(Account).where(Account.company_id == company_id)).all()
        assert {a.role for a in accounts} >= NEEDED_ROLES | TAX_ROLES[company.country]
        assert len({a.code for a in accounts}) == len(accounts)
    empty.close()


def test_an_indian_company_has_its_state_from_the_gstin(india: Store) -> None:
    with india.reading() as work:
        assert work.session.scalars(select(Branch.state)).one() == "29"
        assert work.session.scalars(select(TaxRegistration.state)).one() == "29"


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (CompanyDraft("Lotus", "IN", tax_id="29AABCU9603R1ZJ", state="27"), "belongs to state 29, not 27"),
        (CompanyDraft("Lotus", "IN", tax_id="29AABCU9603R1ZX"), "mistyped"),
        (CompanyDraft("Lotus", "IN", tax_id="29AABCU9603"), "15 characters"),
        (CompanyDraft("Acme", "AE", tax_id="123"), "TRN"),
        (CompanyDraft("Acme", "AE", state="Bavaria"), "Bavaria"),
        (CompanyDraft("Acme", "Atlantis"), "Atlantis"),
        (CompanyDraft("Acme", "AE", currency="XXX"), "ISO 4217"),
        (CompanyDraft("Acme", "AE", fiscal_year_start="02-29"), "fiscal year"),
        (CompanyDraft("Acme", "AE", scheme="nonsense"), "scheme is one of"),
        (CompanyDraft("Acme", "AE", time_zone="Mars/Base"), "no time zone"),
        (CompanyDraft("Acme", "AE", code="a b"), "A-Z and 0-9"),
        (CompanyDraft("Acme", "AE", branch_code="A_B"), "A-Z and 0-9"),
    ],
)
def test_a_company_that_cannot_be_is_refused_in_a_sentence(empty: Store, draft: CompanyDraft, says: str) -> None:
    with pytest.raises(UserError, match=says), empty.writing() as work:
        found_company(work, draft)
    with empty.reading() as work:
        assert work.session.scalars(select(Company)).all() == []
    empty.close()


def test_every_problem_is_named_at_once(empty: Store) -> None:
    draft = CompanyDraft("Acme", "AE", currency="XXX", fiscal_year_start="99", tax_id="1")
    with pytest.raises(Rejected) as refused, empty.writing() as work:
        found_company(work, draft)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "currency",
        "fiscal_year_start",
        "tax_id",
    ]
    empty.close()


def test_a_second_company_with_a_code_and_a_branch_of_its_own(store: Store) -> None:
    with store.writing() as work:
        found_company(work, CompanyDraft("Acme Trading Two", "AE", state="DXB"))
        found_company(work, CompanyDraft("شركة النور", "SA", city="Riyadh"))
    with store.reading() as work:
        assert [row["code"] for row in rows(work, COMPANIES, Asked())] == ["ACME", "ACME2", "FIRM"]
        assert [row["code"] for row in rows(work, BRANCHES, Asked(sort="id"))] == ["DXB", "DXB2", "RIY"]
    with pytest.raises(Conflict, match="code ACME already"), store.writing() as work:
        found_company(work, CompanyDraft("Another", "AE", code="ACME"))


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("AE", "Asia/Dubai"),
        ("IN", "Asia/Kolkata"),
        ("GB", "Europe/London"),
        ("ES", "Europe/Madrid"),
        ("PT", "Europe/Lisbon"),
        ("AU", "Australia/Sydney"),
        ("CA", "America/Toronto"),
        ("BR", "America/Sao_Paulo"),
        ("CN", "Asia/Shanghai"),
        ("ID", "Asia/Jakarta"),
        ("NZ", "Pacific/Auckland"),
        ("RU", "Europe/Moscow"),
        ("MX", "America/Mexico_City"),
        ("SG", "Asia/Singapore"),
    ],
)
def test_the_time_zone_of_a_country_is_where_its_business_is(country: str, zone: str) -> None:
    assert time_zone_of(country) == zone


# --- users, roles and rights -----------------------------------------------------------------------------------------


def test_three_roles_are_there_and_are_made_once(store: Store) -> None:
    with store.writing() as work:
        first = {code: role.id for code, role in ready_made_roles(work).items()}
        assert set(first) == {"owner", "finance", "staff"}
        assert {code: role.id for code, role in ready_made_roles(work).items()} == first


def test_a_user_has_code_initials_role_branch_and_manager(store: Store) -> None:
    with store.writing() as work:
        add_user(work, parse(UserDraft, {"name": "Sara Ali Khan", "branch": "DXB", "manager": "owner"}, "A user"))
        add_user(work, UserDraft(name="Sara Noor", role="finance", email="sara@example.com"))
        add_user(work, UserDraft(name="سارة"))
    with store.reading() as work:
        shown = {row["code"]: row for row in rows(work, USERS, Asked())}
    assert set(shown) == {"owner", "sara", "sara2", "user"}
    assert shown["sara"] | {"id": 0} == {
        "id": 0,
        "kind": "user",
        "number": "sara",
        "code": "sara",
        "name": "Sara Ali Khan",
        "email": "sara@localhost",
        "initials": "SA",
        "role": "staff",
        "branch": "DXB",
        "manager": "owner",
        "language": "en",
        "time_zone": "Asia/Dubai",
        "is_active": True,
    }


@pytest.mark.parametrize(
    ("draft", "error", "says"),
    [
        (UserDraft("A", role="king"), InvalidValue, "no role 'king'"),
        (UserDraft("A", branch="XXX"), InvalidValue, "no branch with the code 'XXX'"),
        (UserDraft("A", manager="xxx"), InvalidValue, "no user with the code 'xxx'"),
        (UserDraft("A", code="owner"), Conflict, "already"),
        (UserDraft("A", email="owner@localhost"), Conflict, "already"),
        (UserDraft("A", email="Owner@Localhost"), Conflict, "already"),
    ],
)
def test_a_user_that_cannot_be(store: Store, draft: UserDraft, error: type[UserError], says: str) -> None:
    with pytest.raises(error, match=says), store.writing() as work:
        add_user(work, draft)


def test_staff_and_finance_configure_nothing(store: Store) -> None:
    for role in ("staff", "finance"):
        user = store.acting_as(user_in(store, role, role))
        for attempt in (
            lambda work: found_company(work, CompanyDraft("X", "AE")),
            lambda work: open_branch(work, BranchDraft("X", "X")),
            lambda work: add_user(work, UserDraft("X")),
            lambda work: open_bank_account(work, BankAccountDraft("X", "X")),
            ready_made_roles,
        ):
            sentence = f"{role} may not configure companies, branches and users"
            with pytest.raises(Forbidden, match=sentence), user.writing() as work:
                attempt(work)
        with user.reading() as work:
            assert [row["code"] for row in rows(work, COMPANIES, Asked())] == ["ACME"]


def test_who_left_can_do_nothing(store: Store) -> None:
    sara = user_in(store, "Sara", "owner")
    with store.writing() as work:
        work.session.get_one(User, sara).is_active = False
    with pytest.raises(Forbidden, match="Sara is no longer active"), store.acting_as(sara).writing() as work:
        add_user(work, UserDraft("X"))
    with pytest.raises(NotFound, match="not in the book"), store.acting_as(999).reading() as work:
        work.actor.scope(Module.SALES, Action.VIEW)


# --- branches and banks ----------------------------------------------------------------------------------------------


def test_a_branch_shares_the_registration_or_has_its_own(india: Store) -> None:
    with india.writing() as work:
        open_branch(work, BranchDraft("MYS", "Mysuru", city="Mysuru"))
        open_branch(work, BranchDraft("MUM", "Mumbai", tax_id="27AABCU9603R1ZN"))
    with india.reading() as work:
        shown = {row["code"]: (row["state"], row["tax_id"]) for row in rows(work, BRANCHES, Asked())}
    assert shown == {
        "BEN": ("29", "29AABCU9603R1ZJ"),
        "MYS": ("29", "29AABCU9603R1ZJ"),
        "MUM": ("27", "27AABCU9603R1ZN"),
    }


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (BranchDraft("DXB", "Again"), "already"),
        (BranchDraft("a-b", "Lower"), "A-Z and 0-9"),
        (BranchDraft("AUH", "X", state="29"), "29"),
        (BranchDraft("AUH", "X", tax_id="1"), "TRN"),
        (BranchDraft("AUH", "X", company="NONE"), "Name one company"),
        (BranchDraft("AUH", "X", currency="XXX"), "ISO 4217"),
    ],
)
def test_a_branch_that_cannot_be(store: Store, draft: BranchDraft, says: str) -> None:
    with pytest.raises(UserError, match=says), store.writing() as work:
        open_branch(work, draft)


def test_the_place_is_named_or_the_actor_s_or_the_only_one(store: Store) -> None:
    with store.reading() as work:
        assert default_place(work).branch.code == "DXB"
    with store.writing() as work:
        open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))
        with pytest.raises(WrongUse, match=r"several branches.*DXB, AUH"):
            default_place(work)
        assert default_place(work, None, "AUH").branch.code == "AUH"
        assert default_place(work, "ACME").branch.code == "DXB"
        with pytest.raises(NotFound, match="no branch XXX"):
            default_place(work, None, "XXX")
        found_company(work, CompanyDraft("Lotus", "IN", tax_id="29AABCU9603R1ZJ", city="Bengaluru"))
        with pytest.raises(WrongUse, match="several companies"):
            default_place(work)
    with store.acting_as(user_in(store, "Sara", branch="AUH")).reading() as work:
        assert default_place(work).branch.code == "AUH"
        assert str(default_place(work).zone) == "Asia/Dubai"


def test_a_bank_account_is_tidied(store: Store) -> None:
    with store.writing() as work:
        bank_id = open_bank_account(
            work, BankAccountDraft("MAIN", "Emirates Bank", iban="ae07 0331 2345 6789 0123 456", swift="ebilaead")
        )
        account = work.session.get_one(BankAccount, bank_id)
        assert (account.iban, account.swift, account.currency) == ("AE070331234567890123456", "EBILAEAD", "AED")
        assert account.account_name == "Acme Trading LLC"
        assert account.branch_id is None
        with pytest.raises(Conflict, match="already"):
            open_bank_account(work, BankAccountDraft("MAIN", "Other"))
        with pytest.raises(InvalidValue, match="ISO 4217"):
            open_bank_account(work, BankAccountDraft("X", "Other", currency="XXX"))


# --- rates -----------------------------------------------------------------------------------------------------------


def test_a_missing_rate_is_an_error_and_never_one(store: Store) -> None:
    day = dt.date(2026, 3, 14)
    with store.reading() as work:
        assert quote(work, "AED", "AED", day).rate == 1
        with pytest.raises(Rejected, match="There is no rate for USD in AED for 2026-03-14"):
            quote(work, "USD", "AED", day)


def test_the_latest_rate_that_is_not_too_old(store: Store) -> None:
    with store.writing() as work:
        for day, rate in ((1, "3.6725"), (5, "3.6730"), (20, "3.7000")):
            enter_rate(work, "USD", "AED", dt.date(2026, 3, day), Decimal(rate), "Central Bank")
    with store.reading() as work:
        assert quote(work, "USD", "AED", dt.date(2026, 3, 4)).rate == Decimal("3.6725")
        fifth = quote(work, "USD", "AED", dt.date(2026, 3, 12))
        assert (fifth.rate, fifth.quoted_on, fifth.source) == (Decimal("3.673"), dt.date(2026, 3, 5), "Central Bank")
        for too_late in (dt.date(2026, 3, 13), dt.date(2026, 2, 28), dt.date(2026, 3, 28)):
            with pytest.raises(Rejected, match="no rate"):
                quote(work, "USD", "AED", too_late)
        with pytest.raises(Rejected, match="no rate"):
            quote(work, "AED", "USD", dt.date(2026, 3, 5))
    with store.writing() as work:
        change(work, "billing.rate_max_age_days", "30")
        assert quote(work, "USD", "AED", dt.date(2026, 3, 19)).rate == Decimal("3.673")


def test_a_rate_is_corrected_in_its_place(store: Store) -> None:
    day = dt.date(2026, 3, 14)
    with store.writing() as work:
        first = enter_rate(work, "USD", "AED", day, Decimal("36.725"), "typed")
    with store.writing() as work:
        assert enter_rate(work, "USD", "AED", day, Decimal("3.6725"), "Central Bank") == first
        assert quote(work, "USD", "AED", day).rate == Decimal("3.6725")


@pytest.mark.parametrize(
    ("currency", "home", "rate"),
    [
        ("USD", "AED", "0"),
        ("USD", "AED", "-1"),
        ("USD", "AED", "1e8"),
        ("USD", "AED", "0.00000000001"),
        ("USD", "AED", "NaN"),
        ("XXX", "AED", "1"),
        ("USD", "xxx", "1"),
        ("AED", "AED", "1"),
        ("USD", "AED", "1e308"),
    ],
)
def test_a_rate_that_cannot_be(store: Store, currency: str, home: str, rate: str) -> None:
    with pytest.raises(InvalidValue), store.writing() as work:
        enter_rate(work, currency, home, dt.date(2026, 3, 14), Decimal(rate), "typed")


def test_staff_enters_rates_but_a_reader_does_not(store: Store) -> None:
    with store.acting_as(user_in(store, "Sara")).writing() as work:
        enter_rate(work, "USD", "AED", work.today, Decimal("3.6725"), "typed")


def test_the_fiscal_year_of_a_company(india: Store) -> None:
    with india.reading() as work:
        company = work.session.scalars(select(Company)).one()
        assert fiscal_year_of(company, dt.date(2026, 3, 31)).label == "25-26"
        assert fiscal_year_of(company, dt.date(2026, 4, 1)).label == "26-27"
