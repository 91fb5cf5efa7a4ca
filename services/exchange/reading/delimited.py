"""Text tables: csv, tsv, txt in any encoding and separator, streamed record by record."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from services.exchange.reading.failures import Unreadable
from services.exchange.reading.limits import Limits

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_BYTES = 65_536
_SAMPLE_LINES = 60
_CHUNK_BYTES = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN_SCRIPT_SHARE = 0.4
_FOREIGN_SCRIPT_LEAST = 12
"""From this share and number of non-ASCII letters on, a text is not Western European with some accents."""
_FIRST_HIGH_LETTER = 0xC0
"""In the old one-byte encodings letters lie from here on, signs such as quotation marks below."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text table is written. `skipped_lines` counts a leading `sep=;`, which spreadsheets do not show."""

    encoding: str
    separator: str
    skipped_lines: int = 0


def dialect_of(file: BinaryIO) -> Dialect:
    """Encoding and separator of a text file, from its bytes."""
    encoding = _encoding(file)
    file.seek(0)
    sample = file.read(_SAMPLE_BYTES).decode(encoding, "ignore")
    lines = sample.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = lines[0].strip().strip('"').lower()
    if first.startswith("sep=") and len(first) >= len("sep="):
        return Dialect(encoding, lines[0].strip().strip('"')[4:5] or "\t", 1)
    return Dialect(encoding, _separator(lines[:_SAMPLE_LINES]))


def _encoding(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(_SAMPLE_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if wide := _unmarked_utf16(head):
        return wide
    nuls = head.count(0)
    if nuls > max(8, len(head) // 100):
        raise Unreadable("binary")
    return "utf-8" if _is_utf8(file) else _legacy_encoding(file)


def _unmarked_utf16(head: bytes) -> str | None:
    """UTF-16 without its mark shows as NULs in every other place of mostly Latin text."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 4 or not (even.count(0) or odd.count(0)):
        return None
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _legacy_encoding(file: BinaryIO) -> str:
    """cp1252 with its accents, unless so much is not ASCII that another script must be behind it."""
    file.seek(0)
    sample = b"".join(line for line in file.read(1 << 21).splitlines(keepends=True) if not line.isascii())
    sample = sample[:_SAMPLE_BYTES]
    high = sum(byte >= _FIRST_HIGH_LETTER for byte in sample)
    letters = high + sum(byte < 128 and chr(byte).isalpha() for byte in sample)
    if high >= _FOREIGN_SCRIPT_LEAST and high > _FOREIGN_SCRIPT_SHARE * letters:
        import charset_normalizer

        best = charset_normalizer.from_bytes(sample).best()
        if best is not None:
            return best.encoding
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _separator(lines: list[str]) -> str:
    """The separator that gives the most cells in the most lines alike; a comma when there is only one column."""
    best, best_score = ",", 0.0
    for separator in SEPARATORS:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        wide = [count for count in counts if count > 1]
        if not wide:
            continue
        usual = max(set(wide), key=lambda count: (wide.count(count), count))
        score = wide.count(usual) / len(counts) * 100 + usual
        if score > best_score:
            best, best_score = separator, score
    return best


def records(file: BinaryIO, dialect: Dialect, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank with its row number as a spreadsheet shows it (records, not lines)."""
    csv.field_size_limit(limits.field_chars)
    file.seek(0)
    text = io.TextIOWrapper(file, dialect.encoding, errors="replace", newline="")
    pending: list[str] = []

    def lines() -> Iterator[str]:
        for number, line in enumerate(text):
            if number >= dialect.skipped_lines:
                pending.append(line)
                yield line

    number = 0
    reader = csv.reader(lines(), delimiter=dialect.separator)
    last: list[str] = []
    try:
        for row in reader:
            number += 1
            last = pending[:]
            pending.clear()
            if number > limits.rows:
                raise Unreadable("too_many", f"{limits.rows:,} rows")
            if any(row):
                if len(row) > limits.columns:
                    raise Unreadable("too_many", f"{limits.columns:,} columns")
                yield number, row
    except csv.Error as error:
        reason = "field_too_long" if "field larger" in str(error) else "damaged"
        raise Unreadable(reason, number + 1 if reason == "field_too_long" else str(error)) from error
    if last and _is_unclosed(last, dialect.separator):
        raise Unreadable("unclosed_quote", number)


def _is_unclosed(lines: list[str], separator: str) -> bool:
    """Whether a record of several lines ends inside its quotation marks (then it swallowed the rest of the file)."""
    try:
        for _ in csv.reader(lines, delimiter=separator, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False
