"""Customers that may be one: the score of two, the pairs and groups of many, and the look-up for a new one.

Pure: no database. A table `customer_block_key(key, customer_id)` filled with `block_keys` serves `rank` from SQL; the
`Index` holds all customers in memory. Nothing here merges: a person decides, or `certain` does (migration rules).
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from services.customers.matching.blocks import BLOCK_LIMIT, keys_of
from services.customers.matching.firm_names import legal_form, normalised_name
from services.customers.matching.party import Party, Profile, profile
from services.customers.matching.scoring import LIKELY, Evidence, Score, is_certain, scored, scored_above

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "BLOCK_LIMIT", "LIKELY", "Evidence", "Index", "Match", "Pair", "Party", "Score",
    "block_keys", "certain", "clusters", "legal_form", "normalised_name", "pairs", "rank", "score",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two positions of the sequence that was searched, the smaller first."""

    left: int
    right: int
    score: Score


@dataclass(frozen=True, slots=True)
class Match:
    """A customer that may be the one that is looked for."""

    customer_id: int
    score: Score
    certain: bool


class _Held(NamedTuple):
    profile: Profile
    keys: tuple[str, ...]


def score(a: Party, b: Party) -> Score:
    """How alike `a` and `b` are, 0 to 1, with the evidence by field. The order does not matter."""
    return scored(profile(a), profile(b))


def certain(a: Party, b: Party) -> bool:
    """Whether `a` and `b` are one customer without asking (migration/README.md "Matching customers", rules 2 to 5).

    The same tax number with no other legal form; a personal e-mail address for persons; a web domain for firms; the same
    normalised name with a phone, a domain or, for firms, a city. Different legal forms or tax numbers: never.
    """
    return is_certain(profile(a), profile(b))


def block_keys(party: Party) -> frozenset[str]:
    """The keys under which `party` is found; customers that share none are never compared. About 12, of 48 characters."""
    return frozenset(keys_of(profile(party)))


def rank(party: Party, candidates: Mapping[int, Party], *, limit: int = 10, threshold: float = LIKELY) -> list[Match]:
    """The best `limit` of `candidates` (customer id -> party) that reach `threshold`, best first, then by id."""
    wanted = profile(party)
    return _best(wanted, ((key, profile(other)) for key, other in candidates.items()), limit, threshold)


def _best(wanted: Profile, others: Iterable[tuple[int, Profile]], limit: int, threshold: float) -> list[Match]:
    found = []
    for customer_id, other in others:
        result = scored_above(wanted, other, threshold)
        if result is not None:
            found.append(Match(customer_id, result, is_certain(wanted, other)))
    return nlargest(limit, found, key=lambda match: (match.certain, match.score.value, -match.customer_id))


def pairs(parties: Sequence[Party], threshold: float = LIKELY) -> list[Pair]:
    """All pairs of `parties` that share a block key and score `threshold` or more, in order of position."""
    with _collector_paused():
        profiles = [profile(party) for party in parties]
        return _pairs(profiles, threshold)


def _pairs(profiles: Sequence[Profile], threshold: float) -> list[Pair]:
    keys = [set(keys_of(one)) for one in profiles]
    sizes = Counter(chain.from_iterable(keys))
    blocks: dict[str, list[int]] = {key: [] for key, size in sizes.items() if 1 < size <= BLOCK_LIMIT}
    telling = set(blocks)
    found = []
    for right, (wanted, own) in enumerate(zip(profiles, keys, strict=True)):
        live = [blocks[key] for key in own & telling]
        for left in sorted(set().union(*live)):
            result = scored_above(profiles[left], wanted, threshold)
            if result is not None:
                found.append(Pair(left, right, result))
        for block in live:
            block.append(right)
    return found


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A million small values are made here and none in a circle: looking for circles took a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def clusters(found: Iterable[Pair]) -> list[tuple[int, ...]]:
    """Groups of positions that pairs join, also by way of a third (A-B and B-C make A-B-C); each sorted, by first."""
    head: dict[int, int] = {}

    def top(position: int) -> int:
        while (above := head.setdefault(position, position)) != position:
            head[position] = position = head[above]
        return position

    for pair in found:
        first, second = sorted((top(pair.left), top(pair.right)))
        head[second] = first
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for position in sorted(head):
        groups[top(position)].append(position)
    return [tuple(groups[first]) for first in sorted(groups)]


class Index:
    """All customers in memory, for asking about one at a time while its name is typed."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._blocks: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, customer_id: int, party: Party) -> None:
        """Hold `party` under its id; one that is held already is replaced."""
        self.remove(customer_id)
        one = profile(party)
        held = _Held(one, tuple(set(keys_of(one))))
        self._held[customer_id] = held
        for key in held.keys:
            self._blocks.setdefault(key, set()).add(customer_id)

    def remove(self, customer_id: int) -> None:
        """Forget a customer; nothing happens where it is not held."""
        held = self._held.pop(customer_id, None)
        if held is not None:
            for key in held.keys:
                block = self._blocks[key]
                block.discard(customer_id)
                if not block:
                    del self._blocks[key]

    def candidates(self, party: Party, limit: int = 10, *, threshold: float = LIKELY) -> list[Match]:
        """The customers that `party` may be, best first, at most `limit`."""
        wanted = profile(party)
        blocks = (self._blocks.get(key, ()) for key in set(keys_of(wanted)))
        near = set[int]().union(*(block for block in blocks if len(block) <= BLOCK_LIMIT))
        return _best(wanted, ((other, self._held[other].profile) for other in near), limit, threshold)
