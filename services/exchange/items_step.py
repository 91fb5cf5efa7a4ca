"""Items of an import: found again by the other system's id, else by their code (SKU)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from models.catalogue import Item
from models.ledger import Account
from models.values.states import ItemKind, TaxCategory
from models.values.tax_ids import check_hsn
from models.values.text import folded
from services.catalogue.commands import CODE_PREFIX, Surroundings, item_row, surroundings
from services.catalogue.drafts import ItemDraft
from services.codes import next_codes
from services.customers.filling import Circumstances
from services.exchange.changes import Edits, edits_of, followed, gaps_of
from services.exchange.customer_rows import issue_of, text
from services.exchange.outcome import Counts, Outcome
from services.exchange.refs import RESERVED, Ref, Refs
from services.exchange.staging import Issue, StagedRow
from services.store import Work

CHUNK = 2_000
LOOK_UP = 500
ENTITY = "items"
_NUMBERS = frozenset({"unit_price", "cost", "tax_rate"})
LARGEST_RATE = 100
Key = tuple[str, str]
Row = dict[str, Any]


@dataclass(slots=True)
class _Drafted:
    source: StagedRow
    row: Row
    stated: Row
    issues: list[Issue]


@dataclass(slots=True)
class ItemsStep:
    work: Work
    around: Circumstances
    refs: Refs
    outcome: Outcome
    rows: list[tuple[StagedRow, bytes, Key]] = field(default_factory=list)
    seen: dict[Key, tuple[str, int, str]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    """Folded name or code of an account -> its code."""

    catalogue: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self.refs.load()
        self.catalogue = surroundings(self.work)
        query = select(Account.code, Account.name).where(
            Account.company_id == self.around.company_id, Account.code.in_(self.catalogue.accounts)
        )
        for code, name in self.work.session.execute(query):
            self.accounts[folded(name)] = code
            self.accounts[folded(code)] = code

    @property
    def counts(self) -> Counts:
        return self.outcome.counts(ENTITY)

    def take(self, row: StagedRow) -> None:
        content_hash = bytes.fromhex(row.fingerprint())
        natural_id = "|".join(folded(text(row.values, name)) for name in ("code", "name"))[:450]
        key = self.refs.key(row, natural_id, content_hash)
        ref = self.refs.known.get(key)
        if ref is not None and ref.content_hash == content_hash:
            self.counts.unchanged += 1
            return
        self.rows.append((row, content_hash, key))
        if ref is None:
            self.refs.known[key] = Ref(RESERVED, content_hash)
        if len(self.rows) >= CHUNK:
            self.flush()

    def finish(self) -> None:
        self.flush()

    def flush(self) -> None:
        if not self.rows:
            return
        waiting, self.rows = self.rows, []
        by_code = self._by_code([text(row.values, "code") for row, _, _ in waiting])
        ids = iter(self.work.next_ids(Item, len(waiting)))
        new: dict[int, _Drafted] = {}
        news: list[tuple[int, _Drafted, bool]] = []
        for row, content_hash, key in waiting:
            one = self._drafted(row)
            ref = self.refs.known[key]
            if one.issues:
                self.outcome.reject(row, *one.issues)
                if ref.record_id == RESERVED:
                    del self.refs.known[key]
                continue
            if ref.record_id != RESERVED:
                if not self._is_clash(row, key, one):
                    self.refs.renew(key, content_hash)
                    news.append((ref.record_id, one, False))
                continue
            self.seen[key] = (row.file, row.row, one.row["name_folded"])
            code = one.row["code"]
            there = by_code.get(code.upper()) if code else None
            if there is not None:
                self.refs.add(key, there, content_hash)
                news.append((there, one, True))
                continue
            record_id = next(ids)
            new[record_id] = one
            if code:
                by_code[code.upper()] = record_id
            self.refs.add(key, record_id, content_hash)
            self.counts.created += 1
        self._write_new(new)
        self._change(news)
        self.refs.write()

    def _drafted(self, row: StagedRow) -> _Drafted:
        values, extra = row.values, dict(row.extra)
        kind = ItemKind(text(values, "kind") or ItemKind.GOODS)
        account = text(values, "income_account")
        if account and folded(account) not in self.accounts:
            extra["Income account"] = account
        hsn = text(values, "hsn").replace(" ", "")
        if hsn and (check := check_hsn(hsn)).problem is not None:
            extra["HSN/SAC"], hsn = hsn, ""
            remedy = "It is kept beside the item; correct it there."
            self.outcome.tell(issue_of(row, "hsn", "W_HSN", extra["HSN/SAC"], check.problem, remedy))
        rate = values.get("tax_rate")
        if isinstance(rate, Decimal) and rate > LARGEST_RATE:
            extra["Tax rate"], rate = f"{rate:f}", None
        if hsn[:2] == "99" and "kind" not in values:
            kind = ItemKind.SERVICE
        category = text(values, "tax_category")
        draft = ItemDraft(
            name=text(values, "name")[:300],
            code=text(values, "code")[:40].lstrip("#"),
            description=text(values, "description")[:5000],
            kind=kind,
            unit=text(values, "unit"),
            unit_price=_amount(values.get("unit_price")) or Decimal(0),
            currency=text(values, "currency") or self.around.currency,
            cost=_amount(values.get("cost")),
            hsn=hsn,
            tax_category=TaxCategory(category) if category else None,
            tax_rate=_amount(rate),
            income_account=self.accounts.get(folded(account), ""),
            category=text(values, "category")[:300],
            extra=extra,
        )
        result, problems = item_row(draft, self.catalogue, self.around.actor_id)
        issues = [
            issue_of(
                row,
                problem.field,
                "E_BAD_AMOUNT" if problem.field in _NUMBERS else "E_UNKNOWN_VALUE",
                text(values, problem.field),
                problem.message,
                "Correct it in the file.",
            )
            for problem in problems
        ]
        result["is_archived"] = values.get("is_active") is False
        said = {"is_archived"} if "is_active" in values else set()
        said |= {name for name in values if name in result} - {"code"}
        if "name" in said:
            said.add("name_folded")
        if extra:
            said.add("extra")
        stated = {name: result[name] for name in said if result[name] is not None}
        return _Drafted(row, result, stated, issues)

    def _is_clash(self, row: StagedRow, key: Key, one: _Drafted) -> bool:
        before = self.seen.get(key)
        name = one.row["name_folded"]
        self.seen[key] = (row.file, row.row, name)
        if before is None or not row.external_id or before[0] != row.file or before[2] == name:
            return False
        message = f"The id {row.external_id} is used by row {before[1]} too, for another item."
        self.outcome.reject(
            row,
            issue_of(row, "external_id", "E_DUPLICATE_ID", row.external_id, message, "Give each item its own id."),
        )
        return True

    def _by_code(self, codes: Sequence[str]) -> dict[str, int]:
        wanted = sorted({code[:40].upper() for code in codes if code})
        found: dict[str, int] = {}
        for start in range(0, len(wanted), LOOK_UP):
            query = select(func.upper(Item.code), Item.id).where(
                func.upper(Item.code).in_(wanted[start : start + LOOK_UP])
            )
            found |= dict(self.work.session.execute(query).all())
        return found

    def _write_new(self, new: dict[int, _Drafted]) -> None:
        waiting = [one for one in new.values() if not one.row["code"]]
        while waiting:
            codes = next_codes(self.work, CODE_PREFIX, len(waiting))
            taken = self._by_code(codes)
            free = [code for code in codes if code.upper() not in taken]
            for one, code in zip(waiting, free, strict=False):
                one.row["code"] = code
            waiting = waiting[len(free) :]
        if new:
            rows = [
                {**one.row, "id": record_id, "version": 1, "created_at": self.work.now}
                for record_id, one in new.items()
            ]
            self.work.insert_many(Item, rows)

    def _change(self, news: Sequence[tuple[int, _Drafted, bool]]) -> None:
        if not news:
            return
        ids = sorted({record_id for record_id, *_ in news})
        edits = edits_of(self.work, Item, sorted({one for one, _, fills in news if not fills}), Edits())
        held: dict[int, Item] = {}
        for start in range(0, len(ids), LOOK_UP):
            query = select(Item).where(Item.id.in_(ids[start : start + LOOK_UP]))
            held |= {item.id: item for item in self.work.session.scalars(query)}
        for record_id, one, fills in news:
            item, kept = held[record_id], list[str]()
            if fills:
                names = ("description", "cost", "hsn", "tax_category", "tax_rate", "income_account", "category")
                changes = gaps_of(vars(item), one.stated, names)
                extra = {**one.row["extra"], **item.extra}
                if extra != item.extra:
                    changes["extra"] = extra
            else:
                changes, kept = followed(vars(item), one.stated, *edits.of(item))
            for name, value in changes.items():
                setattr(item, name, value)
            if changes:
                self.counts.updated += 1
            else:
                self.counts.unchanged += 1
            for name in kept:
                self.outcome.tell(
                    issue_of(
                        one.source,
                        name,
                        "W_EDITED_HERE",
                        "",
                        f"{item.code} {item.name}: {name.replace('_', ' ')} was changed here since the last import and "
                        "is left as it is.",
                        "Change it by hand if the file is right.",
                    )
                )
        self.work.session.flush()


def _amount(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None
