"""What is known of a customer when two are compared, as typed (`Party`) and in one spelling (`Profile`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from models.values.states import CustomerKind
from services.customers.matching.firm_names import firm_name
from services.customers.matching.spelling import email_keys, letters, phone_keys, plain, skeleton, tax_keys, web_domain

if TYPE_CHECKING:
    from datetime import date

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Party:
    """One customer as typed. Every field may be empty; an empty field says nothing, for or against.

    A person has `given_name` and `surname`, or `name` with `kind` PERSON; a firm has `name` with its legal form.
    `street` is the road, `building` the second line (building, unit, estate); `house_number` may stand apart or not.
    """

    name: str = ""
    given_name: str = ""
    surname: str = ""
    kind: CustomerKind | None = None
    house_number: str = ""
    street: str = ""
    building: str = ""
    suburb: str = ""
    city: str = ""
    postcode: str = ""
    state: str = ""
    country: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    domain: str = ""
    tax_ids: tuple[str, ...] = ()
    birth_on: date | None = None


class Profile(NamedTuple):
    """A party in one spelling, made once and compared often. Texts have no spaces; sets hold every known value."""

    is_person: bool
    given: str
    surname: str
    words: tuple[str, ...]
    form: str
    key: str
    core: str
    bones: str
    number: str
    street: str
    building: str
    suburb: str
    city: str
    postcode: str
    state: str
    country: str
    phones: frozenset[str]
    emails: frozenset[str]
    domains: frozenset[str]
    tax_ids: frozenset[str]
    birth: str


def is_person(party: Party) -> bool:
    if party.kind is not None:
        return party.kind is CustomerKind.PERSON
    return bool(party.given_name or party.surname)


def _person_names(party: Party) -> tuple[str, str]:
    """Given name and surname; one name in one field is split before its last word."""
    if party.given_name or party.surname:
        return letters(party.given_name), letters(party.surname)
    given, _, surname = plain(party.name).rpartition(" ")
    return letters(given), letters(surname)


def profile(party: Party) -> Profile:
    person = is_person(party)
    if person:
        given, surname = _person_names(party)
        words: tuple[str, ...] = (given, surname)
        form, key = "", given + surname
        core = key
    else:
        given = surname = ""
        words, form, key, core = firm_name(party.name)
    emails = email_keys(party.emails) if party.emails else _NOTHING
    if party.domain or (emails and not person):
        found = {web_domain(value) for value in ((party.domain,) if person else (party.domain, *emails))}
        domains = frozenset(found - {""})
    else:
        domains = _NOTHING
    return Profile(
        person, given, surname, words, form, key, core, "" if person else skeleton(core),
        letters(party.house_number), letters(party.street), letters(party.building), letters(party.suburb),
        letters(party.city), letters(party.postcode), letters(party.state), letters(party.country),
        phone_keys(party.phones) if party.phones else _NOTHING,
        emails,
        domains,
        tax_keys(party.tax_ids) if party.tax_ids else _NOTHING,
        party.birth_on.isoformat() if party.birth_on else "",
    )  # fmt: skip
