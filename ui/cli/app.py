"""One run of the command line: arguments in, one answer out, an exit code.

0: done. 1: rejected, or a check failed. 2: wrong use. A UserError is one sentence on standard error; anything else is
our bug: it goes whole into a report beside the person's other files, and a sentence says where.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from platformdirs import user_log_path

from services import book
from services.errors import UserError, WrongUse
from services.files import write_whole
from services.journey.founding import found_book
from services.listing import Asked, rows
from services.organisation.founding import CompanyDraft
from services.store import Clock
from ui.cli.arguments import parser
from ui.cli.handlers import Answer, Failed
from ui.cli.output import as_json, as_text
from ui.cli.registry import LISTS

DONE, REJECTED, WRONG_USE = 0, 1, 2

HANDLERS: dict[str, str] = {
    "list": "handlers.list_records",
    "users": "handlers.list_users",
    "companies": "handlers.list_companies",
    "show": "handlers.show",
    "create": "handlers.create",
    "edit": "handlers.edit",
    "do": "handlers.do",
    "history": "handlers.history",
    "search": "handlers.search",
    "settings": "handlers.show_settings",
    "pdf": "handlers.pdf",
    "import": "files.import_files",
    "imports": "files.imports",
    "undo-import": "files.undo_import",
    "export": "exporting.export",
    "report": "proofs.report",
    "reports": "proofs.reports",
    "check": "proofs.check",
    "backup": "proofs.backup",
    "verify": "proofs.verify",
    "restore": "proofs.restore",
    "fill": "proofs.fill",
}
"""Commands by the function that carries them out, imported when they are asked for: a list needs no Excel."""
WITHOUT_A_BOOK = {"verify", "restore"}
"""Commands that come before there is a book to open."""


def _handler(command: str) -> Callable[..., Answer | Failed]:
    module, name = HANDLERS[command].split(".")
    handler: Callable[..., Answer | Failed] = getattr(import_module(f"ui.cli.{module}"), name)
    return handler


def run(arguments: Sequence[str], *, clock: Clock) -> int:
    """Carry out one command line; answers the exit code."""
    wants_json = "--json" in arguments
    try:
        options = parser().parse_args(_joined(arguments))
        answer = _answer(options, clock)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_USE
    except UserError as error:
        _complain(error, wants_json=wants_json)
        return WRONG_USE if isinstance(error, WrongUse) else REJECTED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing was saved.\n")
        return REJECTED
    except Exception as error:  # noqa: BLE001 - the edge: a bug is reported whole, never as a traceback
        sys.stderr.write(_crash_sentence(error, clock()) + "\n")
        return REJECTED
    failed = isinstance(answer, Failed)
    content = answer.answer if isinstance(answer, Failed) else answer
    _write(sys.stdout, as_json(content) if wants_json else as_text(content))
    return REJECTED if failed else DONE


def _joined(arguments: Sequence[str]) -> list[str]:
    """`--sort -issued_on` as one word: argparse takes what begins with a dash for an option."""
    result: list[str] = []
    for word in arguments:
        if result and result[-1] == "--sort":
            result[-1] = f"--sort={word}"
        else:
            result.append(word)
    return result


def _answer(options: argparse.Namespace, clock: Clock) -> Answer | Failed:
    if options.command == "new":
        return _new(options, clock)
    if options.command in WITHOUT_A_BOOK:
        return _handler(options.command)(options, clock)
    store = book.open_book(options.book, clock=_clock(options, clock), actor=options.actor)
    try:
        if options.at and not book.is_trial(store):
            raise WrongUse("--at sets the clock only in books that were made with: new --trial")
        if store.mended:
            sys.stderr.write(f"Guards of the book were missing and were made again: {', '.join(store.mended)}.\n")
        return _handler(options.command)(store, options)
    finally:
        store.close()


def _new(options: argparse.Namespace, clock: Clock) -> Answer:
    draft = CompanyDraft(
        name=options.name,
        country=options.country,
        code=options.code.upper(),
        currency=options.currency,
        state=options.state,
        tax_id=options.tax_id,
        scheme=options.scheme,
        address=options.address,
        fiscal_year_start=options.fiscal_year_start,
        time_zone=options.time_zone,
    )
    store = book.create(
        options.book,
        clock=_clock(options, clock),
        is_trial=options.trial,
        found=lambda work: found_book(work, draft, owner=options.owner),
    )
    with store.reading() as work:
        companies = rows(work, LISTS["companies"], Asked(limit=0))
        branches = rows(work, LISTS["branches"], Asked(limit=0))
    store.close()
    return {"book": options.book, "is_trial": options.trial, "companies": companies, "branches": branches}


def _clock(options: argparse.Namespace, clock: Clock) -> Clock:
    if not options.at:
        return clock
    try:
        moment = dt.datetime.fromisoformat(options.at)
    except ValueError:
        raise WrongUse(f"--at {options.at!r} is no time. Write it as 2026-03-31T09:00+04:00.") from None
    if moment.tzinfo is None:
        raise WrongUse("--at needs the offset of its time zone, such as 2026-03-31T09:00+04:00.")
    if not 1900 <= moment.year <= 2199:
        raise WrongUse(f"--at: the year {moment.year:04d} is outside 1900 to 2199.")
    return lambda: moment


def _complain(error: UserError, *, wants_json: bool) -> None:
    sentence = " ".join(str(error).split())
    if wants_json:
        problems = list(getattr(error, "problems", ()))
        _write(sys.stdout, as_json({"ok": False, "error": sentence, "problems": problems}))
    _write(sys.stderr, sentence)


def _crash_sentence(error: Exception, now: dt.datetime) -> str:
    """Keep a report of the bug; what went wrong in full goes there and nowhere else."""
    report = "".join(traceback.format_exception(error))
    path: Path = user_log_path("throughline", appauthor=False) / f"crash-{now:%Y%m%d-%H%M%S}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, report.encode("utf-8", "replace"))
    except (OSError, UserError):
        return f"The program made a mistake ({type(error).__name__}) and stopped. Nothing of this command was saved."
    return (
        f"The program made a mistake ({type(error).__name__}) and stopped. Nothing of this command was saved. "
        f"The report is in {path}; send it to us if you like."
    )


def _write(stream: Any, text: str) -> None:
    """Text that the terminal's encoding cannot show is escaped, never an error."""
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        stream.write(
            text.encode(stream.encoding or "ascii", "backslashreplace").decode(stream.encoding or "ascii") + "\n"
        )
