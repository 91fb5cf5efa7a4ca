"""One document as PDF bytes: pure, and the same bytes for the same view and brand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.printing import taxation
from services.printing.brand import PAPERS, Brand
from services.printing.file import PdfFile
from services.printing.head import draw_head
from services.printing.paper import Frame, Paper
from services.printing.table import draw_table
from services.printing.tail import Tail
from services.printing.view import DocumentView


def render(view: DocumentView, brand: Brand) -> bytes:
    """The document on paper. The view is printed as it is: nothing is looked up, no clock is read."""
    width, height = PAPERS[brand.paper]
    title = " ".join(filter(None, (view.title, view.number)))
    file = PdfFile(width, height, title or "Document", view.seller.legal_name)
    paper = Paper(file, _frame(view, brand, title))
    draw_head(paper, view, brand)
    tail = Tail(paper, view)
    draw_table(paper, view, tail.height_of_totals)
    tail.draw()
    paper.finish()
    return file.finished()


def render_pdf(view_json: Mapping[str, Any], brand: Brand) -> bytes:
    """The same from the frozen view's JSON."""
    return render(DocumentView.from_json(view_json), brand)


def _frame(view: DocumentView, brand: Brand, title: str) -> Frame:
    seller = view.seller
    own = " · ".join(filter(None, (seller.legal_name, seller.website)))
    watermark = "DRAFT" if view.is_draft else "TRIAL" if view.is_trial else ""
    return Frame(seller.legal_name, title, " ".join(brand.footer.split()) or own, watermark, _remark(view))


def _remark(view: DocumentView) -> str:
    """Above the title: that the book is a trial, or which copy this is (Rule 48 of the CGST Rules)."""
    if view.is_trial:
        return "Trial book: not a valid document"
    is_tax_invoice = view.kind == "invoice" and taxation.is_gst(view) and taxation.shows_tax(view)
    return "ORIGINAL FOR RECIPIENT" if is_tax_invoice and not view.is_draft else ""
