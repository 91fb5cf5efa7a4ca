"""Every kind of record and every list that the program knows. A new feature adds its RECORDS here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType

from services.billing import records as billing
from services.catalogue import records as catalogue
from services.customers import records as customers
from services.drafts import parse
from services.journey.commands import win
from services.ledger import queries as ledger
from services.listing import Listing
from services.organisation import records as organisation
from services.records import RecordKind, Values
from services.sales import records as sales
from services.store import Work


@dataclass(frozen=True, slots=True)
class NoFields:
    """What `win` takes: everything that it needs stands in the deal."""


def _win(work: Work, deal_id: int, values: Values) -> None:
    """The step across departments stands above the feature, so its verb is joined to the deal here."""
    parse(NoFields, values, "Win")
    win(work, deal_id)


def _with_journey(kind: RecordKind) -> RecordKind:
    if kind.kind != "deal":
        return kind
    return dataclasses.replace(kind, verbs=MappingProxyType({**kind.verbs, "win": _win}))


ALL: tuple[RecordKind, ...] = (
    *customers.RECORDS,
    *catalogue.RECORDS,
    *(_with_journey(kind) for kind in sales.RECORDS),
    *billing.RECORDS,
    *ledger.RECORDS,
    *organisation.RECORDS,
)
RECORDS: dict[str, RecordKind] = {kind.kind: kind for kind in ALL}
LISTS: dict[str, Listing] = {kind.listing.name: kind.listing for kind in ALL}
