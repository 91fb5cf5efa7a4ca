"""Customers are made, changed, archived and found; what is wrong is said in a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from models.customers import BlockKey, Contact, Customer, CustomerAddress
from models.history import Event, History, HistoryValue
from models.organisation import BusinessUnit, UserRole
from models.values.states import CustomerKind, CustomerStatus, TaxTreatment
from services import settings
from services.customers.commands import (
    archive_customer,
    create_customer,
    edit_customer,
    find_or_create_customer,
    unarchive_customer,
)
from services.customers.drafts import customer_draft
from services.customers.queries import CUSTOMERS, customer_detail
from services.customers.records import RECORDS
from services.errors import Conflict, Forbidden, InvalidValue, NotFound, Rejected, WrongUse
from services.listing import Asked, conditions, count, rows
from services.organisation.founding import BranchDraft, UserDraft, add_user, open_branch
from services.store import Store, Work
from tests.conftest import Clock
from tests.services.attempts import attempts

GSTIN = "29AAPFU0939F1ZR"
GULF: dict[str, Any] = {
    "name": "Gulf Steel LLC",
    "tax_id": "100 2345 6789 0003",
    "email": "accounts@gulfsteel.example",
    "phone": "+971 4 555 0112",
    "billing_address": {"street": "7 Harbour Road", "city": "Dubai", "state": "Dubai"},
}


def make(store: Store, **values: Any) -> int:
    with store.writing() as work:
        return create_customer(work, customer_draft(values))


def shown(store: Store, customer_id: int) -> dict[str, Any]:
    with store.reading() as work:
        return customer_detail(work, customer_id)


def refused(store: Store, **values: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        make(store, **values)
    return caught.value


def user(store: Store, name: str, *, role: str = "staff", without_role: bool = False) -> Store:
    with store.writing() as work:
        user_id = add_user(work, UserDraft(name=name, role=role))
        if without_role:
            for held in work.session.scalars(select(UserRole).where(UserRole.user_id == user_id)):
                work.session.delete(held)
    return store.acting_as(user_id)


def changes_of(work: Work, table: str, row_id: int) -> list[tuple[str, dict[str, Any]]]:
    """(action, {field: [old, new]}) of a row, oldest first."""
    query = (
        select(History.action, HistoryValue.changes)
        .join(HistoryValue, HistoryValue.history_id == History.id)
        .where(History.table_name == table, History.row_id == row_id)
        .order_by(History.id)
    )
    return [(action, json.loads(changes)) for action, changes in work.session.execute(query)]


class TestMaking:
    def test_what_is_left_out_is_filled_in(self, any_store: Store) -> None:
        customer_id = make(any_store, **GULF)
        found = shown(any_store, customer_id)
        assert found["code"] == "C-0001"
        assert (found["kind"], found["customer_kind"], found["status"]) == ("customer", "business", "active")
        assert (found["name"], found["legal_name"], found["owner"]) == ("Gulf Steel LLC", "Gulf Steel LLC", "owner")
        assert (found["country"], found["state"], found["currency"]) == ("AE", "DXB", "AED")
        assert (found["tax_treatment"], found["tax_id"]) == ("vat_registered", "100234567890003")
        assert found["is_tax_id_verified"] is True
        assert found["payment_terms_days"] == 30
        assert found["credit_limit"] is None
        assert found["billing_address"] == {
            "street": "7 Harbour Road",
            "extra": "",
            "city": "Dubai",
            "pin": "",
            "state": "DXB",
            "country": "AE",
            "attention": "",
            "phone": "",
        }
        assert found["links"] == {"deals": [], "estimates": [], "invoices": [], "payments": []}

    def test_codes_count_on_and_pass_over_those_that_are_taken(self, store: Store) -> None:
        make(store, name="First", code="C-0002")
        codes = [shown(store, make(store, name=name))["code"] for name in ("Second", "Third")]
        assert codes == ["C-0001", "C-0003"]
        with pytest.raises(Conflict, match=r"^There is a customer with the code C-0002 already\.$"):
            make(store, name="Fourth", code="C-0002")

    def test_history_event_and_block_keys_are_written_with_it(self, store: Store) -> None:
        customer_id = make(store, **GULF, contacts=[{"first_name": "Mona", "email": "mona@gulfsteel.example"}])
        with store.reading() as work:
            [(action, fields)] = changes_of(work, "customer", customer_id)
            assert action == "insert"
            assert fields["display_name"] == [None, "Gulf Steel LLC"]
            assert fields["tax_treatment"] == [None, "vat_registered"]
            for table in (CustomerAddress, Contact):
                part = work.session.scalars(select(table.id)).one()
                assert [kind for kind, _ in changes_of(work, table.__tablename__, part)] == ["insert"]
            event = work.session.scalars(select(Event).where(Event.subject_kind == "customer")).one()
            assert (event.kind, event.subject_id, event.details) == ("customer.created", customer_id, {})
            keys = set(work.session.scalars(select(BlockKey.key).where(BlockKey.customer_id == customer_id)))
            assert {"x:100234567890003", "e:accounts@gulfsteel.example", "e:mona@gulfsteel.example"} <= keys

    def test_the_terms_come_from_the_settings(self, store: Store) -> None:
        with store.writing() as work:
            settings.change(work, "billing.due_days", "14")
        assert shown(store, make(store, name="Soon"))["payment_terms_days"] == 14
        assert shown(store, make(store, name="At once", payment_terms_days="0"))["payment_terms_days"] == 0

    def test_a_person_with_everything(self, store: Store) -> None:
        customer_id = make(
            store,
            name="Sara Khan",
            customer_kind="person",
            status="prospect",
            currency="usd",
            credit_limit="1500.50",
            country="United Kingdom",
            website="sara.example",
            source="fair",
            tags=["vip", "vip", "arabic"],
            notes="two\nlines",
            extra={"Fax": "1"},
            delivery_addresses=[{"street": "1 Side St", "city": "Leeds"}, {"street": "2 Side St", "country": "Oman"}],
            contacts=[{"last_name": "Khan"}, {"last_name": "Lee", "is_primary": True, "roles": "billing, support"}],
        )
        found = shown(store, customer_id)
        assert (found["customer_kind"], found["status"], found["currency"]) == ("person", "prospect", "USD")
        assert (found["credit_limit"], found["tags"], found["extra"]) == ("1500.50", ["vip", "arabic"], {"Fax": "1"})
        assert [a["country"] for a in found["delivery_addresses"]] == ["GB", "OM"]
        assert [(c["last_name"], c["is_primary"], c["roles"]) for c in found["contacts"]] == [
            ("Khan", False, []),
            ("Lee", True, ["billing", "support"]),
        ]

    def test_staff_of_a_branch_make_customers_of_that_branch(self, store: Store) -> None:
        with store.writing() as work:
            open_branch(work, BranchDraft(name="Sharjah", code="SHJ", state="SHJ"))
            sara = add_user(work, UserDraft(name="Sara", branch="SHJ"))
        found = shown(store, make(store.acting_as(sara), name="Corner Shop"))
        assert (found["branch"], found["owner"]) == ("SHJ", "sara")

    def test_owner_and_business_unit_are_named_by_code(self, store: Store) -> None:
        user(store, "Sara")
        with store.writing() as work:
            company_id = work.session.scalars(select(Customer.company_id)).first() or 1
            work.session.add(BusinessUnit(company_id=company_id, code="RETAIL", name="Retail", is_archived=False))
        found = shown(store, make(store, name="Corner Shop", owner="SARA", business_unit="retail"))
        assert (found["owner"], found["business_unit"]) == ("sara", "RETAIL")


class TestTreatment:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"tax_id": "100234567890003"}, TaxTreatment.VAT_REGISTERED),
            ({}, TaxTreatment.NON_VAT_REGISTERED),
            ({"country": "OM", "tax_id": "OM1100001234"}, TaxTreatment.GCC_VAT_REGISTERED),
            ({"country": "Saudi Arabia"}, TaxTreatment.GCC_NON_VAT_REGISTERED),
            ({"country": "IN", "tax_id": GSTIN}, TaxTreatment.NON_GCC),
            ({"tax_treatment": "vat_registered_designated_zone"}, TaxTreatment.VAT_REGISTERED_DESIGNATED_ZONE),
        ],
    )
    def test_of_an_emirati_company(self, store: Store, values: dict[str, str], expected: TaxTreatment) -> None:
        assert shown(store, make(store, name="Acme", **values))["tax_treatment"] == expected

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"tax_id": GSTIN}, TaxTreatment.REGISTERED_REGULAR),
            ({}, TaxTreatment.UNREGISTERED),
            ({"kind": "person"}, TaxTreatment.CONSUMER),
            ({"country": "AE", "tax_id": "100234567890003"}, TaxTreatment.OVERSEAS),
            ({"tax_treatment": "sez", "tax_id": GSTIN}, TaxTreatment.SEZ),
        ],
    )
    def test_of_an_indian_company(self, india: Store, values: dict[str, str], expected: TaxTreatment) -> None:
        assert shown(india, make(india, name="Acme", **values))["tax_treatment"] == expected

    def test_a_gstin_tells_state_and_pan(self, india: Store) -> None:
        found = shown(
            india, make(india, name="Acme", tax_id=GSTIN.lower(), billing_address={"state": "KA", "city": "B"})
        )
        assert (found["tax_id"], found["state"], found["pan"]) == (GSTIN, "29", "AAPFU0939F")

    def test_a_treatment_of_another_country_is_refused(self, store: Store) -> None:
        assert str(refused(store, name="Acme", tax_treatment="consumer")) == (
            "A company in United Arab Emirates tells apart vat_registered, non_vat_registered, gcc_vat_registered, "
            "gcc_non_vat_registered, non_gcc, vat_registered_designated_zone, non_vat_registered_designated_zone; "
            "consumer is none of them."
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"name": ""}, "A customer needs a name."),
            ({"tax_id": "12345"}, "A TRN has 15 digits; this one has 5."),
            ({"country": "Qqqq"}, "'Qqqq' is not a country that the book knows."),
            ({"currency": "XXY"}, "'XXY' is not a currency that the book knows. Write its code, such as AED."),
            ({"state": "Dubay"}, "'Dubay' is not an emirate that the book knows. Did you mean Dubai?"),
            ({"email": "me at home"}, "'me at home' is not an e-mail address. Write it as name@firm.com."),
            ({"payment_terms_days": "-1"}, "Payment terms are 0 to 3650 days; -1 is not."),
            ({"credit_limit": "-5"}, "A credit limit is not negative; leave it empty for no limit."),
            ({"credit_limit": "5.001"}, "5.001 has more decimals than AED has (5.00)."),
            ({"owner": "nobody"}, "There is no user 'nobody' here."),
            ({"business_unit": "none"}, "There is no business unit 'none' here."),
            ({"place_of_supply": "Mars"}, "'Mars' is not an emirate that the book knows."),
            ({"kind": "firm"}, "kind is one of business, person; 'firm' is not."),
            ({"contacts": [{"email": "a@b.example"}]}, "A contact needs a first or a last name."),
            (
                {"contacts": [{"last_name": "Lee", "roles": ["biling"]}]},
                (
                    "A contact's roles are decision_maker, billing, purchasing, technical, delivery, support, other; "
                    "'biling' is none. Did you mean billing?"
                ),
            ),
        ],
    )
    def test_each_mistake_in_a_sentence(self, store: Store, values: dict[str, Any], message: str) -> None:
        assert str(refused(store, **{"name": "Acme"} | values)) == message
        with store.reading() as work:
            assert work.session.scalar(select(func.count()).select_from(Customer)) == 0

    def test_all_mistakes_at_once(self, india: Store) -> None:
        error = refused(india, name="", tax_id=GSTIN[:-1] + "Y", email="x", pan="ABC")
        assert error.problems == (
            "display_name: A customer needs a name.",
            "email: 'x' is not an e-mail address. Write it as name@firm.com.",
            "tax_id: The last character should be R, not Y: a character was mistyped somewhere.",
            "pan: A PAN has five letters, four digits and a letter, such as AAPFU0939F.",
        )

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"state": "27"}, "The GSTIN is registered in Karnataka, not in Maharashtra. Correct one of the two."),
            ({"pan": "AAPFU0938F"}, "The PAN inside the GSTIN is AAPFU0939F, not AAPFU0938F. Correct one of the two."),
            (
                {"billing_address": {"city": "Pune", "pin": "012"}},
                "A PIN code in India has six digits and does not begin with 0.",
            ),
        ],
    )
    def test_what_does_not_fit_a_gstin(self, india: Store, values: dict[str, Any], message: str) -> None:
        assert str(refused(india, name="Acme", tax_id=GSTIN, **values)) == message

    def test_an_unknown_field_is_answered_with_the_nearest(self, store: Store) -> None:
        with pytest.raises(WrongUse, match=r"^A customer has no field emial\. Did you mean email\?$"):
            make(store, name="Acme", emial="x")
        with pytest.raises(WrongUse, match="give display_name or name, not both"):
            make(store, name="Acme", display_name="Acme")

    def test_several_branches_and_none_named(self, store: Store) -> None:
        with store.writing() as work:
            open_branch(work, BranchDraft(name="Sharjah", code="SHJ", state="SHJ"))
        with pytest.raises(WrongUse, match="several branches"):
            make(store, name="Acme")
        assert shown(store, make(store, name="Acme", branch="SHJ"))["branch"] == "SHJ"


class TestChanging:
    def test_only_what_is_named_changes(self, any_store: Store) -> None:
        customer_id = make(any_store, **GULF, payment_terms_days=45, tags=["vip"])
        before = shown(any_store, customer_id)
        with any_store.writing() as work:
            edit_customer(work, customer_id, {"phone": "+971 4 555 0199"})
        after = shown(any_store, customer_id)
        assert {name for name in before if before[name] != after[name]} == {"phone", "version"}
        with any_store.reading() as work:
            _, (action, fields) = changes_of(work, "customer", customer_id)
            assert (action, fields) == ("update", {"phone": ["+971 4 555 0112", "+971 4 555 0199"]})
            event = work.session.scalars(select(Event).where(Event.kind == "customer.changed")).one()
            assert event.details == {"fields": ["phone"]}
            keys = set(work.session.scalars(select(BlockKey.key).where(BlockKey.customer_id == customer_id)))
            assert "t:45550199" in keys
            assert "t:45550112" not in keys

    def test_what_was_derived_follows(self, store: Store) -> None:
        customer_id = make(store, name="Acme")
        with store.writing() as work:
            edit_customer(work, customer_id, {"tax_id": "100234567890003", "legal_name": "Acme Trading LLC"})
        found = shown(store, customer_id)
        assert (found["tax_treatment"], found["legal_name"]) == ("vat_registered", "Acme Trading LLC")
        with store.writing() as work:
            edit_customer(work, customer_id, {"tax_treatment": "vat_registered_designated_zone"})
            edit_customer(work, customer_id, {"notes": "x"})
        assert shown(store, customer_id)["tax_treatment"] == "vat_registered_designated_zone"

    def test_another_gstin_moves_state_and_pan(self, india: Store) -> None:
        customer_id = make(india, name="Acme", tax_id=GSTIN)
        with india.writing() as work:
            edit_customer(work, customer_id, {"tax_id": "27AAPFU0939F1ZV"})
        found = shown(india, customer_id)
        assert (found["state"], found["pan"]) == ("27", "AAPFU0939F")

    def test_addresses(self, store: Store) -> None:
        customer_id = make(store, **GULF, delivery_addresses=[{"street": "A"}, {"street": "B"}])
        version = shown(store, customer_id)["version"]
        with store.writing() as work:
            edit_customer(
                work, customer_id, {"billing_address": {"city": "Deira"}, "delivery_addresses": [{"street": "C"}]}
            )
        found = shown(store, customer_id)
        assert (found["billing_address"]["street"], found["billing_address"]["city"]) == ("7 Harbour Road", "Deira")
        assert [address["street"] for address in found["delivery_addresses"]] == ["C"]
        assert found["version"] == version + 1
        with store.writing() as work:
            edit_customer(work, customer_id, {"billing_address": None, "delivery_addresses": []})
        found = shown(store, customer_id)
        assert (found["billing_address"], found["delivery_addresses"]) == (None, [])
        with store.reading() as work:
            ids = work.session.scalars(select(History.row_id).where(History.action == "delete")).all()
            assert len(ids) == 3
            assert work.session.scalar(select(func.count()).select_from(CustomerAddress)) == 0

    def test_a_stale_version_names_who_and_when(self, any_store: Store, clock: Clock) -> None:
        customer_id = make(any_store, **GULF)
        version = shown(any_store, customer_id)["version"]
        sara = user(any_store, "Sara")
        clock.to("2026-03-15T10:30:00+04:00")
        with sara.writing() as work:
            edit_customer(work, customer_id, {"notes": "hers"}, version=version)
        with any_store.writing() as work, pytest.raises(Conflict) as caught:
            edit_customer(work, customer_id, {"notes": "mine"}, version=version)
        assert str(caught.value) == (
            "Changed by Sara at 2026-03-15 10:30 since you opened it. Open it again and repeat."
        )
        assert shown(any_store, customer_id)["notes"] == "hers"

    def test_a_change_of_addresses_alone_is_seen_too(self, store: Store) -> None:
        customer_id = make(store, **GULF)
        with store.writing() as work:
            edit_customer(work, customer_id, {"billing_address": {"city": "Deira"}}, version=1)
        with store.writing() as work, pytest.raises(Conflict, match="Changed by Owner at 2026-03-14 13:00"):
            edit_customer(work, customer_id, {"notes": "mine"}, version=1)

    def test_refusals(self, store: Store) -> None:
        customer_id = make(store, **GULF)
        other = make(store, name="Another Firm")
        with store.writing() as work:
            with pytest.raises(WrongUse, match="Contacts are changed one by one"):
                edit_customer(work, customer_id, {"contacts": []})
            with pytest.raises(Conflict, match="There is a customer with the code C-0001 already"):
                edit_customer(work, other, {"code": "C-0001"})
            with pytest.raises(Rejected, match=r"^A customer needs a name\.$"):
                edit_customer(work, other, {"name": " "})
            with pytest.raises(NotFound, match=r"^This customer is not in the book\.$"):
                edit_customer(work, 999, {"name": "x"})

    def test_an_unchecked_number_of_an_import_stays_until_it_is_changed(self, store: Store) -> None:
        customer_id = make(store, name="Acme")
        with store.writing() as work:
            work.session.get_one(Customer, customer_id).tax_id = "OLD-1"
        with store.writing() as work:
            edit_customer(work, customer_id, {"notes": "x"})
        assert (shown(store, customer_id)["tax_id"], shown(store, customer_id)["is_tax_id_verified"]) == (
            "OLD-1",
            False,
        )
        with store.writing() as work, pytest.raises(Rejected, match="A TRN has only digits"):
            edit_customer(work, customer_id, {"tax_id": "OLD-2"})


class TestArchive:
    def test_there_and_back(self, store: Store) -> None:
        customer_id = make(store, **GULF)
        with store.writing() as work:
            archive_customer(work, customer_id, version=1)
        assert shown(store, customer_id)["status"] == CustomerStatus.ARCHIVED
        with store.writing() as work, pytest.raises(Conflict, match=r"^C-0001 Gulf Steel LLC is archived already\.$"):
            archive_customer(work, customer_id)
        with store.writing() as work, pytest.raises(Conflict) as caught:
            find_or_create_customer(work, "C-0001")
        assert str(caught.value) == (
            "C-0001 Gulf Steel LLC is archived. Unarchive it first, or choose another customer."
        )
        with store.writing() as work:
            unarchive_customer(work, customer_id)
            with pytest.raises(Conflict, match=r"^C-0001 Gulf Steel LLC is not archived\.$"):
                unarchive_customer(work, customer_id)
        with store.reading() as work:
            kinds = list(work.session.scalars(select(Event.kind).order_by(Event.id)))
            assert kinds[-3:] == ["customer.created", "customer.archived", "customer.unarchived"]


class TestFindOrCreate:
    def find(self, store: Store, who: str | dict[str, Any]) -> int:
        with store.writing() as work:
            return find_or_create_customer(work, who)

    def test_by_code_id_or_exact_name(self, store: Store) -> None:
        customer_id = make(store, **GULF, legal_name="Gulf Steel Trading LLC")
        for who in ("C-0001", "c-0001", f"#{customer_id}", "gulf  STEEL llc", "Gulf Steel Trading LLC"):
            assert self.find(store, who) == customer_id
            assert self.find(store, {"ref": who}) == customer_id
        with pytest.raises(NotFound, match=r"^There is no customer 'Nobody' in this book\."):
            self.find(store, "Nobody")

    def test_an_object_by_tax_number_then_name_then_made(self, store: Store) -> None:
        customer_id = make(store, **GULF)
        assert self.find(store, {"name": "Other Words", "tax_id": "100234567890003"}) == customer_id
        assert self.find(store, {"name": "Gulf Steel LLC", "country": "AE"}) == customer_id
        assert self.find(store, {"code": "C-0001"}) == customer_id
        made = self.find(store, {"name": "New Firm", "country": "US", "currency": "USD"})
        assert made != customer_id
        assert shown(store, made)["currency"] == "USD"

    def test_the_same_name_with_another_tax_number_is_another(self, store: Store) -> None:
        customer_id = make(store, **GULF)
        assert self.find(store, {"name": "Gulf Steel LLC", "tax_id": "100999999990003"}) != customer_id

    def test_several_of_one_name_are_told_apart_by_code(self, store: Store) -> None:
        make(store, name="Corner Shop")
        make(store, name="Corner Shop", different_because="the one in Deira")
        with pytest.raises(Conflict) as caught:
            self.find(store, "Corner Shop")
        assert str(caught.value) == (
            "Several customers are called 'Corner Shop': C-0001, C-0002. Name one by its code."
        )


class TestRights:
    def test_staff_may_and_nobody_else_may_not(self, store: Store) -> None:
        staff, nobody = user(store, "Sara"), user(store, "Noor", without_role=True)
        customer_id = make(staff, **GULF)
        with pytest.raises(Forbidden, match=r"^Noor may not create customers\. Ask an owner for the right\.$"):
            make(nobody, name="Acme")
        with nobody.writing() as work:
            for attempt in attempts(
                lambda: edit_customer(work, customer_id, {"notes": "x"}),
                lambda: archive_customer(work, customer_id),
                lambda: unarchive_customer(work, customer_id),
            ):
                with pytest.raises(Forbidden, match="Noor may not change customers"):
                    attempt()
            with pytest.raises(Forbidden, match="Noor may not see customers"):
                find_or_create_customer(work, "C-0001")
            with pytest.raises(Forbidden, match="Noor may not see customers"):
                customer_detail(work, customer_id)
        assert shown(store, customer_id)["notes"] == ""


class TestLists:
    def test_columns_filters_and_order(self, any_store: Store) -> None:
        make(any_store, **GULF)
        make(any_store, name="ábc Café", country="FR", currency="EUR", credit_limit="12")
        with any_store.reading() as work:
            listed = rows(work, CUSTOMERS, Asked())
            assert [(row["code"], row["name"], row["city"]) for row in listed] == [
                ("C-0002", "ábc Café", None),
                ("C-0001", "Gulf Steel LLC", "Dubai"),
            ]
            assert listed[0]["credit_limit"] == "12.00"
            assert count(work, CUSTOMERS, Asked(conditions("name ~ cafe and country = FR"))) == 1
            assert count(work, CUSTOMERS, Asked(conditions("tax_treatment = vat_registered"))) == 1

    def test_the_record_kind_of_the_command_line(self, store: Store) -> None:
        kind = next(kind for kind in RECORDS if kind.kind == "customer")
        assert kind.create is not None
        assert kind.edit is not None
        with store.writing() as work:
            customer_id = kind.create(work, GULF)
            assert kind.find(work, "c-0001") == customer_id
            kind.edit(work, customer_id, {"notes": "by hand", "version": "1"})
            assert kind.show(work, customer_id)["notes"] == "by hand"
        with store.writing() as work:
            kind.verbs["archive"](work, customer_id, {})
            with pytest.raises(WrongUse, match=r"^archive takes no field why\.$"):
                kind.verbs["archive"](work, customer_id, {"why": "x"})
            with pytest.raises(InvalidValue, match=r"^version is the whole number that show answers, not 'new'\.$"):
                kind.verbs["archive"](work, customer_id, {"version": "new"})
        with store.writing() as work, pytest.raises(Conflict, match="Changed by"):
            kind.verbs["unarchive"](work, customer_id, {"version": 1})


def test_kinds_are_told_apart_in_the_entity(store: Store) -> None:
    customer_id = make(store, name="Sara Khan", kind="person")
    with store.reading() as work:
        assert work.session.get_one(Customer, customer_id).kind is CustomerKind.PERSON
