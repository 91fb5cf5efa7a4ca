"""How a rate becomes components: the shares of the country's data, and the decisions that need no country."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from models.values.decimals import plain
from models.values.places import COUNTRIES, EMIRATES
from models.values.states import Scheme, TaxCategory
from services.billing.tax.facts import TaxDecision, TaxFacts
from services.billing.tax.rates import TaxRate, country_tax, find_rate, last_rate, standard_rate
from services.billing.totals import CESS, Component

ZERO = Decimal(0)
_PLAIN_VAT: Mapping[str, Decimal] = {"vat": Decimal(1)}


def components(
    country: str, rate: Decimal, *, is_inter_state: bool = False, cess_rate: Decimal = ZERO
) -> tuple[Component, ...]:
    """`rate` in the components of the country: vat 5; cgst 9 and sgst 9; igst 18; cess only where it is not 0."""
    known = country_tax(country)
    shares = _PLAIN_VAT if known is None else known.inter if is_inter_state else known.intra
    taxes = [Component(name, plain(rate * share)) for name, share in shares.items()]
    if cess_rate:
        taxes.append(Component(CESS, plain(cess_rate)))
    return tuple(taxes)


def taxed(facts: TaxFacts, rate: Decimal, reason: str, law: str, *, is_inter_state: bool = False) -> TaxDecision:
    """Category S at `rate`, with the item's cess."""
    return TaxDecision(
        TaxCategory.STANDARD,
        components(facts.seller.country, rate, is_inter_state=is_inter_state, cess_rate=facts.item.cess_rate),
        is_inter_state,
        facts.supply_type,
        reason,
        law,
    )


def untaxed(
    facts: TaxFacts, category: TaxCategory, reason: str, law: str, *, is_inter_state: bool = False
) -> TaxDecision:
    """Z, E, O or AE: the country's components at 0 (C8)."""
    zero = components(facts.seller.country, ZERO, is_inter_state=is_inter_state)
    return TaxDecision(category, zero, is_inter_state, facts.supply_type, reason, law)


def not_charged(facts: TaxFacts, reason: str, law: str, *, is_inter_state: bool = False) -> TaxDecision:
    """The seller may not charge tax at all, or no tax is known: category O without any component."""
    return TaxDecision(TaxCategory.OUT_OF_SCOPE, (), is_inter_state, facts.supply_type, reason, law)


def is_zero_rated_item(facts: TaxFacts) -> bool:
    """An item that the catalogue marks Z, or whose rate is 0."""
    item = facts.item
    return item.category is TaxCategory.ZERO or (item.rate is not None and item.rate == 0)


def charges_no_tax(facts: TaxFacts) -> bool:
    return facts.seller.scheme is Scheme.UNREGISTERED


def rate_for(facts: TaxFacts) -> TaxRate | None:
    """The item's rate where the seller's country has it on the day, else the standard rate; None: none is known.

    A shared catalogue serves companies of several countries, so a rate of another country is no mistake here.
    """
    country, on = facts.seller.country, facts.supplied_on
    own = find_rate(country, facts.item.rate, on) if facts.item.rate else None
    return own or standard_rate(country, on)


def ended_rate_problem(facts: TaxFacts) -> str | None:
    """The item's rate was one of the country's and has ended: nobody can guess its successor."""
    item, on = facts.item, facts.supplied_on
    if not item.rate or find_rate(facts.seller.country, item.rate, on):
        return None
    ended = last_rate(facts.seller.country, item.rate)
    if ended is None:
        return None
    if ended.valid_to is not None and ended.valid_to < on:
        return f"The rate of {item.rate} % ended on {ended.valid_to:%d %B %Y}. Choose the item's new rate."
    return f"The rate of {item.rate} % began on {ended.valid_from:%d %B %Y}. Choose the rate of the day of supply."


def unknown_place_problem(place: str) -> str | None:
    """Outside India a place of supply is an emirate or a country."""
    if place in EMIRATES or place in COUNTRIES:
        return None
    return f"The place of supply {place} is neither an emirate, such as DXB, nor a country, such as US."
