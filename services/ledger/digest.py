"""What a posted entry says, as one hash: kept in the entry, proven by the health check (invariant I7)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from models.columns import canonical_json

PostingRow = tuple[int, int | None, str, int, int]
"""(account_id, customer_id, currency, amount_minor, home_minor)."""


def entry_digest(
    company_id: int,
    branch_id: int,
    posted_on: dt.date,
    text: str,
    source_kind: str,
    source_id: int,
    reverses_id: int | None,
    postings: Sequence[PostingRow],
) -> bytes:
    """SHA-256 over the canonical JSON of an entry with its postings in the order of their ids."""
    facts = [company_id, branch_id, posted_on.isoformat(), text, source_kind, source_id, reverses_id]
    return hashlib.sha256(canonical_json([facts, [list(row) for row in postings]]).encode()).digest()
