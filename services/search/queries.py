"""Find any record by a part of its name, number, phone, e-mail, tax id or amount; slips of spelling forgiven."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, and_, column, false, or_, select, table, text

from models.exchange import SearchEntry
from models.values.text import folded
from services.permissions import Action, Module, visible
from services.store import Work

MODULE_OF = {
    "customer": Module.CUSTOMERS,
    "contact": Module.CUSTOMERS,
    "item": Module.CATALOGUE,
    "deal": Module.SALES,
    "document": Module.BILLING,
    "payment": Module.BILLING,
}
TRIGRAM = 3
CANDIDATES = 200
LONGEST = 200
SHORTEST_NUMBER = 5
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{2,3})+(\.[0-9]+)?")
"""1,234.56 and, as India groups, 1,23,456.78."""
LIKENESS = 72.0
"""From which partial ratio (0-100) on a record counts as a misspelt hit."""


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    id: int
    title: str
    words: str
    score: float
    """100 for words that are all there, less for a likeness."""


def find(work: Work, wanted: str, *, limit: int = 20) -> list[Hit]:
    """Best first. Words of three letters and more are found anywhere in a record, shorter ones at a word's start."""
    wanted = folded(_printable(wanted))[:LONGEST]
    words = [_without_plus(word) for word in wanted.split()]
    if not words:
        return []
    for attempt in (words, *_numbers(wanted)):
        hits = _holding(work, attempt)
        if hits:
            ranked = sorted((_exact_hit(row, attempt) for row in hits), key=lambda hit: (-hit.score, hit.title, hit.id))
            return ranked[:limit]
    return _alike(work, " ".join(words), limit)


def _printable(text: str) -> str:
    """Control characters part words; halves of surrogate pairs say nothing."""
    kept = (char for char in text if not "\ud800" <= char <= "\udfff")
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in kept)


def _numbers(wanted: str) -> list[list[str]]:
    """Other ways to write a number: an amount without its grouping, a phone or tax id as its digits in one piece.

    The zeros that lead a national phone number are not part of the international one that is kept.
    """
    if _GROUPED.fullmatch(wanted):
        return [[wanted.replace(",", "")]]
    digits = re.sub(r"[\s()+./-]", "", wanted)
    if not digits.isdigit() or len(digits) < SHORTEST_NUMBER:
        return []
    significant = digits.lstrip("0")
    return [[number] for number in dict.fromkeys((digits, significant)) if len(number) >= SHORTEST_NUMBER]


def _without_plus(word: str) -> str:
    """Phones are indexed by their digits."""
    return word[1:] if word[:1] == "+" and word[1:].isdigit() else word


def _holding(work: Work, words: Sequence[str]) -> Sequence[SearchEntry]:
    """Entries with every word: anywhere in them, or, shorter than three letters, at a word's start."""
    likes = [SearchEntry.words.like(f"%{_literal(piece)}%", escape="\\") for piece in map(_piece, words)]
    pieces = [trigram for word in words for trigram in _trigrams(_piece(word))]
    return _rows(work, _all(pieces), and_(*likes))


def _alike(work: Work, wanted: str, limit: int) -> list[Hit]:
    """Records that share a third of the three-letter pieces with a misspelt text, ranked by likeness."""
    pieces = _trigrams(max(wanted.split(), key=len))
    if len(pieces) < TRIGRAM:
        return []
    third = max(1, len(pieces) // 3)
    parts = [pieces[i : i + third] for i in range(0, len(pieces), third)]
    likes = [and_(*(SearchEntry.words.like(f"%{_literal(p)}%", escape="\\") for p in part)) for part in parts]
    hits = []
    for row in _rows(work, " OR ".join(f"({_all(part)})" for part in parts), or_(*likes)):
        likeness = fuzz.partial_ratio(wanted, row.words.strip())
        if likeness >= LIKENESS:
            hits.append(_hit(row, round(min(likeness, 99.0), 1)))
    return sorted(hits, key=lambda hit: (-hit.score, hit.title, hit.id))[:limit]


def _rows(work: Work, pieces: str, condition: ColumnElement[bool]) -> Sequence[SearchEntry]:
    """Some entries that the actor may see. On SQLite the index of pieces leads, and each candidate is looked at.

    The index is joined, not asked for a list of ids: so SQLite stops at the limit instead of reading a million ids.
    """
    allowed = or_(
        false(),
        *(
            and_(SearchEntry.kind == kind, visible(work, module, SearchEntry.owner_id, SearchEntry.branch_id))
            for kind, module in MODULE_OF.items()
            if work.actor.scope(module, Action.VIEW) is not None
        ),
    )
    query = select(SearchEntry).where(condition, allowed).limit(CANDIDATES)
    if pieces and _is_sqlite(work):
        query = query.join(_FTS, _FTS.c.rowid == SearchEntry.id).where(text("search_fts MATCH :pieces"))
        return work.session.scalars(query, {"pieces": pieces}).all()
    return work.session.scalars(query).all()


_FTS = table("search_fts", column("rowid"))


def _exact_hit(row: SearchEntry, words: list[str]) -> Hit:
    present = row.words.split()
    whole = sum(word in present for word in words)
    starts = sum(any(part.startswith(word) for part in present) for word in words)
    return _hit(row, 100.0 + whole * 2 + starts)


def _hit(row: SearchEntry, score: float) -> Hit:
    return Hit(row.kind, row.record_id, row.title, row.words.strip(), score)


def _trigrams(word: str) -> list[str]:
    return [word[i : i + TRIGRAM] for i in range(len(word) - TRIGRAM + 1)]


def _piece(word: str) -> str:
    """What an entry must hold: the word, or, of a short one, a word that begins with it (entries begin with a space)."""
    return word if len(word) >= TRIGRAM else " " + word


def _all(pieces: Sequence[str]) -> str:
    """A query for entries that hold every piece. The pieces are quoted for FTS5, and it goes in as a parameter."""
    return " AND ".join('"' + piece.replace('"', '""') + '"' for piece in dict.fromkeys(pieces))


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _is_sqlite(work: Work) -> bool:
    return work.session.get_bind().dialect.name == "sqlite"
