"""The one place that opens transactions, keeps history and says what changed."""

from __future__ import annotations

import datetime as dt
import logging
import random
import threading
import uuid
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete, event, func, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState, Session, UOWTransaction
from sqlalchemy.orm.exc import StaleDataError

from models.base import Entity
from models.guards import MARK
from models.history import CommandRun, Event, Outbox
from models.organisation import Book
from models.values.topics import Topic
from services import history
from services.bulk import insert_rows
from services.errors import BookError, Conflict, UserError
from services.gate import Gate
from services.permissions import Actor, load_actor
from services.references import TABLES, References

log = logging.getLogger(__name__)
T = TypeVar("T")
E = TypeVar("E", bound=Entity)
Changes = frozenset[Topic]
Clock = Callable[[], dt.datetime]

ATTEMPTS = 6
PAUSE_S = 0.02
RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03"}
BULK_ROWS = 5_000
DELETE_ROWS = 500
ESCAPES = "a bulk write would escape the field history"
_STAMP = select(Book.reference_stamp)


class Deriver(Protocol):
    """Keeps something that is made from records, such as the search index, inside the unit of work."""

    def __call__(self, work: Work, changed: Mapping[type[Entity], set[int]]) -> None: ...


@dataclass
class Work:
    """One unit of work: the session, who acts, what time it is. Commands get it and never commit."""

    session: Session
    actor_id: int
    now: dt.datetime
    zone: ZoneInfo
    batch: str | None = None
    topics: set[Topic] = field(default_factory=set)
    pending: history.Pending = field(default_factory=history.Pending)
    touched: dict[type[Entity], set[int]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    breathe: Callable[[], None] = lambda: None
    """Called now and then in long steps; a task that can be stopped puts something here that raises Cancelled."""
    references: References = field(default_factory=References)

    @property
    def today(self) -> dt.date:
        """The business day in the company's time zone."""
        return self.now.astimezone(self.zone).date()

    @property
    def actor(self) -> Actor:
        return self.known(("actor", self.actor_id), lambda: load_actor(self.session, self.actor_id))

    def known(self, key: Hashable, load: Callable[[], T]) -> T:
        """A value made from reference data (services/references.py), kept while nobody changes any of it.

        `load` must answer something that is never changed afterwards and needs no session.
        """
        if self.changes_references:
            return load()
        return self.references.get(self._reference_stamp, key, load)

    def known_row(self, table: type[E], row_id: int) -> E:
        """A row of reference data, to read only: it belongs to no session, and a change of it is never saved."""

        def load() -> E:
            row = self.session.get_one(table, row_id)
            if not self.changes_references:
                self.session.expunge(row)
            return row

        return self.known((table, row_id), load)

    @property
    def changes_references(self) -> bool:
        """Whether this unit of work changes reference data itself, saved or still in memory: then nothing kept counts."""
        session = self.session
        if not TABLES.isdisjoint(self.touched):
            return True
        return any(type(entity) in TABLES for entity in (*session.new, *session.dirty, *session.deleted))

    @cached_property
    def _reference_stamp(self) -> int:
        return self.session.connection().execute(_STAMP).scalar() or 0

    def hold(self, entity: E) -> E:
        """Keep a record in memory until this unit of work ends, so that it is read once."""
        self.session.info.setdefault("held", []).append(entity)
        return entity

    def record(self, kind: str, subject: Entity, **details: Any) -> None:
        """Write the event in the same transaction as the change that it tells of."""
        if not inspect(subject).has_identity:
            self.session.flush()
        self.events.append(
            {
                "at": self.now,
                "actor_id": self.actor_id,
                "kind": kind,
                "subject_kind": subject.__tablename__,
                "subject_id": subject.id,
                "details": details,
            }
        )
        self.topics.add(Event.topic)

    def after_commit(self, kind: str, **payload: Any) -> None:
        """Ask for a slow effect; whoever runs the outbox carries it out once this transaction is kept."""
        self.session.add(Outbox(at=self.now, kind=kind, payload=payload, done_at=None, last_error=None))

    def insert(self, table: type[Entity], **values: Any) -> int:
        """Insert one row of an append-only table around the ORM, with history; answers its id."""
        result = self.session.connection().execute(insert(table), values)
        row_id = int(result.inserted_primary_key[0])  # type: ignore[index]
        if table.is_tracked:
            self.pending.created(table.__tablename__, row_id, _kept(table, values))
        self.topics.add(table.topic)
        self.touched.setdefault(table, set()).add(row_id)
        return row_id

    def insert_parts(self, table: type[Entity], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that an untracked table keeps for a tracked one, whose digest covers them."""
        if table.is_tracked:
            raise TypeError(f"{table.__tablename__} keeps history; use insert or insert_many")
        insert_rows(self.session.connection(), table, rows)
        self.topics.add(table.topic)

    def is_new(self, subject: Entity) -> bool:
        """Whether this unit of work made the row, so that nobody else can know it yet."""
        return self.is_new_row(subject.__tablename__, subject.id)

    def is_new_row(self, table: str, row_id: int) -> bool:
        return self.pending.is_new(table, row_id)

    def insert_many(self, table: type[E], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert by thousands with history and search, around the ORM. Every row brings its `id` (see `next_ids`)."""
        self.session.flush()
        connection = self.session.connection()
        for start in range(0, len(rows), BULK_ROWS):
            insert_rows(connection, table, rows[start : start + BULK_ROWS])
        ids = [row["id"] for row in rows]
        if table.is_tracked:
            kept = {name: [row.get(name) for row in rows] for name in history.tracked_fields(table)}
            self.pending.created_many(table.__tablename__, ids, kept)
        self.topics.add(table.topic)
        self.touched.setdefault(table, set()).update(ids)

    def delete_many(self, table: type[Entity], ids: Sequence[int]) -> None:
        """Delete by thousands with history and search, around the ORM; parts that other tables keep go first."""
        self.session.flush()
        connection = self.session.connection()
        fields = history.tracked_fields(table)
        columns = [getattr(table, name) for name in fields]
        for start in range(0, len(ids), DELETE_ROWS):
            self.breathe()
            block = ids[start : start + DELETE_ROWS]
            if table.is_tracked:
                rows = connection.execute(
                    select(table.id, *columns).where(table.id.in_(block)).order_by(table.id)
                ).all()
                if rows:
                    held, *values = zip(*rows, strict=True)
                    self.pending.deleted_many(table.__tablename__, held, dict(zip(fields, values, strict=True)))
            connection.execute(delete(table).where(table.id.in_(block)))
        self.topics.add(table.topic)
        self.touched.setdefault(table, set()).update(ids)

    def delete_parts(self, table: type[Entity], owner: InstrumentedAttribute[int], owner_ids: Sequence[int]) -> None:
        """Delete the rows that an untracked table keeps for these owners; see insert_parts."""
        if table.is_tracked:
            raise TypeError(f"{table.__tablename__} keeps history; use delete_many")
        for start in range(0, len(owner_ids), DELETE_ROWS):
            block = owner_ids[start : start + DELETE_ROWS]
            self.session.connection().execute(delete(table).where(owner.in_(block)))
        self.topics.add(table.topic)

    def next_ids(self, table: type[Entity], count: int) -> Sequence[int]:
        """Ids that no row of `table` has: the next ones on SQLite, taken from the sequence on PostgreSQL."""
        self.session.flush()
        if self.session.get_bind().dialect.name == "sqlite":
            first = (self.session.scalar(select(func.max(table.id))) or 0) + 1
            return range(first, first + count)
        name = f"{table.__tablename__}_id_seq"
        return self.session.scalars(select(func.nextval(name)).select_from(func.generate_series(1, count))).all()


class Store:
    """Gives out units of work and tells listeners, after commit, which topics moved."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock,
        actor_id: int,
        zone: ZoneInfo,
        gate: Gate | None = None,
        derivers: Sequence[Deriver] = (),
        path: Path | None = None,
    ) -> None:
        self.engine = engine
        self.path = path
        self._writer = engine.execution_options(begin="IMMEDIATE")
        self._clock = clock
        self._actor_id = actor_id
        self._zone = zone
        self._gate = gate or Gate(None)
        self._derivers = tuple(derivers)
        self._listeners: list[Callable[[Changes], None]] = []
        self._references = References()
        self._closing = threading.Lock()
        self.mended: tuple[str, ...] = ()
        """Guards that were missing when the book was opened and were made again."""

    def acting_as(self, actor_id: int) -> Store:
        """The same book for another person; both tell the same listeners."""
        other = Store(
            self.engine,
            clock=self._clock,
            actor_id=actor_id,
            zone=self._zone,
            gate=self._gate,
            derivers=self._derivers,
            path=self.path,
        )
        other._listeners = self._listeners
        other._references = self._references
        return other

    def on_change(self, listener: Callable[[Changes], None]) -> None:
        self._listeners.append(listener)

    def close(self) -> None:
        with self._closing:
            self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        with _plain_errors(), BookSession(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield self._work(session)

    @contextmanager
    def writing(self, *, batch: str | None = None) -> Iterator[Work]:
        """One transaction: kept as a whole when the block ends, gone when it raises."""
        with _plain_errors(), self._gate.passing(), BookSession(self._writer, expire_on_commit=False) as session:
            work = self._work(session, batch)
            with session.begin():
                session.connection()
                yield work
                self._finish(work)
        self._tell(frozenset(work.topics))

    @contextmanager
    def rehearsing(self, *, batch: str | None = None) -> Iterator[Work]:
        """Do it for real, then undo it: the dry run of any command."""
        with _plain_errors(), self._gate.passing(), BookSession(self._writer, expire_on_commit=False) as session:
            session.begin()
            work = self._work(session, batch)
            try:
                yield work
                self._finish(work)
            finally:
                session.rollback()

    def perform(self, name: str, command: Callable[[Work], T], *, command_id: str | None = None) -> T:
        """Carry out a command once, however often it is tried.

        Retried are only refusals that leave nothing behind (deadlock, lock time-out, busy). Where a commit's outcome is
        unknown the id tells: it stands in the book if and only if the command does. The result must be JSON.
        """
        key = command_id or uuid.uuid4().hex
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.writing() as work:
                    known = work.session.scalar(select(CommandRun).where(CommandRun.command_id == key))
                    if known is not None:
                        return known.result["value"]  # type: ignore[no-any-return]
                    result = command(work)
                    work.session.add(CommandRun(command_id=key, at=work.now, name=name, result={"value": result}))
                return result
            except (DBAPIError, Conflict) as error:
                cause = error if isinstance(error, DBAPIError) else error.__cause__
                if attempt == ATTEMPTS or not isinstance(cause, DBAPIError) or not _is_retryable(cause):
                    raise
                threading.Event().wait(PAUSE_S * attempt * (0.5 + random.random()))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _work(self, session: Session, batch: str | None = None) -> Work:
        work = Work(session, self._actor_id, self._clock(), self._zone, batch, references=self._references)
        session.info["work"] = work
        return work

    def _finish(self, work: Work) -> None:
        work.session.flush()
        for derive in self._derivers:
            derive(work, work.touched)
        if work.changes_references:
            stamp = Book.reference_stamp
            work.session.connection().execute(update(Book).values(reference_stamp=stamp + 1))
        if work.events:
            work.session.connection().execute(insert(Event), work.events)
        history.write(
            work.session.connection(),
            work.pending,
            at=work.now,
            actor_id=work.actor_id,
            batch=work.batch,
            breathe=work.breathe,
        )

    def _tell(self, changes: Changes) -> None:
        if not changes:
            return
        for listener in self._listeners:
            try:
                listener(changes)
            except Exception:
                log.exception("a listener failed after a commit; the commit stands")


class BookSession(Session):
    """A session whose flushes leave history; one for each unit of work. What would pass by it is refused."""

    def bulk_save_objects(self, *_arguments: Any, **_options: Any) -> None:
        raise AssertionError(ESCAPES)

    def bulk_insert_mappings(self, *_arguments: Any, **_options: Any) -> None:
        raise AssertionError(ESCAPES)

    def bulk_update_mappings(self, *_arguments: Any, **_options: Any) -> None:
        raise AssertionError(ESCAPES)


@event.listens_for(BookSession, "before_flush")
def _load_what_goes(session: Session, _context: object, _instances: object) -> None:
    """A row that is about to be deleted is read whole, so that the history keeps all of it."""
    for entity in session.deleted:
        missing = inspect(entity).unloaded & history.kept_of(entity)
        if missing:
            session.refresh(entity, missing)


@event.listens_for(BookSession, "after_flush")
def _gather(session: Session, context: UOWTransaction) -> None:
    """`context` knows the rows too that the ORM deletes by itself: parts that left the list of their record."""
    work: Work = session.info["work"]
    new = list(session.new)
    deleted = [state.obj() for state, (is_delete, is_listed) in context.states.items() if is_delete and not is_listed]
    gone = set(map(id, deleted))
    dirty = [e for e in session.dirty if id(e) not in gone and session.is_modified(e, include_collections=False)]
    history.gather(work.pending, new, dirty, deleted)
    for entity in (*new, *dirty, *deleted):
        if isinstance(entity, Entity):
            work.topics.add(entity.topic)
            work.touched.setdefault(type(entity), set()).add(entity.id)


def _kept(table: type[Entity], row: Mapping[str, Any]) -> dict[str, Any]:
    plain, as_it_is = history.plain, history.AS_IT_IS
    return {
        name: value if type(value) in as_it_is else plain(value)
        for name in history.tracked_fields(table)
        if (value := row.get(name)) is not None
    }


@event.listens_for(BookSession, "do_orm_execute")
def _refuse_unseen_writes(state: ORMExecuteState) -> None:
    """Bulk writes pass by the field history; only its own writers may use the connection below."""
    if state.is_insert or state.is_update or state.is_delete:
        raise AssertionError(ESCAPES)


def _is_retryable(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in RETRYABLE_SQLSTATES:
        return True
    text = str(error.orig)
    if "command_run" in text and isinstance(error, IntegrityError):
        return True  # the same command was carried out beside us; the next look finds its result
    return "database is locked" in text or "database table is locked" in text


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors of the database in sentences, where the person can act on them."""
    try:
        yield
    except StaleDataError:
        raise Conflict("Somebody else changed this record since you opened it. Open it again and repeat.") from None
    except DBAPIError as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        raise sentence from error
    except StatementError as error:
        if isinstance(error.orig, UserError):  # a value that its column refused, such as a number with too many digits
            raise error.orig from None
        raise


def sentence_for(error: DBAPIError) -> UserError | None:
    text = str(error.orig)
    if error.connection_invalidated:
        return BookError("The connection to the database was lost. Check the network and the server, then try again.")
    if getattr(error.orig, "sqlstate", None) in RETRYABLE_SQLSTATES or "database is locked" in text:
        return Conflict("Somebody else is writing to the book right now, so nothing was changed. Try again.")
    if _is_retryable(error):
        return Conflict("Others are writing to this book just now, so nothing was saved. Try again.")
    if MARK in text:
        return Conflict(text.split(MARK, 1)[1].strip().splitlines()[0])
    if "readonly database" in text or "read-only" in text:
        return BookError("The book is read-only here, so nothing was changed. Check the file's permissions.")
    if "disk is full" in text:
        return BookError("The disk is full, so nothing was changed. Free some space and try again.")
    if "disk I/O error" in text:
        return BookError(
            "The disk reported an error, so nothing was changed. Check the disk; restore a backup if needed."
        )
    if "malformed" in text or "not a database" in text:
        return BookError("The book's file is damaged. Nothing was changed; restore the last verified backup.")
    return None
