"""Rights hold everywhere: what a person may not see is not listed, counted, paged, found or told by its history."""

from __future__ import annotations

import itertools
import random

import pytest
from sqlalchemy import select

from models.customers import Customer
from models.organisation import Role, RoleRight, User, UserRole
from services.errors import Forbidden, NotFound
from services.history_queries import changes_of
from services.listing import Asked, Column, Kind, Listing, count, ids, page, rows
from services.organisation.founding import BranchDraft, open_branch
from services.permissions import READY_MADE, Action, Module, Scope, require, visible
from services.records import RecordKind
from services.search.queries import find
from services.settings import change
from services.store import Store
from services.versions import to_change
from tests.factories import add_customer, user_in

CUSTOMERS = Listing(
    name="customers",
    kind="customer",
    module=Module.CUSTOMERS,
    table=Customer,
    columns=(Column("code", Kind.TEXT, lambda _: Customer.code),),
    source=Customer.__table__,
    visible=lambda work: visible(work, Module.CUSTOMERS, Customer.owner_id, Customer.branch_id),
    sort="code",
)
KIND = RecordKind("customer", CUSTOMERS, (lambda: Customer.code,), lambda _work, record_id: {"id": record_id})


@pytest.mark.parametrize("role", ["owner", "finance", "staff"])
def test_each_ready_made_role_may_do_what_it_says_and_no_more(store: Store, role: str) -> None:
    user = store.acting_as(user_in(store, role, role))
    rights = READY_MADE[role][1]
    with user.reading() as work:
        for module, action in itertools.product(Module, Action):
            if (module, action) in rights:
                require(work, module, action)
            else:
                with pytest.raises(Forbidden, match=f"{role} may not .* Ask an owner for the right"):
                    require(work, module, action)


def test_a_phase_that_is_off_forbids_its_commands(store: Store) -> None:
    with store.writing() as work:
        change(work, "rollout.phases", "sales")
    with store.reading() as work:
        require(work, Module.SALES, Action.EDIT)
        require(work, Module.CUSTOMERS, Action.EDIT)
        with pytest.raises(Forbidden, match="Documents and payments belong to the phase finance"):
            require(work, Module.BILLING, Action.VIEW)


def test_the_widest_scope_of_several_roles_counts(store: Store) -> None:
    sara = user_in(store, "Sara")
    with store.writing() as work:
        narrow = Role(code="narrow", name="Narrow", is_ready_made=False)
        narrow.rights = [
            RoleRight(module="customers", action="view", scope=Scope.OWN),
            RoleRight(module="ledger", action="view", scope=Scope.TEAM),
        ]
        work.session.add(narrow)
        work.session.flush()
        work.session.add(UserRole(user_id=sara, role_id=narrow.id))
    with store.acting_as(sara).reading() as work:
        assert work.actor.scope(Module.CUSTOMERS, Action.VIEW) is Scope.ALL
        assert work.actor.scope(Module.LEDGER, Action.VIEW) is Scope.TEAM
        assert work.actor.scope(Module.LEDGER, Action.EDIT) is None


def test_rights_that_are_taken_away_count_at_once(store: Store) -> None:
    sara = store.acting_as(user_in(store, "Sara"))
    with sara.reading() as work:
        require(work, Module.SALES, Action.EDIT)
    with store.writing() as work:
        for right in work.session.scalars(select(RoleRight).join(Role).where(Role.code == "staff")):
            work.session.delete(right)
    with sara.reading() as work, pytest.raises(Forbidden):
        require(work, Module.SALES, Action.EDIT)


SCOPES = (Scope.OWN, Scope.TEAM, Scope.BRANCH, Scope.ALL, None)


@pytest.mark.parametrize("seed", range(4))
def test_nobody_sees_a_row_beyond_the_scope(any_store: Store, seed: int) -> None:
    """Random users, teams, branches, scopes and rows, against a rule written down a second time."""
    chance = random.Random(seed)
    with any_store.writing() as work:
        branches = [1, open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))]
    people = []
    for number in range(5):
        user_id = user_in(any_store, f"User{number}", team=chance.choice(["", "north", "south"]))
        scope = chance.choice(SCOPES)
        people.append((user_id, scope))
        with any_store.writing() as work:
            user = work.session.get_one(User, user_id)
            user.branch_id = chance.choice([None, *branches])
            role = Role(code=f"r{number}", name="Random", is_ready_made=False)
            role.rights = [RoleRight(module="customers", action="view", scope=scope)] if scope else []
            work.session.add(role)
            work.session.flush()
            work.session.scalars(select(UserRole).where(UserRole.user_id == user_id)).one().role_id = role.id
    with any_store.writing() as work:
        for number in range(25):
            owner, _ = chance.choice(people)
            add_customer(
                work, f"Customer {number:02d}", code=f"K-{number}", owner_id=owner, branch_id=chance.choice(branches)
            )
        team_of = {user.id: user.team_id for user in work.session.scalars(select(User))}
        branch_of = {user.id: user.branch_id for user in work.session.scalars(select(User))}
        everything = [(c.id, c.owner_id, c.branch_id) for c in work.session.scalars(select(Customer))]
    for user_id, scope in people:
        allowed = {
            row_id
            for row_id, owner, branch in everything
            if scope is Scope.ALL
            or (scope is not None and owner == user_id)
            or (scope is Scope.TEAM and team_of[user_id] is not None and team_of[owner] == team_of[user_id])
            or (scope is Scope.BRANCH and branch_of[user_id] == branch)
        }
        with any_store.acting_as(user_id).reading() as work:
            assert {hit.id for hit in find(work, "customer", limit=100)} == allowed
            if scope is None:
                for ask in (count, rows, ids):
                    with pytest.raises(Forbidden):
                        ask(work, CUSTOMERS, Asked(limit=0))
                continue
            assert count(work, CUSTOMERS, Asked()) == len(allowed)
            assert {row["id"] for row in rows(work, CUSTOMERS, Asked(limit=0))} == allowed
            assert set(ids(work, CUSTOMERS, Asked())) == allowed
            assert set(page(work, CUSTOMERS, [row_id for row_id, *_ in everything])) == allowed
            for row_id, *_ in everything:
                if row_id in allowed:
                    assert KIND.find(work, f"#{row_id}") == row_id
                    assert changes_of(work, CUSTOMERS, row_id)
                else:
                    with pytest.raises(NotFound):
                        KIND.find(work, f"#{row_id}")
                    with pytest.raises(NotFound):
                        changes_of(work, CUSTOMERS, row_id)


def test_a_record_that_may_be_seen_but_not_changed(store: Store) -> None:
    sara = user_in(store, "Sara")
    with store.writing() as work:
        theirs = add_customer(work, "Theirs").id
        mine = add_customer(work, "Mine", owner_id=sara).id
        edit = select(RoleRight).join(Role).where(Role.code == "staff", RoleRight.module == "customers")
        for right in work.session.scalars(edit.where(RoleRight.action == "edit")):
            right.scope = Scope.OWN
    with store.acting_as(sara).writing() as work:
        assert to_change(work, Customer, mine, Module.CUSTOMERS).display_name == "Mine"
        with pytest.raises(Forbidden, match=r"Sara may not .* it belongs to somebody else"):
            to_change(work, Customer, theirs, Module.CUSTOMERS)
        with pytest.raises(NotFound):
            to_change(work, Customer, 999, Module.CUSTOMERS)


@pytest.mark.parametrize(
    "ref",
    [
        "#0",
        "#9999999999999999999",
        "#99999999999999999999",
        "#-1",
        "#",
        "",
        "K-9",
        "é",
        "%",
        "a\x00b",
        "\ud800",
        "x" * 10_000,
    ],
)
def test_a_reference_that_names_nothing(store: Store, ref: str) -> None:
    with store.reading() as work, pytest.raises(NotFound, match="There is no customer"):
        KIND.find(work, ref)


def test_a_kind_without_codes_is_found_by_its_id_alone(store: Store) -> None:
    kind = RecordKind("customer", CUSTOMERS, (), lambda _work, record_id: {"id": record_id})
    with store.writing() as work:
        customer = add_customer(work)
        assert kind.find(work, f"#{customer.id}") == customer.id
        with pytest.raises(NotFound):
            kind.find(work, customer.code)


def test_the_history_of_a_record_tells_who_changed_what(store: Store) -> None:
    sara = user_in(store, "Sara")
    with store.writing() as work:
        customer_id = add_customer(work, "Acme", notes="one").id
    with store.acting_as(sara).writing() as work:
        work.session.get_one(Customer, customer_id).notes = "two"
    with store.reading() as work:
        made, changed = changes_of(work, CUSTOMERS, customer_id)
    assert (made["action"], made["by"], made["fields"]["notes"]) == ("insert", "Owner", [None, "one"])
    assert (changed["action"], changed["by"], changed["fields"]) == ("update", "Sara", {"notes": ["one", "two"]})
    assert changed["at"] == "2026-03-14T09:00:00+00:00"
