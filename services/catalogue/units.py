"""Units of quantity: what people type becomes the code that documents carry (UN/ECE Recommendation 20)."""

from __future__ import annotations

from functools import cache
from typing import Any

from models.values.text import folded
from services.drafts import nearest
from services.errors import InvalidValue
from services.resources import resource

OTHER_UQC = "OTH"
"""India's unit quantity code for whatever has none of its own."""


def unit_code(text: str) -> str:
    """The code that `text` names: "HUR", "hours", "hrs." and "Hour" are HUR. An unknown unit is refused in words."""
    code = find_unit(text)
    if code is None:
        hint = nearest(folded(text), _by_name()) or " Write a common name such as pcs, hour, month, kg."
        raise InvalidValue(f"{text!r} is not a unit that the book knows.{hint}")
    return code


def find_unit(text: str) -> str | None:
    """`unit_code`, or None where it names no unit."""
    code = text.strip().upper()
    if code in _named():
        return code
    return _by_name().get(folded(text).rstrip(".")) or (code if code in _codes() else None)


def unit_name(code: str) -> str:
    """The English name behind a code; the code itself where we hold none."""
    return _named().get(code, {}).get("name", code)  # type: ignore[no-any-return]


def uqc(code: str) -> str:
    """India's unit quantity code of a unit (GSTR-1, INV-01): H87 -> NOS, KGM -> KGS, hours and months -> OTH."""
    return _named().get(code, {}).get("uqc", OTHER_UQC)  # type: ignore[no-any-return]


@cache
def _named() -> dict[str, dict[str, Any]]:
    return {unit["code"]: unit for unit in resource("units.json")["units"]}


@cache
def _codes() -> frozenset[str]:
    return frozenset(resource("units.json")["codes"].split()) | frozenset(_named())


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, unit in _named().items():
        for name in (unit["name"], *unit["aliases"]):
            found.setdefault(folded(name), code)
    return found
