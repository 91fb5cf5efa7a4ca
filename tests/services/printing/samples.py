"""Documents as the book freezes them, with figures that add up; each test changes what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")

GOODS = (
    ("Access switch, 48-port PoE\nItem SW-48P, serials on delivery note DN-0261", "851762", "6", "H87", "4850", False),
    ("Wireless access point, ceiling", "851762", "12", "H87", "1150", False),
    ("Installation and labelling, floor 3\n5 to 8 October, 2 engineers", "998713", "38", "HUR", "170", True),
    ("Rack power strip, 12 outlets", "853690", "2", "H87", "165.255", False),
)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _line(
    no: int,
    goods: tuple[str, str, str, str, str, bool],
    rates: dict[str, Decimal],
    category: str,
    fx: Decimal,
    discount: str,
) -> dict[str, Any]:
    description, hsn, quantity, unit, price, is_service = goods
    gross = _cents(Decimal(quantity) * Decimal(price))
    taken = _cents(gross * Decimal(discount) / 100)
    taxable = gross - taken
    taxes = [
        {
            "component": name,
            "rate": str(rate),
            "amount": str(_cents(taxable * rate / 100)),
            "home_amount": str(_cents(_cents(taxable * rate / 100) * fx)),
        }
        for name, rate in rates.items()
    ]
    tax = sum((Decimal(str(row["amount"])) for row in taxes), Decimal("0.00"))
    home_taxable, home_tax = (
        _cents(taxable * fx),
        sum((Decimal(str(row["home_amount"])) for row in taxes), Decimal("0.00")),
    )
    return {
        "no": no,
        "description": description,
        "hsn": hsn,
        "quantity": quantity,
        "unit": unit,
        "is_service": is_service,
        "unit_price": price,
        "gross": str(gross),
        "discount": str(taken),
        "document_discount": "0.00",
        "taxable": str(taxable),
        "category": category,
        "rate": str(sum(rates.values(), Decimal(0))),
        "taxes": taxes,
        "tax": str(tax),
        "total": str(taxable + tax),
        "home_taxable": str(home_taxable),
        "home_tax": str(home_tax),
        "home_total": str(home_taxable + home_tax),
    }


def _total(lines: Sequence[dict[str, Any]], key: str) -> Decimal:
    return sum((Decimal(line[key]) for line in lines), Decimal("0.00"))


def _groups(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    groups = []
    for category, rate in dict.fromkeys((line["category"], line["rate"]) for line in lines):
        own = [line for line in lines if (line["category"], line["rate"]) == (category, rate)]
        names = dict.fromkeys(tax["component"] for line in own for tax in line["taxes"])
        components = {
            name: str(sum(Decimal(tax["amount"]) for line in own for tax in line["taxes"] if tax["component"] == name))
            for name in names
        }
        sums = {key: str(_total(own, key)) for key in ("taxable", "tax", "home_taxable", "home_tax")}
        groups.append({"category": category, "rate": rate, "components": components, **sums})
    return groups


def _document(lines: list[dict[str, Any]], currency: str, home: str, fx: str) -> dict[str, Any]:
    taxable, tax = _total(lines, "taxable"), _total(lines, "tax")
    grand = str(taxable + tax)
    return {
        "kind": "invoice",
        "document_type": "tax_invoice",
        "title": "Tax Invoice",
        "status": "issued",
        "currency": currency,
        "lines": lines,
        "tax_groups": _groups(lines),
        "totals": {
            "gross": str(_total(lines, "gross")),
            "line_discount": str(_total(lines, "discount")),
            "document_discount": "0.00",
            "taxable": str(taxable),
            "tax": str(tax),
            "tax_charged": str(tax),
            "grand": grand,
            "round_off": "0.00",
            "payable": grand,
            "prepaid": "0.00",
            "due": grand,
        },
        "home": {
            "currency": home,
            "exchange_rate": fx,
            "exchange_rate_on": "2026-10-08",
            "exchange_rate_source": "CBUAE",
            "taxable": str(_total(lines, "home_taxable")),
            "tax": str(_total(lines, "home_tax")),
            "tax_charged": str(_total(lines, "home_tax")),
            "grand": str(_total(lines, "home_total")),
            "round_off": "0.00",
            "payable": str(_total(lines, "home_total")),
        },
    }


def uae(
    count: int = 4, *, currency: str = "AED", fx: str = "1", discount: str = "5", zero_rated: int = 0
) -> dict[str, Any]:
    """A tax invoice of a Dubai firm with `count` lines, the last `zero_rated` of them at 0 %."""
    lines = []
    for i in range(count):
        is_zero = i >= count - zero_rated
        rates = {"vat": Decimal(0 if is_zero else 5)}
        taken = discount if i == 1 else "0"
        lines.append(_line(i + 1, GOODS[i % 4], rates, "Z" if is_zero else "S", Decimal(fx), taken))
    return _document(lines, currency, "AED", fx) | {
        "number": "INV-26-00418",
        "issued_on": "2026-10-12",
        "supplied_on": "2026-10-08",
        "due_on": "2026-11-11",
        "po_number": "PO-8841",
        "place_of_supply": "DXB",
        "place_of_supply_name": "Dubai",
        "seller": {
            "legal_name": "Meridian Systems LLC",
            "trade_name": "ميريديان سيستمز ذ.م.م",
            "tax_id": "100357190400003",
            "tax_id_label": "TRN",
            "address": {
                "street": "Office 1204, Harbour Gate Tower",
                "extra": "Business Bay",
                "city": "Dubai",
                "country": "AE",
            },
            "state": "DXB",
            "country": "AE",
            "country_name": "United Arab Emirates",
            "phone": "+971 4 555 0170",
            "email": "accounts@meridian.example",
        },
        "customer": {
            "code": "C-0001",
            "legal_name": "Al Noor Trading LLC",
            "trade_name": "شركة النور للتجارة ذ.م.م",
            "tax_id": "100482216700003",
            "tax_id_label": "TRN",
            "address": {
                "street": "Warehouse 7, Street 14",
                "extra": "Al Quoz Industrial 3",
                "city": "Dubai",
                "country": "AE",
            },
            "state": "DXB",
            "country": "AE",
            "country_name": "United Arab Emirates",
        },
        "bank": {
            "bank_name": "Example Bank PJSC",
            "branch": "Dubai",
            "account_name": "Meridian Systems LLC",
            "iban": "AE070331234567890123456",
            "swift": "EXMPAEAD",
        },
        "belongs_to": {"estimate": "EST-26-0171", "deal": "DL-0288"},
        "terms": "Title passes on full payment. Please report differences within 7 days of receipt.",
        "amount_in_words": {"en": "Fifty-one thousand four hundred fifty dirhams only"},
    }


def india(count: int = 4, *, is_inter: bool = False, cess: str = "0", mixed: bool = False) -> dict[str, Any]:
    """A GST invoice of a firm in Pune; `mixed` puts every third line at 5 % instead of 18 %."""
    lines = []
    for i in range(count):
        rate = Decimal(5 if mixed and i % 3 == 2 else 18)
        half = rate / 2
        rates = {"igst": rate} if is_inter else {"cgst": half, "sgst": half}
        if cess != "0":
            rates["cess"] = Decimal(cess)
        line = _line(i + 1, GOODS[i % 4], rates, "S", Decimal(1), "5" if i == 1 else "0")
        lines.append(line | {"rate": str(rate)})
    return _document(lines, "INR", "INR", "1") | {
        "number": "PN/26-27/00214",
        "issued_on": "2026-11-23",
        "supplied_on": "2026-11-23",
        "due_on": "2026-12-23",
        "po_number": "SFL/PO/1187",
        "is_inter_state": is_inter,
        "place_of_supply": "29" if is_inter else "27",
        "place_of_supply_name": "Karnataka" if is_inter else "Maharashtra",
        "seller": {
            "legal_name": "Meridian Systems India Pvt Ltd",
            "tax_id": "27AAKCM4821L1Z4",
            "tax_id_label": "GSTIN",
            "address": {
                "street": "4th floor, Koregaon Court",
                "extra": "North Main Road",
                "city": "Pune",
                "pin": "411001",
                "state": "27",
                "country": "IN",
            },
            "state": "27",
            "state_name": "Maharashtra",
            "country": "IN",
            "country_name": "India",
            "phone": "+91 20 5555 0144",
        },
        "customer": {
            "code": "C-0002",
            "legal_name": "सह्याद्रि फूड्स प्राइवेट लिमिटेड" if is_inter else "Sahyadri Foods Pvt Ltd",
            "tax_id": "29AADCS7710K1Z5" if is_inter else "27AADCS7710K1Z5",
            "tax_id_label": "GSTIN",
            "address": {"street": "Plot 18, Chakan Phase II", "city": "Pune", "pin": "410501", "country": "IN"},
            "state": "29" if is_inter else "27",
            "state_name": "Karnataka" if is_inter else "Maharashtra",
            "country": "IN",
            "country_name": "India",
        },
        "bank": {
            "bank_name": "Example Bank Ltd",
            "branch": "Koregaon Park",
            "account_number": "000000000000",
            "ifsc": "EXMP0000000",
            "upi_vpa": "meridian@examplebank",
        },
        "belongs_to": {"estimate": "EST/26-27/0088", "deal": "DL-0303"},
        "terms": "Interest at 18% a year on amounts past due. Subject to Pune jurisdiction.",
        "amount_in_words": {"en": "Rupees Six Lakh Seventy-Eight Thousand Five Hundred Only"},
    }
