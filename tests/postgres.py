"""A PostgreSQL server of our own for the tests marked `both`.

Debian's packages are installed when they are missing and we are root; a private cluster then runs in a temporary
folder, as a user who is not root, on a free port of the loopback address, with fsync on as in an office. It stops when
this process ends, however it ends: a small shell holds the server and reads a pipe that only we hold open.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.debian import can_install, install

OWNER = "throughline"
HOST = "127.0.0.1"
ABSENCE = "The tests on PostgreSQL were left out:"
WAIT_S = 60
ATTEMPTS = 3

# Arguments of the shell: binaries, folder, port, seconds. It answers "ready", then waits for the end of its input.
KEEPER = """
"$1/pg_ctl" -s -w -t "$4" -D "$2/data" -l "$2/server.log" -o "-p $3 -k '' -c listen_addresses=127.0.0.1 \
-c max_connections=200 -c log_min_messages=warning" start </dev/null >/dev/null 2>&1 || exit 1
echo ready
read -r _
"$1/pg_ctl" -s -D "$2/data" -m immediate stop </dev/null >/dev/null 2>&1
rm -rf -- "$2"
"""


class Unavailable(Exception):
    """No server can be had here; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Server:
    """`url` is the maintenance database, for SQLAlchemy."""

    url: str
    port: int


def server() -> Server | None:
    """The server of this process, started at the first call; None where none can be had.

    In CI (the variable CI is set) a missing server is an error, never None.
    """
    found = _server_or_reason()
    if isinstance(found, Server):
        return found
    if os.environ.get("CI"):
        raise Unavailable(f"CI runs the tests on PostgreSQL too, but: {found}")
    return None


def reason_of_absence() -> str:
    """The sentence why `server()` is None; empty while there is one."""
    found = _server_or_reason()
    return "" if isinstance(found, Server) else f"{ABSENCE} {found}"


def needed_server() -> Server:
    """For a test that cannot do without: the server, or the test is left out with a sentence (in CI it fails)."""
    found = server()
    if found is None:
        pytest.skip(reason_of_absence())
    return found


def fresh_database(server: Server, template: str | None = None) -> str:
    """URL of a new, empty database, or of a copy of `template`: an earlier URL to which nobody is connected now."""
    name = f"book_{uuid.uuid4().hex}"
    source = database_name(template) if template else "template0"
    with _maintenance(server) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"'.encode())
    return server.url.rpartition("/")[0] + f"/{name}"


def drop_database(server: Server, url: str) -> None:
    """Away with it, and with the connections that are still open."""
    with _maintenance(server) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{database_name(url)}" WITH (FORCE)'.encode())


def database_name(url: str) -> str:
    return url.rpartition("/")[2]


@contextlib.contextmanager
def _maintenance(server: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(host=HOST, port=server.port, user=OWNER, dbname="postgres", autocommit=True) as connection:
        yield connection


# --- finding or installing -------------------------------------------------------------------------------------------


@functools.cache
def _server_or_reason() -> Server | str:
    try:
        return _start(_binaries())
    except Unavailable as sentence:
        return str(sentence)


def _binaries() -> Path:
    """The folder of initdb and pg_ctl."""
    if sys.platform == "win32":
        raise Unavailable("on Windows the tests do not start PostgreSQL.")
    found = _installed()
    if found is None and can_install():
        _install()
        found = _installed()
    if found is None:
        raise Unavailable("PostgreSQL is not installed (Debian: sudo apt-get install postgresql).")
    return found


def _installed() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    initdb = debian[-1] if debian else Path(on_path) if on_path else None
    return initdb.resolve().parent if initdb else None


def _install() -> None:
    problem = install("postgresql", is_there=lambda: _installed() is not None)
    if problem is not None:
        raise Unavailable(problem)


# --- starting and stopping -------------------------------------------------------------------------------------------


def _start(binaries: Path) -> Server:
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="throughline-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if account:
        shutil.chown(folder, account, account)
    _initialise(binaries, folder, account)
    for _ in range(ATTEMPTS):
        port = _free_port()
        if _keep(binaries, folder, port, account):
            return Server(f"postgresql+psycopg://{OWNER}@{HOST}:{port}/postgres", port)
    log = folder / "server.log"
    raise Unavailable(f"PostgreSQL did not start: {log.read_text().strip() if log.exists() else 'it left no log'}")


def _account() -> str | None:
    """PostgreSQL refuses to run as root: the account of Debian's package then, else nobody; None is ourselves."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _initialise(binaries: Path, folder: Path, account: str | None) -> None:
    command = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", OWNER, "-A", "trust", "-E", "UTF8"]
    if sys.platform == "linux":
        command.append("--locale=C.UTF-8")
    done = subprocess.run(
        [*command, "--no-sync"],
        check=False,
        cwd=folder,
        user=account,
        group=account,
        extra_groups=[] if account else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Unavailable(f"initdb failed: {done.stderr.strip()}")


def _keep(binaries: Path, folder: Path, port: int, account: str | None) -> bool:
    """Start the shell that holds the server; False when the server did not come up (the port was taken meanwhile)."""
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", str(binaries), str(folder), str(port), str(WAIT_S)],
        cwd=folder,
        user=account,
        group=account,
        extra_groups=[] if account else None,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert keeper.stdin and keeper.stdout
    if keeper.stdout.readline() == b"ready\n":
        atexit.register(_stop, keeper)
        return True
    _stop(keeper)
    return False


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    """End of input is the sign; the shell then stops the server by its own pid file."""
    for pipe in (keeper.stdin, keeper.stdout):
        if pipe:
            pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        keeper.wait(WAIT_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


# --- pytest ----------------------------------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, and in a sentence, that PostgreSQL was left out."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    for reason in sorted(reasons):
        if ABSENCE in reason:
            terminalreporter.write_line(reason.removeprefix("Skipped: "), yellow=True)
