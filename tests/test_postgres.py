"""The server that the tests start for themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ask(url: str, question: bytes) -> str:
    with connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row
    return str(row[0])


def test_it_is_a_postgresql_that_keeps_what_it_commits() -> None:
    url = postgres.needed_server().url
    assert ask(url, b"SELECT version()").startswith("PostgreSQL ")
    assert ask(url, b"SHOW fsync") == "on"
    assert ask(url, b"SHOW synchronous_commit") == "on"
    assert ask(url, b"SHOW listen_addresses") == "127.0.0.1"
    assert ask(url, b"SHOW server_encoding") == "UTF8"


def test_a_copy_of_a_template_has_its_rows_and_goes_its_own_way() -> None:
    server = postgres.needed_server()
    template = postgres.fresh_database(server)
    with connect(template) as connection:
        connection.execute("CREATE TABLE customer AS SELECT 1 AS id")
    copy = postgres.fresh_database(server, template)
    with connect(copy) as connection:
        connection.execute("INSERT INTO customer VALUES (2)")
    assert ask(copy, b"SELECT count(*) FROM customer") == "2"
    assert ask(template, b"SELECT count(*) FROM customer") == "1"
    for url in (copy, template):
        postgres.drop_database(server, url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(copy)


def test_the_server_stops_when_its_process_is_killed() -> None:
    """Not even `kill -9` of the tests leaves a server behind."""
    postgres.needed_server()
    program = "import sys\nfrom tests.postgres import server\nprint(server().port, flush=True)\nsys.stdin.read()\n"
    other = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout and other.stdin
    port = int(other.stdout.readline())
    with psycopg.connect(host=postgres.HOST, port=port, user=postgres.OWNER, dbname="postgres") as connection:
        other.kill()
        other.communicate()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(30)")


def test_in_ci_a_missing_server_is_an_error_and_elsewhere_a_sentence() -> None:
    program = (
        "from tests import postgres\n"
        "def none():\n    raise postgres.Unavailable('none here.')\n"
        "postgres._binaries = none\n"
        "try:\n    print(postgres.server(), postgres.reason_of_absence())\n"
        "except postgres.Unavailable as sentence:\n    print('failed:', sentence)\n"
    )

    def run(ci: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"CI": ci},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert run("") == "None The tests on PostgreSQL were left out: none here."
    assert run("1") == "failed: CI runs the tests on PostgreSQL too, but: none here."
