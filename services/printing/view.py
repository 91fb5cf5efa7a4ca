"""What is printed: a document's frozen view (design.md section 13, OUT) as typed values.

Amounts, quantities and rates stay the text that was frozen: printing rounds nothing and computes nothing but sums.
A key that is missing is empty; a view that was frozen years ago must still print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Address:
    street: str = ""
    extra: str = ""
    city: str = ""
    pin: str = ""
    state: str = ""
    country: str = ""

    @classmethod
    def from_json(cls, view: object) -> Self:
        """From the object of section 13; older views may hold one line of text."""
        if isinstance(view, Mapping):
            return cls(**_texts(cls, view))
        return cls(street=_text(view))


@dataclass(frozen=True, slots=True)
class Party:
    """The seller or the customer as they stood at issue. `code` is the customer's."""

    legal_name: str = ""
    trade_name: str = ""
    code: str = ""
    tax_id: str = ""
    tax_id_label: str = ""
    tax_treatment: str = ""
    state: str = ""
    state_name: str = ""
    country: str = ""
    country_name: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    address: Address = Address()

    @classmethod
    def from_json(cls, view: object) -> Self:
        mapping = _mapping(view)
        address = Address.from_json(mapping.get("address"))
        texts = _texts(cls, mapping)
        texts["country"] = texts["country"] or address.country
        texts["state"] = texts["state"] or address.state
        return cls(**texts, address=address)


@dataclass(frozen=True, slots=True)
class Bank:
    bank_name: str = ""
    account_name: str = ""
    account_number: str = ""
    iban: str = ""
    swift: str = ""
    ifsc: str = ""
    branch: str = ""
    upi_vpa: str = ""

    @classmethod
    def from_json(cls, view: object) -> Self:
        return cls(**_texts(cls, _mapping(view)))


@dataclass(frozen=True, slots=True)
class LineTax:
    component: str = ""
    rate: str = "0"
    amount: str = "0"
    home_amount: str = ""

    @classmethod
    def from_json(cls, view: object) -> Self:
        mapping = _mapping(view)
        return cls(**_texts(cls, mapping, rate="0", amount="0"))


@dataclass(frozen=True, slots=True)
class Line:
    no: str = ""
    description: str = ""
    hsn: str = ""
    quantity: str = "0"
    unit: str = ""
    unit_price: str = "0"
    gross: str = "0"
    discount: str = "0"
    document_discount: str = "0"
    taxable: str = "0"
    category: str = ""
    rate: str = "0"
    tax: str = "0"
    total: str = "0"
    home_taxable: str = ""
    home_tax: str = ""
    home_total: str = ""
    is_service: bool = False
    taxes: tuple[LineTax, ...] = ()

    @classmethod
    def from_json(cls, view: object) -> Self:
        mapping = _mapping(view)
        zeros = dict.fromkeys(
            ("quantity", "unit_price", "gross", "discount", "document_discount", "taxable", "rate", "tax", "total"), "0"
        )
        return cls(
            **_texts(cls, mapping, **zeros),
            is_service=bool(mapping.get("is_service")),
            taxes=tuple(LineTax.from_json(tax) for tax in _list(mapping.get("taxes"))),
        )

    def component(self, name: str) -> LineTax | None:
        return next((tax for tax in self.taxes if tax.component == name), None)


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """One (category, rate) of the document; `components` are (name, amount) in the document's currency."""

    category: str = ""
    rate: str = "0"
    taxable: str = "0"
    tax: str = "0"
    home_taxable: str = ""
    home_tax: str = ""
    components: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_json(cls, view: object) -> Self:
        mapping = _mapping(view)
        components = _mapping(mapping.get("components"))
        return cls(
            **_texts(cls, mapping, rate="0", taxable="0", tax="0"),
            components=tuple((name, _text(value) or "0") for name, value in components.items()),
        )


@dataclass(frozen=True, slots=True)
class Totals:
    gross: str = "0"
    line_discount: str = "0"
    document_discount: str = "0"
    taxable: str = "0"
    tax: str = "0"
    tax_charged: str = "0"
    grand: str = "0"
    round_off: str = "0"
    payable: str = "0"
    prepaid: str = "0"
    due: str = "0"

    @classmethod
    def from_json(cls, view: object) -> Self:
        return cls(**_texts(cls, _mapping(view), **{field.name: "0" for field in fields(cls)}))


@dataclass(frozen=True, slots=True)
class Home:
    """The totals in the company's own currency. `currency` is empty where the view has none."""

    currency: str = ""
    exchange_rate: str = ""
    exchange_rate_on: str = ""
    exchange_rate_source: str = ""
    taxable: str = ""
    tax: str = ""
    tax_charged: str = ""
    grand: str = ""
    round_off: str = ""
    payable: str = ""

    @classmethod
    def from_json(cls, view: object) -> Self:
        return cls(**_texts(cls, _mapping(view)))


@dataclass(frozen=True, slots=True)
class Original:
    """The invoice that a credit note corrects, and by how much."""

    number: str = ""
    amount: str = ""

    @classmethod
    def from_json(cls, view: object) -> Self:
        return cls(**_texts(cls, _mapping(view)))


@dataclass(frozen=True, slots=True)
class DocumentView:
    kind: str = ""
    document_type: str = ""
    number: str = ""
    title: str = ""
    seller: Party = Party()
    customer: Party = Party()
    delivery: Party | None = None
    issued_on: str = ""
    supplied_on: str = ""
    due_on: str = ""
    valid_until: str = ""
    place_of_supply: str = ""
    place_of_supply_name: str = ""
    po_number: str = ""
    payment_terms: str = ""
    currency: str = ""
    is_inter_state: bool = False
    is_reverse_charge: bool = False
    prices_include_tax: bool = False
    is_trial: bool = False
    is_draft: bool = False
    lines: tuple[Line, ...] = ()
    tax_groups: tuple[TaxGroup, ...] = ()
    totals: Totals = Totals()
    home: Home = Home()
    originals: tuple[Original, ...] = ()
    bank: Bank | None = None
    notes: str = ""
    terms: str = ""
    endorsement: str = ""
    reverse_charge_note: str = ""
    in_words: str = ""
    estimate: str = ""
    deal: str = ""
    project: str = ""

    @classmethod
    def from_json(cls, view: Mapping[str, Any]) -> DocumentView:
        """From the frozen view or the answer of `show`; nested objects may be missing or null."""
        belongs_to = _mapping(view.get("belongs_to"))
        values = _texts(cls, view)
        values |= {key: _text(belongs_to.get(key)) for key in ("estimate", "deal", "project")}
        values |= {field.name: bool(view.get(field.name)) for field in fields(cls) if field.type == "bool"}
        values["in_words"] = _text(_mapping(view.get("amount_in_words")).get("en"))
        return cls(
            **values,
            seller=Party.from_json(view.get("seller")),
            customer=Party.from_json(view.get("customer")),
            delivery=Party.from_json(view["delivery"]) if view.get("delivery") else None,
            lines=tuple(Line.from_json(line) for line in _list(view.get("lines"))),
            tax_groups=tuple(TaxGroup.from_json(group) for group in _list(view.get("tax_groups"))),
            totals=Totals.from_json(view.get("totals")),
            home=Home.from_json(view.get("home")),
            originals=tuple(Original.from_json(original) for original in _list(view.get("originals"))),
            bank=Bank.from_json(view["bank"]) if view.get("bank") else None,
        )

    @property
    def country(self) -> str:
        """The seller's: its law says what the paper must show."""
        return self.seller.country

    @property
    def is_foreign(self) -> bool:
        """Written in another currency than the company's books."""
        return bool(self.home.currency) and self.home.currency != self.currency


def _texts(cls: type[Any], view: Mapping[str, Any], **otherwise: str) -> dict[str, Any]:
    """The text fields of a dataclass from a mapping; missing, null and empty become `otherwise` or ""."""
    return {
        field.name: _text(view.get(field.name)) or otherwise.get(field.name, "")
        for field in fields(cls)
        if field.type == "str"
    }


def _text(value: object) -> str:
    """Text as it stands; whole numbers (ids, line numbers) as digits."""
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    return value if isinstance(value, str) else str(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
