"""One book, an Emirati company with two branches and an Indian one: every document knows where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.ui.cli.console import Console

LINE = {"description": "Consulting", "hsn": "998311", "quantity": "2", "unit_price": "150"}


def test_branches_and_companies(book_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(book_path, clock, capsys)
    console.do("create branch --set code=AUH name='Abu Dhabi' state=AUH city='Abu Dhabi' street='3 Corniche'")
    console.do(
        "create company --set name='Lotus Design' country=IN tax_id=29AABCU9603R1ZJ address='14 MG Road, Bengaluru, 560001'"
    )
    assert "name one with --branch CODE" in console.refused("create customer --set name=Nobody country=AE", 2)

    # A customer that a document names is made where the document is.
    console.do("create rate --set currency=USD home=AED quoted_on=2026-03-13 rate=3.6725 source=CBUAE")
    nile = {
        "name": "Nile Foods",
        "country": "EG",
        "currency": "USD",
        "billing_address": {"street": "1 Nile", "city": "Cairo"},
    }
    export = console.do("create invoice --issue", branch="DXB", customer=nile, currency="USD", lines=[LINE])
    assert (export["branch"], export["place_of_supply"], export["totals"]["tax"]) == ("DXB", "EG", "0.00")
    assert export["home"]["exchange_rate"] == "3.6725"
    assert export["home"]["payable"] == "1101.75"
    again = console.do("create invoice --issue", branch="DXB", customer=nile, currency="USD", lines=[LINE])
    assert again["customer"]["code"] == export["customer"]["code"]

    # Branches of one registration number with their own prefix, in their own emirate.
    console.do("create customer --branch AUH", name="Corniche Cafe", country="AE", state="AUH")
    local = console.do("create invoice --issue --branch AUH", customer="C-0002", lines=[LINE])
    assert (local["number"], local["place_of_supply"], local["totals"]["tax"]) == ("AUH-INV-26-0001", "AUH", "15.00")
    assert export["number"] == "DXB-INV-26-0001"

    # The Indian company keeps its own books in rupees.
    pune = {"name": "Deccan Tools", "country": "IN", "tax_id": "27AAACD1234E1Z9", "billing_address": {"city": "Pune"}}
    rupees = console.do("create invoice --issue", company="LOTUS", customer=pune, lines=[LINE])
    assert (rupees["number"], rupees["currency"], rupees["totals"]["payable"]) == ("INV/25-26/00001", "INR", "354.00")
    assert "Name one with --company CODE" in console.refused("report trial-balance", 2)
    for company, total in (("ACME", "2518.50"), ("LOTUS", "354.00")):
        report = console.do(f"report receivables-ageing --company {company}")
        assert report["totals"]["total"]["base"] == total
        assert report["counter_check"]["ok"] is True
    largest = console.do("list invoices --sort -home_total --limit 1")
    assert (largest["count"], largest["rows"][0]["home_total"]) == (4, "1101.75")
    assert console.do("check --deep")["ok"] is True
