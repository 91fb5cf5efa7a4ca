"""The short form of `python3 dev.py soak power_cuts`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak import power_cuts
from tests.soak.recorder import Recording, Said, Step, Sync, Unavailable

pytestmark = pytest.mark.soak


def recorded(workload: str, rounds: int, folder: Path) -> Recording:
    """A recording, or the test is left out with a sentence where there is no strace (in CI it fails)."""
    try:
        return power_cuts.recording_of(workload, 7, rounds, folder)
    except Unavailable as sentence:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"The power cuts were left out: {sentence}")


@pytest.mark.parametrize(("workload", "rounds"), [("customers", 45), ("issue", 12), ("backup", 3)])
def test_what_was_promised_before_a_power_cut_is_there_after_it(workload: str, rounds: int, tmp_path: Path) -> None:
    recording = recorded(workload, rounds, tmp_path)
    outcome = power_cuts.replay(recording, 25, 7, workload)
    assert outcome.promises >= rounds * 0.7
    assert outcome.faults == ()


def _syncs_of(name: str, recording: Recording) -> Callable[[Step], bool]:
    """The fsyncs of the file that the folder knew as `name` at last, as a disk that lies about them would do."""
    disk = power_cuts.Disk.of(recording)
    numbers = set[int]()
    for step in recording.steps:
        disk.take(step)
        numbers |= {number for known, number in disk.known_names().items() if known.endswith(name)}
    return lambda step: isinstance(step, Sync) and step.file in numbers


def test_the_replay_notices_when_the_log_is_not_synced(tmp_path: Path) -> None:
    """The counter-proof: without the fsync of the -wal, which is what synchronous=NORMAL leaves out, work is lost."""
    recording = recorded("customers", 20, tmp_path)
    assert any(isinstance(step, Said) for step in recording.steps)
    outcome = power_cuts.replay(recording, 15, 7, "a disk that lies", ignore=_syncs_of("-wal", recording))
    assert any("was promised and is lost" in fault for fault in outcome.faults)
