"""What billing offers to the command line and the window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from models.billing import Document, Payment
from models.values.states import DocumentKind
from services.billing import commands, payments, queries
from services.billing.drafts import AllocationDraft, DocumentDraft, PaymentDraft
from services.drafts import parse, text
from services.errors import InvalidValue
from services.records import RecordKind, Values
from services.store import Work


@dataclass(frozen=True, slots=True)
class IssueOptions:
    issued_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    reason: str = text(limit=500)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A verb that takes no fields."""


@dataclass(frozen=True, slots=True)
class Allocations:
    allocate: tuple[AllocationDraft, ...] = ()
    allocated_on: dt.date | None = None


def document_draft(values: Values) -> DocumentDraft:
    """From the IN keys; a customer may be a code or an object."""
    given = dict(values)
    customer = given.pop("customer", None)
    if not isinstance(customer, str | Mapping | None):
        raise InvalidValue("customer is a code, or an object with a name.")
    discount = given.get("document_discount")
    if isinstance(discount, str):
        kind = "percent" if discount.endswith("%") else "amount"
        given["document_discount"] = {kind: discount.removesuffix("%")}
    return replace(parse(DocumentDraft, given, "A document"), customer=customer or None)


def payment_draft(values: Values) -> PaymentDraft:
    customer = values.get("customer")
    if isinstance(customer, Mapping):
        values = {**values, "customer": str(customer.get("code") or customer.get("name") or "")}
    return parse(PaymentDraft, values, "A payment")


def _create(kind: DocumentKind, work: Work, values: Values) -> int:
    return commands.create_document(work, kind, document_draft(values))


def _edit(work: Work, document_id: int, values: Values) -> None:
    changes = dict(values)
    version = changes.pop("version", None)
    commands.edit_document(
        work, document_id, document_draft(changes), version=None if version is None else int(version)
    )


def _issue(work: Work, document_id: int, values: Values) -> None:
    commands.issue(work, document_id, on=parse(IssueOptions, values, "Issue").issued_on)


def _void(work: Work, document_id: int, values: Values) -> None:
    commands.void(work, document_id, parse(Reason, values, "Void").reason)


def _decline(work: Work, document_id: int, values: Values) -> None:
    commands.decline(work, document_id, parse(Reason, values, "Decline").reason)


def _plain(command: Any, work: Work, document_id: int, values: Values) -> Any:
    parse(Nothing, values, "This verb")
    return command(work, document_id)


def _allocate(work: Work, payment_id: int, values: Values) -> None:
    asked = parse(Allocations, values, "Allocate")
    payments.allocate(work, payment_id, asked.allocate, on=asked.allocated_on)


def _void_payment(work: Work, payment_id: int, values: Values) -> None:
    payments.void_payment(work, payment_id, parse(Reason, values, "Void").reason)


RECORDS: tuple[RecordKind, ...] = (
    RecordKind(
        "estimate",
        queries.ESTIMATES,
        (lambda: Document.number,),
        queries.document,
        create=partial(_create, DocumentKind.ESTIMATE),
        edit=_edit,
        verbs=MappingProxyType(
            {
                "issue": _issue,
                "send": partial(_plain, commands.send),
                "accept": partial(_plain, commands.accept),
                "decline": _decline,
                "revise": partial(_plain, commands.revise),
                "convert": partial(_plain, commands.convert),
                "delete": partial(_plain, commands.delete_draft),
            }
        ),
        makes=MappingProxyType({"revise": "estimate", "convert": "invoice"}),
    ),
    RecordKind(
        "invoice",
        queries.INVOICES,
        (lambda: Document.number,),
        queries.document,
        create=partial(_create, DocumentKind.INVOICE),
        edit=_edit,
        verbs=MappingProxyType(
            {
                "issue": _issue,
                "send": partial(_plain, commands.send),
                "void": _void,
                "delete": partial(_plain, commands.delete_draft),
            }
        ),
    ),
    RecordKind(
        "payment",
        queries.PAYMENTS,
        (lambda: Payment.number,),
        queries.payment,
        create=lambda work, values: payments.receive(work, payment_draft(values)),
        verbs=MappingProxyType({"allocate": _allocate, "void": _void_payment}),
    ),
)
