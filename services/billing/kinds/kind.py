"""What makes one kind of document differ from another, as data.

A new kind is a file here and an entry in `KINDS`. It needs: a series prefix (services/organisation/numbers.PREFIXES), a
title for each document type (`TITLES`), what it posts, and what it may become.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.billing import Document
from models.values.states import DocumentKind
from services.ledger.posting import Amount, Roles

PostingRule = Callable[[Document, Roles, Callable[[str], int]], Sequence[Amount]]
"""(document, accounts by role, account by code) -> the sides of its entry."""


def posts_nothing(_document: Document, _roles: Roles, _by_code: Callable[[str], int]) -> Sequence[Amount]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`is_receivable`: what it says is owed, so it has a balance. `is_ordered`: its numbers follow its dates."""

    kind: DocumentKind
    noun: str
    postings: PostingRule = posts_nothing
    is_receivable: bool = False
    is_ordered: bool = False
    becomes: tuple[DocumentKind, ...] = ()
