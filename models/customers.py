"""The one customer master: customers, addresses, contacts, and what other systems call them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Created, Entity, Owned, Placed, Versioned
from models.columns import (
    Big,
    Bytes,
    Choice,
    Code,
    Country,
    Currency,
    Instant,
    JsonValue,
    Line,
    Long,
    Name,
    State,
)
from models.values.states import CustomerKind, CustomerStatus, TaxTreatment
from models.values.topics import Topic


class Customer(Versioned, Owned, Placed, Created, Entity, topic=Topic.CUSTOMERS):
    """One legal account for lead, deal, estimate, invoice, payment, project and ticket."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_name_folded_id_owner_id", "name_folded", "id", "owner_id"),
        Index("ix_customer_tax_id", "tax_id"),
    )

    code: Mapped[Code] = mapped_column(unique=True)
    display_name: Mapped[Name]
    name_folded: Mapped[Name]
    """Sort and search form of the display name."""
    legal_name: Mapped[Name]
    kind: Mapped[CustomerKind] = mapped_column(Choice(CustomerKind))
    status: Mapped[CustomerStatus] = mapped_column(Choice(CustomerStatus))
    country: Mapped[Country]
    state: Mapped[State | None]
    currency: Mapped[Currency]
    payment_terms_days: Mapped[int]
    credit_limit_minor: Mapped[Big | None]
    """In `currency`; empty means no limit."""
    tax_treatment: Mapped[TaxTreatment] = mapped_column(Choice(TaxTreatment))
    tax_id: Mapped[Code | None]
    is_tax_id_verified: Mapped[bool] = mapped_column(default=False)
    """False for an id that failed its check at import: kept as text, never matched, never on an e-invoice."""
    pan: Mapped[Code | None]
    place_of_supply: Mapped[State | None]
    email: Mapped[Name | None]
    phone: Mapped[Name | None]
    website: Mapped[Name | None]
    source: Mapped[Name | None]
    tags: Mapped[JsonValue]
    notes: Mapped[Long]
    extra: Mapped[JsonValue]
    """Columns of an import that have no field here: {header: text}."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    addresses: Mapped[list[CustomerAddress]] = relationship(
        cascade="all, delete-orphan", order_by="CustomerAddress.id", passive_deletes=False
    )
    contacts: Mapped[list[Contact]] = relationship(back_populates="customer", order_by="Contact.id")


class CustomerAddress(Entity, topic=Topic.CUSTOMERS):
    """`kind` is billing or delivery; a customer has at most one billing address."""

    __tablename__ = "customer_address"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[Code]
    attention: Mapped[Name]
    street: Mapped[Line]
    extra: Mapped[Line]
    city: Mapped[Name]
    pin: Mapped[Code]
    state: Mapped[State | None]
    country: Mapped[Country]
    phone: Mapped[Name]


class Contact(Versioned, Owned, Created, Entity, topic=Topic.CUSTOMERS):
    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_name_folded_id_owner_id", "name_folded", "id", "owner_id"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    salutation: Mapped[Code]
    first_name: Mapped[Name]
    last_name: Mapped[Name]
    name_folded: Mapped[Name]
    email: Mapped[Name | None]
    phone: Mapped[Name | None]
    mobile: Mapped[Name | None]
    designation: Mapped[Name]
    roles: Mapped[JsonValue]
    """Codes such as ["billing", "decision_maker"]."""
    is_primary: Mapped[bool] = mapped_column(default=False)
    is_archived: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[Long]
    customer: Mapped[Customer] = relationship(back_populates="contacts")


class ExternalRef(Entity, topic=Topic.EXCHANGE):
    """What another system calls a record: found again by (system, entity, external_id)."""

    __tablename__ = "external_ref"
    __table_args__ = (
        UniqueConstraint("system", "entity", "external_id"),
        Index("ix_external_ref_record", "record_kind", "record_id"),
    )

    system: Mapped[Code]
    entity: Mapped[Code]
    external_id: Mapped[Line]
    record_kind: Mapped[Code]
    record_id: Mapped[Big]
    content_hash: Mapped[Bytes | None]
    """SHA-256 of the row as it came: tells an unchanged row from an updated one."""
    seen_at: Mapped[Instant]


class BlockKey(Entity, topic=Topic.CUSTOMERS, is_tracked=False):
    """Blocking keys of the duplicate search, made from the customer."""

    __tablename__ = "block_key"
    __table_args__ = (Index("ix_block_key_key_customer_id", "key", "customer_id"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    key: Mapped[Line]
