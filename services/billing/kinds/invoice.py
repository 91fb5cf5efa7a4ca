"""Invoice: receivable against income and output tax."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.billing import Document, DocumentLine
from models.values.money import Money
from models.values.states import AccountRole, DocumentKind
from services.billing.kinds.kind import Kind
from services.ledger.posting import Amount, Roles, account_for

TAX_ROLES: dict[str, AccountRole] = {
    "vat": AccountRole.TAX_OUTPUT,
    "cgst": AccountRole.CGST_OUTPUT,
    "sgst": AccountRole.SGST_OUTPUT,
    "igst": AccountRole.IGST_OUTPUT,
    "cess": AccountRole.CESS_OUTPUT,
}


def postings(invoice: Document, roles: Roles, by_code: Callable[[str], int]) -> Sequence[Amount]:
    """Dr receivable = payable; Cr income = taxable by account, Cr output tax by component, rounding either way.

    Under reverse charge the tax is the customer's to pay and is not posted here.
    """

    def side(account: int, minor: int, home: int, customer_id: int | None = None) -> Amount:
        return Amount(account, Money(minor, invoice.currency), Money(home, invoice.home_currency), customer_id)

    receivable = account_for(roles, AccountRole.RECEIVABLE)
    sides = [side(receivable, invoice.payable_minor, invoice.home_payable_minor, invoice.customer_id)]
    for line in invoice.lines:
        income = by_code(line.income_account) if line.income_account else account_for(roles, AccountRole.SALES)
        sides.append(side(income, -line.taxable_minor, -line.home_taxable_minor))
        if not invoice.is_reverse_charge:
            sides += [
                side(account_for(roles, TAX_ROLES[name]), -minor, -home)
                for name, minor, home in taxes_of(line)
                if minor or home
            ]
    if invoice.round_off_minor or invoice.home_round_off_minor:
        rounding = account_for(roles, AccountRole.ROUNDING)
        sides.append(side(rounding, -invoice.round_off_minor, -invoice.home_round_off_minor))
    return sides


def taxes_of(line: DocumentLine) -> tuple[tuple[str, int, int], ...]:
    """(component, minor, home minor) of every component, zero or not."""
    return (
        ("vat", line.vat_minor, line.home_vat_minor),
        ("cgst", line.cgst_minor, line.home_cgst_minor),
        ("sgst", line.sgst_minor, line.home_sgst_minor),
        ("igst", line.igst_minor, line.home_igst_minor),
        ("cess", line.cess_minor, line.home_cess_minor),
    )


INVOICE = Kind(DocumentKind.INVOICE, "invoice", postings, is_receivable=True, is_ordered=True)
