"""How many statements a piece of work may send to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from benchmarks.trial import counted
from services.store import Store

MaxQueries = Callable[[Store, int], AbstractContextManager[None]]


@pytest.fixture
def max_queries() -> MaxQueries:
    """Fails where the block under it sends more statements than it may."""

    @contextmanager
    def limited(store: Store, most: int) -> Iterator[None]:
        with counted(store.engine) as counter:
            yield
        assert counter.statements <= most, f"{counter.statements} statements, at most {most} are allowed"

    return limited
