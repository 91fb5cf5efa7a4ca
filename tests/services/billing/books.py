"""Customers and documents for the tests of billing, in as few words as possible."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func, select

from models.customers import Customer
from models.ledger import Account, JournalEntry, Posting
from models.values.states import DocumentKind
from services.billing import commands, payments, queries
from services.billing.records import document_draft, payment_draft
from services.customers.commands import create_customer
from services.customers.drafts import customer_draft
from services.store import Store

GULF: dict[str, Any] = {
    "name": "Gulf Star Trading LLC",
    "country": "AE",
    "state": "DXB",
    "tax_id": "100000000000103",
    "billing_address": {"street": "1 Creek Road", "city": "Dubai"},
}
PUNE: dict[str, Any] = {
    "name": "Deccan Tools Private Limited",
    "country": "IN",
    "tax_id": "27AAACD1234E1Z9",
    "billing_address": {"street": "5 FC Road", "city": "Pune", "pin": "411004"},
}
WORK: dict[str, Any] = {"description": "Design", "hsn": "998391", "quantity": "2", "unit": "HUR", "unit_price": "100"}


def customer(store: Store, values: dict[str, Any] = GULF) -> str:
    """Make a customer; answers its code."""
    with store.writing() as work:
        customer_id = create_customer(work, customer_draft(values))
        return work.session.get_one(Customer, customer_id).code


def draft(
    store: Store, code: str, *lines: dict[str, Any], kind: DocumentKind = DocumentKind.INVOICE, **more: Any
) -> int:
    """A draft with the given lines, or with two hours of design at 100."""
    values = {"customer": code, "lines": list(lines) or [WORK], **more}
    with store.writing() as work:
        return commands.create_document(work, kind, document_draft(values))


def issued(store: Store, code: str, *lines: dict[str, Any], **more: Any) -> int:
    document_id = draft(store, code, *lines, **more)
    with store.writing() as work:
        commands.issue(work, document_id)
    return document_id


def shown(store: Store, document_id: int) -> dict[str, Any]:
    with store.reading() as work:
        return queries.document(work, document_id)


def pay(store: Store, code: str, amount: str, *allocations: tuple[str, str], **more: Any) -> int:
    parts = [{"document": number, "amount": part} for number, part in allocations]
    with store.writing() as work:
        return payments.receive(work, payment_draft({"customer": code, "amount": amount, "allocate": parts, **more}))


def paid(store: Store, payment_id: int) -> dict[str, Any]:
    with store.reading() as work:
        return queries.payment(work, payment_id)


def balances(store: Store, until: dt.date = dt.date.max) -> dict[str, int]:
    """Home balance of each account that has one, by code."""
    with store.reading() as work:
        query = (
            select(Account.code, func.sum(Posting.home_minor))
            .join(Account, Account.id == Posting.account_id)
            .join(JournalEntry, JournalEntry.id == Posting.entry_id)
            .where(JournalEntry.posted_on <= until)
            .group_by(Account.code)
        )
        return {code: int(total) for code, total in work.session.execute(query) if total}
