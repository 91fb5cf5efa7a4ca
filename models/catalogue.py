"""What we sell."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Created, Entity, Owned, Versioned
from models.columns import Choice, Code, Currency, JsonValue, Long, Name, Percent, UnitPrice
from models.values.states import ItemKind, TaxCategory
from models.values.topics import Topic


class Item(Versioned, Owned, Created, Entity, topic=Topic.CATALOGUE):
    __tablename__ = "item"
    __table_args__ = (Index("ix_item_name_folded_id_owner_id", "name_folded", "id", "owner_id"),)

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    name_folded: Mapped[Name]
    description: Mapped[Long]
    kind: Mapped[ItemKind] = mapped_column(Choice(ItemKind))
    unit: Mapped[Code]
    """UN/ECE recommendation 20 code: H87 piece, HUR hour, MON month."""
    unit_price: Mapped[UnitPrice]
    currency: Mapped[Currency]
    cost: Mapped[UnitPrice | None]
    is_price_inclusive: Mapped[bool] = mapped_column(default=False)
    hsn: Mapped[Code | None]
    tax_category: Mapped[TaxCategory | None] = mapped_column(Choice(TaxCategory))
    tax_rate: Mapped[Percent | None]
    """Empty takes the country's standard rate of the day."""
    income_account: Mapped[Code | None]
    category: Mapped[Name | None]
    extra: Mapped[JsonValue]
    is_archived: Mapped[bool] = mapped_column(default=False)
