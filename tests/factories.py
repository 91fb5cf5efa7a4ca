"""Rows for tests: whole and valid, with what a test wants to be different named by it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from models.billing import Document, DocumentLine, Payment
from models.catalogue import Item
from models.customers import Contact, Customer
from models.organisation import Branch, Team, User
from models.values.states import (
    CustomerKind,
    CustomerStatus,
    DocumentKind,
    DocumentState,
    ItemKind,
    PaymentMethod,
    PaymentState,
    RoundingMode,
    TaxCategory,
    TaxTreatment,
)
from models.values.text import folded
from services.organisation.founding import UserDraft, add_user
from services.organisation.numbers import take
from services.organisation.places import place_of
from services.store import Store, Work


def customer_row(work: Work, name: str, **values: Any) -> dict[str, Any]:
    """Column values of a customer of the book's first branch, owned by the actor."""
    branch = work.session.scalars(select(Branch).order_by(Branch.id).limit(1)).one()
    return {
        "code": f"C-{folded(name)[:30]}",
        "display_name": name,
        "name_folded": folded(name),
        "legal_name": name,
        "kind": CustomerKind.BUSINESS,
        "status": CustomerStatus.ACTIVE,
        "country": "AE",
        "currency": "AED",
        "payment_terms_days": 30,
        "tax_treatment": TaxTreatment.NON_VAT_REGISTERED,
        "is_tax_id_verified": False,
        "tags": [],
        "notes": "",
        "extra": {},
        "owner_id": work.actor_id,
        "company_id": branch.company_id,
        "branch_id": branch.id,
        "created_at": work.now,
    } | values


def add_customer(work: Work, name: str = "Acme", **values: Any) -> Customer:
    customer = Customer(**customer_row(work, name, **values))
    work.session.add(customer)
    work.session.flush()
    return customer


def customer_in(store: Store, name: str = "Acme", **values: Any) -> int:
    with store.writing() as work:
        return add_customer(work, name, **values).id


def add_contact(work: Work, customer: Customer, first: str, last: str, **values: Any) -> Contact:
    contact = Contact(
        **{
            "customer_id": customer.id,
            "salutation": "",
            "first_name": first,
            "last_name": last,
            "name_folded": folded(f"{first} {last}"),
            "designation": "",
            "roles": [],
            "notes": "",
            "owner_id": work.actor_id,
            "created_at": work.now,
        }
        | values
    )
    work.session.add(contact)
    work.session.flush()
    return contact


def add_item(work: Work, code: str, name: str, **values: Any) -> Item:
    item = Item(
        **{
            "code": code,
            "name": name,
            "name_folded": folded(name),
            "description": "",
            "kind": ItemKind.SERVICE,
            "unit": "HUR",
            "unit_price": Decimal(100),
            "currency": "AED",
            "extra": {},
            "owner_id": work.actor_id,
            "created_at": work.now,
        }
        | values
    )
    work.session.add(item)
    work.session.flush()
    return item


def user_in(store: Store, name: str, role: str = "staff", *, team: str = "", branch: str = "") -> int:
    """A user with one ready-made role, perhaps in a team; answers the id."""
    with store.writing() as work:
        user_id = add_user(work, UserDraft(name=name, role=role, branch=branch))
        if team:
            known = work.session.scalar(select(Team).where(Team.code == team))
            if known is None:
                known = Team(code=team, name=team)
                work.session.add(known)
                work.session.flush()
            work.session.get_one(User, user_id).team_id = known.id
        return user_id


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def add_document(work: Work, customer: Customer, *, number: str | None = None, **values: Any) -> Document:
    """An invoice with one line of 100.00; numbered after its line is there, as when it is issued."""
    branch = work.session.get_one(Branch, customer.branch_id)
    document = Document(
        **{
            "kind": DocumentKind.INVOICE,
            "state": DocumentState.DRAFT,
            "document_type": "tax_invoice",
            "registration_id": branch.registration_id,
            "customer_id": customer.id,
            "currency": "AED",
            "home_currency": "AED",
            "exchange_rate": Decimal(1),
            "exchange_rate_source": "",
            "issued_on": work.today,
            "due_on": work.today,
            "place_of_supply": "DXB",
            "supply_type": "B2B",
            "is_inter_state": False,
            "prices_include_tax": False,
            "is_reverse_charge": False,
            "is_igst_on_intra": False,
            "is_e_invoice": False,
            "is_rounded_off": False,
            "tax_rounding_mode": RoundingMode.LINE,
            "po_number": "",
            "notes": "",
            "terms": "",
            "payable_minor": 10_000,
            "owner_id": work.actor_id,
            "company_id": customer.company_id,
            "branch_id": customer.branch_id,
            "created_at": work.now,
        }
        | values
    )
    document.lines.append(
        DocumentLine(
            no=1,
            description="Design",
            is_service=True,
            unit="HUR",
            quantity=Decimal(1),
            unit_price=Decimal(100),
            base_quantity=Decimal(1),
            category=TaxCategory.STANDARD,
            rate=Decimal(5),
            cess_rate=Decimal(0),
            tax_reason="",
        )
    )
    work.session.add(document)
    work.session.flush()
    if number is not None:
        document.number, document.state = number, DocumentState.ISSUED
        work.session.flush()
    return document


def add_payment(work: Work, customer: Customer, number: str = "RCT-2026-0001", **values: Any) -> Payment:
    """100.00 received today, numbered by the book's own series."""
    place = place_of(work, customer.branch_id)
    taken = take(work, place, "payment", work.today)
    payment = Payment(
        **{
            "registration_id": place.branch.registration_id,
            "series_id": taken.series_id,
            "fiscal_year": taken.fiscal_year,
            "number": number,
            "sequence_no": taken.sequence_no,
            "state": PaymentState.RECEIVED,
            "customer_id": customer.id,
            "method": PaymentMethod.BANK,
            "received_on": work.today,
            "currency": "AED",
            "home_currency": "AED",
            "exchange_rate": Decimal(1),
            "amount_minor": 10_000,
            "home_amount_minor": 10_000,
            "unallocated_minor": 10_000,
            "home_unallocated_minor": 10_000,
            "reference": "",
            "notes": "",
            "owner_id": work.actor_id,
            "company_id": customer.company_id,
            "branch_id": customer.branch_id,
            "created_at": work.now,
        }
        | values
    )
    work.session.add(payment)
    work.session.flush()
    return payment
