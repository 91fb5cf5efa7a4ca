"""What one does to items of the catalogue: make, change, archive. An item is never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models.catalogue import Item
from models.ledger import Account
from models.organisation import Branch, Company, User
from models.values.money import EXPONENTS
from models.values.states import AccountType, ItemKind
from models.values.tax_ids import check_hsn
from models.values.text import folded
from services.catalogue.drafts import ALIASES, ItemDraft
from services.catalogue.units import unit_code
from services.codes import next_code
from services.drafts import Problem, parse, raise_problems
from services.errors import Conflict, InvalidValue, NotFound
from services.permissions import Action, Module, require, visible
from services.store import Work
from services.versions import renamed, to_change

CODE_PREFIX = "ITEM"
USUAL_UNITS = {
    ItemKind.GOODS: "H87",
    ItemKind.SERVICE: "HUR",
    ItemKind.SUBSCRIPTION: "MON",
    ItemKind.PROJECT: "C62",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the book says about every item: asked once for one or for thousands."""

    currency: str | None
    """Of all branches, where they have one."""
    countries: frozenset[str]
    accounts: frozenset[str]
    """Codes of income accounts."""
    owner_ids: Mapping[str, int]


def create_item(work: Work, draft: ItemDraft) -> int:
    """Put an item into the catalogue; answers its id."""
    require(work, Module.CATALOGUE, Action.CREATE)
    row, problems = item_row(draft, surroundings(work), work.actor_id)
    raise_problems(problems)
    item = Item(**row | {"code": _free_code(work, draft.code)}, created_at=work.now, is_archived=False)
    work.session.add(item)
    work.record("item.created", item)
    return item.id


def edit_item(work: Work, item_id: int, changes: Mapping[str, Any], *, version: int | None = None) -> None:
    """Change the fields that `changes` names. Documents and deals that were written keep what they say."""
    item = to_change(work, Item, item_id, Module.CATALOGUE, version=version)
    changes = renamed(changes, ALIASES, "An item")
    draft = parse(ItemDraft, _values(work, item) | changes, "An item")
    row, problems = item_row(draft, surroundings(work), item.owner_id)
    raise_problems(problems)
    if draft.code != item.code:
        _free_code(work, draft.code)
    for name, value in row.items():
        if getattr(item, name) != value:
            setattr(item, name, value)
    work.record("item.changed", item, fields=sorted(changes))


def archive_item(work: Work, item_id: int, *, version: int | None = None) -> None:
    """No longer offered; what was sold stays."""
    item = to_change(work, Item, item_id, Module.CATALOGUE, version=version)
    if item.is_archived:
        raise Conflict(f"{item.code} {item.name} is archived already.")
    item.is_archived = True
    work.record("item.archived", item)


def unarchive_item(work: Work, item_id: int, *, version: int | None = None) -> None:
    item = to_change(work, Item, item_id, Module.CATALOGUE, version=version)
    if not item.is_archived:
        raise Conflict(f"{item.code} {item.name} is not archived.")
    item.is_archived = False
    work.record("item.unarchived", item)


def item_named(work: Work, ref: str) -> Item:
    """The item with this code or `#ID`, else the only one of exactly this name; an archived one is refused."""
    require(work, Module.CATALOGUE, Action.VIEW)
    wanted = ref.strip()
    seen = visible(work, Module.CATALOGUE, Item.owner_id)
    if wanted.startswith("#") and wanted[1:].isdigit() and len(wanted) < 20:
        found = list(work.session.scalars(select(Item).where(Item.id == int(wanted[1:]), seen)))
    else:
        found = list(work.session.scalars(select(Item).where(Item.code.in_([wanted, wanted.upper()]), seen)))
        if not found:
            found = list(work.session.scalars(select(Item).where(Item.name_folded == folded(wanted), seen)))
    alive = [item for item in found if not item.is_archived]
    if len(alive) > 1:
        raise Conflict(f"Several items are called {ref!r}: {', '.join(i.code for i in alive)}. Name one by its code.")
    if not found:
        raise NotFound(f"There is no item {ref!r} in the catalogue.")
    if not alive:
        raise Conflict(f"{found[0].code} {found[0].name} is archived. Unarchive it first, or choose another item.")
    return alive[0]


def surroundings(work: Work) -> Surroundings:
    require(work, Module.CATALOGUE, Action.VIEW)
    currencies = set(work.session.scalars(select(Branch.currency).where(Branch.is_archived.is_(False)).distinct()))
    income = select(Account.code).where(Account.type == AccountType.INCOME, Account.is_archived.is_(False))
    active = select(User.code, User.id).where(User.is_active.is_(True), User.is_system.is_(False))
    return Surroundings(
        currency=currencies.pop() if len(currencies) == 1 else None,
        countries=frozenset(work.session.scalars(select(Company.country).distinct())),
        accounts=frozenset(work.session.scalars(income.distinct())),
        owner_ids={code.casefold(): user_id for code, user_id in work.session.execute(active)},
    )


def item_row(draft: ItemDraft, around: Surroundings, owner_id: int) -> tuple[dict[str, Any], list[Problem]]:
    """The row of an item without id and time, and everything that is wrong with it."""
    problems = list(draft.problems())
    unit = USUAL_UNITS[draft.kind]
    if draft.unit:
        try:
            unit = unit_code(draft.unit)
        except InvalidValue as error:
            problems.append(Problem("unit", str(error)))
    if draft.owner and draft.owner.casefold() not in around.owner_ids:
        problems.append(Problem("owner", f"There is no user {draft.owner!r} here."))
    if draft.income_account and draft.income_account not in around.accounts:
        problems.append(
            Problem("income_account", f"There is no income account {draft.income_account} in the chart of accounts.")
        )
    row = {
        "code": draft.code,
        "name": draft.name,
        "name_folded": folded(draft.name)[:300],
        "description": draft.description,
        "kind": draft.kind,
        "unit": unit,
        "unit_price": draft.unit_price,
        "currency": _currency(draft, around, problems),
        "cost": draft.cost,
        "is_price_inclusive": draft.is_price_inclusive,
        "hsn": _hsn(draft, around, problems),
        "tax_category": draft.tax_category,
        "tax_rate": draft.tax_rate,
        "income_account": draft.income_account or None,
        "category": draft.category or None,
        "owner_id": around.owner_ids.get(draft.owner.casefold(), owner_id),
        "extra": draft.extra or {},
    }
    return row, problems


def _currency(draft: ItemDraft, around: Surroundings, problems: list[Problem]) -> str:
    code = draft.currency.upper() or around.currency
    if code is None:
        problems.append(Problem("currency", "The branches of this book have several currencies: name the item's."))
        return ""
    if code not in EXPONENTS:
        problems.append(
            Problem(
                "currency", f"{draft.currency!r} is not a currency that the book knows. Write its code, such as AED."
            )
        )
    return code


def _hsn(draft: ItemDraft, around: Surroundings, problems: list[Problem]) -> str | None:
    """India's HSN and SAC are checked where a company is in India; other books keep a customs code as it is."""
    if not draft.hsn:
        return None
    if "IN" not in around.countries:
        return draft.hsn
    check = check_hsn(draft.hsn, is_service=draft.kind is not ItemKind.GOODS)
    if check.problem is not None:
        problems.append(Problem("hsn", check.problem))
    return check.value


def _free_code(work: Work, code: str) -> str:
    if code:
        if work.session.scalar(select(Item.id).where(Item.code == code)) is not None:
            raise Conflict(f"There is an item with the code {code} already.")
        return code
    while True:
        code = next_code(work, CODE_PREFIX)
        if work.session.scalar(select(Item.id).where(Item.code == code)) is None:
            return code


def _values(work: Work, item: Item) -> dict[str, Any]:
    names = "name code description kind unit unit_price currency cost is_price_inclusive tax_category tax_rate".split()
    optional = {name: getattr(item, name) or "" for name in ("hsn", "income_account", "category")}
    owner = work.session.get_one(User, item.owner_id).code
    return {name: getattr(item, name) for name in names} | optional | {"owner": owner, "extra": dict(item.extra)}
