"""The imports of a book, the latest first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models.exchange import ImportBatch
from models.organisation import User
from services.permissions import Action, Module, require
from services.store import Work


def imports(work: Work) -> list[dict[str, Any]]:
    """Every run: its code, state (applied or undone), who and when, files and counts, and what an undo left."""
    require(work, Module.EXCHANGE, Action.VIEW)
    query = (
        select(ImportBatch, User.name).outerjoin(User, User.id == ImportBatch.actor_id).order_by(ImportBatch.id.desc())
    )
    return [
        {
            "id": batch.id,
            "kind": "import",
            "code": batch.code,
            "state": batch.state,
            "by": name,
            "started_at": batch.started_at.isoformat(),
            "undone_at": batch.undone_at.isoformat() if batch.undone_at else None,
            "files": batch.files,
            "entities": batch.counts,
            "kept": batch.kept,
        }
        for batch, name in work.session.execute(query)
    ]
