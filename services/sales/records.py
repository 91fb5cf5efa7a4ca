"""What sales offers to the command line and the window. Winning is offered by the journey, which tells the whole story."""

from __future__ import annotations

from types import MappingProxyType

from models.sales import Deal
from services.drafts import parse
from services.records import RecordKind, Values
from services.sales.commands import create_deal, edit_deal, lose_deal, move_deal, reopen_deal
from services.sales.drafts import LossDraft, MoveDraft, ReopenDraft, deal_draft
from services.sales.queries import DEALS, deal_detail
from services.store import Work
from services.versions import without_version


def _edit(work: Work, deal_id: int, values: Values) -> None:
    changes, version = without_version(values)
    edit_deal(work, deal_id, changes, version=version)


def _move(work: Work, deal_id: int, values: Values) -> None:
    asked, version = without_version(values)
    move_deal(work, deal_id, parse(MoveDraft, asked, "move").stage, version=version)


def _lose(work: Work, deal_id: int, values: Values) -> None:
    asked, version = without_version(values)
    draft = parse(LossDraft, asked, "lose")
    lose_deal(work, deal_id, draft.reason, stage=draft.stage, version=version)


def _reopen(work: Work, deal_id: int, values: Values) -> None:
    asked, version = without_version(values)
    reopen_deal(work, deal_id, stage=parse(ReopenDraft, asked, "reopen").stage, version=version)


RECORDS: tuple[RecordKind, ...] = (
    RecordKind(
        "deal",
        DEALS,
        (lambda: Deal.code,),
        deal_detail,
        create=lambda work, values: create_deal(work, deal_draft(values)),
        edit=_edit,
        verbs=MappingProxyType({"move": _move, "lose": _lose, "reopen": _reopen}),
    ),
)
