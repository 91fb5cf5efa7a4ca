"""What each customer owes and has to his credit, now (product.md, invariant I19 of reliability.md)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, literal_column, or_, select

from models.billing import Document, Payment
from models.customers import Customer
from models.values.states import AccountRole
from services.listing import Kind
from services.permissions import Module, visible
from services.reports.ageing import OTHER_BRANCHES, control_account
from services.reports.definition import NOT_YOURS, Check, Found, Report, ReportColumn, Scope, Span
from services.reports.seeing import last_posting_day, seen_documents, sees_all, whole_sum
from services.store import Work

NAMES = ("open", "credit", "base_open", "base_credit")


def customer_balances(work: Work, scope: Scope) -> Found:
    owed: dict[tuple[int, str], dict[str, int]] = {}
    for query, names in ((_open(work, scope), NAMES[0::2]), (_credit(work, scope), NAMES[1::2])):
        for customer_id, currency, minor, home in work.session.execute(query):
            sums = owed.setdefault((customer_id, currency), dict.fromkeys(NAMES, 0))
            sums |= dict(zip(names, (int(minor), int(home)), strict=True))
            owed[customer_id, currency] = sums
    rows = _rows(work, scope, owed)
    total = sum(row["base_balance"] for row in rows)
    return Found(rows, _check(work, scope, total))


def _open(work: Work, scope: Scope) -> Any:
    return (
        select(
            Document.customer_id,
            Document.currency,
            whole_sum(Document.balance_minor),
            whole_sum(Document.home_balance_minor),
        )
        .where(seen_documents(work, scope), Document.balance_minor != literal_column("0"))
        .group_by(Document.customer_id, Document.currency)
    )


def _credit(work: Work, scope: Scope) -> Any:
    seen = and_(
        Payment.company_id.in_(scope.company_ids),
        visible(work, Module.BILLING, Payment.owner_id, Payment.branch_id),
    )
    if scope.branch is not None:
        seen = and_(seen, Payment.branch_id == scope.branch.id)
    return (
        select(
            Payment.customer_id,
            Payment.currency,
            whole_sum(Payment.unallocated_minor),
            whole_sum(Payment.home_unallocated_minor),
        )
        .where(seen, Payment.unallocated_minor != 0, Payment.voided_at.is_(None))
        .group_by(Payment.customer_id, Payment.currency)
    )


def _rows(work: Work, scope: Scope, owed: dict[tuple[int, str], dict[str, int]]) -> list[dict[str, Any]]:
    """Only customers whose documents or payments the actor sees are looked up."""
    seen = _open(work, scope).with_only_columns(Document.customer_id)
    paid = _credit(work, scope).with_only_columns(Payment.customer_id)
    query = select(Customer.id, Customer.code, Customer.display_name, Customer.name_folded)
    query = query.where(or_(Customer.id.in_(seen), Customer.id.in_(paid)))
    customers = {row.id: row for row in work.session.execute(query)}
    ordered = sorted(owed, key=lambda key: (customers[key[0]].name_folded, key))
    return [
        {
            "customer": customers[customer_id].code,
            "customer_name": customers[customer_id].display_name,
            "currency": currency,
            **owed[customer_id, currency],
            "balance": owed[customer_id, currency]["open"] - owed[customer_id, currency]["credit"],
            "base_balance": owed[customer_id, currency]["base_open"] - owed[customer_id, currency]["base_credit"],
        }
        for customer_id, currency in ordered
    ]


def _check(work: Work, scope: Scope, total: int) -> Check:
    if not sees_all(work, Module.BILLING):
        return Check.impossible(NOT_YOURS)
    if scope.branch is not None:
        return Check.impossible(OTHER_BRANCHES)
    last = last_posting_day(work, scope)
    if last is not None and last > scope.as_of:
        return Check.impossible(f"The ledger has entries of {last}, later than today.")
    roles = (AccountRole.RECEIVABLE, AccountRole.CUSTOMER_CREDIT)
    return Check.of(total - sum(control_account(work, scope, role) for role in roles), scope.base)


CUSTOMER_BALANCES = Report(
    name="customer-balances",
    title="Customer balances",
    meaning="What customers owe now, less what they have paid ahead. Compared with the ledger.",
    module=Module.BILLING,
    span=Span.NOW,
    columns=(
        ReportColumn("customer", Kind.TEXT),
        ReportColumn("customer_name", Kind.TEXT, "Name"),
        ReportColumn("currency", Kind.TEXT),
        ReportColumn("open", Kind.MONEY, "Open invoices"),
        ReportColumn("credit", Kind.MONEY, "Paid ahead"),
        ReportColumn("balance", Kind.MONEY),
        ReportColumn("base_open", Kind.MONEY, "Open invoices, base", is_base=True, base_of="open"),
        ReportColumn("base_credit", Kind.MONEY, "Paid ahead, base", is_base=True, base_of="credit"),
        ReportColumn("base_balance", Kind.MONEY, "Balance, base", is_base=True, base_of="balance"),
    ),
    find=customer_balances,
)
