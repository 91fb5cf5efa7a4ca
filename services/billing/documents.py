"""Turning a draft into a document: customer and place found, tax decided line by line, totals calculated.

Nothing here writes history or events; the commands do. `calculate_document` is run again at issue, for the day of
issue, so that a draft that lay for weeks is issued with the rates and rules of its own date.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from models.billing import Document, DocumentLine
from models.customers import Customer
from models.organisation import TaxRegistration
from models.values.money import Money
from models.values.states import CustomerKind, DocumentKind, Scheme, SupplyType, TaxCategory
from services.billing import tax
from services.billing.totals import (
    DocumentInput,
    LineInput,
    LineTotals,
    Totals,
    calculate,
    e_invoice_rounding_mode,
    problems,
)
from services.drafts import Problem
from services.errors import InvalidValue
from services.organisation.places import Place
from services.organisation.rates import quote
from services.store import Work

GIVEN = "given"
"""Source of an exchange rate that was typed on the document."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who sells and who buys, as they are now."""

    place: Place
    registration: TaxRegistration
    customer: Customer

    @property
    def seller(self) -> tax.Seller:
        return tax.Seller(self.registration.country, self.registration.scheme, self.seller_state)

    @property
    def seller_state(self) -> str | None:
        """India: the State of the GSTIN. Elsewhere the branch's: the emirate that VAT 201 reports (tax.md 2.2)."""
        registered, placed = self.registration.state, self.place.branch.state
        return registered or placed if self.registration.country == "IN" else placed or registered

    @property
    def buyer(self) -> tax.Buyer:
        customer = self.customer
        return tax.Buyer(
            customer.country,
            customer.tax_treatment,
            customer.state,
            has_tax_id=bool(customer.tax_id) and customer.is_tax_id_verified,
            is_business=customer.kind is CustomerKind.BUSINESS,
        )


def has_lut(registration: TaxRegistration, day: dt.date) -> bool:
    """A letter of undertaking (RFD-11) that holds on the day."""
    return (
        bool(registration.lut_arn)
        and (registration.lut_valid_from is None or registration.lut_valid_from <= day)
        and (registration.lut_valid_to is None or day <= registration.lut_valid_to)
    )


def calculate_document(work: Work, document: Document, parties: Parties) -> list[Problem]:
    """Decide the tax of every line and fill in all amounts; answers what is wrong, with nothing filled in then."""
    _take_rate(work, document, parties)
    decisions, found = _decide(document, parties)
    if found:
        return found
    asked = _input(document, decisions)
    try:
        if document.is_e_invoice and parties.registration.country == "AE":
            asked = replace(asked, rounding_mode=e_invoice_rounding_mode(asked))
        totals = calculate(asked)
    except InvalidValue:
        return [Problem(problem.field, problem.message) for problem in problems(asked)]
    document.tax_rounding_mode = totals.rounding_mode
    document.is_inter_state = any(decision.is_inter_state for decision in decisions)
    document.document_type = document_type(document, parties, decisions)
    _fill_totals(document, totals)
    for line, amounts, decision in zip(document.lines, totals.lines, decisions, strict=True):
        _fill_line(line, amounts, decision)
    return []


def document_type(document: Document, parties: Parties, decisions: list[tax.TaxDecision]) -> str:
    """What the paper is called: by kind, by the seller's scheme, by whether anything on it is taxable."""
    if document.kind is not DocumentKind.INVOICE:
        return document.kind.value
    scheme, country = parties.registration.scheme, parties.registration.country
    if scheme is Scheme.UNREGISTERED:
        return "invoice"
    exempt = {TaxCategory.EXEMPT, TaxCategory.OUT_OF_SCOPE}
    if country == "IN" and (scheme is Scheme.COMPOSITION or all(d.category in exempt for d in decisions)):
        return "bill_of_supply"
    return "tax_invoice"


def _take_rate(work: Work, document: Document, parties: Parties) -> None:
    """The table's rate for the day of supply, unless the document gives its own (UAE: VAT law Art. 69)."""
    if document.exchange_rate_source == GIVEN:
        return
    day = document.supplied_on or document.issued_on
    found = quote(work, document.currency, parties.place.company.base_currency, day)
    document.exchange_rate = found.rate
    document.exchange_rate_on = found.quoted_on
    document.exchange_rate_source = found.source


def _decide(document: Document, parties: Parties) -> tuple[list[tax.TaxDecision], list[Problem]]:
    decisions, found = [], []
    for number, line in enumerate(document.lines, 1):
        facts = _facts(document, parties, line)
        decision = tax.decide(facts)
        asked_category, asked_rate = line.asked_category, line.asked_rate
        differs = (asked_category is not None and asked_category is not decision.category) or (
            asked_rate is not None and asked_rate != decision.rate
        )
        if differs:
            override = tax.Override(line.override_reason or "", asked_category, asked_rate)
            problem = tax.override_problem(facts, override)
            if problem is not None:
                found.append(Problem(f"lines[{number}].override_reason", f"Line {number}: {problem}"))
                continue
            decision = tax.decide(replace(facts, override=override))
        decisions.append(decision)
    return decisions, found


def _facts(document: Document, parties: Parties, line: DocumentLine) -> tax.TaxFacts:
    return tax.TaxFacts(
        seller=parties.seller,
        buyer=parties.buyer,
        item=tax.TaxedItem(line.is_service, line.item_category, line.item_rate, line.cess_rate),
        place_of_supply=document.place_of_supply,
        supply_type=SupplyType(document.supply_type),
        supplied_on=document.supplied_on or document.issued_on,
        is_reverse_charge=document.is_reverse_charge,
        is_igst_on_intra=document.is_igst_on_intra,
    )


def tax_problems(document: Document, parties: Parties) -> list[str]:
    """What does not fit together in the facts of the lines, each sentence once."""
    found: dict[str, None] = {}
    for line in document.lines:
        found |= dict.fromkeys(tax.problems(_facts(document, parties, line)))
    return list(found)


def _input(document: Document, decisions: list[tax.TaxDecision]) -> DocumentInput:
    discount = document.discount_minor
    amount = None if discount is None else Money(discount, document.currency).amount
    return DocumentInput(
        currency=document.currency,
        home_currency=document.home_currency,
        exchange_rate=document.exchange_rate,
        rounding_mode=document.tax_rounding_mode,
        prices_include_tax=document.prices_include_tax,
        is_reverse_charge=document.is_reverse_charge,
        document_discount_percent=document.discount_percent,
        document_discount_amount=amount,
        round_off=document.is_rounded_off,
        prepaid_minor=document.prepaid_minor,
        lines=tuple(
            LineInput(
                quantity=line.quantity,
                unit_price=line.unit_price,
                base_quantity=line.base_quantity,
                category=decision.category,
                components=decision.components,
                discount_percent=line.discount_percent,
                discount_amount=_line_discount(document, line),
            )
            for line, decision in zip(document.lines, decisions, strict=True)
        ),
    )


def _line_discount(document: Document, line: DocumentLine) -> Decimal | None:
    minor = line.discount_input_minor
    return None if minor is None else Money(minor, document.currency).amount


def component_names(document: Document, registration: TaxRegistration, cess_rate: Decimal) -> tuple[str, ...]:
    """Which taxes a line of this document shows, zero or not; none where the seller may not charge any."""
    if registration.scheme is not Scheme.REGULAR:
        return ()
    if registration.country != "IN":
        return ("vat",)
    names = ("igst",) if document.is_inter_state else ("cgst", "sgst")
    return (*names, "cess") if cess_rate else names


def _fill_totals(document: Document, totals: Totals) -> None:
    figures, home = totals.document, totals.home
    document.fill(
        {
            "gross_minor": figures.gross.minor,
            "line_discount_minor": figures.line_discount.minor,
            "document_discount_minor": figures.document_discount.minor,
            "taxable_minor": figures.taxable.minor,
            "tax_minor": figures.tax.minor,
            "tax_charged_minor": figures.tax_charged.minor,
            "grand_minor": figures.grand.minor,
            "round_off_minor": figures.round_off.minor,
            "payable_minor": figures.payable.minor,
            "home_taxable_minor": home.taxable.minor,
            "home_tax_minor": home.tax.minor,
            "home_tax_charged_minor": home.tax_charged.minor,
            "home_grand_minor": home.grand.minor,
            "home_round_off_minor": home.round_off.minor,
            "home_payable_minor": home.payable.minor,
        }
    )


def _fill_line(line: DocumentLine, amounts: LineTotals, decision: tax.TaxDecision) -> None:
    taxes = {component.name: component for component in amounts.taxes}
    values = {
        "category": decision.category,
        "rate": decision.rate,
        "tax_reason": decision.reason,
        "gross_minor": amounts.gross.minor,
        "discount_minor": amounts.discount.minor,
        "document_discount_minor": amounts.document_discount.minor,
        "taxable_minor": amounts.taxable.minor,
        "tax_minor": amounts.tax.minor,
        "total_minor": amounts.total.minor,
        "home_taxable_minor": amounts.home_taxable.minor,
        "home_tax_minor": amounts.home_tax.minor,
        "home_total_minor": amounts.home_total.minor,
    }
    for name in ("vat", "cgst", "sgst", "igst", "cess"):
        component = taxes.get(name)
        values[f"{name}_minor"] = component.amount.minor if component else 0
        values[f"home_{name}_minor"] = component.home_amount.minor if component else 0
    line.fill(values)
