"""What customers owe, by how long it is overdue (product.md 21).

From the last posting on, the stored open balances tell it: one pass over the covering index of open items. For a day
before that it is worked out again from the facts: issued by then, not voided by then, less what was allocated by then.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)

from models.billing import Document, PaymentAllocation
from models.customers import Customer
from models.ledger import Account, JournalEntry, Posting
from models.values.states import AccountRole
from services.billing.kinds import KINDS
from services.listing import Kind
from services.permissions import Module
from services.reports.definition import NOT_YOURS, Check, Found, Report, ReportColumn, Scope, Span, share
from services.reports.seeing import end_of, last_posting_day, seen_documents, sees_all, whole_sum
from services.store import Work

BUCKETS = {
    "current": "Not yet due",
    "days_1_30": "1-30 days",
    "days_31_60": "31-60 days",
    "days_61_90": "61-90 days",
    "days_over_90": "90+ days",
    "total": "Total",
}
"""Days overdue: an invoice is current through its due day."""

OTHER_BRANCHES = "Money may be booked at another branch than its invoice, so only a whole company is compared."


def receivables_ageing(work: Work, scope: Scope) -> Found:
    rows = [_row(row) for row in work.session.execute(open_items(work, scope))]
    return Found(rows, _check(work, scope, sum(row["base_total"] for row in rows)), _fill_rate(rows))


def open_items(work: Work, scope: Scope) -> Select[*tuple[Any, ...]]:
    """By customer and currency: open amounts by age, in document and base currency."""
    last = last_posting_day(work, scope)
    stands = last is None or scope.as_of >= last
    items = _stored(work, scope) if stands else _at(work, scope)
    owed = items.subquery()
    return (
        select(
            Customer.code,
            Customer.display_name,
            Customer.tax_id,
            *(column for column in owed.c if column.name != "customer_id"),
        )
        .join(owed, owed.c.customer_id == Customer.id)
        .order_by(Customer.name_folded, Customer.id, owed.c.currency)
    )


def _stored(work: Work, scope: Scope) -> Select[*tuple[Any, ...]]:
    """The literal 0 is the index's own condition; a bound one would not be seen to imply it."""
    return _aged(scope.as_of, Document.balance_minor, Document.home_balance_minor).where(
        seen_documents(work, scope), Document.balance_minor != literal_column("0")
    )


def _at(work: Work, scope: Scope) -> Select[*tuple[Any, ...]]:
    after = end_of(work, scope.as_of)
    settled = (
        select(
            PaymentAllocation.document_id,
            whole_sum(PaymentAllocation.amount_minor).label("amount"),
            whole_sum(PaymentAllocation.home_document_minor).label("home"),
        )
        .where(PaymentAllocation.allocated_on <= scope.as_of)
        .where(or_(PaymentAllocation.released_at.is_(None), PaymentAllocation.released_at >= after))
        .group_by(PaymentAllocation.document_id)
        .subquery()
    )
    balance = Document.payable_minor - Document.prepaid_minor - func.coalesce(settled.c.amount, 0)
    home = Document.home_payable_minor - func.coalesce(settled.c.home, 0)
    receivable = [kind for kind, rules in KINDS.items() if rules.is_receivable]
    return (
        _aged(scope.as_of, balance, home)
        .outerjoin_from(Document, settled, settled.c.document_id == Document.id)
        .where(
            seen_documents(work, scope),
            Document.kind.in_(receivable),
            Document.issued_at.is_not(None),
            Document.issued_on <= scope.as_of,
            or_(Document.voided_at.is_(None), Document.voided_at >= after),
            or_(balance != 0, home != 0),
        )
    )


def _aged(
    as_of: dt.date, balance: SQLColumnExpression[int], home: SQLColumnExpression[int]
) -> Select[*tuple[Any, ...]]:
    ages = _ages(as_of)
    sums: list[Any] = []
    for prefix, amount in (("", balance), ("base_", home)):
        sums += [whole_sum(case((age, amount), else_=0)).label(f"{prefix}{name}") for name, age in ages.items()]
    return select(
        Document.customer_id,
        Document.currency,
        func.count().label("invoices"),
        func.count(Document.due_on).label("with_due_on"),
        *sums,
    ).group_by(Document.customer_id, Document.currency)


def _ages(as_of: dt.date) -> dict[str, ColumnElement[bool]]:
    due = Document.due_on
    limits = [as_of - dt.timedelta(days=days) for days in (0, 30, 60, 90)]
    return {
        "current": due >= limits[0],
        "days_1_30": and_(due < limits[0], due >= limits[1]),
        "days_31_60": and_(due < limits[1], due >= limits[2]),
        "days_61_90": and_(due < limits[2], due >= limits[3]),
        "days_over_90": due < limits[3],
    }


def _row(row: Any) -> dict[str, Any]:
    values: dict[str, Any] = row._asdict()
    values["customer"], values["customer_name"] = row.code, row.display_name
    for prefix in ("", "base_"):
        values[f"{prefix}total"] = sum(values[f"{prefix}{name}"] for name in BUCKETS if name != "total")
    return values


def _fill_rate(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Share of the open invoices: with a due day, and of a customer with a tax id."""
    count = sum(row["invoices"] for row in rows)
    return {
        "due_on": share(sum(row["with_due_on"] for row in rows), count),
        "tax_id": share(sum(row["invoices"] for row in rows if row["tax_id"]), count),
    }


def _check(work: Work, scope: Scope, total: int) -> Check:
    if not sees_all(work, Module.BILLING):
        return Check.impossible(NOT_YOURS)
    if scope.branch is not None:
        return Check.impossible(OTHER_BRANCHES)
    return Check.of(total - control_account(work, scope, AccountRole.RECEIVABLE), scope.base)


def control_account(work: Work, scope: Scope, role: AccountRole) -> int:
    """What the ledger says of the accounts of a role at the day, in base minor units, debit positive.

    Only for a counter-check: it adds up a whole account, whoever may see its entries.
    """
    accounts = work.session.scalars(
        select(Account.id).where(Account.company_id.in_(scope.company_ids), Account.role == role)
    ).all()
    query = select(whole_sum(Posting.home_minor)).where(Posting.account_id.in_(accounts))
    last = last_posting_day(work, scope)
    if last is not None and scope.as_of < last:
        query = query.join(JournalEntry, JournalEntry.id == Posting.entry_id).where(
            JournalEntry.posted_on <= scope.as_of
        )
    return int(work.session.scalar(query) or 0)


def _columns() -> tuple[ReportColumn, ...]:
    own = tuple(ReportColumn(name, Kind.MONEY, title) for name, title in BUCKETS.items())
    base = tuple(
        ReportColumn(f"base_{name}", Kind.MONEY, f"{title}, base", is_base=True, base_of=name)
        for name, title in BUCKETS.items()
    )
    return (
        ReportColumn("customer", Kind.TEXT),
        ReportColumn("customer_name", Kind.TEXT, "Name"),
        ReportColumn("invoices", Kind.INTEGER),
        ReportColumn("currency", Kind.TEXT),
        *own,
        *base,
    )


RECEIVABLES_AGEING = Report(
    name="receivables-ageing",
    title="Receivables ageing",
    meaning="What customers owe on a day, by how long it is overdue. Compared with the ledger's control account.",
    module=Module.BILLING,
    span=Span.DAY,
    columns=_columns(),
    find=receivables_ageing,
)
