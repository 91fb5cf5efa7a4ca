"""What stands on the paper: the items that the law asks for, sums that add up, pages that hold together."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
from PIL import Image

from models.values.errors import InvalidValue
from services.printing import Brand, DocumentView, figures, render, render_pdf, upi
from services.printing.brand import logo_picture
from tests.services.printing.reading import page_texts, squeezed, text_of
from tests.services.printing.samples import india, uae


def _printed(view: dict[str, Any]) -> str:
    return text_of(render_pdf(view, Brand()))


def _logo(size: tuple[int, int] = (300, 100), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (60, 80, 200)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("count", [0, 1, 2, 20, 300])
@pytest.mark.parametrize("sample", [uae, india])
def test_every_line_stands_once_and_the_head_on_every_page_with_lines(count: int, sample: Any) -> None:
    pages = page_texts(render_pdf(sample(count), Brand()))
    rows = [number for page in pages for number in re.findall(r"^(\d+) (?:Acc|Wire|Inst|Rack)", page, re.MULTILINE)]

    assert rows == [str(i + 1) for i in range(count)]
    for i, page in enumerate(pages, 1):
        assert f"Page {i} of {len(pages)}" in page
        if re.search(r"^\d+ (?:Acc|Wire|Inst|Rack)", page, re.MULTILINE):
            assert "# Description" in page


@pytest.mark.parametrize("count", range(1, 45))
def test_the_total_never_stands_alone(count: int) -> None:
    pages = page_texts(render_pdf(uae(count), Brand()))
    page = next(page for page in pages if "Total due" in page)

    assert re.search(r"^\d+ (?:Acc|Wire|Inst|Rack)", page, re.MULTILINE)


def test_the_total_keeps_the_end_of_a_row_taller_than_a_page() -> None:
    view = uae(1)
    view["lines"][0]["description"] = "\n".join(f"step {i}" for i in range(103))
    pages = page_texts(render_pdf(view, Brand()))

    assert len(pages) > 1
    assert "step 102" in pages[-1] and "Total due" in pages[-1]
    assert all(f"step {i}" in "".join(pages) for i in range(103))


def test_sums_are_carried_over_the_page() -> None:
    first, second = page_texts(render_pdf(uae(30), Brand()))[:2]
    [carried] = re.findall(r"Carried forward (.*)", first)
    [brought] = re.findall(r"Brought forward (.*)", second)

    assert carried.strip() == brought.strip()
    nets = re.findall(r"([\d,]+\.\d\d) 5% [\d,.]+ [\d,.]+", first)
    assert carried.split()[1] == f"{sum(Decimal(net.replace(',', '')) for net in nets):,}"


def test_the_same_view_gives_the_same_bytes() -> None:
    view, brand = india(20, mixed=True), Brand(logo=_logo(), footer="Branch")
    first = render_pdf(view, brand)
    render_pdf(uae(5) | {"notes": "क्षत्रिय شركة 字"}, Brand())

    assert render_pdf(view, brand) == first
    assert render(DocumentView.from_json(view), brand) == first


def test_every_font_is_embedded_and_cut_down() -> None:
    pdf = render_pdf(india(20, is_inter=True), Brand())
    names = set(re.findall(rb"/FontName /(\S+)", pdf))

    assert names and all(re.fullmatch(rb"[A-Z]{6}\+\S+", name) for name in names)
    assert len(re.findall(rb"/FontFile2 ", pdf)) == len(names)
    assert b"Helvetica" not in pdf
    assert len(pdf) < 70_000


def test_uae_tax_invoice_in_its_own_currency() -> None:
    """Art. 59 of the VAT Executive Regulation, item by item."""
    printed = _printed(uae(4))

    for item in (
        "Tax Invoice",
        "Meridian Systems LLC",
        "TRN 100357190400003",
        "Al Noor Trading LLC",
        "TRN 100482216700003",
        "INV-26-00418",
        "12 Oct 2026",
        "8 Oct 2026",
        "Access switch, 48-port PoE",
        "4,850.00 29,100.00 5% 1,455.00 30,555.00",
        "690.00",
        "Total due, AED 51,450.54",
        "VAT 5% 2,450.03",
    ):
        assert item in printed, item
    assert "Exchange rate" not in printed and "in AED" not in printed


def test_uae_invoice_in_dollars_names_rate_and_dirhams() -> None:
    view = uae(4, currency="USD", fx="3.6725", zero_rated=1)
    printed = _printed(view)

    assert "1 USD = 3.6725 AED, CBUAE, 8 Oct 2026" in printed
    assert "In AED at 3.6725 (CBUAE, 8 Oct 2026)" in printed
    assert "5,343.49" in printed  # VAT of the first line in dirhams
    assert f"VAT {figures.amount(view['home']['tax'], 'AED')}" in printed
    assert f"Total, AED {figures.amount(view['home']['payable'], 'AED')}" in printed
    assert "VAT 0%, zero-rated 0.00" in printed
    assert re.search(r"Standard rate 5% [\d,.]+ [\d,.]+ [\d,.]+ 8,937.03", printed)


def test_date_of_supply_only_where_it_differs() -> None:
    assert "Date of supply" not in _printed(uae(1) | {"supplied_on": "2026-10-12"})


def test_india_within_a_state() -> None:
    """Rule 46 of the CGST Rules."""
    printed = _printed(india(4))

    for item in (
        "ORIGINAL FOR RECIPIENT",
        "GSTIN 27AAKCM4821L1Z4",
        "GSTIN 27AADCS7710K1Z5",
        "PN/26-27/00214",
        "23-Nov-2026",
        "Maharashtra (27)",
        "Reverse charge: No",
        "HSN/SAC",
        "851762",
        "6 pieces",
        "38 hours",
        "CGST 9%",
        "SGST 9%",
        "Total due, INR ₹ 57,820.61",
        "851762 18% 42,210.00 3,798.90 3,798.90 7,597.80",
    ):
        assert item in printed, item
    assert "IGST" not in printed and "Cess" not in printed


def test_india_between_states_and_in_a_union_territory() -> None:
    inter = _printed(india(4, is_inter=True))
    chandigarh = _printed(india(4) | {"place_of_supply": "04", "place_of_supply_name": "Chandigarh"})

    assert "IGST 18%" in inter and "CGST" not in inter and "Karnataka (29)" in inter
    assert "UTGST 9%" in chandigarh and "SGST 9%" not in chandigarh.replace("UTGST", "")


def test_india_shows_each_rate_and_cess_where_there_is_one() -> None:
    printed = _printed(india(6, mixed=True, cess="1"))

    assert "CGST 2.5%" in printed and "CGST 9%" in printed and "Cess 1%" in printed


def test_india_in_dollars_shows_each_tax_in_rupees() -> None:
    view = india(2, is_inter=True, mixed=True) | {"currency": "USD"}
    view["lines"][0]["taxes"][0]["home_amount"] = "435409.00"
    printed = _printed(view)

    assert "in INR" in printed and "4,35,409.00" in printed


def test_rupees_stand_in_lakhs() -> None:
    assert figures.amount("123456789.50", "INR") == "12,34,56,789.50"
    assert figures.amount("-123456789.50", "AED") == "−123,456,789.50"
    assert figures.amount("999", "INR") == "999"
    assert "₹ 43,96,796.55" in _printed(india(300))


@pytest.mark.parametrize(
    ("code", "count", "words"), [("HUR", "1", "hour"), ("HUR", "2.5", "hours"), ("NOS", "4", "NOS"), ("", "1", "")]
)
def test_units_are_words(code: str, count: str, words: str) -> None:
    assert figures.unit(code, count) == words


def test_prices_keep_the_decimals_they_have() -> None:
    assert figures.price("33.335", "AED", 2) == "33.335"
    assert figures.price("170", "AED", 2) == "170.00"
    assert figures.price("1.2", "BHD", 3) == "1.200"


def test_the_upi_code_says_who_how_much_and_for_what() -> None:
    text = upi.payment_text(DocumentView.from_json(india(1)))
    query = parse_qs(urlsplit(text).query)

    assert text.startswith("upi://pay?pa=meridian@examplebank&pn=Meridian%20Systems%20India%20Pvt%20Ltd&am=34338.00")
    assert query["tn"] == ["PN/26-27/00214"] and query["tr"] == ["PN26-2700214"] and query["cu"] == ["INR"]
    assert "Pay by UPI" in _printed(india(1))


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "USD"},
        {"bank": None},
        {"bank": {"upi_vpa": "no address"}},
        {"is_draft": True},
        {"kind": "estimate"},
        {"totals": {"due": "0.00"}},
        {"totals": {"due": "-5.00"}},
    ],
)
def test_no_upi_code_where_there_is_nothing_to_pay_that_way(change: dict[str, Any]) -> None:
    assert upi.payment_text(DocumentView.from_json(india(1) | change)) == ""


def test_draft_and_trial_are_marked_on_every_page() -> None:
    draft = page_texts(render_pdf(uae(40) | {"is_draft": True, "number": None}, Brand()))
    trial = page_texts(render_pdf(uae(40) | {"is_trial": True}, Brand()))

    assert all("DRAFT" in page for page in draft)
    assert all("TRIAL" in page and "Trial book: not a valid document" in page for page in trial)


def test_reverse_charge_is_shown_and_not_added() -> None:
    view = uae(1) | {"is_reverse_charge": True, "reverse_charge_note": "The recipient accounts for the tax, Art. 48."}
    view["totals"] = view["totals"] | {"tax_charged": "0.00", "grand": "29100.00", "due": "29100.00"}
    printed = _printed(view)

    assert "VAT 5%, reverse charge, not added 1,455.00" in printed
    assert "Total due, AED 29,100.00" in printed
    assert "The recipient accounts for the tax, Art. 48." in printed


def test_advance_round_off_and_document_discount_lead_to_what_is_due() -> None:
    view = india(2)
    view["totals"] |= {
        "document_discount": "10.00",
        "round_off": "-0.20",
        "payable": "49794.00",
        "prepaid": "9794.00",
        "due": "40000.00",
    }
    printed = _printed(view)

    for row in (
        "Discount on the whole −10.00",
        "Round off −0.20",
        "Total 49,794.00",
        "Advance received −9,794.00",
        "₹ 40,000.00",
    ):
        assert row in printed, row


def test_bill_of_supply_and_unregistered_invoice_have_no_tax() -> None:
    bill = _printed(india(2) | {"title": "Bill of Supply", "document_type": "bill_of_supply"})
    view = uae(1) | {"title": "Invoice", "document_type": "invoice"}
    view["seller"] = view["seller"] | {"tax_id": ""}
    view["lines"] = [line | {"tax": "0.00", "taxes": [], "category": "O"} for line in view["lines"]]
    view["totals"] = view["totals"] | {"tax": "0.00", "due": "29100.00"}
    unregistered = _printed(view)

    assert "CGST" not in bill and "Tax by" not in bill
    assert "VAT" not in unregistered and "Amount, AED" in unregistered


def test_export_endorsement_estimate_and_credit_note() -> None:
    endorsement = "SUPPLY MEANT FOR EXPORT UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"
    export = _printed(india(1, is_inter=True) | {"endorsement": endorsement})
    estimate = _printed(uae(1) | {"kind": "estimate", "title": "Estimate", "due_on": None, "valid_until": "2026-11-01"})
    original = {"number": "INV-26-00001", "amount": "100.00"}
    credit = _printed(uae(1) | {"kind": "credit_note", "title": "Tax Credit Note", "originals": [original]})

    assert squeezed(endorsement) in squeezed(export)
    assert "Valid until" in estimate and "1 Nov 2026" in estimate and "Total due" not in estimate
    assert "corrects INV-26-00001, AED 100.00" in credit and "Total credit" in credit


def test_the_largest_amounts_still_fit_their_columns() -> None:
    view = uae(2)
    largest = "90000000000000.00"
    keys = ("gross", "discount", "taxable", "tax", "total", "unit_price")
    view["lines"] = [line | dict.fromkeys(keys, largest) for line in view["lines"]]
    view["totals"] = dict.fromkeys(view["totals"], largest)

    assert "90,000,000,000,000.00" in _printed(view)


def test_what_is_missing_is_left_out() -> None:
    assert "Invoice" in _printed({})
    assert "Page 1 of 1" in _printed({"lines": [{}], "seller": None, "customer": {}, "totals": {}, "home": None})


@pytest.mark.parametrize(("paper", "size"), [("A4", (595.3, 841.9)), ("Letter", (612.0, 792.0))])
def test_paper_sizes(paper: Any, size: tuple[float, float]) -> None:
    document = pypdfium2.PdfDocument(render_pdf(uae(1), Brand(paper=paper)))

    assert document.get_page_size(0) == pytest.approx(size, abs=0.1)
    document.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_decoded_and_made_small(kind: str) -> None:
    picture = logo_picture(_logo((3000, 900), kind))

    assert (picture.width, picture.height) == (640, 192)
    assert b"/Subtype /Image" in render_pdf(uae(1), Brand(logo=_logo(kind=kind)))


@pytest.mark.parametrize("logo", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n broken", _logo(kind="GIF"), _logo()[:60]])
def test_a_logo_that_is_no_picture_is_refused_in_words(logo: bytes) -> None:
    with pytest.raises(InvalidValue, match="not a PNG or JPEG"):
        render_pdf(uae(1), Brand(logo=logo))
