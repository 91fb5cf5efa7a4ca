"""Fills a book with invented, lifelike business, for trying how fast a large one is: `main.py BOOK fill`.

Customers, items and rates come in by the commands' own parts. Every kind of invoice is then issued once by the real
commands and taken back (masters.py); from these forms a second process makes the rows of as many invoices as wanted,
with payments, postings, events and the chained history (producing.py), and this one inserts them (writing.py).
The same seed on the same day makes the same business.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select

from models.history import ChainHead
from services.errors import Conflict
from services.filling import preparing
from services.filling.goods import Basket, baskets
from services.filling.handing_over import in_another_process
from services.filling.masters import Forms, Master, Wanted, rehearse
from services.filling.people import Group, groups
from services.filling.plan import YEARS, Plan, sales
from services.filling.producing import blocks
from services.filling.setting import Series, Setting
from services.filling.writing import NUMBERED, Writer
from services.organisation.numbers import fiscal_year_of
from services.organisation.places import Place, default_place
from services.permissions import Action, Module, require
from services.store import Store, Work

Report = Callable[[int, int], None]
"""(done, total) of customers and invoices together."""

WORTH_A_PROCESS = 5_000
"""From so many invoices on a second process pays for its start."""
MOST_BASKETS = 1_500


@dataclass(frozen=True, slots=True)
class Filled:
    customers: int
    items: int
    invoices: int
    lines: int
    payments: int
    voided: int
    first_day: str
    last_day: str

    def json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class _Ground:
    """What the book says before it is filled, and what was put in first."""

    company: str
    branch: str
    home: str
    among: tuple[Group, ...]
    first: dt.date
    last: dt.date
    begins: dt.datetime
    weekend: tuple[int, ...]
    baskets: list[Basket]
    items: int
    quotes: dict[str, Any]


def fill(
    store: Store,
    customers: int,
    invoices: int,
    seed: int = 1,
    report: Report | None = None,
    *,
    company: str | None = None,
    branch: str | None = None,
) -> Filled:
    """Put in `customers` and `invoices` over the three years up to today; answers what came of it.

    `company` and `branch` choose where, in a book that has several.
    A book that has invoices already is filled from the day of the last one on. Raises Conflict where somebody else
    writes meanwhile.
    """
    total = customers + invoices
    tell = report or (lambda _done, _total: None)
    with store.writing() as work:
        ground = _ground(work, default_place(work, company, branch), invoices, seed)
    crowd = preparing.Crowd(ground.among, seed, (ground.company, ground.branch))
    crowd.make(store, customers, ground.begins, lambda done: tell(done, total))
    weights = sum(group.weight for group in ground.among)
    plan = Plan(
        seed,
        ground.first,
        ground.last,
        invoices if customers else 0,
        bytes(crowd.groups),
        crowd.terms_days,
        tuple(max(1, len(ground.baskets) * group.weight // weights) for group in ground.among),
        ground.weekend,
    )
    setting = _setting(store, ground, crowd, plan)
    writer = Writer(store, setting.forms)
    done = customers
    counts = dict.fromkeys(("document_line", "payment", "document_void"), 0)
    source = in_another_process(setting) if invoices >= WORTH_A_PROCESS else blocks(setting)
    for block in source:
        writer.write(block)
        done += block.sales
        for name in counts:
            counts[name] += len(block.rows[name])
        tell(done, total)
    writer.finish()
    return Filled(
        customers, ground.items, plan.invoices, counts["document_line"], counts["payment"], counts["document_void"],
        ground.first.isoformat(), ground.last.isoformat(),
    )  # fmt: skip


def _ground(work: Work, place: Place, invoices: int, seed: int) -> _Ground:
    for module in (Module.CUSTOMERS, Module.CATALOGUE, Module.BILLING):
        require(work, module, Action.CREATE)
    require(work, Module.ORGANISATION, Action.CONFIGURE)
    last = work.now.astimezone(place.zone).date()
    first = last - dt.timedelta(days=365 * YEARS)
    issued = preparing.last_issued_on(work, place)
    if issued is not None:
        first = max(first, issued)
    if first > last:
        raise Conflict(f"The last invoice is of {issued}, after today. Fill a book without invoices of the future.")
    locked = place.company.locked_through
    if locked is not None and first <= locked:
        first = locked + dt.timedelta(days=1)
    home = place.company.base_currency
    town = (place.branch.state, place.branch.city or "Town", place.branch.pin)
    among = groups(place.company.country, home, place.branch.state, town)
    now, work.now = work.now, dt.datetime.combine(first, dt.time(8), place.zone).astimezone(dt.UTC)
    begins = work.now = min(now, work.now)
    codes = preparing.make_items(work, home)
    quotes = preparing.make_rates(work, [group.currency for group in among], home, first, last)
    preparing.make_series(work, place, first, last)
    return _Ground(
        place.company.code,
        place.branch.code,
        home,
        among,
        first,
        last,
        begins,
        preparing.weekend_of(work, place),
        baskets(codes, seed, min(MOST_BASKETS, 20 + invoices // 20)),
        len(codes),
        quotes,
    )


def _setting(store: Store, ground: _Ground, crowd: preparing.Crowd, plan: Plan) -> Setting:
    with store.rehearsing() as work:
        place = default_place(work, ground.company, ground.branch)
        series, accounts = _series(work, place, ground, plan), preparing.accounts(work, place.company.id)
        head = work.session.execute(select(ChainHead.last_id, ChainHead.hash).where(ChainHead.id == 1)).one()
        next_ids = {
            table.__tablename__: (work.session.scalar(select(func.max(table.id))) or 0) + 1 for table in NUMBERED
        }
        masters, forms = _masters(work, ground, crowd, plan)
        year = fiscal_year_of(place.company, ground.first)
        return Setting(
            plan=plan,
            masters=masters,
            forms=forms,
            groups=tuple(group.name for group in ground.among),
            currencies=tuple(group.currency for group in ground.among),
            customers=tuple(crowd.facts),
            first_customer_id=crowd.first_id,
            series=series,
            quotes=ground.quotes,
            accounts=accounts,
            company_id=place.company.id,
            branch_id=place.branch.id,
            actor_id=work.actor_id,
            home_currency=ground.home,
            year_start=(year.start_month, year.start_day),
            now=work.now,
            zone=place.zone,
            next_ids=next_ids,
            head=(head.last_id, head.hash),
        )


def _series(work: Work, place: Place, ground: _Ground, plan: Plan) -> dict[tuple[str, int], Series]:
    found = preparing.make_series(work, place, ground.first, ground.last)
    return {key: preparing.numbering(series, place, plan.invoices) for key, series in found.items()}


def _masters(
    work: Work, ground: _Ground, crowd: preparing.Crowd, plan: Plan
) -> tuple[dict[tuple[int, int, str], Master], Forms]:
    """The masters that the plan will ask for, and no others."""
    wanted: dict[tuple[int, int, str], Wanted] = {}
    for position, day in enumerate(sales(plan)):
        issued_on = ground.first + dt.timedelta(days=position)
        text = issued_on.isoformat()
        for customer, basket in day:
            group = ground.among[plan.groups[customer]]
            quotes = ground.quotes.get(group.currency)
            key = (plan.groups[customer], basket, "1" if quotes is None else quotes.on(text)[0])
            if key not in wanted:
                wanted[key] = Wanted(
                    key, group.name, crowd.facts[customer][0], group.currency, issued_on,
                    ground.baskets[basket].drafts(group.currency),
                )  # fmt: skip
    return rehearse(work, ground.branch, wanted.values())


__all__ = ["Filled", "Report", "fill"]
