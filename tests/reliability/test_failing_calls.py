"""The short form of `python3 dev.py soak failing_calls failing_system_calls`."""

from __future__ import annotations

import os

import pytest

from tests.soak import failing_calls, failing_system_calls
from tests.soak.recorder import Unavailable

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("command", failing_calls.COMMANDS)
def test_a_call_that_fails_leaves_the_book_as_it_was_and_a_sentence(command: str) -> None:
    (outcome,) = failing_calls.run((command,), stride=3)
    assert outcome.faults == ()
    assert outcome.failures > 3


@pytest.mark.parametrize("command", failing_system_calls.NAMES)
def test_a_disk_that_refuses_sqlites_own_calls_leaves_the_book_as_it_was(command: str) -> None:
    try:
        outcome = failing_system_calls.run(command, 11, sample=4)
    except Unavailable as sentence:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"The refused system calls were left out: {sentence}")
    assert outcome.failures == 4
    assert outcome.faults == ()
