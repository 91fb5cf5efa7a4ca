"""Which way text runs: the Unicode bidirectional algorithm (UAX 9), applied to one line at a time.

Explicit overrides and embeddings that somebody typed or pasted are dropped first: on paper a name must not be able
to turn the figures beside it around. What is left is decided by the letters themselves.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bidi import algorithm

_DIRECTIVES = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]")
_NEVER_SEEN = re.compile(
    "[\u200b\u200e\u200f\u061c\u2060-\u2064\u206a-\u206f\ufeff\u00ad\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
"""Characters that steer layout and leave no ink. The joiners U+200C and U+200D are not among them: they shape."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a line that runs one way, in the order typed; a line is a tuple of them in the order seen."""

    text: str
    is_right_to_left: bool


def without_directives(text: str) -> str:
    return _DIRECTIVES.sub("", text)


def without_ink(text: str) -> str:
    """`text` less the characters that nobody sees and no font draws."""
    return _NEVER_SEEN.sub("", text)


def stretches(line: str) -> tuple[Stretch, ...]:
    """The parts of a line from left to right as they stand on paper; the line's own direction is its first letter's."""
    if line.isascii() or not _RIGHT_TO_LEFT.search(line):
        return (Stretch(line, is_right_to_left=False),) if line else ()
    parts = _runs(line, _levels(line))
    return tuple(Stretch(without_ink(part), bool(level % 2)) for part, level in _reordered(parts))


def _levels(line: str) -> list[int]:
    """The embedding level of each character: even runs left to right, odd right to left."""
    kept = [i for i, char in enumerate(line) if unicodedata.bidirectional(char) not in {"BN", "B", ""}]
    storage = algorithm.get_empty_storage()
    storage["base_level"] = algorithm.get_base_level(line)
    storage["base_dir"] = ("L", "R")[storage["base_level"]]
    algorithm.get_embedding_levels("".join(line[i] for i in kept), storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, False)
    algorithm.resolve_implicit_levels(storage, False)
    levels = [int(storage["base_level"])] * len(line)
    for i, char in zip(kept, storage["chars"], strict=True):
        levels[i] = int(char["level"])
    for i in range(1, len(line)):
        if unicodedata.bidirectional(line[i]) in {"BN", ""}:  # stays with the letter that it follows
            levels[i] = levels[i - 1]
    return levels


def _runs(line: str, levels: list[int]) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    start = 0
    for end in range(1, len(line) + 1):
        if end == len(line) or levels[end] != levels[start]:
            runs.append((line[start:end], levels[start]))
            start = end
    return runs


def _reordered(runs: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Rule L2: from the highest level to the lowest odd one, turn around every sequence at that level or above."""
    result = list(runs)
    for level in range(max(level for _, level in runs), 0, -1):
        start = 0
        while start < len(result):
            end = start
            while end < len(result) and result[end][1] >= level:
                end += 1
            result[start:end] = reversed(result[start:end])
            start = max(end, start + 1)
    return result
