"""Other countries: domestic supplies at the country's own rates, nothing else known (rates are data).

No rate known: category O, and the reason says so; the person gives category and rate.
"""

from __future__ import annotations

from models.values.places import EU
from models.values.states import TaxCategory
from services.billing.tax.components import (
    charges_no_tax,
    ended_rate_problem,
    is_zero_rated_item,
    not_charged,
    rate_for,
    taxed,
    unknown_place_problem,
    untaxed,
)
from services.billing.tax.facts import TaxDecision, TaxFacts


def decide(facts: TaxFacts) -> TaxDecision:
    country = facts.seller.country
    if charges_no_tax(facts):
        return not_charged(facts, "The seller is not registered for tax.", "")
    rate = rate_for(facts)
    if rate is None:
        day = f"{facts.supplied_on:%d %B %Y}"
        return not_charged(facts, f"No tax rate of {country} is known on {day}; give category and rate by hand.", "")
    if facts.item.category in {TaxCategory.EXEMPT, TaxCategory.OUT_OF_SCOPE}:
        return untaxed(facts, facts.item.category, "The item's own category.", rate.law)
    if facts.place_of_supply != country:
        return _abroad(facts)
    if is_zero_rated_item(facts):
        return untaxed(facts, TaxCategory.ZERO, "The item is zero-rated.", rate.law)
    if facts.is_reverse_charge:
        return untaxed(facts, TaxCategory.REVERSE_CHARGE, "The recipient accounts for the tax.", rate.law)
    return taxed(facts, rate.rate, "Domestic supply.", rate.law)


def problems(facts: TaxFacts) -> list[str]:
    found = [ended_rate_problem(facts), unknown_place_problem(facts.place_of_supply)]
    if facts.is_reverse_charge and not facts.buyer.is_registered:
        found.append("Reverse charge needs a buyer who is registered for tax. Enter the tax number or switch it off.")
    return [problem for problem in found if problem]


def _abroad(facts: TaxFacts) -> TaxDecision:
    if not facts.item.is_service:
        return untaxed(facts, TaxCategory.ZERO, "Goods leave the country.", "")
    if {facts.seller.country, facts.place_of_supply} <= EU and facts.buyer.has_tax_id:
        reason = "Service to a business in another EU state: the recipient accounts for the tax."
        return untaxed(facts, TaxCategory.REVERSE_CHARGE, reason, "Directive 2006/112/EC, Art. 44 and 196")
    return untaxed(facts, TaxCategory.OUT_OF_SCOPE, "The place of supply of this service is abroad.", "")
