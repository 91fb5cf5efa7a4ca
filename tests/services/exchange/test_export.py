"""Lists and reports as .xlsx, read back by two other readers: what was shown, as dates, numbers and text."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import python_calamine
from sqlalchemy import select

from models.billing import Document
from models.customers import Customer
from models.organisation import RoleRight
from services.errors import Cancelled, Forbidden
from services.exchange import export
from services.exchange.export import export_everything, write_listing, write_report
from services.files import FileError
from services.listing import Asked, Column, Kind, Listing, conditions
from services.organisation.founding import UserDraft, add_user
from services.organisation.queries import BRANCHES, COMPANIES
from services.permissions import Module, visible
from services.reports import report
from services.store import Store
from tests.services.reports.books import customer, invoice

INVOICES = Listing(
    name="invoices",
    kind="invoice",
    module=Module.BILLING,
    table=Document,
    columns=(
        Column("number", Kind.TEXT, lambda _: Document.number),
        Column("customer", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
        Column("customer_code", Kind.TEXT, lambda _: Customer.code),
        Column("issued_on", Kind.DATE, lambda _: Document.issued_on),
        Column("exchange_rate", Kind.DECIMAL, lambda _: Document.exchange_rate),
        Column("currency", Kind.TEXT, lambda _: Document.currency),
        Column("total", Kind.MONEY, lambda _: Document.payable_minor),
        Column("home_currency", Kind.TEXT, lambda _: Document.home_currency),
        Column("home_total", Kind.MONEY, lambda _: Document.home_payable_minor, currency="home_currency"),
        Column("is_inter_state", Kind.BOOLEAN, lambda _: Document.is_inter_state),
        Column("fiscal_year", Kind.INTEGER, lambda _: Document.fiscal_year),
        Column("created_at", Kind.INSTANT, lambda _: Document.created_at),
        Column("po_number", Kind.TEXT, lambda _: Document.po_number),
    ),
    source=Document.__table__.join(Customer.__table__, Customer.id == Document.customer_id),
    visible=lambda work: visible(work, Module.BILLING, Document.owner_id, Document.branch_id),
    sort="-number",
)
TRICKY = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+971 4 000",
    "-5",
    "@SUM(A1)",
    "00042",
    "1e5",
    "_x0041_",
    " spaced ",
    "a & b < c",
    "عميل नमस्ते",
]


def _fill(store: Store) -> None:
    with store.writing() as work:
        acme = customer(work, "0007", "=1+1")
        invoice(work, acme, "03-01", "03-31", "1234.50", "61.73")
        invoice(work, acme, "03-02", "03-31", "100", "5", currency="USD", rate="3.6725")
        invoice(work, customer(work, "C-0002", "Kuwait"), "03-03", "03-31", "10.125", currency="KWD", rate="12")


def test_a_list_is_written_as_it_is_shown(store: Store, tmp_path: Path) -> None:
    _fill(store)
    path = tmp_path / "invoices.xlsx"
    with store.reading() as work:
        assert write_listing(work, INVOICES, Asked(limit=0, sort="number"), path) == 3
    rows = _read(path)
    assert rows[0] == tuple(column.name for column in INVOICES.columns)
    first = dict(zip(rows[0], rows[1], strict=True))
    assert first == {
        "number": "INV-2026-0001",
        "customer": "=1+1",
        "customer_code": "0007",
        "issued_on": dt.datetime.fromisoformat("2026-03-01"),
        "exchange_rate": 1,
        "currency": "AED",
        "total": 1296.23,
        "home_currency": "AED",
        "home_total": 1296.23,
        "is_inter_state": False,
        "fiscal_year": 2026,
        "created_at": dt.datetime.fromisoformat("2026-03-14T13:00"),
        "po_number": None,
    }
    assert [row[6] for row in rows[1:4]] == [1296.23, 105, 10.125]
    assert rows[4] == (None,) * 13
    totals = {row[0]: (row[6], row[8]) for row in rows[5:]}
    assert totals == {"Total AED": (1296.23, 1803.34), "Total KWD": (10.125, None), "Total USD": (105, None)}
    assert _calamine(path)[1][:4] == ["INV-2026-0001", "=1+1", "0007", dt.date(2026, 3, 1)]
    cells = openpyxl.load_workbook(path)["invoices"]
    assert cells["A1"].font.bold
    assert cells.freeze_panes == "A2"
    assert cells.auto_filter.ref == "A1:M4"
    assert cells["D2"].number_format == "yyyy-mm-dd"
    assert [cells[f"G{row}"].number_format for row in (2, 3, 4)] == ["#,##0.00", "#,##0.00", "#,##0.000"]
    assert cells["C2"].number_format == "@"
    assert (cells["B2"].data_type, cells["B2"].quotePrefix, cells["C2"].quotePrefix) == ("s", True, False)


def test_about_names_what_was_asked(store: Store, tmp_path: Path) -> None:
    _fill(store)
    path = tmp_path / "invoices.xlsx"
    asked = Asked(conditions=conditions("currency = USD and total > 50"), limit=0)
    with store.reading() as work:
        assert write_listing(work, INVOICES, asked, path) == 1
    about = [(row[0], row[1]) for row in openpyxl.load_workbook(path)["About"].iter_rows(min_row=2, values_only=True)]
    assert about == [
        ("List", "invoices"),
        ("Filter", "currency = USD"),
        ("Filter", "total > 50"),
        ("Sorted by", "-number"),
        ("Rows", "1"),
        ("Made at", "2026-03-14 13:00+04:00"),
        ("By", "Owner"),
    ]


def test_text_stays_text_and_no_cell_is_a_formula(store: Store, tmp_path: Path) -> None:
    with store.writing() as work:
        for number, name in enumerate(TRICKY):
            invoice(work, customer(work, f"C-{number}", name), "03-01", "03-31", "1")
    path = tmp_path / "tricky.xlsx"
    with store.reading() as work:
        write_listing(work, INVOICES, Asked(limit=0, sort="number"), path)
    names = [row[1] for row in _calamine(path)[1 : len(TRICKY) + 1]]
    assert names == TRICKY
    with ZipFile(path) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/" in name]
    assert len(sheets) == 2
    for sheet in sheets:
        assert "<f>" not in sheet
        assert "<f " not in sheet
    assert "_x005F_x0041_" in sheets[0]


def test_a_long_number_keeps_its_digits_and_an_odd_character_spoils_nothing(store: Store, tmp_path: Path) -> None:
    with store.writing() as work:
        acme = customer(work, "C-1", "Acme")
        invoice(work, acme, "03-01", "03-31", "8999999999999.125", currency="KWD")
        acme.display_name = "bell \x07 half \ud800 end".encode("utf-8", "replace").decode()
    path = tmp_path / "long.xlsx"
    with store.reading() as work:
        write_listing(work, INVOICES, Asked(limit=0), path)
    rows = _read(path)
    assert rows[1][6] == "8999999999999.125"
    assert rows[1][8] == 8999999999999.13
    assert rows[1][1] == "bell \ufffd half ? end"


def test_a_list_goes_on_in_the_next_sheet(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SHEET_ROWS", 2)
    monkeypatch.setattr(export, "PAGE_ROWS", 2)
    _fill(store)
    path = tmp_path / "split.xlsx"
    done: list[tuple[int, int]] = []
    with store.reading() as work:
        write_listing(work, INVOICES, Asked(limit=0, sort="number"), path, lambda *at: done.append(at))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["invoices", "invoices 2", "About"]
    assert [row[0] for row in book["invoices"].iter_rows(values_only=True)] == [
        "number",
        "INV-2026-0001",
        "INV-2026-0002",
    ]
    assert book["invoices 2"]["A2"].value == "INV-2026-0003"
    assert done == [(2, 3), (3, 3)]


def test_a_cancelled_or_impossible_export_leaves_the_old_file_and_nothing_else(store: Store, tmp_path: Path) -> None:
    _fill(store)
    path = tmp_path / "invoices.xlsx"
    path.write_bytes(b"old")

    def stop(_done: int, _total: int) -> None:
        raise Cancelled("Stopped.")

    with store.reading() as work, pytest.raises(Cancelled):
        write_listing(work, INVOICES, Asked(limit=0), path, stop)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir() if "xlsx" in one.name] == ["invoices.xlsx"]
    for target, sentence in ((tmp_path, "is a folder"), (tmp_path / "no" / "a.xlsx", "does not exist")):
        with store.reading() as work, pytest.raises(FileError, match=sentence):
            write_listing(work, INVOICES, Asked(limit=0), target)


def test_exporting_needs_the_right_and_shows_only_what_one_sees(store: Store, tmp_path: Path) -> None:
    _fill(store)
    with store.writing() as work:
        sam = add_user(work, UserDraft(name="Sam", role="staff"))
        fay = add_user(work, UserDraft(name="Fay", role="finance"))
        for right in work.session.scalars(select(RoleRight).where(RoleRight.module == "billing")):
            right.scope = "own"
        invoice(work, customer(work, "C-9", "Fay's"), "03-04", "03-31", "1", owner_id=fay)
    with store.acting_as(sam).reading() as work:
        with pytest.raises(Forbidden, match="may not export documents"):
            write_listing(work, INVOICES, Asked(limit=0), tmp_path / "a.xlsx")
        with pytest.raises(Forbidden, match="may not export any list"):
            export_everything(work, (INVOICES, BRANCHES), tmp_path / "all")
    with store.acting_as(fay).reading() as work:
        made = export_everything(work, (INVOICES, BRANCHES), tmp_path / "all")
    assert [(one.list, one.rows) for one in made] == [("invoices", 1)]


def test_everything_is_one_file_for_each_list(store: Store, tmp_path: Path) -> None:
    _fill(store)
    with store.reading() as work:
        made = export_everything(work, (INVOICES, BRANCHES, COMPANIES), tmp_path / "new" / "folder")
    assert [(one.list, one.rows, one.path.exists()) for one in made] == [
        ("invoices", 3, True),
        ("branches", 1, True),
        ("companies", 1, True),
    ]
    assert _read(made[2].path)[1][0] == "ACME"


def test_a_report_is_written_with_its_check_and_its_totals(store: Store, tmp_path: Path) -> None:
    _fill(store)
    path = tmp_path / "ageing.xlsx"
    with store.reading() as work:
        answer = report.run(work, "receivables-ageing")
        write_report(answer, path, at=work.now, by=work.actor.name)
    rows = _read(path)
    names = list(rows[0])
    assert names == [column.name for column in answer.columns]
    total, base_total = names.index("total"), names.index("base_total")
    assert {(row[0], row[3]): (row[total], row[base_total]) for row in rows[1:4]} == {
        ("0007", "AED"): (1296.23, 1296.23),
        ("0007", "USD"): (105, 385.61),
        ("C-0002", "KWD"): (10.125, 121.5),
    }
    sums = {row[0]: (row[total], row[base_total]) for row in rows[5:]}
    assert sums == {"Total AED": (1296.23, 1803.34), "Total KWD": (10.125, None), "Total USD": (105, None)}
    about = dict(openpyxl.load_workbook(path)["About"].iter_rows(min_row=2, max_col=2, values_only=True))
    assert about["Counter-check"] == "agrees"
    assert about["As of"] == "2026-03-14"


def _read(path: Path) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))


def _calamine(path: Path) -> list[list[Any]]:
    with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
        return book.get_sheet_by_index(0).to_python()
