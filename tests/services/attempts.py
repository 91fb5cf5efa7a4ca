"""Several calls that must all fail alike."""

from __future__ import annotations

from collections.abc import Callable

Attempt = Callable[[], object]


def attempts(*calls: Attempt) -> tuple[Attempt, ...]:
    return calls
