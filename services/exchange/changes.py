"""How a row changes a record that is there: gaps are filled, the file's own changes follow, edits made here stay."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from models.base import Entity
from models.exchange import ImportBatch
from models.history import History, HistoryValue
from models.values.text import folded
from services.history import plain
from services.store import Work

LOOK_UP = 500
_LISTED = ("phone", "email", "website")
"""Of these a customer may have several; a second one is kept in `extra`."""
_ALWAYS_THERE = frozenset(
    {"display_name", "name_folded", "legal_name", "kind", "status", "country", "currency", "payment_terms_days",
     "tax_treatment", "is_tax_id_verified"}
)  # fmt: skip
"""Filled in for every customer, so never a gap."""

Row = dict[str, Any]
ADDRESS_FIELDS = ("attention", "street", "extra", "city", "pin", "state", "country", "phone")
CONTACT_FIELDS = ("salutation", "first_name", "last_name", "email", "phone", "mobile", "designation", "notes")


@dataclass(slots=True)
class Edits:
    """Who set a field last: an import, or a person here. By (table, row id), then by field."""

    imported: defaultdict[tuple[str, int], dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """What the last import put into the field."""
    by_hand: defaultdict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def of(self, record: Entity) -> tuple[dict[str, Any], set[str]]:
        key = record.__tablename__, record.id
        return self.imported.get(key, {}), self.by_hand.get(key, set())


def edits_of(work: Work, table: type[Entity], ids: Sequence[int], into: Edits | None = None) -> Edits:
    edits = into or Edits()
    batches = set(work.session.scalars(select(ImportBatch.code)))
    if work.batch:
        batches.add(work.batch)
    for start in range(0, len(ids), LOOK_UP):
        query = (
            select(History.row_id, History.batch, HistoryValue.changes)
            .join(HistoryValue, HistoryValue.history_id == History.id)
            .where(History.table_name == table.__tablename__, History.row_id.in_(ids[start : start + LOOK_UP]))
            .order_by(History.id)
        )
        for row_id, batch, changes in work.session.execute(query):
            key = table.__tablename__, row_id
            for name, (_old, new) in json.loads(changes).items():
                if batch in batches:
                    edits.imported[key][name] = new
                    edits.by_hand[key].discard(name)
                else:
                    edits.by_hand[key].add(name)
    return edits


def followed(
    held: Mapping[str, Any], stated: Mapping[str, Any], imported: Mapping[str, Any], by_hand: set[str]
) -> tuple[Row, list[str]]:
    """(what the file changes, fields that it would change but that were edited here since the last import)."""
    changes: Row = {}
    kept: list[str] = []
    for name, said in stated.items():
        now = held[name]
        value = {**(now or {}), **said} if name == "extra" else said
        if now == value:
            continue
        if name in by_hand:
            if imported.get(name) != plain(value):
                kept.append(name)
            continue
        changes[name] = value
    for lead, follower in (("display_name", "name_folded"), ("tax_id", "is_tax_id_verified")):
        if lead in kept:
            changes.pop(follower, None)
        if follower in kept:
            kept.remove(follower)
    return changes, kept


def filled_gaps(held: Mapping[str, Any], stated: Mapping[str, Any], held_states: set[str] | None = None) -> Row:
    """What a certain duplicate adds: values where there were none; a second telephone or mailbox goes into `extra`.

    `held_states`: what the held record's own rows said, where that is known; what they did not say was filled in.
    """
    changes: Row = {}
    extra = dict(held["extra"] or {})
    for name, value in stated.items():
        now = held[name]
        if name == "extra":
            extra = {**value, **extra}
        elif name == "tags":
            if merged := [tag for tag in value if tag not in now]:
                changes[name] = [*now, *merged]
        elif name == "notes":
            if value and value not in now:
                changes[name] = f"{now}\n{value}".strip()
        elif name in _ALWAYS_THERE:
            if held_states is not None and name not in held_states and now != value:
                changes[name] = value
        elif now in (None, ""):
            changes[name] = value
        elif name in _LISTED and folded(str(now)) != folded(str(value)):
            extra.setdefault(f"{name.capitalize()} (other)", value)
    if "tax_id" in changes:
        changes["is_tax_id_verified"] = stated["is_tax_id_verified"]
    if extra != (held["extra"] or {}):
        changes["extra"] = extra
    return changes


def matching_contact(contacts: Iterable[Mapping[str, Any]], wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The same person at the same customer: by mailbox, else by name where the mailboxes do not say otherwise."""
    people = list(contacts)
    mailbox = folded(wanted["email"] or "")
    for person in people:
        if mailbox and folded(person["email"] or "") == mailbox:
            return person
    for person in people:
        other = folded(person["email"] or "")
        if person["name_folded"] == wanted["name_folded"] and (not mailbox or not other):
            return person
    return None


def gaps_of(held: Mapping[str, Any], wanted: Mapping[str, Any], names: Sequence[str]) -> Row:
    """Values of `wanted` where `held` has none."""
    return {name: wanted[name] for name in names if wanted.get(name) and held[name] in (None, "")}


def same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(
        folded(one[name] or "") == folded(other[name] or "") or not one[name] or not other[name]
        for name in ("street", "city", "pin")
    )


def written_out(address: Mapping[str, Any]) -> str:
    parts = (address[name] for name in ("attention", "street", "extra", "city", "pin", "state", "country", "phone"))
    return ", ".join(part for part in parts if part)
