"""Typed settings: frozen dataclasses, one JSON row for each section. A section that was never saved has its defaults."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from sqlalchemy import select

from models.settings import SettingSection
from models.values.decimals import parse as parse_decimal
from models.values.states import Phase
from models.values.text import clean
from services.errors import InvalidValue, WrongUse
from services.permissions import Action, Module, require
from services.store import Work


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """The phases that are switched on."""

    section: ClassVar[str] = "rollout"
    phases: tuple[str, ...] = (Phase.SALES, Phase.FINANCE)


@dataclass(frozen=True, slots=True)
class BillingSettings:
    """`round_off`: round INR documents to the rupee. `rate_max_age_days`: how old a currency rate may be."""

    section: ClassVar[str] = "billing"
    round_off: bool = False
    due_days: int = 30
    estimate_valid_days: int = 30
    rate_max_age_days: int = 7
    notes: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class CustomerSettings:
    """`duplicate_score`: from which likeness on a new customer needs "really different" with a reason."""

    section: ClassVar[str] = "customers"
    duplicate_score: Decimal = Decimal("0.90")


Section = RolloutSettings | BillingSettings | CustomerSettings
SECTIONS: tuple[type[Section], ...] = (RolloutSettings, BillingSettings, CustomerSettings)
S = TypeVar("S", bound=Section)
LONGEST_DAYS = 3650
LONGEST_TEXT = 5_000


def read(work: Work, section: type[S]) -> S:
    def load() -> S:
        body = work.session.scalar(select(SettingSection.body).where(SettingSection.section == section.section))
        return section() if body is None else section(**_typed(section, body))

    return work.known(("setting", section.section), load)


def everything(work: Work) -> dict[str, dict[str, Any]]:
    require(work, Module.BOOK, Action.VIEW)
    return {section.section: _plain(asdict(read(work, section))) for section in SECTIONS}


def change(work: Work, key: str, text: str) -> None:
    """`billing.round_off` and "true": one setting by its dotted name, checked by its type."""
    require(work, Module.BOOK, Action.CONFIGURE)
    section, name = _find(key)
    current = read(work, section)
    value = _parse(getattr(current, name), text, key)
    changed = replace(current, **{name: value})
    _check(changed)
    row = work.session.scalar(select(SettingSection).where(SettingSection.section == section.section))
    body = _plain(asdict(changed))
    if row is None:
        work.session.add(SettingSection(section=section.section, body=body))
    else:
        row.body = body


def _find(key: str) -> tuple[Any, str]:
    known = {f"{s.section}.{f.name}": (s, f.name) for s in SECTIONS for f in fields(s)}
    if key in known:
        return known[key]
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.3)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise WrongUse(f"There is no setting {key}.{hint}")


def _parse(current: object, text: str, key: str) -> object:
    try:
        if isinstance(current, bool):
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if isinstance(current, int):
            return int(text)
        if isinstance(current, Decimal):
            return parse_decimal(text.strip(), key)
        if isinstance(current, tuple):
            return tuple(part.strip() for part in text.split(",") if part.strip())
    except (KeyError, ValueError, ArithmeticError):
        kind = {bool: "true or false", int: "a whole number"}.get(type(current), "a number with a point")
        raise InvalidValue(f"{key} is {kind}; {text!r} is not.") from None
    return clean(text, what=key, limit=LONGEST_TEXT, lines=True)


def _check(section: object) -> None:
    if isinstance(section, RolloutSettings) and (unknown := set(section.phases) - set(Phase)):
        raise InvalidValue(f"{', '.join(sorted(unknown))} is no phase. The phases are {', '.join(Phase)}.")
    if isinstance(section, BillingSettings) and not (
        0 <= section.due_days <= LONGEST_DAYS
        and 0 <= section.estimate_valid_days <= LONGEST_DAYS
        and 0 <= section.rate_max_age_days <= LONGEST_DAYS
    ):
        raise InvalidValue(f"Days lie between 0 and {LONGEST_DAYS}.")
    if isinstance(section, CustomerSettings) and not 0 < section.duplicate_score <= 1:
        raise InvalidValue("The duplicate score lies between 0 and 1.")


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: str(v) if isinstance(v, Decimal) else list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _typed(section: type[S], body: dict[str, Any]) -> dict[str, Any]:
    defaults = section()
    result = {}
    for field in fields(section):
        if field.name in body:
            default, value = getattr(defaults, field.name), body[field.name]
            if isinstance(default, tuple):
                value = tuple(value)
            elif isinstance(default, Decimal):
                value = Decimal(value)
            result[field.name] = value
    return result
