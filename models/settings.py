"""Settings: one row for each section, typed by the feature that it belongs to."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Entity, Versioned
from models.columns import Code, JsonValue
from models.values.topics import Topic


class SettingSection(Versioned, Entity, topic=Topic.SETTINGS):
    __tablename__ = "setting_section"

    section: Mapped[Code] = mapped_column(unique=True)
    body: Mapped[JsonValue]
