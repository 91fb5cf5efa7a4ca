"""Pipelines and deals."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Created, Entity, Owned, Placed, Versioned
from models.columns import (
    Choice,
    Code,
    Currency,
    Day,
    Instant,
    JsonValue,
    Line,
    Long,
    Minor,
    Name,
    Percent,
    Quantity,
    UnitPrice,
)
from models.values.states import ForecastCategory, StageType
from models.values.topics import Topic


class Pipeline(Versioned, Entity, topic=Topic.SALES):
    __tablename__ = "pipeline"

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]


class Stage(Versioned, Entity, topic=Topic.SALES):
    """Types, not names, drive the program."""

    __tablename__ = "stage"
    __table_args__ = (UniqueConstraint("pipeline_id", "code"),)

    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipeline.id"))
    code: Mapped[Code]
    name: Mapped[Name]
    meaning: Mapped[Line]
    position: Mapped[int]
    type: Mapped[StageType] = mapped_column(Choice(StageType))
    probability: Mapped[int]
    forecast: Mapped[ForecastCategory] = mapped_column(Choice(ForecastCategory))
    rotting_days: Mapped[int | None]
    required_fields: Mapped[JsonValue]
    """Names of deal fields that must be filled before a deal enters this stage."""


class Deal(Versioned, Owned, Placed, Created, Entity, topic=Topic.SALES):
    __tablename__ = "deal"
    __table_args__ = (Index("ix_deal_closes_on_id_owner_id", "closes_on", "id", "owner_id"),)

    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipeline.id"), index=True)
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"), index=True)
    stage_since: Mapped[Instant]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    """Sum of the lines after discounts, before tax; typed where the deal has no lines yet."""
    closes_on: Mapped[Day | None]
    closed_at: Mapped[Instant | None]
    payment_terms_days: Mapped[int | None]
    po_number: Mapped[Name | None]
    next_step: Mapped[Line | None]
    scope: Mapped[Long]
    lost_reason: Mapped[Line | None]
    discount_percent: Mapped[Percent | None]
    """Document discount, carried into the estimate."""
    notes: Mapped[Long]
    lines: Mapped[list[DealLine]] = relationship(
        cascade="all, delete-orphan", order_by="DealLine.no", back_populates="deal"
    )


class DealLine(Entity, topic=Topic.SALES):
    __tablename__ = "deal_line"

    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id"), index=True)
    no: Mapped[int]
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    description: Mapped[Long]
    quantity: Mapped[Quantity]
    unit: Mapped[Code]
    unit_price: Mapped[UnitPrice]
    discount_percent: Mapped[Percent | None]
    deal: Mapped[Deal] = relationship(back_populates="lines")
