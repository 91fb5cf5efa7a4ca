"""Every report by its name, and how one is run."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from models.organisation import Branch, Company
from models.values.period import Period
from services.drafts import nearest
from services.errors import NotFound, WrongUse
from services.organisation.numbers import fiscal_year_of
from services.permissions import Action, require
from services.reports.ageing import RECEIVABLES_AGEING
from services.reports.customer_balances import CUSTOMER_BALANCES
from services.reports.definition import Answer, Report, ReportOptions, Scope, Span, totalled, written
from services.reports.general_ledger import GENERAL_LEDGER
from services.reports.number_gaps import NUMBER_GAPS
from services.reports.register import INVOICE_REGISTER
from services.reports.trial_balance import TRIAL_BALANCE
from services.store import Work

REPORTS: dict[str, Report] = {
    report.name: report
    for report in (
        TRIAL_BALANCE,
        GENERAL_LEDGER,
        RECEIVABLES_AGEING,
        CUSTOMER_BALANCES,
        INVOICE_REGISTER,
        NUMBER_GAPS,
    )
}
"""A new report is a file here and an entry above. It needs a meaning in one sentence and a counter-check."""


def reports(work: Work) -> list[dict[str, str]]:
    """The reports that the actor may run."""
    return [
        {"name": report.name, "title": report.title, "meaning": report.meaning}
        for report in REPORTS.values()
        if work.actor.scope(report.module, Action.VIEW) is not None
    ]


def run(work: Work, name: str, options: ReportOptions | None = None) -> Answer:
    """Run the report; raises WrongUse for an unknown name and for options that it does not take."""
    report = REPORTS.get(name)
    if report is None:
        raise WrongUse(f"There is no report {name}.{nearest(name, REPORTS)}")
    require(work, report.module, Action.VIEW)
    scope = _scope(work, report, options or ReportOptions())
    found = report.find(work, scope)
    columns = tuple(column for column in report.columns if column.name not in found.hidden)
    return Answer(
        name=report.name,
        title=report.title,
        meaning=report.meaning,
        as_of=scope.as_of,
        period=scope.period,
        companies=tuple(company.code for company in scope.companies),
        branch=scope.branch.code if scope.branch else None,
        base_currency=scope.base,
        columns=columns,
        rows=written(columns, found.rows, scope.base),
        totals=totalled(columns, found.rows, scope.base),
        check=found.check,
        fill_rate=dict(found.fill_rate),
    )


def _scope(work: Work, report: Report, options: ReportOptions) -> Scope:
    companies, branch = _places(work, report, options)
    bases = sorted({company.base_currency for company in companies})
    if len(bases) > 1:
        codes = ", ".join(company.code for company in companies)
        raise WrongUse(
            f"The companies keep their books in {' and '.join(bases)}. Name one with --company CODE: {codes}."
        )
    as_of, period = _days(work, report, options, companies[0])
    return Scope(companies, branch, bases[0], as_of, period)


def _places(work: Work, report: Report, options: ReportOptions) -> tuple[tuple[Company, ...], Branch | None]:
    companies = tuple(work.session.scalars(select(Company).order_by(Company.id)))
    if not companies:
        raise NotFound("This book has no company yet.")
    if options.company:
        known = [company.code for company in companies]
        companies = tuple(company for company in companies if company.code == options.company)
        if not companies:
            raise WrongUse(f"There is no company {options.company}.{nearest(options.company, known)}")
    if not options.branch:
        return companies, None
    if not report.takes_branch:
        raise WrongUse(f"The report {report.name} is of whole companies; leave --branch out.")
    branches = work.session.scalars(select(Branch).order_by(Branch.id)).all()
    for branch in branches:
        if branch.code == options.branch and branch.company_id in {company.id for company in companies}:
            return tuple(company for company in companies if company.id == branch.company_id), branch
    codes = [branch.code for branch in branches]
    raise WrongUse(f"There is no branch {options.branch} here.{nearest(options.branch, codes)}")


def _days(work: Work, report: Report, options: ReportOptions, company: Company) -> tuple[dt.date, Period | None]:
    """(as_of, period): a period is by default the fiscal year until now, a day is by default today."""
    has_period = options.date_from is not None or options.date_to is not None
    if report.span is Span.PERIOD:
        if options.as_of is not None:
            raise WrongUse(f"The report {report.name} is of a period: use --from and --to, not --as-of.")
        last = options.date_to or max(work.today, options.date_from or work.today)
        first = options.date_from or fiscal_year_of(company, last).first
        if first > last:
            raise WrongUse(f"The period from {first} to {last} ends before it begins.")
        return last, Period(first, last)
    if has_period:
        raise WrongUse(f"The report {report.name} is of one day: use --as-of, not --from and --to.")
    if report.span is Span.NOW and options.as_of not in {None, work.today}:
        raise WrongUse(f"The report {report.name} shows how things stand now; leave --as-of out.")
    return options.as_of or work.today, None
