"""Customers of an import: each row becomes a new record, a part of one, or a change of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from models.customers import BlockKey, Contact, Customer, CustomerAddress
from services.codes import next_codes
from services.customers.commands import CODE_PREFIX
from services.customers.filling import Circumstances, Row
from services.exchange.changes import Edits, edits_of
from services.exchange.customer_changes import Key, NewCustomer, absorb, fill, follow, overwrite
from services.exchange.customer_rows import Drafted, drafted, issue_of, natural_id
from services.exchange.matching_records import Known, Matcher, highest_id, known, refresh_keys
from services.exchange.outcome import MOST_DUPLICATES, Counts, Duplicate, Outcome
from services.exchange.refs import RESERVED, Ref, Refs
from services.exchange.staging import StagedRow
from services.store import Work

CHUNK = 2_000
LOOK_UP = 500
ENTITY = "customers"


@dataclass(frozen=True, slots=True)
class _Change:
    """A row for a customer that is written already. `fills`: a duplicate, which only adds; else the file's news."""

    drafted: Drafted
    fills: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    row: tuple[str, int]
    record_id: int
    other_id: int
    score: float
    certain: bool


@dataclass(slots=True)
class CustomersStep:
    """Takes rows one by one; `finish` writes what is left. Rows wait in chunks, so memory does not grow with the file."""

    work: Work
    around: Circumstances
    refs: Refs
    outcome: Outcome
    matcher: Matcher = field(init=False)
    rows: list[tuple[StagedRow, bytes, Key]] = field(default_factory=list)
    new: dict[int, NewCustomer] = field(default_factory=dict)
    changes: dict[int, list[_Change]] = field(default_factory=dict)
    seen: dict[Key, tuple[str, int, str]] = field(default_factory=dict)
    """Where an id came in this run: file, row, folded name."""
    pairs: list[_Pair] = field(default_factory=list)
    origins: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Customers of this run -> the row that made them."""
    counters: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.matcher = Matcher(self.work, highest_id(self.work))
        self.refs.load()

    @property
    def counts(self) -> Counts:
        return self.outcome.counts(ENTITY)

    def take(self, row: StagedRow) -> None:
        content_hash = bytes.fromhex(row.fingerprint())
        key = self.refs.key(row, "" if row.external_id else natural_id(row), content_hash)
        ref = self.refs.known.get(key)
        if ref is not None and ref.content_hash == content_hash:
            self.counts.unchanged += 1
            return
        self.rows.append((row, content_hash, key))
        if ref is None:
            # reserved, so that the next row with this natural id is told apart; the record follows with its chunk
            self.refs.known[key] = Ref(RESERVED, content_hash)
        if len(self.rows) >= CHUNK:
            self.flush()

    def finish(self) -> None:
        self.flush()
        self._name_pairs()

    # One chunk

    def flush(self) -> None:
        """Draft, match and write the rows that wait."""
        if not self.rows:
            return
        waiting, self.rows = self.rows, []
        ready = []
        for row, content_hash, key in waiting:
            one = drafted(row, self.around)
            self.outcome.tell(*(issue for issue in one.issues if not issue.is_rejection))
            wrong = [issue for issue in one.issues if issue.is_rejection]
            if wrong:
                self.outcome.reject(row, *wrong)
                if self.refs.known[key].record_id == RESERVED:
                    del self.refs.known[key]
                continue
            ready.append((one, content_hash, key))
        fresh = [(one, known(one.filled)) for one, _, key in ready if self.refs.known[key].record_id == RESERVED]
        self.matcher.look_up(comparable for _, comparable in fresh)
        comparables = {id(one): comparable for one, comparable in fresh}
        ids = iter(self.work.next_ids(Customer, len(fresh)))
        for one, content_hash, key in ready:
            ref = self.refs.known[key]
            if ref.record_id == RESERVED:
                self._settle_new(one, comparables[id(one)], key, content_hash, ids)
            elif ref.content_hash == content_hash:
                self.counts.unchanged += 1
            else:
                self._settle_changed(one, key, content_hash, ref.record_id)
        self._write_new()
        self._write_changes()
        self.refs.write()

    def _settle_new(self, one: Drafted, comparable: Known, key: Key, content_hash: bytes, ids: Any) -> None:
        likenesses = self.matcher.likenesses(comparable)
        row = one.source
        self.seen[key] = (row.file, row.row, one.filled.customer["name_folded"])
        if likenesses and likenesses[0].is_certain:
            best = likenesses[0]
            self.refs.add(key, best.record_id, content_hash)
            self.matcher.add(best.record_id, comparable)
            self._note(_Pair((row.file, row.row), best.record_id, best.record_id, best.score, certain=True))
            there = self.new.get(best.record_id)
            if there is None:
                self.changes.setdefault(best.record_id, []).append(_Change(one, fills=True))
            else:
                there.keys.append(key)
                there.comparable.append(comparable)
                self._count_change(absorb(there, one))
            return
        record_id = next(ids)
        self.new[record_id] = NewCustomer(record_id, one, set(one.stated), [key], [comparable])
        self.refs.add(key, record_id, content_hash)
        self.matcher.add(record_id, comparable)
        self.origins[record_id] = (row.file, row.row)
        self.counts.created += 1
        if likenesses:
            self.counts.review += 1
            for other in likenesses[:5]:
                self._note(_Pair((row.file, row.row), record_id, other.record_id, other.score, certain=False))

    def _note(self, pair: _Pair) -> None:
        if len(self.pairs) < MOST_DUPLICATES:
            self.pairs.append(pair)

    def _settle_changed(self, one: Drafted, key: Key, content_hash: bytes, record_id: int) -> None:
        """Another content under a known id: news of the record, or, twice in one file for two names, a mistake."""
        row = one.source
        before = self.seen.get(key)
        name = one.filled.customer["name_folded"]
        if before is not None and row.external_id and before[0] == row.file and before[2] != name:
            self._reject_clash(one, key, before, record_id)
            return
        self.seen[key] = (row.file, row.row, name)
        there = self.new.get(record_id)
        self.refs.renew(key, content_hash)
        if there is not None:
            there.comparable.append(known(one.filled))
            self._count_change(overwrite(there, one))
            return
        self.changes.setdefault(record_id, []).append(_Change(one, fills=False))

    def _reject_clash(self, one: Drafted, key: Key, before: tuple[str, int, str], record_id: int) -> None:
        """E_DUPLICATE_ID: both rows are rejected while the first is still unwritten and stands alone."""
        row = one.source
        where = f"The id {row.external_id} is used by row {before[1]} too, for another record."
        remedy = "Give each record its own id."
        self.outcome.reject(row, issue_of(row, "external_id", "E_DUPLICATE_ID", row.external_id or "", where, remedy))
        there = self.new.get(record_id)
        if there is None or len(there.keys) > 1:
            return
        first = there.drafted.source
        del self.new[record_id]
        self.matcher.held.pop(record_id, None)
        self.origins.pop(record_id, None)
        self.refs.forget(key)
        self.counts.created -= 1
        where = f"The id {row.external_id} is used by row {row.row} too, for another record."
        self.outcome.reject(
            first, issue_of(first, "external_id", "E_DUPLICATE_ID", row.external_id or "", where, remedy)
        )

    def _count_change(self, is_change: bool) -> None:
        if is_change:
            self.counts.updated += 1
        else:
            self.counts.unchanged += 1

    # Writing

    def _write_new(self) -> None:
        if not self.new:
            return
        new, self.new = list(self.new.values()), {}
        self._give_codes(new)
        work, now = self.work, self.work.now
        work.insert_many(
            Customer,
            [
                {
                    **one.drafted.filled.customer,
                    "id": one.id,
                    "code": one.code,
                    "version": 1,
                    "created_at": now,
                    "merged_into_id": None,
                }
                for one in new
            ],
        )
        addresses = [{**row, "customer_id": one.id} for one in new for row in one.drafted.filled.addresses]
        contacts = [_contact_of(one, row, work) for one in new for row in one.drafted.filled.contacts]
        for table, rows in ((CustomerAddress, addresses), (Contact, contacts)):
            if not rows:
                continue
            for row_id, row in zip(work.next_ids(table, len(rows)), rows, strict=True):
                row["id"] = row_id
            work.insert_many(table, rows)
        keys = [
            (key, one.id)
            for one in new
            for key in (one.comparable[0].keys if len(one.comparable) == 1 else known(one.drafted.filled).keys)
        ]
        keys.sort()  # by key, so that the index is walked once from end to end
        if keys:
            work.insert_parts(BlockKey, [{"customer_id": record_id, "key": key} for key, record_id in keys])

    def _give_codes(self, new: Sequence[NewCustomer]) -> None:
        """The file's own codes where they are free, else the next ones of the book."""
        written = {one.id: code for one in new if (code := _code_of(one.drafted.source))}
        taken = self._taken(set(written.values()))
        waiting = []
        for one in new:
            wish = written.get(one.id)
            if wish and wish not in taken:
                taken.add(wish)
                one.code = wish
            else:
                waiting.append(one)
                if wish:
                    one.drafted.filled.customer["extra"] |= {"Code": wish}
        while waiting:
            codes = next_codes(self.work, CODE_PREFIX, len(waiting))
            taken |= self._taken(set(codes))
            free = [code for code in codes if code not in taken]
            for one, code in zip(waiting, free, strict=False):
                one.code = code
            waiting = waiting[len(free) :]

    def _taken(self, codes: set[str]) -> set[str]:
        found: set[str] = set()
        wanted = sorted(codes)
        for start in range(0, len(wanted), LOOK_UP):
            found |= set(
                self.work.session.scalars(
                    select(Customer.code).where(Customer.code.in_(wanted[start : start + LOOK_UP]))
                )
            )
        return found

    def _write_changes(self) -> None:
        changes, self.changes = self.changes, {}
        ids = sorted(changes)
        for start in range(0, len(ids), LOOK_UP):
            self.work.breathe()
            self._change_some(ids[start : start + LOOK_UP], changes)

    def _change_some(self, ids: Sequence[int], changes: Mapping[int, list[_Change]]) -> None:
        work = self.work
        query = (
            select(Customer)
            .where(Customer.id.in_(ids))
            .options(selectinload(Customer.addresses), selectinload(Customer.contacts))
            .execution_options(populate_existing=True)
        )
        customers = {customer.id: customer for customer in work.session.scalars(query)}
        edits = Edits()
        follows = [one for one in ids if any(not change.fills for change in changes[one])]
        if follows:
            edits_of(work, Customer, follows, edits)
            parts = [customers[one] for one in follows if one in customers]
            edits_of(work, CustomerAddress, [a.id for customer in parts for a in customer.addresses], edits)
            edits_of(work, Contact, [c.id for customer in parts for c in customer.contacts], edits)
        for record_id in ids:
            customer = customers[record_id]
            for change in changes[record_id]:
                if change.fills:
                    self._count_change(fill(work, customer, change.drafted))
                else:
                    is_changed, kept = follow(work, customer, change.drafted, edits)
                    self._count_change(is_changed)
                    self._tell_kept(change.drafted.source, customer, kept)
        work.session.flush()
        refresh_keys(work, ids)
        for record_id in ids:
            work.session.expunge(customers[record_id])

    def _tell_kept(self, row: StagedRow, customer: Customer, kept: Sequence[str]) -> None:
        for name in kept:
            self.outcome.tell(
                issue_of(
                    row,
                    name,
                    "W_EDITED_HERE",
                    "",
                    f"{customer.code} {customer.display_name}: {name.replace('_', ' ')} was changed here since the "
                    "last import and is left as it is.",
                    "Change it by hand if the file is right.",
                )
            )

    def _name_pairs(self) -> None:
        """Pairs with the names and codes of their records, for the answer."""
        ids = sorted({one for pair in self.pairs for one in (pair.record_id, pair.other_id)})
        names: dict[int, tuple[str, int, str, str]] = {}
        for start in range(0, len(ids), LOOK_UP):
            query = select(Customer.id, Customer.code, Customer.display_name).where(
                Customer.id.in_(ids[start : start + LOOK_UP])
            )
            for record_id, code, name in self.work.session.execute(query):
                names[record_id] = ("customer", record_id, code, name)
        for pair in self.pairs:
            records = dict.fromkeys((pair.record_id, pair.other_id))
            if not all(one in names for one in records):
                continue
            rows = [pair.row]
            other = self.origins.get(pair.other_id)
            if other is not None and other != pair.row:
                rows.insert(0, other)
            self.outcome.resembles(
                Duplicate(pair.certain, tuple(rows), tuple(names[one] for one in records), pair.score)
            )


def _code_of(row: StagedRow) -> str:
    code = row.values.get("code")
    return code.strip() if isinstance(code, str) and 0 < len(code.strip()) <= 40 and code[0] != "#" else ""


def _contact_of(one: NewCustomer, row: Row, work: Work) -> Row:
    return {
        **row,
        "customer_id": one.id,
        "version": 1,
        "owner_id": one.drafted.filled.customer["owner_id"],
        "created_at": work.now,
        "is_archived": False,
    }
