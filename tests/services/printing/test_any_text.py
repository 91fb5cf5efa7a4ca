"""Any text prints: what people type or paste comes out as typed, in every field, in time (reliability.md)."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.printing import Brand, render_pdf
from services.printing.direction import stretches
from services.printing.faces import Weight, shape
from services.printing.sheet import Style, width
from services.printing.typeset import wrapped
from tests.services.printing.reading import squeezed, text_of
from tests.services.printing.samples import india, uae

READABLE = [
    "A<B Trading",
    "<script>alert('x')</script>",
    '<img src="/etc/passwd"/>',
    "<para><b>bold</b></para>",
    "Tom & Jerry &amp; Sons",
    "&lt;&#65;&#x41;&nbsp;",
    "</para><br/>]]>",
    "<a href='file:///etc/passwd'>x</a>",
    "{0.__class__} %s %d {{x}}",
    "=HYPERLINK(1)",
    "@SUM(1+1)",
    "'; DROP TABLE document; --",
    "C:\\Windows\\(x86)\\file",
    "(unbalanced ) parentheses (",
    ") Tj ET Q endstream endobj",
    "<</Type /Catalog>>",
    "%PDF-1.7 %%EOF",
    "-> => <= != ... -- ---",
    "fi fl ffi ffl office affluent",
    "AVAToTyWa.,;:!?",
    "Ærøskøbing Straße Łódź Győr",
    "İstanbul Diyarbakır ığüşöç",
    "Ελληνικά Ψυχή",
    "Москва Київ Ђурђевак",
    "Việt Nam Đường Phố",
    "₹ € £ ¥ $ ¢ ₺ ₽",
    "½ ¼ ¾ ² ³ © ® ™ § ¶ † ‡",
    "“quoted” ‘single’ «guillemets» – — …",
    "e\u0301le\u0300ve",
    "0123456789 11,11,111.11",
    "INV/26-27/00001",
    "a_b*c`d~e^f|g",
    "x" * 300,
    "lorem ipsum " * 40,
    "हिन्दी निर्माण कंपनी प्राइवेट लिमिटेड",
    "क्षत्रिय ज्ञान श्री किर्ति",
]

WILD = [
    "invoice\u202egpj.exe",
    "\u202dLRO\u202c \u2066isolate\u2069",
    "zero\u200bwidth\u200cjoin\u200der\ufeff",
    "soft\u00adhyphen",
    "\u200f\u200e\u061c",
    "شركة النور للتجارة ذ.م.م",
    "مُحَمَّد بن راشد",
    "Al Noor (النور) 12 LLC - فرع 3",
    "عربي 123 English ٤٥٦ עברית",
    "中文公司名称有限公司",
    "日本語カタカナ한국어",
    "🏗️👩‍👩‍👧‍👦🇦🇪 emoji",
    "தமிழ் తెలుగు ಕನ್ನಡ ไทย",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "\x00\x01\x07\x1b[31mred\x7f",
    "\ud800 lone \udfff surrogates",
    "\ufffe\uffff\U0010ffff\ue000",
    "\U0001d400\U00020000\U000e0041",
    "line\nbreak\r\nand\ttab\vand\fform\u2028feed\u2029",
    "\u0301starts with a mark",
    "्ि alone",
    "   ",
    "\n\n\n",
    "𝕿𝖍𝖊 𝖖𝖚𝖎𝖈𝖐",
]


def _everywhere(text: str) -> dict[str, Any]:
    """A document with `text` in every field that a person can fill."""
    view = india(3)
    party = {"legal_name": text, "trade_name": f"{text}.", "email": text, "phone": text, "tax_id": text}
    address = {"street": text, "extra": text, "city": text, "pin": text, "state": text}
    for key in ("seller", "customer"):
        view[key] = view[key] | party | {"address": address, "state_name": text}
    view["delivery"] = {"legal_name": text, "address": address, "country": "IN"}
    view["bank"] = dict.fromkeys(
        ("bank_name", "account_name", "account_number", "iban", "swift", "ifsc", "branch"), text
    )
    view["bank"]["upi_vpa"] = text
    view["lines"] = [line | {"description": text, "hsn": text[:20], "unit": text[:12]} for line in view["lines"]]
    keys = ("number", "po_number", "payment_terms", "notes", "terms", "endorsement", "reverse_charge_note", "title")
    return view | dict.fromkeys(keys, text) | {"belongs_to": {"estimate": text, "deal": text}}


@pytest.mark.parametrize("text", READABLE)
def test_what_is_typed_is_what_is_read(text: str) -> None:
    view = uae(2)
    view["customer"] = view["customer"] | {"legal_name": text}
    view["lines"][0]["description"] = text
    view["terms"] = text
    printed = squeezed(unicodedata.normalize("NFC", text_of(render_pdf(view, Brand()))))

    assert printed.count(squeezed(unicodedata.normalize("NFC", text))) >= 3


@pytest.mark.parametrize("text", [*READABLE, *WILD, ""])
def test_every_field_takes_any_text_in_time(text: str) -> None:
    started = time.process_time()
    pdf = render_pdf(_everywhere(text), Brand(footer=text))

    assert time.process_time() - started < 2
    printed = text_of(pdf)
    assert "Total due" in printed and "57,430.60" in printed


@pytest.mark.parametrize("text", ["A" * 10_000, "word " * 2_000, "ش" * 10_000, "क्ष" * 3_000, "字" * 2_000])
def test_ten_thousand_letters_print_in_time(text: str) -> None:
    view = uae(2)
    view["lines"][0]["description"] = text
    started = time.process_time()
    printed = text_of(render_pdf(view | {"terms": text}, Brand()))

    assert time.process_time() - started < 4  # two such texts
    assert squeezed(printed).count(text[0]) >= 2 * text.count(text[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60))
def test_random_text_prints_and_never_moves_the_total(text: str) -> None:
    printed = text_of(render_pdf(_everywhere(text), Brand()))

    assert "Total due" in printed and "57,430.60" in printed


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.floats(30, 500))
def test_wrapped_lines_keep_every_letter_and_stay_within(text: str, room: float) -> None:
    style = Style(8.5)
    lines = wrapped(text, style, room)

    assert squeezed("".join(lines)) == squeezed(text)
    assert all(width(line, style) <= room + 0.5 or len(line.strip()) <= 8 for line in lines)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("abc 12,.()-/אבשנור٣٤\u0651\u200c\u200f"), max_size=40))
def test_direction_only_reorders(text: str) -> None:
    seen = "".join(stretch.text for stretch in stretches(text))
    unseen = "\u200f" if any(char >= "\u0590" for char in text) else ""

    assert sorted(seen) == sorted(char for char in text if char not in unseen)


def test_an_override_cannot_turn_a_name_around() -> None:
    printed = text_of(render_pdf(uae(1) | {"po_number": "PO\u202e8841\u202c"}, Brand()))

    assert "PO8841" in printed


def test_arabic_is_joined_and_reads_from_the_right() -> None:
    glyphs = shape("سلم", Weight.REGULAR).runs[0].glyphs

    assert [glyph.text for glyph in glyphs] == ["م", "ل", "س"]
    alone = {shape(letter, Weight.REGULAR).runs[0].glyphs[0].number for letter in "سلم"}
    assert alone.isdisjoint({glyph.number for glyph in glyphs})


def test_latin_and_figures_inside_arabic_keep_their_order() -> None:
    runs = [stretch.text for stretch in stretches("فرع 123 ABC")]

    assert runs == ["ABC", " ", "123", "فرع "]
    assert [stretch.text for stretch in stretches("A فرع النور B")] == ["A ", "فرع النور", " B"]


def test_hindi_is_shaped() -> None:
    first, second = shape("क्षि", Weight.REGULAR).runs[0].glyphs

    assert first.text == "क्षि" and second.text == ""


def test_a_character_without_a_glyph_stands_as_its_code_point() -> None:
    runs = shape("a字", Weight.REGULAR).runs

    assert runs[1].face is None and runs[1].text == "字"
    assert "字" in text_of(render_pdf(uae(1) | {"po_number": "字"}, Brand()))
