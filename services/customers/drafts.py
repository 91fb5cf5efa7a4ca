"""What a person types of a customer, its addresses and its contacts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from models.values.states import CustomerKind, CustomerStatus, TaxTreatment
from services.drafts import Problem, nearest, parse, text
from services.versions import renamed

CONTACT_ROLES = ("decision_maker", "billing", "purchasing", "technical", "delivery", "support", "other")
LONGEST_TERMS_DAYS = 3650
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>().][^@\s,;<>()]*\.[^@\s,;<>().]+")


@dataclass(frozen=True, slots=True)
class AddressDraft:
    """`state` and `country` are codes or names; left out they are the customer's."""

    street: str = text(limit=500)
    extra: str = text(limit=500)
    city: str = text()
    pin: str = text(limit=40)
    state: str = text(limit=60)
    country: str = text(limit=60)
    attention: str = text()
    phone: str = text()

    @property
    def is_empty(self) -> bool:
        return not any((self.street, self.extra, self.city, self.pin, self.attention, self.phone))


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """A person at a customer. `customer` is the customer's code; left out where the contact stands inside one."""

    customer: str = text()
    salutation: str = text(limit=40)
    first_name: str = text()
    last_name: str = text()
    email: str = text()
    phone: str = text()
    mobile: str = text()
    designation: str = text()
    roles: tuple[str, ...] = ()
    is_primary: bool = False
    owner: str = text(limit=40)
    notes: str = text(limit=10_000, lines=True)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def problems(self, path: str = "") -> Iterator[Problem]:
        if not self.name:
            yield Problem(path + "last_name", "A contact needs a first or a last name.")
        if self.email and not is_email(self.email):
            yield Problem(path + "email", not_an_email(self.email))
        for role in self.roles:
            if role not in CONTACT_ROLES:
                known = ", ".join(CONTACT_ROLES)
                yield Problem(
                    path + "roles", f"A contact's roles are {known}; {role!r} is none.{nearest(role, CONTACT_ROLES)}"
                )


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """What is left out is filled in: code, place, currency, terms, tax treatment, State and PAN of a GSTIN.

    `different_because` says why this is another customer although it looks like one that the book has.
    """

    display_name: str = text()
    code: str = text(limit=40)
    legal_name: str = text()
    kind: CustomerKind = CustomerKind.BUSINESS
    status: CustomerStatus = CustomerStatus.ACTIVE
    owner: str = text(limit=40)
    company: str = text(limit=40)
    branch: str = text(limit=40)
    business_unit: str = text(limit=40)
    country: str = text(limit=60)
    state: str = text(limit=60)
    currency: str = text(limit=3)
    payment_terms_days: int | None = None
    credit_limit: Decimal | None = None
    tax_treatment: TaxTreatment | None = None
    tax_id: str = text(limit=40)
    pan: str = text(limit=40)
    place_of_supply: str = text(limit=60)
    email: str = text()
    phone: str = text()
    website: str = text()
    source: str = text()
    tags: tuple[str, ...] = ()
    notes: str = text(limit=20_000, lines=True)
    extra: dict[str, Any] | None = None
    billing_address: AddressDraft | None = None
    delivery_addresses: tuple[AddressDraft, ...] = ()
    contacts: tuple[ContactDraft, ...] = ()
    different_because: str = text(limit=500)

    def problems(self) -> Iterator[Problem]:
        """What is wrong whatever else the book holds."""
        if not self.display_name:
            yield Problem("display_name", "A customer needs a name.")
        if self.email and not is_email(self.email):
            yield Problem("email", not_an_email(self.email))
        if self.payment_terms_days is not None and not 0 <= self.payment_terms_days <= LONGEST_TERMS_DAYS:
            yield Problem("payment_terms_days", f"Payment terms are 0 to 3650 days; {self.payment_terms_days} is not.")
        if self.credit_limit is not None and self.credit_limit < 0:
            yield Problem("credit_limit", "A credit limit is not negative; leave it empty for no limit.")
        for number, contact in enumerate(self.contacts, 1):
            yield from contact.problems(f"contacts[{number}].")


ALIASES = {"name": "display_name", "customer_kind": "kind"}
"""Short and listed names of fields: what `show` answers can be given back (design.md 13 says `name`)."""


def customer_draft(values: Mapping[str, Any]) -> CustomerDraft:
    """A draft from plain values, by the names of the draft or by their aliases."""
    return parse(CustomerDraft, renamed(values, ALIASES, "A customer"), "A customer")


def is_email(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


def not_an_email(value: str) -> str:
    return f"{value!r} is not an e-mail address. Write it as name@firm.com."
