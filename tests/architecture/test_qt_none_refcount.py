"""PySide6 6.12.0 on Python 3.11 drops a reference to None with each call that returns None, and aborts after about
5,000 of them. That is why pyproject.toml pins 6.11.3; this test stands behind the pin.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject

CALLS = 300
NOISE = 50


def test_calls_that_return_none_do_not_drop_its_references() -> None:
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        thing.setObjectName("a")
    assert abs(sys.getrefcount(None) - before) < NOISE
