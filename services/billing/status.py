"""What is shown as a document's status: the first fact that is true, never typed (product.md, Words to use)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, String, and_, case, literal, type_coerce

from models.billing import Document
from models.values.states import DocumentKind, DocumentState

_STORED = {DocumentState.DRAFT, DocumentState.PENDING_APPROVAL, DocumentState.APPROVED, DocumentState.VOID}


def shown_status(document: Document, today: dt.date) -> str:
    """Invoice: Void, Written Off, Paid, Overdue, Partially Paid, Sent, Issued. Estimate: its state, or Expired."""
    if document.state in _STORED:
        return document.state.value
    if document.kind is not DocumentKind.INVOICE:
        is_open = document.state in {DocumentState.ISSUED, DocumentState.SENT}
        return "expired" if is_open and document.due_on < today else document.state.value
    if document.balance_minor == 0:
        return "written_off" if document.written_off_minor else "paid"
    if document.due_on < today:
        return "overdue"
    if document.paid_minor or document.credited_minor:
        return "partially_paid"
    return "sent" if document.sent_at is not None else "issued"


def status_expression(today: dt.date) -> ColumnElement[str]:
    """`shown_status` as SQL; a test compares the two on every combination."""
    is_receivable = Document.kind == DocumentKind.INVOICE
    is_open_offer = Document.state.in_([DocumentState.ISSUED, DocumentState.SENT])
    stored = type_coerce(Document.state, String)
    return case(
        (Document.state.in_(list(_STORED)), stored),
        (and_(~is_receivable, is_open_offer, Document.due_on < today), literal("expired")),
        (~is_receivable, stored),
        (and_(Document.balance_minor == 0, Document.written_off_minor != 0), literal("written_off")),
        (Document.balance_minor == 0, literal("paid")),
        (Document.due_on < today, literal("overdue")),
        ((Document.paid_minor != 0) | (Document.credited_minor != 0), literal("partially_paid")),
        (Document.sent_at.is_not(None), literal("sent")),
        else_=literal("issued"),
    )


def overdue_expression(today: dt.date) -> ColumnElement[bool]:
    return and_(Document.kind == DocumentKind.INVOICE, Document.balance_minor != 0, Document.due_on < today)
