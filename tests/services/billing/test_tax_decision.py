"""The truth table of taxes: seller, buyer, place and item on the left, category, components and law on the right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from models.values.errors import InvalidValue
from models.values.states import Scheme, SupplyType, TaxCategory, TaxTreatment
from services.billing.tax import (
    Buyer,
    Override,
    Seller,
    TaxDecision,
    TaxedItem,
    TaxFacts,
    decide,
    place_of_supply,
    problems,
    supply_type,
)
from services.billing.totals import Component

T = TaxTreatment
S, Z, E, O, AE = TaxCategory  # noqa: E741 - the code list's own letter
B2B, B2C, EXPWP, EXPWOP, SEZWP, SEZWOP, DEXP = SupplyType

DUBAI = Seller("AE", Scheme.REGULAR, "DXB")
BENGALURU = Seller("IN", Scheme.REGULAR, "29")
BERLIN = Seller("DE", Scheme.REGULAR)
SERVICE, GOODS = TaxedItem(is_service=True), TaxedItem(is_service=False)
ON = date(2026, 3, 1)


def said(decision: TaxDecision) -> str:
    """`S vat 5`, `Z igst 0`, `O` without any component."""
    parts = [str(decision.category)]
    parts += [f"{component.name} {component.rate}" for component in decision.components]
    return " ".join(parts)


def emirati(treatment: TaxTreatment, country: str = "AE") -> Buyer:
    return Buyer(country, treatment, "AUH" if country == "AE" else None, "non_" not in treatment)


def indian(treatment: TaxTreatment, place: str | None = "29", country: str = "IN") -> Buyer:
    return Buyer(country, treatment, place, treatment in {T.REGISTERED_REGULAR, T.REGISTERED_COMPOSITION, T.SEZ})


# The UAE -------------------------------------------------------------------------------------------------------------

IN_ZONE = T.VAT_REGISTERED_DESIGNATED_ZONE
UNREGISTERED_IN_ZONE = T.NON_VAT_REGISTERED_DESIGNATED_ZONE

UAE = [
    # treatment, country of the buyer, place of supply, item, expected
    (T.VAT_REGISTERED, "AE", "DXB", SERVICE, "S vat 5"),
    (T.VAT_REGISTERED, "AE", "DXB", GOODS, "S vat 5"),
    (T.NON_VAT_REGISTERED, "AE", "DXB", SERVICE, "S vat 5"),
    (T.NON_VAT_REGISTERED, "AE", "DXB", GOODS, "S vat 5"),
    (IN_ZONE, "AE", "DXB", GOODS, "S vat 5"),
    (IN_ZONE, "AE", "DXB", SERVICE, "S vat 5"),
    (UNREGISTERED_IN_ZONE, "AE", "DXB", GOODS, "S vat 5"),
    (UNREGISTERED_IN_ZONE, "AE", "DXB", SERVICE, "S vat 5"),
    (T.GCC_VAT_REGISTERED, "SA", "SA", GOODS, "Z vat 0"),
    (T.GCC_VAT_REGISTERED, "SA", "SA", SERVICE, "Z vat 0"),
    (T.GCC_NON_VAT_REGISTERED, "OM", "OM", GOODS, "Z vat 0"),
    (T.GCC_NON_VAT_REGISTERED, "OM", "OM", SERVICE, "Z vat 0"),
    (T.NON_GCC, "US", "US", GOODS, "Z vat 0"),
    (T.NON_GCC, "US", "US", SERVICE, "Z vat 0"),
    # supplied in the UAE to somebody from abroad
    (T.GCC_VAT_REGISTERED, "SA", "DXB", SERVICE, "S vat 5"),
    (T.NON_GCC, "US", "DXB", GOODS, "S vat 5"),
    # a buyer of the UAE, supplied abroad
    (T.VAT_REGISTERED, "AE", "US", GOODS, "Z vat 0"),
    (T.VAT_REGISTERED, "AE", "US", SERVICE, "O vat 0"),
    # what the item itself is
    (T.VAT_REGISTERED, "AE", "DXB", replace(SERVICE, category=E), "E vat 0"),
    (T.VAT_REGISTERED, "AE", "DXB", replace(SERVICE, category=O), "O vat 0"),
    (T.VAT_REGISTERED, "AE", "DXB", replace(SERVICE, category=Z), "Z vat 0"),
    (T.VAT_REGISTERED, "AE", "DXB", replace(GOODS, rate=Decimal(0)), "Z vat 0"),
    (T.NON_GCC, "US", "US", replace(SERVICE, category=E), "E vat 0"),
    # a rate that is India's says nothing here
    (T.VAT_REGISTERED, "AE", "DXB", replace(SERVICE, rate=Decimal(18)), "S vat 5"),
]


@pytest.mark.parametrize(("treatment", "country", "place", "item", "expected"), UAE)
def test_the_seven_treatments_of_the_uae(
    treatment: TaxTreatment, country: str, place: str, item: TaxedItem, expected: str
) -> None:
    facts = TaxFacts(DUBAI, emirati(treatment, country), item, place, B2B, ON)
    decision = decide(facts)
    assert said(decision) == expected
    assert decision.reason and decision.law
    assert not decision.is_inter_state
    assert problems(facts) == []


LOCAL = TaxFacts(DUBAI, emirati(T.VAT_REGISTERED), GOODS, "DXB", B2B, ON)


def test_reverse_charge_in_the_uae_is_category_ae() -> None:
    assert said(decide(replace(LOCAL, is_reverse_charge=True))) == "AE vat 0"
    assert said(decide(replace(LOCAL, is_reverse_charge=True, item=replace(GOODS, category=E)))) == "E vat 0"


def test_reverse_charge_needs_a_registered_buyer() -> None:
    facts = replace(LOCAL, is_reverse_charge=True, buyer=emirati(T.NON_VAT_REGISTERED))
    assert problems(facts) == [
        "Reverse charge needs a buyer who is registered for VAT. Enter the buyer's TRN or switch it off."
    ]


def test_an_unregistered_seller_charges_nothing() -> None:
    decision = decide(replace(LOCAL, seller=replace(DUBAI, scheme=Scheme.UNREGISTERED)))
    assert (said(decision), decision.reason) == ("O", "The seller is not registered for VAT.")


def test_there_was_no_vat_before_2018() -> None:
    assert said(decide(replace(LOCAL, supplied_on=date(2017, 12, 31)))) == "O"
    assert said(decide(replace(LOCAL, supplied_on=date(2018, 1, 1)))) == "S vat 5"


def test_a_designated_zone_says_that_nothing_is_automatic() -> None:
    assert "unless chosen otherwise" in decide(replace(LOCAL, buyer=emirati(IN_ZONE))).reason


# India ---------------------------------------------------------------------------------------------------------------

REGULAR = T.REGISTERED_REGULAR
INTRA, INTER = "S cgst 9 sgst 9", "S igst 18"


def at(rate: str) -> TaxedItem:
    return replace(GOODS, rate=Decimal(rate))


INDIA = [
    # treatment, place of supply, supply type, item, expected, inter-State
    (REGULAR, "29", B2B, SERVICE, INTRA, False),
    (REGULAR, "27", B2B, SERVICE, INTER, True),
    (REGULAR, "29", B2B, at("5"), "S cgst 2.5 sgst 2.5", False),
    (REGULAR, "27", B2B, at("5"), "S igst 5", True),
    (REGULAR, "29", B2B, at("40"), "S cgst 20 sgst 20", False),
    (REGULAR, "27", B2B, at("40"), "S igst 40", True),
    (REGULAR, "29", B2B, at("0.25"), "S cgst 0.125 sgst 0.125", False),
    (REGULAR, "29", B2B, at("3"), "S cgst 1.5 sgst 1.5", False),
    (REGULAR, "29", B2B, at("0"), "Z cgst 0 sgst 0", False),
    (REGULAR, "27", B2B, at("0"), "Z igst 0", True),
    (REGULAR, "29", B2B, replace(SERVICE, category=E), "E cgst 0 sgst 0", False),
    (REGULAR, "27", B2B, replace(GOODS, category=O), "O igst 0", True),
    (REGULAR, "29", B2B, replace(at("40"), cess_rate=Decimal(12)), "S cgst 20 sgst 20 cess 12", False),
    (REGULAR, "27", B2B, replace(at("40"), cess_rate=Decimal(12)), "S igst 40 cess 12", True),
    (T.REGISTERED_COMPOSITION, "29", B2B, SERVICE, INTRA, False),
    (T.REGISTERED_COMPOSITION, "27", B2B, SERVICE, INTER, True),
    (T.UNREGISTERED, "29", B2C, GOODS, INTRA, False),
    (T.UNREGISTERED, "33", B2C, GOODS, INTER, True),
    (T.CONSUMER, "29", B2C, SERVICE, INTRA, False),
    (T.CONSUMER, "38", B2C, GOODS, INTER, True),
    (T.CONSUMER, "97", B2C, GOODS, INTER, True),
    (T.OVERSEAS, "96", EXPWOP, SERVICE, "Z igst 0", True),
    (T.OVERSEAS, "96", EXPWOP, GOODS, "Z igst 0", True),
    (T.OVERSEAS, "96", EXPWOP, replace(GOODS, category=E), "Z igst 0", True),
    (T.OVERSEAS, "96", EXPWP, SERVICE, INTER, True),
    (T.OVERSEAS, "96", EXPWP, at("5"), "S igst 5", True),
    (T.OVERSEAS, "29", B2C, SERVICE, INTRA, False),
    (T.SEZ, "29", SEZWOP, SERVICE, "Z igst 0", True),
    (T.SEZ, "27", SEZWOP, GOODS, "Z igst 0", True),
    (T.SEZ, "29", SEZWP, SERVICE, INTER, True),
    (T.SEZ, "27", SEZWP, at("5"), "S igst 5", True),
    (T.DEEMED_EXPORT, "29", DEXP, GOODS, INTRA, False),
    (T.DEEMED_EXPORT, "27", DEXP, GOODS, INTER, True),
    # a rate that India never had says nothing here
    (REGULAR, "29", B2B, at("19"), INTRA, False),
]


@pytest.mark.parametrize(("treatment", "place", "kind", "item", "expected", "is_inter"), INDIA)
def test_the_seven_treatments_of_india(
    treatment: TaxTreatment, place: str, kind: SupplyType, item: TaxedItem, expected: str, is_inter: bool
) -> None:
    country = "US" if treatment is T.OVERSEAS else "IN"
    facts = TaxFacts(BENGALURU, indian(treatment, place, country), item, place, kind, ON)
    decision = decide(facts)
    assert (said(decision), decision.is_inter_state) == (expected, is_inter)
    assert decision.supply_type is kind
    assert decision.reason and decision.law
    assert problems(facts) == []


KARNATAKA = TaxFacts(BENGALURU, indian(REGULAR), SERVICE, "29", B2B, ON)


def test_igst_within_the_state_where_it_is_asked_for() -> None:
    decision = decide(replace(KARNATAKA, is_igst_on_intra=True))
    assert (said(decision), decision.is_inter_state) == (INTER, True)


@pytest.mark.parametrize(("place", "expected"), [("29", INTRA), ("27", INTER)])
def test_reverse_charge_in_india_keeps_the_tax_to_be_shown(place: str, expected: str) -> None:
    decision = decide(replace(KARNATAKA, place_of_supply=place, is_reverse_charge=True))
    assert said(decision) == expected
    assert "Payable by the recipient" in decision.reason


@pytest.mark.parametrize("scheme", [Scheme.COMPOSITION, Scheme.UNREGISTERED])
@pytest.mark.parametrize("place", ["29", "27"])
def test_composition_dealers_and_unregistered_sellers_collect_nothing(scheme: Scheme, place: str) -> None:
    facts = replace(KARNATAKA, seller=replace(BENGALURU, scheme=scheme), place_of_supply=place)
    assert said(decide(facts)) == "O"


def test_the_rates_of_22_september_2025() -> None:
    at_28, before, after = replace(KARNATAKA, item=at("28")), date(2025, 9, 21), date(2025, 9, 22)
    assert said(decide(replace(at_28, supplied_on=before))) == "S cgst 14 sgst 14"
    assert problems(replace(at_28, supplied_on=before)) == []
    assert problems(replace(at_28, supplied_on=after)) == [
        "The rate of 28 % ended on 21 September 2025. Choose the item's new rate."
    ]
    assert problems(replace(KARNATAKA, item=at("40"), supplied_on=before)) == [
        "The rate of 40 % began on 22 September 2025. Choose the rate of the day of supply."
    ]


def test_there_was_no_gst_before_july_2017() -> None:
    assert said(decide(replace(KARNATAKA, supplied_on=date(2017, 6, 30)))) == "O"


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (replace(KARNATAKA, supply_type=EXPWOP), "An export has its place of supply outside India (96)."),
        (replace(KARNATAKA, supply_type=SEZWOP), "A supply type for an SEZ needs a customer with the treatment SEZ."),
        (replace(LOCAL, place_of_supply="96"), "The place of supply 96 is neither an emirate"),
        (replace(KARNATAKA, place_of_supply="28"), "The place of supply 28 is no State code."),
        (replace(KARNATAKA, seller=replace(BENGALURU, place=None)), "The seller's State is not known."),
        (
            replace(KARNATAKA, seller=replace(BENGALURU, scheme=Scheme.COMPOSITION), item=GOODS, place_of_supply="27"),
            "A composition dealer may not supply goods to another State",
        ),
    ],
)
def test_facts_that_do_not_fit_together_are_named(facts: TaxFacts, problem: str) -> None:
    assert [found for found in problems(facts) if found.startswith(problem)]


# Other countries -----------------------------------------------------------------------------------------------------

ELSEWHERE = [
    # seller, buyer's country, has tax id, place, item, expected
    ("DE", "DE", True, "DE", SERVICE, "S vat 19"),
    ("DE", "DE", True, "DE", at("7"), "S vat 7"),
    ("DE", "DE", False, "DE", replace(SERVICE, category=E), "E vat 0"),
    ("DE", "FR", True, "FR", SERVICE, "AE vat 0"),
    ("DE", "FR", False, "FR", SERVICE, "O vat 0"),
    ("DE", "US", False, "US", SERVICE, "O vat 0"),
    ("DE", "US", False, "US", GOODS, "Z vat 0"),
    ("SA", "SA", True, "SA", SERVICE, "S vat 15"),
    ("SG", "SG", True, "SG", SERVICE, "S gst 9"),
    ("US", "US", True, "US", SERVICE, "O"),
]


@pytest.mark.parametrize(("country", "buyer", "has_tax_id", "place", "item", "expected"), ELSEWHERE)
def test_other_countries_by_their_own_rates(
    country: str, buyer: str, has_tax_id: bool, place: str, item: TaxedItem, expected: str
) -> None:
    treatment = T.DOMESTIC if buyer == country else T.FOREIGN
    facts = TaxFacts(Seller(country, Scheme.REGULAR), Buyer(buyer, treatment, None, has_tax_id), item, place, B2B, ON)
    assert said(decide(facts)) == expected


def test_no_known_rate_is_said_and_can_be_given() -> None:
    facts = TaxFacts(Seller("US", Scheme.REGULAR), Buyer("US", T.DOMESTIC), SERVICE, "US", B2B, ON)
    assert "give category and rate by hand" in decide(facts).reason
    given = replace(facts, override=Override("Sales tax of Seattle", rate=Decimal("10.35")))
    assert said(decide(given)) == "S vat 10.35"


# By hand -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "override", "expected"),
    [
        (LOCAL, Override("Stays within the zone", category=O), "O vat 0"),
        (LOCAL, Override("Bare land", category=E), "E vat 0"),
        (LOCAL, Override("Medicine", rate=Decimal(0)), "Z vat 0"),
        (replace(LOCAL, place_of_supply="US"), Override("No proof of export", category=S), "S vat 5"),
        (KARNATAKA, Override("Tobacco", rate=Decimal(28)), "S cgst 14 sgst 14"),
        (replace(KARNATAKA, place_of_supply="27"), Override("Tobacco", rate=Decimal(28)), "S igst 28"),
        (KARNATAKA, Override("Merchant exporter", category=S, rate=Decimal("0.1")), "S cgst 0.05 sgst 0.05"),
        (KARNATAKA, Override("Only a note"), INTRA),
        (
            replace(KARNATAKA, seller=replace(BENGALURU, scheme=Scheme.COMPOSITION)),
            Override("Exempt goods", category=E),
            "E",
        ),
    ],
)
def test_a_choice_by_hand_is_kept_with_its_reason(facts: TaxFacts, override: Override, expected: str) -> None:
    decision = decide(replace(facts, override=override))
    assert said(decision) == expected
    if override.category or override.rate is not None:
        assert (decision.reason, decision.law) == (f"Chosen by hand: {override.reason}", "")


@pytest.mark.parametrize(
    ("facts", "override", "why"),
    [
        (LOCAL, Override(" ", category=Z), "needs a reason"),
        (LOCAL, Override("x", category=S, rate=Decimal(0)), "Category S needs a rate above 0"),
        (LOCAL, Override("x", category=Z, rate=Decimal(5)), "Category Z carries no tax"),
        (LOCAL, Override("x", rate=Decimal(-5)), "between 0 and 1000"),
        (LOCAL, Override("x", rate=Decimal("NaN")), "between 0 and 1000"),
        (
            replace(LOCAL, seller=replace(DUBAI, scheme=Scheme.UNREGISTERED)),
            Override("x", category=S),
            "not registered for tax cannot charge it",
        ),
        (
            replace(KARNATAKA, seller=replace(BENGALURU, scheme=Scheme.COMPOSITION)),
            Override("x", rate=Decimal(18)),
            "composition dealer cannot charge",
        ),
        (
            TaxFacts(Seller("US", Scheme.REGULAR), Buyer("US", T.DOMESTIC), SERVICE, "US", B2B, ON),
            Override("x", category=S),
            "No tax rate of US is known on 01 March 2026",
        ),
    ],
)
def test_a_choice_that_cannot_be_is_refused(facts: TaxFacts, override: Override, why: str) -> None:
    chosen = replace(facts, override=override)
    assert [problem for problem in problems(chosen) if why in problem]
    with pytest.raises(InvalidValue, match=why):
        decide(chosen)


def test_another_rate_than_five_is_pointed_out_in_the_uae() -> None:
    chosen = replace(LOCAL, override=Override("x", rate=Decimal(7)))
    assert said(decide(chosen)) == "S vat 7"
    assert problems(chosen) == ["The only rate of VAT in the UAE is 5 %, not 7 %."]


def test_a_decision_tells_its_rate_without_cess() -> None:
    item = replace(SERVICE, rate=Decimal(40), cess_rate=Decimal(12))
    decision = decide(replace(KARNATAKA, item=item))
    assert (decision.rate, decision.cess_rate) == (Decimal(40), Decimal(12))
    assert decision.components == (
        Component("cgst", Decimal(20)),
        Component("sgst", Decimal(20)),
        Component("cess", Decimal(12)),
    )


# Where, and which type of supply -------------------------------------------------------------------------------------

PLACES = [
    # seller, buyer, service, delivered to, third party, place of supply
    (DUBAI, emirati(T.VAT_REGISTERED), True, None, False, "DXB"),
    (DUBAI, emirati(T.VAT_REGISTERED), False, "SHJ", False, "DXB"),
    (DUBAI, emirati(T.VAT_REGISTERED), False, "US", False, "US"),
    (DUBAI, emirati(T.NON_GCC, "US"), True, None, False, "US"),
    (DUBAI, emirati(T.NON_GCC, "US"), False, "DXB", False, "DXB"),
    (BENGALURU, indian(REGULAR, "27"), True, None, False, "27"),
    (BENGALURU, indian(T.CONSUMER, None), True, None, False, "29"),
    (BENGALURU, indian(T.CONSUMER, "33"), True, None, False, "33"),
    (BENGALURU, indian(REGULAR, "27"), False, "33", False, "33"),
    (BENGALURU, indian(REGULAR, "27"), False, "33", True, "27"),
    (BENGALURU, indian(REGULAR, "27"), False, None, False, "27"),
    (BENGALURU, indian(T.CONSUMER, None), False, None, False, "29"),
    (BENGALURU, indian(T.OVERSEAS, None, "US"), True, None, False, "96"),
    (BENGALURU, indian(T.OVERSEAS, None, "US"), False, "US", False, "96"),
    (BENGALURU, indian(T.OVERSEAS, None, "US"), False, "27", False, "27"),
    (BERLIN, Buyer("DE", T.DOMESTIC), True, None, False, "DE"),
    (BERLIN, Buyer("FR", T.FOREIGN), False, None, False, "FR"),
]


@pytest.mark.parametrize(("seller", "buyer", "is_service", "delivered_to", "third_party", "place"), PLACES)
def test_the_usual_place_of_supply(
    seller: Seller, buyer: Buyer, is_service: bool, delivered_to: str | None, third_party: bool, place: str
) -> None:
    found = place_of_supply(
        seller, buyer, is_service=is_service, delivered_to=delivered_to, is_shipped_to_third_party=third_party
    )
    assert found == place


SUPPLIES = [
    # seller, buyer, place, letter of undertaking, type
    (BENGALURU, indian(REGULAR), "29", True, B2B),
    (BENGALURU, indian(T.REGISTERED_COMPOSITION), "27", True, B2B),
    (BENGALURU, indian(T.UNREGISTERED), "29", True, B2C),
    (BENGALURU, indian(T.CONSUMER), "27", True, B2C),
    (BENGALURU, indian(T.OVERSEAS, None, "US"), "96", True, EXPWOP),
    (BENGALURU, indian(T.OVERSEAS, None, "US"), "96", False, EXPWP),
    (BENGALURU, indian(T.OVERSEAS, None, "US"), "29", True, B2C),
    (BENGALURU, indian(T.SEZ), "29", True, SEZWOP),
    (BENGALURU, indian(T.SEZ), "29", False, SEZWP),
    (BENGALURU, indian(T.DEEMED_EXPORT), "27", True, DEXP),
    (DUBAI, emirati(T.VAT_REGISTERED), "DXB", True, B2B),
    (DUBAI, emirati(T.NON_GCC, "US"), "US", True, B2B),
    (DUBAI, replace(emirati(T.NON_VAT_REGISTERED), is_business=False), "DXB", True, B2C),
]


@pytest.mark.parametrize(("seller", "buyer", "place", "has_lut", "kind"), SUPPLIES)
def test_the_usual_type_of_supply(seller: Seller, buyer: Buyer, place: str, has_lut: bool, kind: SupplyType) -> None:
    assert supply_type(seller, buyer, place, has_lut=has_lut) is kind
