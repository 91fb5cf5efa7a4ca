"""The first sale from a new book to a paid invoice, in the UAE and in India, on the command line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Clock
from tests.ui.cli.console import Console


def trial_balance(console: Console) -> dict[str, str]:
    """Account code -> its balance, debit positive; the report's own counter-check must agree."""
    report = console.do("report trial-balance")
    assert report["counter_check"] == {"ok": True, "difference": "0.00"}
    signed = {row["account"]: Decimal(row["debit"]) - Decimal(row["credit"]) for row in report["rows"]}
    return {account: str(balance) for account, balance in signed.items() if balance}


def test_a_sale_in_dubai(tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(tmp_path / "acme.throughline", clock, capsys)
    made = console.do(
        'new --name Acme --country AE --tax-id 100000000000003 --state DXB --address "12 Marina Walk, Dubai"'
    )
    assert made["companies"][0]["base_currency"] == "AED"

    # A customer and an item are entered once.
    customer = console.do(
        "create customer",
        name="Gulf Star LLC",
        country="AE",
        state="Dubai",
        tax_id="100000000000103",
        billing_address={"street": "1 Creek Road", "city": "Dubai"},
        payment_terms_days="14",
    )
    assert (customer["code"], customer["tax_treatment"]) == ("C-0001", "vat_registered")
    console.do("create item", name="Design", kind="service", unit="hour", unit_price="250", hsn="998391")

    # A deal of three hours with 10 % off is won: the estimate is there, nothing is typed again.
    deal = console.do(
        "create deal",
        name="Website",
        customer="C-0001",
        closes_on="2026-04-30",
        po_number="PO-77",
        lines=[{"item": "ITEM-0001", "quantity": "3", "discount_percent": "10"}],
    )
    assert (deal["code"], deal["amount"]) == ("D-0001", "675.00")
    won = console.do("do win deal D-0001")
    assert won["stage_type"] == "won"
    (offer,) = console.do("list estimates")["rows"]
    assert (offer["number"], offer["status"], offer["total"], offer["po_number"]) == (None, "draft", "708.75", "PO-77")

    # The customer accepts; the estimate becomes an invoice; the invoice is issued.
    accepted = console.do(f"do accept estimate #{offer['id']}")
    assert (accepted["number"], accepted["status"]) == ("EST-2026-0001", "accepted")
    invoice = console.do("do convert estimate EST-2026-0001")
    assert invoice["made_from"]["number"] == "EST-2026-0001"
    issued = console.do(f"do issue invoice #{invoice['id']}")
    assert (issued["number"], issued["due_on"], issued["links"]["deal"]) == ("INV-2026-0001", "2026-03-28", "D-0001")
    assert issued["totals"]["payable"] == "708.75"
    assert trial_balance(console) == {"1100": "708.75", "2100": "-33.75", "4000": "-675.00"}

    # Paper: made once, the same bytes again.
    (first,) = console.do(f"pdf INV-2026-0001 --out {tmp_path / 'out'}")["files"]
    (again,) = console.do(f"pdf INV-2026-0001 --out {tmp_path / 'again'}")["files"]
    assert first["sha256"] == again["sha256"]
    assert Path(first["path"]).read_bytes() == Path(again["path"]).read_bytes()
    assert Path(first["path"]).name == "INV-2026-0001.pdf"

    # Half comes in, then the rest and something more.
    console.do(
        "create payment --set customer=C-0001 amount=300.00 received_on=2026-03-14 --allocate INV-2026-0001=300.00"
    )
    assert console.do("show invoice INV-2026-0001")["status"] == "partially_paid"
    clock.to("2026-04-02T09:00+04:00")
    late = console.do("list invoices --where 'status = overdue and customer ~ gulf'")
    assert (late["count"], late["rows"][0]["balance"]) == (1, "408.75")
    ageing = console.do("report receivables-ageing")
    assert ageing["rows"][0]["days_1_30"] == "408.75"
    assert ageing["counter_check"]["ok"] is True
    payment = console.do("create payment --set customer=C-0001 amount=500.00 --allocate INV-2026-0001=408.75")
    assert (payment["number"], payment["unallocated"]) == ("RCT-2026-0002", "91.25")
    assert console.do("show invoice INV-2026-0001")["status"] == "paid"
    assert trial_balance(console) == {"1010": "800.00", "2100": "-33.75", "2300": "-91.25", "4000": "-675.00"}

    # Everything is found, proven, and the past can still be asked.
    assert [hit["kind"] for hit in console.do("search 'gulf star'")["rows"]] == ["customer"]
    assert console.do("search INV-2026-0001")["rows"][0]["kind"] == "document"
    past = console.do("report receivables-ageing --as-of 2026-03-20")
    assert (past["rows"][0]["total"], past["counter_check"]["ok"]) == ("408.75", True)
    check = console.do("check --deep")
    assert check["ok"] is True
    assert len(check["checks"]) > 25


def test_sales_in_india_within_the_state_and_across(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(tmp_path / "lotus.throughline", clock, capsys)
    console.do(
        "new --name 'Lotus Design Private Limited' --country IN --tax-id 29AABCU9603R1ZJ "
        "--address '14 MG Road, Bengaluru, 560001'"
    )
    addresses: list[tuple[str, str, dict[str, Any]]] = [
        ("Mysuru Silks Private Limited", "29AAACM1234E1ZW", {"street": "1 Palace Road", "city": "Mysuru"}),
        ("Deccan Tools Private Limited", "27AAACD1234E1Z9", {"street": "5 FC Road", "city": "Pune"}),
    ]
    for name, gstin, address in addresses:
        console.do("create customer", name=name, country="IN", tax_id=gstin, billing_address=address)
    line = {"description": "Design", "hsn": "998391", "quantity": "2", "unit_price": "5000"}
    near = console.do("create invoice --issue", customer="C-0001", lines=[line])
    far = console.do("create invoice --issue", customer="C-0002", lines=[line])
    assert (near["number"], far["number"]) == ("INV/25-26/00001", "INV/25-26/00002")
    assert near["tax_groups"][0]["components"] == {"cgst": "900.00", "sgst": "900.00"}
    assert far["tax_groups"][0]["components"] == {"igst": "1800.00"}
    assert near["amount_in_words"]["en"] == "Rupees Eleven Thousand Eight Hundred Only"
    assert trial_balance(console) == {
        "1100": "23600.00",
        "2110": "-900.00",
        "2120": "-900.00",
        "2130": "-1800.00",
        "4000": "-20000.00",
    }
    (file,) = console.do(f"pdf INV/25-26/00001 --out {tmp_path}")["files"]
    assert Path(file["path"]).name == "INV-25-26-00001.pdf"

    # A new fiscal year begins its own series on 1 April.
    clock.to("2026-04-01T00:10+05:30")
    assert console.do("create invoice --issue", customer="C-0001", lines=[line])["number"] == "INV/26-27/00001"
    assert console.do("check --deep")["ok"] is True
