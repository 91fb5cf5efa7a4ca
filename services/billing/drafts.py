"""A document as a person writes it: the IN keys of design.md section 13."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.values.states import PaymentMethod, TaxCategory
from services.drafts import needed, text


@dataclass(frozen=True, slots=True)
class DiscountDraft:
    """A document discount before tax: percent or amount, not both."""

    percent: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line. What is left out comes from the item; `category` and `rate` left out are decided by the tax rules."""

    item: str | None = None
    description: str = text("", limit=5000, lines=True)
    hsn: str | None = None
    is_service: bool | None = None
    quantity: Decimal = Decimal(1)
    unit: str | None = None
    base_quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None
    category: TaxCategory | None = None
    rate: Decimal | None = None
    cess_rate: Decimal = Decimal(0)
    override_reason: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """`customer` is a code, #ID or name, or an object that is found by tax id, else by exact name, else made."""

    customer: str | Mapping[str, Any] | None = None
    company: str | None = None
    branch: str | None = None
    deal: str | None = None
    estimate: str | None = None
    po_number: str | None = None
    currency: str | None = None
    exchange_rate: Decimal | None = None
    exchange_rate_on: dt.date | None = None
    issued_on: dt.date | None = None
    supplied_on: dt.date | None = None
    due_on: dt.date | None = None
    place_of_supply: str | None = None
    supply_type: str | None = None
    prices_include_tax: bool = False
    is_reverse_charge: bool = False
    is_igst_on_intra: bool = False
    is_e_invoice: bool = False
    round_off: bool | None = None
    document_discount: DiscountDraft | None = None
    notes: str | None = text(None, limit=10_000, lines=True)
    terms: str | None = text(None, limit=10_000, lines=True)
    lines: tuple[LineDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class AllocationDraft:
    document: str = needed(limit=40)
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """Money received. Without a currency it is the customer's; `allocate` names documents and amounts."""

    customer: str = needed(limit=300)
    amount: Decimal = Decimal(0)
    currency: str | None = None
    received_on: dt.date | None = None
    exchange_rate: Decimal | None = None
    method: PaymentMethod = PaymentMethod.BANK
    bank_account: str | None = None
    reference: str = text()
    notes: str = text(limit=5000, lines=True)
    company: str | None = None
    branch: str | None = None
    allocate: tuple[AllocationDraft, ...] = ()
