"""Column types: instants in UTC, scaled decimals, choices by code, JSON as text."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from sqlalchemy import BigInteger, Date, DateTime, Dialect, Integer, LargeBinary, String, Text
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from models.values.decimals import PERCENT_SCALE, PRICE_SCALE, QUANTITY_SCALE, RATE_SCALE, scaled, unscaled

E = TypeVar("E", bound=StrEnum)

RowId = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both databases; INTEGER is what makes a SQLite key its row id."""


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware instant, kept in UTC. A naive one is a bug."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Scaled(TypeDecorator[Decimal]):
    """A decimal kept as an integer with a fixed number of decimals: exact on both databases, and SUM stays exact."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else scaled(value, self.scale)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else unscaled(value, self.scale)

    def __repr__(self) -> str:
        return f"Scaled({self.scale})"


class Choice(TypeDecorator[E]):
    """A StrEnum kept by its code."""

    impl = String(40)
    cache_ok = True

    def __init__(self, choices: type[E]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: E | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.choices(value)

    def __repr__(self) -> str:
        return "Choice()"


class Json(TypeDecorator[Any]):
    """Plain JSON as text with sorted keys, the same bytes on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


_encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def canonical_json(value: Any) -> str:
    """The one text of a JSON value: sorted keys, no white space. What is hashed is this."""
    return _encode(value)


Key = Annotated[int, mapped_column(RowId, primary_key=True)]
Big = Annotated[int, mapped_column(BigInteger)]
Minor = Annotated[int, mapped_column(BigInteger, default=0)]
"""An amount in minor units of the currency that the row names."""
Currency = Annotated[str, mapped_column(String(3))]
Country = Annotated[str, mapped_column(String(2))]
State = Annotated[str, mapped_column(String(60))]
"""GST state code, emirate code, or another country's own name for it."""
Code = Annotated[str, mapped_column(String(40))]
Name = Annotated[str, mapped_column(String(300))]
Line = Annotated[str, mapped_column(String(500))]
Long = Annotated[str, mapped_column(Text)]
Day = Annotated[dt.date, mapped_column(Date)]
Instant = Annotated[dt.datetime, mapped_column(UtcDateTime)]
Quantity = Annotated[Decimal, mapped_column(Scaled(QUANTITY_SCALE))]
UnitPrice = Annotated[Decimal, mapped_column(Scaled(PRICE_SCALE))]
Percent = Annotated[Decimal, mapped_column(Scaled(PERCENT_SCALE))]
Rate = Annotated[Decimal, mapped_column(Scaled(RATE_SCALE))]
JsonValue = Annotated[Any, mapped_column(Json)]
Bytes = Annotated[bytes, mapped_column(LargeBinary)]
