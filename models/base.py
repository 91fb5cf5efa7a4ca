"""What every table shares: keys, constraint names, topics, versions, owners."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, Integer, MetaData, event, inspect, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, declared_attr, mapped_column

from models.columns import Instant, Key
from models.values.topics import Topic


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Entity(Base):
    """A table with an id and a topic: `class Deal(Entity, topic=Topic.SALES)`.

    `is_tracked` tells whether the field history keeps its changes. Only the history itself, the search index and
    other things that are made from tracked rows are not.
    """

    __abstract__ = True
    topic: ClassVar[Topic]
    is_tracked: ClassVar[bool] = True
    untracked: ClassVar[frozenset[str]] = frozenset()
    """Columns that the history leaves out, because other rows tell the same."""
    id: Mapped[Key]

    def __init__(self, **values: Any) -> None:
        columns = _columns(type(self))
        super().__init__(**{name: value for name, value in values.items() if name not in columns})
        self.__dict__.update(_empty_columns(type(self)))
        self.__dict__.update({name: value for name, value in values.items() if name in columns})

    def fill(self, values: Mapping[str, Any]) -> None:
        """Set many columns at once. A row that is in no session yet has no old values to keep and takes them directly."""
        if inspect(self).transient:
            self.__dict__.update(values)
            return
        for name, value in values.items():
            setattr(self, name, value)

    def __init_subclass__(cls, *, topic: Topic, is_tracked: bool = True, **kwargs: Any) -> None:
        cls.topic = topic
        cls.is_tracked = is_tracked
        super().__init_subclass__(**kwargs)


@cache
def _columns(table: type[Entity]) -> frozenset[str]:
    return frozenset(attribute.key for attribute in inspect(table).column_attrs)


@cache
def _empty_columns(table: type[Entity]) -> Mapping[str, None]:
    """Columns that a new row leaves empty: known to be None from the start, so that nothing reads them back."""
    attributes = inspect(table).column_attrs
    return dict.fromkeys(
        a.key for a in attributes if a.key != "id" and a.columns[0].nullable and a.columns[0].default is None
    )


class Versioned:
    """Optimistic lock: each change counts `version` up, and a change of an older version is refused."""

    version: Mapped[int] = mapped_column(Integer, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Owned:
    """A row that belongs to a user; scopes of roles decide who else sees it."""

    @declared_attr
    def owner_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("user.id"))


class Placed:
    """A row that belongs to a company, a branch and perhaps a business unit; inherited down the chain of a sale.

    These links and `owner_id` carry no index of their own: their targets are never deleted, a firm has a handful of
    them, and the list indexes end in the owner.
    """

    @declared_attr
    def company_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("company.id"))

    @declared_attr
    def branch_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("branch.id"))

    @declared_attr
    def business_unit_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("business_unit.id"))


def sparse_index(table: str, column: str) -> Index:
    """An index of an optional link: only rows that have one are in it."""
    present = text(f"{column} IS NOT NULL")
    return Index(f"ix_{table}_{column}", column, sqlite_where=present, postgresql_where=present)


class Created:
    created_at: Mapped[Instant]


@event.listens_for(Mapper, "after_configured")
def _remember_old_values() -> None:
    """Setting an expired attribute loads its old value first, so that the field history never misses one."""
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            implementation = getattr(mapper.class_, attribute.key).impl
            implementation.dispatch._active_history = True  # noqa: SLF001 - SQLAlchemy offers it per column only
