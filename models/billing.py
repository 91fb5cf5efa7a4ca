"""Documents and payments. An issued document is a copy that never changes; what settles it is counted beside it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Created, Entity, Owned, Placed, Versioned, sparse_index
from models.columns import (
    Big,
    Bytes,
    Choice,
    Code,
    Currency,
    Day,
    Instant,
    Line,
    Long,
    Minor,
    Name,
    Percent,
    Quantity,
    Rate,
    State,
    UnitPrice,
)
from models.values.states import (
    DocumentKind,
    DocumentState,
    PaymentMethod,
    PaymentState,
    RoundingMode,
    TaxCategory,
)
from models.values.topics import Topic


class Document(Versioned, Owned, Placed, Created, Entity, topic=Topic.BILLING):
    """Estimate, invoice and their kin: one table, one editor. Names of the figures: tax.md C6."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("registration_id", "kind", "fiscal_year", "number"),
        UniqueConstraint("series_id", "number"),
        Index("ix_document_kind_issued_on_id_owner_id", "kind", "issued_on", "id", "owner_id"),
        Index("ix_document_number", "number"),
        sparse_index("document", "contact_id"),
        sparse_index("document", "deal_id"),
        sparse_index("document", "source_id"),
        sparse_index("document", "superseded_by_id"),
        Index(
            "ix_document_open_items",
            "company_id",
            "customer_id",
            "due_on",
            "currency",
            "balance_minor",
            "home_balance_minor",
            "id",
            "owner_id",
            sqlite_where=text("balance_minor <> 0"),
            postgresql_where=text("balance_minor <> 0"),
        ),
    )

    kind: Mapped[DocumentKind] = mapped_column(Choice(DocumentKind))
    state: Mapped[DocumentState] = mapped_column(Choice(DocumentState))
    document_type: Mapped[Code]
    """What it is called on paper: tax_invoice, invoice, bill_of_supply, estimate."""
    registration_id: Mapped[int] = mapped_column(ForeignKey("tax_registration.id"))
    series_id: Mapped[int | None] = mapped_column(ForeignKey("number_series.id"))
    fiscal_year: Mapped[int | None]
    number: Mapped[str | None] = mapped_column(String(16))
    sequence_no: Mapped[Big | None]

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    """The estimate that this invoice was made from, or the document that this one replaces."""
    revision: Mapped[int] = mapped_column(default=1)
    """Version of an estimate; an older version points to the newer one by `superseded_by_id`."""
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    currency: Mapped[Currency]
    home_currency: Mapped[Currency]
    exchange_rate: Mapped[Rate]
    exchange_rate_on: Mapped[Day | None]
    exchange_rate_source: Mapped[Name]
    issued_on: Mapped[Day]
    is_dated: Mapped[bool] = mapped_column(default=True)
    """False for a draft whose date was left open: it is issued on the day of issue."""
    supplied_on: Mapped[Day | None]
    terms_days: Mapped[int | None]
    """Days from issue to due; empty where the due date itself was given."""
    due_on: Mapped[Day]
    """Of an estimate: the last day on which it can be accepted."""
    place_of_supply: Mapped[State]
    supply_type: Mapped[Code]
    is_inter_state: Mapped[bool]
    prices_include_tax: Mapped[bool]
    is_reverse_charge: Mapped[bool]
    is_igst_on_intra: Mapped[bool]
    is_e_invoice: Mapped[bool]
    is_rounded_off: Mapped[bool]
    is_imported: Mapped[bool] = mapped_column(default=False)
    tax_rounding_mode: Mapped[RoundingMode] = mapped_column(Choice(RoundingMode))
    discount_percent: Mapped[Percent | None]
    discount_minor: Mapped[Big | None]
    po_number: Mapped[Name]
    notes: Mapped[Long]
    terms: Mapped[Long]

    gross_minor: Mapped[Minor]
    line_discount_minor: Mapped[Minor]
    document_discount_minor: Mapped[Minor]
    taxable_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    tax_charged_minor: Mapped[Minor]
    grand_minor: Mapped[Minor]
    round_off_minor: Mapped[Minor]
    payable_minor: Mapped[Minor]
    prepaid_minor: Mapped[Minor]
    home_taxable_minor: Mapped[Minor]
    home_tax_minor: Mapped[Minor]
    home_tax_charged_minor: Mapped[Minor]
    home_grand_minor: Mapped[Minor]
    home_round_off_minor: Mapped[Minor]
    home_payable_minor: Mapped[Minor]

    paid_minor: Mapped[Minor]
    credited_minor: Mapped[Minor]
    written_off_minor: Mapped[Minor]
    balance_minor: Mapped[Minor]
    """due - paid - credited - written off; 0 for everything that is not an issued receivable."""
    home_balance_minor: Mapped[Minor]
    """The part of the control account that is still open, at the document's own rate."""

    issued_at: Mapped[Instant | None]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    sent_at: Mapped[Instant | None]
    accepted_at: Mapped[Instant | None]
    voided_at: Mapped[Instant | None]
    void_reason: Mapped[Line | None]
    view_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    lines: Mapped[list[DocumentLine]] = relationship(
        cascade="all, delete-orphan", order_by="DocumentLine.no", back_populates="document"
    )


class DocumentLine(Entity, topic=Topic.BILLING):
    """A line with its tax by component, in document and home currency (tax.md section 5)."""

    __tablename__ = "document_line"
    __table_args__ = (sparse_index("document_line", "item_id"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    no: Mapped[int]
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    description: Mapped[Long]
    hsn: Mapped[Code | None]
    is_service: Mapped[bool]
    unit: Mapped[Code]
    quantity: Mapped[Quantity]
    unit_price: Mapped[UnitPrice]
    base_quantity: Mapped[Quantity]
    discount_percent: Mapped[Percent | None]
    discount_input_minor: Mapped[Big | None]
    item_category: Mapped[TaxCategory | None] = mapped_column(Choice(TaxCategory))
    item_rate: Mapped[Percent | None]
    """The item's own category and rate when the line was written; what the rules start from."""
    asked_category: Mapped[TaxCategory | None] = mapped_column(Choice(TaxCategory))
    asked_rate: Mapped[Percent | None]
    override_reason: Mapped[Line | None]

    category: Mapped[TaxCategory] = mapped_column(Choice(TaxCategory))
    rate: Mapped[Percent]
    cess_rate: Mapped[Percent]
    tax_reason: Mapped[Line]
    income_account: Mapped[Code | None]
    gross_minor: Mapped[Minor]
    discount_minor: Mapped[Minor]
    document_discount_minor: Mapped[Minor]
    taxable_minor: Mapped[Minor]
    tax_minor: Mapped[Minor]
    vat_minor: Mapped[Minor]
    cgst_minor: Mapped[Minor]
    sgst_minor: Mapped[Minor]
    igst_minor: Mapped[Minor]
    cess_minor: Mapped[Minor]
    total_minor: Mapped[Minor]
    home_taxable_minor: Mapped[Minor]
    home_tax_minor: Mapped[Minor]
    home_vat_minor: Mapped[Minor]
    home_cgst_minor: Mapped[Minor]
    home_sgst_minor: Mapped[Minor]
    home_igst_minor: Mapped[Minor]
    home_cess_minor: Mapped[Minor]
    home_total_minor: Mapped[Minor]
    document: Mapped[Document] = relationship(back_populates="lines")


class FrozenView(Entity, topic=Topic.BILLING, is_tracked=False):
    """What an issued document says: canonical JSON, deflated; its SHA-256 stands in the document."""

    __tablename__ = "frozen_view"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), unique=True)
    design: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[Bytes]


class StoredFile(Entity, topic=Topic.BILLING, is_tracked=False):
    """A file inside the book, found by its SHA-256: logos, issued PDFs. Never changed."""

    __tablename__ = "stored_file"

    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    media_type: Mapped[Code]
    size: Mapped[Big]
    body: Mapped[Bytes]


class Payment(Versioned, Owned, Placed, Created, Entity, topic=Topic.BILLING):
    """Money received from a customer. amount = allocated + unallocated (the customer's credit)."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("registration_id", "fiscal_year", "number"),
        Index("ix_payment_received_on_id_owner_id", "received_on", "id", "owner_id"),
    )

    registration_id: Mapped[int] = mapped_column(ForeignKey("tax_registration.id"))
    series_id: Mapped[int] = mapped_column(ForeignKey("number_series.id"), index=True)
    fiscal_year: Mapped[int]
    number: Mapped[str] = mapped_column(String(16))
    sequence_no: Mapped[Big]
    state: Mapped[PaymentState] = mapped_column(Choice(PaymentState))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    method: Mapped[PaymentMethod] = mapped_column(Choice(PaymentMethod))
    bank_account_id: Mapped[int | None] = mapped_column(ForeignKey("bank_account.id"), index=True)
    received_on: Mapped[Day]
    currency: Mapped[Currency]
    home_currency: Mapped[Currency]
    exchange_rate: Mapped[Rate]
    amount_minor: Mapped[Minor]
    home_amount_minor: Mapped[Minor]
    allocated_minor: Mapped[Minor]
    unallocated_minor: Mapped[Minor]
    home_unallocated_minor: Mapped[Minor]
    reference: Mapped[Name]
    notes: Mapped[Long]
    voided_at: Mapped[Instant | None]
    void_reason: Mapped[Line | None]
    allocations: Mapped[list[PaymentAllocation]] = relationship(
        back_populates="payment", order_by="PaymentAllocation.id"
    )


class PaymentAllocation(Entity, topic=Topic.BILLING):
    """A part of a payment that settles a document. Released allocations stay, for the record."""

    __tablename__ = "payment_allocation"

    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    allocated_on: Mapped[Day]
    amount_minor: Mapped[Minor]
    home_document_minor: Mapped[Minor]
    """What leaves the control account: the amount at the document's rate."""
    home_payment_minor: Mapped[Minor]
    """What the money was worth when it came: the amount at the payment's rate. The difference is exchange gain."""
    released_at: Mapped[Instant | None]
    payment: Mapped[Payment] = relationship(back_populates="allocations")
