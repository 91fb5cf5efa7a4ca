"""A staged row of customers as the rows of a customer, and as what the row itself says of it.

The rows are made by the same rules as those of a customer made by hand (services/customers/filling.py); `stated` tells
what the file said from what was filled in, since only that may change a record that is there already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.values.states import CustomerKind, CustomerStatus, TaxTreatment
from models.values.text import folded
from services.customers.drafts import AddressDraft, ContactDraft, CustomerDraft, is_email
from services.customers.filling import BILLING, DELIVERY, Circumstances, Filled, Row, fill
from services.exchange.staging import Issue, StagedRow

ADDRESS_PARTS = ("attention", "street", "extra", "city", "pin", "state", "country", "phone")
_ADDRESS_KEYS = {prefix: {name: f"{prefix}_{name}" for name in ADDRESS_PARTS} for prefix in ("billing", "shipping")}
_SAME = (
    "display_name", "legal_name", "kind", "status", "country", "state", "currency", "payment_terms_days",
    "tax_treatment", "tax_id", "pan", "place_of_supply", "email", "website", "source", "tags", "notes",
)  # fmt: skip
"""Fields of a row that are columns of the customer under the same name."""
_COMPANIONS = {"display_name": ("name_folded",), "tax_id": ("is_tax_id_verified",)}
"""Columns that always change together with another one."""


@dataclass(slots=True)
class Drafted:
    """One row as a customer. `stated`: column -> value, only what the row says; addresses and contacts likewise."""

    source: StagedRow
    filled: Filled
    stated: dict[str, Any]
    issues: list[Issue] = field(default_factory=list)


def drafted(row: StagedRow, around: Circumstances) -> Drafted:
    """The rows of the customer that `row` tells of. A value that its field cannot keep is an issue, or in `extra`."""
    values = row.values
    extra = dict(row.extra)
    issues: list[Issue] = []
    email = _email(row, "email", issues, extra)
    contacts = _contacts(row, email, extra, issues)
    phone, mobile = text(values, "phone"), text(values, "mobile")
    if phone and mobile and mobile != phone and not any(contact.mobile == mobile for contact in contacts):
        extra["Mobile"] = mobile
    billing, delivery = _address(values, "billing"), _address(values, "shipping")
    if delivery is not None and billing is not None and _repeats(delivery, billing):
        delivery = None
    limit = values.get("credit_limit")
    terms = values.get("payment_terms_days")
    draft = CustomerDraft(
        display_name=text(values, "display_name")[:300],
        legal_name=text(values, "legal_name")[:300],
        kind=CustomerKind(text(values, "kind") or CustomerKind.BUSINESS),
        status=CustomerStatus(text(values, "status") or CustomerStatus.ACTIVE),
        country=text(values, "country"),
        state=text(values, "state"),
        currency=text(values, "currency"),
        payment_terms_days=terms if isinstance(terms, int) else None,
        credit_limit=limit if isinstance(limit, Decimal) else None,
        tax_treatment=TaxTreatment(treatment) if (treatment := text(values, "tax_treatment")) else None,
        tax_id=text(values, "tax_id")[:40],
        pan=text(values, "pan")[:40],
        place_of_supply=text(values, "place_of_supply"),
        email=email,
        phone=(phone or mobile)[:300],
        website=text(values, "website")[:300],
        source=text(values, "source")[:300],
        tags=tags if isinstance(tags := values.get("tags"), tuple) else (),
        notes=text(values, "notes"),
        extra=extra,
        billing_address=billing,
        delivery_addresses=(delivery,) if delivery is not None else (),
        contacts=tuple(contacts),
    )
    filled = fill(draft, around)
    for problem in filled.problems:
        code = "E_BAD_AMOUNT" if problem.field == "credit_limit" else "E_UNKNOWN_VALUE"
        issues.append(issue_of(row, problem.field, code, "", problem.message, "Correct it in the file."))
    if values.get("is_tax_id_verified") and not filled.customer["is_tax_id_verified"]:
        issues.append(
            issue_of(row, "tax_id", "W_TAX_ID", text(values, "tax_id"),
                     f"This is no tax number of the customer's country, {filled.customer['country']}.",
                     "It comes in as unverified text. Correct it with the customer."))  # fmt: skip
    return Drafted(row, filled, _stated(values, filled.customer), issues)


def issue_of(row: StagedRow, column: str, code: str, value: str, message: str, remedy: str = "") -> Issue:
    return Issue(row.file, row.sheet, row.row, column, code, value[:200], message, remedy)


def text(values: dict[str, Any], name: str) -> str:
    value = values.get(name, "")
    return value if isinstance(value, str) else ""


def natural_id(row: StagedRow) -> str:
    """What identifies a customer in a file without ids: its name with its tax number, mailbox and telephone."""
    values = row.values
    parts = [text(values, name) for name in ("display_name", "tax_id", "email", "phone")]
    return "|".join(folded(part) for part in parts)[:450]


def _stated(values: dict[str, Any], customer: Row) -> dict[str, Any]:
    names = [name for name in _SAME if name in values]
    if "credit_limit" in values:
        names.append("credit_limit_minor")
    if "phone" in values or "mobile" in values:
        names.append("phone")
    if customer["extra"]:
        names.append("extra")
    for name in tuple(names):
        names += _COMPANIONS.get(name, ())
    return {name: customer[name] for name in names}


def _email(row: StagedRow, name: str, issues: list[Issue], extra: dict[str, str]) -> str:
    value = text(row.values, name)
    if not value or (is_email(value) and len(value) <= 300):
        return value
    extra[name.replace("_", " ").capitalize()] = value
    issues.append(
        issue_of(
            row,
            name,
            "W_EMAIL",
            value,
            f"{value[:60]!r} is no e-mail address.",
            "It is kept beside the customer; correct it there.",
        )
    )
    return ""


def _contacts(row: StagedRow, email: str, extra: dict[str, str], issues: list[Issue]) -> list[ContactDraft]:
    """The person that the row names, unless the customer is that person and nothing more is said."""
    values = row.values
    first, last = text(values, "contact_first_name"), text(values, "contact_last_name")
    if not (first or last):
        return []
    own_email = text(values, "contact_email")
    own_email = email if own_email == text(values, "email") else _email(row, "contact_email", issues, extra)
    if values.get("kind") == CustomerKind.PERSON and _says_nothing_more(values, own_email, email):
        if salutation := text(values, "contact_salutation"):
            extra.setdefault("Salutation", salutation)
        return []
    return [
        ContactDraft(
            salutation=text(values, "contact_salutation")[:40],
            first_name=first[:300],
            last_name=last[:300],
            email=own_email,
            phone=text(values, "contact_phone")[:300],
            mobile=text(values, "contact_mobile")[:300],
            designation=text(values, "contact_designation")[:300],
            is_primary=True,
        )
    ]


def _says_nothing_more(values: dict[str, Any], own_email: str, email: str) -> bool:
    """Whether the person is the customer, and all that is said of the person is said of the customer."""
    name = f"{text(values, 'contact_first_name')} {text(values, 'contact_last_name')}".strip()
    return (
        name == text(values, "display_name")
        and not text(values, "contact_designation")
        and own_email in {"", email}
        and text(values, "contact_phone") in {"", text(values, "phone")}
        and not ("contact_mobile" in values and "phone" in values)
    )


def _address(values: dict[str, Any], prefix: str) -> AddressDraft | None:
    keys = _ADDRESS_KEYS[prefix]
    if values.keys().isdisjoint(keys.values()):
        return None
    parts = {name: text(values, key) for name, key in keys.items()}
    street, extra = parts["street"].replace("\n", ", "), parts["extra"].replace("\n", ", ")
    return AddressDraft(
        street=street[:500],
        extra=extra[:500],
        city=parts["city"][:300],
        pin=parts["pin"][:40],
        state=parts["state"][:60],
        country=parts["country"],
        attention=parts["attention"][:300],
        phone=parts["phone"][:300],
    )


def _repeats(one: AddressDraft, other: AddressDraft) -> bool:
    """Whether `one` says nothing that `other` does not say."""
    return all(getattr(one, name) in {"", getattr(other, name)} for name in ADDRESS_PARTS)


__all__ = ["ADDRESS_PARTS", "BILLING", "DELIVERY", "Drafted", "drafted", "issue_of", "natural_id", "text"]
