"""From files to staged rows: recognised, mapped, parsed, with every issue of every row."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from models.values.errors import Cancelled, InvalidValue, WrongUse
from services.exchange import mapping
from services.exchange.intake import stage
from services.exchange.mapping import ImportOptions, options_from
from services.exchange.staging import StagedRow
from tests.services.exchange.files import (
    BOOKS_CONTACTS,
    BOOKS_CONTACTS_INDIA,
    BOOKS_ITEMS,
    from_dicts,
    write_csv,
    write_xlsx,
)

QAMAR: dict[str, object] = {
    "Display Name": "QAMAR COAST TRADING L.L.C",
    "Company Name": "QAMAR COAST TRADING L.L.C",
    "Salutation": "Mr.",
    "First Name": "Yousef",
    "Last Name": "Haddad",
    "Phone": "'+971 4 555 0112",
    "Currency Code": "AED",
    "Status": "Active",
    "Credit Limit": "0.000",
    "Customer Sub Type": "business",
    "Billing Address": "Office 1204, Cedar Tower",
    "Billing City": "Dubai",
    "Billing State": "Dubai",
    "Billing Country": "United Arab Emirates",
    "Payment Terms": "30",
    "Payment Terms Label": "Net 30",
    "EmailID": "yousef@qamarcoast.example",
    "MobilePhone": "'+971 50 555 0101",
    "Contact ID": "2761566000000180000",
    "Contact Name": "QAMAR COAST TRADING L.L.C",
    "Contact Type": "customer",
    "Taxable": "true",
    "VAT Treatment": "vat_registered",
    "Tax Registration Number": "100200300400003",
    "Place Of Supply": "Dubai",
    "CF.Region": "Gulf",
}


def staged(*paths: Path, options: ImportOptions | None = None) -> list[StagedRow]:
    with stage(paths, options) as staging:
        assert staging.problems == ()
        return list(staging.rows())


def codes(row: StagedRow) -> list[tuple[str, str]]:
    return [(issue.column, issue.code) for issue in row.issues]


def test_a_books_customer_whole(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "Contacts.csv", from_dicts(BOOKS_CONTACTS, [QAMAR]), encoding="utf-8-sig")
    with stage([path]) as staging:
        card = staging.files[0]
        assert (card.system, card.entity, card.header_row, card.rows, card.currencies) == (
            "zoho_books",
            "customers",
            1,
            1,
            ("AED",),
        )
        assert card.recognition.label == "Contacts"
        assert card.recognition.confidence == 1
        row = next(staging.rows())
    assert row.issues == ()
    assert (row.row, row.external_id) == (2, "2761566000000180000")
    assert row.values == {
        "display_name": "QAMAR COAST TRADING L.L.C",
        "legal_name": "QAMAR COAST TRADING L.L.C",
        "kind": "business",
        "status": "active",
        "country": "AE",
        "state": "DXB",
        "place_of_supply": "DXB",
        "currency": "AED",
        "payment_terms_days": 30,
        "tax_treatment": "vat_registered",
        "tax_id": "100200300400003",
        "is_tax_id_verified": True,
        "phone": "+971 4 555 0112",
        "mobile": "+971 50 555 0101",
        "email": "yousef@qamarcoast.example",
        "billing_street": "Office 1204, Cedar Tower",
        "billing_city": "Dubai",
        "billing_state": "DXB",
        "billing_country": "AE",
        "contact_salutation": "Mr.",
        "contact_first_name": "Yousef",
        "contact_last_name": "Haddad",
        "contact_email": "yousef@qamarcoast.example",
        "contact_mobile": "+971 50 555 0101",
    }
    assert row.extra == {"Taxable": "true", "CF.Region": "Gulf"}


def test_books_in_india(tmp_path: Path) -> None:
    firms: list[dict[str, object]] = [
        {
            "Display Name": "Zafrani Foods Pvt Ltd",
            "Contact Name": "Zafrani Foods Pvt Ltd",
            "Contact ID": "1",
            "Contact Type": "customer",
            "Billing State": "Maharashtra",
            "Billing Country": "India",
            "GST Treatment": treatment,
            "GST Identification Number (GSTIN)": gstin,
            "Place Of Contact": "MH",
            "Place of Contact(With State Code)": "27-Maharashtra",
        }
        for treatment, gstin in (
            ("business_gst", "27AABCZ1234E1ZM"),
            ("consumer", ""),
            ("business_none", ""),
            ("business_registered_composition", "27AABCZ1234E1ZX"),
            ("overseas", ""),
            ("unheard_of", ""),
        )
    ]
    rows = staged(write_csv(tmp_path / "Contacts.csv", from_dicts(BOOKS_CONTACTS_INDIA, firms)))
    assert [row.values.get("tax_treatment") for row in rows] == [
        "registered_regular",
        "consumer",
        "unregistered",
        "registered_composition",
        "overseas",
        None,
    ]
    assert {row.values["place_of_supply"] for row in rows} == {"27"}
    assert rows[0].values["is_tax_id_verified"] is True
    assert codes(rows[3]) == [("GST Identification Number (GSTIN)", "W_TAX_ID")]
    assert rows[3].values["tax_id"] == "27AABCZ1234E1ZX"
    assert not rows[3].is_rejected
    assert codes(rows[5]) == [("GST Treatment", "E_UNKNOWN_VALUE")]
    assert rows[5].is_rejected


def test_vendors_among_contacts_are_set_aside(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "Contacts.csv", from_dicts(BOOKS_CONTACTS, [QAMAR | {"Contact Type": "vendor"}, QAMAR]))
    rows = staged(path)
    assert [row.is_data for row in rows] == [False, True]
    assert codes(rows[0]) == [("", "S_NOT_DATA")]


def test_books_items(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "Item.csv",
        from_dicts(
            BOOKS_ITEMS,
            [
                {
                    "Item ID": "2761566000000300000",
                    "Item Name": "IT support",
                    "SKU": "SRV-1",
                    "Rate": "AED 12,000.00",
                    "Account": "Sales",
                    "Tax Name": "Standard Rate",
                    "Tax Percentage": "5.00",
                    "Product Type": "service",
                    "Status": "Active",
                    "Usage unit": "year",
                    "Purchase Rate": "AED 8400.00",
                    "Sellable": "true",
                }
            ],
        ),
    )
    row = staged(path)[0]
    assert row.values == {
        "code": "SRV-1",
        "name": "IT support",
        "unit": "ANN",
        "unit_price": Decimal(12000),
        "cost": Decimal(8400),
        "currency": "AED",
        "tax_rate": Decimal(5),
        "kind": "service",
        "is_active": True,
        "income_account": "Sales",
    }
    assert row.extra == {"Tax Name": "Standard Rate", "Sellable": "true"}


def test_a_list_of_persons_is_a_list_of_customers(tmp_path: Path) -> None:
    """The shape of a well-known public file: people with ids, incomes as text, no company."""
    header = ["CustomerKey", "Prefix", "FirstName", "LastName", "BirthDate", "Gender", "EmailAddress", "AnnualIncome"]
    path = write_csv(
        tmp_path / "Shop_Customers.csv",
        [header, ["11000", "MR.", "JON", "YANG", "04/08/1966", "M", "jon24@shop.example", "$90,000 "]],
        encoding="utf-8-sig",
    )
    row = staged(path)[0]
    assert (row.entity, row.system, row.external_id) == ("customers", None, "11000")
    assert row.values == {
        "display_name": "JON YANG",
        "kind": "person",
        "email": "jon24@shop.example",
        "contact_salutation": "MR.",
        "contact_first_name": "JON",
        "contact_last_name": "YANG",
        "contact_email": "jon24@shop.example",
    }
    assert row.extra == {"BirthDate": "04/08/1966", "Gender": "M", "AnnualIncome": "$90,000"}


def test_products_with_dollar_prices_as_text(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Product_ID", "Product_Name", "Product_Category", "Product_Cost", "Product_Price"],
        [1, "Action Figure", "Toys", "$9.99 ", "$15.99 "],
        [37, "", "", 0, 0],
    ]
    first, second = staged(write_xlsx(tmp_path / "Products.xlsx", rows))
    assert first.values == {
        "name": "Action Figure",
        "category": "Toys",
        "cost": Decimal("9.99"),
        "unit_price": Decimal("15.99"),
        "currency": "USD",
    }
    assert first.external_id == "1"
    assert codes(second) == [("Product_Name", "E_REQUIRED")]
    assert second.issues[0].row == 3


def test_contacts_know_their_customer(tmp_path: Path) -> None:
    header = "Customer ID,Customer Name,Salutation,First Name,Last Name,EmailID,Phone,MobilePhone,Contact Person ID,Is Primary,Designation"
    rows = [
        header.split(","),
        ["276", "Qamar", "Mr.", "Yousef", "Haddad", "y@q.example", "", "", "99", "true", "Buyer"],
    ]
    row = staged(write_csv(tmp_path / "Contact_Persons.csv", rows))[0]
    assert (row.system, row.entity, row.external_id) == ("zoho_books", "contacts", "99")
    assert row.values["customer_id"] == "276"
    assert row.values["is_primary"] is True
    lonely: list[list[object]] = [
        ["Contact Name", "Email", "Company"],
        ["Lina Sabbagh", "l@q.example", ""],
        ["", "x@q.example", "Q"],
    ]
    first, second = staged(write_csv(tmp_path / "my contacts.csv", lonely))
    assert (first.values["first_name"], first.values["last_name"]) == ("Lina", "Sabbagh")
    assert codes(first) == [("Company", "E_REQUIRED")]
    assert codes(second) == [("last_name", "E_REQUIRED")]


def test_crm_ids_lose_their_prefix(tmp_path: Path) -> None:
    header = "Record Id,Account Owner.id,Account Owner,Account Name,Phone,Billing City,Billing Country,Created Time"
    rows = [
        header.split(","),
        ["zcrm_536", "zcrm_1", "Ayesha", "Qamar LLC", "04 555 0112", "Dubai", "UAE", "2025-03-01 10:30:00"],
    ]
    row = staged(write_csv(tmp_path / "Accounts_001.csv", rows))[0]
    assert (row.system, row.entity, row.external_id) == ("zoho_crm", "customers", "536")
    assert row.extra == {"Account Owner": "Ayesha"}


def test_the_header_is_found_under_titles(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Our Firm LLC"],
        [],
        ["Customer list as of 31 January 2026"],
        [],
        [],
        [],
        ["Customer Name", "TRN", "City", "Credit Limit"],
        ["Acme LLC", "100200300400003", "Dubai", "AED 5,000"],
        ["Total Energies LLC", "", "Sharjah", 100],
        ["Total", "", "", 5100],
        ["Total for Dubai", "", "", 5000],
        ["Customer Name", "TRN", "City", "Credit Limit"],
        ["Report generated on 31 January 2026"],
    ]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    with stage([path]) as staging:
        assert (staging.files[0].header_row, staging.files[0].rows) == (7, 2)
        result = list(staging.rows())
    assert [(row.row, row.is_data) for row in result] == [
        (8, True),
        (9, True),
        (10, False),
        (11, False),
        (12, False),
        (13, False),
    ]
    assert result[0].values["credit_limit"] == Decimal(5000)
    assert not any(row.is_rejected for row in result)


def test_a_merged_header_of_two_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Customer Name", "Billing", "", "Shipping", ""])
    page.append(["", "City", "Country", "City", "Country"])
    page.append(["Acme LLC", "Dubai", "UAE", "Muscat", "Oman"])
    page.merge_cells("B1:C1")
    page.merge_cells("D1:E1")
    page.merge_cells("A1:A2")
    path = tmp_path / "a.xlsx"
    book.save(path)
    row = staged(path)[0]
    assert row.row == 3
    assert row.values == {
        "display_name": "Acme LLC",
        "billing_city": "Dubai",
        "billing_country": "AE",
        "shipping_city": "Muscat",
        "shipping_country": "OM",
        "country": "AE",
    }


def test_all_issues_of_a_row_at_once(tmp_path: Path) -> None:
    header = ["Customer Name", "Phone", "Credit Limit", "Payment Terms", "Country", "Currency", "TRN"]
    bad = ["", "9.71506E+11", "#N/A", "whenever", "Atlantis", "Taler", "123"]
    path = write_csv(tmp_path / "customers.csv", [header, bad])
    row = staged(path, options=ImportOptions(country="AE"))[0]
    assert sorted(codes(row)) == [
        ("Country", "E_UNKNOWN_VALUE"),
        ("Credit Limit", "E_BAD_NUMBER"),
        ("Currency", "E_UNKNOWN_VALUE"),
        ("Customer Name", "E_REQUIRED"),
        ("Payment Terms", "E_UNKNOWN_VALUE"),
        ("Phone", "W_PHONE_DESTROYED"),
        ("TRN", "W_TAX_ID"),
    ]
    assert all(
        issue.message and issue.remedy and issue.row == 2 and issue.file == "customers.csv" for issue in row.issues
    )
    assert "phone" not in row.values


def test_two_phones_in_one_cell(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Customer Name", "Phone", "Mobile"],
        ["Acme", "04 555 0112 / 050 555 0101", ""],
        ["Bond", "04 555 0113 / 04 555 0114", "050 555 0102"],
    ]
    acme, bond = staged(write_csv(tmp_path / "customers.csv", rows))
    assert (acme.values["phone"], acme.values["mobile"], acme.extra) == ("04 555 0112", "050 555 0101", {})
    assert (bond.values["phone"], bond.values["mobile"]) == ("04 555 0113", "050 555 0102")
    assert bond.extra == {"Phone (more)": "04 555 0114"}


def test_ragged_rows_are_rejected_and_never_shifted(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("Customer Name,City,Email\nAcme, Inc,Dubai,a@b.example\nFine,Dubai,f@b.example,,\nShort,Dubai\n")
    ragged, fine, short = staged(path)
    assert codes(ragged) == [("", "E_RAGGED")]
    assert ragged.values == {}
    assert fine.issues == ()
    assert short.values == {"display_name": "Short", "billing_city": "Dubai"}


def test_the_decimal_mark_is_the_columns(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Item Name", "Price", "Unit"],
        ["A", "1.234", "pcs"],
        ["B", "1.234,50", "pcs"],
        ["C", "7", "h"],
    ]
    path = write_csv(tmp_path / "items.csv", rows, separator=";")
    assert [row.values["unit_price"] for row in staged(path)] == [Decimal(1234), Decimal("1234.50"), Decimal(7)]


def test_two_headers_alike_and_columns_without_data(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Customer Name", "City", "Grade", "Grade", "Unused", ""],
        ["Acme", "Dubai", "a", "b", "", "loose"],
    ]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    with stage([path]) as staging:
        uses = {column.header: column.use for column in staging.files[0].recognition.columns}
        row = next(staging.rows())
    assert uses == {
        "Customer Name": "field",
        "City": "field",
        "Grade": "extra",
        "Grade (2)": "extra",
        "Unused": "",
        "Column F": "extra",
    }
    assert row.extra == {"Grade": "a", "Grade (2)": "b", "Column F": "loose"}


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Nom de guerre", "Remark", "Junk", "Art"], ["Acme", "good payer", "x", "Firma"]]
    path = write_csv(tmp_path / "a.csv", rows)
    with stage([path]) as staging:
        assert staging.files[0].entity is None
        assert staging.files[0].note.startswith("What this sheet holds was not recognised.")
        assert list(staging.rows()) == []
    options = options_from(
        {
            "entity": "customers",
            "columns": {"Nom de guerre": "display_name", "Remark": "notes", "Junk": "skip", "Art": "kind"},
            "choices": {"kind": {"Firma": "business"}},
        }
    )
    row = staged(path, options=options)[0]
    assert row.values == {"display_name": "Acme", "notes": "Remark: good payer", "kind": "business"}
    assert row.extra == {}


def test_unknown_names_are_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"Did you mean display_name\?"):
        options_from({"columns": {"X": "display_nam"}})
    with pytest.raises(WrongUse, match=r"Did you mean customers\?"):
        stage([tmp_path], ImportOptions(entity="custmers"))
    with pytest.raises(WrongUse, match=r"Did you mean zoho_books\?"):
        stage([tmp_path], ImportOptions(system="zohobooks"))
    with pytest.raises(WrongUse, match=r"Did you mean columns\?"):
        options_from({"colums": {}})
    with pytest.raises(InvalidValue):
        options_from({"choices": {"display_name": {"a": "b"}}})


def test_documents_are_never_taken_for_customers(tmp_path: Path) -> None:
    header = [
        "Invoice Date",
        "Invoice Number",
        "Customer Name",
        "Customer ID",
        "Billing City",
        "Item Name",
        "Quantity",
        "Total",
    ]
    path = write_csv(
        tmp_path / "Invoice.csv", [header, ["2026-01-01", "INV-1", "Acme", "1", "Dubai", "Chair", "1", "5"]]
    )
    with stage([path]) as staging:
        card = staging.files[0]
        assert (card.entity, card.is_chosen) == ("invoices", False)
        assert card.note == "This looks like invoices, which cannot be imported yet."


def test_hidden_and_header_only_sheets_are_not_chosen(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Customer Name", "City", "Phone"])
    hidden = book.create_sheet("Old")
    hidden.append(["Customer Name", "City", "Phone"])
    hidden.append(["Acme", "Dubai", "04 555 0112"])
    hidden.sheet_state = "hidden"
    path = tmp_path / "customers.xlsx"
    book.save(path)
    with stage([path]) as staging:
        assert [(card.is_chosen, card.note) for card in staging.files] == [
            (False, "The sheet has a header and no rows below it."),
            (False, "The sheet is hidden in the file."),
        ]


def test_rows_come_in_the_order_of_an_import_and_again_the_same(tmp_path: Path) -> None:
    items = write_csv(tmp_path / "a items.csv", [["Item Name", "Price"], ["Chair", "5"]])
    customers = write_csv(tmp_path / "b customers.csv", [["Customer Name", "City"], ["Acme", "Dubai"]])
    with stage([items, customers]) as staging:
        first, second = list(staging.rows()), list(staging.rows())
    assert [row.entity for row in first] == ["customers", "items"]
    assert [row.fingerprint() for row in first] == [row.fingerprint() for row in second]
    assert len({row.fingerprint() for row in first}) == 2


def test_progress_and_cancel(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "customers.csv", [["Customer Name", "City"], *[[f"Firm {n}", "Dubai"] for n in range(1200)]]
    )
    seen: list[tuple[int, int]] = []
    with stage([path], report=lambda done, total: seen.append((done, total))) as staging:
        assert sum(1 for _ in staging.rows(lambda done, total: seen.append((done, total)))) == 1200
    assert seen == [(1201, 1201), (500, 1201), (1000, 1201), (1201, 1201)]

    def stop(_done: int, _total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        stage([path], report=stop)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    names = ["=cmd|' /C calc'!A0", "A<B Trading", "{0.__class__}", "Robert'); DROP TABLE customer;--", "x" * 501]
    rows = staged(
        write_csv(tmp_path / "customers.csv", [["Customer Name", "City"], *[[name, "Dubai"] for name in names]])
    )
    assert [row.values.get("display_name") for row in rows] == [*names[:4], None]
    assert codes(rows[4]) == [("Customer Name", "E_UNKNOWN_VALUE")]


def test_every_preset_says_what_it_is(tmp_path: Path) -> None:
    """The checklist on the list: a sheet with all columns of a preset is recognised as that preset, surely."""
    for preset in mapping.presets():
        header = [next(iter(sorted(group))) for group in preset.signature]
        header += sorted(preset.known - set(header))
        path = tmp_path / f"{preset.system} {preset.label}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, ["x"] * len(header)])
        with stage([path]) as staging:
            card = staging.files[0]
        assert (card.system, card.entity, card.recognition.confidence) == (preset.system, preset.entity, 1.0)


def test_synonyms_name_only_fields_that_exist() -> None:
    for part in mapping.synonyms().sets:
        assert all(group <= set(part.fields) for group in part.needs)
        if not part.is_decisive:
            assert set(part.fields) <= set(mapping.TARGETS[part.entity])
    for name, choices in mapping.synonyms().choices.items():
        allowed = {code for fields in mapping.TARGETS.values() if name in fields for code in fields[name].choices}
        assert set(choices.values()) <= allowed
    for path in mapping.MAPPINGS.glob("*.json"):
        assert json.loads(path.read_text("utf-8"))
