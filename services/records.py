"""What every kind of record offers to the command line and the window: found, shown, made, changed, acted on.

Each feature lists its kinds in its own `records.py`; nothing here knows a feature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import SQLColumnExpression, false, func, or_, select

from models.values.text import clean
from services.errors import InvalidValue, NotFound
from services.listing import Listing
from services.permissions import Action, require
from services.store import Work

Values = Mapping[str, Any]
Verb = Callable[[Work, int, Values], int | None]
"""Carry out a verb on a record; answers the id of the record that it made, or nothing."""


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record. `refs` are the columns in which a REF of the command line is looked for."""

    kind: str
    listing: Listing
    refs: tuple[Callable[[], SQLColumnExpression[Any]], ...]
    show: Callable[[Work, int], dict[str, Any]]
    create: Callable[[Work, Values], int] | None = None
    edit: Callable[[Work, int, Values], None] | None = None
    verbs: Mapping[str, Verb] = field(default_factory=lambda: MappingProxyType({}))
    makes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Verb -> kind of the record that it makes, where that is another kind."""

    def find(self, work: Work, ref: str) -> int:
        """The id of the record with this number or code, or `#ID`; only among those that the actor may see."""
        require(work, self.listing.module, Action.VIEW)
        table = self.listing.table
        if ref.startswith("#") and ref[1:].isdigit() and len(ref) < 20 and int(ref[1:]) < 2**63:
            condition = table.id == int(ref[1:])
        else:
            name = _printable(ref).upper()
            condition = or_(false(), *(func.upper(column()) == name for column in self.refs))
        query = select(table.id).select_from(self.listing.source).where(condition, self.listing.visible(work))
        found = work.session.scalars(query.order_by(table.id.desc()).limit(1)).first()
        if found is None:
            raise NotFound(f"There is no {self.kind.replace('_', ' ')} {ref} in this book.")
        return int(found)


def _printable(ref: str) -> str:
    """What is looked for; a text that no record can hold names none."""
    try:
        return clean(ref)
    except InvalidValue:
        return ""
