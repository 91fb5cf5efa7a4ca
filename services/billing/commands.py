"""What one does to documents: write, issue, send, accept, convert, void. No function here commits.

Numbers and issuing follow reliability.md: the document's row is locked and looked at first, then the counter is taken,
then the entry is posted and the view frozen; the history chain's head is locked last, by the store.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from typing import Any

from sqlalchemy import select

from models.billing import Document, DocumentLine, FrozenView
from models.columns import canonical_json
from models.customers import Customer, CustomerAddress
from models.organisation import TaxRegistration
from models.values.states import DocumentKind, DocumentState
from services.billing.blockers import blockers
from services.billing.documents import Parties, calculate_document
from services.billing.drafts import DocumentDraft
from services.billing.filling import copied, fill
from services.billing.kinds import KINDS
from services.billing.views import DESIGN, billing_address, printed
from services.drafts import raise_problems
from services.errors import Conflict, InvalidValue, NotFound, Rejected
from services.ledger.posting import Source, account_by_code, accounts_of, post, reverse
from services.organisation.numbers import take
from services.organisation.places import place_of
from services.permissions import Action, Module, require, visible
from services.store import Work
from services.versions import check_version

ISSUED = {DocumentState.ISSUED, DocumentState.SENT, DocumentState.ACCEPTED, DocumentState.INVOICED}


def create_document(work: Work, kind: DocumentKind, draft: DocumentDraft) -> int:
    """A draft document: everything that the draft leaves out comes from customer, items, deal and settings."""
    require(work, Module.BILLING, Action.CREATE)
    document = Document(kind=kind, state=DocumentState.DRAFT, owner_id=work.actor_id, created_at=work.now)
    fill(work, document, draft)
    _add(work, document)
    work.record(f"{kind.value}.drafted", document)
    return document.id


def edit_document(work: Work, document_id: int, draft: DocumentDraft, *, version: int | None = None) -> None:
    """Write a draft anew. An issued document is refused: it is corrected by a new one."""
    require(work, Module.BILLING, Action.EDIT)
    document = locked(work, document_id)
    check_version(work, document, version)
    _only_draft(document, "changed")
    document.lines.clear()
    work.session.flush()
    with work.session.no_autoflush:
        fill(work, document, draft)
    _name_lines(work, document)
    work.record(f"{document.kind.value}.changed", document)


def delete_draft(work: Work, document_id: int) -> None:
    """A draft goes without a trace in the numbers; the history keeps it."""
    require(work, Module.BILLING, Action.EDIT)
    document = locked(work, document_id)
    _only_draft(document, "deleted")
    _give_back(work, document)
    work.record(f"{document.kind.value}.deleted", document)
    work.session.delete(document)


def issue(work: Work, document_id: int, *, on: dt.date | None = None) -> str:
    """Number the document, post it and freeze what it says; answers the number.

    `on` moves its date. What the law asks for and is missing is named, all at once, and nothing is taken.
    """
    require(work, Module.BILLING, Action.ISSUE)
    document = locked(work, document_id)
    _only_draft(document, "issued")
    parties = parties_of(work, document)
    billing = billing_address(work, parties.customer)
    if _set_dates(work, document, parties, on) or not work.is_new(document):
        raise_problems(calculate_document(work, document, parties))
    found = blockers(document, parties, billing)
    if found:
        sentences = tuple(f"{blocker.message} ({blocker.law})" if blocker.law else blocker.message for blocker in found)
        things = "1 thing blocks" if len(found) == 1 else f"{len(found)} things block"
        raise Rejected(f"{things} the issue: {' '.join(sentences)}", sentences)
    with work.session.no_autoflush:
        number = _number_and_freeze(work, document, parties, billing)
    work.session.flush()
    work.record(f"{document.kind.value}.issued", document, number=number)
    return number


def _number_and_freeze(work: Work, document: Document, parties: Parties, billing: CustomerAddress | None) -> str:
    """Number, balance, frozen view and entry: written together, since a numbered document accepts no change."""
    kind, company = KINDS[document.kind], parties.place.company
    taken = take(work, parties.place, document.kind.value, document.issued_on, is_ordered=kind.is_ordered)
    document.series_id, document.fiscal_year = taken.series_id, taken.fiscal_year
    document.number, document.sequence_no = taken.number, taken.sequence_no
    document.state = DocumentState.ISSUED if kind.is_receivable else DocumentState.SENT
    document.is_dated = True
    document.issued_at, document.issued_by_id = work.now, work.actor_id
    if kind.is_receivable:
        document.balance_minor = document.payable_minor - document.prepaid_minor
        document.home_balance_minor = document.home_payable_minor
    _freeze(work, document, printed(work, document, parties, billing))
    amounts = kind.postings(
        document, accounts_of(work, company.id), lambda code: account_by_code(work, company.id, code)
    )
    text = f"{kind.noun.capitalize()} {taken.number}"
    post(work, company, document.branch_id, amounts, on=document.issued_on, text=text, source=_source(document))
    return taken.number


def send(work: Work, document_id: int) -> None:
    """Mark as sent. An estimate that is still a draft is numbered and frozen first."""
    require(work, Module.BILLING, Action.EDIT)
    document = locked(work, document_id)
    if document.kind is DocumentKind.ESTIMATE and document.state is DocumentState.DRAFT:
        issue(work, document_id)
    if document.state not in ISSUED:
        raise Conflict(f"{_name(document)} is {document.state.value} and cannot be sent.")
    document.sent_at = document.sent_at or work.now
    work.record(f"{document.kind.value}.sent", document)


def accept(work: Work, estimate_id: int) -> None:
    """The customer says yes: from here on this version of the estimate stands."""
    require(work, Module.BILLING, Action.EDIT)
    document = _estimate(work, estimate_id, "accepted")
    if document.state is DocumentState.DRAFT:
        issue(work, estimate_id)
    if document.state is not DocumentState.SENT:
        raise Conflict(f"{_name(document)} is {document.state.value} and cannot be accepted.")
    if document.due_on < work.today:
        raise Conflict(f"{_name(document)} expired on {document.due_on}. Revise it, then accept the new version.")
    document.state, document.accepted_at = DocumentState.ACCEPTED, work.now
    work.record("estimate.accepted", document)


def decline(work: Work, estimate_id: int, reason: str) -> None:
    """The customer says no; the reason is kept in the event."""
    require(work, Module.BILLING, Action.EDIT)
    document = _estimate(work, estimate_id, "declined")
    if document.state not in {DocumentState.SENT, DocumentState.ACCEPTED}:
        raise Conflict(f"{_name(document)} is {document.state.value} and cannot be declined.")
    if not reason.strip():
        raise InvalidValue("Say why the estimate was declined: reason=...")
    document.state = DocumentState.DECLINED
    work.record("estimate.declined", document, reason=reason)


def revise(work: Work, estimate_id: int) -> int:
    """A new version as a draft; the old one is superseded and keeps its number."""
    require(work, Module.BILLING, Action.CREATE)
    document = _estimate(work, estimate_id, "revised")
    if document.state not in {DocumentState.SENT, DocumentState.DECLINED, DocumentState.ACCEPTED}:
        raise Conflict(f"{_name(document)} is {document.state.value}; only one that was sent has versions.")
    copy = copied(work, document, DocumentKind.ESTIMATE)
    copy.revision = document.revision + 1
    copy.source_id = document.source_id
    _add(work, copy)
    work.session.flush()
    document.state, document.superseded_by_id = DocumentState.SUPERSEDED, copy.id
    work.record("estimate.revised", document, by=copy.id)
    return copy.id


def convert(work: Work, estimate_id: int) -> int:
    """An accepted estimate becomes a draft invoice: nothing is typed twice (product.md 1)."""
    require(work, Module.BILLING, Action.CREATE)
    document = _estimate(work, estimate_id, "converted")
    if document.state is not DocumentState.ACCEPTED:
        raise Conflict(f"{_name(document)} is {document.state.value}; only an accepted estimate becomes an invoice.")
    invoice = copied(work, document, DocumentKind.INVOICE)
    invoice.source_id = document.id
    _add(work, invoice)
    work.session.flush()
    document.state = DocumentState.INVOICED
    work.record("estimate.invoiced", document, invoice=invoice.id)
    work.record("invoice.drafted", invoice, estimate=document.id)
    return invoice.id


def void(work: Work, invoice_id: int, reason: str) -> None:
    """Take an issued invoice back: it keeps its number, its entry is mirrored, it counts nowhere (product.md 14)."""
    require(work, Module.BILLING, Action.VOID)
    document = locked(work, invoice_id)
    if document.kind is not DocumentKind.INVOICE or document.state is not DocumentState.ISSUED:
        raise Conflict(f"{_name(document)} is {document.state.value}; only an issued invoice can be voided.")
    if not reason.strip():
        raise InvalidValue("Say why the invoice is voided: reason=...")
    if document.paid_minor or document.credited_minor or document.written_off_minor:
        raise Conflict(f"{_name(document)} has payments or credits on it. Release them first, or write a credit note.")
    parties = parties_of(work, document)
    on = max(work.today, document.issued_on)
    reverse(work, parties.place.company, _source(document), on=on, text=f"Void of invoice {document.number}")
    document.state, document.voided_at, document.void_reason = DocumentState.VOID, work.now, reason.strip()[:500]
    document.balance_minor = document.home_balance_minor = 0
    _give_back(work, document)
    work.record("invoice.voided", document, reason=reason)


def _give_back(work: Work, document: Document) -> None:
    """What led to a document that goes is open again: its estimate is accepted, the version before it is sent."""
    if document.source_id is not None and document.kind is DocumentKind.INVOICE:
        source = locked(work, document.source_id)
        if source.state is DocumentState.INVOICED:
            source.state = DocumentState.ACCEPTED
    older = work.session.scalar(select(Document.id).where(Document.superseded_by_id == document.id))
    if older is not None:
        version = locked(work, older)
        version.state, version.superseded_by_id = DocumentState.SENT, None
        work.session.flush()


def locked(work: Work, document_id: int) -> Document:
    """The document as it is now, locked until the transaction ends. One made in this unit of work needs no lock."""
    require(work, Module.BILLING, Action.VIEW)
    known = work.session.get(Document, document_id)
    if known is not None and work.is_new(known):
        return known
    found = work.session.scalar(
        select(Document)
        .where(Document.id == document_id, visible(work, Module.BILLING, Document.owner_id, Document.branch_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("This document is not in the book any more.")
    return found


def parties_of(work: Work, document: Document) -> Parties:
    require(work, Module.BILLING, Action.VIEW)
    return Parties(
        place_of(work, document.branch_id),
        work.known_row(TaxRegistration, document.registration_id),
        work.session.get_one(Customer, document.customer_id),
    )


def _add(work: Work, document: Document) -> None:
    _name_lines(work, document)
    work.session.add(document)


def _name_lines(work: Work, document: Document) -> None:
    """Ids taken beforehand let the lines go in by one statement."""
    for line, line_id in zip(document.lines, work.next_ids(DocumentLine, len(document.lines)), strict=True):
        line.id = line_id


def _set_dates(work: Work, document: Document, parties: Parties, on: dt.date | None) -> bool:
    """Move an undated draft to today, or any draft to `on`; answers whether its date changed."""
    today = work.now.astimezone(parties.place.zone).date()
    day = on or (document.issued_on if document.is_dated else today)
    if day == document.issued_on:
        return False
    document.issued_on = day
    if document.terms_days is not None:
        document.due_on = day + dt.timedelta(days=document.terms_days)
    return True


def _freeze(work: Work, document: Document, said: dict[str, Any]) -> None:
    text = canonical_json(said).encode()
    document.view_sha256 = hashlib.sha256(text).hexdigest()
    work.insert(
        FrozenView, document_id=document.id, design=DESIGN, sha256=document.view_sha256, body=zlib.compress(text, 6)
    )


def _estimate(work: Work, document_id: int, done: str) -> Document:
    document = locked(work, document_id)
    if document.kind is not DocumentKind.ESTIMATE:
        raise Conflict(f"{_name(document)} is no estimate, so it cannot be {done}.")
    return document


def _only_draft(document: Document, done: str) -> None:
    if document.state is not DocumentState.DRAFT:
        raise Conflict(f"{_name(document)} is {document.state.value} already, so it cannot be {done}.")


def _name(document: Document) -> str:
    return f"{KINDS[document.kind].noun.capitalize()} {document.number or f'#{document.id}'}"


def _source(document: Document) -> Source:
    return Source("document", document.id)
