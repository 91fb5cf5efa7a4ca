"""A document's draft as rows: what a person left out comes from customer, items, deal and settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select

from models.billing import Document, DocumentLine
from models.catalogue import Item
from models.customers import Customer
from models.organisation import TaxRegistration
from models.sales import Deal
from models.values.decimals import plain
from models.values.money import Money, exponent
from models.values.places import ABROAD, COUNTRIES, normalise_state
from models.values.states import DocumentKind, DocumentState, ItemKind, SupplyType
from services.billing import tax
from services.billing.documents import GIVEN, Parties, calculate_document, has_lut
from services.billing.drafts import DocumentDraft, LineDraft
from services.billing.totals import usual_rounding_mode
from services.customers.commands import find_or_create_customer
from services.drafts import Problem, raise_problems
from services.errors import NotFound
from services.organisation.places import Place, default_place, place_of
from services.settings import BillingSettings, read
from services.store import Work


def fill(work: Work, document: Document, draft: DocumentDraft) -> None:
    """Write what the draft says onto the document; raises Rejected with everything that is wrong."""
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


def copied(work: Work, document: Document, kind: DocumentKind) -> Document:
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
    parties = Parties(place_of(work, copy.branch_id), work.known_row(TaxRegistration, copy.registration_id), customer)
    raise_problems(calculate_document(work, copy, parties))
    return copy
