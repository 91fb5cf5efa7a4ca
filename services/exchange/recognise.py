"""Which system's which list a sheet is, where its header stands, and where its columns go.

Presets first: the whole header of a known export, by its signature. Else the synonyms by which people head their own
sheets: a list of documents is one whatever else it has; of customers, contacts and items the best filled wins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from models.values.text import folded
from services.exchange.mapping import (
    TARGETS,
    ImportOptions,
    Preset,
    Synonyms,
    SynonymSet,
    header_key,
    presets,
    synonyms,
)
from services.exchange.reading.cells import Cell, is_blank, shown
from services.exchange.reading.child import RawSheet
from services.exchange.staging import MappedColumn, Recognition

LAST_HEADER_ROW = 25
_LEAST_KNOWN_SHARE = 0.5
"""Of a preset's file at least this share of the headers must be known; the rest are a firm's own fields."""
_FILE_WORD_WORTH = 2
_LINK_WORTH = 6
"""A file that is named after contacts and names their firms: their addresses do not make it a list of customers."""
_SURE_FIELDS = 6
OUR_REMARKS = frozenset({"import status", "what to correct"})
"""Header keys of the columns that the error workbook adds (error_workbook.py)."""
_SAMPLE_CHARS = 40
_DECISIVE_WORTH = 100
_LEAST_FIELDS = 3
_LEAST_SHARE = 0.5
"""A home-made sheet has this many known headers (one less where `Customer Name` says it), or this share of them."""
_DATA = re.compile(r"\d{4}")
"""Four digits in a row hardly stand in a header."""


@dataclass(frozen=True, slots=True)
class _Header:
    """A row, or two rows together, that could be the header. `texts` by column, blank where there is none."""

    row: int
    texts: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        return [header_key(text) for text in self.texts]


@dataclass(frozen=True, slots=True)
class _Match:
    """What a header was taken for: columns by field, and how well it fits (share, then count)."""

    header: _Header
    fields: dict[int, str]
    worth: tuple[float, int]
    preset: Preset | None = None
    synonym: SynonymSet | None = None


def recognise(
    sheet: RawSheet, options: ImportOptions | None = None, known: Sequence[Preset] | None = None
) -> Recognition:
    """The best reading of a sheet under what the person already answered."""
    options = options or ImportOptions()
    words = synonyms()
    known = [
        preset
        for preset in (presets() if known is None else known)
        if options.system in (None, preset.system) and options.entity in (None, preset.entity)
    ]
    head = sheet.head()
    headers = list(_headers(sheet, head, known, words))
    matches = [match for header in headers for preset in known if (match := _by_preset(header, preset))]
    if not matches and options.system is None:
        matches = [match for header in headers if (match := _by_synonyms(header, sheet, words, options.entity))]
    if not matches:
        return _unknown(headers, options)
    # max() keeps the first of equals: the topmost row
    best = max(matches, key=lambda match: match.worth)
    return _recognition(best, head, options)


def _headers(
    sheet: RawSheet, head: Sequence[tuple[int, list[Cell]]], known: Sequence[Preset], words: Synonyms
) -> Iterator[_Header]:
    """Rows 1 to 25 that could be headers, and pairs of neighbours that could be one header of two rows."""
    rows = [(number, cells) for number, cells in head if number <= LAST_HEADER_ROW]
    is_narrow = all(sum(not is_blank(cell) for cell in cells) <= 1 for _, cells in head)
    vocabulary = {key for preset in known for key in preset.known}
    vocabulary |= {key for part in words.sets for keys in part.fields.values() for key in keys}
    for position, (number, cells) in enumerate(rows):
        texts = tuple(" ".join(shown(cell).split()) for cell in cells)
        filled = [cell for cell in cells if not is_blank(cell)]
        if len(filled) < (1 if is_narrow else 2) or not _could_be_header(filled):
            continue
        yield _Header(number, texts)
        if position + 1 < len(rows) and rows[position + 1][0] == number + 1:
            below = rows[position + 1][1]
            upper = _spread(texts, sheet.merged, number)
            if _could_be_pair(cells, below) and (upper != list(texts) or _completes(cells, below)):
                yield _Header(number + 1, _joined(upper, [str(cell).strip() for cell in below], vocabulary))


def _could_be_header(filled: Sequence[Cell]) -> bool:
    """Mostly text, no e-mail address, and few long numbers: those are data."""
    texts = [cell for cell in filled if isinstance(cell, str)]
    long_numbers = sum(bool(_DATA.search(text)) for text in texts)
    return len(texts) * 2 >= len(filled) and not any("@" in text for text in texts) and long_numbers * 4 <= len(texts)


def _could_be_pair(above: Sequence[Cell], below: Sequence[Cell]) -> bool:
    cells = [cell for cell in (*above, *below) if not is_blank(cell)]
    return all(isinstance(cell, str) and not _DATA.search(cell) and "@" not in cell for cell in cells)


def _completes(above: Sequence[Cell], below: Sequence[Cell]) -> bool:
    """Whether the lower row names columns that the upper leaves blank: a header of two rows without merged cells."""
    return any(is_blank(high) and not is_blank(low) for high, low in zip(above, below, strict=False))


def _spread(texts: Sequence[str], merged: Sequence[tuple[int, int, int, int]], row: int) -> list[str]:
    """A header row with each merged text over all of its columns."""
    result = list(texts)
    for top, left, bottom, right in merged:
        if top <= row <= bottom and left < len(result):
            for column in range(left, min(right + 1, len(result))):
                result[column] = result[left]
    return result


def _joined(upper: Sequence[str], lower: Sequence[str], vocabulary: set[str]) -> tuple[str, ...]:
    """Two header rows as one: `Billing` over `City` is Billing City where that is a known header, else City."""
    result = []
    for column in range(max(len(upper), len(lower))):
        above = upper[column] if column < len(upper) else ""
        below = lower[column] if column < len(lower) else ""
        both = f"{above} {below}".strip()
        is_both = header_key(both) in vocabulary or header_key(below) not in vocabulary
        result.append(both if not below or is_both else below)
    return tuple(result)


def _by_preset(header: _Header, preset: Preset) -> _Match | None:
    keys = header.keys
    present = set(keys)
    if not all(group & present for group in preset.signature):
        return None
    own = [text for text in header.texts if text and not text.startswith(preset.custom or ("\0",))]
    matched = sum(header_key(text) in preset.known for text in own)
    share = matched / max(len(own), 1)
    if share < _LEAST_KNOWN_SHARE:
        return None
    columns: dict[int, str] = {}
    for name, wanted in preset.fields.items():
        for key in wanted:
            columns |= {index: name for index, found in enumerate(keys) if found == key and index not in columns}
    return _Match(header, columns, (share, matched), preset=preset)


def _by_synonyms(header: _Header, sheet: RawSheet, words: Synonyms, entity: str | None) -> _Match | None:
    """The home-made sheet: documents by their decisive headers, else the list whose fields are filled best."""
    place = f"{PurePosixPath(sheet.file).stem} {sheet.sheet}"
    named = set(re.split(r"[^\w]+|_", folded(header_key(place))))
    best: _Match | None = None
    for part in words.sets:
        if entity is not None and part.entity != entity:
            continue
        columns = _assigned(header.keys, part)
        found = set(columns.values())
        is_named = bool(named & part.file_words)
        needs = part.needs[:1] if is_named and not part.is_decisive else part.needs
        if not found or (entity is None and not all(group & found for group in needs)):
            continue
        if part.is_decisive:
            return _Match(header, columns, (_DECISIVE_WORTH + len(found), len(found)), synonym=part)
        filled = sum(map(bool, header.texts))
        speaks = any(set(header.keys[index].split()) & part.file_words for index in columns)
        least = _LEAST_FIELDS - 1 if is_named or speaks else _LEAST_FIELDS
        if entity is None and len(found) < least and len(found) < _LEAST_SHARE * filled:
            continue
        worth = len(found) + (_FILE_WORD_WORTH if is_named else 0)
        if is_named and found & {"customer_id", "customer_name"}:
            worth += _LINK_WORTH
        if best is None or worth >= best.worth[0]:
            best = _Match(header, columns, (worth, len(found)), synonym=part)
    return best


def _assigned(keys: Sequence[str], part: SynonymSet) -> dict[int, str]:
    """Column -> field. Each field takes its most usual header that no earlier field took; `Price AED` counts as Price."""
    plain = [re.sub(r" (?:[a-z]{3}|inc[l]?|excl?)$", "", key) for key in keys]
    columns: dict[int, str] = {}
    for name, wanted in part.fields.items():
        for key in wanted:
            index = next((i for i, found in enumerate(keys) if found == key and i not in columns), None)
            if index is None:
                index = next((i for i, found in enumerate(plain) if found == key and i not in columns), None)
            if index is not None:
                columns[index] = name
                break
    return columns


def _unknown(headers: Sequence[_Header], options: ImportOptions) -> Recognition:
    """Nothing fits. Where the person said what it is, the fullest row of text is taken for the header."""
    fullest = max(headers, key=lambda header: sum(map(bool, header.texts)), default=None)
    if options.entity is None or fullest is None:
        return Recognition(None, "", None, "", 0, 0.0)
    match = _Match(fullest, {}, (0.0, 0))
    return replace(_recognition(match, [], options), entity=options.entity, system=options.system)


def _recognition(match: _Match, head: Sequence[tuple[int, list[Cell]]], options: ImportOptions) -> Recognition:
    part = match.preset or match.synonym
    entity = part.entity if part else options.entity
    if match.preset:
        confidence = match.worth[0]
    else:
        confidence = min(0.9, 0.9 * match.worth[1] / _SURE_FIELDS)
    data = [cells for number, cells in head if number > match.header.row]
    return Recognition(
        system=match.preset.system if match.preset else None,
        system_name=match.preset.system_name if match.preset else "",
        entity=entity,
        label=part.label if part else str(entity),
        header_row=match.header.row,
        confidence=round(confidence, 3),
        columns=tuple(_columns(match, data, options)),
        date_order=options.date_order or (match.preset.date_order if match.preset else None),
        decimal_mark=options.decimal_mark or ".",
        is_importable=entity in TARGETS,
    )


def _columns(match: _Match, data: Sequence[Sequence[Cell]], options: ImportOptions) -> Iterator[MappedColumn]:
    width = max(len(match.header.texts), max((len(cells) for cells in data), default=0))
    counts: Counter[str] = Counter()
    for index in range(width):
        text = match.header.texts[index] if index < len(match.header.texts) else ""
        key = header_key(text)
        name, use = match.fields.get(index), "field"
        if (asked := options.columns.get(key)) is not None and text:
            name, use = (None, asked) if asked in ("extra", "notes", "skip") else (asked, "field")
        elif name is None:
            is_skipped = key in OUR_REMARKS or (match.preset and key in match.preset.skip)
            use = "skip" if is_skipped else "extra"
        counts[key] += 1
        header = text or f"Column {column_letters(index)}"
        if text and counts[key] > 1:
            header = f"{text} ({counts[key]})"
        sample = next((shown(row[index]).strip() for row in data if index < len(row) and not is_blank(row[index])), "")
        yield MappedColumn(index, header, name, use, sample[:_SAMPLE_CHARS])


def column_letters(index: int) -> str:
    """A column as a spreadsheet names it: 0 A, 25 Z, 26 AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
