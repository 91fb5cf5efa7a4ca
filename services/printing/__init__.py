"""Documents on paper: (document view, brand) -> PDF bytes. Pure: no database, no clock, no network."""

from services.printing.brand import Brand
from services.printing.document import render, render_pdf
from services.printing.view import DocumentView

__all__ = ["Brand", "DocumentView", "render", "render_pdf"]
