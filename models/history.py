"""What happened: field history chained by hash, events, the outbox, and commands already carried out."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Entity
from models.columns import Big, Bytes, Code, Instant, JsonValue, Key, Line
from models.values.topics import Topic


class History(Base):
    """One changed row: created, changed or deleted; by whom, when, in which batch.

    Written by the unit of work for every tracked table, chained by hash, never changed. The values lie beside, in
    `HistoryValue`, and the chain covers their salted digest: so a person's data can be erased and the chain still
    holds. `previous` is the hash of the row with the next lower `id`.
    """

    __tablename__ = "history"
    __table_args__ = (
        Index("ix_history_record", "table_name", "row_id", "id"),
        Index(
            "ix_history_batch",
            "batch",
            "id",
            sqlite_where=text("batch IS NOT NULL"),
            postgresql_where=text("batch IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    at: Mapped[Instant]
    actor_id: Mapped[Big]
    batch: Mapped[Code | None]
    table_name: Mapped[Code]
    row_id: Mapped[Big]
    action: Mapped[str] = mapped_column(String(6))
    """insert, update or delete."""
    digest: Mapped[Bytes]
    """SHA-256 of salt and changes."""
    hash: Mapped[Bytes]
    """SHA-256 of the previous hash and this row."""


class HistoryValue(Base):
    """The values of a history row: {"field": [old, new]} as canonical JSON."""

    __tablename__ = "history_value"

    history_id: Mapped[int] = mapped_column(ForeignKey("history.id"), primary_key=True)
    salt: Mapped[Bytes]
    changes: Mapped[str] = mapped_column(Text)


class ChainHead(Base):
    """One row: the last link of the history chain. Locked last in every unit of work."""

    __tablename__ = "chain_head"

    id: Mapped[Key]
    last_id: Mapped[Big]
    hash: Mapped[Bytes]


class Event(Entity, topic=Topic.ACTIVITY, is_tracked=False):
    """Something that happened to a record, in the words of the business; timeline and automation read it."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_subject", "subject_kind", "subject_id", "id"),)

    at: Mapped[Instant]
    actor_id: Mapped[Big]
    kind: Mapped[Code]
    subject_kind: Mapped[Code]
    subject_id: Mapped[Big]
    details: Mapped[JsonValue]


class Outbox(Entity, topic=Topic.ACTIVITY, is_tracked=False):
    """A slow effect to carry out after commit: written in the transaction that wants it."""

    __tablename__ = "outbox"

    at: Mapped[Instant]
    kind: Mapped[Code]
    payload: Mapped[JsonValue]
    done_at: Mapped[Instant | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[Line | None]


class CommandRun(Entity, topic=Topic.ACTIVITY, is_tracked=False):
    """A command that was carried out, by the id that its client made: a retry finds it and does nothing twice."""

    __tablename__ = "command_run"

    command_id: Mapped[Code] = mapped_column(unique=True)
    at: Mapped[Instant]
    name: Mapped[Code]
    result: Mapped[JsonValue]
