"""Customers and contacts as lists and as one record whole, with all that it is linked to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, case, or_, select

from models.billing import Document, Payment
from models.customers import Contact, Customer, CustomerAddress, ExternalRef
from models.organisation import Branch, BusinessUnit, Company, User
from models.sales import Deal
from models.values.states import DocumentKind
from services.customers.filling import BILLING, DELIVERY
from services.errors import NotFound
from services.listing import Column, Kind, Listing, page
from services.permissions import Action, Module, require, visible
from services.store import Work


def _seen_customers(work: Work) -> ColumnElement[bool]:
    return visible(work, Module.CUSTOMERS, Customer.owner_id, Customer.branch_id)


def _seen_contacts(work: Work) -> ColumnElement[bool]:
    return visible(work, Module.CUSTOMERS, Contact.owner_id, Customer.branch_id)


CUSTOMERS = Listing(
    name="customers",
    kind="customer",
    module=Module.CUSTOMERS,
    table=Customer,
    columns=(
        Column("code", Kind.TEXT, lambda _: Customer.code),
        Column("name", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
        Column("legal_name", Kind.TEXT, lambda _: Customer.legal_name),
        Column("customer_kind", Kind.CHOICE, lambda _: Customer.kind),
        Column("status", Kind.CHOICE, lambda _: Customer.status),
        Column("owner", Kind.TEXT, lambda _: User.code),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("branch", Kind.TEXT, lambda _: Branch.code),
        Column("country", Kind.TEXT, lambda _: Customer.country),
        Column("state", Kind.TEXT, lambda _: Customer.state),
        Column("city", Kind.TEXT, lambda _: CustomerAddress.city),
        Column("currency", Kind.TEXT, lambda _: Customer.currency),
        Column("payment_terms_days", Kind.INTEGER, lambda _: Customer.payment_terms_days),
        Column("credit_limit", Kind.MONEY, lambda _: Customer.credit_limit_minor),
        Column("tax_treatment", Kind.CHOICE, lambda _: Customer.tax_treatment),
        Column("tax_id", Kind.TEXT, lambda _: Customer.tax_id),
        Column("is_tax_id_verified", Kind.BOOLEAN, lambda _: Customer.is_tax_id_verified),
        Column("place_of_supply", Kind.TEXT, lambda _: Customer.place_of_supply),
        Column("email", Kind.TEXT, lambda _: Customer.email),
        Column("phone", Kind.TEXT, lambda _: Customer.phone),
        Column("website", Kind.TEXT, lambda _: Customer.website),
        Column("source", Kind.TEXT, lambda _: Customer.source),
        Column("created_at", Kind.INSTANT, lambda _: Customer.created_at),
    ),
    source=Customer.__table__.join(User.__table__, User.id == Customer.owner_id)
    .join(Company.__table__, Company.id == Customer.company_id)
    .join(Branch.__table__, Branch.id == Customer.branch_id)
    .outerjoin(
        CustomerAddress.__table__,
        (CustomerAddress.customer_id == Customer.id) & (CustomerAddress.kind == BILLING),
    ),
    visible=_seen_customers,
    sort="name",
)

CONTACTS = Listing(
    name="contacts",
    kind="contact",
    module=Module.CUSTOMERS,
    table=Contact,
    columns=(
        Column(
            "name",
            Kind.TEXT,
            lambda _: Contact.first_name + _gap() + Contact.last_name,
            fold=lambda _: Contact.name_folded,
        ),
        Column("customer", Kind.TEXT, lambda _: Customer.code),
        Column("customer_name", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
        Column("salutation", Kind.TEXT, lambda _: Contact.salutation),
        Column("first_name", Kind.TEXT, lambda _: Contact.first_name),
        Column("last_name", Kind.TEXT, lambda _: Contact.last_name),
        Column("email", Kind.TEXT, lambda _: Contact.email),
        Column("phone", Kind.TEXT, lambda _: Contact.phone),
        Column("mobile", Kind.TEXT, lambda _: Contact.mobile),
        Column("designation", Kind.TEXT, lambda _: Contact.designation),
        Column("is_primary", Kind.BOOLEAN, lambda _: Contact.is_primary),
        Column("is_archived", Kind.BOOLEAN, lambda _: Contact.is_archived),
        Column("owner", Kind.TEXT, lambda _: User.code),
        Column("created_at", Kind.INSTANT, lambda _: Contact.created_at),
    ),
    source=Contact.__table__.join(Customer.__table__, Customer.id == Contact.customer_id).join(
        User.__table__, User.id == Contact.owner_id
    ),
    visible=_seen_contacts,
    sort="name",
)


def _gap() -> ColumnElement[str]:
    """A space between two names, nothing beside an empty one."""
    return case((or_(Contact.first_name == "", Contact.last_name == ""), ""), else_=" ")


def customer_detail(work: Work, customer_id: int) -> dict[str, Any]:
    """The customer whole: every field, addresses, contacts, what other systems call it, and what it is linked to."""
    require(work, Module.CUSTOMERS, Action.VIEW)
    row = _row(work, CUSTOMERS, customer_id)
    customer = work.session.get_one(Customer, customer_id)
    unit = work.session.get(BusinessUnit, customer.business_unit_id) if customer.business_unit_id else None
    billing = [_address(address) for address in customer.addresses if address.kind == BILLING]
    return row | {
        "display_name": customer.display_name,
        "number": customer.code,
        "version": customer.version,
        "business_unit": unit.code if unit else None,
        "pan": customer.pan,
        "tags": customer.tags,
        "notes": customer.notes,
        "extra": customer.extra,
        "billing_address": billing[0] if billing else None,
        "delivery_addresses": [_address(address) for address in customer.addresses if address.kind == DELIVERY],
        "contacts": [_contact(contact) for contact in customer.contacts if not contact.is_archived],
        "external_refs": _references(work, "customer", customer_id),
        "links": _links(work, customer_id),
    }


def contact_detail(work: Work, contact_id: int) -> dict[str, Any]:
    require(work, Module.CUSTOMERS, Action.VIEW)
    row = _row(work, CONTACTS, contact_id)
    contact = work.session.get_one(Contact, contact_id)
    return row | {
        "number": None,
        "version": contact.version,
        "roles": contact.roles,
        "notes": contact.notes,
        "external_refs": _references(work, "contact", contact_id),
    }


def _row(work: Work, listing: Listing, record_id: int) -> dict[str, Any]:
    found = page(work, listing, [record_id]).get(record_id)
    if found is None:
        raise NotFound(f"This {listing.kind} is not in the book.")
    return found


def _address(address: CustomerAddress) -> dict[str, Any]:
    names = "street extra city pin state country attention phone".split()
    return {name: getattr(address, name) for name in names}


def _contact(contact: Contact) -> dict[str, Any]:
    names = "salutation first_name last_name email phone mobile designation roles is_primary notes".split()
    return {"id": contact.id, "kind": "contact"} | {name: getattr(contact, name) for name in names}


def _references(work: Work, kind: str, record_id: int) -> list[dict[str, Any]]:
    query = select(ExternalRef).where(ExternalRef.record_kind == kind, ExternalRef.record_id == record_id)
    return [
        {"system": ref.system, "entity": ref.entity, "external_id": ref.external_id}
        for ref in work.session.scalars(query.order_by(ExternalRef.id))
    ]


def _links(work: Work, customer_id: int) -> dict[str, list[str]]:
    """Numbers and codes of what belongs to the customer and may be seen; a draft is `#ID`."""
    deals = select(Deal.id, Deal.code).where(
        Deal.customer_id == customer_id, visible(work, Module.SALES, Deal.owner_id, Deal.branch_id)
    )
    payments = select(Payment.id, Payment.number).where(
        Payment.customer_id == customer_id, visible(work, Module.BILLING, Payment.owner_id, Payment.branch_id)
    )
    return {
        "deals": _names(work, deals.order_by(Deal.id)),
        "estimates": _names(work, _documents(work, customer_id, DocumentKind.ESTIMATE)),
        "invoices": _names(work, _documents(work, customer_id, DocumentKind.INVOICE)),
        "payments": _names(work, payments.order_by(Payment.id)),
    }


def _documents(work: Work, customer_id: int, kind: DocumentKind) -> Select[*tuple[Any, ...]]:
    seen = visible(work, Module.BILLING, Document.owner_id, Document.branch_id)
    query = select(Document.id, Document.number).where(Document.customer_id == customer_id, Document.kind == kind)
    return query.where(seen).order_by(Document.id)


def _names(work: Work, query: Select[*tuple[Any, ...]]) -> list[str]:
    return [name or f"#{record_id}" for record_id, name in work.session.execute(query)]
