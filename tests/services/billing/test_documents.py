"""Documents from draft to void: amounts, numbers, entries, what blocks, what never changes."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from models.all import Base
from models.billing import Document, FrozenView
from models.organisation import NumberSeries
from models.values.states import DocumentKind, DocumentState, RoundingMode
from services import health
from services.billing import commands
from services.billing.records import document_draft
from services.billing.status import shown_status, status_expression
from services.errors import Conflict, Forbidden, InvalidValue, NotFound, Rejected
from services.organisation.founding import UserDraft, add_user
from services.store import Store
from tests.conftest import Clock
from tests.services.billing.books import PUNE, WORK, balances, customer, draft, issued, shown


def test_the_worked_example_of_the_design_to_the_cent(store: Store) -> None:
    code = customer(store)
    document_id = issued(
        store,
        code,
        WORK | {"quantity": "3", "unit_price": "33.335", "discount_percent": "10"},
        {"description": "Export", "unit_price": "50", "category": "Z", "rate": "0", "override_reason": "Exported"},
        currency="USD",
        exchange_rate="3.6725",
        exchange_rate_on="2026-03-01",
        issued_on="2026-03-01",
        due_on="2026-03-31",
        document_discount={"amount": "5.00"},
    )
    view = shown(store, document_id)
    first, second = view["lines"]
    assert (view["number"], view["status"], view["document_type"]) == ("INV-2026-0001", "issued", "tax_invoice")
    assert (first["gross"], first["discount"], first["document_discount"]) == ("100.01", "10.00", "3.21")
    assert (first["taxable"], first["tax"], first["total"]) == ("86.80", "4.34", "91.14")
    assert first["taxes"] == [{"component": "vat", "rate": "5", "amount": "4.34", "home_amount": "15.94"}]
    assert (first["home_taxable"], first["home_tax"], first["home_total"]) == ("318.77", "15.94", "334.71")
    assert (second["taxable"], second["tax"], second["home_total"]) == ("48.21", "0.00", "177.05")
    assert view["totals"] == {
        "gross": "150.01",
        "line_discount": "10.00",
        "document_discount": "5.00",
        "taxable": "135.01",
        "tax": "4.34",
        "tax_charged": "4.34",
        "grand": "139.35",
        "round_off": "0.00",
        "payable": "139.35",
        "prepaid": "0.00",
        "due": "139.35",
    }
    assert view["home"]["payable"] == "511.76"
    assert view["settlement"]["home_balance"] == "511.76"
    assert [(row["account"], row["debit"], row["credit"]) for row in view["journal"]] == [
        ("1100", "139.35", "0.00"),
        ("4000", "0.00", "135.01"),
        ("2100", "0.00", "4.34"),
    ]


def test_a_document_says_the_same_before_and_after_it_was_saved(store: Store) -> None:
    code = customer(store)
    line = WORK | {"quantity": "2.50", "unit_price": "870.00", "discount_percent": "5.0"}
    at_once = draft(store, code, line)
    with store.writing() as work:
        commands.issue(work, at_once)
    with store.writing() as work:
        together = commands.create_document(
            work, DocumentKind.INVOICE, document_draft({"customer": code, "lines": [line]})
        )
        commands.issue(work, together)
    first, second = shown(store, at_once)["lines"][0], shown(store, together)["lines"][0]
    assert (first["quantity"], first["unit_price"], first["discount_percent"]) == ("2.5", "870", "5")
    assert first == second


def test_a_draft_takes_no_number_and_posts_nothing(store: Store) -> None:
    document_id = draft(store, customer(store))
    view = shown(store, document_id)
    assert view["number"] is None and view["status"] == "draft" and view["journal"] == []
    assert balances(store) == {}
    with store.writing() as work:
        commands.delete_draft(work, document_id)
    with store.reading() as work:
        assert work.session.scalars(select(NumberSeries)).all() == []
        with pytest.raises(NotFound, match="not in the book"):
            commands.locked(work, document_id)


def test_numbers_follow_each_other_and_a_rollback_gives_one_back(any_store: Store) -> None:
    code = customer(any_store)
    first, second = draft(any_store, code), draft(any_store, code)
    with any_store.rehearsing() as work:
        assert commands.issue(work, first) == "INV-2026-0001"
    with any_store.writing() as work:
        assert commands.issue(work, second) == "INV-2026-0001"
    with any_store.writing() as work:
        assert commands.issue(work, first) == "INV-2026-0002"


def test_two_desks_issue_one_draft_once(any_store: Store) -> None:
    document_id = draft(any_store, customer(any_store))
    outcomes: list[str] = []

    def desk() -> None:
        try:
            with any_store.writing() as work:
                outcomes.append(commands.issue(work, document_id))
        except Conflict as error:
            outcomes.append(str(error))

    desks = [threading.Thread(target=desk) for _ in range(4)]
    for one in desks:
        one.start()
    for one in desks:
        one.join()
    assert outcomes.count("INV-2026-0001") == 1
    assert all("issued already" in text for text in outcomes if text != "INV-2026-0001")


def test_an_issued_document_never_changes(store: Store) -> None:
    document_id = issued(store, customer(store))
    with pytest.raises(Conflict, match="is issued already, so it cannot be changed"), store.writing() as work:
        commands.edit_document(work, document_id, document_draft({"customer": "C-0001", "lines": [WORK]}))
    with pytest.raises(Conflict, match="never changes"), store.writing() as work:
        work.session.get_one(Document, document_id).notes = "changed"
    with pytest.raises(Conflict, match="never change"), store.writing() as work:
        work.session.delete(work.session.get_one(Document, document_id))


def test_the_frozen_view_outlives_a_change_of_the_customer(store: Store) -> None:
    from services.customers.commands import edit_customer

    code = customer(store)
    document_id = issued(store, code)
    before = shown(store, document_id)["customer"]
    with store.writing() as work:
        edit_customer(work, work.session.get_one(Document, document_id).customer_id, {"legal_name": "Renamed LLC"})
    view = shown(store, document_id)
    assert view["customer"] == before
    with store.reading() as work:
        frozen = work.session.scalars(select(FrozenView)).one()
        assert frozen.sha256 == view["view_sha256"]


def test_void_keeps_the_number_and_leaves_nothing(store: Store) -> None:
    document_id = issued(store, customer(store))
    assert balances(store) == {"1100": 21000, "4000": -20000, "2100": -1000}
    with pytest.raises(InvalidValue, match="Say why"), store.writing() as work:
        commands.void(work, document_id, " ")
    with store.writing() as work:
        commands.void(work, document_id, "entered twice")
    view = shown(store, document_id)
    assert (view["status"], view["number"], view["settlement"]["balance"]) == ("void", "INV-2026-0001", "0.00")
    assert balances(store) == {}
    with pytest.raises(Conflict, match="only an issued invoice"), store.writing() as work:
        commands.void(work, document_id, "again")


def test_india_within_the_state_and_across(india: Store) -> None:
    near = customer(
        india,
        {
            "name": "Mysuru Silks Private Limited",
            "country": "IN",
            "tax_id": "29AAACM1234E1ZW",
            "billing_address": {"street": "1 Palace Road", "city": "Mysuru"},
        },
    )
    far = customer(india, PUNE)
    here = shown(india, issued(india, near))
    there = shown(india, issued(india, far))
    assert (here["is_inter_state"], here["place_of_supply"], here["number"]) == (False, "29", "INV/25-26/00001")
    assert [(t["component"], t["rate"], t["amount"]) for t in here["lines"][0]["taxes"]] == [
        ("cgst", "9", "18.00"),
        ("sgst", "9", "18.00"),
    ]
    assert (there["is_inter_state"], there["place_of_supply"], there["number"]) == (True, "27", "INV/25-26/00002")
    assert [(t["component"], t["amount"]) for t in there["lines"][0]["taxes"]] == [("igst", "36.00")]
    assert balances(india) == {"1100": 47200, "4000": -40000, "2110": -1800, "2120": -1800, "2130": -3600}


def test_the_rupee_is_rounded_where_it_is_asked(india: Store) -> None:
    view = shown(india, issued(india, customer(india, PUNE), WORK | {"unit_price": "100.37"}, round_off=True))
    assert (view["totals"]["grand"], view["totals"]["round_off"], view["totals"]["payable"]) == (
        "236.87",
        "0.13",
        "237.00",
    )
    assert balances(india)["4900"] == -13


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": [WORK | {"quantity": "-1"}]}, "quantity"),
        ({"lines": [WORK | {"discount_percent": "150"}]}, "discount"),
        ({"lines": [WORK | {"unit_price": "1e308"}]}, "not a number that the book can hold"),
        ({"lines": [WORK | {"unit_price": "NaN"}]}, "not a number"),
        ({"lines": [WORK | {"category": "Z"}]}, "reason"),
        ({"issued_on": "2026-02-30"}, "not a date"),
        ({"issued_on": "0001-01-01"}, "outside 1900 to 2199"),
        ({"due_on": "9999-12-31"}, "outside 1900 to 2199"),
        ({"currency": "XYZ"}, "ISO 4217"),
        ({"currency": "USD"}, "There is no rate for USD in AED"),
        ({"supply_type": "X"}, "supply type"),
        ({"document_discount": {"percent": "5", "amount": "5"}}, "not both"),
        ({"lines": [{"description": "No price"}]}, "Line 1 has no price"),
    ],
)
def test_a_wrong_draft_is_refused_in_words(store: Store, change: dict[str, Any], said: str) -> None:
    code = customer(store)
    with pytest.raises((Rejected, InvalidValue)) as refused:
        draft(store, code, **({"lines": [WORK]} | change))
    assert said in str(refused.value)
    with store.reading() as work:
        assert work.session.scalars(select(Document)).all() == []


def test_what_the_law_misses_blocks_the_issue_by_name(india: Store) -> None:
    code = customer(india, PUNE | {"billing_address": {}})
    document_id = draft(india, code, WORK | {"hsn": ""})
    view = shown(india, document_id)
    assert [(b["field"], b["law"]) for b in view["blocked_by"]] == [
        ("customer.billing_address", "India CGST Rules, Rule 46(d)"),
        ("lines[1].hsn", "India CGST Rules, Rule 46(g)"),
    ]
    with pytest.raises(Rejected, match="2 things block the issue") as refused, india.writing() as work:
        commands.issue(work, document_id)
    assert len(refused.value.problems) == 2
    with india.reading() as work:
        assert work.session.scalars(select(NumberSeries)).all() == []


def test_a_date_before_the_series_last_is_refused(store: Store) -> None:
    code = customer(store)
    issued(store, code, issued_on="2026-03-10")
    late = draft(store, code, issued_on="2026-03-09")
    with pytest.raises(Conflict, match="before 2026-03-10"), store.writing() as work:
        commands.issue(work, late)
    with store.writing() as work:
        assert commands.issue(work, late, on=dt.date(2026, 3, 10)) == "INV-2026-0002"


def test_an_undated_draft_is_issued_on_the_day_of_issue(store: Store, clock: Clock) -> None:
    document_id = draft(store, customer(store))
    clock.to("2026-03-20T09:00+04:00")
    with store.writing() as work:
        commands.issue(work, document_id)
    view = shown(store, document_id)
    assert (view["issued_on"], view["due_on"]) == ("2026-03-20", "2026-04-19")


def test_an_estimate_is_accepted_revised_and_invoiced(store: Store) -> None:
    estimate = draft(store, customer(store), kind=DocumentKind.ESTIMATE, po_number="PO-7")
    with pytest.raises(Conflict, match="only an accepted estimate"), store.writing() as work:
        commands.convert(work, estimate)
    with store.writing() as work:
        commands.send(work, estimate)
    assert shown(store, estimate)["number"] == "EST-2026-0001"
    with store.writing() as work:
        newer = commands.revise(work, estimate)
    assert shown(store, estimate)["status"] == "superseded"
    assert shown(store, estimate)["links"]["superseded_by"] == f"#{newer}"
    with store.writing() as work:
        commands.accept(work, newer)
    with store.writing() as work:
        invoice = commands.convert(work, newer)
    view = shown(store, invoice)
    assert (view["kind"], view["status"], view["po_number"]) == ("invoice", "draft", "PO-7")
    assert view["totals"] == shown(store, newer)["totals"]
    assert view["links"]["estimate"] == "EST-2026-0002"
    assert shown(store, newer)["status"] == "invoiced"
    with pytest.raises(Conflict, match="invoiced"), store.writing() as work:
        commands.convert(work, newer)


def test_a_draft_that_goes_opens_what_led_to_it(store: Store) -> None:
    estimate = draft(store, customer(store), kind=DocumentKind.ESTIMATE)
    with store.writing() as work:
        commands.accept(work, estimate)
        invoice = commands.convert(work, estimate)
    with store.writing() as work:
        commands.delete_draft(work, invoice)
    assert shown(store, estimate)["status"] == "accepted"
    with store.writing() as work:
        newer = commands.revise(work, estimate)
    with store.writing() as work:
        commands.delete_draft(work, newer)
    view = shown(store, estimate)
    assert (view["status"], view["links"]["superseded_by"]) == ("sent", None)
    assert all(one.ok for one in health.check(store, deep=True))


def test_an_expired_estimate_is_not_accepted(store: Store, clock: Clock) -> None:
    estimate = draft(store, customer(store), kind=DocumentKind.ESTIMATE, due_on="2026-03-20")
    with store.writing() as work:
        commands.send(work, estimate)
    clock.to("2026-03-21T09:00+04:00")
    assert shown(store, estimate)["status"] == "expired"
    with pytest.raises(Conflict, match="expired on 2026-03-20"), store.writing() as work:
        commands.accept(work, estimate)


def test_an_unregistered_company_writes_plain_invoices(store: Store) -> None:
    from models.organisation import TaxRegistration
    from models.values.states import Scheme

    with store.writing() as work:
        registration = work.session.scalars(select(TaxRegistration)).one()
        registration.scheme, registration.tax_id = Scheme.UNREGISTERED, None
    view = shown(store, issued(store, customer(store)))
    assert (view["document_type"], view["title"], view["totals"]["tax"]) == ("invoice", "Invoice", "0.00")
    assert view["lines"][0]["taxes"] == []


def test_staff_may_draft_but_not_issue(store: Store) -> None:
    with store.writing() as work:
        staff_id = add_user(work, UserDraft(name="Sana Staff", role="staff"))
    document_id = draft(store, customer(store))
    staff = store.acting_as(staff_id)
    with pytest.raises(Forbidden, match="Sana Staff may not issue documents"), staff.writing() as work:
        commands.issue(work, document_id)
    with staff.writing() as work:
        commands.create_document(work, DocumentKind.INVOICE, document_draft({"customer": "C-0001", "lines": [WORK]}))


def test_a_stale_edit_names_who_was_faster(store: Store) -> None:
    code = customer(store)
    document_id = draft(store, code)
    values = {"customer": code, "lines": [WORK]}
    with store.writing() as work:
        commands.edit_document(work, document_id, document_draft(values | {"notes": "first"}), version=1)
    with pytest.raises(Conflict, match="Changed by Owner at"), store.writing() as work:
        commands.edit_document(work, document_id, document_draft(values | {"notes": "second"}), version=1)
    assert shown(store, document_id)["notes"] == "first"


def test_every_status_is_the_same_in_sql_and_in_python() -> None:
    """Every combination of the facts, in a table of its own."""
    now = dt.datetime(2026, 3, 14, 9, tzinfo=dt.UTC)
    today = now.date()
    facts = itertools.product(
        list(DocumentKind), list(DocumentState), (0, 100), (0, 5), (0, 5), (0, 5), (None, now), (-1, 0, 1)
    )
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        documents = [_document(today, *one) for one in facts]
        session.add_all(documents)
        session.flush()
        said = {row[0]: row[1] for row in session.execute(select(Document.id, status_expression(today)))}
        assert said == {document.id: shown_status(document, today) for document in documents}
        assert set(said.values()) >= {"paid", "written_off", "overdue", "partially_paid", "sent", "issued", "expired"}
    engine.dispose()


def _document(
    today: dt.date,
    kind: DocumentKind,
    state: DocumentState,
    balance: int,
    paid: int,
    credited: int,
    written_off: int,
    sent_at: dt.datetime | None,
    days: int,
) -> Document:
    texts = "document_type exchange_rate_source place_of_supply supply_type po_number notes terms".split()
    flags = "is_inter_state prices_include_tax is_reverse_charge is_igst_on_intra is_e_invoice is_rounded_off".split()
    return Document(
        kind=kind,
        state=state,
        balance_minor=balance,
        paid_minor=paid,
        credited_minor=credited,
        written_off_minor=written_off,
        sent_at=sent_at,
        issued_on=today - dt.timedelta(days=30),
        due_on=today + dt.timedelta(days=days),
        company_id=1,
        branch_id=1,
        registration_id=1,
        customer_id=1,
        owner_id=1,
        currency="AED",
        home_currency="AED",
        exchange_rate=Decimal(1),
        tax_rounding_mode=RoundingMode.LINE,
        created_at=dt.datetime(2026, 3, 14, tzinfo=dt.UTC),
        **dict.fromkeys(texts, ""),
        **dict.fromkeys(flags, False),
    )
