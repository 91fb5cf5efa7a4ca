"""Contacts of an import: each belongs to a customer that the files or the book hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from models.customers import Contact, Customer
from models.values.text import folded
from services.customers.drafts import ContactDraft, is_email
from services.customers.filling import contact_row
from services.exchange.changes import (
    CONTACT_FIELDS,
    Edits,
    edits_of,
    followed,
    gaps_of,
    matching_contact,
)
from services.exchange.customer_rows import issue_of, text
from services.exchange.matching_records import refresh_keys
from services.exchange.outcome import Counts, Outcome
from services.exchange.refs import RESERVED, Ref, Refs
from services.exchange.staging import StagedRow
from services.store import Work

CHUNK = 2_000
LOOK_UP = 500
ENTITY = "contacts"
Key = tuple[str, str]
Row = dict[str, Any]


@dataclass(slots=True)
class _People:
    """Who is at the customers of a chunk: rows of the book and of this chunk alike."""

    of: defaultdict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    owners: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class ContactsStep:
    work: Work
    refs: Refs
    customers: Refs
    outcome: Outcome
    rows: list[tuple[StagedRow, bytes, Key]] = field(default_factory=list)
    seen: dict[Key, tuple[str, int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.refs.load()

    @property
    def counts(self) -> Counts:
        return self.outcome.counts(ENTITY)

    def take(self, row: StagedRow) -> None:
        content_hash = bytes.fromhex(row.fingerprint())
        key = self.refs.key(row, _natural_id(row), content_hash)
        ref = self.refs.known.get(key)
        if ref is not None and ref.content_hash == content_hash:
            self.counts.unchanged += 1
            return
        self.rows.append((row, content_hash, key))
        if ref is None:
            self.refs.known[key] = Ref(RESERVED, content_hash)
        if len(self.rows) >= CHUNK:
            self.flush()

    def finish(self) -> None:
        self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        waiting, self.rows = self.rows, []
        owners = _Customers(self.work, self.customers, self.refs.systems)
        owners.look_up([row for row, _, _ in waiting])
        ready = []
        for row, content_hash, key in waiting:
            customer_id = owners.of(row, self.outcome)
            if customer_id is None:
                if self.refs.known[key].record_id == RESERVED:
                    del self.refs.known[key]
                continue
            ready.append((row, content_hash, key, customer_id))
        people = self._people(sorted({customer_id for *_, customer_id in ready}))
        new: list[Row] = []
        news: list[tuple[int, Row, StagedRow, bool]] = []
        ids = iter(self.work.next_ids(Contact, len(ready)))
        touched: set[int] = set()
        for row, content_hash, key, customer_id in ready:
            values = self._values(row)
            ref = self.refs.known[key]
            if ref.record_id != RESERVED:
                if self._is_clash(row, key, values):
                    continue
                self.refs.renew(key, content_hash)
                news.append((ref.record_id, values, row, False))
                continue
            self.seen[key] = (row.file, row.row, values["name_folded"])
            person = matching_contact(people.of[customer_id], values)
            if person is not None:
                self.refs.add(key, person["id"], content_hash)
                news.append((person["id"], values, row, True))
                continue
            made = self._made(next(ids), customer_id, values, people)
            people.of[customer_id].append(made)
            new.append(made)
            touched.add(customer_id)
            self.refs.add(key, made["id"], content_hash)
            self.counts.created += 1
        if new:
            self.work.insert_many(Contact, new)
        touched |= self._change(news)
        refresh_keys(self.work, sorted(touched))
        self.refs.write()

    def _values(self, row: StagedRow) -> Row:
        values = row.values
        email = text(values, "email")
        notes = text(values, "notes")
        if email and not is_email(email):
            message = f"{email[:60]!r} is no e-mail address."
            self.outcome.tell(issue_of(row, "email", "W_EMAIL", email, message, "It is kept in the notes."))
            notes, email = f"{notes}\nE-mail: {email}".strip(), ""
        if department := text(values, "department"):
            notes = f"{notes}\nDepartment: {department}".strip()
        for header, value in row.extra.items():
            notes = f"{notes}\n{header}: {value}".strip()
        draft = ContactDraft(
            salutation=text(values, "salutation")[:40],
            first_name=text(values, "first_name")[:300],
            last_name=text(values, "last_name")[:300],
            email=email,
            phone=text(values, "phone")[:300],
            mobile=text(values, "mobile")[:300],
            designation=text(values, "designation")[:300],
            is_primary=values.get("is_primary") is True,
            notes=notes,
        )
        return contact_row(draft)

    def _made(self, row_id: int, customer_id: int, values: Row, people: _People) -> Row:
        """A customer has one primary contact: the first, unless it has one and the file names another."""
        has_primary = any(person["is_primary"] for person in people.of[customer_id])
        return {
            **values,
            "id": row_id,
            "customer_id": customer_id,
            "is_primary": not has_primary,
            "version": 1,
            "owner_id": people.owners[customer_id],
            "created_at": self.work.now,
            "is_archived": False,
        }

    def _is_clash(self, row: StagedRow, key: Key, values: Row) -> bool:
        before = self.seen.get(key)
        self.seen[key] = (row.file, row.row, values["name_folded"])
        if before is None or not row.external_id or before[0] != row.file or before[2] == values["name_folded"]:
            return False
        message = f"The id {row.external_id} is used by row {before[1]} too, for another person."
        self.outcome.reject(
            row,
            issue_of(row, "external_id", "E_DUPLICATE_ID", row.external_id, message, "Give each person their own id."),
        )
        return True

    def _people(self, customer_ids: Sequence[int]) -> _People:
        people = _People()
        columns = [getattr(Contact, name) for name in ("id", "customer_id", "name_folded", "is_primary")]
        columns += [getattr(Contact, name) for name in CONTACT_FIELDS]
        for start in range(0, len(customer_ids), LOOK_UP):
            block = customer_ids[start : start + LOOK_UP]
            for row in self.work.session.execute(select(*columns).where(Contact.customer_id.in_(block))):
                people.of[row.customer_id].append(row._asdict())
            query = select(Customer.id, Customer.owner_id).where(Customer.id.in_(block))
            people.owners |= {row.id: row.owner_id for row in self.work.session.execute(query)}
        return people

    def _change(self, news: Sequence[tuple[int, Row, StagedRow, bool]]) -> set[int]:
        """Write what rows say of people who are there; answers their customers."""
        touched: set[int] = set()
        if not news:
            return touched
        ids = sorted({record_id for record_id, *_ in news})
        edits = edits_of(self.work, Contact, sorted({one for one, _, _, fills in news if not fills}), Edits())
        held: dict[int, Contact] = {}
        for start in range(0, len(ids), LOOK_UP):
            query = select(Contact).where(Contact.id.in_(ids[start : start + LOOK_UP]))
            held |= {contact.id: contact for contact in self.work.session.scalars(query)}
        for record_id, values, row, fills in news:
            contact = held[record_id]
            now = vars(contact)
            kept: list[str] = []
            if fills:
                changes = gaps_of(now, values, CONTACT_FIELDS)
            else:
                stated = {name: values[name] for name in CONTACT_FIELDS if values[name]}
                changes, kept = followed(now, stated, *edits.of(contact))
            for name, value in changes.items():
                setattr(contact, name, value)
            if "first_name" in changes or "last_name" in changes:
                contact.name_folded = folded(f"{contact.first_name} {contact.last_name}".strip())[:300]
            if changes:
                self.counts.updated += 1
                touched.add(contact.customer_id)
            else:
                self.counts.unchanged += 1
            for name in kept:
                self.outcome.tell(
                    issue_of(
                        row,
                        name,
                        "W_EDITED_HERE",
                        "",
                        f"{contact.first_name} {contact.last_name}: {name.replace('_', ' ')} was changed here since the "
                        "last import and is left as it is.",
                        "Change it by hand if the file is right.",
                    )
                )
        self.work.session.flush()
        return touched


@dataclass(slots=True)
class _Customers:
    """Finds the customer of a contact: by the other system's id, else by its exact name."""

    work: Work
    refs: Refs
    systems: dict[tuple[str, str], str]
    named: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def look_up(self, rows: Iterable[StagedRow]) -> None:
        names = sorted({folded(name)[:300] for row in rows if (name := text(row.values, "customer_name"))})
        for start in range(0, len(names), LOOK_UP):
            block = names[start : start + LOOK_UP]
            for column in (Customer.name_folded, func.lower(Customer.legal_name)):
                query = select(Customer.id, column.label("name")).where(column.in_(block))
                for row in self.work.session.execute(query):
                    self.named[row.name].add(row.id)

    def of(self, row: StagedRow, outcome: Outcome) -> int | None:
        """The customer's id; without one the row is rejected, and a stale id that a name mends is told."""
        external_id, name = text(row.values, "customer_id"), text(row.values, "customer_name")
        if external_id:
            ref = self.refs.known.get((self.systems[row.file, row.sheet], external_id))
            if ref is not None:
                return ref.record_id
        found = self.named.get(folded(name)[:300], set()) if name else set()
        if len(found) == 1:
            if external_id:
                message = f"The customer's id {external_id} is not known; the customer was found by its name."
                outcome.tell(issue_of(row, "customer_id", "W_STALE_ID", external_id, message))
            return next(iter(found))
        shown = name or external_id
        if found:
            message, remedy = f"{len(found)} customers are called {name!r}.", "Give the customer's id in the file."
        else:
            message = f"There is no customer {shown!r} in these files or in the book."
            remedy = "Import the customer first, or correct the name."
        column = "customer_name" if name else "customer_id"
        outcome.reject(row, issue_of(row, column, "E_UNKNOWN_VALUE", shown, message, remedy))
        return None


def _natural_id(row: StagedRow) -> str:
    names = ("customer_id", "customer_name", "first_name", "last_name", "email")
    return "|".join(folded(text(row.values, name)) for name in names)[:450]
