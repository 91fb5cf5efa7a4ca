"""What the catalogue offers to the command line and the window."""

from __future__ import annotations

from types import MappingProxyType

from models.catalogue import Item
from services.catalogue.commands import archive_item, create_item, edit_item, unarchive_item
from services.catalogue.drafts import item_draft
from services.catalogue.queries import ITEMS, item_detail
from services.records import RecordKind, Values
from services.store import Work
from services.versions import plain_verb, without_version


def _edit(work: Work, item_id: int, values: Values) -> None:
    changes, version = without_version(values)
    edit_item(work, item_id, changes, version=version)


RECORDS: tuple[RecordKind, ...] = (
    RecordKind(
        "item",
        ITEMS,
        (lambda: Item.code,),
        item_detail,
        create=lambda work, values: create_item(work, item_draft(values)),
        edit=_edit,
        verbs=MappingProxyType(
            {"archive": plain_verb(archive_item, "archive"), "unarchive": plain_verb(unarchive_item, "unarchive")}
        ),
    ),
)
