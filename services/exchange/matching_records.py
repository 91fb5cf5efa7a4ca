"""Is this row a customer that we have? Rows of this run in memory, customers of the book by their block keys.

The rules are those of services/customers (migration/README.md, "Matching customers"): certain pairs become one record,
likely ones are imported apart for a person to look at, and a name alone never merges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from models.customers import BlockKey, Contact, Customer, CustomerAddress
from services.customers.duplicates import BLOCK_LIMIT, LIKELY
from services.customers.duplicates_search import parties
from services.customers.filling import BILLING, Filled
from services.customers.matching.blocks import keys_of
from services.customers.matching.party import Profile, profile
from services.customers.matching.scoring import is_certain, scored_above
from services.store import Work

LOOK_UP = 500
"""Keys or ids in one statement."""
_PASSED_OVER = -1


@dataclass(frozen=True, slots=True)
class Known:
    """One row or record in comparable spelling: by each of its names, and the keys under which it is found."""

    profiles: tuple[Profile, ...]
    keys: tuple[str, ...]


def known(filled: Filled) -> Known:
    return _known(filled.customer, filled.addresses, filled.contacts)


def _known(customer: Any, addresses: Iterable[Any], contacts: Iterable[Any]) -> Known:
    profiles = tuple(profile(party) for party in parties(customer, addresses, contacts))
    keys = keys_of(profiles[0]) if len(profiles) == 1 else (key for one in profiles for key in keys_of(one))
    return Known(profiles, tuple(sorted(set(keys))))


@dataclass(frozen=True, slots=True)
class Likeness:
    record_id: int
    score: float
    is_certain: bool


@dataclass(slots=True)
class Matcher:
    """Finds the record that a row is or may be. Give it each record with `add` as soon as the record has an id."""

    work: Work
    book_has: int
    """The highest id of a customer that the book had before this run; 0: none, and no look-up is needed."""
    held: dict[int, list[tuple[Profile, ...]]] = field(default_factory=dict)
    blocks: dict[int, int | list[int]] = field(default_factory=dict)
    """Hash of a key -> the record, the records, or _PASSED_OVER where more than BLOCK_LIMIT share it."""
    of_book: dict[int, tuple[Profile, ...]] = field(default_factory=dict)
    near: dict[str, list[int]] = field(default_factory=dict)
    """Key -> customers of the book that have it, for the rows at hand."""

    def look_up(self, rows: Iterable[Known]) -> None:
        """Find out which customers of the book share a key with these rows; the next `likenesses` are of them."""
        self.near = {}
        self.of_book = {}
        if not self.book_has:
            return
        wanted = sorted({key for row in rows for key in row.keys})
        near: defaultdict[str, list[int]] = defaultdict(list)
        for start in range(0, len(wanted), LOOK_UP):
            query = select(BlockKey.key, BlockKey.customer_id).where(BlockKey.key.in_(wanted[start : start + LOOK_UP]))
            for key, customer_id in self.work.session.execute(query):
                near[key].append(customer_id)
        self.near = {
            key: [one for one in ids if one <= self.book_has] for key, ids in near.items() if len(ids) <= BLOCK_LIMIT
        }
        self._load(sorted({one for ids in self.near.values() for one in ids}))

    def _load(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), LOOK_UP):
            for customer_id, one in comparable(self.work, ids[start : start + LOOK_UP]).items():
                self.of_book[customer_id] = one.profiles

    def add(self, record_id: int, row: Known) -> None:
        """A record of this run, or one more spelling of it."""
        self.held.setdefault(record_id, []).append(row.profiles)
        blocks = self.blocks
        for key in row.keys:
            mark = hash(key)
            there = blocks.get(mark)
            if there is None:
                blocks[mark] = record_id
            elif isinstance(there, list):
                if there[-1] != record_id:
                    there.append(record_id)
                    if len(there) > BLOCK_LIMIT:
                        blocks[mark] = _PASSED_OVER
            elif there not in (record_id, _PASSED_OVER):
                blocks[mark] = [there, record_id]

    def likenesses(self, row: Known) -> list[Likeness]:
        """The records that the row is or may be: certain ones first, then by score."""
        near: set[int] = set()
        blocks = self.blocks
        for key in row.keys:
            there = blocks.get(hash(key))
            if there is None or there == _PASSED_OVER:
                continue
            if isinstance(there, list):
                near.update(there)
            else:
                near.add(there)
        for key in row.keys:
            near.update(self.near.get(key, ()))
        found = []
        for record_id in near:
            likeness = self._compare(row, record_id)
            if likeness is not None:
                found.append(likeness)
        found.sort(key=lambda one: (not one.is_certain, -one.score, one.record_id))
        return found

    def _compare(self, row: Known, record_id: int) -> Likeness | None:
        """What is certain scores high, so only what scores at all is asked whether it is certain."""
        spellings = self.held.get(record_id, [])
        if record_id in self.of_book:
            spellings = [*spellings, self.of_book[record_id]]
        best, certain = 0.0, False
        for theirs in spellings:
            for other in theirs:
                for mine in row.profiles:
                    score = scored_above(mine, other, LIKELY)
                    if score is not None:
                        best = max(best, score.value)
                        certain = certain or is_certain(mine, other)
        return Likeness(record_id, best, certain) if best else None


def highest_id(work: Work) -> int:
    return work.session.scalar(select(func.max(Customer.id))) or 0


def comparable(work: Work, ids: Sequence[int]) -> dict[int, Known]:
    """Customers of the book as the search compares them, at most a few hundred at a time."""
    addresses: dict[int, dict[str, Any]] = {}
    of_billing = (CustomerAddress.kind == BILLING) & CustomerAddress.customer_id.in_(ids)
    columns = (CustomerAddress.street, CustomerAddress.extra, CustomerAddress.city, CustomerAddress.pin)
    for address in work.session.execute(select(CustomerAddress.customer_id, *columns).where(of_billing)):
        addresses[address.customer_id] = address._asdict() | {"kind": BILLING}
    people: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    query = select(Contact.customer_id, Contact.email, Contact.phone, Contact.mobile)
    for person in work.session.execute(query.where(Contact.customer_id.in_(ids), Contact.is_archived.is_(False))):
        people[person.customer_id].append(person._asdict())
    customers = select(
        Customer.id,
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
    ).where(Customer.id.in_(ids))
    return {
        row.id: _known(row._asdict(), [addresses[row.id]] if row.id in addresses else (), people[row.id])
        for row in work.session.execute(customers)
    }


def refresh_keys(work: Work, ids: Sequence[int]) -> None:
    """Bring the block keys of these customers up to date with what they say now."""
    work.session.flush()
    for start in range(0, len(ids), LOOK_UP):
        block = ids[start : start + LOOK_UP]
        wanted = {(one, key) for one, row in comparable(work, block).items() for key in row.keys}
        held = {
            (row.customer_id, row.key): row.id
            for row in work.session.execute(
                select(BlockKey.id, BlockKey.customer_id, BlockKey.key).where(BlockKey.customer_id.in_(block))
            )
        }
        gone = [row_id for pair, row_id in held.items() if pair not in wanted]
        if gone:
            work.delete_parts(BlockKey, BlockKey.id, gone)
        added = [{"customer_id": one, "key": key} for one, key in sorted(wanted - held.keys())]
        if added:
            work.insert_parts(BlockKey, added)
