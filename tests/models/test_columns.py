"""Column types: what goes in comes back, the same on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from models.columns import (
    Big,
    Bytes,
    Choice,
    Day,
    Instant,
    JsonValue,
    Key,
    Long,
    Quantity,
    Rate,
    canonical_json,
)
from models.values.states import TaxCategory
from services.store import Store


class Base(DeclarativeBase):
    pass


class Sample(Base):
    __tablename__ = "sample"

    id: Mapped[Key]
    at: Mapped[Instant | None]
    day: Mapped[Day | None]
    quantity: Mapped[Quantity | None]
    rate: Mapped[Rate | None]
    choice: Mapped[TaxCategory | None] = mapped_column(Choice(TaxCategory))
    json: Mapped[JsonValue | None]
    bytes: Mapped[Bytes | None]
    big: Mapped[Big | None]
    text: Mapped[Long | None]


@pytest.fixture
def engine(any_store: Store) -> Iterator[Engine]:
    Base.metadata.create_all(any_store.engine)
    yield any_store.engine
    Base.metadata.drop_all(any_store.engine)


DUBAI = dt.timezone(dt.timedelta(hours=4))
VALUES: list[tuple[str, object]] = [
    ("at", dt.datetime(2026, 3, 14, 9, 0, 1, 234567, tzinfo=dt.UTC)),
    ("at", dt.datetime(2026, 3, 14, 2, 0, tzinfo=DUBAI)),
    ("at", dt.datetime(1900, 1, 1, tzinfo=dt.UTC)),
    ("at", dt.datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC)),
    ("day", dt.date(1900, 1, 1)),
    ("day", dt.date(2199, 12, 31)),
    ("quantity", Decimal("0.000001")),
    ("quantity", Decimal(-9_000_000_000_000)),
    ("quantity", Decimal("0.1")),
    ("rate", Decimal("3.6725000001")),
    ("choice", TaxCategory.REVERSE_CHARGE),
    ("json", {"b": [1, "x", None, True], "a": {"ü": "राम"}}),
    ("json", []),
    ("json", "null"),
    ("json", 0),
    ("bytes", bytes(range(256))),
    ("bytes", b""),
    ("big", 2**63 - 1),
    ("big", -(2**63)),
    ("text", "شركة <b>\n\t\\ ' \" % _ 🙂"),
    ("text", "x" * 100_000),
]


@pytest.mark.parametrize(("column", "value"), VALUES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(VALUES)])
def test_what_goes_in_comes_back(engine: Engine, column: str, value: object) -> None:
    with engine.begin() as connection:
        connection.execute(insert(Sample), {column: value})
        got = connection.execute(select(getattr(Sample, column))).scalar_one()
    assert got == value
    assert type(got) is type(value)
    if isinstance(got, dt.datetime):
        assert got.tzinfo is dt.UTC


def test_nothing_stays_nothing_in_every_column(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(Sample), {"day": None})
        assert list(connection.execute(select(Sample)).one())[1:] == [None] * 9


def test_sums_of_decimals_are_exact(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(Sample), [{"quantity": Decimal("0.1")} for _ in range(3)])
        assert connection.execute(select(func.sum(Sample.quantity))).scalar_one() == Decimal("0.3")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("at", dt.datetime(2026, 3, 14), "no time zone"),  # noqa: DTZ001 - a naive one is the point
        ("quantity", Decimal("0.0000001"), "more digits"),
        ("quantity", Decimal("1e30"), "more digits"),
        ("rate", Decimal("NaN"), "not a number"),
        ("choice", "nonsense", "not a valid TaxCategory"),
    ],
)
def test_what_a_column_cannot_hold_never_reaches_the_database(
    engine: Engine, column: str, value: object, says: str
) -> None:
    with pytest.raises(StatementError, match=says), engine.begin() as connection:
        connection.execute(insert(Sample), {column: value})


def test_canonical_json_is_one_text_for_one_value() -> None:
    assert canonical_json({"b": 1, "a": [1, "ü"]}) == canonical_json({"a": [1, "ü"], "b": 1}) == '{"a":[1,"ü"],"b":1}'
