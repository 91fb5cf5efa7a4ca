"""What a check is: rows that break a rule, said in sentences that name the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, Row, bindparam, text

from models.values.errors import InvalidValue
from models.values.money import Money

AnyRow = Row[*tuple[Any, ...]]

MOST = 50
"""So many sentences are told for each check; the rest is counted."""
BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class Look:
    """The open book, inside one reading transaction. `deep`: everything that is stored twice is calculated again."""

    connection: Connection
    deep: bool

    @property
    def is_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def rows(self, statement: str | Executable, **values: Any) -> Iterator[AnyRow]:
        """The rows of a query, streamed. A list among `values` stands for `IN (...)`."""
        if isinstance(statement, str):
            lists = [name for name, value in values.items() if isinstance(value, list)]
            statement = text(statement).bindparams(*(bindparam(name, expanding=True) for name in lists))
        with self.connection.execute(statement.execution_options(yield_per=BLOCK), values) as result:
            yield from result

    def count(self, sql: str) -> int:
        return int(self.connection.execute(text(sql)).scalar() or 0)


Faults = Callable[[Look], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """`invariants` are the codes of reliability.md; `counted` is the SQL that tells how many rows were looked at."""

    name: str
    invariants: tuple[str, ...]
    title: str
    counted: str
    run: Faults
    is_deep: bool = False
    """Left out of the plain check: it calculates everything again."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`failed` names at most 50 records, `failed_count` counts them all."""

    name: str
    ok: bool
    checked: int
    failed: tuple[str, ...]
    failed_count: int

    def as_json(self) -> dict[str, Any]:
        """The keys of design.md section 12; what was not named is counted in the last sentence."""
        more = self.failed_count - len(self.failed)
        failed = [*self.failed, f"... and {more:,} more."] if more else list(self.failed)
        return {"name": self.name, "ok": self.ok, "checked": self.checked, "failed": failed}


@dataclass(frozen=True, slots=True)
class Rule:
    """Every row of `sql` breaks the rule.

    `sentence` names columns of the row; an amount in a column `..._minor` is shown in the row's `currency`, or in its
    `home_currency` where the name begins with `home_`.
    """

    sql: str
    sentence: str
    values: Mapping[str, Any] | None = None
    only_on: str | None = None
    """The one database on which the rule can be broken at all."""

    def broken(self, look: Look) -> Iterator[str]:
        if self.only_on in {None, look.connection.dialect.name}:
            for row in look.rows(self.sql, **(self.values or {})):
                yield self.sentence.format_map(shown(row._asdict()))


def all_of(*parts: Rule | Faults) -> Faults:
    """One run out of several rules and functions."""

    def run(look: Look) -> Iterator[str]:
        for part in parts:
            yield from part.broken(look) if isinstance(part, Rule) else part(look)

    return run


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row as a sentence shows them."""
    result = dict(values)
    for name, value in values.items():
        if name.endswith("_minor"):
            currency = values.get("home_currency") if name.startswith("home_") else values.get("currency")
            result[name] = amount(value, currency)
    return result


def amount(minor: Any, currency: Any) -> str:
    """`minor` with its currency; what is no whole number or no currency is shown as it stands."""
    if minor is None:
        return "nothing"
    try:
        if int(minor) == minor:
            return f"{Money(int(minor), str(currency))} {currency}"
    except (InvalidValue, ValueError, TypeError):
        pass
    return f"{minor} minor units of {currency}"


def tell(name: str, checked: int, sentences: Iterable[str]) -> CheckResult:
    """Keep the first sentences and count all of them."""
    kept: list[str] = []
    total = 0
    for sentence in sentences:
        total += 1
        if total <= MOST:
            kept.append(sentence)
    return CheckResult(name, total == 0, checked, tuple(kept), total)
