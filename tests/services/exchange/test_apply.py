"""An import from files to records: created, found again, merged, changed, rejected; and rehearsed without a trace."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

from models.catalogue import Item
from models.customers import BlockKey, Contact, Customer, CustomerAddress, ExternalRef
from models.exchange import ImportBatch
from models.history import Outbox
from models.values.errors import Cancelled, Forbidden
from models.values.states import CustomerKind, TaxTreatment
from services import chain
from services.customers.commands import edit_customer
from services.exchange.error_workbook import write_errors
from services.search.queries import find
from services.store import Store
from tests.conftest import Clock
from tests.services.exchange.files import BOOKS_CONTACTS, BOOKS_ITEMS, from_dicts, write_csv
from tests.services.exchange.importing import business, counted, everything, firms, rehearse, run
from tests.services.exchange.test_intake import QAMAR

HUDA: dict[str, object] = {
    "Item ID": "5001",
    "Item Name": "Website care",
    "SKU": "CARE-1",
    "Rate": "AED 1500.00",
    "Account": "Sales",
    "Tax Percentage": "5",
    "Product Type": "service",
    "Status": "Active",
    "Usage unit": "month",
}


def contacts_file(path: Path, **changes: object) -> Path:
    return write_csv(path / "Contacts.csv", from_dicts(BOOKS_CONTACTS, [QAMAR | changes]))


def test_a_row_of_zoho_books_becomes_a_whole_customer(store: Store, tmp_path: Path) -> None:
    outcome = run(store, contacts_file(tmp_path))
    assert counted(outcome, "customers") == {"created": 1}
    with store.reading() as work:
        customer = work.session.scalars(select(Customer)).one()
        assert (customer.code, customer.display_name) == ("C-0001", "QAMAR COAST TRADING L.L.C")
        assert (customer.country, customer.state, customer.currency) == ("AE", "DXB", "AED")
        assert (customer.tax_treatment, customer.tax_id) == (TaxTreatment.VAT_REGISTERED, "100200300400003")
        assert customer.is_tax_id_verified
        assert (customer.payment_terms_days, customer.credit_limit_minor) == (30, None)
        assert customer.extra["CF.Region"] == "Gulf"
        assert customer.owner_id == work.actor_id
        address = work.session.scalars(select(CustomerAddress)).one()
        assert (address.kind, address.street, address.city) == ("billing", "Office 1204, Cedar Tower", "Dubai")
        contact = work.session.scalars(select(Contact)).one()
        assert (contact.first_name, contact.last_name, contact.mobile) == ("Yousef", "Haddad", "+971 50 555 0101")
        assert contact.is_primary
        ref = work.session.scalars(select(ExternalRef)).one()
        assert (ref.system, ref.entity, ref.external_id) == ("zoho_books", "customers", "2761566000000180000")
        assert (ref.record_kind, ref.record_id) == ("customer", customer.id)
        assert ("customer", customer.id) in {(hit.kind, hit.id) for hit in find(work, "qamar coast")}
        assert work.session.scalar(select(func.count()).select_from(BlockKey))
        assert not work.session.scalar(select(func.count()).select_from(Outbox)), "nobody gets a message"


def test_the_history_names_the_batch_and_its_chain_holds(store: Store, tmp_path: Path) -> None:
    outcome = run(store, contacts_file(tmp_path))
    with store.engine.connect() as connection:
        assert chain.broken_links(connection) == []
    rows = everything(store)["history"]
    assert {(row[4], row[6]) for row in rows if row[3] == outcome.batch} >= {
        ("customer", "insert"),
        ("contact", "insert"),
        ("external_ref", "insert"),
        ("import_batch", "insert"),
    }


def test_a_dry_run_leaves_every_table_as_it_was(store: Store, tmp_path: Path) -> None:
    before = everything(store)
    outcome = rehearse(store, contacts_file(tmp_path))
    assert outcome.json()["batch"] is None
    assert counted(outcome, "customers") == {"created": 1}
    assert everything(store) == before


def test_the_same_files_again_change_nothing(store: Store, tmp_path: Path) -> None:
    path = contacts_file(tmp_path)
    run(store, path)
    before = business(store)
    outcome = run(store, path)
    assert counted(outcome, "customers") == {"unchanged": 1}
    assert business(store) == before


def test_rows_without_an_id_are_known_again(store: Store, tmp_path: Path) -> None:
    path = firms(
        tmp_path / "c.csv", "Alpha Ltd,,", "Beta Ltd,,x@beta.example", "Alpha Ltd,,", header="Company,Phone,E-mail"
    )
    assert counted(run(store, path), "customers") == {"created": 2, "unchanged": 1}
    assert counted(run(store, path), "customers") == {"unchanged": 3}


def test_a_later_export_changes_exactly_what_it_says(store: Store, tmp_path: Path) -> None:
    run(store, contacts_file(tmp_path))
    outcome = run(store, contacts_file(tmp_path, **{"Phone": "+971 4 555 9999", "Billing City": "Sharjah"}))
    assert counted(outcome, "customers") == {"updated": 1}
    with store.reading() as work:
        customer = work.session.scalars(select(Customer)).one()
        assert (customer.phone, customer.version) == ("+971 4 555 9999", 2)
        assert work.session.scalars(select(CustomerAddress.city)).one() == "Sharjah"
        assert work.session.scalar(select(func.count()).select_from(Contact)) == 1


def test_what_was_edited_here_stays_and_is_told(store: Store, tmp_path: Path) -> None:
    run(store, contacts_file(tmp_path))
    with store.writing() as work:
        customer = work.session.scalars(select(Customer)).one()
        edit_customer(work, customer.id, {"phone": "+971 4 111 1111", "website": "https://qamar.example"})
    outcome = run(store, contacts_file(tmp_path, Phone="+971 4 555 9999", Notes="Call first"))
    assert counted(outcome, "customers") == {"updated": 1}
    assert [(issue.code, issue.column, issue.row) for issue in outcome.issues] == [("W_EDITED_HERE", "phone", 2)]
    with store.reading() as work:
        customer = work.session.scalars(select(Customer)).one()
        assert (customer.phone, customer.notes) == ("+971 4 111 1111", "Call first")
    quiet = run(store, contacts_file(tmp_path, Phone="'+971 4 555 0112", Notes="Call first"))
    assert [issue.code for issue in quiet.issues] == [], "the file went back to what it said at first"


def test_certain_duplicates_of_a_file_are_one_record_with_all_they_say(store: Store, tmp_path: Path) -> None:
    path = firms(
        tmp_path / "firms.csv",
        "1,Delta Foods LLC,+971 4 222 0001,,Dubai,",
        "2,DELTA FOODS L.L.C.,+971 4 222 0001,buying@deltafoods.example,Dubai,deltafoods.example",
        "3,Delta Foods FZE,+971 4 222 0001,,Dubai,",
    )
    outcome = run(store, path)
    assert counted(outcome, "customers") == {"created": 2, "updated": 1}
    with store.reading() as work:
        first, other = work.session.scalars(select(Customer).order_by(Customer.id))
        assert (first.display_name, first.email, first.website) == (
            "Delta Foods LLC",
            "buying@deltafoods.example",
            "deltafoods.example",
        )
        assert other.display_name == "Delta Foods FZE", "another legal form is another firm"
        refs = dict(work.session.execute(select(ExternalRef.external_id, ExternalRef.record_id)).all())
        assert refs == {"1": first.id, "2": first.id, "3": other.id}
    certain = [pair for pair in outcome.json()["duplicates"] if pair["certain"]]
    assert [pair["rows"] for pair in certain] == [[{"file": "firms.csv", "row": 2}, {"file": "firms.csv", "row": 3}]]
    assert certain[0]["records"][0]["code"] == "C-0001"
    assert counted(run(store, path), "customers") == {"unchanged": 3}


def test_a_customer_of_the_book_is_found_and_its_gaps_are_filled(store: Store, tmp_path: Path) -> None:
    run(store, firms(tmp_path / "one.csv", "7,Omega Glass LLC,+971 4 333 0001,,Dubai,"))
    other = firms(
        tmp_path / "two.csv",
        "A-1,Omega Glass L.L.C,+971 4 333 0001,hello@omegaglass.example,Dubai",
        header="Account Number,Account Name,Phone,Email,City",
    )
    outcome = run(store, other)
    assert counted(outcome, "customers") == {"updated": 1}
    with store.reading() as work:
        customer = work.session.scalars(select(Customer)).one()
        assert (customer.email, customer.phone) == ("hello@omegaglass.example", "+971 4 333 0001")
        assert work.session.scalar(select(func.count()).select_from(ExternalRef)) == 2
        assert any(key.startswith("e:") for key in work.session.scalars(select(BlockKey.key)))


def test_a_name_alone_never_merges_but_is_shown_for_review(store: Store, tmp_path: Path) -> None:
    run(store, firms(tmp_path / "one.csv", "1,Sigma Metals LLC,+971 4 444 0001,,,"))
    outcome = run(store, firms(tmp_path / "two.csv", "9,Sigma Metals LLC,+971 4 999 0009,,,"), system=None)
    assert counted(outcome, "customers") == {"created": 1, "review": 1}
    (pair,) = outcome.json()["duplicates"]
    assert pair["certain"] is False
    assert {record["code"] for record in pair["records"]} == {"C-0001", "C-0002"}
    assert pair["rows"] == [{"file": "two.csv", "row": 2}]


def test_persons_are_one_by_their_mailbox(store: Store, tmp_path: Path) -> None:
    header = "CustomerKey,FirstName,LastName,EmailAddress"
    outcome = run(
        store, firms(tmp_path / "p.csv", "1,JON,YANG,jon@x.example", "2,Jon,Yang,jon@x.example", header=header)
    )
    assert counted(outcome, "customers") == {"created": 1, "unchanged": 1}
    with store.reading() as work:
        person = work.session.scalars(select(Customer)).one()
        assert (person.kind, person.email) == (CustomerKind.PERSON, "jon@x.example")
        assert work.session.scalar(select(func.count()).select_from(Contact)) == 0, "the person is the customer"


def test_a_wrong_tax_number_comes_in_unverified_and_matches_nobody(store: Store, tmp_path: Path) -> None:
    first = contacts_file(
        tmp_path, **{"Tax Registration Number": "12345", "Billing City": "", "EmailID": "", "Phone": ""}
    )
    outcome = run(store, first)
    assert [issue.code for issue in outcome.issues] == ["W_TAX_ID"]
    with store.reading() as work:
        customer = work.session.scalars(select(Customer)).one()
        assert (customer.tax_id, customer.is_tax_id_verified) == ("12345", False)
        assert not any(key.startswith("x:") for key in work.session.scalars(select(BlockKey.key)))


def test_defaults_are_those_of_a_customer_made_by_hand(india: Store, tmp_path: Path) -> None:
    run(india, firms(tmp_path / "c.csv", "1,Ganges Prints Pvt Ltd,,,,", "2,Thames Prints Ltd,,,,"))
    with india.reading() as work:
        one = work.session.scalars(select(Customer).order_by(Customer.id)).first()
        assert one is not None
        assert (one.country, one.currency, one.tax_treatment) == ("IN", "INR", TaxTreatment.UNREGISTERED)
        assert one.payment_terms_days == 30


def test_an_id_of_two_different_records_rejects_both(store: Store, tmp_path: Path) -> None:
    outcome = run(store, firms(tmp_path / "c.csv", "1,Alpha Ltd,,,,", "1,Omega Gmbh,,,,", "2,Beta Ltd,,,,"))
    assert counted(outcome, "customers") == {"created": 1, "rejected": 2}
    assert [(issue.code, issue.row) for issue in outcome.issues] == [("E_DUPLICATE_ID", 3), ("E_DUPLICATE_ID", 2)]
    with store.reading() as work:
        assert work.session.scalars(select(Customer.display_name)).all() == ["Beta Ltd"]


def test_contacts_find_their_customer_by_id_or_name(store: Store, tmp_path: Path) -> None:
    customers = contacts_file(tmp_path)
    people = write_csv(
        tmp_path / "Contact_Persons.csv",
        from_dicts(
            ["Contact Person ID", "Contact ID", "Contact Name", "Salutation", "First Name", "Last Name", "EmailID",
             "Phone", "MobilePhone", "Designation", "Is Primary Contact"],
            [
                {"Contact Person ID": "11", "Contact ID": "2761566000000180000", "First Name": "Yousef",
                 "Last Name": "Haddad", "EmailID": "yousef@qamarcoast.example", "Designation": "Director"},
                {"Contact Person ID": "12", "Contact ID": "2761566000000180000", "First Name": "Mona",
                 "Last Name": "Saleh", "EmailID": "mona@qamarcoast.example"},
                {"Contact Person ID": "13", "Contact ID": "999", "Contact Name": "Nobody LLC", "First Name": "Ali",
                 "Last Name": "Aziz"},
            ],
        ),
    )  # fmt: skip
    outcome = run(store, people, customers, entity=None)
    assert counted(outcome, "contacts") == {"created": 1, "updated": 1, "rejected": 1}
    assert [(i.code, i.row) for i in outcome.issues if i.code.startswith("E_")] == [("E_UNKNOWN_VALUE", 4)]
    with store.reading() as work:
        found = {c.first_name: c for c in work.session.scalars(select(Contact))}
        assert found["Yousef"].designation == "Director"
        assert (found["Yousef"].is_primary, found["Mona"].is_primary) == (True, False)
    assert counted(run(store, people), "contacts") == {"unchanged": 2, "rejected": 1}


def test_items_come_in_and_are_found_by_code(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "Item.csv", from_dicts(BOOKS_ITEMS, [HUDA]))
    assert counted(run(store, path), "items") == {"created": 1}
    with store.reading() as work:
        item = work.session.scalars(select(Item)).one()
        assert (item.code, item.unit, item.unit_price) == ("CARE-1", "MON", Decimal(1500))
        assert (item.currency, item.tax_rate, item.is_archived) == ("AED", Decimal(5), False)
    assert counted(run(store, path), "items") == {"unchanged": 1}
    own = write_csv(tmp_path / "own items.csv", [["SKU", "Item name", "Price"], ["care-1", "Website care", "1500"]])
    assert counted(run(store, own), "items") == {"unchanged": 1}
    dearer = write_csv(tmp_path / "Item.csv", from_dicts(BOOKS_ITEMS, [HUDA | {"Rate": "AED 1600"}]))
    assert counted(run(store, dearer), "items") == {"updated": 1}


def test_rejected_rows_are_corrected_in_the_error_workbook(store: Store, tmp_path: Path) -> None:
    path = firms(tmp_path / "c.csv", "1,Alpha Ltd,,,,", "2,,+971 4 1,a@b.example,=Dubai,", "3,Gamma Ltd,,,,")
    outcome = run(store, path)
    assert counted(outcome, "customers") == {"created": 2, "rejected": 1}
    errors = tmp_path / "errors.xlsx"
    assert write_errors(errors, outcome) == 1
    book = openpyxl.load_workbook(errors)
    sheet = book.active
    assert sheet is not None
    header, row = [list(line) for line in sheet.iter_rows(values_only=True)]
    assert header[-2:] == ["Import status", "What to correct"]
    assert header[:3] == ["Customer ID", "Company", "Phone"]
    assert (row[0], row[4]) == ("2", "=Dubai")
    assert "name is missing" in str(row[-2])
    sheet["B2"] = "Beta Ltd"
    book.save(errors)
    again = run(store, errors)
    assert counted(again, "customers") == {"created": 1}
    with store.reading() as work:
        beta = work.session.scalars(select(Customer).where(Customer.display_name == "Beta Ltd")).one()
        assert "Import status" not in beta.extra
        systems = set(work.session.scalars(select(ExternalRef.system)))
        assert len(systems) == 1, "the corrected rows belong to the same source"
    assert counted(run(store, firms(tmp_path / "c.csv", "1,Alpha Ltd,,,,")), "customers") == {"unchanged": 1}


def test_files_that_cannot_be_imported_are_named_and_left_alone(store: Store, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    invoices = write_csv(
        tmp_path / "Invoice.csv",
        [["Invoice Number", "Invoice Date", "Customer Name", "Total"], ["I-1", "2026-01-01", "A", "5"]],
    )
    outcome = run(store, broken, invoices, contacts_file(tmp_path))
    answer = outcome.json()
    assert counted(outcome, "customers") == {"created": 1}
    assert not outcome.is_clean
    assert [issue["code"] for issue in answer["issues"]] == ["E_FILE"]
    assert [(f["file"], f["is_chosen"]) for f in answer["files"]] == [("Invoice.csv", False), ("Contacts.csv", True)]


def test_cancelling_leaves_nothing(store: Store, tmp_path: Path) -> None:
    path = firms(tmp_path / "c.csv", *(f"{n},Firm number {n},,,," for n in range(2_500)))
    before = everything(store)

    def stop(done: int, total: int) -> None:
        if done >= 2_000:
            raise Cancelled(f"Stopped after {done} of {total} rows.")

    with pytest.raises(Cancelled):
        run(store, path, report=stop)
    assert everything(store) == before


def test_more_than_a_chunk_comes_in_whole(store: Store, tmp_path: Path) -> None:
    rows = [f"{n},Trader {n * 7919} of {n},+971 4 {n:07d},,Dubai," for n in range(4_100)]
    rows += ["9001,Trader 0 of 0,+971 4 0000000,late@trader.example,Dubai,"]
    outcome = run(store, firms(tmp_path / "c.csv", *rows))
    assert counted(outcome, "customers")["created"] == 4_100
    assert counted(outcome, "customers")["updated"] == 1
    with store.reading() as work:
        first = work.session.scalars(select(Customer).where(Customer.code == "C-0001")).one()
        assert first.email == "late@trader.example", "a duplicate of a customer of an earlier chunk"
        assert work.session.scalar(select(func.max(Customer.code).filter(func.length(Customer.code) == 6))) == "C-4100"
    with store.engine.connect() as connection:
        assert chain.broken_links(connection) == []


def test_the_batch_tells_of_the_run(store: Store, tmp_path: Path, clock: Clock) -> None:
    outcome = run(store, contacts_file(tmp_path))
    with store.reading() as work:
        batch = work.session.scalars(select(ImportBatch)).one()
        assert (batch.code, batch.state, batch.started_at) == ("IMP-0001", "applied", clock.now)
        assert batch.counts["customers"]["created"] == 1
        assert batch.files[0]["file"] == "Contacts.csv"
    assert set(outcome.json()) == {"batch", "entities", "files", "issues", "money", "duplicates"}
    assert dt.datetime.fromisoformat(batch.started_at.isoformat()) == clock.now


def test_an_import_asks_for_the_right(store: Store, tmp_path: Path) -> None:
    from services.organisation.founding import UserDraft, add_user

    with store.writing() as work:
        staff = add_user(work, UserDraft(name="Sami Staff", role="staff"))
    with pytest.raises(Forbidden):
        run(store.acting_as(staff), contacts_file(tmp_path))
