"""Lines: text broken into lines that fit, and styles made smaller until a single line fits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from services.printing.sheet import Style, width

_PIECES = re.compile(r"\S+|\s+")
_LONGEST_SEARCHED = 400
"""Letters of one word that are looked at for the next line: more never fit on paper."""

_VIRAMA = "\u094d"


def wrapped(text: str, style: Style, room: float) -> list[str]:
    """The lines of `text` no wider than `room` points. Its own line breaks stay; a word too wide is broken softly."""
    lines: list[str] = []
    for paragraph in text.replace("\r\n", "\n").splitlines():
        lines.extend(_paragraph(paragraph.expandtabs(4).rstrip(), style, room))
    return lines


def _paragraph(text: str, style: Style, room: float) -> list[str]:
    if width(text, style) <= room:
        return [text]
    lines: list[str] = []
    line, used, gap = "", 0.0, ""
    for piece in _PIECES.findall(text):
        if piece.isspace():
            gap = piece
            continue
        needed = width(piece, style)
        gap_needed = width(gap, style) if line else 0.0
        if line and used + gap_needed + needed <= room:
            line, used = line + gap + piece, used + gap_needed + needed
            continue
        if line:
            lines.append(line)
        *full, line = _broken(piece, style, room) if needed > room else [piece]
        lines.extend(full)
        used = width(line, style)
    return [*lines, line] if line else lines


def _broken(word: str, style: Style, room: float) -> list[str]:
    parts: list[str] = []
    while word:
        count = _count_that_fits(word, style, room)
        parts.append(word[:count])
        word = word[count:]
    return parts


def _count_that_fits(word: str, style: Style, room: float) -> int:
    """How many letters of `word` fit; at least one, and no mark is cut from its letter."""
    low, high = 1, min(len(word), _LONGEST_SEARCHED)
    while low < high:
        middle = (low + high + 1) // 2
        if width(word[:middle], style) <= room:
            low = middle
        else:
            high = middle - 1
    count = low
    while count < len(word) and count > 1 and _belongs_to_the_letter_before(word, count):
        count -= 1
    return count if count > 1 else low


def _belongs_to_the_letter_before(word: str, i: int) -> bool:
    return unicodedata.category(word[i])[0] == "M" or word[i] in "\u200c\u200d" or word[i - 1] in {"\u200d", _VIRAMA}


def fitted(line: str, style: Style, room: float, smallest: float = 4.0) -> Style:
    """`style`, smaller if the line would not fit in `room` otherwise."""
    needed = width(line, style)
    if needed <= room:
        return style
    return replace(style, size=max(smallest, style.size * room / needed), leading=style.line)
