"""The United Arab Emirates: Federal Decree-Law 8/2017 (DL) and its Executive Regulation, Cabinet Decision 52/2017 (ER).

Ordinary cases only. What moves within or between designated zones may be outside the State (ER Art. 51), but that
depends on facts that no document holds: it is chosen by hand with a reason, never here (tax.md 2.1).
"""

from __future__ import annotations

from models.values.places import EMIRATES, GCC
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
from services.billing.tax.facts import DESIGNATED_ZONE, TaxDecision, TaxFacts


def decide(facts: TaxFacts) -> TaxDecision:
    """S, Z, E, O or AE for one line; the seven treatments and the place of supply decide."""
    if charges_no_tax(facts):
        return not_charged(facts, "The seller is not registered for VAT.", "DL 8/2017 Art. 13")
    if rate_for(facts) is None:
        return not_charged(facts, f"There was no VAT on {facts.supplied_on:%d %B %Y}.", "DL 8/2017")
    if facts.item.category is TaxCategory.EXEMPT:
        return untaxed(facts, TaxCategory.EXEMPT, "The item is exempt.", "DL 8/2017 Art. 46")
    if facts.item.category is TaxCategory.OUT_OF_SCOPE:
        return untaxed(facts, TaxCategory.OUT_OF_SCOPE, "The item is outside the scope of VAT.", "DL 8/2017 Art. 2")
    if _is_local(facts):
        return _local(facts)
    return _abroad(facts)


def problems(facts: TaxFacts) -> list[str]:
    found = [ended_rate_problem(facts), unknown_place_problem(facts.place_of_supply)]
    if facts.is_reverse_charge and not facts.buyer.is_registered:
        found.append("Reverse charge needs a buyer who is registered for VAT. Enter the buyer's TRN or switch it off.")
    if facts.override and facts.override.rate and _strange_rate(facts):
        found.append(f"The only rate of VAT in the UAE is 5 %, not {facts.override.rate} %.")
    return [problem for problem in found if problem]


def _strange_rate(facts: TaxFacts) -> bool:
    usual = rate_for(facts)
    return facts.override is not None and usual is not None and facts.override.rate != usual.rate


def _is_local(facts: TaxFacts) -> bool:
    return facts.place_of_supply in EMIRATES or facts.place_of_supply == "AE"


def _local(facts: TaxFacts) -> TaxDecision:
    if is_zero_rated_item(facts):
        return untaxed(facts, TaxCategory.ZERO, "The item is zero-rated.", "DL 8/2017 Art. 45")
    if facts.is_reverse_charge:
        return untaxed(
            facts,
            TaxCategory.REVERSE_CHARGE,
            "The recipient accounts for the VAT (reverse charge).",
            "DL 8/2017 Art. 48(8)",
        )
    rate = rate_for(facts)
    assert rate is not None, "decide() asked before"
    reason = "Supplied in the UAE: standard rate."
    if facts.buyer.treatment in DESIGNATED_ZONE:
        reason = "A supply to a designated zone is standard-rated unless chosen otherwise with a reason."
    return taxed(facts, rate.rate, reason, rate.law)


def _abroad(facts: TaxFacts) -> TaxDecision:
    """Goods that leave are zero-rated, and so are services for a recipient abroad.

    Services for a recipient in the UAE whose place of supply is abroad (land, events, ...) are outside its scope.
    """
    to = "a GCC state, none of which is treated as an implementing state" if facts.place_of_supply in GCC else "abroad"
    if not facts.item.is_service:
        return untaxed(facts, TaxCategory.ZERO, f"Export of goods to {to}.", "DL 8/2017 Art. 45(1), ER Art. 30")
    if facts.buyer.country == "AE":
        return untaxed(
            facts, TaxCategory.OUT_OF_SCOPE, "The place of supply of this service is abroad.", "DL 8/2017 Art. 30"
        )
    return untaxed(facts, TaxCategory.ZERO, f"Export of services to {to}.", "DL 8/2017 Art. 45(1), ER Art. 31")
