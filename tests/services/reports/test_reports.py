"""Trial balance, register, gaps, ledger and balances of one small book that can be followed by hand."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import text

from models.values.money import Money
from services.errors import WrongUse
from services.organisation.founding import CompanyDraft, found_company
from services.reports import report
from services.reports.definition import ReportOptions, amount_text, share
from services.store import Store
from tests.conftest import Clock
from tests.services.reports.books import customer, day, invoice, payment, void


def _run(store: Store, name: str, **options: Any) -> dict[str, Any]:
    with store.reading() as work:
        return report.run(work, name, ReportOptions(**options)).json()


def _story(store: Store, clock: Clock) -> None:
    """January: INV-1 AED 100 + 5. February: INV-2 USD 200 + 10 at 3.6725, paid 210 at 3.70, 0.50 too much of it.
    March: INV-3 AED 40 + 2, voided on the 14th; and on the same day INV-1, which was issued in January.
    """
    clock.to("2026-01-10T08:00+04:00")
    with store.writing() as work:
        acme = customer(work, "C-0001", "Acme", tax_id="100000000000003")
        first = invoice(work, acme, "01-10", "02-09", "100.00", "5.00")
    clock.to("2026-02-10T08:00+04:00")
    with store.writing() as work:
        acme = work.session.merge(acme)
        second = invoice(work, acme, "02-10", "03-12", "200.00", "10.00", currency="USD", rate="3.6725")
        payment(work, second, "02-20", "210.50", allocated="210.00", rate="3.70")
    clock.to("2026-03-14T08:00+04:00")
    with store.writing() as work:
        third = invoice(work, customer(work, "C-0002", "Zeta"), "03-01", "03-31", "40.00", "2.00")
        void(work, third, "Wrong customer")
        void(work, work.session.merge(first), "Never delivered")


def test_the_trial_balance_is_zero_and_agrees_by_another_path(store: Store, clock: Clock) -> None:
    _story(store, clock)
    january = _run(store, "trial-balance", as_of=day("01-31"))
    assert [(row["account"], row["debit"], row["credit"]) for row in january["rows"]] == [
        ("1100", "105.00", "0.00"),
        ("2100", "0.00", "5.00"),
        ("4000", "0.00", "100.00"),
    ]
    assert january["totals"] == {
        "debit": {"AED": "105.00", "base": "105.00"},
        "credit": {"AED": "105.00", "base": "105.00"},
    }
    assert january["counter_check"] == {"ok": True, "difference": "0.00"}
    now = {row["name"]: (row["debit"], row["credit"]) for row in _run(store, "trial-balance")["rows"]}
    # bank 210.50 x 3.70; sales 200 x 3.6725; tax 10 x 3.6725; gain 210 x (3.70 - 3.6725); credit 0.50 x 3.70
    assert now["Bank"] == ("778.85", "0.00")
    assert now["Accounts Receivable"] == ("0.00", "0.00")
    assert [debit for debit, _ in now.values() if debit != "0.00"] == ["778.85"]
    amounts = {credit for _, credit in now.values()}
    assert {"734.50", "36.73", "1.85"} <= amounts


def test_a_posting_that_one_path_misses_is_a_difference(store: Store, clock: Clock) -> None:
    _story(store, clock)
    with store.engine.begin() as connection:
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        connection.execute(text("UPDATE posting SET home_minor = home_minor + 7 WHERE id = 1"))
    assert _run(store, "trial-balance")["counter_check"] == {"ok": False, "difference": "0.07"}


def test_the_register_counts_void_invoices_as_nothing_and_keeps_the_past(store: Store, clock: Clock) -> None:
    _story(store, clock)
    january = _run(store, "invoice-register", date_from=day("01-01"), date_to=day("01-31"))
    assert "cgst" not in january["columns"]
    assert [(row["number"], row["vat"], row["total"], row["status"]) for row in january["rows"]] == [
        ("INV-2026-0001", "5.00", "105.00", "issued")
    ]
    assert january["counter_check"] == {"ok": True, "difference": "0.00"}
    march = _run(store, "invoice-register", date_from=day("03-01"), date_to=day("03-31"))
    assert [(row["number"], row["total"], row["status"], row["void_reason"]) for row in march["rows"]] == [
        ("INV-2026-0003", "0.00", "void", "Wrong customer")
    ]
    assert march["counter_check"] == {"ok": True, "difference": "0.00"}
    year = _run(store, "invoice-register")
    assert (year["from"], year["to"]) == ("2026-01-01", "2026-03-14")
    assert [row["total"] for row in year["rows"]] == ["0.00", "210.00", "0.00"]
    assert year["totals"]["tax"] == {"AED": "0.00", "USD": "10.00", "base": "36.73"}
    assert year["totals"]["total"] == {"AED": "0.00", "USD": "210.00", "base": "771.23"}
    assert year["counter_check"] == {"ok": True, "difference": "0.00"}
    assert year["fill_rate"] == {"tax_id": "0.66", "place_of_supply": "1.00"}


def test_an_indian_register_shows_the_indian_taxes(india: Store) -> None:
    with india.writing() as work:
        buyer = customer(work, "C-0001", "Buyer", tax_id="29AABCU9603R1ZJ")
        invoice(work, buyer, "03-02", "03-31", "1000.00", "180.00", currency="INR", component="cgst")
        invoice(work, buyer, "03-03", "03-31", "500.00", "90.00", currency="INR", component="igst")
    answer = _run(india, "invoice-register")
    assert "vat" not in answer["columns"]
    assert [(row["cgst"], row["sgst"], row["igst"]) for row in answer["rows"]] == [
        ("90.00", "90.00", "0.00"),
        ("0.00", "0.00", "90.00"),
    ]
    assert answer["from"] == "2025-04-01"
    assert answer["counter_check"] == {"ok": True, "difference": "0.00"}


def test_the_ledger_runs_from_the_opening_to_the_closing_balance(store: Store, clock: Clock) -> None:
    _story(store, clock)
    answer = _run(store, "general-ledger", date_from=day("02-01"), date_to=day("02-28"))
    receivable = [row for row in answer["rows"] if row["account"] == "1100"]
    assert [(row["text"], row["debit"], row["credit"], row["balance"]) for row in receivable] == [
        ("Opening balance", "0.00", "0.00", "105.00"),
        ("INV-2026-0002", "771.23", "0.00", "876.23"),
        ("Payment", "0.00", "771.23", "105.00"),
    ]
    assert answer["totals"]["debit"] == answer["totals"]["credit"]
    assert answer["counter_check"] == {"ok": True, "difference": "0.00"}


def test_balances_set_what_was_paid_ahead_against_what_is_open(store: Store, clock: Clock) -> None:
    _story(store, clock)
    with store.writing() as work:
        invoice(work, customer(work, "C-0003", "Beta"), "03-14", "03-31", "10.00")
    answer = _run(store, "customer-balances")
    assert [(r["customer"], r["currency"], r["open"], r["credit"], r["balance"]) for r in answer["rows"]] == [
        ("C-0001", "USD", "0.00", "0.50", "-0.50"),
        ("C-0003", "AED", "10.00", "0.00", "10.00"),
    ]
    assert answer["totals"]["balance"] == {"AED": "10.00", "USD": "-0.50", "base": "8.15"}
    assert answer["counter_check"] == {"ok": True, "difference": "0.00"}


def test_a_whole_series_has_no_findings_but_its_void_numbers(store: Store, clock: Clock) -> None:
    _story(store, clock)
    answer = _run(store, "number-gaps")
    assert answer["rows"] == [
        {
            "company": "ACME",
            "branch": "DXB",
            "series": "invoice",
            "fiscal_year": 2026,
            "first": "INV-2026-0001",
            "last": "INV-2026-0003",
            "count": 3,
            "counter": 3,
            "missing": [],
            "doubles": [],
            "back_dated": [],
            "void": ["INV-2026-0001 (Never delivered)", "INV-2026-0003 (Wrong customer)"],
        },
        {
            "company": "ACME",
            "branch": "DXB",
            "series": "payment",
            "fiscal_year": 2026,
            "first": "RCT-2026-0001",
            "last": "RCT-2026-0001",
            "count": 1,
            "counter": 1,
            "missing": [],
            "doubles": [],
            "back_dated": [],
            "void": [],
        },
    ]
    assert answer["counter_check"] == {"ok": True, "difference": "0"}


def test_missing_double_and_back_dated_numbers_are_named(store: Store) -> None:
    with store.writing() as work:
        acme = customer(work, "C-0001", "Acme")
        for _ in range(6):
            invoice(work, acme, "03-05", "03-31", "1.00")
    changes = (
        "sequence_no = 9, number = 'INV-2026-0009' WHERE sequence_no = 6",
        "sequence_no = 3, number = 'INV-2026-0003X' WHERE sequence_no = 4",
        "issued_on = '2026-03-04' WHERE sequence_no = 5",
    )
    with store.engine.begin() as connection:
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        for change in changes:
            connection.exec_driver_sql(f"UPDATE document SET {change}")
        connection.exec_driver_sql("UPDATE number_series SET next_no = 11")
    answer = _run(store, "number-gaps")
    row = answer["rows"][0]
    missing = ["INV-2026-0004", "INV-2026-0006", "INV-2026-0007", "INV-2026-0008", "INV-2026-0010"]
    assert row["missing"] == missing
    assert row["doubles"] == ["INV-2026-0003X"]
    assert row["back_dated"] == ["INV-2026-0005 (2026-03-04 after 2026-03-05)"]
    assert answer["counter_check"]["ok"] is False


def test_what_is_asked_wrongly_is_answered_in_a_sentence(store: Store) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("trial-ballance", {}, "There is no report trial-ballance. Did you mean trial-balance?"),
        ("trial-balance", {"date_from": day("01-01")}, "use --as-of, not --from and --to"),
        ("invoice-register", {"as_of": day("01-01")}, "use --from and --to, not --as-of"),
        ("invoice-register", {"date_from": day("02-01"), "date_to": day("01-01")}, "ends before it begins"),
        ("number-gaps", {"as_of": dt.date(2025, 1, 1)}, "leave --as-of out"),
        ("trial-balance", {"company": "ACMA"}, "There is no company ACMA. Did you mean ACME?"),
        ("trial-balance", {"branch": "DXA"}, "There is no branch DXA here. Did you mean DXB?"),
    ]
    for name, options, sentence in cases:
        with pytest.raises(WrongUse) as caught:
            _run(store, name, **options)
        assert sentence in str(caught.value)


def test_companies_with_different_base_currencies_are_reported_one_by_one(store: Store, clock: Clock) -> None:
    _story(store, clock)
    with store.writing() as work:
        found_company(work, CompanyDraft(name="Lotus", country="IN", tax_id="29AABCU9603R1ZJ"))
    with pytest.raises(WrongUse, match="Name one with --company CODE: ACME, LOTUS"):
        _run(store, "trial-balance")
    assert _run(store, "trial-balance", company="LOTUS")["rows"] == []
    assert _run(store, "trial-balance", company="ACME", as_of=day("01-31"))["rows"][0]["debit"] == "105.00"


@pytest.mark.both
def test_every_check_holds_on_both_databases(any_store: Store, clock: Clock) -> None:
    _story(any_store, clock)
    for name in report.REPORTS:
        answer = _run(any_store, name)
        assert answer["counter_check"]["ok"] is True, name
        assert answer["rows"] or name == "receivables-ageing"
    register = _run(any_store, "invoice-register")
    assert register["totals"]["vat"] == {"AED": "0.00", "USD": "10.00"}
    assert json.loads(json.dumps(register)) == register


def test_every_report_answers_for_an_empty_book_and_has_a_meaning(store: Store) -> None:
    with store.reading() as work:
        listed = report.reports(work)
    assert [one["name"] for one in listed] == list(report.REPORTS)
    for one in listed:
        assert one["meaning"].endswith(".")
        answer = _run(store, one["name"])
        assert answer["rows"] == []
        assert answer["counter_check"]["ok"] is True
        assert list(answer) == [
            "name",
            *(["from", "to"] if "from" in answer else ["as_of"]),
            *("columns", "rows", "totals", "counter_check", "fill_rate"),
        ]


def test_amounts_are_written_as_money_writes_them() -> None:
    for minor in (0, 1, -1, 99, -100, 123_456_789, -9_000_000_000_000_000):
        for currency, digits in (("AED", 2), ("KWD", 3), ("JPY", 0)):
            assert amount_text(minor, digits) == str(Money(minor, currency))


def test_a_fill_rate_is_full_only_without_a_hole() -> None:
    assert (share(0, 0), share(1, 3), share(199, 200), share(200, 200)) == ("1.00", "0.33", "0.99", "1.00")
