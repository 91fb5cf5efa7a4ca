"""Every invoice issued in a period, void ones too, with its tax by component.

A void invoice keeps its line and its number and counts zero. One that was voided after the period counts as it stood
at the period's end, so that a register of the past never changes.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from models.billing import Document, DocumentLine
from models.customers import Customer
from models.ledger import Account, JournalEntry, Posting
from models.organisation import Company
from models.values.period import Period
from models.values.states import AccountRole, AccountType, DocumentKind
from services.billing.kinds.invoice import TAX_ROLES
from services.billing.status import status_expression
from services.listing import Kind
from services.permissions import Module
from services.reports.definition import Check, Found, Report, ReportColumn, Scope, Span, share
from services.reports.seeing import end_of, seen_documents, whole_sum
from services.store import Work

COMPONENTS = {
    "vat": DocumentLine.vat_minor,
    "cgst": DocumentLine.cgst_minor,
    "sgst": DocumentLine.sgst_minor,
    "igst": DocumentLine.igst_minor,
    "cess": DocumentLine.cess_minor,
}
INDIAN = frozenset({"cgst", "sgst", "igst", "cess"})
AMOUNTS = ("taxable", *COMPONENTS, "tax", "round_off", "total", "base_taxable", "base_tax", "base_total")


def invoice_register(work: Work, scope: Scope) -> Found:
    assert scope.period is not None
    after = end_of(work, scope.period.last)
    rows = []
    for row in work.session.execute(_query(work, scope, scope.period, after)):
        values = row._asdict()
        if row.is_void:
            values |= dict.fromkeys(AMOUNTS, 0) | {"status": "void"}
        rows.append(values)
    countries = {company.country for company in scope.companies}
    hidden = (INDIAN if "IN" not in countries else frozenset()) | ({"vat"} if countries == {"IN"} else frozenset())
    listed = sum(row["base_taxable"] + row["base_tax"] for row in rows if not row["is_reverse_charge"])
    listed += sum(row["base_taxable"] for row in rows if row["is_reverse_charge"])
    difference = listed - _taken_back(work, scope, scope.period) - _posted(work, scope, scope.period)
    return Found(rows, Check.of(difference, scope.base), _fill_rate(rows), hidden)


def _query(work: Work, scope: Scope, period: Period, after: dt.datetime) -> Any:
    taxes = (
        select(
            DocumentLine.document_id,
            *(whole_sum(column).label(name) for name, column in COMPONENTS.items()),
        )
        .join(Document, Document.id == DocumentLine.document_id)
        .where(_issued_in(work, scope, period))
        .group_by(DocumentLine.document_id)
        .subquery()
    )
    voided_later = and_(Document.voided_at.is_not(None), Document.voided_at >= after)
    return (
        select(
            Document.number,
            Document.issued_on,
            Company.code.label("company"),
            Customer.code.label("customer"),
            Customer.display_name.label("customer_name"),
            Customer.tax_id,
            Document.place_of_supply,
            Document.currency,
            Document.taxable_minor.label("taxable"),
            *(func.coalesce(taxes.c[name], 0).label(name) for name in COMPONENTS),
            Document.tax_minor.label("tax"),
            Document.round_off_minor.label("round_off"),
            Document.payable_minor.label("total"),
            Document.home_taxable_minor.label("base_taxable"),
            Document.home_tax_minor.label("base_tax"),
            Document.home_payable_minor.label("base_total"),
            Document.is_reverse_charge,
            case((voided_later, "issued"), else_=status_expression(work.today)).label("status"),
            Document.void_reason,
            and_(Document.voided_at.is_not(None), Document.voided_at < after).label("is_void"),
        )
        .join(Customer, Customer.id == Document.customer_id)
        .join(Company, Company.id == Document.company_id)
        .outerjoin(taxes, taxes.c.document_id == Document.id)
        .where(_issued_in(work, scope, period))
        .order_by(Document.issued_on, Document.series_id, Document.sequence_no, Document.id)
    )


def _issued_in(work: Work, scope: Scope, period: Period) -> ColumnElement[bool]:
    return and_(
        seen_documents(work, scope),
        Document.kind == DocumentKind.INVOICE,
        Document.issued_at.is_not(None),
        Document.issued_on.between(period.first, period.last),
    )


def _taken_back(work: Work, scope: Scope, period: Period) -> int:
    """Invoices of before the period that were voided in it: the ledger takes them back in the period."""
    query = select(whole_sum(Document.home_taxable_minor + Document.home_tax_charged_minor)).where(
        seen_documents(work, scope),
        Document.kind == DocumentKind.INVOICE,
        Document.issued_on < period.first,
        Document.voided_at >= end_of(work, period.first - dt.timedelta(days=1)),
        Document.voided_at < end_of(work, period.last),
    )
    return int(work.session.scalar(query) or 0)


def _posted(work: Work, scope: Scope, period: Period) -> int:
    """Credits less debits of income and output tax by the entries of the same documents in the period."""
    beside = [AccountRole.ROUNDING, AccountRole.EXCHANGE]
    sales = and_(Account.type == AccountType.INCOME, or_(Account.role.is_(None), Account.role.not_in(beside)))
    query = (
        select(whole_sum(Posting.home_minor))
        .join_from(JournalEntry, Posting, Posting.entry_id == JournalEntry.id)
        .join(Account, Account.id == Posting.account_id)
        .join(Document, Document.id == JournalEntry.source_id)
        .where(JournalEntry.company_id.in_(scope.company_ids), JournalEntry.source_kind == "document")
        .where(JournalEntry.posted_on.between(period.first, period.last), seen_documents(work, scope))
        .where(or_(sales, Account.role.in_(list(TAX_ROLES.values()))))
    )
    return -int(work.session.scalar(query) or 0)


def _fill_rate(rows: list[dict[str, Any]]) -> dict[str, str]:
    fields = ("tax_id", "place_of_supply")
    return {field: share(sum(1 for row in rows if row[field]), len(rows)) for field in fields}


INVOICE_REGISTER = Report(
    name="invoice-register",
    title="Invoice register",
    meaning="Every invoice issued in a period, void ones at zero. Compared with the postings to sales and tax.",
    module=Module.BILLING,
    span=Span.PERIOD,
    columns=(
        ReportColumn("number", Kind.TEXT),
        ReportColumn("issued_on", Kind.DATE, "Date"),
        ReportColumn("company", Kind.TEXT),
        ReportColumn("customer", Kind.TEXT),
        ReportColumn("customer_name", Kind.TEXT, "Name"),
        ReportColumn("tax_id", Kind.TEXT, "Tax ID"),
        ReportColumn("place_of_supply", Kind.TEXT, "Place"),
        ReportColumn("currency", Kind.TEXT),
        ReportColumn("taxable", Kind.MONEY),
        *(ReportColumn(name, Kind.MONEY, name.upper()) for name in ("vat", "cgst", "sgst", "igst")),
        ReportColumn("cess", Kind.MONEY),
        ReportColumn("tax", Kind.MONEY),
        ReportColumn("round_off", Kind.MONEY),
        ReportColumn("total", Kind.MONEY),
        ReportColumn("base_taxable", Kind.MONEY, "Taxable, base", is_base=True, base_of="taxable"),
        ReportColumn("base_tax", Kind.MONEY, "Tax, base", is_base=True, base_of="tax"),
        ReportColumn("base_total", Kind.MONEY, "Total, base", is_base=True, base_of="total"),
        ReportColumn("is_reverse_charge", Kind.BOOLEAN, "Reverse charge"),
        ReportColumn("status", Kind.CHOICE),
        ReportColumn("void_reason", Kind.TEXT, "Why void"),
    ),
    find=invoice_register,
)
