"""What other systems call our records: found again at the next import of the same file (product.md 39)."""

from __future__ import annotations

from sqlalchemy import inspect, select

from models.base import Entity
from models.customers import ExternalRef
from services.permissions import Action, Module, require
from services.store import Work


def external_ref(work: Work, system: str, entity: str, external_id: str) -> ExternalRef | None:
    """The reference that another system's record has here: which of ours it is, and the hash of its last row."""
    require(work, Module.CUSTOMERS, Action.VIEW)
    return work.session.scalar(
        select(ExternalRef).where(
            ExternalRef.system == system, ExternalRef.entity == entity, ExternalRef.external_id == external_id
        )
    )


def remember(
    work: Work, system: str, entity: str, external_id: str, record: Entity, *, content_hash: bytes | None = None
) -> None:
    """Note what `system` calls `record`, or that it was seen again with another content."""
    require(work, Module.CUSTOMERS, Action.EDIT)
    known = external_ref(work, system, entity, external_id)
    if known is None:
        known = ExternalRef(system=system, entity=entity, external_id=external_id)
        work.session.add(known)
    if not inspect(record).has_identity:
        work.session.flush()
    known.record_kind, known.record_id = record.__tablename__, record.id
    known.content_hash, known.seen_at = content_hash, work.now
