"""One row of cells -> one staged row: every field read, completed and checked, every issue of it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from models.values.money import EXPONENTS
from models.values.tax_ids import tidy
from models.values.text import folded
from services.exchange import values
from services.exchange.completion import COMPLETE, Draft
from services.exchange.mapping import TARGETS, Field, ImportOptions, Kind, Preset, header_key, presets, synonyms
from services.exchange.reading.cells import Cell, Fault, is_blank, shown
from services.exchange.reading.child import RawSheet
from services.exchange.staging import Issue, MappedColumn, Recognition, StagedRow, Value
from services.exchange.values import Unfit

Reader = Callable[[Cell], Value | None]
_REPEATED = frozenset({Kind.CHOICE, Kind.UNIT, Kind.COUNTRY, Kind.CURRENCY, Kind.DAYS, Kind.FLAG, Kind.TAGS})
_WITH_MORE = frozenset({Kind.PHONE, Kind.MONEY})
"""Kinds whose cells say more than their value: further numbers, a currency."""
_folded = lru_cache(maxsize=4096)(folded)
_ERROR_TEXTS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_CAPITALS = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_WIDE_MERGE = 3
"""A text merged over at least this many columns is a title or the head of a section."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """How one field is read: the columns that feed it, the preferred one first."""

    name: str
    spec: Field
    read: Reader
    columns: tuple[MappedColumn, ...]
    only: int | None
    """The one column that feeds it, where its value is taken as it is read."""


class RowParser:
    """Reads the rows of one sheet under its recognition."""

    def __init__(self, sheet: RawSheet, recognition: Recognition, options: ImportOptions) -> None:
        if recognition.entity is None:
            raise ValueError("a sheet without an entity has no rows to parse")
        self._sheet = sheet
        self._recognition = recognition
        self._options = options
        self._entity = recognition.entity
        self._preset = _preset_of(recognition)
        self._words = synonyms()
        self._header_width = max((c.index + 1 for c in recognition.columns if not _is_nameless(c)), default=0)
        self._taken = tuple(self._plan())
        self._header_of = {c.field: c.header for c in reversed(recognition.columns) if c.field}
        self._others = tuple(c for c in recognition.columns if c.field is None and c.use in ("extra", "notes"))
        self._headers = {c.header for c in recognition.columns if not _is_nameless(c)}
        self._header_keys = [header_key(c.header) for c in recognition.columns]
        self._sections = {
            top for top, left, bottom, right in sheet.merged if top == bottom and right - left + 1 >= _WIDE_MERGE
        }
        self._leave_out = self._left_out_columns()

    def _left_out_columns(self) -> list[tuple[int, frozenset[str]]]:
        if self._preset is None:
            return []
        wanted = self._preset.leave_out
        return [
            (column.index, wanted[key])
            for column in self._recognition.columns
            if (key := header_key(column.header)) in wanted
        ]

    def _plan(self) -> list[_Taken]:
        order = dict(self._preset.fields.items()) if self._preset else {}
        plan = []
        for name, spec in TARGETS[self._entity].items():
            columns = [column for column in self._recognition.columns_of(name) if column.use]
            if not columns:
                continue
            keys = order.get(name, ())
            columns.sort(key=lambda c: keys.index(k) if (k := header_key(c.header)) in keys else -1)
            is_simple = len(columns) == 1 and spec.kind not in _WITH_MORE
            only = columns[0].index if is_simple else None
            plan.append(_Taken(name, spec, self._reader(name, spec), tuple(columns), only))
        return plan

    # What kind of row it is

    def not_data(self, number: int, row: Sequence[Cell]) -> Unfit | None:
        """Why a row below the header is no record: a section, a total, a footer, the header again; else None."""
        first: Cell | None = row[0] if row else None
        if first is None or is_blank(first):
            first = next((cell for cell in row if cell != "" and not is_blank(cell)), None)
        if first is None:
            return _set_aside("The row is blank.")
        if isinstance(first, str):
            if self._words.titles_not_data.match(first) and self._texts_in(row) == 1:
                return _set_aside("The row is a total or a footer.")
            if first.strip() in self._headers and self._is_header_again(row):
                return _set_aside("The row repeats the header.")
        if number in self._sections and sum(not is_blank(cell) for cell in row) == 1:
            return _set_aside("The row is the heading of a section.")
        for index, folded_values in self._leave_out:
            if index < len(row) and _folded(shown(row[index])) in folded_values:
                return _set_aside(f"The row is of another kind: {shown(row[index])}.")
        return None

    @staticmethod
    def _texts_in(row: Sequence[Cell]) -> int:
        """Cells that are neither blank nor a number."""
        return sum(isinstance(cell, str) and values.text(cell) != "" and not _is_number(cell) for cell in row)

    def _is_header_again(self, row: Sequence[Cell]) -> bool:
        return all(
            is_blank(cell)
            or (
                isinstance(cell, str)
                and index < len(self._header_keys)
                and header_key(cell) == self._header_keys[index]
            )
            for index, cell in enumerate(row)
        )

    # Reading

    def parse(self, number: int, row: list[Cell]) -> StagedRow:
        """The staged row; a row that is no record has only its S_NOT_DATA."""
        if aside := self.not_data(number, row):
            return self._staged(number, row, Draft(issues=[("", "", aside)]))
        draft = Draft()
        if self._sheet.is_delimited and any(not is_blank(cell) for cell in row[self._header_width :]):
            ragged = Unfit(
                "E_RAGGED",
                f"The row has {len(row)} cells, the header {self._header_width}: a separator inside of a value.",
                "Put quotation marks around the value that holds the separator.",
            )
            self._keep_others(draft, row)
            draft.issues.append(("", shown(row[self._header_width]), ragged))
            return self._staged(number, row, draft)
        self._take_all(draft, row)
        self._settle_spare_phones(draft)
        self._keep_others(draft, row)
        COMPLETE[self._entity](draft, self._options)
        if draft.notes:
            draft.values["notes"] = "\n".join([text for text in (draft.text("notes"),) if text] + draft.notes)
        return self._staged(number, row, draft)

    def _take_all(self, draft: Draft, row: Sequence[Cell]) -> None:
        width, found = len(row), draft.values
        for taken in self._taken:
            index = taken.only
            if index is None:
                self._take(draft, taken, row)
            elif index < width and (cell := row[index]) != "":
                try:
                    value = taken.read(cell)
                except Unfit as unfit:
                    draft.issues.append((taken.columns[0].header, shown(cell), unfit))
                    draft.unread.add(taken.name)
                    continue
                if value or (value is not None and value not in ("", ())):
                    found[taken.name] = value

    def _take(self, draft: Draft, taken: _Taken, row: Sequence[Cell]) -> None:
        for column in taken.columns:
            if column.index >= len(row) or (cell := row[column.index]) == "":
                continue
            is_first = taken.name not in draft.values
            try:
                value = taken.read(cell)
            except Unfit as unfit:
                if is_first:
                    draft.issues.append((column.header, shown(cell), unfit))
                    draft.unread.add(taken.name)
                    return
                draft.extra[column.header] = shown(cell)
                continue
            if value is None or value in ("", ()):
                continue
            if taken.spec.kind is Kind.PHONE and isinstance(value, tuple):
                if len(value) > 1:
                    draft.spare_phones.append((taken.name, column.header, value[1:]))
                value = value[0]
            if is_first:
                draft.values[taken.name] = value
                if taken.spec.kind is Kind.MONEY and draft.currency is None:
                    draft.currency = values.currency_shown(cell) or _currency_in_header(column.header)
            elif taken.spec.kind is not Kind.STATE and value != draft.values[taken.name]:
                draft.extra[column.header] = shown(cell)

    def _settle_spare_phones(self, draft: Draft) -> None:
        """Further numbers of a cell: the second one is the mobile where no column has one, the rest are kept aside."""
        for name, header, numbers in draft.spare_phones:
            rest = numbers
            if name == "phone" and "mobile" not in draft.values:
                draft.values["mobile"], rest = rest[0], rest[1:]
            if rest:
                draft.extra[f"{header} (more)"] = ", ".join(rest)

    def _keep_others(self, draft: Draft, row: Sequence[Cell]) -> None:
        width = len(row)
        for column in self._others:
            if column.index < width and (cell := row[column.index]) != "":
                text = cell.code if isinstance(cell, Fault) else values.text(cell)
                if not text:
                    continue
                if column.use == "notes":
                    draft.notes.append(f"{column.header}: {text}")
                else:
                    draft.extra[column.header] = text

    def _staged(self, number: int, row: list[Cell], draft: Draft) -> StagedRow:
        external_id = draft.values.pop("external_id", None)
        issues = tuple(
            Issue(
                self._sheet.file,
                self._sheet.sheet,
                number,
                self._header_of.get(header, header),
                unfit.code,
                value[:200],
                unfit.message,
                unfit.remedy,
            )
            for header, value, unfit in draft.issues
        )
        return StagedRow(
            file=self._sheet.file,
            sheet=self._sheet.sheet,
            row=number,
            system=self._recognition.system,
            entity=self._entity,
            external_id=str(external_id) if external_id else None,
            values=draft.values,
            extra=draft.extra,
            cells=row,
            issues=issues,
        )

    # How each kind of field is read

    def _reader(self, name: str, spec: Field) -> Reader:
        empties = values.EMPTY_MARKS | (self._preset.empties if self._preset else frozenset())
        mark, order = self._recognition.decimal_mark, self._recognition.date_order
        prefix = self._preset.id_prefix if self._preset else ""
        limit = spec.limit

        def text(cell: Cell) -> str:
            if isinstance(cell, Fault):
                raise Unfit("E_UNKNOWN_VALUE", cell.sentence, "Put the value itself into the cell.")
            result = values.text(cell, empties)
            if result[:1] == "#" and result in _ERROR_TEXTS:
                raise Unfit("E_UNKNOWN_VALUE", Fault(result).sentence, "Put the value itself into the cell.")
            if len(result) > limit:
                raise Unfit(
                    "E_UNKNOWN_VALUE",
                    f"The text has {len(result):,} characters; at most {spec.limit:,} fit there.",
                    "Shorten it, or put it into the notes.",
                )
            return result

        def line(cell: Cell) -> str:
            if type(cell) is str and (value := cell.strip()) not in empties:
                is_usual = value.isascii() and value.isprintable() and value[0] not in "'#" and len(value) <= limit
                if is_usual:
                    return value
            return values.one_line(text(cell))

        def amount(cell: Cell) -> Value | None:
            number = values.decimal(cell, mark)
            if number == 0 and self._preset and name in self._preset.zero_is_empty:
                return None
            if number is not None and spec.minimum is not None and number < spec.minimum:
                raise Unfit(
                    "E_BAD_AMOUNT", f"{values.quoted(shown(cell))} is less than {spec.minimum}.", "Check the amount."
                )
            return number

        readers: dict[Kind, Reader] = {
            Kind.LINES: text,
            Kind.ID: lambda cell: values.identifier(text(cell) if isinstance(cell, Fault) else cell, prefix),
            Kind.DECIMAL: amount,
            Kind.MONEY: amount,
            Kind.DAYS: lambda cell: values.payment_days(text(cell)),
            Kind.DATE: lambda cell: values.date(cell, order, is_1904=self._sheet.is_1904),
            Kind.FLAG: lambda cell: values.flag(cell if isinstance(cell, bool) else text(cell)),
            Kind.PHONE: lambda cell: values.phones(text(cell)),
            Kind.EMAIL: lambda cell: values.email(text(cell)),
            Kind.COUNTRY: lambda cell: values.country(name) if (name := values.one_line(text(cell))) else None,
            Kind.CURRENCY: lambda cell: values.currency(text(cell)),
            Kind.TAX_ID: lambda cell: tidy(text(cell)),
            Kind.TAGS: lambda cell: values.tags(text(cell)),
            Kind.CHOICE: self._choice(name, spec, text),
            Kind.UNIT: self._choice("unit", spec, text),
        }
        read = readers.get(spec.kind, line)
        # few different values in many rows; typed, because True, 1 and Decimal(1) are equal
        return lru_cache(maxsize=4096, typed=True)(read) if spec.kind in _REPEATED else read

    def _choice(self, name: str, spec: Field, text: Callable[[Cell], str]) -> Reader:
        """A word of the file -> our code: the person's mapping, the preset's, the usual words, the code itself."""
        usual = self._words.units if spec.kind is Kind.UNIT else self._words.choices.get(name, {})
        codes = frozenset(self._words.units.values()) if spec.kind is Kind.UNIT else frozenset(spec.choices)
        mapped = dict(usual) | (self._preset.choices.get(name, {}) if self._preset else {})
        mapped |= self._options.choices.get(name, {})

        def choose(cell: Cell) -> str | None:
            value = values.one_line(text(cell))
            if not value:
                return None
            key = folded(value)
            code = mapped.get(key) or mapped.get(key.replace("_", " ").strip("."))
            if code is not None and code in codes:
                return code
            if value in codes or (value := value.lower()) in codes:
                return value
            known = ", ".join(sorted(codes)) if spec.kind is not Kind.UNIT else "such as pcs, hour, month, kg"
            raise Unfit(
                "E_UNKNOWN_VALUE",
                f"{values.quoted(shown(cell))} is not a {name.replace('_', ' ')} that is known.",
                f"Map it to one that is known: {known}.",
            )

        return choose


def _preset_of(recognition: Recognition) -> Preset | None:
    return next(
        (
            p
            for p in presets()
            if (p.system, p.entity, p.label) == (recognition.system, recognition.entity, recognition.label)
        ),
        None,
    )


def _is_nameless(column: MappedColumn) -> bool:
    return column.header.startswith("Column ") and column.field is None


def _is_number(cell: str) -> bool:
    try:
        return values.decimal(cell) is not None
    except Unfit:
        return False


def _currency_in_header(header: str) -> str | None:
    """`Price (AED)`, `cost_EUR`: a code in capitals."""
    return next((code for code in _CAPITALS.findall(header) if code in EXPONENTS), None)


def _set_aside(message: str) -> Unfit:
    return Unfit("S_NOT_DATA", message, "")
