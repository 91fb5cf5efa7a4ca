"""What is missing before a document may be issued, each with the law's item (product.md 30, tax.md 1.1 and 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.billing import Document
from models.customers import CustomerAddress
from models.organisation import Branch
from models.values.money import Money
from models.values.states import DocumentKind, Scheme, SupplyType, TaxTreatment
from services.billing.documents import Parties, has_lut, tax_problems
from services.billing.tax.facts import REGISTERED

ARTICLE_59 = "UAE Cabinet Decision 52/2017, Article 59(1)"
RULE_46 = "India CGST Rules, Rule 46"
SIMPLIFIED_LIMIT = Money(1_000_000, "AED")
"""AED 10,000: up to here a registered recipient may get a simplified invoice (tax.md 2.1)."""
UNREGISTERED_LIMIT = Money(5_000_000, "INR")
"""Rs 50,000: from here the recipient's address and State are needed (Rule 46(e))."""


@dataclass(frozen=True, slots=True)
class Blocker:
    field: str
    law: str
    message: str

    def json(self) -> dict[str, str]:
        return {"field": self.field, "law": self.law, "message": self.message}


def blockers(document: Document, parties: Parties, billing: CustomerAddress | None) -> list[Blocker]:
    """Everything that keeps `document` from being issued, in the order of the form; empty when it may go."""
    found = list(_general(document))
    if document.kind is DocumentKind.INVOICE and parties.registration.scheme is not Scheme.UNREGISTERED:
        if parties.registration.country == "AE":
            found += _article_59(document, parties, billing)
        if parties.registration.country == "IN":
            found += _rule_46(document, parties, billing)
        found += (Blocker("lines", "", sentence) for sentence in tax_problems(document, parties))
    return found


def _general(document: Document) -> Iterator[Blocker]:
    if not document.lines:
        yield Blocker("lines", "", "The document has no line. Add one.")
    for number, line in enumerate(document.lines, 1):
        if not line.description.strip():
            yield Blocker(f"lines[{number}].description", "", f"Line {number} has no description.")
    if document.due_on < document.issued_on:
        yield Blocker("due_on", "", f"It is due on {document.due_on}, before its date {document.issued_on}.")


def _supplier(parties: Parties, law: str, label: str) -> Iterator[Blocker]:
    branch = parties.place.branch
    if not parties.registration.tax_id:
        yield Blocker("registration.tax_id", law, f"The branch {branch.code} has no {label}. Enter it in the company.")
    if not _has_address(branch):
        yield Blocker("branch.street", law, f"The branch {branch.code} has no address. Enter street and city.")


def _has_address(place: Branch | CustomerAddress | None) -> bool:
    return place is not None and bool(place.street.strip() or place.city.strip())


def _article_59(document: Document, parties: Parties, billing: CustomerAddress | None) -> Iterator[Blocker]:
    customer = parties.customer
    yield from _supplier(parties, f"{ARTICLE_59}(b)", "TRN")
    if not customer.legal_name.strip():
        yield Blocker("customer.legal_name", f"{ARTICLE_59}(c)", "The customer has no legal name.")
    is_registered = customer.tax_treatment in REGISTERED
    if not _has_address(billing) and is_registered and document.home_payable_minor > SIMPLIFIED_LIMIT.minor:
        yield Blocker(
            "customer.billing_address",
            f"{ARTICLE_59}(c)",
            f"{customer.display_name} has no billing address; a tax invoice above AED 10,000 needs it.",
        )
    registered_here = {TaxTreatment.VAT_REGISTERED, TaxTreatment.VAT_REGISTERED_DESIGNATED_ZONE}
    if customer.tax_treatment in registered_here and not customer.tax_id:
        yield Blocker(
            "customer.tax_id",
            f"{ARTICLE_59}(c)",
            f"{customer.display_name} is VAT registered but has no TRN. Enter it, or change the tax treatment.",
        )
    if document.is_reverse_charge and not customer.tax_id:
        yield Blocker(
            "customer.tax_id", f"{ARTICLE_59}(l)", "Under reverse charge the customer's TRN is needed. Enter it."
        )


def _rule_46(document: Document, parties: Parties, billing: CustomerAddress | None) -> Iterator[Blocker]:
    customer = parties.customer
    yield from _supplier(parties, f"{RULE_46}(a)", "GSTIN")
    is_registered = customer.tax_treatment in REGISTERED
    if is_registered and not customer.tax_id:
        yield Blocker(
            "customer.tax_id",
            f"{RULE_46}(d)",
            f"{customer.display_name} is registered but has no GSTIN. Enter it, or change the GST treatment.",
        )
    is_large = document.home_payable_minor >= UNREGISTERED_LIMIT.minor
    if (is_registered or is_large) and not _has_address(billing):
        item = f"{RULE_46}(d)" if is_registered else f"{RULE_46}(e)"
        yield Blocker("customer.billing_address", item, f"{customer.display_name} has no billing address. Enter it.")
    if is_large and not is_registered and customer.country == "IN" and not customer.state:
        yield Blocker("customer.state", f"{RULE_46}(e)", f"{customer.display_name} has no State. Enter it.")
    for number, line in enumerate(document.lines, 1):
        if not line.hsn and is_registered:
            code = "SAC" if line.is_service else "HSN"
            yield Blocker(f"lines[{number}].hsn", f"{RULE_46}(g)", f"Line {number} has no {code} code. Enter it.")
    without_payment = {SupplyType.EXPORT_WITHOUT_PAYMENT, SupplyType.SEZ_WITHOUT_PAYMENT}
    if document.supply_type in without_payment and not has_lut(parties.registration, document.issued_on):
        yield Blocker(
            "supply_type",
            "India CGST Rules, Rule 96A",
            "An export or SEZ supply without payment of tax needs a letter of undertaking that holds on "
            f"{document.issued_on}. Enter its ARN, or supply with payment of tax.",
        )
