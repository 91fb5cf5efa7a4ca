"""Rows of invoices, payments and their consequences, day by day, chained and hashed: pure, without a database.

It runs in a process of its own while the book's process inserts, so that two cores are busy. What the rows look like
comes from the masters; the order of rows within a command is the command's own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.columns import canonical_json
from models.values.money import Money
from models.values.period import FiscalYear
from models.values.places import place_name
from services import history
from services.billing.views import DESIGN
from services.filling.masters import VOID_REASON, Master, entry_text
from services.filling.plan import Sale, sales
from services.filling.setting import Block, Rows, Setting

TABLES = (
    "document_line document document_paid document_void frozen_view payment payment_allocation journal_entry posting "
    "event search_entry history history_value number_series"
).split()
SALES_PER_BLOCK = 3_000
OPENS_AT, CLOSES_AT = dt.time(9), dt.time(18)
NEVER, VOIDED, IN_PARTS, TOO_MUCH = 0.025, 0.037, 0.077, 0.087
"""Of all invoices: so many are never paid, then so many more are voided, paid in parts, overpaid."""
PO_SHARE = 0.2
METHODS = (("bank", 0.72), ("card", 0.82), ("cheque", 0.93), ("cash", 1.0))


@dataclass(slots=True)
class _Open:
    """An invoice that is not settled yet."""

    id: int
    customer: int
    number: str
    master: Master
    entry_id: int
    issued_on: str
    balance: int
    home_balance: int
    paid: int = 0
    version: int = 2


@dataclass(frozen=True, slots=True)
class _Due:
    """What will happen to an open invoice on a day. `extra`: paid beyond the amount."""

    invoice: _Open
    action: str
    amount: int = 0
    extra: int = 0


def blocks(setting: Setting) -> Iterator[Block]:
    """The whole book in the order of time, in blocks of some thousand invoices."""
    return Producer(setting).blocks()


class Producer:
    def __init__(self, setting: Setting) -> None:
        self._set = setting
        self._dice = random.Random(f"{setting.plan.seed}:fates")  # noqa: S311 - lifelike figures, not secrets
        self._salts = random.Random(f"{setting.plan.seed}:salts").randbytes  # noqa: S311 - lifelike figures, not secrets
        self._rows: Rows = {name: [] for name in TABLES}
        self._ids = dict(setting.next_ids)
        self._history_id, self._previous = setting.head
        self._next_no = {key: series.next_no for key, series in setting.series.items()}
        self._last_on: dict[tuple[str, int], str] = {}
        self._coming: defaultdict[int, list[_Due]] = defaultdict(list)
        self._customer_views: dict[int, str] = {}
        self._quantum = Decimal(1).scaleb(-10)
        self._day = 0
        self._on = ""
        self._year = 0
        self._at = ""
        self._at_utc = ""

    def blocks(self) -> Iterator[Block]:
        before, count = self._history_id, 0
        for day, today in enumerate(sales(self._set.plan)):
            self._one_day(day, today)
            count += len(today)
            if count >= SALES_PER_BLOCK:
                yield self._block(before, count)
                before, count = self._history_id, 0
        if self._history_id > before:
            yield self._block(before, count)

    def _block(self, before: int, count: int) -> Block:
        rows, self._rows = self._rows, {name: [] for name in TABLES}
        rows["number_series"] = [
            (self._next_no[key], last_on, self._set.series[key].id) for key, last_on in self._last_on.items()
        ]
        return Block(rows, before, (self._history_id, self._previous), count, dict(self._ids))

    def _one_day(self, position: int, today: list[Sale]) -> None:
        """Money comes in the morning, invoices go out after it; the clock runs evenly through the working hours."""
        self._day = position
        coming = self._coming.pop(position, [])
        day = self._set.plan.first + dt.timedelta(days=self._day)
        self._on = day.isoformat()
        self._year = FiscalYear.of(day, *self._set.year_start).year
        opens, seconds = self._hours(day)
        step = seconds / (len(coming) + len(today) + 1)
        moment = 0
        for moment, due in enumerate(coming, 1):
            self._tick(opens, moment * step)
            if due.action == "void":
                self._void(due.invoice)
            else:
                self._pay(due)
        for moment, (customer, basket) in enumerate(today, moment + 1):  # noqa: B020 - the clock runs on
            self._tick(opens, moment * step)
            self._sell(customer, basket)

    def _hours(self, day: dt.date) -> tuple[dt.datetime, float]:
        """When the day's work begins, in UTC, and how many seconds it lasts; today ends now."""
        opens = dt.datetime.combine(day, OPENS_AT, self._set.zone).astimezone(dt.UTC)
        closes = dt.datetime.combine(day, CLOSES_AT, self._set.zone).astimezone(dt.UTC)
        closes = min(closes, self._set.now.replace(microsecond=0))
        if opens >= closes:
            opens = max(
                closes - dt.timedelta(minutes=1),
                dt.datetime.combine(day, dt.time(0), self._set.zone).astimezone(dt.UTC),
            )
        return opens, max((closes - opens).total_seconds(), 0.0)

    def _tick(self, opens: dt.datetime, seconds: float) -> None:
        self._at_utc = (opens + dt.timedelta(seconds=int(seconds))).isoformat()
        self._at = f"{self._at_utc[:10]} {self._at_utc[11:19]}.000000"

    # Sales -----------------------------------------------------------------------------------------------------------

    def _sell(self, customer: int, basket: int) -> None:
        the, rows = self._set, self._rows
        group = the.plan.groups[customer]
        quotes = the.quotes.get(the.currencies[group])
        rate, quoted_on = ("1", None) if quotes is None else quotes.on(self._on)
        master = the.masters[group, basket, rate]
        document_id = self._take_id("document")
        series, sequence_no, number = self._number("invoice")
        terms = the.plan.terms_days[customer]
        due_day = self._day + terms
        due_on = (the.plan.first + dt.timedelta(days=due_day)).isoformat()
        po_number = f"PO-{self._dice.randrange(10**6):06d}" if self._dice.random() < PO_SHARE else ""
        places: dict[str, Any] = {
            "customer_id": the.first_customer_id + customer,
            "number": number,
            "series_id": series,
            "fiscal_year": self._year,
            "sequence_no": sequence_no,
            "issued_on": self._on,
            "due_on": due_on,
            "terms_days": terms,
            "created_at": self._at_utc,
            "issued_at": self._at_utc,
            "po_number": po_number,
            "exchange_rate_on": quoted_on,
            "customer": self._customer(customer, group),
            "payment_terms": "Due on receipt" if terms == 0 else f"{terms} days",
            "posted_on": self._on,
            "source_id": document_id,
        }
        said = (master.view % places).encode()
        places["view_sha256"] = seal = hashlib.sha256(said).hexdigest()
        rows["document"].append(
            (document_id, places["customer_id"], number, series, self._year, sequence_no, self._on, due_on, terms,
             self._at, self._at, seal, po_number, quoted_on, *master.rest)
        )  # fmt: skip
        self._keep("document", document_id, "insert", master.changes % places)
        for rest, changes in master.lines:
            line_id = self._take_id("document_line")
            rows["document_line"].append((line_id, document_id, *rest))
            self._keep("document_line", line_id, "insert", changes % {"document_id": document_id})
        rows["frozen_view"].append((document_id, DESIGN, seal, zlib.compress(said, 6)))
        entry_id = self._enter(f"Invoice {number}", "document", document_id, master.entry % places)
        rows["posting"].extend(
            (entry_id, account, places["customer_id"] if is_customer else None, currency, minor, home)
            for account, is_customer, currency, minor, home in master.postings
        )
        self._tell("invoice.drafted", "document", document_id, "{}")
        self._tell("invoice.issued", "document", document_id, f'{{"number":"{number}"}}')
        words = f"{number} {po_number} {master.amount}" if po_number else f"{number} {master.amount}"
        self._find("document", document_id, number, words)
        invoice = _Open(
            document_id, customer, number, master, entry_id, self._on, master.payable_minor, master.home_payable_minor
        )
        if master.payable_minor:
            self._foresee(invoice, due_day)

    def _customer(self, customer: int, group: int) -> str:
        known = self._customer_views.get(customer)
        if known is None:
            code, legal_name, tax_id, street, city, pin, state, country, phone, email = self._set.customers[customer]
            block = dict(self._set.forms.customer[self._set.groups[group]])
            block |= {
                "code": code,
                "legal_name": legal_name,
                "tax_id": tax_id,
                "address": block["address"]
                | {"street": street, "city": city, "pin": pin, "state": state, "country": country},
                "state": state,
                "state_name": place_name(state) if state and country in {"IN", "AE"} else state,
                "phone": phone,
                "email": email,
            }
            known = self._customer_views[customer] = canonical_json(block)
        return known

    def _foresee(self, invoice: _Open, due_day: int) -> None:
        """What becomes of the invoice; days after the last one never come, so new invoices stay open."""
        dice = self._dice
        fate = dice.random()
        if fate < NEVER:
            return
        if fate < VOIDED:
            self._coming[self._day + dice.randrange(1, 12)].append(_Due(invoice, "void"))
            return
        day = max(self._day, due_day + int(dice.triangular(-14, 40, 2))) + 1
        amount, extra = invoice.balance, 0
        if fate < IN_PARTS:
            amount = max(1, amount * dice.randrange(30, 71) // 100)
            if dice.random() < 0.5 and amount < invoice.balance:
                rest = _Due(invoice, "pay", invoice.balance - amount)
                self._coming[day + dice.randrange(15, 60)].append(rest)
        elif fate < TOO_MUCH:
            extra = 100 * dice.randrange(1, 50)
        self._coming[day].append(_Due(invoice, "pay", amount, extra))

    # Payments --------------------------------------------------------------------------------------------------------

    def _pay(self, due: _Due) -> None:
        """`receive`: the last part of a balance takes all that is left of it at the document's rate."""
        the, invoice, rows = self._set, due.invoice, self._rows
        currency, total = invoice.master.currency, due.amount + due.extra
        quotes = the.quotes.get(currency)
        rate = "1" if quotes is None else quotes.on(self._on)[0]
        home = self._at_home(total, currency, rate)
        leaves = invoice.home_balance
        if due.amount < invoice.balance:
            leaves = min(self._at_home(due.amount, currency, invoice.master.exchange_rate), leaves)
        arrives = home if not due.extra else min(self._at_home(due.amount, currency, rate), home)
        payment_id = self._take_id("payment")
        series, sequence_no, number = self._number("payment")
        method = self._method()
        reference = f"TT{self._dice.randrange(10**8):08d}" if method in {"bank", "cheque"} else ""
        customer_id = the.first_customer_id + invoice.customer
        places: dict[str, Any] = {
            "customer_id": customer_id, "number": number, "series_id": series, "fiscal_year": self._year,
            "sequence_no": sequence_no, "method": method, "received_on": self._on, "exchange_rate": rate,
            "amount_minor": total, "home_amount_minor": home, "allocated_minor": due.amount,
            "unallocated_minor": due.extra, "home_unallocated_minor": home - arrives, "reference": reference,
            "created_at": self._at_utc,
        }  # fmt: skip
        rest, changes = the.forms.payments[currency]
        rows["payment"].append(
            (payment_id, customer_id, number, series, self._year, sequence_no, method, self._on,
             int(Decimal(rate).scaleb(10)), total, home, due.amount, due.extra, home - arrives, reference, self._at, *rest)
        )  # fmt: skip
        self._keep("payment", payment_id, "insert", changes % places)
        self._post_receipt(
            payment_id, number, customer_id, currency, method == "cash", total, home, due, leaves, arrives
        )
        self._settle(payment_id, invoice, due.amount, leaves, arrives)
        self._tell("payment.received", "payment", payment_id, f'{{"number":"{number}"}}')
        amount = str(Money(total, currency))
        self._find(
            "payment", payment_id, number, f"{number} {reference} {amount}" if reference else f"{number} {amount}"
        )

    def _post_receipt(
        self, payment_id: int, number: str, customer_id: int, currency: str, is_cash: bool, total: int, home: int,
        due: _Due, leaves: int, arrives: int,
    ) -> None:  # fmt: skip
        accounts = self._set.accounts
        sides = [
            (accounts.cash if is_cash else accounts.bank, None, currency, total, home),
            (accounts.receivable, customer_id, currency, -due.amount, -leaves),
            (accounts.exchange, None, currency, 0, leaves - arrives),
            (accounts.customer_credit, customer_id, currency, -due.extra, arrives - home),
        ]
        sides = [side for side in sides if side[3] or side[4]]
        text = f"Payment {number}"
        digested = entry_text(
            self._set.company_id, self._set.branch_id, self._on, text, "payment", payment_id, "null", sides
        )
        entry_id = self._enter(text, "payment", payment_id, digested)
        self._rows["posting"].extend((entry_id, *side) for side in sides)

    def _settle(self, payment_id: int, invoice: _Open, amount: int, leaves: int, arrives: int) -> None:
        allocation_id = self._take_id("payment_allocation")
        self._rows["payment_allocation"].append(
            (allocation_id, payment_id, invoice.id, self._on, amount, leaves, arrives, None)
        )
        places = {
            "payment_id": payment_id, "document_id": invoice.id, "allocated_on": self._on, "amount_minor": amount,
            "home_document_minor": leaves, "home_payment_minor": arrives,
        }  # fmt: skip
        self._keep("payment_allocation", allocation_id, "insert", self._set.forms.allocation % places)
        balance, home_balance, paid = invoice.balance - amount, invoice.home_balance - leaves, invoice.paid + amount
        home = "" if not leaves else f'"home_balance_minor":[{invoice.home_balance},{home_balance}],'
        changes = f'{{"balance_minor":[{invoice.balance},{balance}],{home}"paid_minor":[{invoice.paid},{paid}]}}'
        self._keep("document", invoice.id, "update", changes)
        invoice.balance, invoice.home_balance, invoice.paid = balance, home_balance, paid
        invoice.version += 1
        self._rows["document_paid"].append((paid, balance, home_balance, invoice.version, invoice.id))

    def _void(self, invoice: _Open) -> None:
        """`void`: the entry is mirrored, the number stays."""
        customer_id = self._set.first_customer_id + invoice.customer
        sides = [
            (account, customer_id if is_customer else None, currency, -minor, -home)
            for account, is_customer, currency, minor, home in invoice.master.postings
        ]
        text = f"Void of invoice {invoice.number}"
        digested = entry_text(
            self._set.company_id, self._set.branch_id, self._on, text, "document", invoice.id, invoice.entry_id, sides
        )
        entry_id = self._enter(text, "document", invoice.id, digested, reverses=invoice.entry_id)
        self._rows["posting"].extend((entry_id, *side) for side in sides)
        changes = (
            f'{{"balance_minor":[{invoice.balance},0],"home_balance_minor":[{invoice.home_balance},0],'
            f'"state":["issued","void"],"void_reason":[null,"{VOID_REASON}"],"voided_at":[null,"{self._at_utc}"]}}'
        )
        self._keep("document", invoice.id, "update", changes)
        self._rows["document_void"].append(("void", self._at, VOID_REASON, 0, 0, invoice.version + 1, invoice.id))
        self._tell("invoice.voided", "document", invoice.id, f'{{"reason":"{VOID_REASON}"}}')

    # Parts -----------------------------------------------------------------------------------------------------------

    def _take_id(self, table: str) -> int:
        taken = self._ids[table]
        self._ids[table] = taken + 1
        return taken

    def _number(self, kind: str) -> tuple[int, int, str]:
        key = kind, self._year
        series, number = self._set.series[key], self._next_no[key]
        self._next_no[key] = number + 1
        self._last_on[key] = self._on
        return series.id, number, f"{series.left}{number:0{series.width}d}{series.right}"

    def _method(self) -> str:
        chance = self._dice.random()
        return next(name for name, upto in METHODS if chance < upto)

    def _at_home(self, minor: int, currency: str, rate: str) -> int:
        if currency == self._set.home_currency:
            return minor
        return Money(minor, currency).converted(Decimal(rate), self._set.home_currency).minor

    def _enter(self, text: str, source_kind: str, source_id: int, digested: str, *, reverses: int | None = None) -> int:
        entry_id = self._take_id("journal_entry")
        digest = hashlib.sha256(digested.encode())
        self._rows["journal_entry"].append(
            (entry_id, self._set.company_id, self._set.branch_id, self._on, self._at, text, source_kind, source_id,
             reverses, digest.digest())
        )  # fmt: skip
        form = self._set.forms.entry if reverses is None else self._set.forms.reversal
        places = {
            "digest": digest.hexdigest(), "posted_at": self._at_utc, "posted_on": self._on, "source_id": source_id,
            "source_kind": source_kind, "text": text, "reverses_id": reverses,
        }  # fmt: skip
        self._keep("journal_entry", entry_id, "insert", form % places)
        return entry_id

    def _tell(self, kind: str, subject_kind: str, subject_id: int, details: str) -> None:
        self._rows["event"].append((self._at, self._set.actor_id, kind, subject_kind, subject_id, details))

    def _find(self, kind: str, record_id: int, title: str, words: str) -> None:
        the = self._set
        self._rows["search_entry"].append((kind, record_id, the.actor_id, the.branch_id, title, f" {words.lower()}"))

    def _keep(self, table: str, row_id: int, action: str, changes: str) -> None:
        """One link of the chain, as services.history.write makes it."""
        self._history_id += 1
        actor_id = self._set.actor_id
        salt = self._salts(history.SALT_BYTES)
        digest = history.digest_of(salt, changes)
        facts = f"{self._at_utc}|{actor_id}||{table}|{row_id}|{action}"
        self._previous = history.link(self._previous, self._history_id, facts, digest)
        self._rows["history"].append(
            (self._history_id, self._at, actor_id, None, table, row_id, action, digest, self._previous)
        )
        self._rows["history_value"].append((self._history_id, salt, changes))
