"""FIELD=VALUE pairs and JSON files as the values that commands take."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from services.errors import InvalidValue, WrongUse

LARGEST_FILE = 50_000_000


def pairs(texts: list[str]) -> dict[str, Any]:
    """`a=1 b.c=2` as {"a": "1", "b": {"c": "2"}}; a value that is a JSON list or object is taken as one."""
    result: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise WrongUse(f"{text!r} is no assignment. Write FIELD=VALUE.")
        target = result
        *path, last = name.strip().split(".")
        for step in path:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                raise WrongUse(f"{name} is set twice, once as a whole and once in part.")
        if last in target:
            raise WrongUse(f"{name} is set twice.")
        target[last] = _json_or_text(value)
    return result


def _json_or_text(value: str) -> Any:
    if value[:1] not in {"[", "{"}:
        return value
    try:
        return parsed(value, value[:20])
    except InvalidValue:
        return value


def file(path: str) -> dict[str, Any]:
    """The JSON object of a file, or of standard input for `-`."""
    try:
        if path == "-":
            text = sys.stdin.read(LARGEST_FILE)
        else:
            if Path(path).is_file() and Path(path).stat().st_size > LARGEST_FILE:
                raise InvalidValue(f"{path} is larger than 50 MB; a record is never that large.")
            text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidValue(f"{path} is not UTF-8 text.") from None
    value = parsed(text, path)
    if not isinstance(value, dict):
        raise InvalidValue(f"{path} holds no JSON object.")
    return value


def parsed(text: str, where: str) -> Any:  # JSON
    """JSON with exact decimals; NaN, Infinity, doubled keys and absurd nesting are refused."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InvalidValue(f"{where} is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from None
    except (RecursionError, ValueError):
        raise InvalidValue(f"{where} holds JSON that is nested too deeply or a number that is too long.") from None


def _no_constant(name: str) -> NoReturn:
    raise InvalidValue(f"{name} is not a number that the book can hold.")


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(items)
    if len(result) != len(items):
        names = [name for name, _ in items]
        doubled = next(name for name in names if names.count(name) > 1)
        raise InvalidValue(f"The JSON names {doubled} twice.")
    return result


def whole_number(text: str, option: str, *, least: int = 0, most: int = 100_000_000) -> int:
    try:
        number = int(text)
    except ValueError:
        raise WrongUse(f"{option} is a whole number, not {text!r}.") from None
    if not least <= number <= most:
        raise WrongUse(f"{option} lies between {least:,} and {most:,}.")
    return number
