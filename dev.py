#!/usr/bin/env python3
"""One way to run, test and check Throughline, here and in CI. Standard library only: it must work before set-up.

python3 dev.py run [BOOK ...]     the program, with the arguments of main.py
python3 dev.py test [...]         the tests, with the arguments of pytest
python3 dev.py check              what CI runs: linters, types, layers, a small benchmark, the tests
python3 dev.py setup              only the set-up, which every other verb does by itself when it is needed
python3 dev.py lock               choose the packages anew and write requirements.lock
python3 dev.py bench [...]        the benchmarks, ours beside the limit
python3 dev.py soak [...]         the long runs: power cuts, kills, races
python3 dev.py screenshots [...]  a picture of every screen
"""

from __future__ import annotations

import contextlib
import ctypes
import difflib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "throughline-setup"
IS_WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if IS_WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if IS_WINDOWS else "python")
OLDEST, NEWEST = (3, 11), (3, 14)

QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
"""What PySide6 loads even without a display, and Debian's package of it."""

X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libcups.so.2": "libcups2",
}
"""What a window on an X11 display needs besides."""


class Stop(Exception):
    """The set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    print(f"[dev.py] {text}", file=sys.stderr, flush=True)


# --- set-up ----------------------------------------------------------------------------------------------------------


def set_up(libraries: dict[str, str] | None = None) -> None:
    """Make everything ready that is not: system libraries, .venv, its packages. Quick when nothing is missing."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise Stop(f"Python 3.11 to 3.14 is needed, this is {sys.version.split()[0]}. Run dev.py with another python3.")
    missing = missing_libraries(libraries or {})
    if missing or stamp() != wanted_stamp():
        with alone():
            install_system(missing_libraries(libraries or {}) + missing_venv())
            install_packages()


def missing_libraries(libraries: dict[str, str]) -> list[str]:
    """Debian's packages of those shared libraries that do not load."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for library, package in libraries.items() if not loads(library)]


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_venv() -> list[str]:
    """Debian takes ensurepip out of Python; uv does without it."""
    if stamp() == wanted_stamp() or shutil.which("uv") or importlib.util.find_spec("ensurepip"):
        return []
    return ["python3-venv"]


def install_system(packages: Sequence[str]) -> None:
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        raise Stop(f"System libraries are missing. Install what your system calls (in Debian): {' '.join(packages)}")
    if os.geteuid() != 0:
        raise Stop(f"System libraries are missing. Run once:\n    sudo apt-get update && sudo {' '.join(install)}")
    say(f"installing with apt-get: {' '.join(packages)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    patience = ["-qq", "-o", "DPkg::Lock::Timeout=300"]
    for command in (["apt-get", *patience, "update"], ["apt-get", *patience, *install[1:]]):
        run_step(command, "installing system libraries", environment)


def install_packages() -> None:
    """.venv with exactly the packages of requirements.lock, each checked against its hash."""
    before, wanted = stamp(), wanted_stamp()
    if before == wanted:
        return
    say("installing the packages of requirements.lock into .venv (once)")
    STAMP.unlink(missing_ok=True)
    uv = shutil.which("uv")
    if not same_python():
        if uv:
            run_step(
                [uv, "venv", "-q", "--clear", "--no-project", "--python", sys.executable, str(VENV)], "making .venv"
            )
        else:
            run_step([sys.executable, "-m", "venv", "--clear", str(VENV)], "making .venv")
    step = "installing Python packages"
    if uv:
        run_step(
            [uv, "pip", "sync", "-q", "--compile-bytecode", "--require-hashes", "--python", str(PYTHON), str(LOCK)],
            step,
        )
    else:
        pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-input"]
        if not has_pip():
            run_step([str(PYTHON), "-m", "ensurepip", "-q"], step)
        run_step([*pip, "--require-hashes", "-r", str(LOCK)], step)
    STAMP.write_text(wanted, encoding="utf-8")


def run_step(command: Sequence[str], step: str, environment: dict[str, str] | None = None) -> None:
    """Run a part of the set-up; a failure names the part, and that it needs the network."""
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if done.returncode:
        raise Stop(f'The step "{step}" failed (see above). This step needs a network.')


def wanted_stamp() -> str:
    """Changes with the lock file and with Python."""
    return f"{sys.version.split()[0]} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}\n"


def stamp() -> str:
    """What .venv was made of; empty when it was not finished."""
    try:
        return STAMP.read_text(encoding="utf-8") if PYTHON.exists() else ""
    except OSError:
        return ""


def same_python() -> bool:
    """Whether .venv exists and runs this very version."""
    return ask_venv("import sys; print(sys.version.split()[0])") == sys.version.split()[0]


def has_pip() -> bool:
    return ask_venv("import importlib.util as u; print(bool(u.find_spec('pip')))") == "True"


def ask_venv(program: str) -> str:
    try:
        done = subprocess.run([str(PYTHON), "-c", program], check=False, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two set-ups of one checkout never run at once: the second waits, then finds all done."""
    name = f"throughline-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- verbs -----------------------------------------------------------------------------------------------------------


def run(arguments: Sequence[str]) -> int:
    set_up()
    return start([str(PYTHON), str(ROOT / "main.py"), *arguments], where=Path.cwd())


def test(arguments: Sequence[str]) -> int:
    """Without arguments all tests, spread over the processors."""
    set_up(QT_LIBRARIES)
    return start([str(PYTHON), "-m", "pytest", *(arguments or ["-n", "auto", "--dist", "loadfile"])])


def check(arguments: Sequence[str]) -> int:
    """Every step runs, so that one look shows all that is wrong; the tests come last, and with them their summary."""
    if arguments:
        raise Stop("check takes no arguments.")
    set_up(QT_LIBRARIES)
    steps = {
        "ruff check": [tool("ruff"), "check", "."],
        "ruff format": [tool("ruff"), "format", "--check", "."],
        "mypy": [str(PYTHON), "-m", "mypy"],
        "lint-imports": [tool("lint-imports"), "--no-logo"],
        "benchmarks, small": [str(PYTHON), "-m", "benchmarks", "--small"],
    }
    failed = []
    for name, command in steps.items():
        say(name)
        if start(command):
            failed.append(name)
    if failed:
        say(f"failed so far: {', '.join(failed)}")
    say("tests: python3 dev.py test")
    tests = start([sys.executable, str(ROOT / "dev.py"), "test"])
    if failed:
        say(f"failed before the tests: {', '.join(failed)}")
    return 1 if failed else tests


def setup(arguments: Sequence[str]) -> int:
    if arguments:
        raise Stop("setup takes no arguments.")
    set_up(QT_LIBRARIES | X11_LIBRARIES)
    say("ready")
    return 0


def lock(arguments: Sequence[str]) -> int:
    """Exact versions and hashes for every platform; no registry's address gets into the file."""
    with tempfile.TemporaryDirectory() as folder:
        uv = shutil.which("uv") or uv_of_its_own(Path(folder))
        command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--group", "dev"]
        return start(
            [
                *command,
                "--no-emit-index-url",
                "--no-emit-find-links",
                *("--custom-compile-command", "python dev.py lock"),
                *("--output-file", LOCK.name),
                *arguments,
                "pyproject.toml",
            ]
        )


def uv_of_its_own(folder: Path) -> str:
    install_system(missing_venv())
    venv.create(folder, with_pip=True)
    programs = folder / BIN.name
    pip = [str(programs / PYTHON.name), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run_step([*pip, "uv"], "fetching uv")
    return str(programs / ("uv.exe" if IS_WINDOWS else "uv"))


def bench(arguments: Sequence[str]) -> int:
    set_up()
    return start([str(PYTHON), "-m", "benchmarks", *arguments])


def soak(arguments: Sequence[str]) -> int:
    set_up()
    return start([str(PYTHON), "-m", "tests.soak", *arguments])


def screenshots(_arguments: Sequence[str]) -> int:
    raise Stop("This version has no window yet, so there is no screen to picture.")


VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "test": test,
    "check": check,
    "setup": setup,
    "lock": lock,
    "bench": bench,
    "soak": soak,
    "screenshots": screenshots,
}


def tool(name: str) -> str:
    return str(BIN / (f"{name}.exe" if IS_WINDOWS else name))


def start(command: Sequence[str], where: Path = ROOT) -> int:
    """Run a program in front of the person and hand its exit code on; Ctrl+C is the program's to answer."""
    environment = dict(os.environ)
    if where == ROOT:
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    with subprocess.Popen(command, cwd=where, env=environment) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:
                continue


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(__doc__)
        return 0 if arguments else 2
    verb, *rest = arguments
    if verb not in VERBS:
        nearest = difflib.get_close_matches(verb, VERBS, 1, 0.0)[0]
        say(f'There is no verb "{verb}". Did you mean "{nearest}"? python3 dev.py help lists them all.')
        return 2
    try:
        return VERBS[verb](rest)
    except Stop as sentence:
        say(str(sentence))
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
