"""A document as JSON: what is frozen at issue and printed, and what is shown with its settlement (design.md 13, OUT)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from models.billing import Document, DocumentLine, Payment, PaymentAllocation
from models.customers import Customer, CustomerAddress
from models.organisation import BankAccount, Book, TaxRegistration
from models.sales import Deal
from models.values.money import Money
from models.values.places import COUNTRIES, place_name
from models.values.states import DocumentKind, SupplyType
from services.billing.blockers import blockers
from services.billing.documents import Parties, component_names
from services.billing.kinds.invoice import taxes_of
from services.billing.status import shown_status
from services.billing.words import amount_in_words
from services.store import Work

DESIGN = 1
"""Version of the frozen view; a printer of a later design still prints an earlier one."""

TITLES = {
    "estimate": "Estimate",
    "invoice": "Invoice",
    "tax_invoice": "Tax Invoice",
    "bill_of_supply": "Bill of Supply",
}
TAX_ID_LABELS = {"AE": "TRN", "IN": "GSTIN"}

_EXPORT = "SUPPLY MEANT FOR EXPORT/SUPPLY TO SEZ UNIT OR SEZ DEVELOPER FOR AUTHORISED OPERATIONS "
ENDORSEMENTS = {
    SupplyType.EXPORT_WITH_PAYMENT: _EXPORT + "ON PAYMENT OF INTEGRATED TAX",
    SupplyType.SEZ_WITH_PAYMENT: _EXPORT + "ON PAYMENT OF INTEGRATED TAX",
    SupplyType.EXPORT_WITHOUT_PAYMENT: _EXPORT
    + "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX",
    SupplyType.SEZ_WITHOUT_PAYMENT: _EXPORT + "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX",
}
"""Word for word, Rule 46 fourth proviso (tax.md 1.2)."""

COMPOSITION_NOTE = "Composition taxable person, not eligible to collect tax on supplies"


_BILLING_ADDRESS = (
    select(CustomerAddress)
    .where(CustomerAddress.customer_id == bindparam("customer"), CustomerAddress.kind == "billing")
    .order_by(CustomerAddress.id)
    .limit(1)
)


def billing_address(work: Work, customer: Customer) -> CustomerAddress | None:
    return work.session.scalar(_BILLING_ADDRESS, {"customer": customer.id})


def printed(work: Work, document: Document, parties: Parties, billing: CustomerAddress | None) -> dict[str, Any]:
    """Everything that the paper says, and nothing that changes later. This is what is frozen and hashed."""
    registration = parties.registration
    money = _Figures(document)
    return {
        "kind": document.kind.value,
        "number": document.number,
        "document_type": document.document_type,
        "title": TITLES[document.document_type],
        "company": parties.place.company.code,
        "branch": parties.place.branch.code,
        "seller": _seller(parties),
        "customer": _customer(parties.customer, billing, registration.country),
        "issued_on": document.issued_on.isoformat(),
        "supplied_on": _day(document.supplied_on),
        "due_on": document.due_on.isoformat(),
        "valid_until": document.due_on.isoformat() if document.kind is DocumentKind.ESTIMATE else None,
        "place_of_supply": document.place_of_supply,
        "place_of_supply_name": place_name(document.place_of_supply),
        "supply_type": document.supply_type,
        "is_inter_state": document.is_inter_state,
        "is_reverse_charge": document.is_reverse_charge,
        "prices_include_tax": document.prices_include_tax,
        "currency": document.currency,
        "tax_rounding_mode": document.tax_rounding_mode.value,
        "po_number": document.po_number,
        "payment_terms": _terms(document),
        "notes": document.notes,
        "terms": document.terms,
        "lines": [_line(document, line, registration) for line in document.lines],
        "tax_groups": _groups(document, registration),
        "totals": money.totals(),
        "home": money.home(),
        "bank": _bank(work, document),
        "endorsement": _endorsement(document, parties),
        "reverse_charge_note": _reverse_charge(document, registration),
        "belongs_to": _belongs_to(work, document),
        "amount_in_words": {"en": amount_in_words(Money(document.payable_minor, document.currency))},
        "is_trial": work.known("is_trial", lambda: bool(work.session.scalar(select(Book.is_trial)))),
    }


def shown(
    work: Work,
    document: Document,
    parties: Parties,
    said: dict[str, Any],
    journal: list[dict[str, Any]],
    links: dict[str, Any],
    billing: CustomerAddress | None,
) -> dict[str, Any]:
    """`show`: what the document says (`said`, frozen or as it would be now), with its state, settlement and links."""
    status = shown_status(document, work.today)
    is_draft = document.number is None
    found = blockers(document, parties, billing) if is_draft else []
    view: dict[str, Any] = {
        "kind": document.kind.value,
        "id": document.id,
        "number": document.number,
        "document_type": document.document_type,
        "status": status,
        "is_sent": document.sent_at is not None,
        "is_overdue": is_overdue(document, work.today),
        "version": document.version,
        "revision": document.revision,
    }
    view |= {key: value for key, value in said.items() if key not in view}
    view |= {
        "settlement": _Figures(document).settlement(),
        "journal": journal,
        "links": links,
        "blocked_by": [blocker.json() for blocker in found],
        "is_draft": is_draft,
        "is_imported": document.is_imported,
        "view_sha256": document.view_sha256,
        "pdf_sha256": document.pdf_sha256,
    }
    return view


def is_overdue(document: Document, today: dt.date) -> bool:
    return document.kind is DocumentKind.INVOICE and document.balance_minor != 0 and document.due_on < today


class _Figures:
    """The document's amounts as text with exactly the currency's decimals."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def totals(self) -> dict[str, str]:
        names = ("gross", "line_discount", "document_discount", "taxable", "tax", "tax_charged", "grand", "round_off")
        result = {name: self._text(f"{name}_minor") for name in (*names, "payable", "prepaid")}
        due = self._document.payable_minor - self._document.prepaid_minor
        return result | {"due": str(Money(due, self._document.currency))}

    def home(self) -> dict[str, Any]:
        document = self._document
        names = ("taxable", "tax", "tax_charged", "grand", "round_off", "payable")
        result: dict[str, Any] = {
            "currency": document.home_currency,
            "exchange_rate": f"{document.exchange_rate:f}",
            "exchange_rate_on": _day(document.exchange_rate_on),
            "exchange_rate_source": document.exchange_rate_source,
        }
        return result | {
            name: str(Money(getattr(document, f"home_{name}_minor"), document.home_currency)) for name in names
        }

    def settlement(self) -> dict[str, str]:
        result = {name: self._text(f"{name}_minor") for name in ("paid", "credited", "written_off", "balance")}
        home = Money(self._document.home_balance_minor, self._document.home_currency)
        return result | {"home_balance": str(home)}

    def _text(self, name: str) -> str:
        return str(Money(getattr(self._document, name), self._document.currency))


def _line(document: Document, line: DocumentLine, registration: TaxRegistration) -> dict[str, Any]:
    def money(name: str) -> str:
        return str(Money(getattr(line, f"{name}_minor"), document.currency))

    def home(name: str) -> str:
        return str(Money(getattr(line, f"home_{name}_minor"), document.home_currency))

    names = component_names(document, registration, line.cess_rate)
    return {
        "no": line.no,
        "description": line.description,
        "hsn": line.hsn,
        "is_service": line.is_service,
        "quantity": f"{line.quantity:f}",
        "unit": line.unit,
        "base_quantity": f"{line.base_quantity:f}",
        "unit_price": f"{line.unit_price:f}",
        "discount_percent": None if line.discount_percent is None else f"{line.discount_percent:f}",
        "gross": money("gross"),
        "discount": money("discount"),
        "document_discount": money("document_discount"),
        "taxable": money("taxable"),
        "category": line.category.value,
        "rate": f"{line.rate:f}",
        "cess_rate": f"{line.cess_rate:f}",
        "tax_reason": line.tax_reason,
        "override_reason": line.override_reason,
        "taxes": [
            {"component": n, "rate": _component_rate(line, n), "amount": money(n), "home_amount": home(n)}
            for n in names
        ],
        "tax": money("tax"),
        "total": money("total"),
        "home_taxable": home("taxable"),
        "home_tax": home("tax"),
        "home_total": home("total"),
    }


def _component_rate(line: DocumentLine, name: str) -> str:
    if name == "cess":
        return f"{line.cess_rate:f}"
    rate = line.rate / 2 if name in {"cgst", "sgst"} else line.rate
    return f"{rate.normalize():f}" if rate else "0"


def _groups(document: Document, registration: TaxRegistration) -> list[dict[str, Any]]:
    """Lines of one category and rate together, in the order of their first line."""
    groups: dict[tuple[str, Decimal], list[DocumentLine]] = {}
    for line in document.lines:
        groups.setdefault((line.category.value, line.rate), []).append(line)
    return [_group(document, registration, key, lines) for key, lines in groups.items()]


def _group(
    document: Document, registration: TaxRegistration, key: tuple[str, Decimal], lines: list[DocumentLine]
) -> dict[str, Any]:
    def total(name: str, currency: str) -> str:
        return str(Money(sum(getattr(line, f"{name}_minor") for line in lines), currency))

    components: dict[str, int] = {}
    for line in lines:
        names = component_names(document, registration, line.cess_rate)
        for name, minor, _ in taxes_of(line):
            if name in names:
                components[name] = components.get(name, 0) + minor
    return {
        "category": key[0],
        "rate": f"{key[1]:f}",
        "taxable": total("taxable", document.currency),
        "tax": total("tax", document.currency),
        "home_taxable": total("home_taxable", document.home_currency),
        "home_tax": total("home_tax", document.home_currency),
        "components": {name: str(Money(minor, document.currency)) for name, minor in components.items()},
    }


def _seller(parties: Parties) -> dict[str, Any]:
    company, branch, registration = parties.place.company, parties.place.branch, parties.registration
    return {
        "legal_name": company.legal_name,
        "trade_name": company.trade_name,
        "tax_id": registration.tax_id,
        "tax_id_label": TAX_ID_LABELS.get(registration.country, "Tax ID"),
        "scheme": registration.scheme.value,
        "address": {
            "street": branch.street,
            "extra": branch.extra,
            "city": branch.city,
            "pin": branch.pin,
            "state": branch.state,
            "country": branch.country,
        },
        "state": parties.seller_state,
        "state_name": _state_name(parties.seller_state, registration.country),
        "country": registration.country,
        "country_name": COUNTRIES.get(registration.country, registration.country),
        "phone": branch.phone,
        "email": branch.email,
        "website": branch.website,
    }


def _customer(customer: Customer, billing: CustomerAddress | None, seller_country: str) -> dict[str, Any]:
    state = billing.state if billing is not None and billing.state else customer.state
    return {
        "code": customer.code,
        "legal_name": customer.legal_name,
        "tax_id": customer.tax_id,
        "tax_id_label": TAX_ID_LABELS.get(customer.country, TAX_ID_LABELS.get(seller_country, "Tax ID")),
        "tax_treatment": customer.tax_treatment.value,
        "address": _address(billing),
        "state": state,
        "state_name": _state_name(state, customer.country),
        "country": customer.country,
        "country_name": COUNTRIES.get(customer.country, customer.country),
        "phone": customer.phone,
        "email": customer.email,
    }


def _address(address: CustomerAddress | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "street": address.street,
        "extra": address.extra,
        "city": address.city,
        "pin": address.pin,
        "state": address.state,
        "country": address.country,
    }


def _state_name(state: str | None, country: str) -> str | None:
    return place_name(state) if state and country in {"IN", "AE"} else state


def _bank(work: Work, document: Document) -> dict[str, Any] | None:
    """The branch's own account in the document's currency, else the company's."""
    key = ("bank", document.company_id, document.branch_id, document.currency)
    return work.known(key, lambda: _find_bank(work, document))


def _find_bank(work: Work, document: Document) -> dict[str, Any] | None:
    account = work.session.scalar(
        select(BankAccount)
        .where(BankAccount.company_id == document.company_id, BankAccount.currency == document.currency)
        .where((BankAccount.branch_id == document.branch_id) | BankAccount.branch_id.is_(None))
        .where(BankAccount.is_archived.is_(False))
        .order_by(BankAccount.branch_id.is_(None), BankAccount.id)
        .limit(1)
    )
    if account is None:
        return None
    names = ("bank_name", "account_name", "account_number", "iban", "swift", "ifsc", "upi_vpa")
    return {name: getattr(account, name) for name in names}


def _endorsement(document: Document, parties: Parties) -> str | None:
    if document.kind is not DocumentKind.INVOICE or parties.registration.country != "IN":
        return None
    if document.document_type == "bill_of_supply":
        return COMPOSITION_NOTE if parties.registration.scheme == "composition" else None
    text = ENDORSEMENTS.get(SupplyType(document.supply_type))
    arn = parties.registration.lut_arn
    return f"{text} (LUT ARN {arn})" if text and arn and text.endswith("WITHOUT PAYMENT OF INTEGRATED TAX") else text


def _reverse_charge(document: Document, registration: TaxRegistration) -> str | None:
    """Rule 46(p) and Article 59(1)(l): the statement that the recipient accounts for the tax."""
    if not document.is_reverse_charge:
        return None
    if registration.country == "IN":
        return "Tax payable on reverse charge: Yes"
    return "The recipient accounts for the tax under the reverse charge (Federal Decree-Law 8/2017, Article 48)."


def _belongs_to(work: Work, document: Document) -> dict[str, Any]:
    deal = work.session.get(Deal, document.deal_id) if document.deal_id else None
    source = work.session.get(Document, document.source_id) if document.source_id else None
    return {"estimate": source.number if source else None, "deal": deal.code if deal else None}


def _terms(document: Document) -> str:
    days = document.terms_days if document.terms_days is not None else (document.due_on - document.issued_on).days
    if document.kind is DocumentKind.ESTIMATE:
        return ""
    return "Due on receipt" if days == 0 else f"{days} days"


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def links_of(work: Work, document: Document) -> dict[str, Any]:
    """Numbers of what the document is linked to, forth and back."""
    session = work.session
    payments = session.scalars(
        select(Payment.number)
        .join(PaymentAllocation, PaymentAllocation.payment_id == Payment.id)
        .where(PaymentAllocation.document_id == document.id, PaymentAllocation.released_at.is_(None))
        .distinct()
        .order_by(Payment.number)
    ).all()
    made = session.execute(
        select(Document.id, Document.number, Document.kind)
        .where(Document.source_id == document.id)
        .order_by(Document.id)
    ).all()
    said = _belongs_to(work, document)
    newer = session.get(Document, document.superseded_by_id) if document.superseded_by_id else None
    return {
        "deal": said["deal"],
        "estimate": said["estimate"] or (f"#{document.source_id}" if document.source_id else None),
        "invoices": [row.number or f"#{row.id}" for row in made if row.kind is DocumentKind.INVOICE],
        "superseded_by": None if newer is None else newer.number or f"#{newer.id}",
        "payments": list(payments),
        "credit_notes": [],
        "project": None,
        "tickets": [],
        "handover": None,
    }
