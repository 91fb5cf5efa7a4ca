"""Deals as a list and as one record whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from models.billing import Document
from models.catalogue import Item
from models.customers import Contact, Customer
from models.history import Event
from models.organisation import Branch, BusinessUnit, Company, User
from models.sales import Deal, DealLine, Pipeline, Stage
from models.values.decimals import plain
from models.values.states import DocumentKind
from services.errors import NotFound
from services.listing import Column, Kind, Listing, page
from services.permissions import Action, Module, require, visible
from services.sales.amounts import line_net
from services.store import Work


def _seen(work: Work) -> ColumnElement[bool]:
    return visible(work, Module.SALES, Deal.owner_id, Deal.branch_id)


def _weighted() -> ColumnElement[int]:
    """Amount x probability in minor units, half up."""
    return (Deal.amount_minor * Stage.probability + 50) // 100


DEALS = Listing(
    name="deals",
    kind="deal",
    module=Module.SALES,
    table=Deal,
    columns=(
        Column("code", Kind.TEXT, lambda _: Deal.code),
        Column("name", Kind.TEXT, lambda _: Deal.name),
        Column("customer", Kind.TEXT, lambda _: Customer.code),
        Column("customer_name", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
        Column("pipeline", Kind.TEXT, lambda _: Pipeline.code),
        Column("stage", Kind.TEXT, lambda _: Stage.code),
        Column("stage_type", Kind.CHOICE, lambda _: Stage.type),
        Column("forecast", Kind.CHOICE, lambda _: Stage.forecast),
        Column("probability", Kind.INTEGER, lambda _: Stage.probability),
        Column("amount", Kind.MONEY, lambda _: Deal.amount_minor),
        Column("weighted", Kind.MONEY, lambda _: _weighted()),
        Column("currency", Kind.TEXT, lambda _: Deal.currency),
        Column("closes_on", Kind.DATE, lambda _: Deal.closes_on),
        Column("owner", Kind.TEXT, lambda _: User.code),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("branch", Kind.TEXT, lambda _: Branch.code),
        Column("po_number", Kind.TEXT, lambda _: Deal.po_number),
        Column("next_step", Kind.TEXT, lambda _: Deal.next_step),
        Column("stage_since", Kind.INSTANT, lambda _: Deal.stage_since),
        Column("closed_at", Kind.INSTANT, lambda _: Deal.closed_at),
        Column("created_at", Kind.INSTANT, lambda _: Deal.created_at),
    ),
    source=Deal.__table__.join(Customer.__table__, Customer.id == Deal.customer_id)
    .join(Stage.__table__, Stage.id == Deal.stage_id)
    .join(Pipeline.__table__, Pipeline.id == Deal.pipeline_id)
    .join(User.__table__, User.id == Deal.owner_id)
    .join(Company.__table__, Company.id == Deal.company_id)
    .join(Branch.__table__, Branch.id == Deal.branch_id),
    visible=_seen,
    sort="closes_on",
)


def deal_detail(work: Work, deal_id: int) -> dict[str, Any]:
    """The deal whole: lines, customer, contact, its documents, and how it went through the stages."""
    require(work, Module.SALES, Action.VIEW)
    row = page(work, DEALS, [deal_id]).get(deal_id)
    if row is None:
        raise NotFound("This deal is not in the book.")
    deal = work.session.get_one(Deal, deal_id)
    customer = work.session.get_one(Customer, deal.customer_id)
    contact = work.session.get(Contact, deal.contact_id) if deal.contact_id else None
    unit = work.session.get(BusinessUnit, deal.business_unit_id) if deal.business_unit_id else None
    return row | {
        "number": deal.code,
        "version": deal.version,
        "customer": {"id": customer.id, "code": customer.code, "name": customer.display_name},
        "contact": _contact(contact) if contact else None,
        "business_unit": unit.code if unit else None,
        "payment_terms_days": deal.payment_terms_days,
        "discount_percent": _text(deal.discount_percent),
        "scope": deal.scope,
        "notes": deal.notes,
        "lost_reason": deal.lost_reason,
        "lines": [_line(work, deal, line) for line in deal.lines],
        "links": {
            "customer": customer.code,
            "estimates": _documents(work, deal_id, DocumentKind.ESTIMATE),
            "invoices": _documents(work, deal_id, DocumentKind.INVOICE),
        },
        "events": _events(work, deal_id),
    }


def _contact(contact: Contact) -> dict[str, Any]:
    name = f"{contact.first_name} {contact.last_name}".strip()
    return {"id": contact.id, "name": name, "email": contact.email, "phone": contact.phone or contact.mobile}


def _line(work: Work, deal: Deal, line: DealLine) -> dict[str, Any]:
    item = work.session.get(Item, line.item_id) if line.item_id else None
    gross = line_net(line.quantity, line.unit_price, None, deal.currency)
    net = line_net(line.quantity, line.unit_price, line.discount_percent, deal.currency)
    return {
        "no": line.no,
        "item": item.code if item else None,
        "description": line.description,
        "quantity": _text(line.quantity),
        "unit": line.unit,
        "unit_price": _text(line.unit_price),
        "gross": str(gross),
        "discount_percent": _text(line.discount_percent),
        "discount": str(gross - net),
        "net": str(net),
    }


def _text(value: Any) -> str | None:
    return None if value is None else f"{plain(value):f}"


def _documents(work: Work, deal_id: int, kind: DocumentKind) -> list[str]:
    """Numbers of the deal's documents that may be seen; a draft is `#ID`."""
    seen = visible(work, Module.BILLING, Document.owner_id, Document.branch_id)
    query = select(Document.id, Document.number).where(Document.deal_id == deal_id, Document.kind == kind, seen)
    return [number or f"#{row_id}" for row_id, number in work.session.execute(query.order_by(Document.id))]


def _events(work: Work, deal_id: int) -> list[dict[str, Any]]:
    query = (
        select(Event.at, Event.kind, Event.details, User.code)
        .outerjoin(User, User.id == Event.actor_id)
        .where(Event.subject_kind == "deal", Event.subject_id == deal_id)
        .order_by(Event.id)
    )
    return [
        {"at": row.at.isoformat(), "event": row.kind, "by": row.code, "details": row.details}
        for row in work.session.execute(query)
    ]
