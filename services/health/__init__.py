"""Is the book whole? Every invariant of reliability.md, asked of the rows themselves: `main.py BOOK check [--deep]`.

Here, and in no other service, plain SQL text is allowed: a check says in SQL which rows break a rule, for a book of a
million invoices at once, and reads columns as they are stored, so that a value which no type of ours would accept is
named, not raised. Nothing here writes; values are always bound, and the SQL runs on SQLite and PostgreSQL alike.

The plain check finds whatever was changed around the program in amounts, numbers, postings, allocations, frozen views
and the audit trail. `deep` calculates again whatever is stored twice: amounts of documents, the present row from its
history, the search index, the bytes of files.

Not here, because nothing in the book has it yet: I18 credit notes, I21 deposits and milestones, I27 numbers of
imported and merged records (I23 covers what was numbered here), I41 approvals, I43 leave and hours, I44 erased persons,
I45 backups' times; I20 covers the open items, the ageing report brings its own counter-check.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from services.errors import InvalidValue
from services.health import amounts, balances, documents, ledger, numbers, records, structure, trail, views
from services.health.checks import Check, CheckResult, Look, tell
from services.permissions import Action, Module, require
from services.store import Store, Work

__all__ = ["CHECKS", "Check", "CheckResult", "Health", "check"]

CHECKS: tuple[Check, ...] = (
    *structure.CHECKS,
    *trail.CHECKS,
    *ledger.CHECKS,
    *documents.CHECKS,
    *amounts.CHECKS,
    *views.CHECKS,
    *balances.CHECKS,
    *numbers.CHECKS,
    *records.CHECKS,
)
"""In the order in which they are run and told: the file first, for what stands on it."""

Report = Callable[[int, int], None]
"""(checks done, checks in all); may raise Cancelled."""

_UNREADABLE = (DBAPIError, ValueError, TypeError, ArithmeticError, LookupError, InvalidValue, zlib.error)
"""What damaged rows raise when they are read."""


@dataclass(frozen=True, slots=True)
class Health:
    """What every check found."""

    checks: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.checks)

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.checks)

    def as_json(self) -> dict[str, Any]:
        """The answer of `check` (design.md section 12)."""
        return {"ok": self.ok, "checks": [result.as_json() for result in self.checks]}


def check(book: Store | Work, *, deep: bool = False, report: Report | None = None) -> Health:
    """Run every check over one state of the book. A `Work` must be one of `reading()`: it sees what is committed."""
    chosen = [one for one in CHECKS if deep or not one.is_deep]
    results = []
    with _reading(book) as work:
        require(work, Module.BOOK, Action.VIEW)
        look = Look(work.session.connection(), deep)
        for done, one in enumerate(chosen):
            if report is not None:
                report(done, len(chosen))
            results.append(_run(one, look))
    if report is not None:
        report(len(chosen), len(chosen))
    return Health(tuple(results))


@contextmanager
def _reading(book: Store | Work) -> Iterator[Work]:
    if isinstance(book, Work):
        yield book
        return
    with book.reading() as work:
        if book.engine.dialect.name == "postgresql":
            work.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield work


def _run(one: Check, look: Look) -> CheckResult:
    """One check in a savepoint of its own: what it cannot read is its finding, and the next one goes on."""
    try:
        with look.connection.begin_nested():
            return tell(one.name, look.count(one.counted), one.run(look))
    except _UNREADABLE as error:
        cause = str(getattr(error, "orig", error)).splitlines()
        return CheckResult(one.name, False, 0, (f"This could not be read: {cause[0] if cause else error!r}",), 1)
