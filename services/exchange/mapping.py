"""Which column goes into which field: our fields, the presets of other systems (data), and a person's own mapping."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.values.errors import InvalidValue, WrongUse
from models.values.states import CustomerKind, CustomerStatus, ItemKind, TaxCategory, TaxTreatment
from models.values.text import folded

MAPPINGS = Path(__file__).resolve().parents[2] / "resources" / "mappings"
SYNONYMS = "synonyms.json"
"""The one file of MAPPINGS that is no preset: how people head their own sheets, and words for choices."""


class Kind(StrEnum):
    """How a field's cell is read (services.exchange.values)."""

    ID = "id"
    TEXT = "text"
    LINES = "lines"
    NAME = "name"
    """A person's whole name, split into first and last."""
    DECIMAL = "decimal"
    MONEY = "money"
    DAYS = "days"
    DATE = "date"
    FLAG = "flag"
    PHONE = "phone"
    EMAIL = "email"
    COUNTRY = "country"
    STATE = "state"
    CURRENCY = "currency"
    CHOICE = "choice"
    TAX_ID = "tax_id"
    UNIT = "unit"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Field:
    """A field that an import can fill. `choices` for Kind.CHOICE; `minimum` refuses lower numbers (E_BAD_AMOUNT)."""

    kind: Kind
    choices: tuple[str, ...] = ()
    limit: int = 500
    minimum: int | None = None


def _texts(names: str, kind: Kind = Kind.TEXT) -> dict[str, Field]:
    return {name: Field(kind) for name in names.split()}


def _address(prefix: str) -> dict[str, Field]:
    return {
        f"{prefix}_street": Field(Kind.LINES),
        **{f"{prefix}_{part}": Field(Kind.TEXT) for part in ("attention", "extra", "city", "pin")},
        f"{prefix}_state": Field(Kind.STATE),
        f"{prefix}_country": Field(Kind.COUNTRY),
        f"{prefix}_phone": Field(Kind.PHONE),
    }


TARGETS: dict[str, dict[str, Field]] = {
    "customers": {
        "external_id": Field(Kind.ID),
        **_texts("code display_name legal_name source website"),
        "pan": Field(Kind.TAX_ID),
        "kind": Field(Kind.CHOICE, tuple(CustomerKind)),
        "status": Field(Kind.CHOICE, tuple(CustomerStatus)),
        "country": Field(Kind.COUNTRY),
        "state": Field(Kind.STATE),
        "place_of_supply": Field(Kind.STATE),
        "currency": Field(Kind.CURRENCY),
        "payment_terms_days": Field(Kind.DAYS),
        "credit_limit": Field(Kind.MONEY, minimum=0),
        "tax_treatment": Field(Kind.CHOICE, tuple(TaxTreatment)),
        "tax_id": Field(Kind.TAX_ID),
        "tags": Field(Kind.TAGS),
        "notes": Field(Kind.LINES, limit=10_000),
        **_texts("phone mobile", Kind.PHONE),
        "email": Field(Kind.EMAIL),
        **_address("billing"),
        **_address("shipping"),
        "contact_name": Field(Kind.NAME),
        **_texts("contact_salutation contact_first_name contact_last_name contact_designation"),
        **_texts("contact_phone contact_mobile", Kind.PHONE),
        "contact_email": Field(Kind.EMAIL),
    },
    "contacts": {
        "external_id": Field(Kind.ID),
        "customer_id": Field(Kind.ID),
        **_texts("customer_name salutation first_name last_name designation department"),
        "full_name": Field(Kind.NAME),
        "email": Field(Kind.EMAIL),
        **_texts("phone mobile", Kind.PHONE),
        "is_primary": Field(Kind.FLAG),
        "notes": Field(Kind.LINES, limit=10_000),
    },
    "items": {
        "external_id": Field(Kind.ID),
        **_texts("code name hsn income_account category"),
        "unit": Field(Kind.UNIT),
        "description": Field(Kind.LINES, limit=10_000),
        "kind": Field(Kind.CHOICE, tuple(ItemKind)),
        "unit_price": Field(Kind.MONEY, minimum=0),
        "cost": Field(Kind.MONEY, minimum=0),
        "currency": Field(Kind.CURRENCY),
        "tax_rate": Field(Kind.DECIMAL, minimum=0),
        "tax_category": Field(Kind.CHOICE, tuple(TaxCategory)),
        "is_active": Field(Kind.FLAG),
    },
}
"""Entities that can be imported, by their list names, and their fields.

A new entity needs: its fields here, its synonyms in synonyms.json, a preset in each system's file, what its rows must
have and how they are completed in `completion.COMPLETE`, and its step in the import's order.
"""

_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PUNCTUATION = re.compile(r"[\s_*.:#/()\[\]\-'’?|]+")


@lru_cache(maxsize=16_384)
def header_key(header: str) -> str:
    """A header for comparing: `*ContactName`, `contact_name ` and `Contact Name` are the same."""
    return _PUNCTUATION.sub(" ", folded(_WORD_BORDER.sub(" ", header.strip()))).strip()


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of file of one system: how it is known, and where its columns go."""

    system: str
    system_name: str
    entity: str
    label: str
    signature: tuple[frozenset[str], ...]
    """Header keys: of each group at least one must be there."""
    fields: dict[str, tuple[str, ...]]
    """Field -> header keys, the preferred one first."""
    skip: frozenset[str]
    """Header keys that are the other system's own bookkeeping."""
    known: frozenset[str]
    custom: tuple[str, ...] = ()
    """Beginnings of the headers of custom fields."""
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    """Field -> folded value in the file -> our code."""
    leave_out: dict[str, frozenset[str]] = field(default_factory=dict)
    """Header key -> folded values: rows that are of another kind, such as vendors among contacts."""
    zero_is_empty: frozenset[str] = frozenset()
    """Fields where the system writes 0 for "none", such as a credit limit."""
    id_prefix: str = ""
    empties: frozenset[str] = frozenset()
    date_order: str | None = None


@lru_cache(maxsize=4)
def presets(folder: Path = MAPPINGS) -> tuple[Preset, ...]:
    """All presets of all systems: one file per system; adding a system is adding a file."""
    found: list[Preset] = []
    for path in sorted(folder.glob("*.json")):
        if path.name != SYNONYMS:
            found += _presets_of(path)
    return tuple(found)


def _presets_of(path: Path) -> Iterable[Preset]:
    content = json.loads(path.read_text("utf-8"))
    system = content["system"]
    if path.stem != system:
        raise ValueError(f"{path}: a preset file is named after its system, {system}")
    for part in content["files"]:
        entity = part["entity"]
        unknown = set(part["fields"]) - set(TARGETS[entity])
        if unknown:
            raise ValueError(f"{path}: {entity} has no field {', '.join(sorted(unknown))}")
        fields = {name: tuple(header_key(h) for h in headers) for name, headers in part["fields"].items()}
        skip = frozenset(header_key(h) for h in part.get("skip", ()))
        keep = frozenset(header_key(h) for h in part.get("keep", ()))
        yield Preset(
            system=system,
            system_name=content["name"],
            entity=entity,
            label=part["label"],
            signature=tuple(frozenset(header_key(h) for h in group) for group in part["signature"]),
            fields=fields,
            skip=skip,
            known=skip | keep | {key for keys in fields.values() for key in keys},
            custom=tuple(part.get("custom", ())),
            choices={name: _folded_keys(values) for name, values in part.get("choices", {}).items()},
            leave_out={header_key(h): frozenset(map(folded, v)) for h, v in part.get("leave_out", {}).items()},
            zero_is_empty=frozenset(part.get("zero_is_empty", ())),
            id_prefix=content.get("id_prefix", ""),
            empties=frozenset(content.get("empties", ())),
            date_order=content.get("date_order"),
        )


def _folded_keys(values: Mapping[str, str]) -> dict[str, str]:
    return {folded(key): value for key, value in values.items()}


@dataclass(frozen=True, slots=True)
class SynonymSet:
    """How people head the columns of one entity in sheets of their own making."""

    entity: str
    label: str
    needs: tuple[frozenset[str], ...]
    """Fields: of each group at least one must be found, or the sheet is something else."""
    fields: dict[str, tuple[str, ...]]
    file_words: frozenset[str]
    is_decisive: bool
    """Documents: where their needs are met, what else the sheet has does not matter."""


@dataclass(frozen=True, slots=True)
class Synonyms:
    sets: tuple[SynonymSet, ...]
    choices: dict[str, dict[str, str]]
    units: dict[str, str]
    """Folded name of a unit -> UN/ECE recommendation 20 code."""
    titles_not_data: re.Pattern[str]


@lru_cache(maxsize=4)
def synonyms(folder: Path = MAPPINGS) -> Synonyms:
    content = json.loads((folder / SYNONYMS).read_text("utf-8"))
    return Synonyms(
        sets=tuple(
            SynonymSet(
                entity=part["entity"],
                label=part["label"],
                needs=tuple(frozenset(group) for group in part["needs"]),
                fields={name: tuple(header_key(h) for h in headers) for name, headers in part["fields"].items()},
                file_words=frozenset(map(folded, part.get("file_words", ()))),
                is_decisive=part.get("decisive", False),
            )
            for part in content["entities"]
        ),
        choices={name: _folded_keys(values) for name, values in content["choices"].items()},
        units=_folded_keys(content["units"]),
        titles_not_data=re.compile(content["not_data"], re.IGNORECASE),
    )


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the wizard or the command line answers; None and empty leave it to recognition."""

    system: str | None = None
    entity: str | None = None
    date_order: str | None = None
    decimal_mark: str | None = None
    currency: str | None = None
    """For amounts that name no currency."""
    country: str | None = None
    """ISO code for rows that name no country (the company's own)."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Header key -> field name, or skip, notes, extra."""
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Field -> folded value -> code."""


USES = ("extra", "notes", "skip")


def options_from(content: Mapping[str, Any], given: ImportOptions | None = None) -> ImportOptions:
    """Options with a mapping file's content put under what was given already; unknown names are refused.

    Shape: {"entity", "system", "date_order", "decimal_mark", "currency", "columns": {header: field | extra | notes |
    skip}, "choices": {field: {value in the file: code}}}; every key may be left out.
    """
    given = given or ImportOptions()
    known = ("entity", "system", "date_order", "decimal_mark", "currency", "country", "columns", "choices")
    for key in content:
        _known(key, known, "a mapping file's key")
    options = ImportOptions(
        system=given.system or content.get("system"),
        entity=given.entity or content.get("entity"),
        date_order=given.date_order or content.get("date_order"),
        decimal_mark=given.decimal_mark or content.get("decimal_mark"),
        currency=given.currency or content.get("currency"),
        country=given.country or content.get("country"),
        columns={header_key(header): name for header, name in content.get("columns", {}).items()},
        choices={name: _folded_keys(values) for name, values in content.get("choices", {}).items()},
    )
    check_options(options)
    return options


def check_options(options: ImportOptions) -> None:
    """Refuse names that do not exist, with the nearest that does."""
    if options.entity:
        _known(options.entity, TARGETS, "a list that can be imported")
    if options.system:
        _known(options.system, {preset.system for preset in presets()}, "a system whose files are known")
    if options.date_order:
        _known(options.date_order, ("dmy", "mdy", "ymd"), "an order of day, month and year")
    if options.decimal_mark:
        _known(options.decimal_mark, (".", ","), "a decimal mark")
    entities = [options.entity] if options.entity else list(TARGETS)
    names = {name for entity in entities for name in TARGETS[entity]}
    for name in options.columns.values():
        _known(name, names | set(USES), "a field of " + " or ".join(entities))
    for name, values in options.choices.items():
        codes = {code for entity in entities if name in TARGETS[entity] for code in TARGETS[entity][name].choices}
        if not codes:
            raise InvalidValue(f"{name} is not a field with choices. Leave it out of the mapping's choices.")
        for code in values.values():
            _known(code, codes, f"a choice of {name}")


def _known(name: str, names: Iterable[str], what: str) -> None:
    names = sorted(names)
    if name in names:
        return
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(names)}."
    raise WrongUse(f"{name} is not {what}. {hint}")
