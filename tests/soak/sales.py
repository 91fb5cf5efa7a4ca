"""The sale that the long runs make, by the commands that the window and the command line call."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from models.billing import Document, Payment
from models.customers import Customer
from models.values.states import DocumentKind
from services.billing import commands as billing
from services.billing.drafts import AllocationDraft, DocumentDraft, LineDraft, PaymentDraft
from services.billing.payments import receive
from services.customers.commands import create_customer
from services.customers.drafts import AddressDraft, CustomerDraft
from services.store import Work


def add_customer(work: Work, code: str) -> int:
    draft = CustomerDraft(
        display_name=f"Customer {code}",
        code=code,
        country="AE",
        state="DXB",
        billing_address=AddressDraft(street="1 Harbour Road", city="Dubai", state="DXB", country="AE"),
        different_because="made by a long run",
    )
    return create_customer(work, draft)


def draft_invoice(work: Work, minor: int) -> int:
    """A draft of `minor` fils before tax, for the first customer."""
    code = work.session.scalars(select(Customer.code).order_by(Customer.id).limit(1)).one()
    line = LineDraft(description="Work", unit_price=Decimal(minor) / 100)
    return billing.create_document(work, DocumentKind.INVOICE, DocumentDraft(customer={"code": code}, lines=(line,)))


def issue(work: Work, document_id: int) -> str:
    return billing.issue(work, document_id)


def pay(work: Work, number: str) -> str:
    """Half of what the invoice asks; answers the number of the receipt."""
    invoice = work.session.scalars(select(Document).where(Document.number == number)).one()
    customer = work.session.get_one(Customer, invoice.customer_id)
    half = Decimal(invoice.payable_minor // 2) / 100
    part = AllocationDraft(document=number, amount=half)
    payment_id = receive(work, PaymentDraft(customer=customer.code, amount=half, allocate=(part,)))
    return work.session.get_one(Payment, payment_id).number


def void(work: Work, number: str) -> None:
    invoice_id = work.session.scalars(select(Document.id).where(Document.number == number)).one()
    billing.void(work, invoice_id, "made by a long run")
