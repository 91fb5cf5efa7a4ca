"""Deals: opened, changed, moved, won, lost and reopened; what is wrong is said in a sentence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from models.history import Event, History
from models.organisation import UserRole
from models.sales import Deal, DealLine
from services import settings
from services.catalogue.commands import archive_item, create_item
from services.catalogue.drafts import item_draft
from services.customers.commands import archive_customer, create_customer
from services.customers.drafts import customer_draft
from services.errors import Conflict, Forbidden, InvalidValue, NotFound, Rejected, WrongUse
from services.listing import Asked, conditions, rows
from services.sales.commands import create_deal, edit_deal, lose_deal, move_deal, reopen_deal, win_deal
from services.sales.drafts import deal_draft
from services.sales.queries import DEALS, deal_detail
from services.sales.records import RECORDS
from services.store import Store
from tests.conftest import Clock
from tests.factories import user_in
from tests.services.attempts import attempts

LINES = [
    {"item": "ITEM-0001", "quantity": "3", "discount_percent": "10"},
    {"description": "Travel", "unit_price": "33.335", "quantity": "3", "unit": "day"},
]


def stock(store: Store) -> Store:
    """A customer with two contacts and an item of 450 an hour."""
    with store.writing() as work:
        contacts = [{"first_name": "Mona", "last_name": "Lee", "email": "mona@acme.example"}, {"last_name": "Khan"}]
        create_customer(work, customer_draft({"name": "Acme Stores", "payment_terms_days": 45, "contacts": contacts}))
        create_item(work, item_draft({"name": "Design", "unit_price": "450"}))
    return store


@pytest.fixture
def sales(store: Store) -> Store:
    return stock(store)


def make(store: Store, **values: Any) -> int:
    with store.writing() as work:
        return create_deal(work, deal_draft({"name": "Shop fit-out", "customer": "C-0001"} | values))


def shown(store: Store, deal_id: int) -> dict[str, Any]:
    with store.reading() as work:
        return deal_detail(work, deal_id)


class TestMaking:
    def test_what_is_left_out_is_inherited(self, any_store: Store) -> None:
        stock(any_store)
        found = shown(any_store, make(any_store, lines=LINES, closes_on="2026-04-30"))
        assert (found["kind"], found["code"], found["stage"], found["stage_type"]) == (
            "deal",
            "D-0001",
            "qualification",
            "open",
        )
        assert (found["currency"], found["payment_terms_days"], found["owner"]) == ("AED", 45, "owner")
        assert found["contact"] == {"id": 1, "name": "Mona Lee", "email": "mona@acme.example", "phone": None}
        assert (found["customer"]["code"], found["customer"]["name"]) == ("C-0001", "Acme Stores")
        assert found["links"] == {"customer": "C-0001", "estimates": [], "invoices": []}

    def test_the_amount_is_the_sum_of_the_lines(self, sales: Store) -> None:
        # 3 x 450 = 1350.00 less 10% = 1215.00; 3 x 33.335 = 100.005 -> 100.01
        found = shown(sales, make(sales, lines=LINES))
        assert found["amount"] == "1315.01"
        assert found["weighted"] == "131.50"
        first, second = found["lines"]
        assert first == {
            "no": 1,
            "item": "ITEM-0001",
            "description": "Design",
            "quantity": "3",
            "unit": "HUR",
            "unit_price": "450",
            "gross": "1350.00",
            "discount_percent": "10",
            "discount": "135.00",
            "net": "1215.00",
        }
        assert (second["item"], second["unit"], second["net"]) == (None, "DAY", "100.01")

    def test_without_lines_the_amount_is_typed(self, sales: Store) -> None:
        assert shown(sales, make(sales, amount="5000"))["amount"] == "5000.00"
        assert shown(sales, make(sales, amount="5", currency="jpy"))["amount"] == "5"

    def test_a_new_customer_in_the_deal(self, sales: Store) -> None:
        found = shown(sales, make(sales, customer={"name": "Palm Foods", "country": "US", "currency": "USD"}))
        assert (found["customer"]["code"], found["currency"], found["contact"]) == ("C-0002", "USD", None)

    def test_everything_said(self, sales: Store) -> None:
        user_in(sales, "Sara")
        found = shown(
            sales,
            make(
                sales,
                code="BIG-1",
                contact="khan",
                owner="sara",
                stage="Needs Analysis",
                payment_terms_days="0",
                po_number="PO 7",
                next_step="Call",
                scope="Two\nfloors",
                discount_percent="2.5",
                notes="n",
            ),
        )
        assert (found["code"], found["contact"]["name"], found["owner"]) == ("BIG-1", "Khan", "sara")
        assert (found["stage"], found["payment_terms_days"], found["po_number"]) == ("needs_analysis", 0, "PO 7")
        assert (found["next_step"], found["scope"], found["discount_percent"]) == ("Call", "Two\nfloors", "2.5")

    def test_history_and_event(self, sales: Store) -> None:
        deal_id = make(sales, lines=LINES)
        with sales.reading() as work:
            actions = select(History.table_name).where(History.table_name.in_(("deal", "deal_line")))
            assert sorted(work.session.scalars(actions)) == ["deal", "deal_line", "deal_line"]
            event = work.session.scalars(select(Event).where(Event.subject_kind == "deal")).one()
            assert (event.kind, event.subject_id) == ("deal.created", deal_id)
            assert event.details == {"stage": "qualification"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"name": ""}, "A deal needs a name."),
            ({"customer": None}, "A deal needs a customer: a code, or an object with a name."),
            ({"amount": "-1"}, "The amount is not negative; -1 is."),
            ({"amount": "1.005"}, "1.005 has more decimals than AED has (1.01)."),
            ({"amount": "1", "lines": LINES}, "A deal with lines is worth their sum; leave the amount out."),
            ({"currency": "XXY"}, "'XXY' is not a currency that the book knows. Write its code, such as AED."),
            ({"discount_percent": "101"}, "A discount lies between 0 and 100 percent; 101 does not."),
            ({"payment_terms_days": "4000"}, "Payment terms are 0 to 3650 days; 4000 is not."),
            ({"owner": "nobody"}, "There is no user 'nobody' here."),
            ({"business_unit": "x"}, "There is no business unit 'x' here."),
            ({"contact": "Zoe"}, "Acme Stores has no contact 'Zoe'. Its contacts: Mona Lee, Khan."),
            (
                {"closes_on": "2026-02-30"},
                "closes_on: '2026-02-30' is not a date of the calendar. Write it as 2026-03-31.",
            ),
            ({"lines": [{}]}, "Line 1 needs an item or a description."),
            ({"lines": [{"description": "x"}]}, "Line 1 needs a price."),
            ({"lines": [{"item": "NONE"}]}, "Line 1: There is no item 'NONE' in the catalogue. Line 1 needs a price."),
            (
                {"lines": [{"item": "ITEM-0001"}], "currency": "USD"},
                "Line 1 needs a price in USD: ITEM-0001 is priced in AED.",
            ),
            (
                {"lines": [{"item": "ITEM-0001", "quantity": "0"}]},
                "Line 1: the quantity is more than 0; 0 is not.",
            ),
            (
                {"lines": [{"item": "ITEM-0001", "unit_price": "-1"}]},
                "Line 1: a price is not negative; give a discount instead.",
            ),
            (
                {"lines": [{"item": "ITEM-0001", "discount_percent": "-1"}]},
                "Line 1: a discount lies between 0 and 100 percent; -1 does not.",
            ),
            (
                {"lines": [{"item": "ITEM-0001", "unit": "houre"}]},
                "Line 1: 'houre' is not a unit that the book knows. Did you mean hour?",
            ),
            (
                {"lines": [{"item": "ITEM-0001", "quantity": "0.1234567"}]},
                "Line 1: 0.1234567 has more digits than the book keeps (6 after the point).",
            ),
        ],
    )
    def test_each_mistake_in_a_sentence(self, sales: Store, values: dict[str, Any], message: str) -> None:
        with pytest.raises(Rejected) as caught:
            make(sales, **values)
        assert str(caught.value) == message
        with sales.reading() as work:
            assert work.session.scalar(select(Deal.id)) is None

    def test_names_that_do_not_exist(self, sales: Store) -> None:
        with pytest.raises(NotFound, match="There is no customer 'C-0099' in this book"):
            make(sales, customer="C-0099")
        with pytest.raises(NotFound, match=r"^There is no pipeline 'x' in this book\. Pipelines: default\.$"):
            make(sales, pipeline="x")
        with pytest.raises(WrongUse, match=r"^A deal has no field lines\[1\]\.qty\.|^A deal has no field lines"):
            make(sales, lines=[{"qty": 1}])
        with pytest.raises(WrongUse, match=r"^The customer of a deal is a code or an object with a name\.$"):
            make(sales, customer=7)

    def test_a_closed_stage_and_a_code_that_is_taken(self, sales: Store) -> None:
        make(sales)
        with pytest.raises(Conflict) as caught:
            make(sales, stage="closed_won")
        assert str(caught.value) == (
            "A deal begins in an open stage; Closed Won is closed. Create it, then win or lose it."
        )
        with pytest.raises(Conflict, match=r"^There is a deal with the code D-0001 already\.$"):
            make(sales, code="D-0001")

    def test_an_archived_customer_takes_no_new_deal(self, sales: Store) -> None:
        deal_id = make(sales)
        with sales.writing() as work:
            archive_customer(work, 1)
        with pytest.raises(Conflict, match="C-0001 Acme Stores is archived"):
            make(sales)
        with sales.writing() as work:
            edit_deal(work, deal_id, {"notes": "the old deal may still be written on"})


class TestChanging:
    def test_only_what_is_named(self, any_store: Store) -> None:
        stock(any_store)
        deal_id = make(any_store, lines=LINES, contact="khan")
        before = shown(any_store, deal_id)
        with any_store.writing() as work:
            archive_item(work, 1)
            edit_deal(work, deal_id, {"po_number": "PO 8"}, version=1)
        after = shown(any_store, deal_id)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"po_number", "version", "events"}

    def test_lines_are_replaced_and_the_amount_follows(self, sales: Store) -> None:
        deal_id = make(sales, lines=LINES)
        with sales.writing() as work:
            edit_deal(work, deal_id, {"lines": [{"item": "ITEM-0001", "quantity": "1"}]})
        assert shown(sales, deal_id)["amount"] == "450.00"
        with sales.reading() as work:
            assert len(work.session.scalars(select(DealLine)).all()) == 1
            deleted = select(History.id).where(History.table_name == "deal_line", History.action == "delete")
            assert len(work.session.scalars(deleted).all()) == 1
        with sales.writing() as work:
            with pytest.raises(Rejected) as caught:
                edit_deal(work, deal_id, {"amount": "7"})
            assert str(caught.value) == (
                "D-0001 is worth the sum of its lines. Change the lines, or take them away: lines=[]."
            )
            edit_deal(work, deal_id, {"lines": [], "amount": "7"})
        found = shown(sales, deal_id)
        assert (found["amount"], found["lines"]) == ("7.00", [])

    def test_another_customer_brings_its_own_contact(self, sales: Store) -> None:
        deal_id = make(sales)
        with sales.writing() as work:
            create_customer(work, customer_draft({"name": "Palm Foods", "contacts": [{"last_name": "Palm"}]}))
            edit_deal(work, deal_id, {"customer": "C-0002"})
        found = shown(sales, deal_id)
        assert (found["customer"]["code"], found["contact"]["name"]) == ("C-0002", "Palm")

    def test_a_stale_version_names_who_and_when(self, any_store: Store, clock: Clock) -> None:
        stock(any_store)
        deal_id = make(any_store, lines=LINES)
        sara = any_store.acting_as(user_in(any_store, "Sara"))
        clock.to("2026-03-15T10:30:00+04:00")
        with sara.writing() as work:
            edit_deal(work, deal_id, {"lines": [LINES[0]]}, version=1)
        with any_store.writing() as work, pytest.raises(Conflict) as caught:
            edit_deal(work, deal_id, {"notes": "mine"}, version=1)
        assert str(caught.value) == (
            "Changed by Sara at 2026-03-15 10:30 since you opened it. Open it again and repeat."
        )

    def test_the_stage_is_changed_by_verbs(self, sales: Store) -> None:
        deal_id = make(sales)
        with sales.writing() as work, pytest.raises(WrongUse, match="by the verbs move, win, lose and reopen"):
            edit_deal(work, deal_id, {"stage": "proposal"})


class TestStages:
    def test_a_stage_asks_for_its_fields(self, sales: Store, clock: Clock) -> None:
        deal_id = make(sales)
        with sales.writing() as work:
            with pytest.raises(Rejected) as caught:
                move_deal(work, deal_id, "negotiation")
            assert str(caught.value) == (
                "D-0001 cannot enter Negotiation/Review while these are empty: amount, closes on."
            )
            assert caught.value.problems == (
                "amount: amount is empty; Negotiation/Review requires it.",
                "closes_on: closes on is empty; Negotiation/Review requires it.",
            )
        clock.to("2026-03-20T09:00:00+04:00")
        with sales.writing() as work:
            edit_deal(work, deal_id, {"amount": "100", "closes_on": "2026-05-01"})
            move_deal(work, deal_id, "Negotiation/Review")
            with pytest.raises(Conflict, match=r"^D-0001 is in Negotiation/Review already\.$"):
                move_deal(work, deal_id, "negotiation")
        found = shown(sales, deal_id)
        assert (found["stage"], found["probability"], found["forecast"]) == ("negotiation", 90, "commit")
        assert (found["weighted"], found["stage_since"]) == ("90.00", "2026-03-20T05:00:00+00:00")

    def test_moving_never_closes(self, sales: Store) -> None:
        deal_id = make(sales)
        with sales.writing() as work:
            with pytest.raises(Conflict, match=r"^Closed Won closes the deal: use the verb win\.$"):
                move_deal(work, deal_id, "closed_won")
            with pytest.raises(Conflict, match=r"^Closed Lost closes the deal: use the verb lose\.$"):
                move_deal(work, deal_id, "closed_lost")

    def test_won(self, any_store: Store) -> None:
        stock(any_store)
        deal_id = make(any_store)
        with any_store.writing() as work, pytest.raises(Rejected) as caught:
            win_deal(work, deal_id)
        assert str(caught.value) == "D-0001 cannot enter Closed Won while these are empty: amount."
        with any_store.writing() as work:
            edit_deal(work, deal_id, {"lines": LINES})
            win_deal(work, deal_id)
        found = shown(any_store, deal_id)
        assert (found["stage"], found["stage_type"], found["probability"]) == ("closed_won", "won", 100)
        assert found["closed_at"] == "2026-03-14T09:00:00+00:00"
        assert [event["event"] for event in found["events"]] == ["deal.created", "deal.changed", "deal.won"]
        with any_store.writing() as work:
            for attempt in attempts(
                lambda: win_deal(work, deal_id),
                lambda: lose_deal(work, deal_id, "no"),
                lambda: move_deal(work, deal_id, "proposal"),
            ):
                with pytest.raises(Conflict, match="D-0001 is closed as won and cannot be"):
                    attempt()
            with pytest.raises(Conflict, match=r"^D-0001 is closed\. Reopen it to change its lines\.$"):
                edit_deal(work, deal_id, {"lines": []})
            edit_deal(work, deal_id, {"next_step": "Thank them"})

    def test_lost_needs_a_reason_and_comes_back_where_it_was(self, sales: Store) -> None:
        deal_id = make(sales, amount="100", stage="value_proposition")
        with sales.writing() as work:
            with pytest.raises(InvalidValue, match=r"^Say why the deal was lost: reason=\.\.\.$"):
                lose_deal(work, deal_id, " ")
            with pytest.raises(Conflict, match=r"^Proposal/Price Quote is not a stage for lost deals\.$"):
                lose_deal(work, deal_id, "price", stage="proposal")
            with pytest.raises(Conflict, match=r"^D-0001 is open, in Value Proposition\.$"):
                reopen_deal(work, deal_id)
            lose_deal(work, deal_id, "price", stage="closed_lost_to_competition")
        found = shown(sales, deal_id)
        assert (found["stage"], found["lost_reason"]) == ("closed_lost_to_competition", "price")
        assert found["closed_at"] is not None
        with sales.writing() as work:
            with pytest.raises(Conflict, match=r"^Closed Won is closed; reopen the deal in an open stage\.$"):
                reopen_deal(work, deal_id, stage="closed_won")
            reopen_deal(work, deal_id)
        found = shown(sales, deal_id)
        assert (found["stage"], found["lost_reason"], found["closed_at"]) == ("value_proposition", None, None)
        with sales.writing() as work:
            lose_deal(work, deal_id, "again")
            reopen_deal(work, deal_id, stage="qualification")
        assert shown(sales, deal_id)["stage"] == "qualification"


class TestRights:
    def test_staff_may_and_nobody_else_may_not(self, sales: Store) -> None:
        staff, nobody = user_in(sales, "Sara"), user_in(sales, "Noor")
        deal_id = make(sales.acting_as(staff), amount="1")
        with sales.writing() as work:
            work.session.delete(work.session.scalars(select(UserRole).where(UserRole.user_id == nobody)).one())
        with pytest.raises(Forbidden, match=r"^Noor may not create deals\. Ask an owner for the right\.$"):
            make(sales.acting_as(nobody))
        with sales.acting_as(nobody).writing() as work:
            for attempt in attempts(
                lambda: edit_deal(work, deal_id, {"notes": "x"}),
                lambda: move_deal(work, deal_id, "proposal"),
                lambda: win_deal(work, deal_id),
                lambda: lose_deal(work, deal_id, "no"),
                lambda: reopen_deal(work, deal_id),
            ):
                with pytest.raises(Forbidden, match="Noor may not change deals"):
                    attempt()
            with pytest.raises(Forbidden, match="Noor may not see deals"):
                deal_detail(work, deal_id)

    def test_a_phase_that_is_off(self, sales: Store) -> None:
        with sales.writing() as work:
            settings.change(work, "rollout.phases", "finance")
        with pytest.raises(Forbidden, match=r"^Deals belong to the phase sales, which is not switched on yet\.$"):
            make(sales)


class TestLists:
    def test_columns_filters_and_order(self, any_store: Store) -> None:
        stock(any_store)
        make(any_store, name="Late", amount="100", closes_on="2026-06-01")
        make(any_store, name="Early", amount="33.33", closes_on="2026-04-01")
        with any_store.reading() as work:
            listed = rows(work, DEALS, Asked())
            assert [(row["name"], row["amount"], row["weighted"]) for row in listed] == [
                ("Early", "33.33", "3.33"),
                ("Late", "100.00", "10.00"),
            ]
            assert listed[0]["closes_on"] == dt.date(2026, 4, 1).isoformat()
            found = rows(work, DEALS, Asked(conditions("amount > 50 and stage_type = open and customer_name ~ acme")))
            assert [row["code"] for row in found] == ["D-0001"]
            assert [row["code"] for row in rows(work, DEALS, Asked(sort="-weighted"))] == ["D-0001", "D-0002"]

    def test_the_record_kind_of_the_command_line(self, sales: Store) -> None:
        [kind] = RECORDS
        assert kind.create is not None
        assert kind.edit is not None
        with sales.writing() as work:
            deal_id = kind.create(work, {"name": "Fit-out", "customer": "C-0001", "amount": "10"})
            assert kind.find(work, "d-0001") == deal_id
            kind.edit(work, deal_id, {"next_step": "Call", "version": "1"})
            kind.verbs["move"](work, deal_id, {"stage": "proposal"})
            assert kind.show(work, deal_id)["stage"] == "proposal"
            with pytest.raises(Rejected, match=r"^lose needs reason\.$"):
                kind.verbs["lose"](work, deal_id, {})
            kind.verbs["lose"](work, deal_id, {"reason": "price"})
            kind.verbs["reopen"](work, deal_id, {})
            assert kind.show(work, deal_id)["stage"] == "proposal"
