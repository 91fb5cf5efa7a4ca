"""The postings of a period, account by account, with the running balance."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from models.customers import Customer
from models.ledger import Account, JournalEntry, Posting
from models.organisation import Company
from services.listing import Kind
from services.permissions import Module
from services.reports.definition import Check, Found, Report, ReportColumn, Scope, Span
from services.reports.seeing import seen_entries
from services.reports.trial_balance import account_balances
from services.store import Work


def general_ledger(work: Work, scope: Scope) -> Found:
    """Each account begins with its opening balance; the last balance of each is that of the trial balance."""
    assert scope.period is not None
    opening = account_balances(work, replace(scope, as_of=scope.period.first - dt.timedelta(days=1)))
    closing = account_balances(work, replace(scope, as_of=scope.period.last))
    rows: list[dict[str, Any]] = []
    balances = dict(opening)
    for account_id, code, name, company in _accounts(work, scope):
        if opening.get(account_id):
            rows.append(_opening(code, name, company, scope, opening[account_id]))
        for posting in work.session.execute(_postings(work, scope, account_id)):
            balances[account_id] = balances.get(account_id, 0) + posting.home_minor
            rows.append(
                {
                    "company": company,
                    "account": code,
                    "name": name,
                    "posted_on": posting.posted_on,
                    "entry": posting.entry_id,
                    "text": posting.text,
                    "customer": posting.customer,
                    "currency": posting.currency,
                    "amount": posting.amount_minor,
                    "debit": max(posting.home_minor, 0),
                    "credit": max(-posting.home_minor, 0),
                    "balance": balances[account_id],
                }
            )
    apart = sum(abs(balances.get(account, 0) - closing.get(account, 0)) for account in balances.keys() | closing.keys())
    return Found(rows, Check.of(apart, scope.base))


def _accounts(work: Work, scope: Scope) -> list[tuple[int, str, str, str]]:
    query = (
        select(Account.id, Account.code, Account.name, Company.code)
        .join(Company, Company.id == Account.company_id)
        .where(Account.company_id.in_(scope.company_ids))
        .order_by(Company.id, Account.code)
    )
    return [(row[0], row[1], row[2], row[3]) for row in work.session.execute(query)]


def _postings(work: Work, scope: Scope, account_id: int) -> Any:
    assert scope.period is not None
    return (
        select(
            Posting.entry_id,
            Posting.currency,
            Posting.amount_minor,
            Posting.home_minor,
            JournalEntry.posted_on,
            JournalEntry.text,
            Customer.code.label("customer"),
        )
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .outerjoin(Customer, Customer.id == Posting.customer_id)
        .where(Posting.account_id == account_id, seen_entries(work, scope))
        .where(JournalEntry.posted_on.between(scope.period.first, scope.period.last))
        .order_by(JournalEntry.posted_on, Posting.entry_id, Posting.id)
    )


def _opening(code: str, name: str, company: str, scope: Scope, balance: int) -> dict[str, Any]:
    assert scope.period is not None
    return {
        "company": company,
        "account": code,
        "name": name,
        "posted_on": scope.period.first,
        "entry": None,
        "text": "Opening balance",
        "customer": None,
        "currency": scope.base,
        "amount": 0,
        "debit": 0,
        "credit": 0,
        "balance": balance,
    }


GENERAL_LEDGER = Report(
    name="general-ledger",
    title="General ledger",
    meaning="The postings of a period by account, with running balances. Compared with the trial balance at its end.",
    module=Module.LEDGER,
    span=Span.PERIOD,
    columns=(
        ReportColumn("company", Kind.TEXT),
        ReportColumn("account", Kind.TEXT),
        ReportColumn("name", Kind.TEXT),
        ReportColumn("posted_on", Kind.DATE, "Date"),
        ReportColumn("entry", Kind.INTEGER),
        ReportColumn("text", Kind.TEXT),
        ReportColumn("customer", Kind.TEXT),
        ReportColumn("currency", Kind.TEXT),
        ReportColumn("amount", Kind.MONEY, is_summed=False),
        ReportColumn("debit", Kind.MONEY, is_base=True),
        ReportColumn("credit", Kind.MONEY, is_base=True),
        ReportColumn("balance", Kind.MONEY, is_base=True, is_summed=False),
    ),
    find=general_ledger,
)
