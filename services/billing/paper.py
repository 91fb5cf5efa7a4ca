"""The PDF of a document: made once from its frozen view, stored with its hash, never made twice (design.md 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models.billing import Document, StoredFile
from models.organisation import Branch
from services.billing.commands import locked, parties_of
from services.billing.queries import frozen_view
from services.billing.views import billing_address, printed
from services.errors import NotFound
from services.permissions import Action, Module, require, visible
from services.printing.brand import Brand
from services.printing.document import render
from services.printing.view import DocumentView
from services.store import Work


@dataclass(frozen=True, slots=True)
class Paper:
    """`stored` tells whether the book holds these bytes; a draft's are made anew each time."""

    number: str | None
    body: bytes
    sha256: str
    stored: bool


def paper(work: Work, document_id: int) -> Paper:
    """The PDF: the stored one, or one rendered now (call `keep` in a writing unit of work to store it)."""
    require(work, Module.BILLING, Action.VIEW)
    document = work.session.scalar(
        select(Document).where(
            Document.id == document_id, visible(work, Module.BILLING, Document.owner_id, Document.branch_id)
        )
    )
    if document is None:
        raise NotFound("This document is not in the book.")
    if document.pdf_sha256 is not None:
        body = work.session.scalar(select(StoredFile.body).where(StoredFile.sha256 == document.pdf_sha256))
        if body is None:
            raise NotFound(f"The PDF of {document.number} is missing from the book. Run check, restore a backup.")
        return Paper(document.number, body, document.pdf_sha256, stored=True)
    body = render(DocumentView.from_json(_view(work, document)), _brand(work, document))
    return Paper(document.number, body, hashlib.sha256(body).hexdigest(), stored=False)


def keep(work: Work, document_id: int, made: Paper) -> Paper:
    """Store the PDF of an issued document, unless another desk was faster: then the stored one counts."""
    require(work, Module.BILLING, Action.VIEW)
    document = locked(work, document_id)
    if document.number is None:
        return made
    if document.pdf_sha256 is not None:
        return paper(work, document_id)
    if work.session.scalar(select(StoredFile.id).where(StoredFile.sha256 == made.sha256)) is None:
        work.insert(StoredFile, sha256=made.sha256, media_type="application/pdf", size=len(made.body), body=made.body)
    document.pdf_sha256 = made.sha256
    return Paper(document.number, made.body, made.sha256, stored=True)


def _view(work: Work, document: Document) -> dict[str, Any]:
    if document.number is not None:
        return frozen_view(work, document.id)
    parties = parties_of(work, document)
    said = printed(work, document, parties, billing_address(work, parties.customer))
    return said | {"is_draft": True}


def _brand(work: Work, document: Document) -> Brand:
    letterhead = work.session.get_one(Branch, document.branch_id).letterhead or {}
    logo = letterhead.get("logo")
    body = work.session.scalar(select(StoredFile.body).where(StoredFile.sha256 == logo)) if logo else None
    paper_size = "Letter" if letterhead.get("paper") == "Letter" else "A4"
    return Brand(logo=body, paper=paper_size, footer=letterhead.get("footer") or "")  # type: ignore[arg-type]
