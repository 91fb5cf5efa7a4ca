"""Category or rate chosen by hand: kept, with the reason that the person gave."""

from __future__ import annotations

from decimal import Decimal

from models.values.errors import InvalidValue
from models.values.states import Scheme, TaxCategory
from services.billing.tax.components import ZERO, components, rate_for
from services.billing.tax.facts import Override, TaxDecision, TaxFacts
from services.billing.totals import LARGEST_RATE


def override_problem(facts: TaxFacts, override: Override) -> str | None:
    """Why this override cannot be; None when it can."""
    category, rate = override.category, override.rate
    if not override.reason.strip():
        return "A tax category or rate chosen by hand needs a reason. Give it as override_reason."
    if category is None and rate is None:
        return None
    if rate is not None and not (rate.is_finite() and 0 <= rate <= LARGEST_RATE):
        return f"A tax rate is between 0 and {LARGEST_RATE} %."
    if category is TaxCategory.STANDARD and rate is not None and rate == 0:
        return "Category S needs a rate above 0. Choose Z for zero-rated."
    if category not in {None, TaxCategory.STANDARD} and rate:
        return f"Category {category} carries no tax, so its rate must be 0."
    if _chosen_category(override) is TaxCategory.STANDARD:
        return _charging_problem(facts) or _rate_problem(facts, override)
    return None


def overridden(facts: TaxFacts, override: Override, decision: TaxDecision) -> TaxDecision:
    """`decision` with the chosen category and rate; which components they make stays decided by the places."""
    problem = override_problem(facts, override)
    if problem:
        raise InvalidValue(problem)
    category = _chosen_category(override)
    if category is None:
        return decision
    inter = decision.is_inter_state
    reason = f"Chosen by hand: {override.reason.strip()}"
    if category is TaxCategory.STANDARD:
        rate, cess = _chosen_rate(facts, override), facts.item.cess_rate
    else:
        rate, cess = ZERO, ZERO
    taxes = components(facts.seller.country, rate, is_inter_state=inter, cess_rate=cess)
    if category is not TaxCategory.STANDARD and _charging_problem(facts):
        taxes = ()
    return TaxDecision(category, taxes, inter, facts.supply_type, reason, "")


def _chosen_category(override: Override) -> TaxCategory | None:
    """A rate alone says the category: S above 0, Z at 0."""
    if override.category is None and override.rate is not None:
        return TaxCategory.STANDARD if override.rate else TaxCategory.ZERO
    return override.category


def _chosen_rate(facts: TaxFacts, override: Override) -> Decimal:
    if override.rate is not None:
        return override.rate
    usual = rate_for(facts)
    return usual.rate if usual else ZERO


def _charging_problem(facts: TaxFacts) -> str | None:
    if facts.seller.scheme is Scheme.UNREGISTERED:
        return "A company that is not registered for tax cannot charge it."
    if facts.seller.scheme is Scheme.COMPOSITION and facts.seller.country == "IN":
        return "A composition dealer cannot charge tax on a supply (CGST Act s. 10(4))."
    return None


def _rate_problem(facts: TaxFacts, override: Override) -> str | None:
    if override.rate is None and rate_for(facts) is None:
        return f"No tax rate of {facts.seller.country} is known on {facts.supplied_on:%d %B %Y}. Give the rate too."
    return None
