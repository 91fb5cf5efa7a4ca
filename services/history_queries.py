"""Who changed what in a record, and when."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from models.history import History, HistoryValue
from models.organisation import User
from services.errors import NotFound
from services.listing import Listing
from services.permissions import Action, require
from services.store import Work


def changes_of(work: Work, listing: Listing, record_id: int) -> list[dict[str, Any]]:
    """Every change of one record, oldest first: {"at", "by", "action", "batch", "fields": {name: [old, new]}}."""
    require(work, listing.module, Action.VIEW)
    seen = select(listing.table.id).select_from(listing.source).where(listing.table.id == record_id)
    if work.session.scalar(seen.where(listing.visible(work))) is None:
        raise NotFound(f"This {listing.kind.replace('_', ' ')} is not in the book.")
    query = (
        select(History.at, History.action, History.batch, User.name, HistoryValue.changes)
        .join(User, User.id == History.actor_id)
        .outerjoin(HistoryValue, HistoryValue.history_id == History.id)
        .where(History.table_name == listing.table.__tablename__, History.row_id == record_id)
        .order_by(History.id)
    )
    return [
        {
            "at": row.at.isoformat(),
            "by": row.name,
            "action": row.action,
            "batch": row.batch,
            "fields": json.loads(row.changes) if row.changes else None,
        }
        for row in work.session.execute(query)
    ]
