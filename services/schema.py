"""Brings a database to this program's schema. reliability.md finding 2 is the reason for every line of `upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect

from models import guards
from models.migrations import HEAD
from services.errors import BookError

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).resolve().parent.parent / "models" / "migrations"


def config(connection: Connection) -> Config:
    from alembic.config import Config as AlembicConfig

    settings = AlembicConfig()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(engine: Engine) -> None:
    """Run every missing revision in one transaction of our own; foreign keys are checked before the commit."""
    from alembic import command

    is_sqlite = engine.dialect.name == "sqlite"
    with engine.execution_options(begin="EXCLUSIVE").connect() as connection:
        if is_sqlite:
            _foreign_keys(connection, on=False)
        try:
            with connection.begin():
                guards.drop_triggers(connection)
                command.upgrade(config(connection), "head")
                guards.repair_triggers(connection)
                if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise BookError("The upgrade would leave links without a target, so it was not kept.")
        finally:
            if is_sqlite:
                _foreign_keys(connection, on=True)


def revision_of(connection: Connection) -> str | None:
    """The revision of the open database, or None for one without tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def is_current(connection: Connection) -> bool:
    return revision_of(connection) == HEAD


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")
    cursor.close()
