"""Text that people type: made clean once, at the edge."""

from __future__ import annotations

import unicodedata

from models.values.errors import InvalidValue

_ALLOWED_CONTROLS = {"\n", "\t"}
_JOINERS = {"\u200c", "\u200d"}
"""Zero-width (non-)joiners shape Persian and Indic words and stay."""


def clean(value: str, *, what: str = "text", limit: int = 500, lines: bool = False) -> str:
    """`value` in NFC, trimmed; control characters and lone surrogates are refused in words.

    `lines` allows line breaks. Longer than `limit` characters is refused, never cut.
    """
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidValue(f"{what} holds a broken character (half of a surrogate pair). Type it again.")
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    for char in text:
        if unicodedata.category(char) == "Cc" and not (lines and char in _ALLOWED_CONTROLS):
            name = "a line break" if char == "\n" else f"the control character U+{ord(char):04X}"
            raise InvalidValue(f"{what} holds {name}, which cannot be kept there. Remove it.")
    if len(text) > limit:
        raise InvalidValue(f"{what} has {len(text):,} characters; at most {limit:,} fit there.")
    return text


def folded(value: str) -> str:
    """For comparing and searching: case and accents away, spaces single, format characters gone."""
    if value.isascii():
        return " ".join(value.casefold().split())
    decomposed = unicodedata.normalize("NFKD", value).casefold()
    kept = "".join(
        char for char in decomposed if not unicodedata.combining(char) and unicodedata.category(char) != "Cf"
    )
    return " ".join(kept.split())
