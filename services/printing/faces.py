"""Letters: which font draws which character, and HarfBuzz's glyphs for a line of text.

Widths are in thousandths of the font size ("per mille of an em"), as PDF has them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import uharfbuzz

from services.printing.direction import stretches, without_directives, without_ink

FOLDER = Path(__file__).parents[2] / "resources" / "fonts"

_FEATURES = {"kern": True, "calt": False, "dlig": False}
"""No contextual alternates, which would make an arrow of "->" that somebody typed."""

_ARABIC_FEATURES = _FEATURES | {"calt": True, "liga": False}

BOX_WIDTH = 700
"""A character that no font has stands as a box with its code point in it."""


class Weight(StrEnum):
    REGULAR = "regular"
    MEDIUM = "medium"
    SEMIBOLD = "semibold"


class Face:
    """One font file, loaded once per process; never changed after."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hb_face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FOLDER / f"{name}.ttf")))
        self.hb_font = uharfbuzz.Font(self.hb_face)
        self.per_mille = 1000 / self.hb_face.upem
        self.covered = frozenset(self.hb_face.unicodes)
        self._widths: dict[int, int] = {}
        self.tabular = self._tabular_figures()
        """Glyphs of the ten figures, and those of one width that stand for them so that columns of amounts align.

        Only the figures: with the whole feature on, Inter's hyphen in INV-26-00418 grows as wide as a dash.
        """

    def width(self, glyph: int) -> int:
        """The glyph's own advance width, per mille of an em."""
        width = self._widths.get(glyph)
        if width is None:
            width = self._widths[glyph] = round(self.hb_font.get_glyph_h_advance(glyph) * self.per_mille)
        return width

    def _tabular_figures(self) -> dict[int, int]:
        plain, tabular = (self._figures(is_tabular=on) for on in (False, True))
        return dict(zip(plain, tabular, strict=True))

    def _figures(self, *, is_tabular: bool) -> list[int]:
        buffer = uharfbuzz.Buffer()
        buffer.add_str("0123456789")
        buffer.guess_segment_properties()
        uharfbuzz.shape(self.hb_font, buffer, {"kern": False, "tnum": is_tabular})
        return [info.codepoint for info in buffer.glyph_infos]


@dataclass(frozen=True, slots=True)
class Glyph:
    """`text` is what the glyph stands for: several characters for a ligature, none for a mark's second glyph."""

    number: int
    text: str
    advance: int
    right: int
    up: int


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one face from left to right. `text` is in the order typed; `face` is None for a code point box."""

    face: Face | None
    glyphs: tuple[Glyph, ...]
    text: str
    width: int
    is_plain: bool
    """Each glyph stands for its own characters, in the order typed: the text can be read back from the glyphs."""


@dataclass(frozen=True, slots=True)
class Shaped:
    runs: tuple[Run, ...]
    width: int


_FILES = {
    Weight.REGULAR: ("Inter-Regular", "IBMPlexSansArabic-Regular", "NotoSansDevanagari-Regular"),
    Weight.MEDIUM: ("Inter-Medium", "IBMPlexSansArabic-Regular", "NotoSansDevanagari-Regular"),
    Weight.SEMIBOLD: ("Inter-SemiBold", "IBMPlexSansArabic-SemiBold", "NotoSansDevanagari-SemiBold"),
}


@cache
def _face(name: str) -> Face:
    return Face(name)


@cache
def faces(weight: Weight) -> tuple[Face, ...]:
    """The faces of a weight in the order in which they are asked for a character."""
    return tuple(_face(name) for name in _FILES[weight])


@lru_cache(maxsize=20_000)
def shape(line: str, weight: Weight) -> Shaped:
    """The glyphs of one line, in the order in which they stand on paper."""
    latin = faces(weight)[0]
    runs: list[Run] = []
    if line.isascii() and line.isprintable():
        if line:
            runs.append(_shaped(line, latin, "ltr"))
    else:
        for stretch in stretches(without_directives(line)):
            direction = "rtl" if stretch.is_right_to_left else "ltr"
            parts = [
                _boxed(text) if face is None else _shaped(text, face, direction)
                for text, face in _by_face(without_ink(stretch.text), weight)
            ]
            runs.extend(reversed(parts) if stretch.is_right_to_left else parts)
    return Shaped(tuple(runs), sum(run.width for run in runs))


def _by_face(text: str, weight: Weight) -> Iterator[tuple[str, Face | None]]:
    """Cut `text` where the face changes. What is no letter stays with the face before it, if that has it."""
    start, current = 0, _first_face(text, weight)
    for i, char in enumerate(text):
        face = _face_for(char, current, weight)
        if face is not current or (face is None and i > start):
            if i > start:
                yield text[start:i], current
            start, current = i, face
    if text:
        yield text[start:], current


def _first_face(text: str, weight: Weight) -> Face | None:
    """Marks and brackets before the first letter take that letter's face."""
    for char in text:
        if unicodedata.category(char)[0] == "L":
            return _face_for(char, None, weight)
    return faces(weight)[0]


def _face_for(char: str, current: Face | None, weight: Weight) -> Face | None:
    code = ord(char)
    if char in "\u200c\u200d":
        return current
    if current is not None and code in current.covered and unicodedata.category(char)[0] not in "LN":
        return current
    return next((face for face in faces(weight) if code in face.covered), None)


def _boxed(text: str) -> Run:
    return Run(None, (), text, BOX_WIDTH, is_plain=False)


def _shaped(text: str, face: Face, direction: str) -> Run:
    buffer = uharfbuzz.Buffer()
    levels = uharfbuzz.BufferClusterLevel
    buffer.cluster_level = levels.MONOTONE_CHARACTERS if direction == "rtl" else levels.MONOTONE_GRAPHEMES
    buffer.flags = uharfbuzz.BufferFlags.REMOVE_DEFAULT_IGNORABLES
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = direction
    uharfbuzz.shape(face.hb_font, buffer, _ARABIC_FEATURES if direction == "rtl" else _FEATURES)
    return _run(text, face, buffer, is_right_to_left=direction == "rtl")


def _run(text: str, face: Face, buffer: Any, *, is_right_to_left: bool) -> Run:
    """Readers turn a right-to-left line around letter by letter, so its ligatures stand for their letters as seen.

    (PDFium and pypdf do; given in the order typed, the two letters of a ligature come out swapped there.)
    """
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    starts = [info.cluster for info in infos]
    bounds = sorted({*starts, len(text)})
    ends = dict(pairwise(bounds))
    scale = face.per_mille
    glyphs: list[Glyph] = []
    taken: set[int] = set()
    width = 0
    for info, position, start in zip(infos, positions, starts, strict=True):
        stands_for = "" if start in taken else text[start : ends[start]]
        stands_for = stands_for[::-1] if is_right_to_left else stands_for
        taken.add(start)
        number = face.tabular.get(info.codepoint)
        if number is None:
            number, advance = info.codepoint, round(position.x_advance * scale)
        else:
            advance = face.width(number)
        width += advance
        glyphs.append(
            Glyph(number, stands_for, advance, round(position.x_offset * scale), round(position.y_offset * scale))
        )
    is_plain = is_right_to_left or len(taken) == len(starts)
    return Run(face, tuple(glyphs), text, width, is_plain)
