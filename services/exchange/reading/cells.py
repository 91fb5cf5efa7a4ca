"""What a cell can be, and how it travels from the reading child to us: one JSON value, never a pickle.

On the wire: text is a string, blank is `""`, a number is a JSON number with a point or exponent (read back as an exact
Decimal), a truth value is true or false, and {"d": ISO} is a date or date-time, {"e": "#N/A"} an error cell,
{"f": 1} a formula that was saved without its result.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

SIGNIFICANT_DIGITS = 15
"""What Excel keeps of a number; a 16th digit of a float is noise of binary arithmetic."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell without a value: an error of the spreadsheet (`#N/A`), or a formula never calculated (`=`)."""

    code: str

    @property
    def sentence(self) -> str:
        if self.code == "=":
            return "The cell holds a formula whose result was not saved with the file."
        return f"The cell holds the spreadsheet error {self.code}."


Cell = str | Decimal | bool | dt.date | dt.datetime | Fault
"""Blank is the empty text."""

UNCALCULATED = Fault("=")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a sheet: `numbers` as the spreadsheet counts them (from 1), `rows` beside them."""

    numbers: list[int]
    rows: list[list[Cell]]


def number(value: float) -> float | dict[str, str]:
    """A number for the wire, without the noise behind its 15th digit; what is no number becomes an error cell."""
    if not math.isfinite(value):
        return {"e": "#NUM!"}
    shortest = repr(value)
    return value if len(shortest) <= SIGNIFICANT_DIGITS else float(format(value, f".{SIGNIFICANT_DIGITS}g"))


def wire(value: object) -> object:
    """The JSON value of what a spreadsheet library gives for a cell."""
    if isinstance(value, str | bool):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return float(value) if abs(value) < 10**SIGNIFICANT_DIGITS else str(value)
    if isinstance(value, dt.date | dt.datetime):
        return {"d": value.isoformat()}
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    if isinstance(value, dt.time):
        return value.isoformat("seconds").removesuffix(":00")
    return str(value)


def _unwire(value: dict[str, Any]) -> object:
    if len(value) != 1:
        return value
    if (iso := value.get("d")) is not None:
        return dt.datetime.fromisoformat(iso) if "T" in iso else dt.date.fromisoformat(iso)
    if (code := value.get("e")) is not None:
        return Fault(str(code))
    return UNCALCULATED if "f" in value else value


_DECODER = json.JSONDecoder(parse_float=Decimal, object_hook=_unwire)


def decode(line: bytes) -> dict[str, Any]:
    """One message of the child."""
    message: dict[str, Any] = _DECODER.decode(line.decode("ascii"))
    return message


def decode_block(line: bytes) -> Block:
    message = decode(line)
    return Block(message["r"], message["c"])


def number_text(value: Decimal) -> str:
    """A number as a person would type it: 971505550101.0 -> 971505550101."""
    whole = value.to_integral_value()
    return str(int(whole)) if whole == value else format(value.normalize(), "f")


def shown(cell: Cell) -> str:
    """The cell as text, for messages, ids and the error workbook."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, Decimal):
        return number_text(cell)
    if isinstance(cell, Fault):
        return cell.code
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ", "seconds")
    return cell.isoformat()


def is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip()
