"""One line per measured figure: ours, the limit beside it (a peer, or the best that was seen) and our goal."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADINGS = ("what", "ours", "unit", "limit", "goal", "")


@dataclass(frozen=True, slots=True)
class Row:
    """`ours` in `unit`; `limit` and `goal` as they are read ("0.996", "4 s"), empty where there is none.

    `ok` says whether the goal is reached; None is a figure without a goal.
    """

    what: str
    ours: float
    unit: str
    limit: str = ""
    goal: str = ""
    ok: bool | None = None


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def print_table(rows: Sequence[Row]) -> None:
    marks = {True: "ok", False: "SHORT", None: ""}
    lines = [_HEADINGS] + [(row.what, _figure(row.ours), row.unit, row.limit, row.goal, marks[row.ok]) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    for line in lines:
        cells = [
            text.rjust(width) if column == 1 else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def print_json(rows: Sequence[Row]) -> None:
    """One line: `{"rows": [{"what", "ours", "unit", "limit", "goal", "ok"}, ...]}`."""
    print(json.dumps({"rows": [asdict(row) for row in rows]}))
