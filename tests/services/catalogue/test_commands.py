"""Items are made, changed, archived and found; what is wrong is said in a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.catalogue import Item
from models.history import Event, History
from models.organisation import Branch, UserRole
from services.catalogue.commands import archive_item, create_item, edit_item, item_named, unarchive_item
from services.catalogue.drafts import item_draft
from services.catalogue.queries import ITEMS, item_detail
from services.catalogue.records import RECORDS
from services.errors import Conflict, Forbidden, NotFound, Rejected, WrongUse
from services.listing import Asked, conditions, rows
from services.organisation.founding import BranchDraft, open_branch
from services.store import Store
from tests.conftest import Clock
from tests.factories import user_in
from tests.services.attempts import attempts


def make(store: Store, **values: Any) -> int:
    with store.writing() as work:
        return create_item(work, item_draft(values))


def shown(store: Store, item_id: int) -> dict[str, Any]:
    with store.reading() as work:
        return item_detail(work, item_id)


def test_what_is_left_out_is_filled_in(any_store: Store) -> None:
    item_id = make(any_store, name="Design", unit_price="450.125")
    found = shown(any_store, item_id)
    assert (found["code"], found["kind"], found["item_kind"]) == ("ITEM-0001", "item", "service")
    assert (found["unit"], found["unit_name"], found["uqc"]) == ("HUR", "hour", "OTH")
    assert (found["unit_price"], found["currency"], found["cost"]) == ("450.125", "AED", None)
    assert (found["tax_category"], found["tax_rate"], found["is_archived"]) == (None, None, False)
    with any_store.reading() as work:
        history = select(History.action).where(History.table_name == "item", History.row_id == item_id)
        assert list(work.session.scalars(history)) == ["insert"]
        event = work.session.scalars(select(Event).where(Event.subject_kind == "item")).one()
        assert event.kind == "item.created"


def test_with_everything(store: Store) -> None:
    values = {
        "name": "Steel pipe",
        "sku": "PIPE-2",
        "description": "2 inch\ngalvanised",
        "item_kind": "goods",
        "unit": "metre",
        "price": "12.5",
        "currency": "usd",
        "cost": "7",
        "is_price_inclusive": "yes",
        "hsn": "7306",
        "tax_category": "S",
        "tax_rate": "5",
        "income_account": "4000",
        "category": "Pipes",
        "extra": {"Shelf": "A"},
    }
    found = shown(store, make(store, **values))
    assert found["code"] == "PIPE-2"
    assert (found["unit"], found["unit_price"], found["currency"], found["cost"]) == ("MTR", "12.5", "USD", "7")
    assert (found["is_price_inclusive"], found["hsn"], found["tax_category"]) == (True, "7306", "S")
    assert (found["tax_rate"], found["income_account"], found["category"]) == ("5", "4000", "Pipes")
    assert found["extra"] == {"Shelf": "A"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": ""}, "An item needs a name."),
        ({"code": "#1"}, "A code does not begin with #; #1 would be read as a record's id."),
        ({"unit": "houre"}, "'houre' is not a unit that the book knows. Did you mean hour?"),
        ({"unit_price": "-1"}, "The unit price is not negative; -1 is."),
        ({"cost": "-1"}, "The cost is not negative; -1 is."),
        (
            {"unit_price": "0.1234567"},
            "0.1234567 has more digits than the book keeps (6 after the point).",
        ),
        ({"unit_price": "NaN"}, "unit_price: NaN is not a number that the book can hold."),
        ({"unit_price": "1e308"}, "unit_price: 1e308 is not a number that the book can hold."),
        ({"currency": "XXY"}, "'XXY' is not a currency that the book knows. Write its code, such as AED."),
        ({"tax_rate": "101"}, "A tax rate lies between 0 and 100 percent; 101 does not."),
        (
            {"tax_category": "E", "tax_rate": "5"},
            "Nothing is charged in the tax category E; leave the rate 0.",
        ),
        ({"income_account": "9999"}, "There is no income account 9999 in the chart of accounts."),
        ({"income_account": "1100"}, "There is no income account 1100 in the chart of accounts."),
        ({"owner": "nobody"}, "There is no user 'nobody' here."),
        ({"kind": "gods"}, "kind is one of service, subscription, project, goods; 'gods' is not. Did you mean goods?"),
    ],
)
def test_each_mistake_in_a_sentence(store: Store, values: dict[str, Any], message: str) -> None:
    with pytest.raises(Rejected) as caught:
        make(store, **{"name": "Design"} | values)
    assert str(caught.value) == message
    with store.reading() as work:
        assert work.session.scalar(select(Item.id)) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hsn": "12345"}, "An HSN or SAC code has 4, 6 or 8 digits; this one has 5."),
        ({"hsn": "7306"}, "The code of a service (SAC) begins with 99."),
        ({"hsn": "9983", "kind": "goods"}, "A code that begins with 99 is for services (SAC), and this is goods."),
    ],
)
def test_an_indian_book_checks_hsn_and_sac(india: Store, values: dict[str, Any], message: str) -> None:
    with pytest.raises(Rejected) as caught:
        make(india, name="Design", **values)
    assert str(caught.value) == message
    assert shown(india, make(india, name="Design", hsn="998391"))["hsn"] == "998391"


def test_branches_with_several_currencies_need_one_named(store: Store) -> None:
    with store.writing() as work:
        open_branch(work, BranchDraft(name="Export", code="EXP", state="SHJ"))
        work.session.scalars(select(Branch).where(Branch.code == "EXP")).one().currency = "USD"
    with pytest.raises(Rejected, match=r"^The branches of this book have several currencies: name the item's\.$"):
        make(store, name="Design")


def test_changed(any_store: Store, clock: Clock) -> None:
    item_id = make(any_store, name="Design", unit_price="450", hsn="9983")
    make(any_store, name="Other")
    clock.to("2026-03-15T10:30:00+04:00")
    with any_store.writing() as work:
        edit_item(work, item_id, {"price": "500", "unit": "day"}, version=1)
    found = shown(any_store, item_id)
    assert (found["unit_price"], found["unit"], found["hsn"], found["version"]) == ("500", "DAY", "9983", 2)
    with any_store.writing() as work:
        with pytest.raises(Conflict) as caught:
            edit_item(work, item_id, {"price": "501"}, version=1)
        assert str(caught.value) == (
            "Changed by Owner at 2026-03-15 10:30 since you opened it. Open it again and repeat."
        )
        with pytest.raises(Conflict, match=r"^There is an item with the code ITEM-0002 already\.$"):
            edit_item(work, item_id, {"code": "ITEM-0002"})
        with pytest.raises(NotFound, match=r"^This item is not in the book\.$"):
            edit_item(work, 99, {"price": "1"})
    with pytest.raises(
        WrongUse, match=r"^An item has no field prise\. Did you mean price\?$|^An item has no field prise\."
    ):
        make(any_store, name="x", prise="1")


def test_archived_items_are_no_longer_offered(store: Store) -> None:
    item_id = make(store, name="Design")
    with store.writing() as work:
        for ref in ("ITEM-0001", "item-0001", f"#{item_id}", "design"):
            assert item_named(work, ref).id == item_id
        archive_item(work, item_id)
        with pytest.raises(Conflict, match=r"^ITEM-0001 Design is archived already\.$"):
            archive_item(work, item_id)
        with pytest.raises(
            Conflict, match=r"^ITEM-0001 Design is archived\. Unarchive it first, or choose another item\.$"
        ):
            item_named(work, "ITEM-0001")
        unarchive_item(work, item_id)
        with pytest.raises(Conflict, match=r"^ITEM-0001 Design is not archived\.$"):
            unarchive_item(work, item_id)
        with pytest.raises(NotFound, match=r"^There is no item 'Nothing' in the catalogue\.$"):
            item_named(work, "Nothing")
        create_item(work, item_draft({"name": "DESIGN"}))
        with pytest.raises(Conflict, match="Several items are called 'design': ITEM-0001, ITEM-0002"):
            item_named(work, "design")


def test_rights(store: Store) -> None:
    staff, nobody = user_in(store, "Sara"), user_in(store, "Noor")
    item_id = make(store.acting_as(staff), name="Design")
    with store.writing() as work:
        work.session.delete(work.session.scalars(select(UserRole).where(UserRole.user_id == nobody)).one())
    with store.acting_as(nobody).writing() as work:
        with pytest.raises(Forbidden, match=r"^Noor may not create items\. Ask an owner for the right\.$"):
            create_item(work, item_draft({"name": "x"}))
        for attempt in attempts(
            lambda: edit_item(work, item_id, {"name": "x"}),
            lambda: archive_item(work, item_id),
            lambda: unarchive_item(work, item_id),
        ):
            with pytest.raises(Forbidden, match="Noor may not change items"):
                attempt()
        for look in attempts(lambda: item_named(work, "ITEM-0001"), lambda: item_detail(work, item_id)):
            with pytest.raises(Forbidden, match="Noor may not see items"):
                look()


def test_the_list_and_the_record_kind(store: Store) -> None:
    make(store, name="Design", unit_price="450")
    [kind] = RECORDS
    assert kind.create is not None
    assert kind.edit is not None
    with store.writing() as work:
        item_id = kind.create(work, {"name": "Audit", "unit_price": "90"})
        kind.edit(work, item_id, {"category": "Finance", "version": 1})
        assert kind.find(work, "item-0002") == item_id
        assert kind.show(work, item_id)["category"] == "Finance"
        kind.verbs["archive"](work, item_id, {})
        kind.verbs["unarchive"](work, item_id, {})
        assert [row["name"] for row in rows(work, ITEMS, Asked())] == ["Audit", "Design"]
        assert [row["code"] for row in rows(work, ITEMS, Asked(conditions("unit_price > 100")))] == ["ITEM-0001"]
