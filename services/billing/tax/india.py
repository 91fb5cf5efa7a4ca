"""India: CGST and IGST Acts 2017. Intra-State CGST + SGST, inter-State IGST, exports and SEZ zero-rated (tax.md 1.2)."""

from __future__ import annotations

from models.values.places import ABROAD, INDIAN_STATES
from models.values.states import Scheme, SupplyType, TaxCategory, TaxTreatment
from services.billing.tax.components import (
    charges_no_tax,
    ended_rate_problem,
    is_zero_rated_item,
    not_charged,
    rate_for,
    taxed,
    untaxed,
)
from services.billing.tax.facts import TaxDecision, TaxFacts

EXPORT = frozenset({SupplyType.EXPORT_WITH_PAYMENT, SupplyType.EXPORT_WITHOUT_PAYMENT})
SEZ = frozenset({SupplyType.SEZ_WITH_PAYMENT, SupplyType.SEZ_WITHOUT_PAYMENT})
_WITHOUT_PAYMENT = frozenset({SupplyType.EXPORT_WITHOUT_PAYMENT, SupplyType.SEZ_WITHOUT_PAYMENT})


def decide(facts: TaxFacts) -> TaxDecision:
    """The tax of one line. Reverse charge keeps category and tax: it is shown and not charged (Rule 46(p), C6)."""
    inter = is_inter_state(facts)
    if charges_no_tax(facts):
        return not_charged(facts, "The seller is not registered for GST.", "CGST Act s. 32", is_inter_state=inter)
    if facts.seller.scheme is Scheme.COMPOSITION:
        reason = "A composition taxable person is not eligible to collect tax on supplies."
        return not_charged(facts, reason, "CGST Act s. 10(4)", is_inter_state=inter)
    rate = rate_for(facts)
    if rate is None:
        return not_charged(facts, f"There was no GST on {facts.supplied_on:%d %B %Y}.", "", is_inter_state=inter)
    if facts.item.category is TaxCategory.OUT_OF_SCOPE:
        reason, law = "The item is outside GST.", "CGST Act s. 9(1), Sch. III"
        return untaxed(facts, TaxCategory.OUT_OF_SCOPE, reason, law, is_inter_state=inter)
    if facts.supply_type in _WITHOUT_PAYMENT:
        reason = f"{_to(facts)} under a letter of undertaking, without payment of IGST."
        return untaxed(facts, TaxCategory.ZERO, reason, "IGST Act s. 16(3)(a)", is_inter_state=inter)
    if facts.item.category is TaxCategory.EXEMPT:
        return untaxed(facts, TaxCategory.EXEMPT, "The item is exempt.", "CGST Act s. 11", is_inter_state=inter)
    if is_zero_rated_item(facts):
        return untaxed(facts, TaxCategory.ZERO, "The item is nil-rated.", "CGST Act s. 2(47)", is_inter_state=inter)
    reason, law = _why(facts, is_inter=inter)
    return taxed(facts, rate.rate, reason, law, is_inter_state=inter)


def is_inter_state(facts: TaxFacts) -> bool:
    """Export, SEZ, another State, or IGST asked for within the State (INV-01 IgstOnIntra)."""
    return facts.supply_type in EXPORT | SEZ or facts.seller.place != facts.place_of_supply or facts.is_igst_on_intra


def problems(facts: TaxFacts) -> list[str]:
    found = [ended_rate_problem(facts)]
    is_abroad = facts.place_of_supply not in INDIAN_STATES
    if is_abroad and facts.place_of_supply != ABROAD:
        found.append(f"The place of supply {facts.place_of_supply} is no State code. Outside India it is {ABROAD}.")
    if facts.supply_type in EXPORT and not is_abroad:
        found.append("An export has its place of supply outside India (96). Change the place or the supply type.")
    if facts.supply_type in SEZ and facts.buyer.treatment is not TaxTreatment.SEZ:
        found.append("A supply type for an SEZ needs a customer with the treatment SEZ.")
    if facts.seller.place is None:
        found.append("The seller's State is not known. Enter it on the tax registration.")
    if facts.seller.scheme is Scheme.COMPOSITION and is_inter_state(facts) and not facts.item.is_service:
        found.append("A composition dealer may not supply goods to another State (CGST Act s. 10(2)(c)).")
    return [problem for problem in found if problem]


def _to(facts: TaxFacts) -> str:
    return "Export" if facts.supply_type in EXPORT else "Supply to an SEZ"


def _why(facts: TaxFacts, *, is_inter: bool) -> tuple[str, str]:
    if facts.supply_type in EXPORT | SEZ:
        return f"{_to(facts)} with payment of IGST.", "IGST Act s. 16(3)(b)"
    if not is_inter:
        reason, law = "Place of supply in the seller's State: CGST and SGST.", "CGST Act s. 9, IGST Act s. 8"
    elif facts.seller.place == facts.place_of_supply:
        reason, law = "IGST on a supply within the State, as asked for.", "IGST Act s. 7"
    else:
        reason, law = "Place of supply outside the seller's State: IGST.", "IGST Act s. 5, 7"
    if facts.supply_type is SupplyType.DEEMED_EXPORT:
        reason, law = f"Deemed export. {reason}", f"{law}, CGST Act s. 147"
    if facts.is_reverse_charge:
        reason, law = f"{reason} Payable by the recipient (reverse charge).", f"{law}, CGST Act s. 9(3)"
    return reason, law
