"""What other systems call our records, for one run: all that is known of its systems, and what the run adds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import select

from models.customers import ExternalRef
from services.exchange.mapping import header_key
from services.exchange.staging import FileCard, StagedRow
from services.store import Work

LOOK_UP = 500
OWN_FILE = "file"
"""The system of files that no preset knows: `file:` and what tells the layout of one from another."""


RESERVED = 0
"""The record id of a reference whose record is still to be made."""


class Ref(NamedTuple):
    record_id: int
    content_hash: bytes


def system_of(card: FileCard) -> str:
    """The system's code. A sheet of somebody's own making: its mapped headers, since 1 of one list is not 1 of another."""
    if card.system:
        return card.system
    headers = sorted(header_key(column.header) for column in card.recognition.columns if column.field)
    return f"{OWN_FILE}:{hashlib.sha256('|'.join(headers).encode()).hexdigest()[:12]}"


@dataclass(slots=True)
class Refs:
    """The references of one entity. `added` and `changed` wait for `write`."""

    work: Work
    entity: str
    record_kind: str
    systems: dict[tuple[str, str], str]
    """(file, sheet) -> system"""
    known: dict[tuple[str, str], Ref] = field(default_factory=dict)
    added: list[tuple[str, str, Ref]] = field(default_factory=list)
    changed: dict[tuple[str, str], bytes] = field(default_factory=dict)
    natural: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a natural id came in this run: what differs under one of them gets a number behind it."""

    def load(self) -> None:
        query = select(
            ExternalRef.system, ExternalRef.external_id, ExternalRef.record_id, ExternalRef.content_hash
        ).where(ExternalRef.entity == self.entity, ExternalRef.system.in_(set(self.systems.values())))
        for system, external_id, record_id, content_hash in self.work.session.execute(query):
            self.known[system, external_id] = Ref(record_id, content_hash or b"")

    def key(self, row: StagedRow, natural_id: str, content_hash: bytes) -> tuple[str, str]:
        """(system, external id) of the row; without an id of its own, its natural id.

        Rows with one natural id and the same content are one; with other content they are numbered as they come.
        """
        system = self.systems[row.file, row.sheet]
        if row.external_id:
            return system, row.external_id[:500]
        key = system, natural_id
        number = 1
        while (taken := self.known.get(key)) is not None and taken.content_hash != content_hash:
            if self.natural[key] == 0:
                break
            number += 1
            key = system, f"{natural_id}#{number}"
        self.natural[key] += 1
        return key

    def add(self, key: tuple[str, str], record_id: int, content_hash: bytes) -> None:
        ref = Ref(record_id, content_hash)
        self.known[key] = ref
        self.added.append((*key, ref))

    def renew(self, key: tuple[str, str], content_hash: bytes) -> None:
        """The record says something else now than at the last import."""
        ref = self.known[key]
        self.known[key] = Ref(ref.record_id, content_hash)
        self.changed[key] = content_hash

    def forget(self, key: tuple[str, str]) -> None:
        """Take back a reference that this run added and has not written."""
        self.known.pop(key, None)
        self.added = [one for one in self.added if one[:2] != key]

    def write(self) -> None:
        work = self.work
        if self.added:
            ids = work.next_ids(ExternalRef, len(self.added))
            rows = [
                {
                    "id": row_id,
                    "system": system,
                    "entity": self.entity,
                    "external_id": external_id,
                    "record_kind": self.record_kind,
                    "record_id": ref.record_id,
                    "content_hash": self.known[system, external_id].content_hash,
                    "seen_at": work.now,
                }
                for row_id, (system, external_id, ref) in zip(ids, self.added, strict=True)
            ]
            work.insert_many(ExternalRef, rows)
            for system, external_id, _ref in self.added:
                self.changed.pop((system, external_id), None)
            self.added = []
        if self.changed:
            self._write_changed()

    def _write_changed(self) -> None:
        keys = list(self.changed)
        for system in {system for system, _ in keys}:
            ids = [external_id for one, external_id in keys if one == system]
            for start in range(0, len(ids), LOOK_UP):
                query = select(ExternalRef).where(
                    ExternalRef.entity == self.entity,
                    ExternalRef.system == system,
                    ExternalRef.external_id.in_(ids[start : start + LOOK_UP]),
                )
                for ref in self.work.session.scalars(query):
                    ref.content_hash, ref.seen_at = self.changed[system, ref.external_id], self.work.now
        self.work.session.flush()
        self.changed = {}


def systems_of(cards: Iterable[FileCard]) -> dict[tuple[str, str], str]:
    return {(card.file, card.sheet): system_of(card) for card in cards if card.is_chosen}
