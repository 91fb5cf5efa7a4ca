"""The schema that an upgrade makes is the one that the program's tables describe, statement by statement."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from models import guards
from models.all import Base
from models.migrations import HEAD
from services import book, schema
from services.database import APPLICATION_ID, connect
from services.errors import BookError
from services.store import Store
from tests.conftest import Clock
from tests.postgres import drop_database, fresh_database, needed_server


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made_by_tables(engine: Engine) -> None:
    """The schema by `create_all`, the search's objects and the triggers; no revision is run."""
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        Base.metadata.create_all(connection)
        for statement in guards.SEARCH_OBJECTS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        guards.repair_triggers(connection)


def sqlite_schema(engine: Engine) -> dict[tuple[str, str], tuple[str, ...]]:
    """What SQLite itself keeps of each object, its parts in an order that does not depend on who wrote it."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master WHERE name <> 'alembic_version'")
        return {(kind, name): parts(sql) for kind, name, sql in rows if "alembic_version" not in name}


def parts(sql: str | None) -> tuple[str, ...]:
    text = " ".join((sql or "").replace("\t", " ").split())
    if not text.startswith("CREATE TABLE"):
        return (text,)
    inside, depth, piece = [], 0, ""
    for char in text[text.index("(") + 1 : text.rindex(")")]:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            inside.append(piece.strip())
            piece = ""
        else:
            piece += char
    return (text[: text.index("(")], *sorted([*inside, piece.strip()]))


POSTGRES_FACTS = """
SELECT 'column', table_name || '.' || column_name,
       concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(t.oid) || prosrc
  FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid WHERE NOT tgisinternal
UNION ALL SELECT 'extension', extname, '' FROM pg_extension
"""


def postgres_schema(engine: Engine) -> dict[tuple[str, str], str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(POSTGRES_FACTS.replace("%", "%%"))
        return {(kind, name): text for kind, name, text in rows if "alembic_version" not in name}


def test_the_template_of_the_tests_was_made_by_an_upgrade(any_store: Store) -> None:
    with any_store.engine.connect() as connection:
        assert schema.revision_of(connection) == HEAD
        assert schema.is_current(connection)
        assert guards.missing_triggers(connection) == []
        assert guards.foreign_triggers(connection) == []


def test_tables_and_upgrade_make_the_same_sqlite_schema(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.touch()
    engine = connect(str(path))
    made_by_tables(engine)
    wanted, present = sqlite_schema(engine), sqlite_schema(store.engine)
    engine.dispose()
    assert sorted(wanted) == sorted(present)
    for key, statement in wanted.items():
        assert statement == present[key], key


@pytest.mark.both
def test_tables_and_upgrade_make_the_same_postgresql_schema() -> None:
    server = needed_server()
    urls = fresh_database(server), fresh_database(server)
    engines = [connect(url) for url in urls]
    made_by_tables(engines[0])
    schema.upgrade(engines[1])
    wanted, present = postgres_schema(engines[0]), postgres_schema(engines[1])
    for engine, url in zip(engines, urls, strict=True):
        engine.dispose()
        drop_database(server, url)
    assert len(wanted) > 500
    assert sorted(wanted) == sorted(present)
    for key, text in wanted.items():
        assert text == present[key], key


def test_alembic_finds_nothing_to_do(any_store: Store) -> None:
    def ours(thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return not (name or "").startswith(("search_fts", "ix_search_entry_trigrams"))

    with any_store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, Base.metadata) == []


# --- an upgrade that fails -------------------------------------------------------------------------------------------


class Stop(Exception):
    pass


@pytest.mark.parametrize("at", [1, 2, 10, 40, 90, 140])
def test_a_failed_upgrade_leaves_nothing_half(tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped at its n-th statement a new schema is not there at all, and the next try makes it whole."""
    from sqlalchemy import event

    path = tmp_path / "half"
    path.touch()
    engine = connect(str(path))
    count = 0

    def stop(*_arguments: object) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise Stop

    event.listen(engine, "before_cursor_execute", stop)
    with pytest.raises(Stop):
        schema.upgrade(engine)
    event.remove(engine, "before_cursor_execute", stop)
    assert sqlite_schema(engine) == {}
    with engine.connect() as connection:
        assert schema.revision_of(connection) is None
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert schema.is_current(connection)
        assert guards.missing_triggers(connection) == []
    engine.dispose()


def test_an_upgrade_of_a_current_book_changes_no_row_and_keeps_the_guards(store: Store) -> None:
    before = sqlite_schema(store.engine)
    schema.upgrade(store.engine)
    assert sqlite_schema(store.engine) == before
    with store.engine.connect() as connection:
        assert guards.missing_triggers(connection) == []


# --- a newer and an older schema -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("revision", "says"), [("9999", "newer version"), ("0000", "older schema")])
def test_another_schema_is_refused_and_the_file_stays_byte_identical(
    book_path: Path, clock: Clock, revision: str, says: str
) -> None:
    connection = sqlite3.connect(book_path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = digest(book_path)
    with pytest.raises(BookError, match=says):
        book.open_book(str(book_path), clock=clock)
    assert digest(book_path) == before
    assert [path.name for path in book_path.parent.iterdir()] == [book_path.name]


def test_a_book_carries_its_mark(store: Store) -> None:
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA application_id").scalar() == APPLICATION_ID
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA recursive_triggers").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA trusted_schema").scalar() == 0
