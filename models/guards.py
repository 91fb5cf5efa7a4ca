"""What can never happen, whoever asks: triggers in the database, the same rules on SQLite and PostgreSQL.

Each message begins with "guard:" so that the store tells it from other errors. An upgrade takes the triggers away and
makes them again from here; opening a book mends one that is missing or altered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from models.base import Base
from models.billing import Document, Payment, PaymentAllocation

MARK = "guard:"

SETTLEMENT = {
    "state",
    "version",
    "owner_id",
    "paid_minor",
    "credited_minor",
    "written_off_minor",
    "balance_minor",
    "home_balance_minor",
    "sent_at",
    "accepted_at",
    "voided_at",
    "void_reason",
    "superseded_by_id",
    "pdf_sha256",
}
"""What may still change on a numbered document: how it is settled, never what it says."""

_PAYMENT_MAY_CHANGE = {
    "state",
    "version",
    "owner_id",
    "allocated_minor",
    "unallocated_minor",
    "home_unallocated_minor",
    "notes",
    "voided_at",
    "void_reason",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """`event` on `table` is refused where `when` (SQL over OLD and NEW) is true."""

    name: str
    table: str
    event: str
    when: str
    message: str


def _changed(table: type[Base], besides: Iterable[str]) -> str:
    columns = [column.name for column in table.__table__.columns if column.name not in set(besides)]
    return " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in columns)


def _append_only(table: str, what: str) -> tuple[Guard, ...]:
    return (
        Guard(f"{table}_no_update", table, "UPDATE", "1=1", f"{what} never changes."),
        Guard(f"{table}_no_delete", table, "DELETE", "1=1", f"{what} is never deleted."),
    )


def _line_guard(event: str, *rows: str) -> Guard:
    """`rows` are those of OLD and NEW whose document must not be issued yet."""
    parents = [f"(SELECT number FROM document WHERE id = {row}.document_id)" for row in rows]  # noqa: S608 - our own literals
    return Guard(
        f"document_line_no_{event.lower()}",
        "document_line",
        event,
        " OR ".join(f"{parent} IS NOT NULL" for parent in parents),
        "The lines of an issued document never change.",
    )


GUARDS: tuple[Guard, ...] = (
    *_append_only("history", "The audit trail"),
    *_append_only("history_value", "The audit trail"),
    *_append_only("event", "An event"),
    *_append_only("journal_entry", "A journal entry"),
    *_append_only("posting", "A posting"),
    *_append_only("frozen_view", "The frozen view of an issued document"),
    *_append_only("stored_file", "A stored file"),
    Guard(
        "document_frozen",
        "document",
        "UPDATE",
        f"OLD.number IS NOT NULL AND ({_changed(Document, SETTLEMENT)})",
        "An issued document never changes; correct it by a new one.",
    ),
    Guard(
        "document_pdf_once",
        "document",
        "UPDATE",
        "OLD.pdf_sha256 IS NOT NULL AND NEW.pdf_sha256 IS DISTINCT FROM OLD.pdf_sha256",
        "The PDF of an issued document is made once.",
    ),
    Guard("document_no_delete", "document", "DELETE", "OLD.number IS NOT NULL", "An issued document is never deleted."),
    _line_guard("INSERT", "NEW"),
    _line_guard("UPDATE", "OLD", "NEW"),
    _line_guard("DELETE", "OLD"),
    Guard(
        "payment_frozen",
        "payment",
        "UPDATE",
        _changed(Payment, _PAYMENT_MAY_CHANGE),
        "What a payment says never changes; void it and enter it again.",
    ),
    Guard("payment_no_delete", "payment", "DELETE", "1=1", "A payment is never deleted; void it."),
    Guard(
        "payment_allocation_frozen",
        "payment_allocation",
        "UPDATE",
        f"OLD.released_at IS NOT NULL OR ({_changed(PaymentAllocation, {'released_at'})})",
        "An allocation never changes; release it and make another.",
    ),
    Guard(
        "payment_allocation_no_delete", "payment_allocation", "DELETE", "1=1", "An allocation is released, not deleted."
    ),
    Guard(
        "number_series_forward",
        "number_series",
        "UPDATE",
        "NEW.next_no < OLD.next_no",
        "A number series never goes back.",
    ),
    Guard("number_series_no_delete", "number_series", "DELETE", "1=1", "A number series is never deleted."),
    Guard(
        "chain_head_forward", "chain_head", "UPDATE", "NEW.last_id <= OLD.last_id", "The audit trail never goes back."
    ),
    Guard("chain_head_no_delete", "chain_head", "DELETE", "1=1", "The audit trail is never cut."),
)


def _sqlite_trigger(guard: Guard) -> list[str]:
    message = (MARK + " " + guard.message).replace("'", "''")
    return [
        (
            f"CREATE TRIGGER guard_{guard.name} BEFORE {guard.event} ON {guard.table} "
            f"WHEN {guard.when} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
    ]


def _postgres_trigger(guard: Guard) -> list[str]:
    message = (MARK + " " + guard.message).replace("'", "''")
    result = "OLD" if guard.event == "DELETE" else "NEW"
    function = (
        f"CREATE OR REPLACE FUNCTION guard_{guard.name}() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN "
        f"IF {guard.when} THEN RAISE EXCEPTION '%', '{message}' USING ERRCODE = '23514'; END IF; "
        f"RETURN {result}; END $guard$"
    )
    trigger = (
        f"CREATE TRIGGER guard_{guard.name} BEFORE {guard.event} ON {guard.table} "
        f"FOR EACH ROW EXECUTE FUNCTION guard_{guard.name}()"
    )
    return [function, trigger]


SEARCH_OBJECTS: dict[str, tuple[str, ...]] = {
    "sqlite": (
        (
            "CREATE VIRTUAL TABLE search_fts USING fts5"
            "(words, content='search_entry', content_rowid='id', tokenize='trigram', detail='none')"
        ),
    ),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX ix_search_entry_trigrams ON search_entry USING gin (words gin_trgm_ops)",
    ),
}
"""What the search needs beyond its table; revision 0001 makes it."""

_SEARCH_TRIGGERS = (
    (
        "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN "
        "INSERT INTO search_fts(rowid, words) VALUES (NEW.id, NEW.words); END"
    ),
    (
        "CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN "
        "INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', OLD.id, OLD.words); END"
    ),
    (
        "CREATE TRIGGER search_entry_changed AFTER UPDATE OF words ON search_entry BEGIN "
        "INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', OLD.id, OLD.words); "
        "INSERT INTO search_fts(rowid, words) VALUES (NEW.id, NEW.words); END"
    ),
)


def drop_triggers(connection: Connection) -> None:
    """Take the guards away, inside an upgrade's transaction, before tables are rebuilt."""
    wanted = _wanted_triggers(connection.dialect.name)
    for name in _present_triggers(connection):
        if name in wanted:
            _drop(connection, name, wanted[name][0])


def repair_triggers(connection: Connection) -> list[str]:
    """Make each trigger of this program that is missing or altered; answers their names."""
    wanted = _wanted_triggers(connection.dialect.name)
    present = _present_triggers(connection)
    mended = []
    for name, (table, statements) in wanted.items():
        if present.get(name) == _wanted_fingerprint(statements):
            continue
        if name in present:
            _drop(connection, name, table)
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
        mended.append(name)
    return mended


def missing_triggers(connection: Connection) -> list[str]:
    """Names of triggers of this program that are missing or altered (invariant I32)."""
    present = _present_triggers(connection)
    wanted = _wanted_triggers(connection.dialect.name)
    return [name for name, (_, sql) in wanted.items() if present.get(name) != _wanted_fingerprint(sql)]


def foreign_triggers(connection: Connection) -> list[str]:
    """Triggers in the database that this program did not make: a planted one is named by the check."""
    return sorted(set(_present_triggers(connection)) - set(_wanted_triggers(connection.dialect.name)))


def _drop(connection: Connection, name: str, table: str) -> None:
    on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
    connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def _wanted_fingerprint(statements: list[str]) -> str:
    body = statements[0].split("$guard$")[1] if len(statements) > 1 else ""
    return fingerprint(statements[-1] + body)


def fingerprint(statement: str) -> str:
    return hashlib.sha256(" ".join(statement.split()).encode()).hexdigest()


def _wanted_triggers(dialect: str) -> dict[str, tuple[str, list[str]]]:
    make = _sqlite_trigger if dialect == "sqlite" else _postgres_trigger
    wanted = {f"guard_{guard.name}": (guard.table, make(guard)) for guard in GUARDS}
    if dialect == "sqlite":
        wanted |= {sql.split()[2]: ("search_entry", [sql]) for sql in _SEARCH_TRIGGERS}
    return wanted


def _present_triggers(connection: Connection) -> dict[str, str]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name: fingerprint(sql) for name, sql in rows}
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, pg_get_triggerdef(t.oid), p.prosrc, t.tgenabled::text "
        "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
    )
    return {
        name: fingerprint(definition.replace("public.", "") + body) if enabled == "O" else "disabled"
        for name, definition, body, enabled in rows
    }
