"""A fair lock in front of SQLite's writer lock: who comes first writes first, over processes and threads.

SQLite's own busy handler polls and starves (reliability.md finding 6: worst wait 2.9-5.1 s of 8 writers, 0.27 s with
a queue). The kernel queues the waiters of `flock`. Where the lock cannot be had in time the writer goes on and leaves
order to SQLite: the gate is about fairness, never about safety.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAIT_S = 20.0

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class Gate:
    """`path` empty: no gate (PostgreSQL queues by itself)."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @contextmanager
    def passing(self) -> Iterator[None]:
        descriptor = self._open()
        if descriptor is None:
            yield
            return
        turn = _Turn(descriptor)
        try:
            turn.wait()
            yield
        finally:
            turn.leave()

    def _open(self) -> int | None:
        if self._path is None:
            return None
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError:
            return None


class _Turn:
    """One writer's place in the queue. Closing the descriptor gives the lock to the next."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decided = threading.Lock()
        self._is_queueing = False
        self._has_left = False

    def wait(self) -> None:
        if _try_lock(self._descriptor):
            return
        self._is_queueing = True
        waiter = threading.Thread(target=self._queue, daemon=True)
        waiter.start()
        waiter.join(WAIT_S)

    def leave(self) -> None:
        with self._decided:
            self._has_left = True
            if not self._is_queueing:
                os.close(self._descriptor)

    def _queue(self) -> None:
        with suppress(OSError):
            _lock(self._descriptor)
        with self._decided:
            self._is_queueing = False
            if self._has_left:
                os.close(self._descriptor)
