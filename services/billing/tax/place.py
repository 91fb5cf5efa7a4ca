"""Where a supply is taxed, and which type of supply that makes it, when nobody says otherwise (tax.md 1.2)."""

from __future__ import annotations

from models.values.places import ABROAD, EMIRATES, INDIAN_STATES
from models.values.states import SupplyType, TaxTreatment
from services.billing.tax.facts import Buyer, Seller


def place_of_supply(
    seller: Seller,
    buyer: Buyer,
    *,
    is_service: bool,
    delivered_to: str | None = None,
    is_shipped_to_third_party: bool = False,
) -> str:
    """GST code, emirate or country. `delivered_to` is where the goods' movement ends, in the same codes.

    Bill-to-ship-to (`is_shipped_to_third_party`): goods go to somebody else on the buyer's order, and the buyer's own
    place counts (IGST Act s. 10(1)(b)).
    """
    if is_service or is_shipped_to_third_party:
        delivered_to = None
    if seller.country == "IN":
        return _in_india(seller, buyer, delivered_to)
    if seller.country == "AE":
        return _in_the_emirates(seller, buyer, delivered_to)
    return delivered_to or buyer.country


def supply_type(seller: Seller, buyer: Buyer, place: str, *, has_lut: bool = True) -> SupplyType:
    """`has_lut`: a letter of undertaking holds on the day, so export and SEZ supplies go without payment of tax."""
    if seller.country != "IN":
        is_b2b = buyer.is_registered or (buyer.is_business and buyer.treatment is not TaxTreatment.CONSUMER)
        return SupplyType.B2B if is_b2b else SupplyType.B2C
    if place not in INDIAN_STATES:
        return SupplyType.EXPORT_WITHOUT_PAYMENT if has_lut else SupplyType.EXPORT_WITH_PAYMENT
    if buyer.treatment is TaxTreatment.SEZ:
        return SupplyType.SEZ_WITHOUT_PAYMENT if has_lut else SupplyType.SEZ_WITH_PAYMENT
    if buyer.treatment is TaxTreatment.DEEMED_EXPORT:
        return SupplyType.DEEMED_EXPORT
    return SupplyType.B2B if buyer.is_registered else SupplyType.B2C


def _in_india(seller: Seller, buyer: Buyer, delivered_to: str | None) -> str:
    """Goods: where movement ends; services: the recipient's State, or the supplier's where no address is on record."""
    if delivered_to is not None:
        return delivered_to if delivered_to in INDIAN_STATES else ABROAD
    if buyer.country != "IN":
        return ABROAD
    return buyer.place or seller.place or ABROAD


def _in_the_emirates(seller: Seller, buyer: Buyer, delivered_to: str | None) -> str:
    """Local supplies belong to the emirate of the seller's establishment (VAT 201 box 1), others to a country."""
    abroad = delivered_to if delivered_to is not None else buyer.country
    if abroad in EMIRATES or abroad == "AE":
        return seller.place or "AE"
    return abroad
