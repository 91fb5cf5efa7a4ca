"""The producer in a process of its own: blocks come over as bytes, two may wait."""

from __future__ import annotations

import marshal
import multiprocessing
import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from services.filling.producing import blocks
from services.filling.setting import Block, Setting

WAITING = 2
PATIENCE_S = 5.0
PLAIN = 2
"""Version of marshal that keeps no table of references: the fastest, and both sides are one program."""


def in_another_process(setting: Setting) -> Iterator[Block]:
    """`blocks(setting)`, made beside this process; it ends with the iteration, whole or broken off."""
    context = multiprocessing.get_context("spawn")
    waiting: multiprocessing.Queue[Any] = context.Queue(maxsize=WAITING)
    process = context.Process(target=_produce, args=(setting, waiting), daemon=True)
    process.start()
    try:
        while (packed := _next(waiting, process)) is not None:
            yield Block(*marshal.loads(packed))  # noqa: S302 - our own process made it
    finally:
        process.terminate()
        process.join()
        waiting.close()


def _next(waiting: multiprocessing.Queue[Any], process: Any) -> bytes | None:
    while True:
        try:
            packed: bytes | None = waiting.get(timeout=PATIENCE_S)
        except queue.Empty:
            if not process.is_alive():
                raise RuntimeError(f"the process that makes the rows ended with {process.exitcode}") from None
        else:
            return packed


def end_with_parent() -> None:
    """Called in the other process: it must not outlive the one that inserts, however that one ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process that another one started"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _produce(setting: Setting, waiting: multiprocessing.Queue[Any]) -> None:
    end_with_parent()
    names = [field.name for field in fields(Block)]
    for block in blocks(setting):
        waiting.put(marshal.dumps(tuple(getattr(block, name) for name in names), PLAIN))
    waiting.put(None)
