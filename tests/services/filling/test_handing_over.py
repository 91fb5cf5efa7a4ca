"""The process that makes the rows ends with the one that inserts them, also where that one is killed."""

from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
import os
import signal
import subprocess
import sys
import threading

import pytest

from services.filling.handing_over import end_with_parent


def wait_for_the_end(ready: multiprocessing.synchronize.Event) -> None:
    """The other process: watches its parent and would go on for a minute."""
    end_with_parent()
    ready.set()
    threading.Event().wait(60)


def start_and_be_killed() -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    context.Process(target=wait_for_the_end, args=(ready,), daemon=True).start()
    ready.wait(30)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send")
def test_no_process_is_left_where_the_program_is_killed() -> None:
    """Both hold the pipe that is read here, so its end tells that both are gone."""
    code = f"from {__name__} import start_and_be_killed; start_and_be_killed()"
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=40, check=False)
    assert killed.returncode == -signal.SIGKILL
