"""Steps that cross departments. A won deal yields a draft estimate: nothing is typed twice (product.md 1)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from models.billing import Document
from models.catalogue import Item
from models.customers import Customer
from models.sales import Deal
from models.values.money import Money
from models.values.states import DocumentKind, DocumentState
from services.billing.commands import create_document
from services.billing.drafts import DocumentDraft, LineDraft
from services.permissions import Action, Module, require
from services.sales.commands import win_deal
from services.store import Work


@dataclass(frozen=True, slots=True)
class Won:
    """`estimate_id` is the estimate that carries the deal on: made now, or one that was there."""

    deal_id: int
    estimate_id: int


def win(work: Work, deal_id: int) -> Won:
    """Win the deal and, in the same transaction, write the draft estimate with everything that was agreed."""
    require(work, Module.SALES, Action.EDIT)
    win_deal(work, deal_id)
    deal = work.session.get_one(Deal, deal_id)
    present = work.session.scalar(
        select(Document.id)
        .where(Document.deal_id == deal_id, Document.kind == DocumentKind.ESTIMATE)
        .where(Document.state.not_in([DocumentState.DECLINED, DocumentState.SUPERSEDED, DocumentState.VOID]))
        .order_by(Document.id.desc())
        .limit(1)
    )
    return Won(deal_id, present or create_document(work, DocumentKind.ESTIMATE, draft_of(work, deal)))


def draft_of(work: Work, deal: Deal) -> DocumentDraft:
    """Customer, currency, lines, discounts, terms and PO number of the deal, as a document's draft."""
    require(work, Module.SALES, Action.VIEW)
    customer = work.session.get_one(Customer, deal.customer_id)
    return DocumentDraft(customer=customer.code, deal=deal.code, currency=deal.currency, lines=_lines(work, deal))


def _lines(work: Work, deal: Deal) -> tuple[LineDraft, ...]:
    if not deal.lines:
        amount = Money(deal.amount_minor, deal.currency).amount
        return (LineDraft(description=deal.name, unit_price=amount),)
    return tuple(
        LineDraft(
            item=work.session.get_one(Item, line.item_id).code if line.item_id else None,
            description=line.description,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            discount_percent=line.discount_percent,
        )
        for line in deal.lines
    )
