"""What a person types of an item of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.values.decimals import PERCENT_SCALE, PRICE_SCALE, scaled
from models.values.states import ItemKind, TaxCategory
from services.drafts import Problem, parse, text
from services.errors import InvalidValue
from services.versions import renamed

ALIASES = {"item_kind": "kind", "sku": "code", "price": "unit_price"}
UNTAXED = {TaxCategory.ZERO, TaxCategory.EXEMPT, TaxCategory.OUT_OF_SCOPE, TaxCategory.REVERSE_CHARGE}


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """`unit` is a code or a common name. `tax_category` and `tax_rate` left open are decided by the tax rules."""

    name: str = text()
    code: str = text(limit=40)
    description: str = text(limit=5000, lines=True)
    kind: ItemKind = ItemKind.SERVICE
    unit: str = text(limit=40)
    unit_price: Decimal = Decimal(0)
    currency: str = text(limit=3)
    cost: Decimal | None = None
    is_price_inclusive: bool = False
    hsn: str = text(limit=40)
    tax_category: TaxCategory | None = None
    tax_rate: Decimal | None = None
    income_account: str = text(limit=40)
    category: str = text()
    owner: str = text(limit=40)
    extra: dict[str, Any] | None = None

    def problems(self) -> Iterator[Problem]:
        """What is wrong whatever else the book holds."""
        if not self.name:
            yield Problem("name", "An item needs a name.")
        if self.code.startswith("#"):
            yield Problem("code", f"A code does not begin with #; {self.code} would be read as a record's id.")
        yield from _amount("unit_price", "The unit price", self.unit_price)
        if self.cost is not None:
            yield from _amount("cost", "The cost", self.cost)
        if self.tax_rate is not None:
            yield from self._rate(self.tax_rate)

    def _rate(self, rate: Decimal) -> Iterator[Problem]:
        if not 0 <= rate <= 100:
            yield Problem("tax_rate", f"A tax rate lies between 0 and 100 percent; {rate:f} does not.")
            return
        if self.tax_category in UNTAXED and rate != 0:
            yield Problem("tax_rate", f"Nothing is charged in the tax category {self.tax_category}; leave the rate 0.")
        try:
            scaled(rate, PERCENT_SCALE)
        except InvalidValue as error:
            yield Problem("tax_rate", str(error))


def _amount(field: str, what: str, value: Decimal) -> Iterator[Problem]:
    if value < 0:
        yield Problem(field, f"{what} is not negative; {value:f} is.")
        return
    try:
        scaled(value, PRICE_SCALE)
    except InvalidValue as error:
        yield Problem(field, str(error))


def item_draft(values: Mapping[str, Any]) -> ItemDraft:
    """A draft from plain values, by the names of the draft or by their aliases."""
    return parse(ItemDraft, renamed(values, ALIASES, "An item"), "An item")
