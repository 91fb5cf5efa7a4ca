"""The general ledger: append-only, balanced by construction."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Entity, Versioned
from models.columns import Big, Bytes, Choice, Code, Currency, Day, Instant, Line, Name
from models.values.states import AccountRole, AccountType
from models.values.topics import Topic


class Account(Versioned, Entity, topic=Topic.LEDGER):
    """An account of one company's chart. At most one account of a company plays a role."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("company_id", "code"), UniqueConstraint("company_id", "role"))

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    code: Mapped[Code]
    name: Mapped[Name]
    type: Mapped[AccountType] = mapped_column(Choice(AccountType))
    role: Mapped[AccountRole | None] = mapped_column(Choice(AccountRole))
    is_archived: Mapped[bool] = mapped_column(default=False)


class JournalEntry(Entity, topic=Topic.LEDGER):
    """One balanced entry. A reversal mirrors the entry that `reverses_id` names."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        Index("ix_journal_entry_company_id_posted_on_id", "company_id", "posted_on", "id"),
        Index("ix_journal_entry_source", "source_kind", "source_id"),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"))
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), index=True)
    posted_on: Mapped[Day]
    posted_at: Mapped[Instant]
    text: Mapped[Line]
    source_kind: Mapped[Code]
    """document, payment, allocation or journal."""
    source_id: Mapped[Big]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("journal_entry.id"), unique=True)
    digest: Mapped[Bytes]
    """SHA-256 over the entry and its postings (invariant I7)."""
    postings: Mapped[list[Posting]] = relationship(back_populates="entry", order_by="Posting.id")


class Posting(Entity, topic=Topic.LEDGER, is_tracked=False):
    """Debit positive, credit negative, in the document's and the company's currency.

    Its history is its entry's: the digest there covers the postings.
    """

    __tablename__ = "posting"
    __table_args__ = (Index("ix_posting_account_id_customer_id_home_minor", "account_id", "customer_id", "home_minor"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    currency: Mapped[Currency]
    amount_minor: Mapped[Big]
    home_minor: Mapped[Big]
    entry: Mapped[JournalEntry] = relationship(back_populates="postings")
