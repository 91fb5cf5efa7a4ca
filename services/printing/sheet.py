"""Drawing on one page: text, rules, the firm's mark, a QR code. Coordinates are points from the upper left corner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.printing.faces import Face, Glyph, Run, Weight, faces, shape
from services.printing.file import EmbeddedFont, PdfFile

INK, GREY, HAIR, FAINT = 0.067, 0.333, 0.733, 0.92
"""Shades of grey: #111111, #555555, #BBBBBB, and 8 % black (visual.md, Print)."""


@dataclass(frozen=True, slots=True)
class Style:
    """`size` in points; `leading` from one base line to the next."""

    size: float
    weight: Weight = Weight.REGULAR
    shade: float = INK
    leading: float = 0.0

    @property
    def line(self) -> float:
        return self.leading or self.size * 1.4


def width(text: str, style: Style) -> float:
    """Width of one line in points."""
    return shape(text, style.weight).width * style.size / 1000


def number(value: float) -> str:
    """A coordinate with two decimals at most: a hundredth of a point is finer than any printer."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class Sheet:
    """The content of one page, in drawing order."""

    def __init__(self, file: PdfFile) -> None:
        self.file = file
        self.width = file.width
        self.height = file.height
        self._operators: list[str] = []
        self._fill = -1.0
        self._stroke = -1.0

    def content(self) -> bytes:
        return "\n".join(self._operators).encode("ascii")

    def text(self, x: float, y: float, line: str, style: Style) -> None:
        """One line, its base line at `y`, from `x` to the right."""
        shaped = shape(line, style.weight)
        if not shaped.runs:
            return
        self._set_fill(style.shade)
        for run in shaped.runs:
            if run.face is None:
                self._box(x, y, run.text, style)
            else:
                self._glyphs(x, y, run, run.face, style.size)
            x += run.width * style.size / 1000

    def right(self, x: float, y: float, line: str, style: Style) -> None:
        """One line that ends at `x`."""
        self.text(x - width(line, style), y, line, style)

    def centred(self, x: float, y: float, line: str, style: Style) -> None:
        self.text(x - width(line, style) / 2, y, line, style)

    def rule(self, x: float, y: float, length: float, thickness: float = 0.5, shade: float = HAIR) -> None:
        """A level line."""
        self._set_stroke(shade)
        self._operators.append(f"{number(thickness)} w {self._at(x, y)} m {self._at(x + length, y)} l S")

    def block(self, x: float, y: float, size: float, radius: float) -> None:
        """A filled square with round corners, in ink."""
        self._set_fill(INK)
        bend = radius * 0.4477
        left, right, top, bottom = x, x + size, y, y + size
        corners = (
            ((right - radius, top), (right - bend, top), (right, top + bend), (right, top + radius)),
            ((right, bottom - radius), (right, bottom - bend), (right - bend, bottom), (right - radius, bottom)),
            ((left + radius, bottom), (left + bend, bottom), (left, bottom - bend), (left, bottom - radius)),
            ((left, top + radius), (left, top + bend), (left + bend, top), (left + radius, top)),
        )
        path = [f"{self._at(left + radius, top)} m"]
        for start, first, second, end in corners:
            path.append(f"{self._at(*start)} l {self._at(*first)} {self._at(*second)} {self._at(*end)} c")
        self._operators.append(" ".join(path) + " f")

    def squares(self, x: float, y: float, size: float, rows: Sequence[Sequence[int]]) -> None:
        """The dark modules of a QR code, `size` points wide in all; dark neighbours of a row are one rectangle."""
        self._set_fill(0)
        module = size / len(rows)
        parts = [
            f"{number(x + first * module)} {number(self.height - y - (i + 1) * module)} {number(count * module)} {number(module)} re"
            for i, row in enumerate(rows)
            for first, count in _dark(row)
        ]
        self._operators.append("\n".join(parts) + " f")

    def picture(self, name: str, x: float, y: float, width: float, height: float) -> None:
        """The picture `name` of the file, its upper left corner at x, y."""
        self._operators.append(
            f"q {number(width)} 0 0 {number(height)} {number(x)} {number(self.height - y - height)} cm /{name} Do Q"
        )

    def slanted(self, line: str, style: Style) -> None:
        """A word across the middle of the page, climbing by 18 degrees: the watermark."""
        self._operators.append(f"q 0.951 0.309 -0.309 0.951 {number(self.width / 2)} {number(self.height / 2)} cm")
        self._fill = -1.0
        self.text(-width(line, style) / 2, self.height + style.size * 0.36, line, style)
        self._operators.append("Q")
        self._fill = -1.0

    def _at(self, x: float, y: float) -> str:
        return f"{number(x)} {number(self.height - y)}"

    def _set_fill(self, shade: float) -> None:
        if shade != self._fill:
            self._operators.append(f"{shade:g} g")
            self._fill = shade

    def _set_stroke(self, shade: float) -> None:
        if shade != self._stroke:
            self._operators.append(f"{shade:g} G")
            self._stroke = shade

    def _glyphs(self, x: float, y: float, run: Run, face: Face, size: float) -> None:
        font = self.file.font(face)
        shown = f"BT /{font.name} {number(size)} Tf {self._at(x, y)} Td {_showing(run.glyphs, font, size)} ET"
        if not run.is_plain:
            shown = f"/Span <</ActualText <{_utf16(run.text)}>>> BDC {shown} EMC"
        self._operators.append(shown)

    def _box(self, x: float, y: float, char: str, style: Style) -> None:
        """A frame with the code point in two rows of figures, for a character that no font has."""
        code = f"{ord(char):04X}" if ord(char) <= 0xFFFF else f"{ord(char):06X}"
        size = style.size
        self._set_stroke(style.shade)
        self._operators.append(f"/Span <</ActualText <{_utf16(char)}>>> BDC")
        self._operators.append(
            f"{number(size * 0.04)} w {number(x + size * 0.04)} {number(self.height - y - size * 0.1)} "
            f"{number(size * 0.62)} {number(size * 0.86)} re S"
        )
        figures = Style(size * (0.36 if len(code) == 4 else 0.27), Weight.REGULAR, style.shade)
        half = len(code) // 2
        for row, part in enumerate((code[:half], code[half:])):
            shaped = shape(part, figures.weight)
            left = x + size * 0.35 - shaped.width * figures.size / 2000
            face = faces(figures.weight)[0]
            font = self.file.font(face)
            baseline = y - size * (0.41 - 0.40 * row)
            self._operators.append(
                f"BT /{font.name} {number(figures.size)} Tf {self._at(left, baseline)} Td "
                f"{_showing(shaped.runs[0].glyphs, font, figures.size)} ET"
            )
        self._operators.append("EMC")


def _showing(glyphs: Sequence[Glyph], font: EmbeddedFont, size: float) -> str:
    """The operators that show glyphs: codes in hexadecimal, moves in per mille to the left, marks raised."""
    parts: list[str] = []
    codes = ""
    moves: list[str] = []
    owed = 0
    for glyph in glyphs:
        before = owed - glyph.right
        if before or glyph.up:
            if codes:
                moves.append(f"<{codes}>")
                codes = ""
            if before:
                moves.append(str(before))
        if glyph.up:
            if moves:
                parts.append(f"[{''.join(moves)}] TJ")
                moves = []
            parts.append(f"{number(glyph.up * size / 1000)} Ts <{font.code(glyph):04X}> Tj 0 Ts")
        else:
            codes += f"{font.code(glyph):04X}"
        owed = font.face.width(glyph.number) - glyph.advance + glyph.right
    if codes:
        moves.append(f"<{codes}>")
    if moves:
        parts.append(f"[{''.join(moves)}] TJ")
    return " ".join(parts)


def _utf16(text: str) -> str:
    return "FEFF" + text.encode("utf-16-be", "replace").hex().upper()


def _dark(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = None
    for i, dark in enumerate([*row, 0]):
        if dark and start is None:
            start = i
        elif not dark and start is not None:
            yield start, i - start
            start = None
