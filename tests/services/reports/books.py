"""Invoices and payments put into a book by hand, posted as the business posts them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import select

from models.billing import Document, DocumentLine, Payment, PaymentAllocation
from models.customers import Customer
from models.organisation import Branch, Company
from models.values.money import Money
from models.values.states import (
    AccountRole,
    CustomerKind,
    CustomerStatus,
    DocumentKind,
    DocumentState,
    PaymentMethod,
    PaymentState,
    RoundingMode,
    TaxCategory,
    TaxTreatment,
)
from models.values.text import folded
from services.billing.kinds import KINDS
from services.ledger.posting import Amount, Source, account_by_code, account_for, accounts_of, post, reverse
from services.organisation.numbers import take
from services.organisation.places import Place
from services.store import Work


def day(text: str) -> dt.date:
    """MM-DD of 2026, or a whole date."""
    return dt.date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def place(work: Work) -> Place:
    branch = work.session.scalars(select(Branch).order_by(Branch.id)).first()
    assert branch is not None
    return Place(work.session.get_one(Company, branch.company_id), branch)


def customer(work: Work, code: str, name: str, *, tax_id: str | None = None, owner_id: int | None = None) -> Customer:
    where = place(work)
    made = Customer(
        code=code,
        display_name=name,
        name_folded=folded(name),
        legal_name=name,
        kind=CustomerKind.BUSINESS,
        status=CustomerStatus.ACTIVE,
        country=where.company.country,
        currency=where.company.base_currency,
        payment_terms_days=30,
        tax_treatment=TaxTreatment.DOMESTIC,
        tax_id=tax_id,
        tags=[],
        notes="",
        extra={},
        owner_id=owner_id or work.actor_id,
        company_id=where.company.id,
        branch_id=where.branch.id,
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    return made


def invoice(
    work: Work,
    to: Customer,
    issued: str,
    due: str,
    taxable: str,
    tax: str = "0",
    *,
    currency: str = "AED",
    rate: str = "1",
    component: str = "vat",
    owner_id: int | None = None,
) -> Document:
    """An issued invoice of one line; `issued` and `due` are MM-DD of 2026."""
    where = place(work)
    home = where.company.base_currency
    net, charged = Money.of(taxable, currency), Money.of(tax, currency)
    home_net, home_tax = net.converted(Decimal(rate), home), charged.converted(Decimal(rate), home)
    gross, home_gross = net + charged, home_net + home_tax
    made = Document(
        kind=DocumentKind.INVOICE,
        state=DocumentState.DRAFT,
        document_type="tax_invoice",
        registration_id=where.branch.registration_id,
        customer_id=to.id,
        currency=currency,
        home_currency=home,
        exchange_rate=Decimal(rate),
        exchange_rate_source="",
        issued_on=day(issued),
        due_on=day(due),
        place_of_supply="DXB",
        supply_type="B2B",
        is_inter_state=component == "igst",
        prices_include_tax=False,
        is_reverse_charge=False,
        is_igst_on_intra=False,
        is_e_invoice=False,
        is_rounded_off=False,
        tax_rounding_mode=RoundingMode.LINE,
        po_number="",
        notes="",
        terms="",
        gross_minor=net.minor,
        taxable_minor=net.minor,
        tax_minor=charged.minor,
        tax_charged_minor=charged.minor,
        grand_minor=gross.minor,
        payable_minor=gross.minor,
        home_taxable_minor=home_net.minor,
        home_tax_minor=home_tax.minor,
        home_tax_charged_minor=home_tax.minor,
        home_grand_minor=home_gross.minor,
        home_payable_minor=home_gross.minor,
        owner_id=owner_id or work.actor_id,
        company_id=where.company.id,
        branch_id=where.branch.id,
        created_at=work.now,
        lines=[
            DocumentLine(
                no=1,
                description="Work",
                is_service=True,
                unit="HUR",
                quantity=Decimal(1),
                unit_price=net.amount,
                base_quantity=Decimal(1),
                category=TaxCategory.STANDARD if charged.minor else TaxCategory.ZERO,
                rate=Decimal(5) if charged.minor else Decimal(0),
                cess_rate=Decimal(0),
                tax_reason="",
                gross_minor=net.minor,
                taxable_minor=net.minor,
                tax_minor=charged.minor,
                total_minor=gross.minor,
                home_taxable_minor=home_net.minor,
                home_tax_minor=home_tax.minor,
                home_total_minor=home_gross.minor,
                **_by_component(component, charged.minor, home_tax.minor),
            )
        ],
    )
    work.session.add(made)
    work.session.flush()
    taken = take(work, where, "invoice", made.issued_on)
    made.series_id, made.fiscal_year = taken.series_id, taken.fiscal_year
    made.number, made.sequence_no = taken.number, taken.sequence_no
    made.state, made.issued_at, made.issued_by_id = DocumentState.ISSUED, work.now, work.actor_id
    made.balance_minor, made.home_balance_minor = gross.minor, home_gross.minor
    work.session.flush()
    _post(work, where, made)
    return made


def _by_component(component: str, minor: int, home: int) -> dict[str, int]:
    if component == "cgst":
        halves = {"cgst": (minor // 2, home // 2), "sgst": (minor - minor // 2, home - home // 2)}
    else:
        halves = {component: (minor, home)}
    return {f"{name}_minor": own for name, (own, _) in halves.items()} | {
        f"home_{name}_minor": at_home for name, (_, at_home) in halves.items()
    }


def _post(work: Work, where: Place, made: Document) -> None:
    amounts = KINDS[DocumentKind.INVOICE].postings(
        made,
        accounts_of(work, where.company.id),
        lambda code: account_by_code(work, where.company.id, code),
    )
    source = Source("document", made.id)
    post(work, where.company, where.branch.id, amounts, on=made.issued_on, text=str(made.number), source=source)


def payment(
    work: Work, document: Document, on: str, amount: str, *, allocated: str | None = None, rate: str = "1"
) -> Payment:
    """Money for an invoice; what is not allocated is the customer's credit."""
    where = place(work)
    home = where.company.base_currency
    money, part = Money.of(amount, document.currency), Money.of(allocated or amount, document.currency)
    arrived, part_arrived = money.converted(Decimal(rate), home), part.converted(Decimal(rate), home)
    leaves = part.converted(document.exchange_rate, home)
    taken = take(work, where, "payment", day(on), is_ordered=False)
    made = Payment(
        registration_id=where.branch.registration_id,
        series_id=taken.series_id,
        fiscal_year=taken.fiscal_year,
        number=taken.number,
        sequence_no=taken.sequence_no,
        state=PaymentState.RECEIVED,
        customer_id=document.customer_id,
        method=PaymentMethod.BANK,
        received_on=day(on),
        currency=document.currency,
        home_currency=home,
        exchange_rate=Decimal(rate),
        amount_minor=money.minor,
        home_amount_minor=arrived.minor,
        allocated_minor=part.minor,
        unallocated_minor=(money - part).minor,
        home_unallocated_minor=(arrived - part_arrived).minor,
        reference="",
        notes="",
        owner_id=work.actor_id,
        company_id=where.company.id,
        branch_id=where.branch.id,
        created_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    work.session.add(
        PaymentAllocation(
            payment_id=made.id,
            document_id=document.id,
            allocated_on=day(on),
            amount_minor=part.minor,
            home_document_minor=leaves.minor,
            home_payment_minor=part_arrived.minor,
        )
    )
    document.paid_minor += part.minor
    document.balance_minor -= part.minor
    document.home_balance_minor -= leaves.minor
    roles = accounts_of(work, where.company.id)
    gain = leaves - part_arrived
    sides = [
        Amount(account_for(roles, AccountRole.BANK), money, arrived),
        Amount(account_for(roles, AccountRole.RECEIVABLE), -part, -leaves, document.customer_id),
        Amount(account_for(roles, AccountRole.EXCHANGE), Money.zero(document.currency), gain),
        Amount(
            account_for(roles, AccountRole.CUSTOMER_CREDIT), part - money, part_arrived - arrived, document.customer_id
        ),
    ]
    post(work, where.company, where.branch.id, sides, on=day(on), text="Payment", source=Source("payment", made.id))
    return made


def void(work: Work, document: Document, reason: str) -> None:
    document.state, document.voided_at, document.void_reason = DocumentState.VOID, work.now, reason
    document.balance_minor = document.home_balance_minor = 0
    on = max(work.today, document.issued_on)
    reverse(work, place(work).company, Source("document", document.id), on=on, text="Void")
