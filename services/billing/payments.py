"""Money that comes in: received, allocated to documents, voided (product.md 16, 20).

A payment's entry debits the bank and credits the receivable for what is allocated, and the customer's credit account
for what is not. A document leaves the receivable at its own rate, money arrives at the payment's: the difference is
exchange gain or loss. The last part of a balance takes all that is left of it, so nothing remains of rounding.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from models.billing import Document, Payment, PaymentAllocation
from models.customers import Customer
from models.organisation import BankAccount
from models.values.money import Money, exponent
from models.values.states import AccountRole, DocumentKind, DocumentState, PaymentMethod, PaymentState
from services.billing.commands import locked
from services.billing.documents import GIVEN
from services.billing.drafts import AllocationDraft, PaymentDraft
from services.customers.commands import find_or_create_customer
from services.drafts import Problem, raise_problems
from services.errors import Conflict, InvalidValue, NotFound
from services.ledger.posting import Amount, Source, account_for, accounts_of, post, reverse
from services.organisation.numbers import take
from services.organisation.places import Place, default_place, place_of
from services.organisation.rates import Quote, quote
from services.permissions import Action, Module, require, visible
from services.store import Work

SERIES = "payment"


@dataclass(frozen=True, slots=True)
class _Part:
    """One allocation as it is posted: on the day when both the money and the document are there."""

    on: dt.date
    document: Document
    amount: Money
    at_document_rate: Money
    at_payment_rate: Money


def receive(work: Work, draft: PaymentDraft) -> int:
    """Enter a payment with its allocations, number it and post it; answers its id."""
    require(work, Module.BILLING, Action.CREATE)
    documents = [(_document(work, part.document), part) for part in draft.allocate]
    customer = work.session.get_one(Customer, find_or_create_customer(work, draft.customer))
    place = _place(work, draft, documents, customer)
    currency = (draft.currency or (documents[0][0].currency if documents else customer.currency)).upper()
    exponent(currency)
    amount = Money.of(draft.amount, currency)
    received_on = draft.received_on or work.now.astimezone(place.zone).date()
    raise_problems(_problems(draft, amount, received_on, work.now.astimezone(place.zone).date()))
    rate = _rate(work, draft, currency, place, received_on)
    taken = take(work, place, SERIES, received_on, is_ordered=False)
    home = amount.converted(rate.rate, place.company.base_currency)
    payment = Payment(
        company_id=place.company.id,
        branch_id=place.branch.id,
        business_unit_id=customer.business_unit_id,
        owner_id=work.actor_id,
        registration_id=place.branch.registration_id,
        series_id=taken.series_id,
        fiscal_year=taken.fiscal_year,
        number=taken.number,
        sequence_no=taken.sequence_no,
        state=PaymentState.RECEIVED,
        customer_id=customer.id,
        method=draft.method,
        bank_account_id=_bank_account(work, draft.bank_account),
        received_on=received_on,
        currency=currency,
        home_currency=place.company.base_currency,
        exchange_rate=rate.rate,
        amount_minor=amount.minor,
        home_amount_minor=home.minor,
        allocated_minor=0,
        unallocated_minor=amount.minor,
        home_unallocated_minor=home.minor,
        reference=draft.reference,
        notes=draft.notes,
        created_at=work.now,
    )
    work.session.add(payment)
    work.session.flush()
    parts = _allocate(work, payment, documents, received_on)
    settled = [part for part in parts if part.on == received_on]
    _post_receipt(work, place, payment, settled)
    for day in sorted({part.on for part in parts} - {received_on}):
        _post_allocation(work, place, payment, [part for part in parts if part.on == day], day)
    work.record("payment.received", payment, number=payment.number)
    return payment.id


def allocate(work: Work, payment_id: int, parts: tuple[AllocationDraft, ...], *, on: dt.date | None = None) -> None:
    """Settle documents from what a payment has left."""
    require(work, Module.BILLING, Action.EDIT)
    payment = _locked_payment(work, payment_id)
    if payment.state is PaymentState.VOID:
        raise Conflict(f"Payment {payment.number} is void and has nothing to allocate.")
    place = place_of(work, payment.branch_id)
    day = on or max(work.now.astimezone(place.zone).date(), payment.received_on)
    done = _allocate(work, payment, [(_document(work, part.document), part) for part in parts], day)
    for when in sorted({part.on for part in done}):
        _post_allocation(work, place, payment, [part for part in done if part.on == when], when)
    work.record("payment.allocated", payment, documents=[part.document.number for part in done])


def void_payment(work: Work, payment_id: int, reason: str) -> None:
    """Take a payment back: its allocations are released, its entries mirrored; the number stays."""
    require(work, Module.BILLING, Action.VOID)
    payment = _locked_payment(work, payment_id)
    if payment.state is PaymentState.VOID:
        raise Conflict(f"Payment {payment.number} is void already.")
    if not reason.strip():
        raise InvalidValue("Say why the payment is voided: reason=...")
    place = place_of(work, payment.branch_id)
    for allocation in payment.allocations:
        if allocation.released_at is None:
            document = locked(work, allocation.document_id)
            document.paid_minor -= allocation.amount_minor
            document.balance_minor += allocation.amount_minor
            document.home_balance_minor += allocation.home_document_minor
            allocation.released_at = work.now
    on = max(work.now.astimezone(place.zone).date(), payment.received_on)
    reverse(work, place.company, Source("payment", payment.id), on=on, text=f"Void of payment {payment.number}")
    payment.state, payment.voided_at, payment.void_reason = PaymentState.VOID, work.now, reason.strip()[:500]
    payment.allocated_minor = payment.unallocated_minor = payment.home_unallocated_minor = 0
    work.record("payment.voided", payment, reason=reason)


def _problems(draft: PaymentDraft, amount: Money, received_on: dt.date, today: dt.date) -> list[Problem]:
    found = []
    if amount.minor <= 0:
        found.append(Problem("amount", f"A payment is more than 0; {draft.amount} is not."))
    if received_on > today:
        found.append(Problem("received_on", f"{received_on} lies ahead. A payment is entered when it has come."))
    return found


def _place(
    work: Work, draft: PaymentDraft, documents: list[tuple[Document, AllocationDraft]], customer: Customer
) -> Place:
    if draft.company or draft.branch:
        return default_place(work, draft.company, draft.branch)
    return place_of(work, documents[0][0].branch_id if documents else customer.branch_id)


def _rate(work: Work, draft: PaymentDraft, currency: str, place: Place, on: dt.date) -> Quote:
    home = place.company.base_currency
    if draft.exchange_rate is not None and currency != home:
        if draft.exchange_rate <= 0:
            raise_problems([Problem("exchange_rate", f"A rate is more than 0; {draft.exchange_rate} is not.")])
        return Quote(draft.exchange_rate, on, GIVEN)
    return quote(work, currency, home, on)


def _document(work: Work, ref: str) -> Document:
    """An issued invoice by its number or #ID, locked."""
    query = select(Document.id).where(Document.kind == DocumentKind.INVOICE)
    query = query.where(Document.id == int(ref[1:]) if ref[:1] == "#" and ref[1:].isdigit() else Document.number == ref)
    ids = work.session.scalars(query).all()
    if not ids:
        raise NotFound(f"There is no invoice {ref} in this book.")
    if len(ids) > 1:
        names = ", ".join(f"#{one}" for one in ids)
        raise InvalidValue(f"There are several invoices {ref}, one for each company: name it by its id, {names}.")
    return locked(work, ids[0])


def _allocate(
    work: Work, payment: Payment, documents: list[tuple[Document, AllocationDraft]], on: dt.date
) -> list[_Part]:
    raise_problems(_allocation_problems(payment, documents))
    parts = []
    for document, draft in documents:
        amount = Money.of(draft.amount, payment.currency)
        day = max(on, document.issued_on)
        part = _Part(day, document, amount, _leaves(document, amount), _arrives(payment, amount))
        work.session.add(
            PaymentAllocation(
                payment=payment,
                document_id=document.id,
                allocated_on=day,
                amount_minor=amount.minor,
                home_document_minor=part.at_document_rate.minor,
                home_payment_minor=part.at_payment_rate.minor,
            )
        )
        document.paid_minor += amount.minor
        document.balance_minor -= amount.minor
        document.home_balance_minor -= part.at_document_rate.minor
        payment.allocated_minor += amount.minor
        payment.unallocated_minor -= amount.minor
        payment.home_unallocated_minor -= part.at_payment_rate.minor
        parts.append(part)
    return parts


def _allocation_problems(payment: Payment, documents: list[tuple[Document, AllocationDraft]]) -> list[Problem]:
    found, left = [], payment.unallocated_minor
    open_now: dict[int, int] = {}
    for document, draft in documents:
        name = document.number or f"#{document.id}"
        amount = Money.of(draft.amount, payment.currency)
        balance = open_now.setdefault(document.id, document.balance_minor)
        if document.state is not DocumentState.ISSUED:
            found.append(Problem("allocate", f"Invoice {name} is {document.state.value} and takes no payment."))
        elif (document.company_id, document.customer_id) != (payment.company_id, payment.customer_id):
            found.append(Problem("allocate", f"Invoice {name} belongs to another customer or company."))
        elif document.currency != payment.currency:
            sentence = f"Invoice {name} is in {document.currency}, the payment in {payment.currency}; they must agree."
            found.append(Problem("allocate", sentence))
        elif amount.minor <= 0:
            found.append(Problem("allocate", f"What is allocated to {name} is more than 0; {draft.amount} is not."))
        elif amount.minor > balance:
            still = Money(balance, document.currency)
            found.append(Problem("allocate", f"Invoice {name} has {still} {document.currency} open, not {amount}."))
        open_now[document.id] = balance - amount.minor
        left -= amount.minor
    if left < 0 and not found:
        have = Money(payment.unallocated_minor, payment.currency)
        found.append(Problem("allocate", f"The allocations exceed the payment: {have} {payment.currency} is left."))
    return found


def _leaves(document: Document, amount: Money) -> Money:
    """What leaves the receivable in home currency."""
    if amount.minor == document.balance_minor:
        return Money(document.home_balance_minor, document.home_currency)
    share = amount.converted(document.exchange_rate, document.home_currency)
    return Money(min(share.minor, document.home_balance_minor), document.home_currency)


def _arrives(payment: Payment, amount: Money) -> Money:
    """What this part of the money was worth when it came."""
    if amount.minor == payment.unallocated_minor:
        return Money(payment.home_unallocated_minor, payment.home_currency)
    share = amount.converted(payment.exchange_rate, payment.home_currency)
    return Money(min(share.minor, payment.home_unallocated_minor), payment.home_currency)


def _post_receipt(work: Work, place: Place, payment: Payment, settled: list[_Part]) -> None:
    """Dr bank with all that came; Cr the receivable for what settles documents that day, customer credit for the rest."""
    roles = accounts_of(work, place.company.id)
    paid_into = AccountRole.CASH if payment.method is PaymentMethod.CASH else AccountRole.BANK
    amount = Money(payment.amount_minor, payment.currency)
    home = Money(payment.home_amount_minor, payment.home_currency)
    sides = [Amount(account_for(roles, paid_into), amount, home)]
    for part in settled:
        sides += _settling(roles, part, payment)
        amount -= part.amount
        home -= part.at_payment_rate
    if not (amount.is_zero and home.is_zero):
        credit = account_for(roles, AccountRole.CUSTOMER_CREDIT)
        sides.append(Amount(credit, -amount, -home, payment.customer_id))
    _post(work, place, payment, sides, payment.received_on, f"Payment {payment.number}")


def _post_allocation(work: Work, place: Place, payment: Payment, parts: list[_Part], on: dt.date) -> None:
    """What was the customer's credit settles documents."""
    roles = accounts_of(work, place.company.id)
    credit = account_for(roles, AccountRole.CUSTOMER_CREDIT)
    sides: list[Amount] = []
    for part in parts:
        sides.append(Amount(credit, part.amount, part.at_payment_rate, payment.customer_id))
        sides += _settling(roles, part, payment)
    _post(work, place, payment, sides, on, f"Allocation of payment {payment.number}")


def _post(work: Work, place: Place, payment: Payment, sides: list[Amount], on: dt.date, text: str) -> None:
    source = Source("payment", payment.id)
    post(work, place.company, payment.branch_id, sides, on=on, text=text, source=source)


def _settling(roles: Mapping[AccountRole, int], part: _Part, payment: Payment) -> list[Amount]:
    """Cr receivable at the document's rate; the exchange account takes the difference to the payment's."""
    receivable = account_for(roles, AccountRole.RECEIVABLE)
    sides = [Amount(receivable, -part.amount, -part.at_document_rate, payment.customer_id)]
    difference = part.at_document_rate - part.at_payment_rate
    if not difference.is_zero:
        nothing = Money.zero(payment.currency)
        sides.append(Amount(account_for(roles, AccountRole.EXCHANGE), nothing, difference))
    return sides


def _bank_account(work: Work, code: str | None) -> int | None:
    if not code:
        return None
    found = work.session.scalar(select(BankAccount.id).where(BankAccount.code == code))
    if found is None:
        raise NotFound(f"There is no bank account {code} in this book.")
    return found


def _locked_payment(work: Work, payment_id: int) -> Payment:
    found = work.session.scalar(
        select(Payment)
        .where(Payment.id == payment_id, visible(work, Module.BILLING, Payment.owner_id, Payment.branch_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("This payment is not in the book.")
    return found
