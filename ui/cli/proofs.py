"""Reports, checks and backups: what proves the book."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from models.values.period import business_day
from services import backup as backups
from services import health
from services.contents import Contents
from services.exchange.export import write_report
from services.files import write_whole
from services.reports.definition import ReportOptions
from services.reports.paper import report_pdf
from services.reports.report import reports as list_reports
from services.reports.report import run
from services.restore import restore as restore_book
from services.store import Clock, Store
from ui.cli.handlers import Answer, Failed
from ui.cli.values import whole_number


def report(store: Store, options: argparse.Namespace) -> Answer | Failed:
    asked = ReportOptions(
        as_of=_day(options.as_of, "--as-of"),
        date_from=_day(options.date_from, "--from"),
        date_to=_day(options.date_to, "--to"),
        branch=options.branch,
        company=options.company,
    )
    with store.reading() as work:
        answer = run(work, options.name, asked)
        at, by = work.now, work.actor.name
    if options.pdf:
        write_whole(Path(options.pdf), report_pdf(answer, firm=", ".join(answer.companies), at=at, by=by))
    if options.xlsx:
        write_report(answer, Path(options.xlsx), at=at, by=by)
    return Failed(answer.json()) if answer.check.ok is False else answer.json()


def reports(store: Store, _options: argparse.Namespace) -> Answer:
    with store.reading() as work:
        return {"reports": list_reports(work)}


def check(store: Store, options: argparse.Namespace) -> Answer | Failed:
    results = health.check(store, deep=options.deep)
    checks = [{"name": one.name, "ok": one.ok, "checked": one.checked, "failed": list(one.failed)} for one in results]
    answer = {"ok": all(one.ok for one in results), "checks": checks}
    return answer if answer["ok"] else Failed(answer)


def backup(store: Store, options: argparse.Namespace) -> Answer:
    made = backups.backup(store, Path(options.file))
    return {
        "path": str(made.path),
        "size": made.size,
        "sha256": made.sha256,
        "chain_head": made.chain_head,
        "counts": made.counts,
        "totals": made.totals,
        "last_numbers": made.last_numbers,
        "taken_at": made.taken_at,
    }


def verify(options: argparse.Namespace, clock: Clock) -> Answer | Failed:
    tested = backups.verify(Path(options.file), clock=clock)
    answer: dict[str, Any] = {
        "ok": tested.ok,
        "path": str(tested.path),
        "size": tested.size,
        "sha256": tested.sha256,
        "has_manifest": tested.has_manifest,
        "taken_at": tested.taken_at,
        "problems": list(tested.problems),
    }
    if tested.contents is not None:
        answer |= _contents(tested.contents)
    return answer if tested.ok else Failed(answer)


def restore(options: argparse.Namespace, clock: Clock) -> Answer:
    done = restore_book(Path(options.file), options.book, clock=clock, actor=options.actor)
    return {
        "path": str(done.path),
        "restored_from": str(done.restored_from),
        "kept_as": str(done.kept_as) if done.kept_as else None,
        "sha256": done.sha256,
        **_contents(done.contents),
    }


def fill(store: Store, options: argparse.Namespace) -> Answer:
    from services.filling import fill as fill_book

    filled = fill_book(
        store,
        customers=whole_number(options.customers, "--customers", least=1, most=1_000_000),
        invoices=whole_number(options.invoices, "--invoices", least=0, most=10_000_000),
        seed=whole_number(options.seed, "--seed", most=2**31),
        company=options.company,
        branch=options.branch,
    )
    answer: Answer = filled.json()
    return answer


def _contents(contents: Contents) -> Answer:
    return {"counts": contents.counts, "totals": contents.totals, "last_numbers": contents.last_numbers}


def _day(text: str | None, option: str) -> dt.date | None:
    return None if text is None else business_day(text, option)
