"""A document issued by the pattern of reliability.md, for as long as the feature itself is being built."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from models.billing import Document
from models.customers import Customer
from models.ledger import Account, JournalEntry, Posting
from models.values.states import (
    AccountRole,
    CustomerKind,
    CustomerStatus,
    DocumentKind,
    DocumentState,
    RoundingMode,
    TaxTreatment,
)
from services.organisation import numbers
from services.organisation.places import Place, default_place
from services.store import Work


def add_customer(work: Work, code: str) -> int:
    place = default_place(work)
    customer = Customer(
        code=code,
        display_name=f"Customer {code}",
        name_folded=f"customer {code.casefold()}",
        legal_name=f"Customer {code} LLC",
        kind=CustomerKind.BUSINESS,
        status=CustomerStatus.ACTIVE,
        country="AE",
        state="DXB",
        currency="AED",
        payment_terms_days=30,
        tax_treatment=TaxTreatment.NON_VAT_REGISTERED,
        is_tax_id_verified=False,
        tags=[],
        notes="",
        extra={},
        owner_id=work.actor_id,
        company_id=place.company.id,
        branch_id=place.branch.id,
        created_at=work.now,
    )
    work.session.add(customer)
    work.session.flush()
    return customer.id


def draft_invoice(work: Work, minor: int) -> int:
    """A draft of `minor` fils for the first customer."""
    place = default_place(work)
    figures = dict.fromkeys("gross taxable grand payable home_taxable home_grand home_payable".split(), minor)
    zero = (
        "line_discount document_discount tax tax_charged round_off prepaid home_tax home_tax_charged home_round_off "
        "paid credited written_off balance home_balance"
    )
    amounts: dict[str, Any] = {
        f"{name}_minor": value for name, value in (figures | dict.fromkeys(zero.split(), 0)).items()
    }
    document = Document(
        kind=DocumentKind.INVOICE,
        state=DocumentState.DRAFT,
        document_type="invoice",
        registration_id=place.branch.registration_id,
        customer_id=work.session.scalars(select(Customer.id).order_by(Customer.id).limit(1)).one(),
        revision=1,
        currency="AED",
        home_currency="AED",
        exchange_rate=Decimal(1),
        exchange_rate_source="",
        issued_on=work.today,
        due_on=work.today,
        place_of_supply="DXB",
        supply_type="B2B",
        is_inter_state=False,
        prices_include_tax=False,
        is_reverse_charge=False,
        is_igst_on_intra=False,
        is_e_invoice=False,
        is_rounded_off=False,
        is_imported=False,
        tax_rounding_mode=RoundingMode.LINE,
        po_number="",
        notes="",
        terms="",
        owner_id=work.actor_id,
        company_id=place.company.id,
        branch_id=place.branch.id,
        created_at=work.now,
        **amounts,
    )
    work.session.add(document)
    work.session.flush()
    return document.id


def issue(work: Work, document_id: int) -> str:
    """Claim, count, post; the chain comes last by itself. Answers the number."""
    document = work.session.get_one(Document, document_id)
    document.state = DocumentState.ISSUED
    work.session.flush()
    place = default_place(work)
    taken = numbers.take(work, place, "invoice", document.issued_on)
    document.series_id = taken.series_id
    document.fiscal_year = taken.fiscal_year
    document.number = taken.number
    document.sequence_no = taken.sequence_no
    document.issued_at = work.now
    document.issued_by_id = work.actor_id
    document.balance_minor = document.payable_minor
    document.home_balance_minor = document.home_payable_minor
    _post(work, document, place)
    work.record("document.issued", document)
    return taken.number


def _post(work: Work, document: Document, place: Place) -> None:
    accounts = {
        role: work.session.scalars(
            select(Account.id).where(Account.company_id == place.company.id, Account.role == role)
        ).one()
        for role in (AccountRole.RECEIVABLE, AccountRole.SALES)
    }
    entry = work.insert(
        JournalEntry,
        company_id=place.company.id,
        branch_id=place.branch.id,
        posted_on=document.issued_on,
        posted_at=work.now,
        text=f"Invoice {document.number}",
        source_kind="document",
        source_id=document.id,
        digest=hashlib.sha256(str(document.number).encode()).digest(),
    )
    sides = (
        (accounts[AccountRole.RECEIVABLE], document.payable_minor),
        (accounts[AccountRole.SALES], -document.payable_minor),
    )
    rows = [
        {
            "entry_id": entry,
            "account_id": account,
            "customer_id": document.customer_id,
            "currency": document.currency,
            "amount_minor": amount,
            "home_minor": amount,
        }
        for account, amount in sides
    ]
    work.insert_parts(Posting, rows)
