"""Receivables ageing, by hand: as it stands, for a day of the past, in two currencies, and who may see it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, text

from models.organisation import RoleRight
from services.errors import Forbidden
from services.organisation.founding import UserDraft, add_user
from services.reports import report
from services.reports.ageing import open_items
from services.reports.definition import ReportOptions, Scope
from services.store import Store
from tests.conftest import Clock
from tests.services.reports.books import customer, day, invoice, payment, place, void


def _ageing(store: Store, **options: Any) -> dict[str, Any]:
    with store.reading() as work:
        return report.run(work, "receivables-ageing", ReportOptions(**options)).json()


def _fill(store: Store) -> None:
    """Seen from 14 March 2026. Acme owes AED 100 (due today), 200 (one day over), 300 (30), 400 (31), 500 (90), 600 (91)
    and USD 50 at 3.6725 (61 days over); Zeta owes AED 10.50, of which 4.00 are paid.
    """
    with store.writing() as work:
        acme = customer(work, "C-0001", "Acme", tax_id="100000000000003")
        zeta = customer(work, "C-0002", "Zeta")
        dues = [("100", "03-14"), ("200", "03-13"), ("300", "02-12"), ("400", "02-11")]
        for amount, due in [*dues, ("500.00", "2025-12-14"), ("600.00", "2025-12-13")]:
            invoice(work, acme, "01-05", due, amount)
        invoice(work, acme, "01-05", "01-12", "50", currency="USD", rate="3.6725")
        small = invoice(work, zeta, "03-01", "03-31", "10.00", "0.50")
        payment(work, small, "03-05", "4.00")


@pytest.mark.both
def test_every_open_amount_stands_in_the_column_of_its_age(any_store: Store) -> None:
    _fill(any_store)
    answer = _ageing(any_store)
    ages = ("current", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "total")
    rows = {(row["customer"], row["currency"]): [row[age] for age in ages] for row in answer["rows"]}
    assert rows == {
        ("C-0001", "AED"): ["100.00", "500.00", "400.00", "500.00", "600.00", "2100.00"],
        ("C-0001", "USD"): ["0.00", "0.00", "0.00", "50.00", "0.00", "50.00"],
        ("C-0002", "AED"): ["6.50", "0.00", "0.00", "0.00", "0.00", "6.50"],
    }
    assert answer["name"] == "receivables-ageing"
    assert answer["as_of"] == "2026-03-14"
    assert answer["totals"]["current"] == {"AED": "106.50", "USD": "0.00", "base": "106.50"}
    assert answer["totals"]["days_61_90"] == {"AED": "500.00", "USD": "50.00", "base": "683.63"}
    assert answer["totals"]["total"] == {"AED": "2106.50", "USD": "50.00", "base": "2290.13"}
    assert answer["counter_check"] == {"ok": True, "difference": "0.00"}
    assert answer["fill_rate"] == {"due_on": "1.00", "tax_id": "0.87"}


@pytest.mark.both
def test_a_past_day_is_worked_out_from_what_was_true_then(any_store: Store, clock: Clock) -> None:
    with any_store.writing() as work:
        acme = customer(work, "C-0001", "Acme")
        first = invoice(work, acme, "02-01", "02-10", "100.00")
        payment(work, first, "02-20", "60.00")
        second = invoice(work, acme, "03-01", "03-31", "40.00", currency="USD", rate="3.67")
        payment(work, second, "03-10", "40.00", rate="3.68")
        third = invoice(work, acme, "03-12", "04-12", "7.00")
    clock.to("2026-03-14T21:30+00:00")  # 01:30 on the 15th in Dubai
    with any_store.writing() as work:
        void(work, work.session.merge(third), "Written twice")
    expected = {
        "2026-01-31": {},
        "2026-02-01": {"total": {"AED": "100.00", "base": "100.00"}},
        "2026-02-20": {"total": {"AED": "40.00", "base": "40.00"}},
        "2026-03-05": {"total": {"AED": "40.00", "USD": "40.00", "base": "186.80"}},
        "2026-03-10": {"total": {"AED": "40.00", "base": "40.00"}},
        "2026-03-14": {"total": {"AED": "47.00", "base": "47.00"}},
        "2026-03-15": {"total": {"AED": "40.00", "base": "40.00"}},
    }
    for as_of, totals in expected.items():
        answer = _ageing(any_store, as_of=dt.date.fromisoformat(as_of))
        assert answer["totals"].get("total") == (totals.get("total") or {"base": "0.00"}), as_of
        assert answer["counter_check"] == {"ok": True, "difference": "0.00"}, as_of
    before = _ageing(any_store, as_of=day("02-11"))
    assert before["rows"][0]["days_1_30"] == "100.00"


def test_a_balance_that_the_ledger_does_not_know_is_named(store: Store) -> None:
    _fill(store)
    with store.writing() as work:
        work.session.connection().execute(text("UPDATE document SET home_balance_minor = home_balance_minor + 25"))
    assert _ageing(store)["counter_check"] == {"ok": False, "difference": "2.00"}


def test_open_items_come_from_the_covering_index_alone(store: Store) -> None:
    _fill(store)
    with store.reading() as work:
        where = place(work)
        query = open_items(work, Scope((where.company,), None, "AED", work.today, None))
        compiled = query.compile(store.engine, compile_kwargs={"literal_binds": True})
        plan = work.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
    steps = [str(step[-1]) for step in plan]
    assert any("USING COVERING INDEX ix_document_open_items" in step for step in steps), steps
    assert not any("document" in step and "COVERING" not in step for step in steps), steps


def test_who_sees_only_his_own_gets_his_own_sums_and_no_check(store: Store) -> None:
    with store.writing() as work:
        sam = add_user(work, UserDraft(name="Sam", role="staff"))
        for right in work.session.scalars(select(RoleRight).where(RoleRight.module == "billing")):
            right.scope = "own"
        acme = customer(work, "C-0001", "Acme")
        invoice(work, acme, "03-01", "03-31", "100.00")
        invoice(work, acme, "03-01", "03-31", "30.00", owner_id=sam)
    answer = _ageing(store.acting_as(sam))
    assert answer["totals"]["total"] == {"AED": "30.00", "base": "30.00"}
    assert answer["counter_check"]["ok"] is None
    assert answer["counter_check"]["difference"] is None
    assert "yours to see" in answer["counter_check"]["note"]
    with store.acting_as(sam).reading() as work, pytest.raises(Forbidden, match="may not see the ledger"):
        report.run(work, "trial-balance")
    with store.acting_as(sam).reading() as work, pytest.raises(Forbidden, match="sees only some"):
        report.run(work, "number-gaps")
