"""Drafts: what a form, the command line or a file wants to save, made from plain values and checked in one way.

A draft is a frozen dataclass. `parse` turns a mapping with JSON values or text into one and names everything that is
wrong at once; business rules beyond types are the draft's own `problems()`.
"""

from __future__ import annotations

import datetime as dt
import difflib
import types
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from models.values.decimals import parse as parse_decimal
from models.values.errors import InvalidValue, Rejected, WrongUse
from models.values.period import business_day
from models.values.text import clean

D = TypeVar("D")
YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
LARGEST_INT = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the field, and a sentence that says what and what to do."""

    field: str
    message: str


def text(default: str | None = "", *, limit: int = 300, lines: bool = False) -> Any:
    """A text field of a draft: its default, how many characters fit, and whether line breaks may be in it."""
    return field(default=default, metadata={"limit": limit, "lines": lines})


def needed(*, limit: int = 300) -> Any:
    """A text field that must not stay empty."""
    return field(metadata={"limit": limit, "needed": True})


def nearest(name: str, known: Iterable[str]) -> str:
    """A question that offers the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f" Did you mean {close[0]}?" if close else ""


def parse(draft: type[D], values: Mapping[str, Any], what: str) -> D:
    """A draft from plain values. Unknown names raise WrongUse, wrong values Rejected with every problem."""
    problems: list[Problem] = []
    result = _build(draft, values, what, problems, "")
    if problems:
        raise Rejected(_sentence(problems), tuple(f"{p.field}: {p.message}" for p in problems))
    assert isinstance(result, draft)
    return result


def raise_problems(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise Rejected(_sentence(found), tuple(f"{p.field}: {p.message}" for p in found))


def _sentence(problems: list[Problem]) -> str:
    first = problems[0].message
    more = len(problems) - 1
    return first if not more else first + "".join(f" {p.message}" for p in problems[1:6])


@cache
def _hints(draft: Hashable) -> dict[str, Any]:
    return get_type_hints(draft)


def _build(draft: type[Any], values: Mapping[str, Any], what: str, problems: list[Problem], path: str) -> Any:
    known = {f.name: f for f in fields(draft)}
    for name in values:
        if name not in known:
            raise WrongUse(f"{what} has no field {path}{name}.{nearest(name, known)}")
    hints = _hints(draft)  # type: ignore[arg-type]  # a class is hashable; mypy sees its metaclass
    arguments: dict[str, Any] = {}
    for name, spec in known.items():
        if name in values:
            try:
                arguments[name] = _value(hints[name], values[name], spec, f"{path}{name}", what, problems)
            except InvalidValue as error:
                problems.append(Problem(f"{path}{name}", str(error)))
        elif spec.default is MISSING and spec.default_factory is MISSING:
            problems.append(Problem(f"{path}{name}", f"{what} needs {path}{name}."))
    return None if problems else draft(**arguments)


def _value(
    hint: Any,
    value: Any,
    spec: Field[Any],
    path: str,
    what: str,
    problems: list[Problem],
) -> Any:
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        inner = [part for part in get_args(hint) if part is not type(None)]
        if value is None or (value == "" and inner[0] is not str):
            return None
        return _value(inner[0], value, spec, path, what, problems)
    if origin is tuple:
        return _tuple(get_args(hint)[0], value, spec, path, what, problems)
    if is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise InvalidValue(f"{path} is an object with fields.")
        return _build(hint, value, what, problems, path + ".")  # type: ignore[arg-type]
    if hint is str:
        return _text(value, spec, path)
    if hint is bool:
        return _bool(value, path)
    if hint is int:
        return _int(value, path)
    if hint is Decimal:
        return parse_decimal(value.strip() if isinstance(value, str) else value, path)
    if hint is dt.date:
        return business_day(value, path)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice(hint, value, path)
    if isinstance(value, Mapping):
        return dict(value)
    raise InvalidValue(f"{path} cannot be set.")


def _tuple(part: Any, value: Any, spec: Field[Any], path: str, what: str, problems: list[Problem]) -> tuple[Any, ...]:
    if isinstance(value, str):
        value = [piece.strip() for piece in value.split(",") if piece.strip()]
    if not isinstance(value, list | tuple):
        raise InvalidValue(f"{path} is a list.")
    return tuple(_value(part, v, spec, f"{path}[{i}]", what, problems) for i, v in enumerate(value, 1))


def _text(value: object, spec: Field[Any], path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | None):
        raise InvalidValue(f"{path} is text.")
    result = clean(
        "" if value is None else str(value),
        what=path,
        limit=spec.metadata.get("limit", 300),
        lines=spec.metadata.get("lines", False),
    )
    if not result and spec.metadata.get("needed"):
        raise InvalidValue(f"{path} is empty; it is needed.")
    return result


def _bool(value: object, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in YES_NO:
        return YES_NO[value.strip().lower()]
    raise InvalidValue(f"{path} is true or false, not {value!r}.")


def _int(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidValue(f"{path} is a whole number, not {value!r}.")
    try:
        number = int(value)
    except ValueError:
        raise InvalidValue(f"{path} is a whole number, not {value!r}.") from None
    if abs(number) > LARGEST_INT:
        raise InvalidValue(f"{path}: {number} is too large.")
    return number


def _choice(hint: type[Enum], value: object, path: str) -> Enum:
    try:
        return hint(value.strip() if isinstance(value, str) else value)
    except ValueError:
        known = [str(choice.value) for choice in hint]
        hint_text = nearest(str(value), known)
        raise InvalidValue(f"{path} is one of {', '.join(known)}; {value!r} is not.{hint_text}") from None
