"""Running imports in tests, and looking at the whole book before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from models.base import Base
from models.customers import BlockKey
from models.exchange import SearchEntry
from services.exchange.apply import apply
from services.exchange.intake import Report, stage
from services.exchange.mapping import ImportOptions
from services.exchange.outcome import Counts, Outcome, Undone
from services.exchange.undo import undo
from services.store import Store
from tests.services.exchange.files import write_csv

TRAIL = {"history", "history_value", "chain_head", "event", "import_batch", "book"}
"""Tables that tell what happened; everything else is the state of the business."""


def run(store: Store, *paths: Path, report: Report | None = None, **options: Any) -> Outcome:
    with stage(paths, ImportOptions(**options)) as staging, store.writing() as work:
        return apply(work, staging, report)


def rehearse(store: Store, *paths: Path, **options: Any) -> Outcome:
    with stage(paths, ImportOptions(**options)) as staging, store.rehearsing() as work:
        return apply(work, staging).rehearsed()


def take_back(store: Store, outcome: Outcome) -> Undone:
    assert outcome.batch is not None
    with store.writing() as work:
        return undo(work, outcome.batch)


def counted(outcome: Outcome, entity: str) -> dict[str, int]:
    """The counts that are not 0."""
    counts = outcome.entities.get(entity, Counts())
    names = ("created", "updated", "unchanged", "skipped", "rejected", "review")
    return {name: number for name in names if (number := getattr(counts, name))}


def everything(store: Store, *, besides: set[str] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in order of their keys."""
    left_out = besides or set()
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
            if table.name not in left_out
        }


def business(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The state of the business, without row ids of what is made from records, and the imports' own counter."""
    state = everything(store, besides=TRAIL)
    for table in (SearchEntry, BlockKey):
        key = list(table.__table__.columns.keys()).index("id")
        name = table.__tablename__
        state[name] = sorted(((*row[:key], *row[key + 1 :]) for row in state[name]), key=repr)
    state["code_counter"] = [row for row in state["code_counter"] if "IMP" not in row]
    return state


def firms(path: Path, *rows: str, header: str = "Customer ID,Company,Phone,E-mail,City,Website") -> Path:
    """A sheet of customers of somebody's own making."""
    return write_csv(path, [line.split(",") for line in (header, *rows)])
