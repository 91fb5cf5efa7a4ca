"""Which tax a line carries and why. Pure: facts in, a decision out (tax.md 1.2, 2.1).

`decide` picks the country's own rules; a new country with rules of its own is one module here and one line in `_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

from services.billing.tax import elsewhere, emirates, india
from services.billing.tax.facts import Buyer, Override, Seller, TaxDecision, TaxedItem, TaxFacts
from services.billing.tax.override import overridden, override_problem
from services.billing.tax.place import place_of_supply, supply_type

__all__ = [
    "Buyer",
    "Override",
    "Seller",
    "TaxDecision",
    "TaxFacts",
    "TaxedItem",
    "decide",
    "override_problem",
    "place_of_supply",
    "problems",
    "supply_type",
]

_RULES: dict[str, Callable[[TaxFacts], TaxDecision]] = {"AE": emirates.decide, "IN": india.decide}
_PROBLEMS: dict[str, Callable[[TaxFacts], list[str]]] = {"AE": emirates.problems, "IN": india.problems}


def decide(facts: TaxFacts) -> TaxDecision:
    """The tax of one line. An override that cannot be (no reason, S at 0 %) raises InvalidValue."""
    decision = _RULES.get(facts.seller.country, elsewhere.decide)(facts)
    return decision if facts.override is None else overridden(facts, facts.override, decision)


def problems(facts: TaxFacts) -> list[str]:
    """What does not fit together in the facts, a sentence each; the decision is still made."""
    found = [] if facts.override is None else [override_problem(facts, facts.override)]
    found += _PROBLEMS.get(facts.seller.country, elsewhere.problems)(facts)
    return [problem for problem in found if problem]
