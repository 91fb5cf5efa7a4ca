"""Files nobody vouches for: each gives its rows or one sentence, and the program lives."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from services.exchange.reading.cells import Cell, Fault
from services.exchange.reading.child import read, worker_command
from services.exchange.reading.limits import Limits
from tests.services.exchange.files import changed_package, write_csv, write_xlsx

STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument/relationships",
}
"""Namespaces of ordinary Open XML -> those of its Strict form."""
MORNING = dt.datetime.fromisoformat("2026-01-31T10:30:00")
ROWS: list[list[object]] = [["Name", "City"], ["Café Aurora", "Panaji"], ["مكتبة", "Ajman"]]


def rows_of(path: Path) -> list[tuple[int, list[Cell]]]:
    """The rows of the first sheet."""
    with read([path]) as result:
        return result.sheets[0].head()


def reason(path: Path, limits: Limits | None = None) -> tuple[str, str]:
    with read([path], limits) as result:
        assert result.sheets == ()
        assert len(result.problems) == 1
        return result.problems[0].reason, result.problems[0].message


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16-le", "\t"), ("utf-8", "|"), ("utf-32", ",")],
)
def test_text_in_any_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS, encoding=encoding, separator=separator)
    assert rows_of(path) == [(1, ["Name", "City"]), (2, ["Café Aurora", "Panaji"]), (3, ["مكتبة", "Ajman"])]


def test_western_bytes_without_a_mark_are_cp1252(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [["Name", "Note"], ["Müller & Söhne", "“fine” – €5"]], encoding="cp1252")
    assert rows_of(path)[1] == (2, ["Müller & Söhne", "“fine” – €5"])


def test_arabic_bytes_of_old_windows_are_found_out(tmp_path: Path) -> None:
    rows = [
        ["الاسم", "المدينة"],
        *[["مكتبة النخيل الحديثة للكتب والقرطاسية", "دبي"], ["شركة الخليج للتجارة العامة", "الشارقة"]] * 8,
    ]
    path = write_csv(tmp_path / "a.csv", rows, encoding="cp1256")
    assert rows_of(path)[1] == (2, ["مكتبة النخيل الحديثة للكتب والقرطاسية", "دبي"])


def test_a_separator_line_is_no_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS, separator=";", before="sep=;\r\n")
    assert rows_of(path)[0] == (1, ["Name", "City"])


def test_row_numbers_count_records_and_blank_lines_as_excel_does(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'Name,Note\r\n"A","two\nlines"\r\n\r\n,\r\nB,x\r\n')
    assert [number for number, _ in rows_of(path)] == [1, 2, 5]


def test_a_few_nuls_do_no_harm_and_many_are_no_text(tmp_path: Path) -> None:
    some = tmp_path / "some.csv"
    some.write_bytes(b"Name,City\nAc\0me,Dubai\n")
    assert rows_of(some)[1] == (2, ["Ac\0me", "Dubai"])
    many = tmp_path / "many.csv"
    many.write_bytes(b"\1\0\0\0\2\3\0\0" * 500)
    assert reason(many)[0] == "binary"


def test_an_unclosed_quote_is_named_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'Name,City\nA,Dubai\nB,"Sharjah\nC,Ajman\nD,Dubai\n')
    assert reason(path) == (
        "unclosed_quote",
        "a.csv: the quotation mark that opens in row 3 is never closed. Close or remove it.",
    )


def test_a_huge_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Name,City\nA," + b"x" * 2_000_000 + b"\n")
    assert reason(path)[0] == "field_too_long"


def test_cells_keep_their_kind_and_place(tmp_path: Path) -> None:
    """A sheet that starts at C7: numbers exact, dates as dates, errors and uncalculated formulas as what they are."""
    book = openpyxl.Workbook()
    page = book.active
    page.append([])
    for place, value in {
        "C7": "Name",
        "D7": "Price",
        "C8": "error",
        "D8": "#N/A",
        "C9": "formula",
        "D9": "=1+1",
        "C10": 12.1,
        "D10": 0.1 + 0.2,
        "C11": dt.date(2026, 1, 31),
        "D11": MORNING,
        "C12": True,
        "D12": dt.time(10, 5),
    }.items():
        page[place] = value
    page["D8"].data_type = "e"
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert rows_of(path) == [
        (7, ["", "", "Name", "Price"]),
        (8, ["", "", "error", Fault("#N/A")]),
        (9, ["", "", "formula", Fault("=")]),
        (10, ["", "", Decimal("12.1"), Decimal("0.3")]),
        (11, ["", "", dt.date(2026, 1, 31), MORNING]),
        (12, ["", "", True, "10:05"]),
    ]


def test_dates_of_1904_are_the_same_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["Name", "Since"])
    book.active.append(["A", dt.date(2026, 1, 31)])
    path = tmp_path / "a.xlsx"
    book.save(path)
    with read([path]) as result:
        assert result.sheets[0].head()[1] == (2, ["A", dt.date(2026, 1, 31)])
        assert result.sheets[0].is_1904


def test_all_sheets_are_listed_and_hidden_ones_marked(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    for title, state in (("Customers", "visible"), ("Old", "hidden"), ("Secret", "veryHidden")):
        page = book.create_sheet(title)
        page.append(["Name", "City"])
        page.sheet_state = state
    path = tmp_path / "a.xlsx"
    book.save(path)
    with read([path]) as result:
        assert [(sheet.sheet, sheet.rows, sheet.is_hidden) for sheet in result.sheets] == [
            ("Cover", 0, False),
            ("Customers", 1, False),
            ("Old", 1, True),
            ("Secret", 1, True),
        ]


def test_a_strict_workbook_is_read(tmp_path: Path) -> None:
    ordinary = write_xlsx(tmp_path / "ordinary.xlsx", ROWS)
    strict = changed_package(
        ordinary,
        tmp_path / "strict.xlsx",
        STRICT,
    )
    assert rows_of(strict) == rows_of(ordinary)


@pytest.mark.parametrize("name", ["empty.csv", "empty.xlsx"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch()
    assert reason(path) == ("empty", f"{name} is empty: 0 bytes. Export it again.")


def test_no_rows_is_an_error(tmp_path: Path) -> None:
    assert reason(write_xlsx(tmp_path / "a.xlsx", []))[0] == "no_rows"
    assert reason(write_csv(tmp_path / "a.csv", [[""], [""]]))[0] == "no_rows"


def test_missing_directory_and_pipe(tmp_path: Path) -> None:
    assert reason(tmp_path / "nowhere.csv")[0] == "missing"
    assert reason(Path("a\0b.csv"))[0] == "missing"
    (tmp_path / "folder").mkdir()
    assert reason(tmp_path / "folder")[0] == "directory"


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes lie elsewhere on Windows")
def test_a_named_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert reason(tmp_path / "pipe.csv")[0] == "special"


def test_half_a_download(tmp_path: Path) -> None:
    whole = write_xlsx(tmp_path / "whole.xlsx", [["Name", "City"], *[[f"Firm {n}", "Dubai"] for n in range(2000)]])
    content = whole.read_bytes()
    half = tmp_path / "half.xlsx"
    half.write_bytes(content[: len(content) // 2])
    assert reason(half)[0] == "damaged"


def test_a_password_protected_workbook(tmp_path: Path) -> None:
    """Encrypted Office files are OLE containers with a stream EncryptedPackage."""
    path = tmp_path / "secret.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    )
    assert reason(path) == (
        "password",
        "secret.xlsx is protected with a password. Save a copy without a password and import that.",
    )


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("a.csv", "Name,City\nA,Dubai\n")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert reason(path)[0] == "password"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.xlsx", b"%PDF-1.7 ...", "a PDF document"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "a picture"),
        ("a.csv", gzip.compress(b"Name\nA\n"), "a gzip archive"),
        ("a.xls", b"SQLite format 3\x00", "a database"),
        ("a.xml", b"<?xml version='1.0'?><ENVELOPE/>", "an XML file of a kind that the import does not know"),
    ],
)
def test_wrong_content_under_a_right_name(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    kind, message = reason(path)
    assert kind == "not_a_table"
    assert f"{name} is {what}, not a table." in message


def test_right_content_under_a_wrong_name(tmp_path: Path) -> None:
    book = write_xlsx(tmp_path / "really.xlsx", ROWS).rename(tmp_path / "book.csv")
    text = write_csv(tmp_path / "text.xls", ROWS, separator="\t")
    page = tmp_path / "page.xls"
    page.write_text("<html><table><tr><th>Name<th>City<tr><td>Caf&eacute; Aurora<td>Panaji</table>", "utf-8")
    xml = tmp_path / "old.xls"
    xml.write_text(
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="S"><Table>'
        '<Row ss:Index="3"><Cell ss:Index="2"><Data ss:Type="String">Name</Data></Cell>'
        '<Cell><Data ss:Type="Number">12.5</Data></Cell></Row></Table></Worksheet></Workbook>',
        "utf-8",
    )
    assert rows_of(book)[1] == (2, ["Café Aurora", "Panaji"])
    assert rows_of(text)[1] == (2, ["Café Aurora", "Panaji"])
    assert rows_of(page) == [(1, ["Name", "City"]), (2, ["Café Aurora", "Panaji"])]
    assert rows_of(xml) == [(3, ["", "Name", Decimal("12.5")])]


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    assert path.stat().st_size < 100_000
    assert reason(path)[0] == "bomb"


def test_overlapping_parts_and_names_outside_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.zip"
    with zipfile.ZipFile(outside, "w") as package:
        package.writestr("../a.csv", "Name\nA\n")
    assert reason(outside)[0] == "unsafe"
    overlap = tmp_path / "overlap.zip"
    with zipfile.ZipFile(overlap, "w") as package:
        package.writestr("a.csv", "Name,City\nA,Dubai\n")
        package.writestr("b.csv", "Name,City\nB,Dubai\n")
    content = bytearray(overlap.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = (1).to_bytes(4, "little")
    overlap.write_bytes(content)
    assert reason(overlap)[0] == "bomb"


def test_entities_in_a_sheet_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "old.xls"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "utf-8",
    )
    assert reason(path)[0] == "damaged"


def test_row_memory_and_time_limits_hold_in_the_child(tmp_path: Path) -> None:
    long = write_csv(tmp_path / "long.csv", [["Name", "City"], *[[f"Firm {n}", "Dubai"] for n in range(3_000)]])
    assert reason(long, Limits(rows=1000)) == (
        "too_many",
        "long.csv has more than 1,000 rows. Split it into smaller files.",
    )
    page = tmp_path / "page.xls"
    page.write_bytes(b"<table>" + b"<tr><td>1" * 2_000_000)
    assert reason(page, Limits(memory_bytes=80_000_000))[0] == "memory"
    assert reason(page, Limits(seconds=1)) == (
        "time",
        "page.xls took longer than 1 seconds to read and was stopped. Split it, or save it as CSV.",
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not bound the address space")
def test_the_death_of_the_fast_reader_is_not_the_end(tmp_path: Path) -> None:
    """With this little memory calamine takes its process down; openpyxl, row by row in a second child, does it."""
    path = write_xlsx(tmp_path / "book.xlsx", [["Name"], *[[f"Firm {n} " + "x" * 1000] for n in range(60_000)]])
    limits = Limits(memory_bytes=60_000_000)
    assert not ends_well(path, "fast", limits)
    with read([path], limits) as result:
        assert (result.problems, result.sheets[0].rows) == ((), 60_001)


def ends_well(path: Path, reader: str, limits: Limits) -> bool:
    """Whether the child with this reader says that it is done and nothing failed."""
    return b'"failed"' not in (said := spoken(path, reader, limits)) and said.endswith(b'{"done":true}\n')


def spoken(path: Path, reader: str, limits: Limits) -> bytes:
    arguments = ["--limits", limits.as_json(), "--reader", reader, "--", str(path)]
    return subprocess.run([*worker_command(), *arguments], capture_output=True, check=False, timeout=60).stdout


def test_folder_and_zip_give_the_same_files(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "more").mkdir(parents=True)
    write_csv(folder / "b.csv", ROWS)
    write_xlsx(folder / "more" / "a.xlsx", ROWS)
    (folder / "~$a.xlsx").write_bytes(b"lock")
    (folder / "readme.md").write_text("no table")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as package:
        for path in sorted(folder.rglob("*.*")):
            package.write(path, path.relative_to(folder).as_posix())
    for source in (folder, tmp_path / "export.zip"):
        with read([source]) as result:
            assert result.problems == ()
            assert [sheet.file for sheet in result.sheets] == [f"{source.name}/b.csv", f"{source.name}/more/a.xlsx"]
            assert result.sheets[0].head() == result.sheets[1].head()


def test_one_bad_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(b"PK\x03\x04 half a file")
    good = write_csv(tmp_path / "good.csv", ROWS)
    with read([bad, good]) as result:
        assert [problem.file for problem in result.problems] == ["bad.xlsx"]
        assert [sheet.file for sheet in result.sheets] == ["good.csv"]


def test_the_slow_reader_reads_the_same(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", ROWS)
    fast, slow = (spoken(path, reader, Limits()).splitlines()[1:] for reader in ("fast", "slow"))
    assert fast == slow


def test_a_strict_workbook_is_named_by_the_slow_reader(tmp_path: Path) -> None:
    """To openpyxl it has no sheets, and it does not say so; here that is said."""
    path = changed_package(
        write_xlsx(tmp_path / "a.xlsx", ROWS),
        tmp_path / "strict.xlsx",
        STRICT,
    )
    assert b'"failed":"strict"' in spoken(path, "slow", Limits())


def test_six_hundred_columns(tmp_path: Path) -> None:
    header = [f"Column {n}" for n in range(600)]
    path = write_xlsx(tmp_path / "a.xlsx", [header, [n if n % 100 == 0 else "" for n in range(600)]])
    cells = rows_of(path)[1][1]
    assert len(cells) >= 501
    assert cells[500] == Decimal(500)
