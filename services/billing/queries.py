"""Documents and payments as lists and details."""

from __future__ import annotations

import json
import zlib
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from models.billing import Document, FrozenView, Payment, PaymentAllocation
from models.customers import Customer
from models.organisation import Branch, Company, User
from models.sales import Deal
from models.values.money import Money
from models.values.states import DocumentKind
from services.billing.commands import parties_of
from services.billing.status import overdue_expression, status_expression
from services.billing.views import billing_address, links_of, printed, shown
from services.errors import NotFound
from services.ledger.queries import journal_of
from services.listing import Column, Kind, Listing
from services.permissions import Action, Module, require, visible
from services.store import Work

_Owner = aliased(User)

_SOURCE = (
    Document.__table__.join(Customer.__table__, Customer.id == Document.customer_id)
    .join(Company.__table__, Company.id == Document.company_id)
    .join(Branch.__table__, Branch.id == Document.branch_id)
    .join(_Owner, _Owner.id == Document.owner_id)
    .outerjoin(Deal.__table__, Deal.id == Document.deal_id)
)


def _mine(work: Work, kind: DocumentKind) -> ColumnElement[bool]:
    return and_(Document.kind == kind, visible(work, Module.BILLING, Document.owner_id, Document.branch_id))


_COMMON = (
    Column("number", Kind.TEXT, lambda _: Document.number),
    Column("customer", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
    Column("customer_code", Kind.TEXT, lambda _: Customer.code),
    Column("status", Kind.CHOICE, lambda work: status_expression(work.today)),
    Column("issued_on", Kind.DATE, lambda _: Document.issued_on),
    Column("due_on", Kind.DATE, lambda _: Document.due_on),
    Column("currency", Kind.TEXT, lambda _: Document.currency),
    Column("taxable", Kind.MONEY, lambda _: Document.taxable_minor),
    Column("tax", Kind.MONEY, lambda _: Document.tax_charged_minor),
    Column("total", Kind.MONEY, lambda _: Document.payable_minor),
)
_TAIL = (
    Column("is_sent", Kind.BOOLEAN, lambda _: Document.sent_at.is_not(None)),
    Column("document_type", Kind.CHOICE, lambda _: Document.document_type),
    Column("place_of_supply", Kind.TEXT, lambda _: Document.place_of_supply),
    Column("po_number", Kind.TEXT, lambda _: Document.po_number),
    Column("deal", Kind.TEXT, lambda _: Deal.code),
    Column("company", Kind.TEXT, lambda _: Company.code),
    Column("branch", Kind.TEXT, lambda _: Branch.code),
    Column("owner", Kind.TEXT, lambda _: _Owner.code),
    Column("created_at", Kind.INSTANT, lambda _: Document.created_at),
)

INVOICES = Listing(
    name="invoices",
    kind="invoice",
    module=Module.BILLING,
    table=Document,
    columns=(
        *_COMMON,
        Column("balance", Kind.MONEY, lambda _: Document.balance_minor),
        Column("home_currency", Kind.TEXT, lambda _: Document.home_currency),
        Column("home_total", Kind.MONEY, lambda _: Document.home_payable_minor, currency="home_currency"),
        Column("home_balance", Kind.MONEY, lambda _: Document.home_balance_minor, currency="home_currency"),
        Column("is_overdue", Kind.BOOLEAN, lambda work: overdue_expression(work.today)),
        *_TAIL,
    ),
    source=_SOURCE,
    visible=lambda work: _mine(work, DocumentKind.INVOICE),
    sort="-issued_on",
)

ESTIMATES = Listing(
    name="estimates",
    kind="estimate",
    module=Module.BILLING,
    table=Document,
    columns=(*_COMMON, Column("revision", Kind.INTEGER, lambda _: Document.revision), *_TAIL),
    source=_SOURCE,
    visible=lambda work: _mine(work, DocumentKind.ESTIMATE),
    sort="-issued_on",
)

PAYMENTS = Listing(
    name="payments",
    kind="payment",
    module=Module.BILLING,
    table=Payment,
    columns=(
        Column("number", Kind.TEXT, lambda _: Payment.number),
        Column("customer", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
        Column("customer_code", Kind.TEXT, lambda _: Customer.code),
        Column("status", Kind.CHOICE, lambda _: Payment.state),
        Column("received_on", Kind.DATE, lambda _: Payment.received_on),
        Column("method", Kind.CHOICE, lambda _: Payment.method),
        Column("currency", Kind.TEXT, lambda _: Payment.currency),
        Column("amount", Kind.MONEY, lambda _: Payment.amount_minor),
        Column("allocated", Kind.MONEY, lambda _: Payment.allocated_minor),
        Column("unallocated", Kind.MONEY, lambda _: Payment.unallocated_minor),
        Column("home_currency", Kind.TEXT, lambda _: Payment.home_currency),
        Column("home_amount", Kind.MONEY, lambda _: Payment.home_amount_minor, currency="home_currency"),
        Column("reference", Kind.TEXT, lambda _: Payment.reference),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("branch", Kind.TEXT, lambda _: Branch.code),
        Column("owner", Kind.TEXT, lambda _: _Owner.code),
        Column("created_at", Kind.INSTANT, lambda _: Payment.created_at),
    ),
    source=Payment.__table__.join(Customer.__table__, Customer.id == Payment.customer_id)
    .join(Company.__table__, Company.id == Payment.company_id)
    .join(Branch.__table__, Branch.id == Payment.branch_id)
    .join(_Owner, _Owner.id == Payment.owner_id),
    visible=lambda work: visible(work, Module.BILLING, Payment.owner_id, Payment.branch_id),
    sort="-received_on",
)


def document(work: Work, document_id: int) -> dict[str, Any]:
    """A document whole. What an issued one says is read from its frozen view, never made anew."""
    require(work, Module.BILLING, Action.VIEW)
    found = work.session.scalar(
        select(Document).where(
            Document.id == document_id, visible(work, Module.BILLING, Document.owner_id, Document.branch_id)
        )
    )
    if found is None:
        raise NotFound("This document is not in the book.")
    parties = parties_of(work, found)
    billing = billing_address(work, parties.customer)
    said = frozen_view(work, found.id) if found.number else printed(work, found, parties, billing)
    journal = journal_of(work, "document", found.id)
    return shown(work, found, parties, said, journal, links_of(work, found), billing)


def frozen_view(work: Work, document_id: int) -> dict[str, Any]:
    """What an issued document says, as it was frozen."""
    require(work, Module.BILLING, Action.VIEW)
    body = work.session.scalar(select(FrozenView.body).where(FrozenView.document_id == document_id))
    if body is None:
        raise NotFound("This document has no frozen view; it was never issued here.")
    view: dict[str, Any] = json.loads(zlib.decompress(body))
    return view


def payment(work: Work, payment_id: int) -> dict[str, Any]:
    """A payment with its allocations and entries."""
    require(work, Module.BILLING, Action.VIEW)
    found = work.session.scalar(
        select(Payment).where(
            Payment.id == payment_id, visible(work, Module.BILLING, Payment.owner_id, Payment.branch_id)
        )
    )
    if found is None:
        raise NotFound("This payment is not in the book.")
    customer = work.session.get_one(Customer, found.customer_id)
    allocations = work.session.execute(
        select(PaymentAllocation, Document.number)
        .join(Document, Document.id == PaymentAllocation.document_id)
        .where(PaymentAllocation.payment_id == found.id)
        .order_by(PaymentAllocation.id)
    ).all()

    def text(minor: int, currency: str = found.currency) -> str:
        return str(Money(minor, currency))

    return {
        "kind": "payment",
        "id": found.id,
        "number": found.number,
        "status": found.state.value,
        "version": found.version,
        "customer": {"code": customer.code, "name": customer.display_name},
        "received_on": found.received_on.isoformat(),
        "method": found.method.value,
        "currency": found.currency,
        "amount": text(found.amount_minor),
        "allocated": text(found.allocated_minor),
        "unallocated": text(found.unallocated_minor),
        "exchange_rate": f"{found.exchange_rate:f}",
        "home_currency": found.home_currency,
        "home_amount": text(found.home_amount_minor, found.home_currency),
        "reference": found.reference,
        "notes": found.notes,
        "void_reason": found.void_reason,
        "allocations": [
            {
                "invoice": number,
                "amount": text(allocation.amount_minor),
                "allocated_on": allocation.allocated_on.isoformat(),
                "home_difference": text(
                    allocation.home_payment_minor - allocation.home_document_minor, found.home_currency
                ),
                "is_released": allocation.released_at is not None,
            }
            for allocation, number in allocations
        ],
        "journal": journal_of(work, "payment", found.id),
        "links": {"invoices": sorted({number for allocation, number in allocations if not allocation.released_at})},
    }
