"""The PDF file: pages, pictures and subset fonts in reportlab's document objects.

Text is written as glyphs of composite fonts (Type 0, Identity-H), not through reportlab's own TrueType support: that
puts HarfBuzz's glyphs at private-use code points, whose numbers depend on what the process printed before, so that a
file would neither read back as typed nor come out the same twice.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import Any

import uharfbuzz
from reportlab import rl_config
from reportlab.pdfbase import pdfdoc

from services.printing.faces import Face, Glyph

rl_config.trustedSchemes = ["data"]
rl_config.trustedHosts = None
rl_config.useA85 = 0

_TABLES_OF_NO_USE = "GSUB GPOS GDEF STAT name OS/2 post cmap DSIG gasp meta prep cvt fpgm".split()
_TAGS_OF_NO_USE = [int.from_bytes(tag.ljust(4).encode(), "big") for tag in _TABLES_OF_NO_USE]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it lies in the file: 8-bit RGB rows."""

    width: int
    height: int
    rgb: bytes


class _Raw(pdfdoc.PDFObject):  # type: ignore[misc]  # reportlab publishes no types
    """Bytes that are PDF already."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def format(self, document: Any) -> bytes:
        return self.content


class EmbeddedFont:
    """The glyphs of one face that a file uses; each pair of glyph and text gets its own code, from 1."""

    def __init__(self, face: Face, name: str) -> None:
        self.face = face
        self.name = name
        self._codes: dict[tuple[int, str], int] = {}

    def code(self, glyph: Glyph) -> int:
        return self._codes.setdefault((glyph.number, glyph.text), len(self._codes) + 1)

    def add_to(self, document: Any) -> Any:
        """Write the font's objects; returns the font dictionary."""
        plan = self._subset_plan()
        numbers = plan.old_to_new_glyph_mapping
        outlines = bytes(plan.execute().blob.data)
        tag = "".join(chr(65 + byte % 26) for byte in hashlib.sha256(repr(list(self._codes)).encode()).digest()[:6])
        base_name = pdfdoc.PDFName(f"{tag}+{self.face.name}")
        new_numbers = [0, *(numbers[number] for number, _ in self._codes)]
        descendant = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("CIDFontType2"),
                "BaseFont": base_name,
                "CIDSystemInfo": _Raw(b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"),
                "FontDescriptor": self._referred(
                    document, "descriptor", self._descriptor(document, base_name, outlines)
                ),
                "DW": 0,
                "W": _Raw(self._widths()),
                "CIDToGIDMap": self._referred(
                    document, "map", _stream(b"".join(number.to_bytes(2, "big") for number in new_numbers))
                ),
            }
        )
        return pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("Type0"),
                "BaseFont": base_name,
                "Encoding": pdfdoc.PDFName("Identity-H"),
                "DescendantFonts": pdfdoc.PDFArray([self._referred(document, "outlines", descendant)]),
                "ToUnicode": self._referred(document, "unicode", _stream(self._to_unicode())),
            }
        )

    def _referred(self, document: Any, part: str, thing: Any) -> Any:
        return document.Reference(thing, f"{self.name}:{part}")

    def _subset_plan(self) -> Any:
        wanted = uharfbuzz.SubsetInput()
        wanted.flags = uharfbuzz.SubsetFlags.NO_HINTING | uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
        wanted.drop_table_tag_set.update(_TAGS_OF_NO_USE)
        wanted.glyph_set.update({number for number, _ in self._codes})
        return uharfbuzz.SubsetPlan(self.face.hb_face, wanted)

    def _descriptor(self, document: Any, base_name: Any, outlines: bytes) -> Any:
        extents = self.face.hb_font.get_font_extents("ltr")
        scale = self.face.per_mille
        ascent, descent = round(extents.ascender * scale), round(extents.descender * scale)
        return pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("FontDescriptor"),
                "FontName": base_name,
                "Flags": 4,
                "FontBBox": _Raw(f"[-1000 {descent} 3000 {ascent}]".encode()),
                "ItalicAngle": 0,
                "Ascent": ascent,
                "Descent": descent,
                "CapHeight": 727,
                "StemV": 80,
                "FontFile2": self._referred(document, "file", _stream(outlines, Length1=len(outlines))),
            }
        )

    def _widths(self) -> bytes:
        widths = " ".join(str(self.face.width(number)) for number, _ in self._codes)
        return f"[1 [{widths}]]".encode()

    def _to_unicode(self) -> bytes:
        rows = [
            f"<{code:04X}> <{text.encode('utf-16-be').hex().upper()}>"
            for (_, text), code in self._codes.items()
            if text
        ]
        blocks = (rows[i : i + 100] for i in range(0, len(rows), 100))
        mappings = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
            f"1 begincodespacerange <0000> <FFFF> endcodespacerange\n{mappings}\n"
            "endcmap CMapName currentdict /CMap defineresource pop end end\n"
        ).encode()


def _whole(text: str) -> str:
    """Halves of surrogate pairs cannot be written; a question mark stands for each."""
    return text.encode("utf-8", "replace").decode()


def _stream(content: bytes, **entries: Any) -> Any:
    return pdfdoc.PDFStream(pdfdoc.PDFDictionary(dict(entries)), content, [pdfdoc.PDFZCompress])


@dataclass(slots=True)
class PdfFile:
    """A file in the making. Pages are content streams; coordinates are PDF's own, points from the lower left."""

    width: float
    height: float
    title: str
    author: str
    pages: list[bytes] = field(default_factory=list)
    _fonts: dict[str, EmbeddedFont] = field(default_factory=dict)
    _picture: Picture | None = None

    def font(self, face: Face) -> EmbeddedFont:
        font = self._fonts.get(face.name)
        if font is None:
            font = self._fonts[face.name] = EmbeddedFont(face, f"F{len(self._fonts) + 1}")
        return font

    def use_picture(self, picture: Picture) -> str:
        """The name under which page content draws the one picture of the file, the logo."""
        self._picture = picture
        return "Logo"

    def finished(self) -> bytes:
        """The file's bytes: the same for the same content, whenever and wherever they are made."""
        document = pdfdoc.PDFDocument(invariant=1, compression=1, pdfVersion=(1, 7), lang="en")
        document.setTitle(_whole(self.title))
        document.setAuthor(_whole(self.author))
        document.setSubject("")
        document.setCreator("Throughline")
        resources = pdfdoc.PDFDictionary(
            {
                "Font": pdfdoc.PDFObjectReference(pdfdoc.BasicFonts),
                "XObject": pdfdoc.PDFDictionary(self._pictures(document)),
            }
        )
        for content in self.pages:
            page = pdfdoc.PDFPage()
            page.pagewidth, page.pageheight = self.width, self.height
            page.setCompression(1)
            page.stream = content
            page.Resources = resources
            document.addPage(page)
        fonts = document.idToObject[pdfdoc.BasicFonts].dict
        for font in self._fonts.values():
            fonts[font.name] = document.Reference(font.add_to(document), font.name)
        return bytes(document.GetPDFData(None))

    def _pictures(self, document: Any) -> dict[str, Any]:
        if self._picture is None:
            return {}
        stream = pdfdoc.PDFStream(
            pdfdoc.PDFDictionary(
                {
                    "Type": pdfdoc.PDFName("XObject"),
                    "Subtype": pdfdoc.PDFName("Image"),
                    "Width": self._picture.width,
                    "Height": self._picture.height,
                    "ColorSpace": pdfdoc.PDFName("DeviceRGB"),
                    "BitsPerComponent": 8,
                    "Filter": pdfdoc.PDFName("FlateDecode"),
                }
            ),
            zlib.compress(self._picture.rgb, 9),
        )
        return {"Logo": document.Reference(stream, "Logo")}
