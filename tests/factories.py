"""Rows for tests: whole and valid, with what a test wants to be different named by it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from models.catalogue import Item
from models.customers import Contact, Customer
from models.organisation import Branch, Team, User
from models.values.states import CustomerKind, CustomerStatus, ItemKind, TaxTreatment
from models.values.text import folded
from services.organisation.founding import UserDraft, add_user
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
