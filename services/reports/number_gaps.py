"""Missing, double and back-dated numbers of every series, and the void ones with their reasons (product.md 14)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, and_, func, or_, select, true, union_all

from models.billing import Document, Payment
from models.organisation import Branch, Company, NumberSeries
from models.values.period import FiscalYear, fiscal_year_start
from models.values.states import DocumentKind
from services.billing.kinds import KINDS
from services.errors import Forbidden, InvalidValue
from services.listing import Kind
from services.organisation.numbers import render
from services.permissions import Action, Module
from services.permissions import Scope as Rights
from services.reports.definition import Check, Found, Report, ReportColumn, Scope, Span
from services.store import Work

MOST_NAMED = 500
"""Missing numbers that are named one by one; the rest of a wide gap is counted."""


@dataclass(slots=True)
class _Findings:
    missing: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    back_dated: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    not_named: int = 0


def number_gaps(work: Work, scope: Scope) -> Found:
    series = work.session.execute(_series(work, scope)).all()
    spans = {row.series_id: row for row in work.session.execute(_spans(work, scope))}
    findings = _findings(work, scope, {row.id: row for row in series})
    rows, difference = [], 0
    for row in series:
        span, found = spans.get(row.id), findings[row.id]
        count = span.count if span else 0
        _name_missing(row, found, (span.last if span else 0) + 1, row.next_no - 1)
        difference += abs(row.next_no - 1 - count) + len(found.doubles)
        rows.append(
            {
                "company": row.company,
                "branch": row.branch,
                "series": row.kind,
                "fiscal_year": row.fiscal_year,
                "first": _rendered(row, span.first) if span else None,
                "last": _rendered(row, span.last) if span else None,
                "count": count,
                "counter": row.next_no - 1,
                "missing": _shown(found.missing, found.not_named),
                "doubles": found.doubles,
                "back_dated": found.back_dated,
                "void": found.void,
            }
        )
    return Found(rows, Check(difference == 0, str(difference)))


def _series(work: Work, scope: Scope) -> Any:
    return (
        select(
            NumberSeries.id,
            NumberSeries.kind,
            NumberSeries.fiscal_year,
            NumberSeries.pattern,
            NumberSeries.next_no,
            Company.code.label("company"),
            Company.fiscal_year_start,
            Branch.code.label("branch"),
        )
        .join(Company, Company.id == NumberSeries.company_id)
        .join(Branch, Branch.id == NumberSeries.branch_id)
        .where(_seen_series(work, scope))
        .order_by(NumberSeries.kind, NumberSeries.fiscal_year, NumberSeries.id)
    )


def _seen_series(work: Work, scope: Scope) -> ColumnElement[bool]:
    """A series is seen whole or not at all: with some of its numbers hidden it would be full of gaps."""
    rights = work.actor.scope(Module.BILLING, Action.VIEW)
    if rights is Rights.BRANCH and work.actor.branch_id is not None:
        mine: ColumnElement[bool] = NumberSeries.branch_id == work.actor.branch_id
    elif rights is Rights.ALL:
        mine = true()
    else:
        raise Forbidden(f"{work.actor.name} sees only some of the documents, so gaps in their numbers cannot be told.")
    branch = true() if scope.branch is None else NumberSeries.branch_id == scope.branch.id
    return and_(NumberSeries.company_id.in_(scope.company_ids), mine, branch)


def _numbered(work: Work, scope: Scope) -> Any:
    """(series_id, sequence_no, number, day) of documents and payments in the series that are seen."""
    seen = select(NumberSeries.id).where(_seen_series(work, scope))
    documents = select(
        Document.series_id, Document.sequence_no, Document.number, Document.issued_on.label("day")
    ).where(Document.series_id.in_(seen))
    payments = select(Payment.series_id, Payment.sequence_no, Payment.number, Payment.received_on.label("day")).where(
        Payment.series_id.in_(seen)
    )
    return union_all(documents, payments).subquery()


def _spans(work: Work, scope: Scope) -> Any:
    taken = _numbered(work, scope)
    return select(
        taken.c.series_id,
        func.min(taken.c.sequence_no).label("first"),
        func.max(taken.c.sequence_no).label("last"),
        func.count().label("count"),
    ).group_by(taken.c.series_id)


def _findings(work: Work, scope: Scope, series: dict[int, Any]) -> dict[int, _Findings]:
    """Every number that does not follow its predecessor; only these leave the database."""
    found: dict[int, _Findings] = defaultdict(_Findings)
    taken = _numbered(work, scope)
    order = {"partition_by": taken.c.series_id, "order_by": taken.c.sequence_no}
    steps = select(
        taken,
        func.coalesce(func.lag(taken.c.sequence_no, type_=BigInteger()).over(**order), 0).label("before"),
        func.lag(taken.c.day, type_=Date()).over(**order).label("day_before"),
    ).subquery()
    query = select(steps).where(or_(steps.c.sequence_no != steps.c.before + 1, steps.c.day < steps.c.day_before))
    for step in work.session.execute(query.order_by(steps.c.series_id, steps.c.sequence_no)):
        of, findings = series[step.series_id], found[step.series_id]
        if step.sequence_no == step.before:
            findings.doubles.append(step.number)
        else:
            _name_missing(of, findings, step.before + 1, step.sequence_no - 1)
        if step.day_before is not None and step.day < step.day_before and _is_ordered(of.kind):
            findings.back_dated.append(f"{step.number} ({step.day} after {step.day_before})")
    seen = select(NumberSeries.id).where(_seen_series(work, scope))
    for table in (Document, Payment):
        void = select(table.series_id, table.number, table.void_reason).where(
            table.voided_at.is_not(None), table.series_id.in_(seen)
        )
        for row in work.session.execute(void.order_by(table.id)):
            found[row.series_id].void.append(f"{row.number} ({row.void_reason})")
    return found


def _is_ordered(kind: str) -> bool:
    """Receipts and estimates may carry an earlier day than the number before."""
    rules = KINDS.get(DocumentKind(kind)) if kind in set(DocumentKind) else None
    return rules is not None and rules.is_ordered


def _name_missing(row: Any, found: _Findings, first: int, last: int) -> None:
    named = max(0, min(last, first + MOST_NAMED - 1 - len(found.missing)))
    found.missing.extend(_rendered(row, number) for number in range(first, named + 1))
    found.not_named += max(0, last - max(named, first - 1))


def _shown(missing: list[str], not_named: int) -> list[str]:
    return [*missing, f"and {not_named} more"] if not_named else missing


def _rendered(row: Any, number: int) -> str:
    """The number as the series' pattern writes it; with a pattern that no longer can, the bare count."""
    month, day = fiscal_year_start(row.fiscal_year_start)
    try:
        return render(row.pattern, branch=row.branch, year=FiscalYear(row.fiscal_year, month, day), number=number)
    except InvalidValue:
        return str(number)


NUMBER_GAPS = Report(
    name="number-gaps",
    title="Number gaps",
    meaning="Missing, double and back-dated numbers of every series. Compared with the series' counters.",
    module=Module.BILLING,
    span=Span.NOW,
    columns=(
        ReportColumn("company", Kind.TEXT),
        ReportColumn("branch", Kind.TEXT),
        ReportColumn("series", Kind.CHOICE),
        ReportColumn("fiscal_year", Kind.INTEGER, "Year"),
        ReportColumn("first", Kind.TEXT),
        ReportColumn("last", Kind.TEXT),
        ReportColumn("count", Kind.INTEGER),
        ReportColumn("counter", Kind.INTEGER),
        ReportColumn("missing", Kind.TEXT),
        ReportColumn("doubles", Kind.TEXT),
        ReportColumn("back_dated", Kind.TEXT),
        ReportColumn("void", Kind.TEXT),
    ),
    find=number_gaps,
)
