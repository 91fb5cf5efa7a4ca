"""Answers in one JSON object, or as plain text for a person's eyes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

WIDEST = 40


def as_json(answer: object) -> str:
    return json.dumps(answer, ensure_ascii=False, indent=None, separators=(", ", ": "))


def as_text(answer: object) -> str:
    """Lists as tables, objects as lines, nested ones indented."""
    return "\n".join(_lines(answer, ""))


def _lines(value: object, indent: str) -> list[str]:
    if isinstance(value, Mapping):
        return [line for key, one in value.items() for line in _entry(str(key), one, indent)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if value and all(isinstance(row, Mapping) for row in value):
            return [indent + line for line in table(list(value))]
        return [f"{indent}{_text(one)}" for one in value]
    return [indent + _text(value)]


def _entry(key: str, value: object, indent: str) -> list[str]:
    is_nested = isinstance(value, Mapping | list | tuple) and bool(value)
    if is_nested:
        return [f"{indent}{key}:", *_lines(value, indent + "  ")]
    return [f"{indent}{key}: {_text(value)}"]


def table(rows: list[Mapping[str, Any]]) -> list[str]:
    """Columns under their names; numbers to the right, long texts cut with an ellipsis."""
    columns = [name for name in rows[0] if any(row.get(name) not in {None, ""} for row in rows if _is_plain(row, name))]
    cells = [[_cut(_text(row.get(name))) for name in columns] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(columns)]
    right = [all(_is_number(row[i]) for row in cells) for i in range(len(columns))]
    head = "  ".join(_pad(name, widths[i], right[i]) for i, name in enumerate(columns)).rstrip()
    body = ["  ".join(_pad(cell, widths[i], right[i]) for i, cell in enumerate(row)).rstrip() for row in cells]
    return [head, *body]


def _is_plain(row: Mapping[str, Any], name: str) -> bool:
    return not isinstance(row.get(name), Mapping | list)


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list | tuple):
        return as_json(value)
    return str(value)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= WIDEST else flat[: WIDEST - 1] + "…"


def _is_number(text: str) -> bool:
    return text in {"", "–"} or text.replace(".", "", 1).replace("-", "", 1).isdigit()


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
