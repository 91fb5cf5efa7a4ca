"""Real files of the kinds that people drop, made on the spot."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl

BOOKS_CONTACTS = (
    "Created Time,Last Modified Time,Display Name,Company Name,Salutation,First Name,Last Name,Phone,Currency Code,Notes,Website,Status,"
    "Credit Limit,Customer Sub Type,Billing Address,Billing City,Billing State,Billing Country,Billing Code,Payment Terms,"
    "Payment Terms Label,EmailID,MobilePhone,Contact ID,Contact Name,Contact Type,Taxable,VAT Treatment,"
    "Tax Registration Number,Place Of Supply,CF.Region"
).split(",")
BOOKS_CONTACTS_INDIA = (
    "Display Name,Company Name,First Name,Last Name,Phone,Currency Code,Status,Customer Sub Type,Billing Address,Billing City,"
    "Billing State,Billing Country,Billing Code,Payment Terms,GST Treatment,GST Identification Number (GSTIN),EmailID,"
    "MobilePhone,Contact ID,Contact Name,Contact Type,Place Of Contact,Place of Contact(With State Code)"
).split(",")
BOOKS_ITEMS = (
    "Item ID,Item Name,SKU,Description,Rate,Account,Tax Name,Tax Percentage,Product Type,Status,Usage unit,Unit Name,"
    "Purchase Rate,Item Type,Sellable"
).split(",")


def write_csv(
    path: Path, rows: Sequence[Sequence[object]], *, encoding: str = "utf-8", separator: str = ",", before: str = ""
) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    path.write_bytes((before + text.getvalue()).encode(encoding))
    return path


def from_dicts(header: Sequence[str], rows: Sequence[dict[str, object]]) -> list[list[object]]:
    """Rows under a header, given by name; what is not named is blank."""
    for row in rows:
        assert set(row) <= set(header)
    return [list(header), *([row.get(name, "") for name in header] for row in rows)]


def write_xlsx(path: Path, rows: Sequence[Sequence[object]], *, sheet: str = "Sheet1", start: str = "A1") -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    first = page[start]
    for down, row in enumerate(rows):
        for across, value in enumerate(row):
            if value not in ("", None):
                page.cell(first.row + down, first.column + across, value)
    book.save(path)
    return path


def changed_package(source: Path, target: Path, replacements: dict[bytes, bytes]) -> Path:
    """A copy of an xlsx with bytes of its XML parts replaced."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            for before, after in replacements.items():
                content = content.replace(before, after)
            new.writestr(name, content)
    return target
