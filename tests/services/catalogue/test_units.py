"""Units by the names people type."""

from __future__ import annotations

import pytest

from services.catalogue.units import find_unit, unit_code, unit_name, uqc
from services.errors import InvalidValue
from services.resources import resource


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("pcs", "H87"),
        ("Nos.", "H87"),
        ("HUR", "HUR"),
        ("hur", "HUR"),
        ("Hours", "HUR"),
        ("hrs.", "HUR"),
        ("month", "MON"),
        ("KG", "KGM"),
        ("sq m", "MTK"),
        ("m²", "MTK"),
        ("BOX", "XBX"),
        ("ساعة", "HUR"),
        ("lump sum", "LS"),
        ("MGM", "MGM"),
    ],
)
def test_a_name_becomes_its_code(typed: str, code: str) -> None:
    assert unit_code(typed) == code


def test_an_unknown_unit_is_refused_with_the_nearest() -> None:
    assert find_unit("houre") is None
    with pytest.raises(InvalidValue) as caught:
        unit_code("houre")
    assert str(caught.value) == "'houre' is not a unit that the book knows. Did you mean hour?"
    with pytest.raises(InvalidValue) as caught:
        unit_code("@@")
    assert str(caught.value) == (
        "'@@' is not a unit that the book knows. Write a common name such as pcs, hour, month, kg."
    )


def test_names_and_indian_codes() -> None:
    assert [(unit_name(code), uqc(code)) for code in ("H87", "KGM", "HUR", "K6", "MGM")] == [
        ("piece", "NOS"),
        ("kilogram", "KGS"),
        ("hour", "OTH"),
        ("kilolitre", "KLR"),
        ("MGM", "OTH"),
    ]


def test_no_name_stands_for_two_units() -> None:
    names = [name for unit in resource("units.json")["units"] for name in (unit["name"], *unit["aliases"])]
    assert len(names) == len(set(names))


def test_the_import_means_the_same_units() -> None:
    for typed, code in resource("mappings/synonyms.json")["units"].items():
        assert unit_code(typed) == code
