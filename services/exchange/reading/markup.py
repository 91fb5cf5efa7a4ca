"""Tables that carry an .xls ending but are HTML or Excel-2003 XML inside, as web programs like to send them."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

from services.exchange.reading.cells import number
from services.exchange.reading.failures import Unreadable
from services.exchange.reading.limits import Limits

_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"


class _Tables(HTMLParser):
    """Collects the rows of every table; a table inside a cell counts as part of that cell."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self._limits = limits
        self.rows: list[list[str]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._end_row()
            self._row = []
        elif tag in ("td", "th") and self._row is not None:
            self._end_cell()
            self._cell = []
            span = dict(attrs).get("colspan") or "1"
            self._span = min(int(span), 100) if span.isdecimal() else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            text = "\n".join(" ".join(line.split()) for line in "".join(self._cell).split("\n"))
            self._row += [text.strip(), *[""] * (self._span - 1)]
            if len(self._row) > self._limits.columns:
                raise Unreadable("too_many", f"{self._limits.columns:,} columns")
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None:
            self.rows.append(self._row)
            if len(self.rows) > self._limits.rows:
                raise Unreadable("too_many", f"{self._limits.rows:,} rows")
        self._row = None


def html_rows(file: BinaryIO, encoding: str, limits: Limits) -> Iterator[tuple[int, list[object]]]:
    """Rows of all tables of an HTML page, numbered as a spreadsheet program would lay them out."""
    file.seek(0)
    tables = _Tables(limits)
    tables.feed(file.read().decode(encoding, "replace"))
    tables.close()
    for number_, row in enumerate(tables.rows, start=1):
        if any(row):
            yield number_, list(row)


def spreadsheet_xml_sheets(file: BinaryIO, limits: Limits) -> Iterator[tuple[str, list[tuple[int, list[object]]]]]:
    """Sheets of an Excel-2003 XML file: (name, rows). Entities and DTDs are refused by the parser."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    file.seek(0)
    try:
        root = ElementTree.parse(file).getroot()
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("damaged", "its XML cannot be read") from error
    for sheet in root.iter(f"{_NAMESPACE}Worksheet"):
        rows: list[tuple[int, list[object]]] = []
        position = 0
        for row in sheet.iter(f"{_NAMESPACE}Row"):
            position = int(row.get(f"{_NAMESPACE}Index", position + 1))
            cells: list[object] = []
            for cell in row.iter(f"{_NAMESPACE}Cell"):
                column = int(cell.get(f"{_NAMESPACE}Index", len(cells) + 1))
                if column > limits.columns:
                    raise Unreadable("too_many", f"{limits.columns:,} columns")
                cells += [""] * (column - 1 - len(cells))
                cells.append(_value(cell.find(f"{_NAMESPACE}Data")))
            if any(cell != "" for cell in cells):
                rows.append((position, cells))
        yield sheet.get(f"{_NAMESPACE}Name", "Sheet"), rows


def _value(element: object) -> object:
    if element is None:
        return ""
    text = "".join(element.itertext())  # type: ignore[attr-defined]
    kind = element.get(f"{_NAMESPACE}Type", "String")  # type: ignore[attr-defined]
    if kind == "Number":
        try:
            return number(float(text))
        except ValueError:
            return text
    if kind == "Boolean":
        return text.strip() == "1"
    if kind == "Error":
        return {"e": text}
    if kind == "DateTime":
        return {"d": text.removesuffix(".000").removesuffix("T00:00:00")}
    return text
