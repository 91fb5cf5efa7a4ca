"""What an import stands on: rows as they were in the file, what they mean, and every issue with them.

Dry run and commit walk the same staged rows. Codes are those of migration/README.md: E rejects, W comes in with a
word, S is set aside without being wrong.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal

from services.exchange.reading.cells import Cell, number_text

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
Value = str | int | bool | Decimal | dt.date | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing about one cell, row or file. `row` 0 and `column` '' where it is about more than that."""

    file: str
    sheet: str
    row: int
    column: str
    code: str
    value: str
    message: str
    remedy: str = ""

    @property
    def is_rejection(self) -> bool:
        return self.code.startswith("E_")


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One row of one file. `values` has only fields that the row fills; `extra` the rest by its headers.

    `cells` are the row's own, as read, for the error workbook.
    """

    file: str
    sheet: str
    row: int
    system: str | None
    entity: str
    external_id: str | None
    values: dict[str, Value]
    extra: dict[str, str]
    cells: list[Cell] = field(repr=False)
    issues: tuple[Issue, ...] = ()

    @property
    def is_data(self) -> bool:
        """False for titles, sections, totals and footers (S_NOT_DATA)."""
        return not any(issue.code == "S_NOT_DATA" for issue in self.issues)

    @property
    def is_rejected(self) -> bool:
        return any(issue.is_rejection for issue in self.issues)

    def fingerprint(self) -> str:
        """SHA-256 of what the row says: the same again means unchanged (S_EXACT_DUPLICATE), whatever file it is in."""
        values = {name: value if type(value) is str else _plain(value) for name, value in self.values.items()}
        text = _encode({"entity": self.entity, "values": values, "extra": self.extra})
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: Value) -> object:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of the file. `field` is None for one that no field takes: then `use` says what becomes of it."""

    index: int
    header: str
    field: str | None
    use: str
    """field, extra (kept under its header), notes, skip; blank for a column without any data."""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a sheet was taken for. `entity` None: nothing that is known. `is_importable` False: known, not taken yet."""

    system: str | None
    system_name: str
    entity: str | None
    label: str
    header_row: int
    """As the spreadsheet shows it; the last one where the header has two rows; 0 when none was found."""
    confidence: float
    columns: tuple[MappedColumn, ...] = ()
    date_order: str | None = None
    """None: no column needs one, or the file does not say (then `questions` asks)."""
    decimal_mark: str = "."
    is_importable: bool = True
    questions: tuple[str, ...] = ()

    def columns_of(self, name: str) -> tuple[MappedColumn, ...]:
        return tuple(column for column in self.columns if column.field == name)


@dataclass(frozen=True, slots=True)
class FileCard:
    """One sheet of one file in the wizard's list, and in `import --json` under "files"."""

    file: str
    sheet: str
    system: str | None
    entity: str | None
    header_row: int
    rows: int
    """Rows of data: without header, titles, sections, totals."""
    is_chosen: bool
    """False for hidden, empty, unrecognised sheets, and for what cannot be imported yet."""
    recognition: Recognition
    currencies: tuple[str, ...] = ()
    note: str = ""
