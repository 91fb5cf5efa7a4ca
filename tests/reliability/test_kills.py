"""The short form of `python3 dev.py soak kills`."""

from __future__ import annotations

import sys

import pytest

from tests.soak import kills

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        sys.platform == "win32", reason="Windows cannot fork a prepared process; the soak runs elsewhere"
    ),
]


@pytest.mark.parametrize("workload", kills.NAMES)
def test_a_killed_program_leaves_a_whole_book_and_keeps_its_promises(workload: str) -> None:
    (outcome,) = kills.run(3, 25, (workload,))
    assert outcome.kills == 25
    assert outcome.faults == ()
    if workload in {"customers", "issue"}:
        assert outcome.promises > 0
