"""Post balanced entries; never edit, only reverse.

`post` is the one way into the ledger. An entry is balanced in the company's currency; in the document's currency too,
but for exchange differences, which exist in the company's currency only (their `amount` is zero).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from models.ledger import Account, JournalEntry, Posting
from models.organisation import Company
from models.values.money import Money
from models.values.states import AccountRole
from services.errors import Conflict, NotFound, Rejected
from services.ledger.digest import entry_digest
from services.store import Work

Roles = Mapping[AccountRole, int]


@dataclass(frozen=True, slots=True)
class Amount:
    """One side of an entry: debit positive, credit negative. `home` is in the company's currency."""

    account_id: int
    amount: Money
    home: Money
    customer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What the entry comes from: "document" 17."""

    kind: str
    id: int


def accounts_of(work: Work, company_id: int) -> Roles:
    """The company's account for each role that its chart names."""

    def load() -> Roles:
        query = select(Account.role, Account.id).where(Account.company_id == company_id, Account.role.is_not(None))
        return {row.role: row.id for row in work.session.execute(query)}

    return work.known(("accounts", company_id), load)


def account_for(roles: Roles, role: AccountRole) -> int:
    try:
        return roles[role]
    except KeyError:
        raise Rejected(f"The chart of accounts has no account for {role.value.replace('_', ' ')}. Add one.") from None


def account_by_code(work: Work, company_id: int, code: str) -> int:
    query = select(Account.id).where(
        Account.company_id == company_id, Account.code == code, Account.is_archived.is_(False)
    )
    found = work.session.scalar(query)
    if found is None:
        raise NotFound(f"The chart of accounts has no account {code}.")
    return found


def post(
    work: Work, company: Company, branch_id: int, amounts: Iterable[Amount], *, on: dt.date, text: str, source: Source
) -> int | None:
    """Add one entry; answers its id, or None where every amount is zero. Unbalanced amounts are a bug."""
    sides = _merged(amounts)
    if not sides:
        return None
    _balanced(sides)
    _open(company, on)
    return _write(work, company.id, branch_id, sides, on=on, text=text, source=source, reverses_id=None)


def reverse(work: Work, company: Company, source: Source, *, on: dt.date, text: str) -> list[int]:
    """Mirror each live entry of `source`; answers the new entries' ids."""
    _open(company, on)
    mirrored = select(JournalEntry.reverses_id).where(JournalEntry.reverses_id.is_not(None))
    live = work.session.scalars(
        select(JournalEntry)
        .where(JournalEntry.source_kind == source.kind, JournalEntry.source_id == source.id)
        .where(JournalEntry.reverses_id.is_(None), JournalEntry.id.not_in(mirrored))
        .order_by(JournalEntry.id)
    ).all()
    result = []
    for entry in live:
        sides = [
            Amount(
                posting.account_id,
                Money(-posting.amount_minor, posting.currency),
                Money(-posting.home_minor, company.base_currency),
                posting.customer_id,
            )
            for posting in entry.postings
        ]
        result.append(
            _write(
                work, entry.company_id, entry.branch_id, sides, on=on, text=text, source=source, reverses_id=entry.id
            )
        )
    return result


def _merged(amounts: Iterable[Amount]) -> list[Amount]:
    """One side for each account, customer and currency, in the order of their first appearance; zeros left out."""
    sides: dict[tuple[int, int | None, str], Amount] = {}
    for side in amounts:
        key = (side.account_id, side.customer_id, side.amount.currency)
        known = sides.get(key)
        sides[key] = (
            side if known is None else replace(known, amount=known.amount + side.amount, home=known.home + side.home)
        )
    return [side for side in sides.values() if not (side.amount.is_zero and side.home.is_zero)]


def _balanced(sides: Sequence[Amount]) -> None:
    home = sum(side.home.minor for side in sides)
    by_currency: dict[str, int] = {}
    for side in sides:
        by_currency[side.amount.currency] = by_currency.get(side.amount.currency, 0) + side.amount.minor
    if home or any(by_currency.values()):
        raise AssertionError(f"unbalanced entry: {home} in home currency, {by_currency}")


def _open(company: Company, on: dt.date) -> None:
    if company.locked_through is not None and on <= company.locked_through:
        raise Conflict(f"The books of {company.code} are closed through {company.locked_through}. Use a later date.")


def _write(
    work: Work,
    company_id: int,
    branch_id: int,
    sides: Sequence[Amount],
    *,
    on: dt.date,
    text: str,
    source: Source,
    reverses_id: int | None,
) -> int:
    rows = [(s.account_id, s.customer_id, s.amount.currency, s.amount.minor, s.home.minor) for s in sides]
    entry_id = work.insert(
        JournalEntry,
        company_id=company_id,
        branch_id=branch_id,
        posted_on=on,
        posted_at=work.now,
        text=text,
        source_kind=source.kind,
        source_id=source.id,
        reverses_id=reverses_id,
        digest=entry_digest(company_id, branch_id, on, text, source.kind, source.id, reverses_id, rows),
    )
    names = ("account_id", "customer_id", "currency", "amount_minor", "home_minor")
    work.insert_parts(Posting, [{"entry_id": entry_id, **dict(zip(names, row, strict=True))} for row in rows])
    return entry_id
