"""Files in and out: workbooks beside their libraries, and customers imported from CSV."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from pathlib import Path

from openpyxl import Workbook

from benchmarks.table import Row
from benchmarks.trial import new_book, once
from services.billing.queries import INVOICES
from services.exchange.apply import apply
from services.exchange.export import write_listing
from services.exchange.intake import stage
from services.exchange.reading.child import read
from services.listing import Asked, count
from services.store import Store

COLUMNS = 20
PEER = "import sys, python_calamine as c; list(c.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows())"


def measure(folder: Path, large: Store, *, is_small: bool) -> list[Row]:
    return [
        *_read(folder, 5_000 if is_small else 100_000),
        *_export(folder, large),
        *_import(folder, (500,) if is_small else (10_000, 100_000)),
    ]


def _read(folder: Path, rows: int) -> list[Row]:
    path = folder / "wide.xlsx"
    _workbook(path, rows)

    def peer() -> None:
        subprocess.run([sys.executable, "-c", PEER, str(path)], check=True)

    def ours() -> None:
        with read([path]) as result:
            for sheet in result.sheets:
                for _ in sheet.blocks():
                    pass

    bare, mine = once(peer), once(ours)
    return [
        Row(f"Excel read {rows:,} x {COLUMNS}", mine, "s", f"{bare:.2f} s calamine", "1.3 x", mine <= 1.3 * bare),
        Row("  the same, times calamine in a process", mine / bare, "x"),
    ]


def _workbook(path: Path, rows: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    sheet.append([f"Column {number}" for number in range(COLUMNS)])
    for row in range(rows):
        sheet.append([f"text {row} {column}" if column % 2 else row * column for column in range(COLUMNS)])
    book.save(path)


def _export(folder: Path, large: Store) -> list[Row]:
    """The invoices of the large book beside as many rows and columns by openpyxl alone."""
    with large.reading() as work:
        rows = count(work, INVOICES, Asked(limit=0))
        bare = once(lambda: _plain(folder / "plain.xlsx", rows, len(INVOICES.columns)))
        mine = once(lambda: write_listing(work, INVOICES, Asked(limit=0), folder / "invoices.xlsx"))
    what = f"Excel export {rows:,} x {len(INVOICES.columns)}"
    return [
        Row(what, mine, "s", f"{bare:.2f} s openpyxl", "1.2 x", mine <= 1.2 * bare),
        Row("  the same, times openpyxl", mine / bare, "x"),
    ]


def _plain(path: Path, rows: int, columns: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    for row in range(rows):
        sheet.append([f"text {row} {column}" if column % 2 else row * column for column in range(columns)])
    book.save(path)


def _import(folder: Path, sizes: tuple[int, ...]) -> list[Row]:
    result = []
    for rows in sizes:
        path = folder / f"customers-{rows}.csv"
        _customers(path, rows)
        store = new_book(folder / f"import-{rows}.throughline")
        started = time.perf_counter()
        with stage([path]) as staging, store.writing() as work:
            outcome = apply(work, staging)
        seconds = time.perf_counter() - started
        store.close()
        created = outcome.counts("customers").created
        goal = {10_000: 4.0, 100_000: 30.0}.get(rows, 4.0 * rows / 10_000 + 1)
        name = f"import of {rows:,} customer rows, {created:,} made"
        result.append(Row(name, seconds, "s", "86-128 s for 10,000", f"{goal:.3g} s", seconds <= goal))
    return result


def _customers(path: Path, rows: int) -> None:
    words = (
        "Falcon Gulf Qamar Liwa Dhow Zafran Neelam Kaveri Aurora Oasis Pearl Lotus Konkan Deccan Marina Saffron".split()
    )
    trades = "Trading Contracting Logistics Foods Textiles Software Steel Marble Printing Motors Travels".split()
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Customer Name", "Email", "Phone", "Street", "City", "Country", "TRN"])
        for row in range(rows):
            name = f"{words[row % 16]} {words[row // 16 % 16]} {row * 7919 % 100_003} {trades[row % 11]} LLC"
            out.writerow(
                [name, f"accounts@f{row}.example", f"+97150{row:07d}", f"{row % 900 + 1} Marina Walk", "Dubai",
                 "United Arab Emirates", f"100{row:010d}03"]
            )  # fmt: skip
