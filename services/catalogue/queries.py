"""Items as a list and as one record whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from models.catalogue import Item
from models.organisation import User
from services.catalogue.units import unit_name, uqc
from services.errors import NotFound
from services.listing import Column, Kind, Listing, page
from services.permissions import Action, Module, require, visible
from services.store import Work


def _seen(work: Work) -> ColumnElement[bool]:
    return visible(work, Module.CATALOGUE, Item.owner_id)


ITEMS = Listing(
    name="items",
    kind="item",
    module=Module.CATALOGUE,
    table=Item,
    columns=(
        Column("code", Kind.TEXT, lambda _: Item.code),
        Column("name", Kind.TEXT, lambda _: Item.name, fold=lambda _: Item.name_folded),
        Column("item_kind", Kind.CHOICE, lambda _: Item.kind),
        Column("unit", Kind.TEXT, lambda _: Item.unit),
        Column("unit_price", Kind.DECIMAL, lambda _: Item.unit_price),
        Column("currency", Kind.TEXT, lambda _: Item.currency),
        Column("cost", Kind.DECIMAL, lambda _: Item.cost),
        Column("is_price_inclusive", Kind.BOOLEAN, lambda _: Item.is_price_inclusive),
        Column("hsn", Kind.TEXT, lambda _: Item.hsn),
        Column("tax_category", Kind.CHOICE, lambda _: Item.tax_category),
        Column("tax_rate", Kind.DECIMAL, lambda _: Item.tax_rate),
        Column("income_account", Kind.TEXT, lambda _: Item.income_account),
        Column("category", Kind.TEXT, lambda _: Item.category),
        Column("owner", Kind.TEXT, lambda _: User.code),
        Column("is_archived", Kind.BOOLEAN, lambda _: Item.is_archived),
        Column("created_at", Kind.INSTANT, lambda _: Item.created_at),
    ),
    source=Item.__table__.join(User.__table__, User.id == Item.owner_id),
    visible=_seen,
    sort="name",
)


def item_detail(work: Work, item_id: int) -> dict[str, Any]:
    """The item whole, with the name of its unit and India's code for it."""
    require(work, Module.CATALOGUE, Action.VIEW)
    row = page(work, ITEMS, [item_id]).get(item_id)
    if row is None:
        raise NotFound("This item is not in the book.")
    item = work.session.get_one(Item, item_id)
    return row | {
        "number": item.code,
        "version": item.version,
        "description": item.description,
        "unit_name": unit_name(item.unit),
        "uqc": uqc(item.unit),
        "extra": item.extra,
    }
