"""Debian packages that the tests need and install by themselves, as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def can_install() -> bool:
    return sys.platform == "linux" and shutil.which("apt-get") is not None and os.geteuid() == 0


def install(package: str, *, is_there: Callable[[], bool]) -> str | None:
    """Install the package; one process does, the others wait and find it. Answers a sentence where it failed."""
    if sys.platform == "win32":
        return "There is no apt-get here."
    import fcntl

    with (Path(tempfile.gettempdir()) / "throughline-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_there():
            return None
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
            done = subprocess.run(
                ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *command],
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                return f"apt-get {command[0]} failed ({last})."
    return None
