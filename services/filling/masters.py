"""Masters: each kind of sale carried out once by the real commands, then taken back; what they wrote is the form.

Whatever `create_document`, `issue`, `receive` and `void` write, a million invoices are printed from it with other
customers, days and numbers. A command that changes changes the filled book with it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from models.base import Entity
from models.billing import Document, FrozenView, Payment, PaymentAllocation
from models.columns import canonical_json
from models.ledger import JournalEntry
from models.values.money import Money
from models.values.states import DocumentKind
from services.billing.commands import create_document, issue, void
from services.billing.drafts import AllocationDraft, DocumentDraft, LineDraft, PaymentDraft
from services.billing.payments import receive
from services.store import Work

Changes = Mapping[str, Sequence[Any]]
PostingSide = tuple[int, bool, str, int, int]
"""(account id, whether it is the customer's, currency, minor, home minor)."""

DOCUMENT_SLOTS = (
    "id customer_id number series_id fiscal_year sequence_no issued_on due_on terms_days created_at issued_at "
    "view_sha256 po_number exchange_rate_on"
).split()
"""What differs between two invoices of one master, as columns."""
LINE_SLOTS = ("id", "document_id")
PAYMENT_SLOTS = (
    "id customer_id number series_id fiscal_year sequence_no method received_on exchange_rate amount_minor "
    "home_amount_minor allocated_minor unallocated_minor home_unallocated_minor reference created_at"
).split()
ENTRY_SLOTS = ("digest", "posted_at", "posted_on", "source_id", "source_kind", "text")
ALLOCATION_SLOTS = "payment_id document_id allocated_on amount_minor home_document_minor home_payment_minor".split()
VOID_REASON = "Ordered by mistake"


@dataclass(frozen=True, slots=True)
class Master:
    """One kind of invoice. Texts are %-forms; `rest` are the columns beside the slots."""

    rest: tuple[Any, ...]
    changes: str
    lines: tuple[tuple[tuple[Any, ...], str], ...]
    view: str
    entry: str
    """What the digest of its journal entry is taken over."""
    postings: tuple[PostingSide, ...]
    currency: str
    payable_minor: int
    home_payable_minor: int
    exchange_rate: str
    amount: str


@dataclass(frozen=True, slots=True)
class Forms:
    """What all invoices and payments share."""

    document_columns: tuple[str, ...]
    line_columns: tuple[str, ...]
    payment_columns: tuple[str, ...]
    customer: dict[str, dict[str, Any]]
    """Group -> the customer's block of the frozen view, to be filled with another customer's facts."""
    payments: dict[str, tuple[tuple[Any, ...], str]]
    """Currency -> (columns beside the slots, changes)."""
    allocation: str
    entry: str
    reversal: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An invoice to rehearse: `key` names the master."""

    key: tuple[int, int, str]
    group: str
    customer: str
    currency: str
    issued_on: Any
    lines: tuple[LineDraft, ...]


@dataclass(slots=True)
class _Shared:
    customer: dict[str, dict[str, Any]]
    payments: dict[str, tuple[tuple[Any, ...], str]]
    columns: dict[str, tuple[str, ...]]
    allocation: str = ""
    entry: str = ""
    reversal: str = ""


def rehearse(work: Work, branch: str, wanted: Iterable[Wanted]) -> tuple[dict[tuple[int, int, str], Master], Forms]:
    """Carry out each wanted invoice, in order of its day; the caller rolls back."""
    shared = _Shared({}, {}, {})
    masters = {}
    for one in sorted(wanted, key=lambda w: (w.issued_on, w.key)):
        draft = DocumentDraft(
            customer={"code": one.customer},
            branch=branch,
            currency=one.currency,
            issued_on=one.issued_on,
            po_number="PO-0",
            lines=one.lines,
        )
        document_id = create_document(work, DocumentKind.INVOICE, draft)
        number = issue(work, document_id)
        work.session.flush()
        document = work.session.get_one(Document, document_id)
        masters[one.key] = _master(work, document, shared, one.group)
        if one.currency not in shared.payments:
            _pay(work, document, number, one, shared)
        if not shared.reversal:
            _void(work, branch, one, shared)
        work.pending.rows.clear()
        work.touched.clear()
        work.events.clear()
    return masters, Forms(
        shared.columns.get("document", ()),
        shared.columns.get("document_line", ()),
        shared.columns.get("payment", ()),
        shared.customer,
        shared.payments,
        shared.allocation,
        shared.entry,
        shared.reversal,
    )


def _master(work: Work, document: Document, shared: _Shared, group: str) -> Master:
    (row,) = _rows(work, Document, [document.id])
    entry_id = _last_entry(work)
    lines = _rows(work, type(document.lines[0]), [line.id for line in document.lines])
    shared.columns["document"], rest = _split(row, DOCUMENT_SLOTS)
    parts = []
    for line in lines:
        shared.columns["document_line"], beside = _split(line, LINE_SLOTS)
        parts.append((beside, changes_form(_changes(work, "document_line", line["id"]), LINE_SLOTS)))
    if not shared.entry:
        shared.entry = changes_form(_changes(work, "journal_entry", entry_id), ENTRY_SLOTS)
    postings = _postings(work, entry_id)
    return Master(
        rest=rest,
        changes=changes_form(_changes(work, "document", document.id), DOCUMENT_SLOTS),
        lines=tuple(parts),
        view=_view_form(work, document, shared, group),
        entry=entry_form(
            document.company_id, document.branch_id, f"Invoice {text_slot('number')}", "document", postings
        ),
        postings=postings,
        currency=document.currency,
        payable_minor=document.payable_minor,
        home_payable_minor=document.home_payable_minor,
        exchange_rate=f"{document.exchange_rate:f}",
        amount=str(Money(document.payable_minor, document.currency)),
    )


def _view_form(work: Work, document: Document, shared: _Shared, group: str) -> str:
    body = work.session.scalar(select(FrozenView.body).where(FrozenView.document_id == document.id))
    assert body is not None, "issue() froze it"
    view = json.loads(zlib.decompress(body))
    shared.customer.setdefault(group, view["customer"])
    view["customer"] = raw_slot("customer")
    for name in ("number", "issued_on", "due_on", "payment_terms", "po_number"):
        view[name] = text_slot(name)
    if view["home"]["exchange_rate_on"] is not None:
        view["home"]["exchange_rate_on"] = text_slot("exchange_rate_on")
    return form(view)


def _pay(work: Work, document: Document, number: str, one: Wanted, shared: _Shared) -> None:
    amount = Money(document.payable_minor, document.currency).amount
    payment_id = receive(
        work,
        PaymentDraft(
            customer=one.customer,
            amount=amount,
            currency=document.currency,
            received_on=one.issued_on,
            reference="R",
            allocate=(AllocationDraft(number, amount),),
        ),
    )
    work.session.flush()
    (row,) = _rows(work, Payment, [payment_id])
    shared.columns["payment"], rest = _split(row, PAYMENT_SLOTS)
    shared.payments[document.currency] = (rest, changes_form(_changes(work, "payment", payment_id), PAYMENT_SLOTS))
    allocation = work.session.scalar(select(PaymentAllocation.id).where(PaymentAllocation.payment_id == payment_id))
    assert allocation is not None, "receive() made it"
    shared.allocation = changes_form(_changes(work, "payment_allocation", allocation), ALLOCATION_SLOTS)


def _void(work: Work, branch: str, one: Wanted, shared: _Shared) -> None:
    draft = DocumentDraft(
        customer={"code": one.customer}, branch=branch, currency=one.currency, issued_on=one.issued_on, lines=one.lines
    )
    document_id = create_document(work, DocumentKind.INVOICE, draft)
    issue(work, document_id)
    void(work, document_id, VOID_REASON)
    work.session.flush()
    changes = _changes(work, "journal_entry", _last_entry(work))
    shared.reversal = changes_form(changes, (*ENTRY_SLOTS, "reverses_id"))


# Forms ---------------------------------------------------------------------------------------------------------------


def text_slot(name: str) -> str:
    """A place for letters and digits that JSON keeps as they are, inside its quotes."""
    return f"~~{name}~~"


def raw_slot(name: str) -> str:
    """A place for a piece of JSON."""
    return f"~!{name}!~"


def form(value: Any) -> str:
    """The canonical JSON of `value` as a %-form, with its slots as named places."""
    text = canonical_json(value).replace("%", "%%")
    text = re.sub(r'"~!(\w+)!~"', r"%(\1)s", text)
    return re.sub(r"~~(\w+)~~", r"%(\1)s", text)


def changes_form(changes: Changes, slots: Iterable[str]) -> str:
    """What history keeps of a new row. A slot that the master leaves empty stays out, as in the row."""
    places = set(slots)
    result = {}
    for name, (old, new) in changes.items():
        if name in places:
            result[name] = [old, text_slot(name) if isinstance(new, str) else raw_slot(name)]
        else:
            result[name] = [old, new]
    return form(result)


def entry_form(
    company_id: int, branch_id: int, text: str, source_kind: str, postings: Sequence[PostingSide], reverses: Any = None
) -> str:
    """services.ledger.digest.entry_digest, before it is hashed."""
    facts = [company_id, branch_id, text_slot("posted_on"), text, source_kind, raw_slot("source_id"), reverses]
    sides = [
        [account, raw_slot("customer_id") if is_customer else None, currency, minor, home]
        for account, is_customer, currency, minor, home in postings
    ]
    return form([facts, sides])


def entry_text(
    company_id: int, branch_id: int, on: str, text: str, source_kind: str, source_id: int, reverses: object,
    sides: list[tuple[int, int | None, str, int, int]],
) -> str:  # fmt: skip
    """What entry_digest hashes, written directly: canonical JSON of numbers and plain letters."""
    rows = ",".join(
        f'[{account},{"null" if customer is None else customer},"{currency}",{minor},{home}]'
        for account, customer, currency, minor, home in sides
    )
    return f'[[{company_id},{branch_id},"{on}","{text}","{source_kind}",{source_id},{reverses}],[{rows}]]'


def _rows(work: Work, table: type[Entity], ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows as the driver gives them, in order of id."""
    listed = ", ".join(str(int(one)) for one in ids)
    sql = f"SELECT * FROM {table.__tablename__} WHERE id IN ({listed}) ORDER BY id"  # noqa: S608 - numbers of ours
    return [dict(row) for row in work.session.connection().exec_driver_sql(sql).mappings()]


def _split(row: Mapping[str, Any], slots: Sequence[str]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """(columns, the slots first; values of the others)."""
    others = [name for name in row if name not in slots]
    return (*slots, *others), tuple(_plain(row[name]) for name in others)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


def _changes(work: Work, table: str, row_id: int) -> Changes:
    return work.pending.rows[table, row_id].values


def _last_entry(work: Work) -> int:
    found = [row_id for table, row_id in work.pending.rows if table == JournalEntry.__tablename__]
    return found[-1]


def _postings(work: Work, entry_id: int) -> tuple[PostingSide, ...]:
    entry = work.session.get_one(JournalEntry, entry_id)
    return tuple(
        (side.account_id, side.customer_id is not None, side.currency, side.amount_minor, side.home_minor)
        for side in entry.postings
    )
