"""Which pairs can be alike at all, told from their names: an exact bound that saves nearly every full comparison.

An import asks about a hundred thousand rows with some fifty neighbours each. Held of each customer is its `Silhouette`
to look at first, and with it the whole profile as bytes, unpacked where a pair is in reach.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from rapidfuzz.distance import OSA, Indel

from services.customers.matching.party import Profile
from services.customers.matching.scoring import LIKELY, least_name_likeness
from services.customers.matching.spelling import tax_shape

CONTACT_KINDS: Final = frozenset("tewx")
"""First letters of block keys that are a telephone, e-mail, web domain or tax number in common (blocks.py)."""

_BITS: Final = {
    name: 1 << place
    for place, name in enumerate(
        ("phones", "emails", "domains", "tax_ids", "form", "number", "road", "suburb", "city", "postcode", "state")
    )
}
_TAX: Final = _BITS["tax_ids"]
_FIELDS: Final = tuple((Profile._fields.index(name), bit) for name, bit in _BITS.items() if name != "road")
_LEAST: Final = [
    least_name_likeness({name for name, bit in _BITS.items() if knows & bit}, LIKELY)
    for knows in range(1 << len(_BITS))
]
"""By the fields that both know: how alike the names of two firms must be where they share no contact point."""
_PER_TAX_NUMBER: Final = 0.32
"""By how much that is less where their tax numbers are alike: weight 4 beside the name's 5, scaled as names are."""
_NOISE, _CLOSE_ENOUGH, _REORDERED = 0.6, 0.85, 0.95
"""As in scoring.py."""
_indel = Indel.normalized_similarity
_osa = OSA.normalized_similarity


class Silhouette(NamedTuple):
    """What of a profile tells whether another one can be alike; `packed` holds all of it."""

    is_person: bool
    form: str
    core: str
    key: str
    words: int
    """Hash of the words in any order."""
    bones: str
    knows: int
    """The fields that are known, as bits."""
    tax_ids: tuple[str, ...]
    packed: bytes


def silhouette(it: Profile) -> Silhouette:
    values: tuple[Any, ...] = tuple(it)
    knows = _BITS["road"] if it.street or it.building else 0
    for place, bit in _FIELDS:
        if values[place]:
            knows |= bit
    return Silhouette(
        it.is_person,
        it.form,
        it.core,
        it.key,
        hash(frozenset(it.words)),
        it.bones,
        knows,
        tuple(it.tax_ids),
        marshal.dumps(values),
    )


def unpacked(it: Silhouette) -> Profile:
    return Profile._make(marshal.loads(it.packed))  # noqa: S302 - our own bytes, which never left this process


def in_reach(mine: Silhouette, others: Iterable[tuple[int, Silhouette]]) -> list[tuple[int, Silhouette]]:
    """Those of `others` that may score LIKELY with `mine`; no pair may share a telephone, mailbox, domain or tax number.

    Exact: what is left out would score less, whatever addresses say. Two persons, and names without letters, stay in.
    """
    found = []
    is_person, form, core, key, words, bones, knows, tax_ids, _ = mine
    length = len(key)
    for one in others:
        _, (other_is_person, other_form, other_core, other_key, other_words, other_bones, other_knows, numbers, _) = one
        if (is_person and other_is_person) or not (key and other_key):
            found.append(one)
            continue
        if form != other_form and form and other_form:
            continue
        both = knows & other_knows
        least = _least_beside_tax(both, tax_ids, numbers) if both & _TAX else _LEAST[both]
        if least <= _NOISE:
            found.append(one)
            continue
        alike = 1.0 if core == other_core or key == other_key else _indel(core, other_core)
        if alike < _CLOSE_ENOUGH:
            if words == other_words and length == len(other_key):
                alike = _REORDERED
            elif (
                (bones == other_bones and len(bones) > 2) or core.startswith(other_core) or other_core.startswith(core)
            ):
                alike = _CLOSE_ENOUGH
        bound = 0.75 * alike + 0.25
        if bound < least or (bound - least < 0.25 and bound - 0.25 + 0.25 * _indel(key, other_key) < least):
            continue
        found.append(one)
    return found


def _least_beside_tax(both: int, left: tuple[str, ...], right: tuple[str, ...]) -> float:
    """The same for two that state tax numbers: numbers of other shapes say nothing, alike ones speak for the pair."""
    if {tax_shape(number) for number in left}.isdisjoint([tax_shape(number) for number in right]):
        return _LEAST[both & ~_TAX]
    alike = max([_osa(x, y) for x in left for y in right])
    return _LEAST[both] - _PER_TAX_NUMBER * max(0.0, alike - _NOISE) / (1 - _NOISE)
