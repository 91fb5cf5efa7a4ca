"""Imports, and the search index that is made from the records."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity
from models.columns import Big, Code, Instant, JsonValue, Long
from models.values.topics import Topic


class ImportBatch(Entity, topic=Topic.EXCHANGE):
    """One run of an import. Its history rows carry `code` as their batch, so that it can be undone."""

    __tablename__ = "import_batch"

    code: Mapped[Code] = mapped_column(unique=True)
    state: Mapped[Code]
    """applied or undone."""
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    undone_at: Mapped[Instant | None]
    actor_id: Mapped[Big]
    files: Mapped[JsonValue]
    options: Mapped[JsonValue]
    counts: Mapped[JsonValue]
    kept: Mapped[JsonValue]
    """After an undo: the records that were edited since and stay."""


class SearchEntry(Entity, topic=Topic.ACTIVITY, is_tracked=False):
    """What the one search box finds: folded words of a record, and where it leads."""

    __tablename__ = "search_entry"
    __table_args__ = (UniqueConstraint("kind", "record_id"),)

    kind: Mapped[Code]
    record_id: Mapped[Big]
    owner_id: Mapped[Big]
    branch_id: Mapped[Big | None]
    title: Mapped[Long]
    words: Mapped[Long]
    """Folded, each word with a space before it, so that the three-letter pieces tell where a word begins."""
