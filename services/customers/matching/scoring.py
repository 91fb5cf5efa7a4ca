"""How alike two customers are, from 0 to 1, with what speaks for and against.

Each field that both sides know gives a similarity; what is above .6 counts, by weight (performance.md, "Duplicates").
Names of persons by Jaro-Winkler, of firms and addresses by Indel, digits by OSA. Fields may have changed places: given
name and surname, road and building. The weights are for customers in general, the same for every file and country.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA, Indel, JaroWinkler

from services.customers.matching.firm_names import other_form
from services.customers.matching.spelling import ROLE_MAILBOXES, tax_shape

if TYPE_CHECKING:
    from collections.abc import Collection

    from services.customers.matching.party import Profile

_jaro_winkler = JaroWinkler.normalized_similarity
_indel = Indel.normalized_similarity
_osa = OSA.normalized_similarity

LIKELY: Final = 0.54
"""From here a pair is shown for review (product.md 33-34): one figure for persons and firms, files and countries."""

CERTAIN: Final = 0.9
"""What the rules of `certain` call one customer scores at least this."""

ANOTHER_FIRM: Final = 0.4
"""What two firms of different legal form score at most, unless a tax number says otherwise."""

_NOISE: Final = 0.6
"""Unrelated names are still this much alike by their letters; only what is above counts."""

_FLOOR: Final = 0.55 * 10.5
"""The weight that stays in the denominator however little is known: 55 % of a person's name and address."""

_ROUNDING: Final = 1e-9

_CLOSE_ENOUGH: Final = 0.85
"""Names that agree this well where they stand are not tried in the other order."""

_BESIDE_NAME: Final = 4.25
"""What a firm's address, city and legal form weigh at most, beside the 5 of its name."""

_SHARED_WALLS: Final = 0.5
"""For firms an address counts half: many share a tower, and one has several."""

_FIRM_WEIGHTS: Final = {
    "form": 0.5,
    "number": 0.5,
    "road": 1.0,
    "suburb": 0.75,
    "city": 0.5,
    "postcode": 0.75,
    "state": 0.25,
}
"""What speaks for two firms beside their names: `_BESIDE_NAME` in all."""

_AGAINST_FIRMS: Final = {"phones": 0.5, "emails": 0.5, "domains": 1.0, "tax_ids": 4.0}
"""What speaks against them where both know it and nothing is the same."""

Found = tuple[str, str, str, float, float]
"""field, left, right, similarity, weight: `Evidence` while it is still cheap"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One field compared: both values in one spelling, how alike they are (0 to 1) and how much that counts."""

    field: str
    left: str
    right: str
    similarity: float
    weight: float


@dataclass(frozen=True, slots=True)
class Score:
    """`value` is 0 to 1; `evidence` stands in the order of the form, without fields that only one side knows."""

    value: float
    evidence: tuple[Evidence, ...]


def scored(a: Profile, b: Profile) -> Score:
    """The score of two profiles. Symmetric; profiles that say the same are 1, profiles with nothing in common 0."""
    found = _compared(a, b)
    return Score(_value(a, b, found), tuple(Evidence(*one) for one in found))


def scored_above(a: Profile, b: Profile, threshold: float) -> Score | None:
    """The score, or nothing where it is below `threshold`; evidence is made only for those that are shown."""
    if not (a.is_person and b.is_person) and _out_of_reach(a, b, threshold):
        return None
    found = _compared(a, b)
    value = _value(a, b, found)
    return Score(value, tuple(Evidence(*one) for one in found)) if value >= threshold else None


def _out_of_reach(a: Profile, b: Profile, threshold: float) -> bool:
    """Whether two firms without a contact point in common stay below `threshold` whatever their address says.

    An address, a city and the same legal form weigh 4.25 beside the 5 of the name. Exact: it only saves the time.
    """
    if threshold <= ANOTHER_FIRM or not (a.key and b.key):
        return False
    if a.tax_ids and b.tax_ids and not a.tax_ids.isdisjoint(b.tax_ids):
        return False
    if a.form != b.form and a.form and b.form:
        return True
    if not (a.phones.isdisjoint(b.phones) and a.emails.isdisjoint(b.emails) and a.domains.isdisjoint(b.domains)):
        return False
    beside = _BESIDE_NAME + 4 if a.tax_ids and b.tax_ids else _BESIDE_NAME
    needed = threshold * (5 + beside) - beside
    return 5 * _firm_similarity(a, b) < needed


def least_name_likeness(known: Collection[str], threshold: float) -> float:
    """How alike two firms' names must be, noise included, to reach `threshold` when all else that speaks for them agrees.

    `known` are fields that both know; they have no telephone, mailbox, domain or tax number in common.
    """
    beside = sum(weight for name, weight in _FIRM_WEIGHTS.items() if name in known)
    against = sum(weight for name, weight in _AGAINST_FIRMS.items() if name in known)
    needed = threshold * max(_FLOOR, 5.0 + beside + against) - beside
    return _NOISE + (1 - _NOISE) * needed / 5.0 - _ROUNDING


def value_above(a: Profile, b: Profile, threshold: float) -> float | None:
    """As `scored_above`, without evidence."""
    if not (a.is_person and b.is_person) and _out_of_reach(a, b, threshold):
        return None
    value = _value(a, b, _compared(a, b))
    return value if value >= threshold else None


def is_certain(a: Profile, b: Profile) -> bool:
    """One customer beyond doubt, by the rules of migration/README.md "Matching customers" (2) to (5)."""
    if other_form(a.form, b.form):
        return False
    if a.tax_ids and b.tax_ids:
        if not a.tax_ids.isdisjoint(b.tax_ids):
            return True
        if tax_numbers_clash(a, b):
            return False
    if a.is_person or b.is_person:
        return a.is_person and b.is_person and (_share_mailbox(a, b) or _same_name_and_contact(a, b))
    return not a.domains.isdisjoint(b.domains) or _same_name_and_contact(a, b)


def tax_numbers_clash(a: Profile, b: Profile) -> bool:
    """Both state a tax number of one shape, and none is the same: two legal persons."""
    if not (a.tax_ids and b.tax_ids and a.tax_ids.isdisjoint(b.tax_ids)):
        return False
    return not {tax_shape(number) for number in a.tax_ids}.isdisjoint(tax_shape(number) for number in b.tax_ids)


def _share_mailbox(a: Profile, b: Profile) -> bool:
    return any(email.partition("@")[0] not in ROLE_MAILBOXES for email in a.emails & b.emails)


def _same_name_and_contact(a: Profile, b: Profile) -> bool:
    """Rule (5). A city proves least: it needs the legal form stated alike; persons need a phone."""
    if not a.key or a.key != b.key:
        return False
    if not a.phones.isdisjoint(b.phones):
        return True
    if a.is_person:
        return False
    return not a.domains.isdisjoint(b.domains) or (a.form == b.form and bool(a.city) and a.city == b.city)


def _compared(a: Profile, b: Profile) -> list[Found]:
    found: list[Found] = []
    both_persons = a.is_person and b.is_person
    if both_persons:
        _compare_person(a, b, found)
    elif a.key and b.key:
        found.append(("name", a.key, b.key, _firm_similarity(a, b), 5.0))
        if a.form and b.form:
            found.append(("legal_form", a.form, b.form, float(a.form == b.form), 0.5))
    _compare_address(a, b, found, 1.0 if both_persons else _SHARED_WALLS)
    if a.phones and b.phones:
        _compare_sets("phone", a.phones, b.phones, found, same=2.5, other=0.5)
    if a.emails and b.emails:
        _compare_sets("email", a.emails, b.emails, found, same=4.0 if both_persons else 2.5, other=0.5)
    if a.domains and b.domains:
        _compare_sets("domain", a.domains, b.domains, found, same=3.0, other=1.0)
    if a.tax_ids and b.tax_ids:
        _compare_tax_numbers(a, b, found)
    if both_persons and a.birth and b.birth:
        found.append(("birth_on", a.birth, b.birth, _alike(_osa(a.birth, b.birth)), 3.0))
    return found


def _value(a: Profile, b: Profile, found: list[Found]) -> float:
    """The weighted mean, 0 to 1, then what the rules say of legal forms, tax numbers and certainty."""
    reached = total = 0.0
    for _field, _left, _right, similarity, weight in found:
        total += weight
        reached += weight * similarity
    if not found:
        return 0.0
    if reached == total and a == b:
        return 1.0
    value = reached / (max(_FLOOR, total))
    same_tax_number = not a.tax_ids.isdisjoint(b.tax_ids)
    if same_tax_number and value < LIKELY:
        value = LIKELY
    if a.form != b.form and other_form(a.form, b.form) and not same_tax_number:
        return min(value, ANOTHER_FIRM)
    provable = a.key == b.key or a.domains or a.emails or same_tax_number
    return CERTAIN if provable and value < CERTAIN and is_certain(a, b) else value


def _alike(similarity: float) -> float:
    """A similarity of letters with the noise taken off: 0 up to .6, then in proportion."""
    return (similarity - _NOISE) / (1 - _NOISE) if similarity > _NOISE else 0.0


def _names_alike(left: str, right: str) -> float:
    """Jaro-Winkler, made symmetric by a fixed order; nothing where a side is empty."""
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    return _jaro_winkler(left, right) if left < right else _jaro_winkler(right, left)


def _compare_person(a: Profile, b: Profile, found: list[Found]) -> None:
    """Given name and surname, in the order in which they agree better."""
    given, surname = b.given, b.surname
    first, second = _names_alike(a.given, given), _names_alike(a.surname, surname)
    if first < _CLOSE_ENOUGH or second < _CLOSE_ENOUGH:
        crossed_first, crossed_second = _names_alike(a.given, surname), _names_alike(a.surname, given)
        if crossed_first + crossed_second > first + second:
            given, surname, first, second = surname, given, crossed_first, crossed_second
    if a.given and given:
        found.append(("given_name", a.given, given, _alike(first), 2.0))
    if a.surname and surname:
        found.append(("surname", a.surname, surname, _alike(second), 2.0))


def _firm_similarity(a: Profile, b: Profile) -> float:
    """Names without legal form: the words that tell firms apart count three quarters, the whole name one."""
    if a.key == b.key:
        return 1.0
    whole = _indel(a.key, b.key)
    core = 1.0 if a.core == b.core else _core_similarity(a, b)
    return _alike(0.75 * core + 0.25 * whole)


def _core_similarity(a: Profile, b: Profile) -> float:
    """Letters in common; other word orders, another romanisation and a name cut short are nearly the same name."""
    best = _indel(a.core, b.core)
    if best < _CLOSE_ENOUGH:
        if len(a.key) == len(b.key) and sorted(a.words) == sorted(b.words):
            return 0.95
        short, long = (a, b) if len(a.core) < len(b.core) else (b, a)
        if len(short.words) > 1 and len(short.core) > 5 and long.core.startswith(short.core):
            return _CLOSE_ENOUGH
        if a.bones == b.bones and len(a.bones) > 2:
            return _CLOSE_ENOUGH
    return best


def _compare_address(a: Profile, b: Profile, found: list[Found], share: float) -> None:
    if a.number and b.number:
        found.append(("house_number", a.number, b.number, _same(a.number, b.number, digits=True), share))
    if (a.street or a.building) and (b.street or b.building):
        _compare_road(a, b, found, 2 * share)
    if a.suburb and b.suburb:
        found.append(("suburb", a.suburb, b.suburb, _same(a.suburb, b.suburb), 1.5 * share))
    if a.city and b.city:
        found.append(("city", a.city, b.city, _same(a.city, b.city), 0.5))
    if a.postcode and b.postcode:
        found.append(("postcode", a.postcode, b.postcode, _same(a.postcode, b.postcode, digits=True), 1.5 * share))
    if a.state and b.state:
        found.append(("state", a.state, b.state, _same(a.state, b.state), 0.5 * share))
    if a.country and b.country and a.country != b.country:
        found.append(("country", a.country, b.country, 0.0, 1.0))


def _same(left: str, right: str, *, digits: bool = False) -> float:
    if left == right:
        return 1.0
    return _alike(_osa(left, right) if digits else _indel(left, right))


def _compare_road(a: Profile, b: Profile, found: list[Found], weight: float) -> None:
    """Road and building as one: the road counts two thirds; in the other order, half and half, where that agrees better."""
    alike = _lines_alike(a.street, b.street, a.building, b.building, road=2 / 3)
    if alike < 1.0:
        alike = max(alike, _lines_alike(a.street, b.building, a.building, b.street, road=1 / 2))
    if alike >= 0.0:
        left = f"{a.street} {a.building}" if a.building else a.street
        right = f"{b.street} {b.building}" if b.building else b.street
        found.append(("street", left, right, alike, weight))


def _lines_alike(first: str, other_first: str, second: str, other_second: str, *, road: float) -> float:
    """Two lines against two, empty ones left out; -1 where no line meets another."""
    if first and other_first:
        if second and other_second:
            return road * _same(first, other_first) + (1.0 - road) * _same(second, other_second)
        return _same(first, other_first)
    return _same(second, other_second) if second and other_second else -1.0


def _compare_sets(
    field: str, left: frozenset[str], right: frozenset[str], found: list[Found], *, same: float, other: float
) -> None:
    """One value in common says much; none in common says little, since people have several."""
    shared = left & right
    if shared:
        value = min(shared)
        found.append((field, value, value, 1.0, same))
    else:
        found.append((field, min(left), min(right), 0.0, other))


def _compare_tax_numbers(a: Profile, b: Profile, found: list[Found]) -> None:
    """The same number, or the two that are most alike: one mistyped digit is still a sign."""
    shared = a.tax_ids & b.tax_ids
    if shared:
        value = max(shared)
        found.append(("tax_id", value, value, 1.0, 4.0))
    elif tax_numbers_clash(a, b):
        alike, left, right = max((_osa(x, y), x, y) for x in a.tax_ids for y in b.tax_ids)
        found.append(("tax_id", left, right, _alike(alike), 4.0))
