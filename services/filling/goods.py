"""Invented items, and baskets: the lines that invoices are made of."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.values.decimals import plain
from models.values.money import Money
from models.values.states import ItemKind
from services.billing.drafts import LineDraft
from services.catalogue.drafts import ItemDraft

HOME_PRICES: dict[str, Decimal | int] = {
    "AED": 1,
    "INR": 22,
    "USD": Decimal("0.27"),
    "EUR": Decimal("0.25"),
    "GBP": Decimal("0.21"),
    "SAR": 1,
}
"""What one dirham's worth costs in a currency, roughly; others take 1."""
LINES = (35, 27, 18, 12, 8)
"""Of a hundred invoices so many have 1, 2, 3, 4 and 5 lines."""

_SERVICES = (
    "Interior design|998391|180", "Site supervision|998339|220", "Accounting|998221|150", "Legal advice|998212|400",
    "Web design|998314|160", "Software support|998313|140", "Translation|998395|90", "Training day|999293|1800",
    "Fit-out project|995414|12500", "Annual maintenance|998719|3600", "Cloud hosting|998315|450", "Photography|998386|600",
    "Air freight|996531|2200", "Warehousing|996729|750", "Catering|996337|65", "Car rental|997311|240",
)  # fmt: skip
_GOODS = (
    "Office desk|9403|1250", "Office chair|9401|640", "Meeting table|9403|2900", "Laptop computer|8471|3850",
    "Laser printer|8443|1150", "Network switch|8517|820", "LED panel|9405|95", "Floor tiles, box|6907|120",
    "Marble slab|6802|870", "Steel beam|7216|430", "Paint, 20 l|3209|310", "Curtain fabric, m|5407|45",
    "Basmati rice, bag|1006|160", "Tea, carton|0902|210", "Olive oil, case|1509|340", "Printed T-shirt|6109|35",
    "Safety helmet|6506|55", "Cable drum|8544|690", "Water pump|8413|1480", "Air conditioner|8415|2350",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Basket:
    """(item code, quantity, price in dirhams' worth, discount percent or None) of each line."""

    lines: tuple[tuple[str, Decimal, Decimal, Decimal | None], ...]

    def drafts(self, currency: str) -> tuple[LineDraft, ...]:
        factor = HOME_PRICES.get(currency, 1)
        return tuple(
            LineDraft(
                item=code,
                quantity=quantity,
                unit_price=plain(Money.of(price * factor, currency).amount),
                discount_percent=discount,
            )
            for code, quantity, price, discount in self.lines
        )


def items(currency: str) -> list[ItemDraft]:
    """Services and goods at the country's standard rate of tax, priced in the company's currency."""
    found = []
    for kind, entries in ((ItemKind.SERVICE, _SERVICES), (ItemKind.GOODS, _GOODS)):
        for entry in entries:
            name, hsn, price = entry.split("|")
            amount = Money.of(Decimal(price) * HOME_PRICES.get(currency, 1), currency).amount
            found.append(ItemDraft(name=name, kind=kind, hsn=hsn, unit_price=amount, currency=currency))
    return found


def baskets(codes: list[str], seed: int, count: int) -> list[Basket]:
    """`count` different sets of lines; `codes` are those of `items`, in their order."""
    dice = random.Random(f"{seed}:baskets")  # noqa: S311 - lifelike figures, not secrets
    prices = [Decimal(entry.split("|")[2]) for entry in (*_SERVICES, *_GOODS)]
    return [_basket(codes, prices, dice) for _ in range(count)]


def _basket(codes: list[str], prices: list[Decimal], dice: random.Random) -> Basket:
    lines: list[Any] = []
    for position in dice.sample(range(len(codes)), dice.choices((1, 2, 3, 4, 5), LINES)[0]):
        is_service = position < len(_SERVICES)
        quantity = plain(Decimal(dice.randrange(1, 40)) / 2) if is_service else Decimal(dice.randrange(1, 25))
        price = (prices[position] * dice.randrange(85, 121) / 100).quantize(Decimal("0.01"))
        discount = Decimal(dice.choice((5, 10))) if dice.random() < 0.15 else None
        lines.append((codes[position], quantity, price, discount))
    return Basket(tuple(lines))
