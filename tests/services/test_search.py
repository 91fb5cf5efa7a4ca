"""One box finds every record by a part of what it is known by, forgives slips, and shows nobody what is not theirs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.customers import Customer
from models.organisation import Role, RoleRight, User
from models.sales import Deal, Pipeline, Stage
from services.organisation.founding import BranchDraft, open_branch
from services.permissions import Scope
from services.search.index import SOURCES
from services.search.queries import MODULE_OF, find
from services.store import Store, Work
from tests.factories import add_contact, add_customer, add_document, add_item, add_payment, user_in


def add_deal(work: Work, customer: Customer, code: str, name: str) -> None:
    pipeline = work.session.scalars(select(Pipeline)).first()
    assert pipeline is not None
    stage = work.session.scalars(select(Stage).where(Stage.pipeline_id == pipeline.id).order_by(Stage.position)).first()
    assert stage is not None
    work.session.add(
        Deal(
            code=code,
            name=name,
            customer_id=customer.id,
            pipeline_id=pipeline.id,
            stage_id=stage.id,
            stage_since=work.now,
            currency="AED",
            amount_minor=5_000,
            scope="",
            notes="",
            po_number="PO-778",
            owner_id=work.actor_id,
            company_id=customer.company_id,
            branch_id=customer.branch_id,
            created_at=work.now,
        )
    )


@pytest.fixture
def full(any_store: Store) -> Store:
    """One record of each kind, and some that are hard to find."""
    with any_store.writing() as work:
        acme = add_customer(
            work,
            "Al Noor Trading LLC",
            code="C-0001",
            tax_id="100234567800003",
            phone="+971 50 123-4567",
            email="info@alnoor.example",
        )
        add_customer(work, "100% Natural_Foods", code="C-0002")
        add_customer(work, "شركة النور", code="C-0003")
        add_customer(work, "राम एंड सन्स", code="C-0004")
        add_customer(work, "東京商事株式会社", code="C-0005")
        add_customer(work, "Quote \" and ' Backslash \\ Co", code="C-0006")
        add_customer(work, "Müller & Söhne", code="C-0007")
        add_contact(work, acme, "Fatima", "Hassan", email="fatima@alnoor.example", mobile="0501112222")
        add_item(work, "I-0001", "Annual maintenance", hsn="998713")
        add_deal(work, acme, "D-0001", "Website relaunch")
        add_document(work, acme, number="INV-2026-0042", payable_minor=123_456)
        add_payment(work, acme, "RCT-2026-0007", reference="CHQ 000981", amount_minor=77_700)
    return any_store


def titles(store: Store, wanted: str) -> list[str]:
    with store.reading() as work:
        return [hit.title for hit in find(work, wanted)]


NOOR = "Al Noor Trading LLC"


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("al noor", NOOR),
        ("NOOR trad", NOOR),
        ("rading", NOOR),
        ("C-0001", NOOR),
        ("100234567800003", NOOR),
        ("2345678", NOOR),
        ("1002 3456 7800 003", NOOR),
        ("+971501234567", NOOR),
        ("+971 50 123 4567", NOOR),
        ("050-123-4567", NOOR),
        ("(050) 1234567", NOOR),
        ("info@alnoor.example", NOOR),
        ("alnoor.example", NOOR),
        ("Al Nor Tradng", NOOR),
        ("Tradimg", NOOR),
        ("fatima hassan", "Fatima Hassan"),
        ("Fatma", "Fatima Hassan"),
        ("0501112222", "Fatima Hassan"),
        ("maintenance annual", "Annual maintenance"),
        ("maintanance", "Annual maintenance"),
        ("998713", "Annual maintenance"),
        ("relaunch", "Website relaunch"),
        ("PO-778", "Website relaunch"),
        ("INV-2026-0042", "INV-2026-0042"),
        ("2026-0042", "INV-2026-0042"),
        ("0042", "INV-2026-0042"),
        ("1234.56", "INV-2026-0042"),
        ("1,234.56", "INV-2026-0042"),
        ("777.00", "RCT-2026-0007"),
        ("000981", "RCT-2026-0007"),
        ("100%", "100% Natural_Foods"),
        ("natural_foods", "100% Natural_Foods"),
        ("l_f", "100% Natural_Foods"),
        ("النور", "شركة النور"),
        ("राम", "राम एंड सन्स"),
        ("東京", "東京商事株式会社"),
        ("商事株", "東京商事株式会社"),
        ("muller", "Müller & Söhne"),
        ("MÜLLER SÖHNE", "Müller & Söhne"),
        ('quote "', "Quote \" and ' Backslash \\ Co"),
        ("backslash \\", "Quote \" and ' Backslash \\ Co"),
    ],
)
def test_it_finds(full: Store, wanted: str, title: str) -> None:
    assert titles(full, wanted)[:1] == [title]


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "   ",
        "%",
        "%%%",
        "___",
        "NEAR(",
        "NEAR(a b, 5)",
        "* OR *",
        "words:noor",
        "xyzzy quux",
        "(((",
        "^$.*",
        "\x00",
        "\ud800",
        "NOT",
        "'; DROP TABLE search_entry; --",
        "\\",
        '"',
        '""""',
        "\u200d",
        "x" * 10_000,
    ],
)
def test_what_is_not_there_is_not_found_and_breaks_nothing(full: Store, wanted: str) -> None:
    found = titles(full, wanted)
    assert set(found) <= {"Quote \" and ' Backslash \\ Co", "100% Natural_Foods"}
    assert titles(full, "noor")[0] == NOOR


def test_a_nul_or_half_a_character_in_the_middle(full: Store) -> None:
    assert titles(full, "no\x00or") == titles(full, "no or")
    assert titles(full, "\ud800noor")[:1] == [NOOR]


def test_the_best_come_first_and_no_more_than_asked(any_store: Store) -> None:
    with any_store.writing() as work:
        for number in range(30):
            add_customer(work, f"Noormahal {number:02d}", code=f"N-{number}")
        add_customer(work, "Al Noor", code="C-1")
    with any_store.reading() as work:
        hits = find(work, "noor", limit=5)
    assert len(hits) == 5
    assert hits[0].title == "Al Noor", "the whole word before a beginning"


def test_one_of_each_kind_is_in_the_index(full: Store) -> None:
    assert {source.kind for source in SOURCES.values()} == set(MODULE_OF)
    with full.reading() as work:
        found = {
            hit.kind
            for word in ("noor", "fatima", "annual", "website", "inv-2026", "rct-2026")
            for hit in find(work, word)
        }
    assert found == set(MODULE_OF)


def test_a_changed_record_is_found_by_its_new_words_only(any_store: Store) -> None:
    with any_store.writing() as work:
        customer = add_customer(work, "Oldname Trading", code="C-1")
    with any_store.writing() as work:
        changed = work.session.get_one(Customer, customer.id)
        changed.display_name = changed.legal_name = "Zenith Industries"
    assert titles(any_store, "oldname") == []
    assert titles(any_store, "zenith") == ["Zenith Industries"]


# --- whose records ---------------------------------------------------------------------------------------------------


def limit_staff(store: Store, scope: Scope) -> None:
    with store.writing() as work:
        role = work.session.scalars(select(Role).where(Role.code == "staff")).one()
        for right in work.session.scalars(select(RoleRight).where(RoleRight.role_id == role.id)):
            right.scope = scope


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope.OWN, {"Globex Sara"}),
        (Scope.TEAM, {"Globex Sara", "Globex Mate"}),
        (Scope.BRANCH, {"Globex Sara", "Globex Neighbour"}),
        (Scope.ALL, {"Globex Sara", "Globex Mate", "Globex Neighbour", "Globex Far"}),
    ],
)
def test_each_sees_only_what_the_scope_allows(any_store: Store, scope: Scope, seen: set[str]) -> None:
    with any_store.writing() as work:
        other = open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))
    sara = user_in(any_store, "Sara", team="north", branch="DXB")
    mate = user_in(any_store, "Mate", team="north", branch="AUH")
    neighbour = user_in(any_store, "Neighbour", branch="DXB")
    far = user_in(any_store, "Far", branch="AUH")
    with any_store.writing() as work:
        for user_id, name, branch in (
            (sara, "Sara", 1),
            (mate, "Mate", other),
            (neighbour, "Neighbour", 1),
            (far, "Far", other),
        ):
            add_customer(work, f"Globex {name}", owner_id=user_id, branch_id=branch)
    limit_staff(any_store, scope)
    mine = any_store.acting_as(sara)
    assert set(titles(mine, "globex")) == seen
    assert set(titles(mine, "globax")) == seen, "misspelt"
    assert set(titles(mine, "gl")) == seen, "too short for the index"


def test_without_a_right_to_its_module_a_record_is_not_found(full: Store) -> None:
    sara = user_in(full, "Sara")
    with full.writing() as work:
        for right in work.session.scalars(select(RoleRight).join(Role).where(Role.code == "staff")):
            if right.module in {"billing", "customers"}:
                work.session.delete(right)
    mine = full.acting_as(sara)
    assert (
        titles(mine, "noor") == titles(mine, "fatima") == titles(mine, "INV-2026-0042") == titles(mine, "777.00") == []
    )
    assert titles(mine, "relaunch") == ["Website relaunch"]


def test_a_record_changes_hands_and_the_index_knows(any_store: Store) -> None:
    sara, omar = user_in(any_store, "Sara"), user_in(any_store, "Omar")
    limit_staff(any_store, Scope.OWN)
    with any_store.writing() as work:
        customer_id = add_customer(work, "Acme", owner_id=sara).id
    with any_store.writing() as work:
        work.session.get_one(Customer, customer_id).owner_id = omar
    assert titles(any_store.acting_as(sara), "acme") == []
    assert titles(any_store.acting_as(omar), "acme") == ["Acme"]


def test_a_person_who_left_finds_nothing(full: Store) -> None:
    sara = user_in(full, "Sara")
    with full.writing() as work:
        work.session.get_one(User, sara).is_active = False
    with pytest.raises(Exception, match="no longer active"):
        titles(full.acting_as(sara), "noor")


@given(st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
def test_no_text_breaks_the_search(store: Store, wanted: str) -> None:
    with store.reading() as work:
        assert find(work, wanted) == []


@given(st.text(min_size=1, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_any_name_finds_its_record(store: Store, name: str) -> None:
    """Whatever a name is made of, typing it whole finds it (names without a letter or digit aside)."""
    from models.values.errors import InvalidValue
    from models.values.text import clean, folded

    try:
        name = clean(name)
    except InvalidValue:
        return
    if not folded(name):
        return
    with store.writing() as work:
        customer_id = add_customer(work, name, code="C-1").id
    try:
        with store.reading() as work:
            assert customer_id in [hit.id for hit in find(work, name)]
    finally:
        with store.writing() as work:
            work.session.delete(work.session.get_one(Customer, customer_id))
