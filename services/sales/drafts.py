"""What a person types of a deal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.values.decimals import PERCENT_SCALE, PRICE_SCALE, QUANTITY_SCALE, scaled
from services.drafts import Problem, needed, parse, text
from services.errors import InvalidValue, WrongUse

LONGEST_TERMS_DAYS = 3650


@dataclass(frozen=True, slots=True)
class DealLineDraft:
    """A line. With an `item`, what is left out comes from the catalogue: description, unit, price of the same currency."""

    item: str = text()
    description: str = text(limit=5000, lines=True)
    quantity: Decimal = Decimal(1)
    unit: str = text(limit=40)
    unit_price: Decimal | None = None
    discount_percent: Decimal | None = None

    def problems(self, number: int) -> Iterator[Problem]:
        path, what = f"lines[{number}].", f"Line {number}"
        if not self.item and not self.description:
            yield Problem(path + "description", f"{what} needs an item or a description.")
        if self.quantity <= 0:
            yield Problem(path + "quantity", f"{what}: the quantity is more than 0; {self.quantity:f} is not.")
        if self.unit_price is not None and self.unit_price < 0:
            yield Problem(path + "unit_price", f"{what}: a price is not negative; give a discount instead.")
        yield from _percent(self.discount_percent, path + "discount_percent", f"{what}: a discount")
        for value, scale, name in (
            (self.quantity, QUANTITY_SCALE, "quantity"),
            (self.unit_price, PRICE_SCALE, "unit_price"),
        ):
            yield from _fits(value, scale, path + name, what)


@dataclass(frozen=True, slots=True)
class DealDraft:
    """What is left out is inherited from the customer: place, currency, payment terms, owner is who writes it.

    `amount` is for a deal without lines; with lines it is their sum. `stage` is an open one, by default the first.
    """

    name: str = text()
    customer: dict[str, Any] | None = None
    code: str = text(limit=40)
    contact: str = text()
    owner: str = text(limit=40)
    company: str = text(limit=40)
    branch: str = text(limit=40)
    business_unit: str = text(limit=40)
    pipeline: str = text(limit=40)
    stage: str = text(limit=60)
    currency: str = text(limit=3)
    lines: tuple[DealLineDraft, ...] = ()
    amount: Decimal | None = None
    closes_on: dt.date | None = None
    payment_terms_days: int | None = None
    po_number: str = text()
    next_step: str = text(limit=500)
    scope: str = text(limit=20_000, lines=True)
    discount_percent: Decimal | None = None
    notes: str = text(limit=20_000, lines=True)

    def problems(self) -> Iterator[Problem]:
        """What is wrong whatever else the book holds."""
        if not self.name:
            yield Problem("name", "A deal needs a name.")
        if self.customer is None:
            yield Problem("customer", "A deal needs a customer: a code, or an object with a name.")
        if self.code.startswith("#"):
            yield Problem("code", f"A code does not begin with #; {self.code} would be read as a record's id.")
        if self.amount is not None and self.amount < 0:
            yield Problem("amount", f"The amount is not negative; {self.amount:f} is.")
        if self.amount is not None and self.lines:
            yield Problem("amount", "A deal with lines is worth their sum; leave the amount out.")
        if self.payment_terms_days is not None and not 0 <= self.payment_terms_days <= LONGEST_TERMS_DAYS:
            yield Problem("payment_terms_days", f"Payment terms are 0 to 3650 days; {self.payment_terms_days} is not.")
        yield from _percent(self.discount_percent, "discount_percent", "A discount")
        for number, line in enumerate(self.lines, 1):
            yield from line.problems(number)


@dataclass(frozen=True, slots=True)
class LossDraft:
    """Why a deal was lost. `stage` is one of the lost stages, by default the first."""

    reason: str = needed(limit=500)
    stage: str = text(limit=60)


@dataclass(frozen=True, slots=True)
class MoveDraft:
    stage: str = needed(limit=60)


@dataclass(frozen=True, slots=True)
class ReopenDraft:
    stage: str = text(limit=60)


def deal_draft(values: Mapping[str, Any]) -> DealDraft:
    """A draft from plain values; `customer` is a code, `#ID`, an exact name or an object."""
    result = dict(values)
    if "customer" in result:
        result["customer"] = _customer(result["customer"])
    return parse(DealDraft, result, "A deal")


def _customer(value: object) -> dict[str, Any] | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return {"ref": value}
    if isinstance(value, Mapping):
        return dict(value)
    raise WrongUse("The customer of a deal is a code or an object with a name.")


def _percent(value: Decimal | None, field: str, what: str) -> Iterator[Problem]:
    if value is None:
        return
    if not 0 <= value <= 100:
        yield Problem(field, f"{what} lies between 0 and 100 percent; {value:f} does not.")
    else:
        yield from _fits(value, PERCENT_SCALE, field, what)


def _fits(value: Decimal | None, scale: int, field: str, what: str) -> Iterator[Problem]:
    if value is None:
        return
    try:
        scaled(value, scale)
    except InvalidValue as error:
        yield Problem(field, f"{what}: {error}")
