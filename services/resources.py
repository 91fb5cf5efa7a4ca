"""Data files that ship with the program."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "resources"


@cache
def resource(name: str) -> Any:
    """The JSON of `resources/<name>`; do not change what it answers."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
