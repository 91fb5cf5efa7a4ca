"""The benchmarks run, and what does not depend on the machine holds: statements, and ratios with much room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import large, paper, selling
from benchmarks.table import Row, print_json, print_table
from benchmarks.trial import Timed, machine, new_book
from services.billing.queries import INVOICES, PAYMENTS
from services.customers.queries import CUSTOMERS
from services.filling import fill
from services.listing import Asked, Listing, rows
from services.reports.report import run
from services.search.queries import find
from services.store import Store
from tests.benchmarks.conftest import MaxQueries


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[selling.Shop]:
    store = new_book(tmp_path / "shop.throughline")
    shop = selling.Shop(store)
    for number in range(3):
        shop.customer(number)
    shop.invoice(0)
    shop.invoice(1)
    shop.payment(0)
    yield shop
    store.close()


def test_a_sale_sends_few_statements(shop: selling.Shop, max_queries: MaxQueries) -> None:
    with max_queries(shop.store, 26):
        shop.invoice(2)
    with max_queries(shop.store, 28):
        shop.payment(1)
    with max_queries(shop.store, 24):
        shop.customer(4)


@pytest.mark.parametrize("listing", [INVOICES, PAYMENTS, CUSTOMERS], ids=lambda listing: listing.name)
def test_a_list_is_one_statement_however_long(store: Store, listing: Listing, max_queries: MaxQueries) -> None:
    fill(store, customers=60, invoices=80)
    with max_queries(store, 5), store.reading() as work:
        assert len(rows(work, listing, Asked(limit=50))) == 50


def test_search_and_ageing_send_few_statements(store: Store, max_queries: MaxQueries) -> None:
    fill(store, customers=30, invoices=60)
    with max_queries(store, 5), store.reading() as work:
        assert find(work, "INV-2026")
    with max_queries(store, 12), store.reading() as work:
        assert run(work, "receivables-ageing").rows


def test_issuing_costs_no_more_than_ten_times_what_the_bare_orm_does(tmp_path: Path) -> None:
    figures = {row.what.strip(): row.ours for row in selling.measure(tmp_path, is_small=True)}
    assert 0 < figures["the same, times the bare ORM"] < 10
    assert figures["the same, statements"] <= 26


def test_a_large_book_is_measured(tmp_path: Path) -> None:
    store = new_book(tmp_path / "large.throughline")
    fill(store, customers=30, invoices=50)
    measured = large.measure(store)
    store.close()
    assert any(row.what.startswith("search") for row in measured)
    assert all(row.ours > 0 for row in measured)


def test_paper_is_small(tmp_path: Path) -> None:
    sizes = [row.ours for row in paper.measure(tmp_path, is_small=True) if row.unit == "kB"]
    assert len(sizes) == 1 and 5 < sizes[0] < 70


def test_percentiles() -> None:
    times = Timed([number / 1000 for number in range(1, 101)], cpu_seconds=2.0)
    assert (times.percentile_ms(50), times.percentile_ms(95), times.cpu_ms) == (51, 96, 20)


def test_figures_are_printed_as_a_table_and_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Row("search", 4.2, "ms", "28 ms", "5 ms", ok=True)])
    assert "search" in capsys.readouterr().out
    print_json([Row("search", 4.2, "ms", ok=False)])
    assert json.loads(capsys.readouterr().out)["rows"][0]["what"] == "search"
    assert "cores" in machine()
