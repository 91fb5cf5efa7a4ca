"""Engines: which SQLite driver, how a connection is tuned, how a transaction begins."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from services.errors import BookError

APPLICATION_ID = 0x5448524C
"""THRL: what marks a SQLite file as a book of this program."""

BUSY_TIMEOUT_MS = 5_000

FTS_IS_SAFE = (3, 44)
"""Before, SQLite took FTS5 for unsafe inside triggers, so a distrusted schema could not keep the search index."""


def sqlite_driver() -> ModuleType:
    """sqlcipher3 where its wheel exists (docs/decisions/0001), else the standard module.

    THROUGHLINE_SQLITE=standard asks for the standard module; the tests run on it once.
    """
    if os.environ.get("THROUGHLINE_SQLITE") != "standard":
        try:
            import sqlcipher3.dbapi2 as driver
        except ImportError:
            pass
        else:
            return driver  # type: ignore[no-any-return]
    return sqlite3


def is_server(book: str) -> bool:
    return book.startswith(("postgresql:", "postgresql+psycopg:", "postgres:"))


def connect(book: str) -> Engine:
    """An engine for a file path or a PostgreSQL URL; opens nothing yet."""
    return _postgres(book) if is_server(book) else _sqlite(Path(book), sqlite_driver())


def _sqlite(path: Path, driver: ModuleType) -> Engine:
    uri = f"file:{_escaped(path)}?mode=rw"

    def open_file() -> Any:
        return driver.connect(uri, uri=True, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", module=driver, creator=open_file, poolclass=QueuePool, pool_size=8)
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    return engine


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _tune(dbapi: Any, _record: Any) -> None:
    """reliability.md findings 1, 3, 7 and section "SQLite"; FULL is what makes a commit survive a power cut."""
    pragmas = [
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        f"trusted_schema={'OFF' if _version(dbapi) >= FTS_IS_SAFE else 'ON'}",
        "cell_size_check=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-65536",
    ]
    if sys.platform == "darwin":
        pragmas += ["fullfsync=ON", "checkpoint_fullfsync=ON"]
    cursor = dbapi.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}").fetchall()
    cursor.close()


def _version(dbapi: Any) -> tuple[int, ...]:
    cursor = dbapi.cursor()
    (text,) = cursor.execute("SELECT sqlite_version()").fetchone()
    cursor.close()
    return tuple(int(part) for part in text.split("."))


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _postgres(url: str) -> Engine:
    for prefix in ("postgres:", "postgresql:"):
        if url.startswith(prefix):
            url = "postgresql+psycopg:" + url.removeprefix(prefix)
    options = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
    engine = create_engine(url, connect_args={"options": options}, poolclass=QueuePool, pool_size=8, pool_pre_ping=True)
    event.listen(engine, "connect", _refuse_unsafe_server)
    return engine


def _refuse_unsafe_server(dbapi: Any, _record: Any) -> None:
    with dbapi.cursor() as cursor:
        settings = {}
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            cursor.execute(f"SHOW {name}")
            settings[name] = cursor.fetchone()[0]
    dbapi.rollback()
    off = [name for name, value in settings.items() if value == "off"]
    if off:
        raise BookError(
            f"The PostgreSQL server runs with {', '.join(off)} off: a power cut could lose committed work. "
            "Ask whoever runs the server to switch it on."
        )
