"""The UPI payment code of an invoice in rupees (tax.md 1.5; NPCI linking specification 1.6)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

import segno

from services.printing import figures
from services.printing.view import DocumentView

_MASK = 4
"""A fixed mask: every reader takes any, and choosing the prettiest of eight costs 11 ms a document."""

_ADDRESS = re.compile(r"[A-Za-z0-9._-]{2,100}@[A-Za-z0-9.-]{2,64}")
_LONGEST_NAME, _LONGEST_NUMBER = 50, 35

_INVOICES = frozenset({"invoice", "proforma"})


def payment_text(view: DocumentView) -> str:
    """What the code says, or "": nothing to pay, another currency, no valid address to pay to, no number yet."""
    if view.currency != "INR" or view.bank is None or view.kind not in _INVOICES:
        return ""
    if not _ADDRESS.fullmatch(view.bank.upi_vpa):
        return ""
    due = view.totals.due
    if view.is_draft or not view.number or due.startswith("-") or figures.is_zero(due):
        return ""
    payee = _ascii(view.bank.account_name or view.seller.legal_name)[:_LONGEST_NAME] or view.bank.upi_vpa
    number = _ascii(view.number)[:_LONGEST_NUMBER]
    reference = "".join(char for char in number if char.isalnum() or char == "-")
    return (
        f"upi://pay?pa={quote(view.bank.upi_vpa, safe='@')}&pn={quote(payee, safe='')}&am={due}&cu=INR"
        f"&tn={quote(number, safe='')}&tr={reference}"
    )


def code(text: str) -> tuple[tuple[int, ...], ...]:
    """The modules of the QR code, row by row, 1 is dark, without the quiet zone."""
    drawn = segno.make(text, error="m", mode="byte", mask=_MASK, micro=False, boost_error=False)
    return tuple(tuple(row) for row in drawn.matrix)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip()
