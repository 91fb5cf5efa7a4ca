"""Files are written whole: into a temporary file beside, synced, renamed into place, and the folder synced."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from services.errors import UserError

TRIES = 50
PAUSE_S = 0.05
"""2.5 seconds in all: a virus scanner or an indexer on Windows holds a new file for about that long."""
BUSY_ON_WINDOWS = {5, 32, 33}
"""ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""


class FileError(UserError):
    """A file cannot be written or read where it was asked for."""


def temporary_name(target: Path) -> Path:
    """A name beside `target` that no other writer uses; `.part` marks it as unfinished."""
    return target.with_name(f"{target.name}.{uuid.uuid4().hex[:12]}.part")


def write_whole(target: Path, content: bytes) -> None:
    """`target` holds the old content or the new one, never a part. Raises FileError."""
    part = temporary_name(target)
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(part, target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        discard(part)


def discard(part: Path) -> None:
    """Take a temporary file away; what cannot be removed is left for the next sweep."""
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return


def put_in_place(part: Path, target: Path) -> None:
    """Rename the finished `part` to `target` for good: in one step, and past a power cut. Raises OSError."""
    _insist(lambda: part.replace(target))
    sync_folder(target.parent)


def sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """A new name is kept only when its folder is; Windows has no such call and does it by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_room(folder: Path, size: int, purpose: str) -> None:
    """Ask before the work begins whether `size` bytes fit. Raises FileError."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise FileError(
            f"{purpose} needs {_megabytes(size)} MB in {folder}, but only {_megabytes(free)} MB are free. "
            "Free some space and try again."
        )


def cannot_write(target: Path, error: OSError) -> FileError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return FileError(f"The disk is full, so {target} was not written. Free some space and try again.")
    reason = error.strerror or type(error).__name__
    return FileError(f"{target} cannot be written: {reason}.")


def _megabytes(size: int) -> str:
    return f"{-(-size // 1_000_000):,}"


def _insist(step: Callable[[], object]) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            step()
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in BUSY_ON_WINDOWS or attempt == TRIES:
                raise
            threading.Event().wait(PAUSE_S)
