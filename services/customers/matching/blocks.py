"""Block keys: only customers that share one are compared. A key is short text, fit for an indexed column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.customers.matching.firm_names import GENERIC_WORDS

if TYPE_CHECKING:
    from services.customers.matching.party import Profile

BLOCK_LIMIT: Final = 60
"""A key that more customers share (a common surname, a switchboard) tells nothing and is passed over."""


def keys_of(it: Profile) -> list[str]:
    """The keys of one customer, about 12; the letter before `:` tells them apart by kind."""
    keys = _person_keys(it) if it.is_person else _firm_keys(it)
    keys += _address_keys(it)
    if it.phones:
        keys += ["t:" + phone for phone in it.phones]
    if it.emails:
        keys += ["e:" + email for email in it.emails]
    if it.domains:
        keys += ["w:" + domain for domain in it.domains]
    if it.tax_ids:
        keys += ["x:" + number for number in it.tax_ids]
    return keys


def _person_keys(it: Profile) -> list[str]:
    """Letters of both names in either order, and each name with where its owner lives."""
    given, surname, postcode, suburb = it.given, it.surname, it.postcode, it.suburb or it.city
    keys = []
    if given and surname:
        first, second = (given, surname) if given < surname else (surname, given)
        keys += ["n:" + first[:4] + " " + second[:4]]
    for name in (given, surname):
        if name:
            if postcode:
                keys.append("p:" + postcode + " " + name[:3])
            if suburb:
                keys.append("u:" + suburb[:4] + " " + name[:4])
    if it.birth:
        keys.append("b:" + it.birth)
    return keys


def _firm_keys(it: Profile) -> list[str]:
    """The name without spaces and legal form, its consonants, its longest words, and its first letters with the place."""
    if not it.key:
        return []
    core, place = it.core, it.city or it.suburb
    keys = [
        "k:" + it.key[:40],
        "c:" + core[:40],
        "s:" + it.bones[:12],
        "f:" + core[:8],
        "m:" + core[3:11],
        "l:" + core[-8:],
    ]
    telling = sorted([word[:6] for word in it.words if word not in GENERIC_WORDS and len(word) > 2])
    if len(telling) > 1:
        keys.append("o:" + telling[0] + " " + telling[-1])
    if place:
        keys.append("g:" + place[:4] + " " + core[:4])
    if it.postcode:
        keys.append("q:" + it.postcode + " " + core[:3])
    return keys


def _address_keys(it: Profile) -> list[str]:
    """The house (postcode and number), the road with its number, the second line."""
    number, street, building, postcode = it.number, it.street, it.building, it.postcode
    keys = []
    if number and postcode:
        keys.append("h:" + postcode + " " + number)
    if street:
        keys.append("a:" + street[:8] + " " + (number or street[8:20]))
        if building:
            first, second = (street, building) if street < building else (building, street)
            keys.append("d:" + first[:6] + " " + second[:6])
    if building:
        keys.append("a:" + building[:8] + " " + (number or building[8:20]))
    return keys
