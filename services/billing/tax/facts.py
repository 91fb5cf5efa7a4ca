"""What a tax decision is made from, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from models.values.states import Scheme, SupplyType, TaxCategory, TaxTreatment
from services.billing.totals import CESS, Component, rate_without_cess

REGISTERED = frozenset(
    {
        TaxTreatment.REGISTERED_REGULAR,
        TaxTreatment.REGISTERED_COMPOSITION,
        TaxTreatment.SEZ,
        TaxTreatment.DEEMED_EXPORT,
        TaxTreatment.VAT_REGISTERED,
        TaxTreatment.VAT_REGISTERED_DESIGNATED_ZONE,
        TaxTreatment.GCC_VAT_REGISTERED,
    }
)
"""Treatments of a customer who is registered for tax."""

DESIGNATED_ZONE = frozenset(
    {TaxTreatment.VAT_REGISTERED_DESIGNATED_ZONE, TaxTreatment.NON_VAT_REGISTERED_DESIGNATED_ZONE}
)


@dataclass(frozen=True, slots=True)
class Seller:
    """The registration that sells, as it is on the day of supply. `place`: GST code or emirate, None elsewhere."""

    country: str
    scheme: Scheme
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """`place` as on the seller, of the billing address. `is_business` matters outside India only."""

    country: str
    treatment: TaxTreatment
    place: str | None = None
    has_tax_id: bool = False
    is_business: bool = True

    @property
    def is_registered(self) -> bool:
        return self.has_tax_id or self.treatment in REGISTERED


@dataclass(frozen=True, slots=True)
class TaxedItem:
    """What is sold. `category` and `rate` are the item's own, None: the country's standard rate."""

    is_service: bool
    category: TaxCategory | None = None
    rate: Decimal | None = None
    cess_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Override:
    """Category or rate (or both) chosen by hand; `reason` is kept on the line and must say why."""

    reason: str
    category: TaxCategory | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """Everything that decides the tax of one line. `place_of_supply` as in models.values.places."""

    seller: Seller
    buyer: Buyer
    item: TaxedItem
    place_of_supply: str
    supply_type: SupplyType
    supplied_on: date
    is_reverse_charge: bool = False
    is_igst_on_intra: bool = False
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """The tax of one line, why, and by which law ("" where a person chose).

    `components` are what totals.LineInput takes; empty where the seller may not charge tax at all.
    """

    category: TaxCategory
    components: tuple[Component, ...]
    is_inter_state: bool
    supply_type: SupplyType
    reason: str
    law: str

    @property
    def rate(self) -> Decimal:
        """Per cent, without cess."""
        return rate_without_cess(self.components)

    @property
    def cess_rate(self) -> Decimal:
        return next((component.rate for component in self.components if component.name == CESS), Decimal(0))
