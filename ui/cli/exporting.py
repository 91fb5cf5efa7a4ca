"""Lists as Excel files."""

from __future__ import annotations

import argparse
from pathlib import Path

from services.drafts import nearest
from services.errors import WrongUse
from services.exchange.export import export_everything, write_listing
from services.listing import Asked, conditions
from services.store import Store
from ui.cli.handlers import Answer
from ui.cli.registry import LISTS


def export(store: Store, options: argparse.Namespace) -> Answer:
    """One list into a file, or every list into a folder."""
    target = Path(options.target)
    if options.name is None:
        if options.where:
            raise WrongUse("--where goes with --list NAME.")
        with store.reading() as work:
            written = export_everything(work, list(LISTS.values()), target)
        return {"files": [{"list": one.list, "rows": one.rows, "path": str(one.path)} for one in written]}
    listing = LISTS.get(options.name)
    if listing is None:
        raise WrongUse(f"There is no list {options.name}.{nearest(options.name, LISTS)} Lists: {', '.join(LISTS)}.")
    with store.reading() as work:
        count = write_listing(work, listing, Asked(conditions(options.where), limit=0), target)
    return {"files": [{"list": options.name, "rows": count, "path": str(target)}]}
