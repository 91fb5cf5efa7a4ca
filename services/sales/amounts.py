"""What a deal is worth: pure."""

from __future__ import annotations

from decimal import Decimal, localcontext

from models.values.money import Money

HUNDRED = Decimal(100)


def line_net(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal | None, currency: str) -> Money:
    """R(quantity x price) less R(gross x percent / 100), as documents count it (tax.md C1, C2)."""
    with localcontext(prec=60):
        gross = Money.of(quantity * unit_price, currency)
    if not discount_percent:
        return gross
    return gross - gross.times(discount_percent / HUNDRED)
