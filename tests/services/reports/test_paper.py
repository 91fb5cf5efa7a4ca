"""A report on paper: every row is there, the head repeats, pages are counted, wide tables turn the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2

from services.reports import report
from services.reports.paper import report_pdf
from services.store import Store
from tests.services.reports.books import customer, invoice

AT = dt.datetime(2026, 3, 14, 13, 0, tzinfo=dt.UTC)


@contextmanager
def _opened(store: Store, name: str) -> Iterator[Any]:
    with store.reading() as work:
        made = report_pdf(report.run(work, name), firm="Acme Trading LLC", at=AT, by="Owner")
    document = pypdfium2.PdfDocument(made)
    try:
        yield document
    finally:
        document.close()


def _texts(document: Any) -> list[str]:
    texts = []
    for page in document:
        text = page.get_textpage()
        texts.append(text.get_text_range())
        text.close()
        page.close()
    return texts


def _fill(store: Store, count: int, **more: Any) -> None:
    with store.writing() as work:
        for number in range(count):
            invoice(work, customer(work, f"C-{number:04d}", f"Firm {number}"), "03-01", "03-31", "1234.5", **more)


def test_a_long_report_repeats_its_head_and_counts_its_pages(store: Store) -> None:
    _fill(store, 60)
    with _opened(store, "receivables-ageing") as document:
        texts = _texts(document)
    assert len(texts) > 1
    for number, text in enumerate(texts, 1):
        assert "Invoices" in text
        assert f"Page {number} of {len(texts)}" in text
    whole = "\n".join(texts)
    assert all(f"C-{number:04d}" in whole for number in range(60))
    assert "Total AED" in texts[-1]
    assert "74,070.00" in texts[-1]
    assert "base" not in texts[0].replace("Base currency", "")


def test_base_columns_stand_where_a_currency_is_foreign_and_turn_the_page(store: Store) -> None:
    _fill(store, 1, currency="USD", rate="3.6725")
    with _opened(store, "receivables-ageing") as document:
        width, height = document.get_page_size(0)
        text = _texts(document)[0]
    assert width > height
    assert "4,533.70" in text


def test_a_short_report_and_an_empty_one_stay_upright(store: Store) -> None:
    with _opened(store, "trial-balance") as document:
        width, height = document.get_page_size(0)
        text = _texts(document)[0]
    assert height > width
    assert "Nothing to report." in text
    _fill(store, 1)
    with _opened(store, "trial-balance") as document:
        assert "Accounts Receivable" in _texts(document)[0]
