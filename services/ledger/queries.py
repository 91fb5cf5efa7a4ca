"""The journal as a list, and the entry of a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, select, true

from models.customers import Customer
from models.ledger import Account, JournalEntry, Posting
from models.organisation import Branch, Company
from models.values.money import Money
from services.errors import NotFound
from services.listing import Column, Kind, Listing
from services.permissions import Action, Module, Scope, require
from services.records import RecordKind
from services.store import Work


def _accounts(work: Work) -> ColumnElement[bool]:
    """The chart is no secret to who may see the ledger."""
    return false() if work.actor.scope(Module.LEDGER, Action.VIEW) is None else true()


def _entries(work: Work) -> ColumnElement[bool]:
    """Entries belong to branches, not to persons: all of them, the branch's, or none."""
    scope = work.actor.scope(Module.LEDGER, Action.VIEW)
    if scope is Scope.ALL:
        return true()
    return JournalEntry.branch_id == work.actor.branch_id if scope is Scope.BRANCH else false()


ACCOUNTS = Listing(
    name="accounts",
    kind="account",
    module=Module.LEDGER,
    table=Account,
    columns=(
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("code", Kind.TEXT, lambda _: Account.code),
        Column("name", Kind.TEXT, lambda _: Account.name),
        Column("type", Kind.CHOICE, lambda _: Account.type),
        Column("role", Kind.CHOICE, lambda _: Account.role),
        Column("is_archived", Kind.BOOLEAN, lambda _: Account.is_archived),
    ),
    source=Account.__table__.join(Company.__table__, Company.id == Account.company_id),
    visible=_accounts,
    sort="code",
)

JOURNAL = Listing(
    name="journal",
    kind="journal_entry",
    module=Module.LEDGER,
    table=Posting,
    columns=(
        Column("entry", Kind.INTEGER, lambda _: JournalEntry.id),
        Column("posted_on", Kind.DATE, lambda _: JournalEntry.posted_on),
        Column("text", Kind.TEXT, lambda _: JournalEntry.text),
        Column("company", Kind.TEXT, lambda _: Company.code),
        Column("branch", Kind.TEXT, lambda _: Branch.code),
        Column("account", Kind.TEXT, lambda _: Account.code),
        Column("account_name", Kind.TEXT, lambda _: Account.name),
        Column("customer", Kind.TEXT, lambda _: Customer.code),
        Column("currency", Kind.TEXT, lambda _: Posting.currency),
        Column("amount", Kind.MONEY, lambda _: Posting.amount_minor),
        Column("home_currency", Kind.TEXT, lambda _: Company.base_currency),
        Column("home_amount", Kind.MONEY, lambda _: Posting.home_minor, currency="home_currency"),
        Column("source_kind", Kind.TEXT, lambda _: JournalEntry.source_kind),
        Column("source_id", Kind.INTEGER, lambda _: JournalEntry.source_id),
        Column("reverses", Kind.INTEGER, lambda _: JournalEntry.reverses_id),
    ),
    source=Posting.__table__.join(JournalEntry.__table__, JournalEntry.id == Posting.entry_id)
    .join(Account.__table__, Account.id == Posting.account_id)
    .join(Company.__table__, Company.id == JournalEntry.company_id)
    .join(Branch.__table__, Branch.id == JournalEntry.branch_id)
    .outerjoin(Customer.__table__, Customer.id == Posting.customer_id),
    visible=_entries,
    sort="entry",
)


def journal_of(work: Work, source_kind: str, source_id: int) -> list[dict[str, Any]]:
    """The postings of a document or payment as JSON rows (design.md section 13), reversals after their originals."""
    require(work, Module.BILLING, Action.VIEW)
    query = (
        select(
            JournalEntry.id,
            JournalEntry.reverses_id,
            JournalEntry.posted_on,
            Account.code,
            Account.name,
            Posting.currency,
            Posting.amount_minor,
            Posting.home_minor,
            Company.base_currency,
        )
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .join(Account, Account.id == Posting.account_id)
        .join(Company, Company.id == JournalEntry.company_id)
        .where(JournalEntry.source_kind == source_kind, JournalEntry.source_id == source_id)
        .order_by(JournalEntry.id, Posting.id)
    )
    return [
        {
            "entry": row.id,
            "posted_on": row.posted_on.isoformat(),
            "account": row.code,
            "name": row.name,
            "debit": str(Money(max(row.amount_minor, 0), row.currency)),
            "credit": str(Money(max(-row.amount_minor, 0), row.currency)),
            "home_debit": str(Money(max(row.home_minor, 0), row.base_currency)),
            "home_credit": str(Money(max(-row.home_minor, 0), row.base_currency)),
        }
        for row in work.session.execute(query)
    ]


def show_entry(work: Work, posting_id: int) -> dict[str, Any]:
    """The whole entry that a line of the journal belongs to."""
    require(work, Module.LEDGER, Action.VIEW)
    query = select(Posting).join(JournalEntry, JournalEntry.id == Posting.entry_id)
    posting = work.session.scalar(query.where(Posting.id == posting_id, _entries(work)))
    if posting is None:
        raise NotFound("This journal line is not in the book.")
    entry = posting.entry
    return {
        "id": entry.id,
        "kind": "journal_entry",
        "number": None,
        "posted_on": entry.posted_on.isoformat(),
        "text": entry.text,
        "source_kind": entry.source_kind,
        "source_id": entry.source_id,
        "reverses": entry.reverses_id,
        "journal": [row for row in journal_of(work, entry.source_kind, entry.source_id) if row["entry"] == entry.id],
    }


def show_account(work: Work, account_id: int) -> dict[str, Any]:
    require(work, Module.LEDGER, Action.VIEW)
    account = work.session.get(Account, account_id)
    if account is None:
        raise NotFound("This account is not in the chart.")
    return {
        "id": account.id,
        "kind": "account",
        "number": account.code,
        "name": account.name,
        "type": account.type.value,
        "role": account.role.value if account.role else None,
    }


RECORDS: tuple[RecordKind, ...] = (
    RecordKind("account", ACCOUNTS, (lambda: Account.code,), show_account),
    RecordKind("journal_entry", JOURNAL, (), show_entry),
)
