"""Customers, invoices and payments, each in a transaction of its own, and a thousand invoices in one."""

from __future__ import annotations

from pathlib import Path

from benchmarks.floors import RawWriter, orm_writer, rows_of
from benchmarks.table import Row
from benchmarks.trial import counted, new_book, once, timed
from models.values.states import DocumentKind
from services.billing.commands import create_document, issue
from services.billing.payments import receive
from services.billing.records import document_draft, payment_draft
from services.customers.commands import create_customer
from services.customers.drafts import customer_draft
from services.store import Store, Work

LINES = 5
WARM = 5


class Shop:
    """One book and what was sold in it so far."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.numbers: list[tuple[str, str]] = []
        """(customer's code, number) of each invoice."""
        self.last_id = 0

    def customer(self, number: int) -> None:
        draft = customer_draft(
            {
                "code": f"B-{number}",
                "display_name": f"Falcon {number * 7919 % 100_003} Trading LLC",
                "country": "AE",
                "state": "DXB",
                "email": f"accounts@f{number}.example",
                "billing_address": {"street": f"{number} Marina Walk", "city": "Dubai"},
            }
        )
        with self.store.writing() as work:
            create_customer(work, draft)

    def invoice(self, number: int) -> None:
        with self.store.writing() as work:
            self._issue(work, f"B-{number % 50}")

    def batch(self, count: int) -> None:
        with self.store.writing() as work:
            for number in range(count):
                self._issue(work, f"B-{number % 50}")

    def payment(self, number: int) -> None:
        code, invoice = self.numbers[number]
        allocation = {"document": invoice, "amount": "100.00"}
        draft = payment_draft({"customer": code, "amount": "100.00", "allocate": [allocation]})
        with self.store.writing() as work:
            receive(work, draft)

    def _issue(self, work: Work, code: str) -> None:
        lines = [
            {
                "description": f"Design, part {part}",
                "hsn": "998391",
                "quantity": "3",
                "unit": "HUR",
                "unit_price": "33.335",
            }
            for part in range(1, LINES + 1)
        ]
        draft = document_draft({"customer": code, "issued_on": "2026-03-14", "lines": lines})
        self.last_id = create_document(work, DocumentKind.INVOICE, draft)
        self.numbers.append((code, issue(work, self.last_id)))


def measure(folder: Path, *, is_small: bool) -> list[Row]:
    """Our figures and, in the same minute on the same file system, those of the bare peers."""
    store = new_book(folder / "selling.throughline")
    shop = Shop(store)
    count = 60 if is_small else 400
    customers = timed(shop.customer, max(count, 50), warm=WARM)
    ours = timed(shop.invoice, count, warm=WARM)
    with counted(store.engine) as statements:
        shop.invoice(0)
    rows = rows_of(store, shop.last_id)
    raw = RawWriter(store, rows, count + WARM)
    bare = timed(raw, count, warm=WARM)
    raw.close()
    orm = timed(lambda number: orm_writer(store, rows)(number + count + WARM), count, warm=WARM)
    payments = timed(shop.payment, count, warm=WARM)
    store.close()
    many = 100 if is_small else 1_000
    store = new_book(folder / "batch.throughline")
    shop = Shop(store)
    for number in range(50):
        shop.customer(number)
    seconds = once(lambda: shop.batch(many))
    store.close()
    goal = 2.0 * many / 1_000
    return [
        Row("customer with address and e-mail, own transaction", customers.per_second, "/s", "32/s", "300/s", customers.per_second >= 300),
        Row("invoice of 5 lines, create + issue, own transaction", ours.per_second, "/s", f"{orm.per_second:.0f}/s ORM, {bare.per_second:.0f}/s raw", "200/s", ours.per_second >= 200),
        Row("  the same, p95", ours.percentile_ms(95), "ms", f"{bare.percentile_ms(95):.1f} ms raw", "15 ms", ours.percentile_ms(95) <= 15),
        Row("  the same, times the bare ORM", orm.per_second / ours.per_second, "x", "", "3.3 x", orm.per_second / ours.per_second <= 3.3),
        Row("  the same, processor time of one", ours.cpu_ms, "ms", f"{orm.cpu_ms:.2f} ms ORM, {bare.cpu_ms:.2f} ms raw"),
        Row("  the same, statements", statements.statements, ""),
        Row(f"{many:,} invoices in one transaction", seconds, "s", "86 s for 1,000", f"{goal:g} s", seconds <= goal),
        Row("payment + allocation, own transaction", payments.per_second, "/s", "12/s", "200/s", payments.per_second >= 200),
        Row("  the same, processor time of one", payments.cpu_ms, "ms"),
    ]  # fmt: skip
