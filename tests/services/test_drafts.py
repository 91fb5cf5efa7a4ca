"""Drafts: plain values in, a checked dataclass or every problem out."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.states import ItemKind
from services.drafts import Problem, needed, parse, raise_problems, text
from services.errors import Rejected, UserError, WrongUse


@dataclass(frozen=True, slots=True)
class LineDraft:
    what: str = needed(limit=20)
    quantity: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class SampleDraft:
    name: str = needed(limit=20)
    notes: str = text(limit=50, lines=True)
    is_open: bool = False
    days: int = 30
    price: Decimal | None = None
    due_on: dt.date | None = None
    kind: ItemKind = ItemKind.SERVICE
    tags: tuple[str, ...] = ()
    lines: tuple[LineDraft, ...] = ()
    first: LineDraft | None = None


def made(**values: Any) -> SampleDraft:
    return parse(SampleDraft, {"name": "Acme"} | values, "A sample")


def test_left_out_fields_have_their_defaults() -> None:
    assert made() == SampleDraft("Acme")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "  Acme  ", "Acme"),
        ("name", 42, "42"),
        ("notes", "a\r\nb", "a\nb"),
        ("notes", None, ""),
        ("is_open", "yes", True),
        ("is_open", "TRUE", True),
        ("is_open", False, False),
        ("days", "7", 7),
        ("price", "12.50", Decimal("12.50")),
        ("price", 3, Decimal(3)),
        ("price", "", None),
        ("price", None, None),
        ("due_on", "2026-03-31", dt.date(2026, 3, 31)),
        ("kind", "goods", ItemKind.GOODS),
        ("kind", ItemKind.GOODS, ItemKind.GOODS),
        ("tags", "a, b,,c", ("a", "b", "c")),
        ("tags", ["a"], ("a",)),
        ("lines", [{"what": "x", "quantity": "2"}], (LineDraft("x", Decimal(2)),)),
        ("first", {"what": "x"}, LineDraft("x")),
    ],
)
def test_values_of_json_and_of_the_command_line(field: str, value: object, expected: object) -> None:
    assert getattr(made(**{field: value}), field) == expected


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "is empty"),
        ("name", "   ", "is empty"),
        ("name", None, "is empty"),
        ("name", "x" * 10_000, "10,000 characters"),
        ("name", "a\x00b", "U+0000"),
        ("name", "\ud800", "broken character"),
        ("name", "a\nb", "line break"),
        ("name", ["x"], "is text"),
        ("name", 1.5, "is text"),
        ("is_open", "maybe", "true or false"),
        ("is_open", 1, "true or false"),
        ("days", "1.5", "whole number"),
        ("days", 1.5, "whole number"),
        ("days", True, "whole number"),
        ("days", 10**12, "too large"),
        ("days", None, "whole number"),
        ("price", "1e308", "not a number that the book can hold"),
        ("price", "NaN", "not a number"),
        ("price", 12.5, "Give it as text"),
        ("price", "12,50", "not a number"),
        ("due_on", "0001-01-01", "outside 1900 to 2199"),
        ("due_on", "9999-12-31", "outside 1900 to 2199"),
        ("due_on", "2026-02-30", "not a date"),
        ("kind", "good", "Did you mean goods"),
        ("kind", ["goods"], "is one of"),
        ("tags", 5, "is a list"),
        ("lines", [5], "is an object"),
        ("first", "x", "is an object"),
    ],
)
def test_wrong_values_are_named_in_a_sentence(field: str, value: object, says: str) -> None:
    with pytest.raises(Rejected) as refused:
        made(**{field: value})
    assert says in str(refused.value)
    assert refused.value.problems[0].startswith(field)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(Rejected) as refused:
        made(name="", days="x", lines=[{"what": "a"}, {"quantity": "b"}, {"what": ""}])
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "name",
        "days",
        "lines[2].what",
        "lines[2].quantity",
        "lines[3].what",
    ]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(Rejected, match="A sample needs name"):
        parse(SampleDraft, {}, "A sample")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"nmae": "x"}, "A sample has no field nmae. Did you mean name"),
        ({"__class__": "x"}, "has no field __class__"),
        ({"lines": [{"waht": "x"}]}, r"no field lines\[1\].waht. Did you mean what"),
        ({"": "x"}, "has no field"),
    ],
)
def test_unknown_fields_are_refused_with_the_nearest_known(values: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUse, match=says):
        made(**values)


def test_problems_of_the_business_are_raised_together() -> None:
    raise_problems([])
    with pytest.raises(Rejected, match=r"First. Second.") as refused:
        raise_problems([Problem("a", "First."), Problem("b", "Second.")])
    assert refused.value.problems == ("a: First.", "b: Second.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["name", "notes", "is_open", "days", "price", "due_on", "kind", "tags", "lines", "first"]), JSON)
def test_any_json_is_a_draft_or_a_sentence(field: str, value: object) -> None:
    with suppress(UserError):
        assert isinstance(made(**{field: value}), SampleDraft)
