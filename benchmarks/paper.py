"""PDF invoices of 20 lines: one, and a pile."""

from __future__ import annotations

from pathlib import Path

from benchmarks.table import Row
from benchmarks.trial import new_book, once, timed
from models.values.states import DocumentKind
from services.billing.commands import create_document, issue
from services.billing.queries import frozen_view
from services.billing.records import document_draft
from services.printing import Brand, render_pdf

LINES = 20


def measure(folder: Path, *, is_small: bool) -> list[Row]:
    view = _view(folder)
    body = render_pdf(view, Brand())
    one = timed(lambda _: render_pdf(view, Brand()), 20 if is_small else 100)
    pile = 50 if is_small else 1_000
    seconds = once(lambda: [render_pdf(view, Brand()) for _ in range(pile)])
    goal = 35 * pile / 1_000
    milliseconds = one.percentile_ms(50)
    return [
        Row("PDF invoice, 20 lines", milliseconds, "ms", "21 ms platypus alone", "30 ms", milliseconds <= 30),
        Row("  its size", len(body) / 1000, "kB", "", "70 kB", len(body) <= 70_000),
        Row(f"{pile:,} PDF invoices on one core", seconds, "s", "", f"{goal:.3g} s", seconds <= goal),
    ]


def _view(folder: Path) -> dict[str, object]:
    store = new_book(folder / "paper.throughline")
    lines = [
        {
            "description": f"Design of part {number}",
            "hsn": "998391",
            "quantity": "2.5",
            "unit": "HUR",
            "unit_price": "180",
        }
        for number in range(1, LINES + 1)
    ]
    customer = {
        "name": "Falcon Trading LLC",
        "country": "AE",
        "state": "DXB",
        "billing_address": {"street": "8 Marina Walk", "city": "Dubai"},
    }
    with store.writing() as work:
        draft = document_draft({"customer": customer, "lines": lines})
        document_id = create_document(work, DocumentKind.INVOICE, draft)
        issue(work, document_id)
    with store.reading() as work:
        view = frozen_view(work, document_id)
    store.close()
    return view
