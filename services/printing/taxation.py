"""What the law of the seller's country asks of the table and the sums: names of taxes, columns, groups.

India: Rule 46 of the CGST Rules (tax.md 1.1). United Arab Emirates: Art. 59 of the VAT Executive Regulation (tax.md 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from models.values import decimals
from services.printing import figures
from services.printing.view import DocumentView, Line, TaxGroup

UNION_TERRITORIES = frozenset({"04", "26", "31", "35", "38", "97"})
"""Union territories without a legislature: UTGST takes the place of SGST there (tax.md 1.1)."""

_COMPONENT_ORDER = ("cgst", "sgst", "igst", "cess", "vat")

_CATEGORIES = {
    "S": "Standard rate",
    "Z": "Zero-rated",
    "E": "Exempt",
    "O": "Out of scope",
    "AE": "Reverse charge",
}


@dataclass(frozen=True, slots=True)
class TaxSum:
    """One tax of the document at one rate."""

    name: str
    rate: str
    amount: str


def shows_tax(view: DocumentView) -> bool:
    """A bill of supply and an unregistered firm's invoice carry no tax columns."""
    if view.document_type == "bill_of_supply" or view.title.casefold() == "bill of supply":
        return False
    return bool(view.seller.tax_id) or not figures.is_zero(view.totals.tax)


def is_gst(view: DocumentView) -> bool:
    return view.country == "IN"


def tax_word(view: DocumentView) -> str:
    """The general name of the tax: GST, VAT, or the first component's own."""
    if view.country in {"IN", "AE"}:
        return {"IN": "GST", "AE": "VAT"}[view.country]
    names = components(view)
    return component_name(view, names[0]) if names else "Tax"


def component_name(view: DocumentView, component: str) -> str:
    if component == "sgst" and (view.place_of_supply or view.seller.state) in UNION_TERRITORIES:
        return "UTGST"
    return "Cess" if component == "cess" else component.upper()


def components(view: DocumentView) -> list[str]:
    """The components that the document has columns for; India's pair or IGST even where every rate is zero."""
    found = {tax.component for line in view.lines for tax in line.taxes}
    found |= {name for group in view.tax_groups for name, _ in group.components}
    found.discard("")
    if "cess" in found and all(_is_idle(line, "cess") for line in view.lines):
        found.discard("cess")
    if is_gst(view) and not found & {"cgst", "sgst", "igst"}:
        found |= {"igst"} if view.is_inter_state else {"cgst", "sgst"}
    return sorted(found, key=lambda name: (_COMPONENT_ORDER.index(name) if name in _COMPONENT_ORDER else 9, name))


def _is_idle(line: Line, component: str) -> bool:
    tax = line.component(component)
    return tax is None or (figures.is_zero(tax.rate) and figures.is_zero(tax.amount))


def rate_label(category: str, rate: str) -> str:
    """5%, or the word for a line that has no rate."""
    if category == "E":
        return "Exempt"
    if category == "O":
        return "–"
    return figures.percent(rate)


def group_label(view: DocumentView, group: TaxGroup) -> str:
    """VAT 5%; VAT 0%, zero-rated; Exempt from VAT."""
    word = tax_word(view)
    if group.category == "E":
        return f"Exempt from {word}"
    if group.category == "O":
        return f"Outside the scope of {word}"
    label = f"{word} {figures.percent(group.rate)}"
    return f"{label}, zero-rated" if group.category == "Z" else label


def category_label(group: TaxGroup) -> str:
    """Standard rate 5%, Zero-rated, ...: a row of the summary."""
    word = _CATEGORIES.get(group.category, "Rate")
    return f"{word} {figures.percent(group.rate)}" if group.category in {"S", ""} else word


def tax_sums(view: DocumentView) -> list[TaxSum]:
    """The document's tax by component and rate; for one-component taxes by group."""
    if not is_gst(view):
        return [TaxSum(group_label(view, group), group.rate, group.tax) for group in view.tax_groups]
    sums: dict[tuple[str, str], Decimal] = {}
    for line in view.lines:
        for tax in line.taxes:
            key = (tax.component, str(decimals.plain(decimals.parse(tax.rate, "rate"))))
            sums[key] = sums.get(key, Decimal(0)) + decimals.parse(tax.amount, "tax")
    shown = [
        TaxSum(f"{component_name(view, component)} {rate}%", rate, str(sums[component, rate]))
        for component, rate in sorted(sums, key=lambda key: (_order(key[0]), Decimal(key[1])))
    ]
    return [tax for tax in shown if not (figures.is_zero(tax.amount) and figures.is_zero(tax.rate))]


def _order(component: str) -> int:
    return _COMPONENT_ORDER.index(component) if component in _COMPONENT_ORDER else len(_COMPONENT_ORDER)
