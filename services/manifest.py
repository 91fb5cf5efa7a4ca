"""What stands beside a backup: its hash and what it holds, so that a later look can compare.

While a backup replaces an older one the manifest names both files, so that whichever the power cut leaves is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.contents import Contents
from services.files import write_whole

FORMAT = 1
BLOCK_BYTES = 1 << 20
LARGEST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: `taken_at` is UTC in ISO form, `program` the SQLite driver that wrote it."""

    sha256: str
    size: int
    taken_at: str
    program: str
    contents: dict[str, Any]


def beside(backup: Path) -> Path:
    return backup.with_name(backup.name + ".manifest.json")


def sha256_of(path: Path) -> str:
    """Hexadecimal hash of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def write(backup: Path, entries: Sequence[Entry]) -> None:
    body = {
        "format": FORMAT,
        "files": [
            {
                "sha256": entry.sha256,
                "size": entry.size,
                "taken_at": entry.taken_at,
                "program": entry.program,
                "contents": entry.contents,
            }
            for entry in entries
        ],
    }
    write_whole(beside(backup), json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True).encode())


def entry_of(digest: str, size: int, taken_at: str, program: str, contents: Contents) -> Entry:
    return Entry(digest, size, taken_at, program, contents.as_json())


def read(backup: Path) -> tuple[Entry, ...] | None:
    """The entries; None where there is no manifest or it cannot be understood."""
    path = beside(backup)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        body = json.loads(path.read_bytes())
        return tuple(
            Entry(str(f["sha256"]), int(f["size"]), str(f["taken_at"]), str(f["program"]), dict(f["contents"]))
            for f in body["files"]
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
