"""What one does to documents: write, issue, send, accept, convert, void. No function here commits.

Numbers and issuing follow reliability.md: the document's row is locked and looked at first, then the counter is taken,
then the entry is posted and the view frozen; the history chain's head is locked last, by the store.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from models.billing import Document, DocumentLine, FrozenView
from models.catalogue import Item
from models.columns import canonical_json
from models.customers import Customer, CustomerAddress
from models.organisation import TaxRegistration
from models.sales import Deal
from models.values.decimals import plain
from models.values.money import Money, exponent
from models.values.places import ABROAD, COUNTRIES, normalise_state
from models.values.states import DocumentKind, DocumentState, ItemKind, SupplyType
from services.billing import tax
from services.billing.blockers import blockers
from services.billing.documents import GIVEN, Parties, calculate_document, has_lut
from services.billing.drafts import DocumentDraft, LineDraft
from services.billing.kinds import KINDS
from services.billing.totals import usual_rounding_mode
from services.billing.views import DESIGN, billing_address, printed
from services.customers.commands import find_or_create_customer
from services.drafts import Problem, raise_problems
from services.errors import Conflict, InvalidValue, NotFound, Rejected
from services.ledger.posting import Source, account_by_code, accounts_of, post, reverse
from services.organisation.numbers import take
from services.organisation.places import Place, default_place, place_of
from services.permissions import Action, Module, require, visible
from services.settings import BillingSettings, read
from services.store import Work
from services.versions import check_version

ISSUED = {DocumentState.ISSUED, DocumentState.SENT, DocumentState.ACCEPTED, DocumentState.INVOICED}


def create_document(work: Work, kind: DocumentKind, draft: DocumentDraft) -> int:
    """A draft document: everything that the draft leaves out comes from customer, items, deal and settings."""
    require(work, Module.BILLING, Action.CREATE)
    document = Document(kind=kind, state=DocumentState.DRAFT, owner_id=work.actor_id, created_at=work.now)
    _fill(work, document, draft)
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
        _fill(work, document, draft)
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
    copy = _copy(work, document, DocumentKind.ESTIMATE)
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
    invoice = _copy(work, document, DocumentKind.INVOICE)
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


def _fill(work: Work, document: Document, draft: DocumentDraft) -> None:
    deal = _deal(work, draft)
    source = _source_estimate(work, draft)
    customer = work.hold(_customer(work, draft, deal, source))
    place = _place(work, draft, deal, customer)
    settings = read(work, BillingSettings)
    document.company_id, document.branch_id = place.company.id, place.branch.id
    document.registration_id = place.branch.registration_id
    document.business_unit_id = deal.business_unit_id if deal else customer.business_unit_id
    document.customer_id = customer.id
    document.contact_id = deal.contact_id if deal else None
    document.deal_id = deal.id if deal else source.deal_id if source else None
    document.source_id = source.id if source else None
    document.home_currency = place.company.base_currency
    document.currency = (draft.currency or (deal.currency if deal else customer.currency)).upper()
    exponent(document.currency)
    document.po_number = draft.po_number if draft.po_number is not None else (deal.po_number or "" if deal else "")
    document.notes = settings.notes if draft.notes is None else draft.notes
    document.terms = settings.terms if draft.terms is None else draft.terms
    document.prices_include_tax = draft.prices_include_tax
    document.is_reverse_charge = draft.is_reverse_charge
    document.is_igst_on_intra = draft.is_igst_on_intra
    document.is_e_invoice = draft.is_e_invoice
    wants_rounding = settings.round_off if draft.round_off is None else draft.round_off
    document.is_rounded_off = wants_rounding and document.currency == "INR"
    document.tax_rounding_mode = usual_rounding_mode(place.company.country)
    document.prepaid_minor = 0
    document.exchange_rate_source = ""
    _fill_days(work, document, draft, deal, customer)
    _fill_rate(document, draft)
    _fill_discount(document, draft, deal)
    document.lines.extend(_line(work, document, line, number) for number, line in enumerate(draft.lines, 1))
    parties = Parties(place, work.known_row(TaxRegistration, document.registration_id), customer)
    _fill_supply(document, draft, parties)
    raise_problems(calculate_document(work, document, parties))


def _customer(work: Work, draft: DocumentDraft, deal: Deal | None, source: Document | None) -> Customer:
    if draft.customer is not None:
        who = draft.customer
        if isinstance(who, Mapping):
            place = {"company": draft.company, "branch": draft.branch}
            who = {**{name: code for name, code in place.items() if code}, **who}
        return work.session.get_one(Customer, find_or_create_customer(work, who))
    linked = deal.customer_id if deal else source.customer_id if source else None
    if linked is None:
        raise_problems([Problem("customer", "The document needs a customer: a code, or an object with a name.")])
    return work.session.get_one(Customer, linked)


def _deal(work: Work, draft: DocumentDraft) -> Deal | None:
    if not draft.deal:
        return None
    found = work.session.scalar(select(Deal).where(Deal.code == draft.deal))
    if found is None:
        raise NotFound(f"There is no deal {draft.deal} in this book.")
    return found


def _source_estimate(work: Work, draft: DocumentDraft) -> Document | None:
    if not draft.estimate:
        return None
    found = work.session.scalar(
        select(Document).where(Document.kind == DocumentKind.ESTIMATE, Document.number == draft.estimate)
    )
    if found is None:
        raise NotFound(f"There is no estimate {draft.estimate} in this book.")
    return found


def _place(work: Work, draft: DocumentDraft, deal: Deal | None, customer: Customer) -> Place:
    if draft.branch or draft.company:
        return default_place(work, draft.company, draft.branch)
    return place_of(work, deal.branch_id if deal else customer.branch_id)


def _fill_days(work: Work, document: Document, draft: DocumentDraft, deal: Deal | None, customer: Customer) -> None:
    document.is_dated = draft.issued_on is not None
    document.issued_on = draft.issued_on or work.today
    document.supplied_on = draft.supplied_on
    if draft.due_on is not None:
        document.terms_days, document.due_on = None, draft.due_on
        return
    if document.kind is DocumentKind.ESTIMATE:
        days = read(work, BillingSettings).estimate_valid_days
    else:
        days = customer.payment_terms_days
        if deal is not None and deal.payment_terms_days is not None:
            days = deal.payment_terms_days
    document.terms_days, document.due_on = days, document.issued_on + dt.timedelta(days=days)


def _fill_rate(document: Document, draft: DocumentDraft) -> None:
    if document.currency == document.home_currency:
        if draft.exchange_rate not in {None, 1}:
            raise_problems([Problem("exchange_rate", f"{document.currency} is the company's own currency: rate 1.")])
        return
    if draft.exchange_rate is not None:
        document.exchange_rate = plain(draft.exchange_rate)
        document.exchange_rate_on = draft.exchange_rate_on or draft.supplied_on or document.issued_on
        document.exchange_rate_source = GIVEN


def _fill_discount(document: Document, draft: DocumentDraft, deal: Deal | None) -> None:
    asked = draft.document_discount
    document.discount_percent = document.discount_minor = None
    if asked is None:
        document.discount_percent = deal.discount_percent if deal else None
    elif asked.percent is not None and asked.amount is not None:
        raise_problems([Problem("document_discount", "Give the document discount as percent or as amount, not both.")])
    elif asked.percent is not None:
        document.discount_percent = plain(asked.percent)
    elif asked.amount is not None:
        document.discount_minor = Money.of(asked.amount, document.currency).minor


def _line(work: Work, document: Document, draft: LineDraft, number: int) -> DocumentLine:
    item = _item(work, draft, number)
    price = draft.unit_price
    if price is None and item is not None:
        if item.currency != document.currency:
            sentence = (
                f"Line {number}: {item.code} is priced in {item.currency}; give its price in {document.currency}."
            )
            raise_problems([Problem(f"lines[{number}].unit_price", sentence)])
        price = item.unit_price
    if price is None:
        raise_problems([Problem(f"lines[{number}].unit_price", f"Line {number} has no price.")])
    assert price is not None
    discount = draft.discount_amount
    return DocumentLine(
        no=number,
        item_id=item.id if item else None,
        description=draft.description or (item.description or item.name if item else ""),
        hsn=draft.hsn or (item.hsn if item else None),
        is_service=_is_service(draft, item),
        unit=(draft.unit or (item.unit if item else "H87"))[:40],
        quantity=plain(draft.quantity),
        unit_price=plain(price),
        base_quantity=plain(draft.base_quantity),
        discount_percent=_plain(draft.discount_percent),
        discount_input_minor=None if discount is None else Money.of(discount, document.currency).minor,
        item_category=item.tax_category if item else None,
        item_rate=item.tax_rate if item else None,
        asked_category=draft.category,
        asked_rate=_plain(draft.rate),
        override_reason=draft.override_reason,
        cess_rate=plain(draft.cess_rate),
        income_account=item.income_account if item else None,
    )


def _plain(value: Decimal | None) -> Decimal | None:
    """As the book gives it back, so that a document says the same before and after it was saved."""
    return None if value is None else plain(value)


def _item(work: Work, draft: LineDraft, number: int) -> Item | None:
    if not draft.item:
        return None
    found = work.session.scalar(select(Item).where(Item.code == draft.item))
    if found is None:
        raise NotFound(f"Line {number}: there is no item {draft.item} in the catalogue.")
    return found


def _is_service(draft: LineDraft, item: Item | None) -> bool:
    if draft.is_service is not None:
        return draft.is_service
    if item is not None:
        return item.kind is not ItemKind.GOODS
    return not draft.hsn or draft.hsn.startswith("99")


def _fill_supply(document: Document, draft: DocumentDraft, parties: Parties) -> None:
    is_service = all(line.is_service for line in document.lines)
    seller, buyer = parties.seller, parties.buyer
    if draft.place_of_supply:
        document.place_of_supply = _place_code(draft.place_of_supply, seller.country)
    elif parties.customer.place_of_supply:
        document.place_of_supply = parties.customer.place_of_supply
    else:
        document.place_of_supply = tax.place_of_supply(seller, buyer, is_service=is_service)
    if draft.supply_type:
        if draft.supply_type not in set(SupplyType):
            sentence = f"The supply type is one of {', '.join(SupplyType)}; {draft.supply_type!r} is not."
            raise_problems([Problem("supply_type", sentence)])
        document.supply_type = draft.supply_type
    else:
        lut = has_lut(parties.registration, document.issued_on)
        document.supply_type = tax.supply_type(seller, buyer, document.place_of_supply, has_lut=lut).value


def _place_code(text: str, country: str) -> str:
    code = text.strip().upper()
    if code in COUNTRIES and not (country == "AE" and code == "AE"):
        return ABROAD if country == "IN" and code != "IN" else code
    return code if code == ABROAD and country == "IN" else normalise_state(country, text)


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


def _copy(work: Work, document: Document, kind: DocumentKind) -> Document:
    """A draft of `kind` with everything that `document` says; dates and numbers are its own."""
    taken = (
        "company_id branch_id business_unit_id registration_id customer_id contact_id deal_id currency home_currency "
        "supplied_on place_of_supply supply_type prices_include_tax is_reverse_charge is_igst_on_intra is_e_invoice "
        "is_rounded_off tax_rounding_mode discount_percent discount_minor po_number notes terms document_type"
    ).split()
    copy = Document(
        kind=kind,
        state=DocumentState.DRAFT,
        owner_id=document.owner_id,
        created_at=work.now,
        is_dated=False,
        issued_on=work.today,
        prepaid_minor=0,
        exchange_rate=document.exchange_rate,
        exchange_rate_on=document.exchange_rate_on,
        exchange_rate_source=document.exchange_rate_source,
        **{name: getattr(document, name) for name in taken},
    )
    customer = work.session.get_one(Customer, document.customer_id)
    deal = work.session.get(Deal, document.deal_id) if document.deal_id else None
    _fill_days(work, copy, DocumentDraft(), deal, customer)
    copy.supplied_on = document.supplied_on
    asked = (
        "no item_id description hsn is_service unit quantity unit_price base_quantity discount_percent "
        "discount_input_minor item_category item_rate asked_category asked_rate override_reason cess_rate "
        "income_account"
    ).split()
    copy.lines = [DocumentLine(**{name: getattr(line, name) for name in asked}) for line in document.lines]
    raise_problems(calculate_document(work, copy, parties_of(work, copy)))
    return copy


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
