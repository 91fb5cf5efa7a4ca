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
from services.customers.matching.reach import CONTACT_KINDS, Silhouette, in_reach, silhouette, unpacked
from services.customers.matching.scoring import is_certain, value_above
from services.store import Work

LOOK_UP = 500
"""Keys or ids in one statement."""
_PASSED_OVER = -1


@dataclass(frozen=True, slots=True)
class Known:
    """One row or record in comparable spelling: by each of its names, and the keys under which it is found."""

    profiles: tuple[Profile, ...]
    silhouettes: tuple[Silhouette, ...]
    """Of the profiles, in their order: what stays of them when they are gone."""
    keys: tuple[str, ...]


def known(filled: Filled) -> Known:
    return _known(filled.customer, filled.addresses, filled.contacts)


def _known(customer: Any, addresses: Iterable[Any], contacts: Iterable[Any]) -> Known:
    profiles = tuple(profile(party) for party in parties(customer, addresses, contacts))
    keys = keys_of(profiles[0]) if len(profiles) == 1 else (key for one in profiles for key in keys_of(one))
    return Known(profiles, tuple([silhouette(one) for one in profiles]), tuple(sorted(set(keys))))


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
    held: dict[int, tuple[Silhouette, ...]] = field(default_factory=dict)
    """Records of this run -> each spelling that is known of them."""
    blocks: dict[int, int | list[int]] = field(default_factory=dict)
    """Hash of a key -> the record, the records, or _PASSED_OVER where more than BLOCK_LIMIT share it."""
    of_book: dict[int, tuple[Silhouette, ...]] = field(default_factory=dict)
    near: dict[str, list[int] | None] = field(default_factory=dict)
    """Key -> customers of the book that have it, for the rows at hand; None where more than BLOCK_LIMIT do."""

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
            key: [one for one in ids if one <= self.book_has] if len(ids) <= BLOCK_LIMIT else None
            for key, ids in near.items()
        }
        self._load(sorted({one for ids in self.near.values() if ids for one in ids}))

    def _load(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), LOOK_UP):
            for customer_id, one in comparable(self.work, ids[start : start + LOOK_UP]).items():
                self.of_book[customer_id] = one.silhouettes

    def add(self, record_id: int, row: Known) -> None:
        """A record of this run, or one more spelling of it."""
        self.held[record_id] = (*self.held.get(record_id, ()), *row.silhouettes)
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
        by_name, by_contact, is_open = self._neighbours(row)
        if is_open:
            by_contact |= by_name
        by_name -= by_contact
        best: dict[int, tuple[bool, float]] = {}
        for mine, shape in zip(row.profiles, row.silhouettes, strict=True):
            others = [(one, it) for one in by_contact for it in self._spellings(one)]
            if by_name:
                beside = [(one, it) for one in by_name for it in self._spellings(one)]
                others += in_reach(shape, beside)
            for record_id, it in others:
                other = unpacked(it)
                score = value_above(mine, other, LIKELY)
                if score is not None:
                    certain, value = best.get(record_id, (False, 0.0))
                    # what is certain scores high, so only what scores at all is asked whether it is certain
                    best[record_id] = certain or is_certain(mine, other), max(value, score)
        found = [Likeness(record_id, value, certain) for record_id, (certain, value) in best.items()]
        found.sort(key=lambda one: (not one.is_certain, -one.score, one.record_id))
        return found

    def _neighbours(self, row: Known) -> tuple[set[int], set[int], bool]:
        """Records that share a key of the name or place, those that share a contact point, and whether others may too.

        They may where so many share a telephone that nobody is found by it.
        """
        by_name: set[int] = set()
        by_contact: set[int] = set()
        is_open = False
        blocks, of_book = self.blocks, self.near
        for key in row.keys:
            there = blocks.get(hash(key))
            theirs = of_book.get(key, ()) if of_book else ()
            if there is None and theirs == ():
                continue
            near = by_contact if key[0] in CONTACT_KINDS else by_name
            if isinstance(there, list):
                near.update(there)
            elif there is not None and there != _PASSED_OVER:
                near.add(there)
            if theirs:
                near.update(theirs)
            if (there == _PASSED_OVER or theirs is None) and near is by_contact:
                is_open = True
        return by_name, by_contact, is_open

    def _spellings(self, record_id: int) -> tuple[Silhouette, ...]:
        return self.held.get(record_id, ()) + self.of_book.get(record_id, ())


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
