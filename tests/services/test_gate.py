"""The fair lock in front of the writer: first come, first served, over threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from services import gate
from services.gate import Gate

PROGRAM = """
import sys
from pathlib import Path
from services.gate import Gate
with Gate(Path(sys.argv[1])).passing():
    print("in", flush=True)
    sys.stdin.readline()
"""


def process(lock: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def let_go(holder: subprocess.Popen[str]) -> None:
    holder.communicate("\n", timeout=30)
    assert holder.returncode == 0


def wait_for(is_true: Callable[[], bool]) -> None:
    """Looks again and again for at most 10 seconds."""
    pause = threading.Event()
    for _ in range(2_000):
        if is_true():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come true in 10 seconds")


def waiting_for(lock: Path) -> int:
    """How many wait for the lock, by the kernel's table of locks."""
    inode = str(lock.stat().st_ino)
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sum("->" in line and line.split()[-3].endswith(":" + inode) for line in lines)


only_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into the kernel's table of locks")


def test_one_passes_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    inside, most = 0, 0

    def pass_often() -> None:
        nonlocal inside, most
        for _ in range(50):
            with Gate(lock).passing():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=pass_often) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1


@only_linux
def test_threads_pass_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    order: list[int] = []

    def enter(number: int) -> None:
        with Gate(lock).passing():
            order.append(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(5)]
    with Gate(lock).passing():
        for number, thread in enumerate(threads):
            thread.start()
            wait_for(lambda number=number: waiting_for(lock) == number + 1)  # type: ignore[misc]
    for thread in threads:
        thread.join(30)
    assert order == [0, 1, 2, 3, 4]


@only_linux
def test_processes_and_threads_stand_in_one_queue(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    entered = threading.Event()

    def enter() -> None:
        with Gate(lock).passing():
            entered.set()

    thread = threading.Thread(target=enter)
    with Gate(lock).passing():
        first = process(lock)
        wait_for(lambda: waiting_for(lock) == 1)
        thread.start()
        wait_for(lambda: waiting_for(lock) == 2)
    assert first.stdout is not None
    assert first.stdout.readline() == "in\n"
    assert not entered.is_set()
    let_go(first)
    assert entered.wait(30)
    thread.join(30)


def test_a_killed_holder_lets_the_next_one_in(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = process(lock)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.communicate(timeout=30)
    with Gate(lock).passing():
        descriptor = os.open(lock, os.O_RDWR)
        assert not gate._try_lock(descriptor)
        os.close(descriptor)


def test_who_gives_up_goes_on_and_never_holds_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate is about fairness, never about safety: after WAIT_S SQLite's own lock decides."""
    monkeypatch.setattr(gate, "WAIT_S", 0.05)
    lock = tmp_path / "lock"
    holder = process(lock)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    with Gate(lock).passing():
        assert holder.poll() is None, "the other one is still inside"
    let_go(holder)
    _is_free(lock)


def test_the_lock_is_free_after_an_error_inside(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with pytest.raises(RuntimeError), Gate(lock).passing():
        raise RuntimeError
    _is_free(lock)


def test_an_interrupted_waiter_does_not_take_the_lock_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    holder = process(lock)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"

    def interrupted(_self: threading.Thread, _timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "join", interrupted)
        with pytest.raises(KeyboardInterrupt), Gate(lock).passing():
            raise AssertionError("nobody gets here")
    let_go(holder)
    _is_free(lock)


def test_without_a_file_there_is_no_gate(tmp_path: Path) -> None:
    with Gate(None).passing(), Gate(None).passing():
        pass
    with Gate(tmp_path / "no such folder" / "lock").passing():
        assert not (tmp_path / "no such folder").exists()


def _is_free(lock: Path) -> None:
    def free() -> bool:
        descriptor = os.open(lock, os.O_RDWR)
        try:
            return gate._try_lock(descriptor)
        finally:
            os.close(descriptor)

    wait_for(free)
