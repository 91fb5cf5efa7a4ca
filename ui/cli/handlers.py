"""What each command does: opens nothing, prints nothing; takes a session of work and answers a JSON value."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services import settings
from services.billing import commands as billing
from services.drafts import nearest
from services.errors import InvalidValue, UserError, WrongUse
from services.files import write_whole
from services.history_queries import changes_of
from services.listing import Asked, conditions, count, rows
from services.records import RecordKind
from services.search.queries import find
from services.store import Store, Work
from ui.cli import values
from ui.cli.registry import LISTS, RECORDS

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """An answer that is whole but says no: printed like any other, with exit code 1."""

    answer: Answer


def record_kind(name: str) -> RecordKind:
    kind = name.replace("-", "_")
    if kind in RECORDS:
        return RECORDS[kind]
    raise WrongUse(f"There is no kind of record {name}.{nearest(kind, RECORDS)} Kinds: {', '.join(RECORDS)}.")


def list_records(store: Store, options: argparse.Namespace) -> Answer:
    listing = LISTS.get(options.name)
    if listing is None:
        raise WrongUse(f"There is no list {options.name}.{nearest(options.name, LISTS)} Lists: {', '.join(LISTS)}.")
    limit = values.whole_number(options.limit, "--limit")
    asked = Asked(conditions(options.where), options.sort, limit)
    with store.reading() as work:
        return {"count": count(work, listing, asked), "rows": rows(work, listing, asked)}


def list_users(store: Store, options: argparse.Namespace) -> Answer:
    return _whole_list(store, options, "users")


def list_companies(store: Store, options: argparse.Namespace) -> Answer:
    return _whole_list(store, options, "companies")


def _whole_list(store: Store, options: argparse.Namespace, name: str) -> Answer:
    options.name, options.where, options.sort, options.limit = name, "", "", "0"
    return list_records(store, options)


def show(store: Store, options: argparse.Namespace) -> Answer:
    kind = record_kind(options.kind)
    with store.reading() as work:
        return kind.show(work, kind.find(work, options.ref))


def create(store: Store, options: argparse.Namespace) -> Answer:
    kind = record_kind(options.kind)
    if kind.create is None:
        raise WrongUse(f"A {kind.kind.replace('_', ' ')} is not made by hand.")
    given = _given(options)
    for name in ("company", "branch"):
        if getattr(options, name, None) and kind.kind in PLACED:
            given.setdefault(name, getattr(options, name))
    make = kind.create

    def command(work: Work) -> int:
        record_id = make(work, given)
        if options.issue:
            _issue(work, kind, record_id)
        return record_id

    record_id = store.perform(f"create {kind.kind}", command, command_id=options.command_id)
    with store.reading() as work:
        return kind.show(work, record_id)


PLACED = {"customer", "deal", "estimate", "invoice", "payment", "series"}
"""Kinds that belong to a branch, so that --company and --branch choose where."""


def _issue(work: Work, kind: RecordKind, record_id: int) -> None:
    if "issue" not in kind.verbs:
        raise WrongUse(f"A {kind.kind} is not issued.")
    billing.issue(work, record_id)


def edit(store: Store, options: argparse.Namespace) -> Answer:
    kind = record_kind(options.kind)
    if kind.edit is None:
        raise WrongUse(f"A {kind.kind.replace('_', ' ')} is not changed this way.")
    change, given = kind.edit, _given(options)
    if not given:
        raise WrongUse("Name what changes: --set FIELD=VALUE.")

    def command(work: Work) -> int:
        record_id = kind.find(work, options.ref)
        change(work, record_id, given)
        return record_id

    record_id = store.perform(f"edit {kind.kind}", command, command_id=options.command_id)
    with store.reading() as work:
        return kind.show(work, record_id)


def do(store: Store, options: argparse.Namespace) -> Answer:
    kind = record_kind(options.kind)
    verb = kind.verbs.get(options.verb.replace("-", "_"))
    if verb is None:
        known = ", ".join(kind.verbs) or "none"
        raise WrongUse(
            f"A {kind.kind.replace('_', ' ')} knows no verb {options.verb}.{nearest(options.verb, kind.verbs)} "
            f"Verbs: {known}."
        )
    given = _given(options)

    def command(work: Work) -> list[int | None]:
        record_id = kind.find(work, options.ref)
        return [record_id, verb(work, record_id, given)]

    subject, made = store.perform(f"{options.verb} {kind.kind}", command, command_id=options.command_id)
    assert subject is not None
    if options.verb == "delete":
        return {"kind": kind.kind, "id": subject, "deleted": True}
    with store.reading() as work:
        made_kind = kind.makes.get(options.verb)
        if made is None or made_kind is None:
            return kind.show(work, subject)
        source = kind.show(work, subject)
        reference = {"kind": kind.kind, "id": subject, "number": source.get("number")}
        return RECORDS[made_kind].show(work, made) | {"made_from": reference}


def history(store: Store, options: argparse.Namespace) -> Answer:
    kind = record_kind(options.kind)
    with store.reading() as work:
        record_id = kind.find(work, options.ref)
        return {"kind": kind.kind, "id": record_id, "changes": changes_of(work, kind.listing, record_id)}


def search(store: Store, options: argparse.Namespace) -> Answer:
    with store.reading() as work:
        hits = find(work, options.text)
    found = [
        {"kind": hit.kind, "id": hit.id, "title": hit.title, "words": hit.words, "score": hit.score} for hit in hits
    ]
    return {"count": len(found), "rows": found}


def show_settings(store: Store, options: argparse.Namespace) -> Answer:
    if options.changes:
        changes = [text.partition("=") for text in options.changes]
        if any(not separator for _, separator, _ in changes):
            raise WrongUse("Write a setting as SECTION.NAME=VALUE, such as billing.round_off=true.")
        with store.writing() as work:
            for key, _, value in changes:
                settings.change(work, key.strip(), value)
    with store.reading() as work:
        return settings.everything(work)


def pdf(store: Store, options: argparse.Namespace) -> Answer:
    folder = Path(options.out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidValue(f"The folder {folder} cannot be made: {error.strerror}.") from None
    return {"files": [_one_pdf(store, number, folder) for number in options.numbers]}


def _one_pdf(store: Store, ref: str, folder: Path) -> Answer:
    from services.billing import paper

    with store.reading() as work:
        document_id = _document_id(work, ref)
        made = paper.paper(work, document_id)
    if made.number is not None and not made.stored:
        kept = made
        with store.writing() as work:
            made = paper.keep(work, document_id, kept)
    name = re.sub(r"[^A-Za-z0-9-]", "-", made.number or f"draft-{document_id}")
    target = folder / f"{name}.pdf"
    write_whole(target, made.body)
    return {"number": made.number, "path": str(target), "sha256": made.sha256}


def _document_id(work: Work, ref: str) -> int:
    problem: UserError | None = None
    for kind in ("invoice", "estimate"):
        try:
            return RECORDS[kind].find(work, ref)
        except UserError as error:
            problem = problem or error
    assert problem is not None
    raise problem


def _given(options: argparse.Namespace) -> dict[str, Any]:
    given = values.file(options.source) if getattr(options, "source", None) else {}
    set_values = values.pairs(options.values)
    doubled = set(given) & set(set_values)
    if doubled:
        raise WrongUse(f"{min(doubled)} stands in the file and in --set.")
    given |= set_values
    if getattr(options, "allocate", None):
        given["allocate"] = [_allocation(text) for text in options.allocate]
    return given


def _allocation(text: str) -> Mapping[str, str]:
    document, separator, amount = text.rpartition("=")
    if not separator or not document:
        raise WrongUse(f"{text!r} is no allocation. Write NUMBER=AMOUNT, such as INV-2026-0001=60.00.")
    return {"document": document.strip(), "amount": amount.strip()}
