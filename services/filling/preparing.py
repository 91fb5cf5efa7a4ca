"""What must be in the book before the first invoice: items, rates, customers and number series."""

from __future__ import annotations

import datetime as dt
import math
from array import array
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from models.catalogue import Item
from models.customers import BlockKey, Contact, Customer, CustomerAddress
from models.history import Event
from models.organisation import CurrencyRate, NumberSeries, WorkingCalendar
from models.values.period import FiscalYear
from models.values.states import AccountRole
from services.catalogue.commands import create_item
from services.codes import next_codes
from services.customers.commands import CODE_PREFIX, circumstances
from services.customers.drafts import CustomerDraft
from services.customers.duplicates_search import block_rows
from services.customers.filling import fill as filled_in
from services.filling.goods import items
from services.filling.people import Group, invented
from services.filling.setting import Accounts, CustomerFacts, Quotes, Series
from services.ledger.posting import account_for, accounts_of
from services.organisation.numbers import fiscal_year_of, render, set_pattern, take
from services.organisation.places import Place
from services.organisation.rates import enter_rate
from services.store import Store, Work

CUSTOMERS_PER_BLOCK = 2_000
SOURCE = "Invented for filling"
KINDS = ("invoice", "payment")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RATES = {
    ("USD", "AED"): ("3.6725", 0), ("USD", "INR"): ("84.5", 3), ("USD", "SAR"): ("3.75", 0), ("USD", "EUR"): ("0.92", 4),
}  # fmt: skip
"""(currency, home) -> (rate, how many per cent it swings)."""


def make_items(work: Work, currency: str) -> list[str]:
    """The codes of the invented items."""
    ids = [create_item(work, draft) for draft in items(currency)]
    codes = {row.id: row.code for row in work.session.execute(select(Item.id, Item.code).where(Item.id.in_(ids)))}
    return [codes[one] for one in ids]


def make_rates(work: Work, currencies: Sequence[str], home: str, first: dt.date, last: dt.date) -> dict[str, Quotes]:
    """A rate for every Monday; it changes with the month. Rates that are there already stand."""
    found = {}
    for currency in dict.fromkeys(currencies):
        if currency == home:
            continue
        known = set(
            work.session.scalars(
                select(CurrencyRate.quoted_on).where(CurrencyRate.currency == currency, CurrencyRate.home == home)
            )
        )
        day = first - dt.timedelta(days=first.weekday())
        while day <= last:
            if day not in known:
                enter_rate(work, currency, home, day, _rate(currency, home, day), SOURCE)
            day += dt.timedelta(days=7)
        work.session.flush()
        rows = work.session.execute(
            select(CurrencyRate.quoted_on, CurrencyRate.rate)
            .where(CurrencyRate.currency == currency, CurrencyRate.home == home)
            .order_by(CurrencyRate.quoted_on)
        ).all()
        found[currency] = Quotes(tuple(r.quoted_on.isoformat() for r in rows), tuple(f"{r.rate:f}" for r in rows))
    return found


def _rate(currency: str, home: str, monday: dt.date) -> Decimal:
    base, swing = RATES.get((currency, home), ("1.25", 2))
    months = monday.year * 12 + monday.month
    return (Decimal(base) * (1 + Decimal(round(swing * math.sin(months / 4), 2)) / 100)).quantize(Decimal("0.0001"))


def make_series(work: Work, place: Place, first: dt.date, last: dt.date) -> dict[tuple[str, int], NumberSeries]:
    """The series of every fiscal year, with the pattern that the first document of that year would open it with."""
    patterns = _usual_patterns(work, place, last)
    years = range(fiscal_year_of(place.company, first).year, fiscal_year_of(place.company, last).year + 1)
    month_day = fiscal_year_of(place.company, first)
    found = {}
    for year in years:
        opens = FiscalYear(year, month_day.start_month, month_day.start_day).first
        for kind in KINDS:
            known = _series(work, place, kind, year)
            if known is None:
                set_pattern(work, place, kind, patterns[kind], opens)
                known = _series(work, place, kind, year)
            assert known is not None, "set_pattern made it"
            found[kind, year] = known
    return found


def _usual_patterns(work: Work, place: Place, day: dt.date) -> dict[str, str]:
    """What the branch numbers with now, asked by taking a number and giving it back."""
    patterns = {}
    with work.session.begin_nested() as savepoint:
        for kind in KINDS:
            taken = take(work, place, kind, day)
            patterns[kind] = work.session.scalars(
                select(NumberSeries.pattern).where(NumberSeries.id == taken.series_id)
            ).one()
        savepoint.rollback()
    for key in [key for key in work.pending.rows if key[0] == NumberSeries.__tablename__]:
        del work.pending.rows[key]
    return patterns


def _series(work: Work, place: Place, kind: str, year: int) -> NumberSeries | None:
    return work.session.scalar(
        select(NumberSeries).where(
            NumberSeries.registration_id == place.branch.registration_id,
            NumberSeries.branch_id == place.branch.id,
            NumberSeries.kind == kind,
            NumberSeries.fiscal_year == year,
        )
    )


def numbering(series: NumberSeries, place: Place, most: int) -> Series:
    """The series as text around a counter; raises InvalidValue where `most` more numbers would be too long."""
    year = fiscal_year_of(place.company, dt.date(series.fiscal_year, 12, 31))
    branch, pattern = place.branch.code, series.pattern
    render(pattern, branch=branch, year=year, number=series.next_no + most)
    opens = pattern.index("{0")
    closes = pattern.index("}", opens)
    left = render(pattern[:opens] + "{0}", branch=branch, year=year, number=7)[:-1]
    right = render("X" + pattern[closes + 1 :], branch=branch, year=year, number=7)[1:]
    return Series(series.id, left, closes - opens - 1, right, series.next_no)


def last_issued_on(work: Work, place: Place) -> dt.date | None:
    """The date of the branch's last invoice number: filling goes on from there."""
    return work.session.scalar(
        select(func.max(NumberSeries.last_issued_on)).where(
            NumberSeries.branch_id == place.branch.id, NumberSeries.kind == "invoice"
        )
    )


def weekend_of(work: Work, place: Place) -> tuple[int, ...]:
    hours = work.session.get_one(WorkingCalendar, place.branch.calendar_id).hours
    return tuple(position for position, name in enumerate(WEEKDAYS) if name not in hours)


def accounts(work: Work, company_id: int) -> Accounts:
    roles = accounts_of(work, company_id)
    return Accounts(
        account_for(roles, AccountRole.RECEIVABLE),
        account_for(roles, AccountRole.BANK),
        account_for(roles, AccountRole.CASH),
        account_for(roles, AccountRole.EXCHANGE),
        account_for(roles, AccountRole.CUSTOMER_CREDIT),
    )


class Crowd:
    """The customers as they are put in: what the plan and the producer must know of each."""

    def __init__(self, among: Sequence[Group], seed: int, place: tuple[str, str]) -> None:
        self._among, self._seed, self._place = among, seed, place
        self.groups = bytearray()
        self.terms_days = array("i")
        self.facts: list[CustomerFacts] = []
        self.first_id = 0

    def make(self, store: Store, count: int, at: dt.datetime, report: Callable[[int], None]) -> None:
        """`count` customers with address, some with a contact; two thousand in one transaction."""
        for start in range(0, count, CUSTOMERS_PER_BLOCK):
            with store.writing() as work:
                work.now = at
                self._some(work, start, min(CUSTOMERS_PER_BLOCK, count - start))
            report(min(start + CUSTOMERS_PER_BLOCK, count))

    def _some(self, work: Work, start: int, count: int) -> None:
        company, branch = self._place
        around = circumstances(work, CustomerDraft(display_name="-", company=company, branch=branch))
        codes = next_codes(work, CODE_PREFIX, count)
        ids = work.next_ids(Customer, count)
        self.first_id = self.first_id or ids[0]
        customers: list[dict[str, Any]] = []
        addresses: list[dict[str, Any]] = []
        contacts: list[dict[str, Any]] = []
        keys: list[dict[str, Any]] = []
        drafts = invented(self._among, self._seed, start, count)
        for customer_id, code, (group, draft) in zip(ids, codes, drafts, strict=True):
            filled = filled_in(draft, around)
            assert not filled.problems, filled.problems
            row = filled.customer | {
                "id": customer_id, "code": code, "version": 1, "created_at": work.now, "merged_into_id": None,
            }  # fmt: skip
            customers.append(row)
            addresses += [address | {"customer_id": customer_id} for address in filled.addresses]
            contacts += [
                contact
                | {"customer_id": customer_id, "owner_id": row["owner_id"], "created_at": work.now, "version": 1,
                   "is_archived": False}
                for contact in filled.contacts
            ]  # fmt: skip
            keys += block_rows(customer_id, row, filled.addresses, filled.contacts)
            self._remember(group, row, filled.addresses[0])
        work.insert_many(Customer, customers)
        for table, rows in ((CustomerAddress, addresses), (Contact, contacts)):
            table_ids = work.next_ids(table, len(rows))
            work.insert_many(table, [row | {"id": row_id} for row, row_id in zip(rows, table_ids, strict=True)])
        work.insert_parts(BlockKey, keys)
        for customer_id in ids:
            work.events.append(
                {"at": work.now, "actor_id": work.actor_id, "kind": "customer.created", "subject_kind": "customer",
                 "subject_id": customer_id, "details": {}}
            )  # fmt: skip
        work.topics.add(Event.topic)

    def _remember(self, group: int, row: dict[str, Any], address: dict[str, Any]) -> None:
        self.groups.append(group)
        self.terms_days.append(row["payment_terms_days"])
        self.facts.append(
            (row["code"], row["legal_name"], row["tax_id"], address["street"], address["city"], address["pin"],
             address["state"], row["country"], row["phone"], row["email"])
        )  # fmt: skip
