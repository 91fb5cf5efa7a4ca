"""Files in and out: import with its dry run and undo, and export."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from services.exchange import queries
from services.exchange.apply import apply
from services.exchange.error_workbook import write_errors
from services.exchange.intake import stage
from services.exchange.mapping import ImportOptions, check_options, options_from
from services.exchange.outcome import Outcome
from services.exchange.undo import undo
from services.organisation.places import default_place
from services.permissions import Action, Module, require
from services.store import Store, Work
from ui.cli import values
from ui.cli.exporting import export
from ui.cli.handlers import Answer, Failed

__all__ = ["export", "import_files", "imports", "undo_import"]


def import_files(store: Store, options: argparse.Namespace) -> Answer | Failed:
    """`import`: the dry run is the real run, rolled back. Rejected rows make the exit code 1; the others came in."""
    wanted = _options(store, options)
    with stage([Path(path) for path in options.paths], wanted) as staging:
        if options.dry_run:
            with store.rehearsing() as work:
                outcome = apply(work, staging, company=options.company, branch=options.branch).rehearsed()
        else:
            made: list[Outcome] = []

            def command(work: Work) -> str | None:
                made[:] = [apply(work, staging, company=options.company, branch=options.branch)]
                return made[0].batch

            batch = store.perform("import", command, command_id=options.command_id)
            if not made:
                return {"batch": batch, "is_repeated": True}
            outcome = made[0]
    answer = outcome.json()
    if options.errors:
        write_errors(Path(options.errors), outcome)
        answer["errors_file"] = options.errors
    return answer if outcome.is_clean else Failed(answer)


def _options(store: Store, options: argparse.Namespace) -> ImportOptions:
    """What the command line answers, then the mapping file, then the branch."""
    given = ImportOptions(
        system=options.as_system,
        entity=options.entity,
        date_order=options.date_order,
        currency=options.currency.upper() if options.currency else None,
    )
    wanted = options_from(values.file(options.mapping), given) if options.mapping else given
    check_options(wanted)
    with store.reading() as work:
        require(work, Module.EXCHANGE, Action.CREATE)
        country = default_place(work, options.company, options.branch).branch.country
    return wanted if wanted.country else replace(wanted, country=country)


def imports(store: Store, options: argparse.Namespace) -> Answer:
    del options
    with store.reading() as work:
        found = queries.imports(work)
    return {"count": len(found), "rows": found}


def undo_import(store: Store, options: argparse.Namespace) -> Answer:
    with store.writing() as work:
        done = undo(work, options.batch)
    return done.json()
