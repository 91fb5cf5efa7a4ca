"""The balance of every account on a day (product.md 25): debits equal credits, per company."""

from __future__ import annotations

from sqlalchemy import select

from models.ledger import Account, JournalEntry, Posting
from models.organisation import Company
from services.listing import Kind
from services.permissions import Module
from services.reports.definition import Check, Found, Report, ReportColumn, Scope, Span
from services.reports.seeing import last_posting_day, seen_entries, sees_all, whole_sum
from services.store import Work


def trial_balance(work: Work, scope: Scope) -> Found:
    balances = account_balances(work, scope)
    accounts = work.session.execute(
        select(Account.id, Account.code, Account.name, Account.type, Company.code.label("company"))
        .join(Company, Company.id == Account.company_id)
        .where(Account.company_id.in_(scope.company_ids))
        .order_by(Company.id, Account.code)
    )
    rows = [
        {
            "company": account.company,
            "account": account.code,
            "name": account.name,
            "type": account.type.value,
            "debit": max(balances[account.id], 0),
            "credit": max(-balances[account.id], 0),
        }
        for account in accounts
        if account.id in balances
    ]
    return Found(rows, Check.of(_difference(work, scope, balances), scope.base))


def account_balances(work: Work, scope: Scope) -> dict[int, int]:
    """Account id -> balance in base minor units, debit positive, by the accounts of the companies."""
    query = (
        select(Posting.account_id, whole_sum(Posting.home_minor))
        .join(Account, Account.id == Posting.account_id)
        .where(Account.company_id.in_(scope.company_ids))
        .group_by(Posting.account_id)
    )
    last = last_posting_day(work, scope)
    is_past = last is not None and scope.as_of < last
    if is_past or scope.branch is not None or not sees_all(work, Module.LEDGER):
        query = query.join(JournalEntry, JournalEntry.id == Posting.entry_id).where(
            JournalEntry.posted_on <= scope.as_of, seen_entries(work, scope)
        )
    return {account_id: int(minor) for account_id, minor in work.session.execute(query)}


def _difference(work: Work, scope: Scope, balances: dict[int, int]) -> int:
    """Debits less credits, and every account against its sum by another path: the entries of the companies."""
    by_entry: dict[int, int] = {}
    query = (
        select(Posting.account_id, JournalEntry.source_kind, whole_sum(Posting.home_minor))
        .join_from(JournalEntry, Posting, Posting.entry_id == JournalEntry.id)
        .where(JournalEntry.posted_on <= scope.as_of, seen_entries(work, scope))
        .group_by(Posting.account_id, JournalEntry.source_kind)
    )
    for account_id, _, minor in work.session.execute(query):
        by_entry[account_id] = by_entry.get(account_id, 0) + int(minor)
    accounts = balances.keys() | by_entry.keys()
    apart = sum(abs(balances.get(account, 0) - by_entry.get(account, 0)) for account in accounts)
    return sum(balances.values()) or apart


TRIAL_BALANCE = Report(
    name="trial-balance",
    title="Trial balance",
    meaning="The balance of every account on a day, in base currency. Debits equal credits.",
    module=Module.LEDGER,
    span=Span.DAY,
    columns=(
        ReportColumn("company", Kind.TEXT),
        ReportColumn("account", Kind.TEXT),
        ReportColumn("name", Kind.TEXT),
        ReportColumn("type", Kind.CHOICE),
        ReportColumn("debit", Kind.MONEY, is_base=True),
        ReportColumn("credit", Kind.MONEY, is_base=True),
    ),
    find=trial_balance,
)
