"""The tax treatment that a customer has unless somebody says otherwise (product.md, "Words to use")."""

from __future__ import annotations

from models.values.places import GCC
from models.values.states import CustomerKind, TaxTreatment

INDIA = (
    TaxTreatment.REGISTERED_REGULAR,
    TaxTreatment.REGISTERED_COMPOSITION,
    TaxTreatment.UNREGISTERED,
    TaxTreatment.CONSUMER,
    TaxTreatment.OVERSEAS,
    TaxTreatment.SEZ,
    TaxTreatment.DEEMED_EXPORT,
)
EMIRATES = (
    TaxTreatment.VAT_REGISTERED,
    TaxTreatment.NON_VAT_REGISTERED,
    TaxTreatment.GCC_VAT_REGISTERED,
    TaxTreatment.GCC_NON_VAT_REGISTERED,
    TaxTreatment.NON_GCC,
    TaxTreatment.VAT_REGISTERED_DESIGNATED_ZONE,
    TaxTreatment.NON_VAT_REGISTERED_DESIGNATED_ZONE,
)
ELSEWHERE = (TaxTreatment.DOMESTIC, TaxTreatment.FOREIGN)


def treatments(seller_country: str) -> tuple[TaxTreatment, ...]:
    """Those that a company in `seller_country` tells apart."""
    return {"IN": INDIA, "AE": EMIRATES}.get(seller_country, ELSEWHERE)


def usual_treatment(seller_country: str, country: str, *, kind: CustomerKind, is_registered: bool) -> TaxTreatment:
    """By where the customer is, whether it has a tax number, and, in India, whether it is a person."""
    if seller_country == "AE":
        return _of_emirates(country, is_registered=is_registered)
    if seller_country == "IN":
        if country != "IN":
            return TaxTreatment.OVERSEAS
        if is_registered:
            return TaxTreatment.REGISTERED_REGULAR
        return TaxTreatment.CONSUMER if kind is CustomerKind.PERSON else TaxTreatment.UNREGISTERED
    return TaxTreatment.DOMESTIC if country == seller_country else TaxTreatment.FOREIGN


def _of_emirates(country: str, *, is_registered: bool) -> TaxTreatment:
    if country == "AE":
        return TaxTreatment.VAT_REGISTERED if is_registered else TaxTreatment.NON_VAT_REGISTERED
    if country in GCC:
        return TaxTreatment.GCC_VAT_REGISTERED if is_registered else TaxTreatment.GCC_NON_VAT_REGISTERED
    return TaxTreatment.NON_GCC
