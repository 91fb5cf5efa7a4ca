"""Possible duplicates among all customers of the book, found by block keys in SQL (product.md 33-34)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, literal, select, union_all

from models.customers import BlockKey, Contact, Customer, CustomerAddress
from models.values.states import CustomerKind
from services.customers.duplicates import BLOCK_LIMIT, LIKELY, Evidence, Party, block_keys, rank
from services.customers.filling import BILLING
from services.permissions import Action, Module, require, visible
from services.store import Work

MOST_CANDIDATES = 150
"""Compared are those that share most keys; a true duplicate shares several, or one that tells much."""

_TELLING = {"x", "e", "t"}
"""Kinds of keys that tell much: tax number, e-mail, telephone."""


@dataclass(frozen=True, slots=True)
class Match:
    """A customer that may be the one that is typed. `score` is 0 to 1; `certain` by the rules of one legal person."""

    customer_id: int
    code: str
    name: str
    score: float
    is_certain: bool
    is_visible: bool
    evidence: tuple[Evidence, ...]


def parties(
    customer: Mapping[str, Any], addresses: Iterable[Mapping[str, Any]], contacts: Iterable[Mapping[str, Any]]
) -> tuple[Party, ...]:
    """What is known of a customer, once by each of its names; arguments are rows by column name."""
    billing = next((address for address in addresses if address["kind"] == BILLING), None)
    people = list(contacts)
    phones = [customer["phone"], *(person[kind] for person in people for kind in ("phone", "mobile"))]
    emails = [customer["email"], *(person["email"] for person in people)]
    tax_ids = [customer["tax_id"] if customer["is_tax_id_verified"] else None, customer["pan"]]
    names = dict.fromkeys((customer["legal_name"], customer["display_name"]))
    return tuple(
        Party(
            name=name,
            kind=CustomerKind(customer["kind"]),
            street=billing["street"] if billing else "",
            building=billing["extra"] if billing else "",
            city=billing["city"] if billing else "",
            postcode=billing["pin"] if billing else "",
            state=customer["state"] or "",
            country=customer["country"],
            phones=_known(phones),
            emails=_known(emails),
            domain=customer["website"] or "",
            tax_ids=_known(tax_ids),
        )
        for name in names
    )


def _known(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def keys_of(known: Sequence[Party]) -> frozenset[str]:
    return frozenset().union(*(block_keys(party) for party in known))


def block_rows(
    customer_id: int,
    customer: Mapping[str, Any],
    addresses: Iterable[Mapping[str, Any]] = (),
    contacts: Iterable[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """The rows of `block_key` of one customer, for `work.insert_parts(BlockKey, ...)`, one customer or thousands."""
    keys = keys_of(parties(customer, addresses, contacts))
    return [{"customer_id": customer_id, "key": key} for key in sorted(keys)]


def keep_keys(work: Work, customer: Customer) -> None:
    """Bring the block keys of a customer up to date with its names, addresses and contacts."""
    require(work, Module.CUSTOMERS, Action.VIEW)
    work.session.flush()
    wanted = {row["key"] for row in block_rows(customer.id, *_rows_of(customer))}
    held = {row.key: row for row in work.session.scalars(select(BlockKey).where(BlockKey.customer_id == customer.id))}
    for key in held.keys() - wanted:
        work.session.delete(held[key])
    added = [{"customer_id": customer.id, "key": key} for key in sorted(wanted - held.keys())]
    if added:
        work.insert_parts(BlockKey, added)


def parties_of(customer: Customer) -> tuple[Party, ...]:
    return parties(*_rows_of(customer))


def _rows_of(customer: Customer) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    contacts = [vars(contact) for contact in customer.contacts if not contact.is_archived]
    return vars(customer), [vars(address) for address in customer.addresses], contacts


def possible_duplicates(
    work: Work,
    known: Sequence[Party],
    limit: int = 5,
    *,
    threshold: float = LIKELY,
    besides: int | None = None,
) -> list[Match]:
    """Customers that one of the parties may be, best first, those that the actor may see."""
    found = matches(work, known, threshold=threshold, besides=besides)
    return [match for match in found if match.is_visible][:limit]


def matches(
    work: Work,
    known: Sequence[Party],
    *,
    threshold: float,
    besides: int | None = None,
    keys: frozenset[str] | None = None,
) -> list[Match]:
    """As `possible_duplicates`, with those of others too: a customer must not be made twice behind a scope.

    `keys` are those of `known`, where the caller has made them already.
    """
    require(work, Module.CUSTOMERS, Action.VIEW)
    near = _candidates(work, keys_of(known) if keys is None else keys, besides)
    if not near:
        return []
    rows, others = _load(work, near)
    best: dict[int, Any] = {}
    for wanted in known:
        for variants in others:
            for match in rank(wanted, variants, limit=20, threshold=threshold):
                held = best.get(match.customer_id)
                if held is None or match.score.value > held.score.value:
                    best[match.customer_id] = match
    if not best:
        return []
    seen = _visible_ids(work, best)
    ordered = sorted(best.values(), key=lambda m: (not m.certain, -m.score.value, m.customer_id))
    return [
        Match(
            match.customer_id,
            rows[match.customer_id].code,
            rows[match.customer_id].display_name,
            match.score.value,
            match.certain,
            match.customer_id in seen,
            match.score.evidence,
        )
        for match in ordered
    ]


def _candidates(work: Work, keys: frozenset[str], besides: int | None) -> list[int]:
    """Who shares a key that is not shared by more than BLOCK_LIMIT customers."""
    if not keys:
        return []
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    asked = {f"key_{number}": key for number, key in enumerate(sorted(keys))}
    for key, customer_id in work.session.connection().execute(_blocks(len(asked)), asked):
        blocks[key].append(customer_id)
    shared: Counter[int] = Counter()
    for key, ids in blocks.items():
        if len(ids) <= BLOCK_LIMIT:
            weight = 5 if key.partition(":")[0] in _TELLING else 1
            shared.update(dict.fromkeys(ids, weight))
    shared.pop(besides or 0, None)
    return [customer_id for customer_id, _ in shared.most_common(MOST_CANDIDATES)]


@cache
def _blocks(count: int) -> CompoundSelect[*tuple[Any, ...]]:
    """The customers under each of `count` keys, read no further than to see that a block is too large."""
    parts = []
    for number in range(count):
        held = select(BlockKey.key, BlockKey.customer_id).where(BlockKey.key == bindparam(f"key_{number}"))
        few = held.limit(BLOCK_LIMIT + 1).subquery()
        parts.append(select(few.c.key, few.c.customer_id))
    return union_all(*parts)


def _load(work: Work, ids: Sequence[int]) -> tuple[dict[int, Any], list[dict[int, Party]]]:
    """Rows by id, and the parties: by first name, then by second name where there is one."""
    connection = work.session.connection()
    rows = {row.id: row for row in connection.execute(_CUSTOMERS, {"ids": ids})}
    people: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for person in connection.execute(_PEOPLE, {"ids": ids}):
        people[person.customer_id].append(person._asdict())
    first: dict[int, Party] = {}
    second: dict[int, Party] = {}
    for customer_id, row in rows.items():
        values = row._asdict()
        billing = [] if row.street is None else [{**values, "kind": BILLING}]
        known = parties(values, billing, people[customer_id])
        first[customer_id] = known[0]
        if len(known) > 1:
            second[customer_id] = known[1]
    return rows, [first, second] if second else [first]


def _visible_ids(work: Work, ids: Iterable[int]) -> set[int]:
    seen = visible(work, Module.CUSTOMERS, Customer.owner_id, Customer.branch_id)
    return set(work.session.scalars(select(Customer.id).where(Customer.id.in_(list(ids)), seen)))


_CUSTOMERS = (
    select(
        Customer.id,
        Customer.code,
        Customer.display_name,
        Customer.legal_name,
        Customer.kind,
        Customer.country,
        Customer.state,
        Customer.phone,
        Customer.email,
        Customer.website,
        Customer.tax_id,
        Customer.is_tax_id_verified,
        Customer.pan,
        CustomerAddress.street,
        CustomerAddress.extra,
        CustomerAddress.city,
        CustomerAddress.pin,
    )
    .outerjoin(
        CustomerAddress, (CustomerAddress.customer_id == Customer.id) & (CustomerAddress.kind == literal(BILLING))
    )
    .where(Customer.id.in_(bindparam("ids", expanding=True)))
)
_PEOPLE = select(Contact.customer_id, Contact.email, Contact.phone, Contact.mobile).where(
    Contact.customer_id.in_(bindparam("ids", expanding=True)), Contact.is_archived.is_(False)
)
