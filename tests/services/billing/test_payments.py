"""Payments: allocated, left over, in another currency, voided."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.billing import payments
from services.billing.drafts import AllocationDraft
from services.errors import Conflict, InvalidValue, NotFound, Rejected
from services.reports.definition import ReportOptions
from services.reports.report import run
from services.store import Store
from tests.conftest import Clock
from tests.services.billing.books import GULF, WORK, balances, customer, issued, paid, pay, shown

SECOND = GULF | {"name": "Another Firm FZE", "tax_id": "100000000000203", "billing_address": {"city": "Sharjah"}}


def test_one_payment_over_two_invoices_leaves_credit(store: Store) -> None:
    code = customer(store)
    first, second = issued(store, code), issued(store, code)
    payment = paid(store, pay(store, code, "400.00", ("INV-2026-0001", "210.00"), ("INV-2026-0002", "100.00")))
    assert (payment["number"], payment["allocated"], payment["unallocated"]) == ("RCT-2026-0001", "310.00", "90.00")
    assert shown(store, first)["status"] == "paid"
    assert shown(store, second)["status"] == "partially_paid"
    assert shown(store, second)["settlement"]["balance"] == "110.00"
    assert balances(store) == {"1010": 40000, "1100": 11000, "2300": -9000, "4000": -40000, "2100": -2000}
    with store.writing() as work:
        payments.allocate(work, payment["id"], (AllocationDraft("INV-2026-0002", Decimal(90)),))
    assert shown(store, second)["settlement"]["balance"] == "20.00"
    assert balances(store) == {"1010": 40000, "1100": 2000, "4000": -40000, "2100": -2000}


@pytest.mark.parametrize(
    ("amount", "part", "said"),
    [
        ("100.00", "100.01", "exceed the payment"),
        ("500.00", "210.01", "has 210.00 AED open, not 210.01"),
        ("100.00", "0", "is more than 0"),
        ("0", "0", "A payment is more than 0"),
        ("-5", "1", "A payment is more than 0"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(store: Store, amount: str, part: str, said: str) -> None:
    code = customer(store)
    document_id = issued(store, code)
    before = balances(store)
    with pytest.raises(Rejected, match=said):
        pay(store, code, amount, ("INV-2026-0001", part))
    assert balances(store) == before
    assert shown(store, document_id)["settlement"]["balance"] == "210.00"


def test_an_unknown_invoice_and_a_strangers_invoice_are_named(store: Store) -> None:
    code, other = customer(store), customer(store, SECOND)
    issued(store, code)
    with pytest.raises(NotFound, match="no invoice INV-2026-0099"):
        pay(store, code, "10", ("INV-2026-0099", "10"))
    with pytest.raises(Rejected, match="another customer"):
        pay(store, other, "10", ("INV-2026-0001", "10"))
    with pytest.raises(Rejected, match="lies ahead"):
        pay(store, code, "10", received_on="2026-03-20")


def test_money_at_another_rate_books_the_difference(store: Store) -> None:
    code = customer(store)
    dollars = {"currency": "USD", "exchange_rate": "3.6725", "issued_on": "2026-03-01"}
    document_id = issued(store, code, WORK, **dollars)
    pay(store, code, "100.00", ("INV-2026-0001", "100.00"), currency="USD", exchange_rate="3.70")
    pay(store, code, "110.00", ("INV-2026-0001", "110.00"), currency="USD", exchange_rate="3.65")
    view = shown(store, document_id)
    assert (view["status"], view["settlement"]["home_balance"]) == ("paid", "0.00")
    # 210 USD were booked at 771.23 AED; 370.00 + 401.50 = 771.50 came in: 0.27 gained.
    assert balances(store) == {"1010": 77150, "4000": -73450, "2100": -3673, "7000": -27}


def test_money_that_came_before_the_invoice_is_credit_until_then(store: Store) -> None:
    """On every past day the receivable is what the open documents of that day say."""
    code = customer(store)
    issued(store, code, issued_on="2026-03-12")
    pay(store, code, "210.00", ("INV-2026-0001", "210.00"), received_on="2026-03-10")
    for day, receivable, credit in ((10, 0, -21000), (11, 0, -21000), (12, 0, 0)):
        until = dt.date(2026, 3, day)
        assert balances(store, until).get("1100", 0) == receivable
        assert balances(store, until).get("2300", 0) == credit
        with store.reading() as work:
            assert run(work, "receivables-ageing", ReportOptions(as_of=until)).check.ok is True


def test_void_releases_what_was_settled(store: Store) -> None:
    code = customer(store)
    document_id = issued(store, code)
    payment_id = pay(store, code, "300.00", ("INV-2026-0001", "210.00"))
    with pytest.raises(InvalidValue, match="Say why"), store.writing() as work:
        payments.void_payment(work, payment_id, "")
    with store.writing() as work:
        payments.void_payment(work, payment_id, "bounced")
    assert shown(store, document_id)["settlement"]["balance"] == "210.00"
    assert balances(store) == {"1100": 21000, "4000": -20000, "2100": -1000}
    assert paid(store, payment_id)["status"] == "void"
    with pytest.raises(Conflict, match="void already"), store.writing() as work:
        payments.void_payment(work, payment_id, "again")


def test_an_overdue_invoice_says_so(store: Store, clock: Clock) -> None:
    document_id = issued(store, customer(store))
    clock.to("2026-04-14T09:00+04:00")
    view = shown(store, document_id)
    assert (view["status"], view["is_overdue"]) == ("overdue", True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 9_000), min_size=1, max_size=4), rate=st.integers(30_000, 45_000))
def test_whatever_is_paid_the_ledger_balances_and_nothing_remains(store: Store, parts: list[int], rate: int) -> None:
    """A foreign invoice paid in random parts at random rates: once paid, its receivable is zero in both currencies."""
    code = customer(store, GULF | {"name": f"Firm {rate} {parts}", "tax_id": "", "different_because": "a test"})
    total = sum(parts)
    line = {"description": "Part", "unit_price": str(Decimal(total) / 100), "category": "Z", "rate": "0"}
    before = balances(store).get("1100", 0)
    document_id = issued(
        store, code, line | {"override_reason": "test"}, currency="USD", exchange_rate="3.6725", issued_on="2026-03-01"
    )
    number = shown(store, document_id)["number"]
    for part in parts:
        text = str(Decimal(part) / 100)
        pay(store, code, text, (number, text), currency="USD", exchange_rate=str(Decimal(rate) / 10_000))
    view = shown(store, document_id)
    assert (view["settlement"]["balance"], view["settlement"]["home_balance"]) == ("0.00", "0.00")
    after = balances(store)
    assert after.get("1100", 0) == before
    assert sum(after.values()) == 0
