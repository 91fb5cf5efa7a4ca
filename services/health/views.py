"""What was frozen at issue: views and files equal their hashes, and say what the columns say."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import select

from models.billing import Document, DocumentLine, FrozenView, StoredFile
from models.values.money import exponent
from services.health.checks import AnyRow, Check, Look, Rule, all_of
from services.health.ledger import DOCUMENT

TOTALS = "gross line_discount document_discount taxable tax tax_charged grand round_off payable prepaid".split()
HOME = "taxable tax tax_charged grand round_off payable".split()
LINE = "gross discount document_discount taxable tax total".split()
SOME = 400

_VIEW_MISSING = Rule(
    f"""
    SELECT {DOCUMENT} AS what FROM document d LEFT JOIN frozen_view v ON v.document_id = d.id
    WHERE d.number IS NOT NULL AND NOT d.is_imported AND (v.id IS NULL OR d.view_sha256 IS NULL) ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what} is issued, but what it said is not kept.",
)
_VIEW_OF_NOTHING = Rule(
    f"""
    SELECT 'frozen view #' || v.id AS what, coalesce({DOCUMENT}, '#' || v.document_id) AS document
    FROM frozen_view v LEFT JOIN document d ON d.id = v.document_id WHERE d.number IS NULL ORDER BY v.id
    """,  # noqa: S608 - our own literals
    "{what} belongs to {document}, which is not issued.",
)
_PDF_MISSING = Rule(
    f"""
    SELECT {DOCUMENT} AS what FROM document d
    WHERE d.pdf_sha256 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM stored_file f WHERE f.sha256 = d.pdf_sha256)
    ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what}: its PDF is not in the book.",
)
_FILE_SIZE = Rule(
    "SELECT 'stored file #' || id AS what, size, length(body) AS found FROM stored_file WHERE size <> length(body)",
    "{what} should have {size} bytes and has {found}.",
)


def _altered(look: Look) -> Iterator[str]:
    """I11: the bytes of every view, and in the deep check the figures in them too."""
    query = (
        select(*_VIEW_COLUMNS, FrozenView.sha256.label("sha256"), FrozenView.body.label("body"))
        .join(Document, Document.id == FrozenView.document_id)
        .order_by(FrozenView.id)
    )
    rows = look.rows(query)
    while block := list(islice(rows, SOME)):
        whole = [(row, text) for row in block if (text := _text_of(row)) is not None]
        sound = {row.id for row, _ in whole}
        yield from (
            f"{_name(row)}: what it said was altered after it was issued." for row in block if row.id not in sound
        )
        if look.deep:
            lines = _lines(look, sorted(sound))
            for row, text in whole:
                yield from _disagreements(row, json.loads(text), lines.get(row.id, []))


_VIEW_COLUMNS = (
    Document.id,
    Document.kind,
    Document.number,
    Document.issued_on,
    Document.due_on,
    Document.currency,
    Document.home_currency,
    Document.view_sha256,
    *(getattr(Document, f"{name}_minor") for name in TOTALS),
    *(getattr(Document, f"home_{name}_minor") for name in HOME),
)


_FIRST_HOME = len(_VIEW_COLUMNS) - len(HOME)
_FIRST_TOTAL = _FIRST_HOME - len(TOTALS)
_HOME_NAMES = [f"home {name}" for name in HOME]


def _text_of(row: AnyRow) -> bytes | None:
    """The view's text, or None where it is not what was hashed at issue."""
    try:
        text = zlib.decompress(row.body)
    except zlib.error:
        return None
    return text if hashlib.sha256(text).hexdigest() == row.sha256 == row.view_sha256 else None


def _name(row: AnyRow) -> str:
    return f"{row.kind} {row.number or f'#{row.id}'}"


def _lines(look: Look, ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    columns = (getattr(DocumentLine, f"{name}_minor") for name in LINE)
    query = select(DocumentLine.document_id, DocumentLine.description, *columns).where(
        DocumentLine.document_id.in_(ids)
    )
    found: dict[int, list[AnyRow]] = {}
    for row in look.connection.execute(query.order_by(DocumentLine.document_id, DocumentLine.no)):
        found.setdefault(row.document_id, []).append(row)
    return found


def _disagreements(row: AnyRow, view: dict[str, Any], lines: list[AnyRow]) -> Iterator[str]:
    """Where the paper and the columns tell different things."""
    said = {
        "number": view["number"],
        "date": view["issued_on"],
        "due date": view["due_on"],
        "currency": view["currency"],
        **{name: view["totals"][name] for name in TOTALS},
        **{f"home {name}": view["home"][name] for name in HOME},
        "lines": [[line["description"], *(line[name] for name in LINE)] for line in view["lines"]],
    }
    kept = {
        "number": row.number,
        "date": row.issued_on.isoformat(),
        "due date": row.due_on.isoformat(),
        "currency": row.currency,
        **dict(zip(TOTALS, _texts(row[_FIRST_TOTAL:_FIRST_HOME], row.currency), strict=True)),
        **dict(zip(_HOME_NAMES, _texts(row[_FIRST_HOME : _FIRST_HOME + len(HOME)], row.home_currency), strict=True)),
        "lines": [[line[1], *_texts(line[2:], row.currency)] for line in lines],
    }
    different = [name for name, value in said.items() if kept[name] != value]
    if different:
        yield f"{_name(row)}: what it said and what is stored differ in {', '.join(different)}."


def _texts(amounts: Sequence[int], currency: str) -> list[str]:
    """As `str(Money(...))` writes them, without making one for each of thirty figures of a million documents."""
    digits = exponent(currency)
    if not digits:
        return [str(minor) for minor in amounts]
    texts = [str(abs(minor)).zfill(digits + 1) for minor in amounts]
    return [
        f"{'-' if minor < 0 else ''}{text[:-digits]}.{text[-digits:]}"
        for minor, text in zip(amounts, texts, strict=True)
    ]


def _altered_files(look: Look) -> Iterator[str]:
    query = select(StoredFile.id, StoredFile.sha256, StoredFile.body).order_by(StoredFile.id)
    if look.deep:
        for row in look.rows(query):
            if hashlib.sha256(row.body).hexdigest() != row.sha256:
                yield f"stored file #{row.id}: its bytes were altered after it was kept."


CHECKS = (
    Check(
        "views_frozen",
        ("I11",),
        "What an issued document said is kept unaltered and is what its columns say",
        "SELECT count(*) FROM document WHERE number IS NOT NULL",
        all_of(_VIEW_MISSING, _VIEW_OF_NOTHING, _altered),
    ),
    Check(
        "files_whole",
        ("I11", "I35"),
        "Files inside the book, the PDFs among them, are there and whole",
        "SELECT count(*) FROM stored_file",
        all_of(_PDF_MISSING, _FILE_SIZE, _altered_files),
    ),
)
