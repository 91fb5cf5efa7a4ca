"""Documents and their states: figures that add up, states that follow from facts, voids that keep their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.health.checks import Check, Look, Rule, all_of, amount
from services.health.ledger import DOCUMENT, RECEIVABLES

_LINE = "'line ' || l.no || ' of ' || " + DOCUMENT
_COMPONENTS = ("vat", "cgst", "sgst", "igst", "cess")


def _components(prefix: str = "") -> str:
    return " + ".join(f"l.{prefix}{name}_minor" for name in _COMPONENTS)


def _line_rule(wrong: str, sentence: str) -> Rule:
    """Lines for which `wrong`, SQL over `l` and `d`, is true."""
    return Rule(
        f"""
        SELECT {_LINE} AS what, d.currency, d.home_currency, l.gross_minor, l.discount_minor,
            l.document_discount_minor, l.taxable_minor, l.tax_minor, l.total_minor, {_components()} AS components_minor,
            l.home_taxable_minor, l.home_tax_minor, l.home_total_minor, {_components("home_")} AS home_components_minor,
            l.category
        FROM document_line l JOIN document d ON d.id = l.document_id WHERE {wrong} ORDER BY l.id
        """,  # noqa: S608 - our own literals
        "{what}: " + sentence,
    )


_LINES = (
    _line_rule(
        "l.taxable_minor + CASE WHEN d.prices_include_tax THEN l.tax_minor ELSE 0 END "
        "<> l.gross_minor - l.discount_minor - l.document_discount_minor",
        "{gross_minor} less {discount_minor} and {document_discount_minor} is not the taxable {taxable_minor}.",
    ),
    _line_rule(
        "l.total_minor <> l.taxable_minor + l.tax_minor",
        "the total {total_minor} is not {taxable_minor} and the tax {tax_minor}.",
    ),
    _line_rule(
        f"l.tax_minor <> {_components()}", "the tax {tax_minor} is not the sum of its components, {components_minor}."
    ),
    _line_rule(
        f"l.home_tax_minor <> {_components('home_')} OR l.home_total_minor <> l.home_taxable_minor + l.home_tax_minor",
        "{home_taxable_minor} and tax {home_tax_minor} (components {home_components_minor}) are not {home_total_minor}.",
    ),
    _line_rule(
        "l.gross_minor < 0 OR l.discount_minor NOT BETWEEN 0 AND l.gross_minor OR l.document_discount_minor < 0 "
        "OR l.taxable_minor < 0 OR l.tax_minor < 0",
        "an amount is below zero or the discount {discount_minor} above the gross {gross_minor}.",
    ),
    _line_rule(
        "l.category <> 'S' AND l.tax_minor <> 0", "category {category} carries no tax, but {tax_minor} is charged."
    ),
    _line_rule(
        "d.currency = d.home_currency AND (l.taxable_minor <> l.home_taxable_minor OR l.tax_minor <> l.home_tax_minor)",
        "{taxable_minor} and {tax_minor} are not the same at home: {home_taxable_minor} and {home_tax_minor}.",
    ),
)

_SUMS = {
    "gross": "gross_minor",
    "line_discount": "discount_minor",
    "document_discount": "document_discount_minor",
    "taxable": "taxable_minor",
    "tax": "tax_minor",
    "home_taxable": "home_taxable_minor",
    "home_tax": "home_tax_minor",
}
"""Figure of a document -> column of its lines that it is the sum of."""
_ROUNDING_MAY_BE = 50
"""Paise: to the whole rupee and not further (tax.md C6)."""


def _unequal_sums(look: Look) -> Iterator[str]:
    """I9: each figure of a document is the sum of its lines."""
    sums = ", ".join(f"sum({column}) AS s_{name}" for name, column in _SUMS.items())
    figures = ", ".join(f"d.{name}_minor AS d_{name}, coalesce(s.s_{name}, 0) AS s_{name}" for name in _SUMS)
    differs = " OR ".join(f"d.{name}_minor <> coalesce(s.s_{name}, 0)" for name in _SUMS)
    sql = f"""
        SELECT {DOCUMENT} AS what, d.currency, d.home_currency, {figures}
        FROM document d
        LEFT JOIN (SELECT document_id, {sums} FROM document_line GROUP BY document_id) s ON s.document_id = d.id
        WHERE ({differs}) AND NOT (d.is_imported AND s.document_id IS NULL) ORDER BY d.id
        """  # noqa: S608 - our own literals
    for row in look.rows(sql):
        yield _sum_sentence(row)


def _sum_sentence(row: Any) -> str:
    parts = []
    for name in _SUMS:
        figure, total = getattr(row, f"d_{name}"), getattr(row, f"s_{name}")
        if figure != total:
            currency = row.home_currency if name.startswith("home_") else row.currency
            parts.append(f"{name} is {amount(figure, currency)}, its lines give {amount(total, currency)}")
    return f"{row.what}: {'; '.join(parts)}."


def _identity(figure: str, formula: str) -> Rule:
    prefix = "home_" if figure.startswith("home_") else ""
    return Rule(
        f"""
        SELECT {DOCUMENT} AS what, d.currency, d.home_currency, d.{figure}_minor AS {prefix}figure_minor,
            {formula} AS {prefix}formula_minor
        FROM document d WHERE d.{figure}_minor <> {formula} ORDER BY d.id
        """,  # noqa: S608 - our own literals
        f"{{what}}: {figure} is {{{prefix}figure_minor}} and should be {{{prefix}formula_minor}}.",
    )


def _document_rule(wrong: str, sentence: str, **values: Any) -> Rule:
    """Documents for which `wrong`, SQL over `d`, is true."""
    return Rule(
        f"""
        SELECT {DOCUMENT} AS what, d.* FROM document d WHERE {wrong} ORDER BY d.id
        """,  # noqa: S608 - our own literals
        "{what}: " + sentence,
        values,
    )


_IDENTITIES = (
    _identity("tax_charged", "CASE WHEN d.is_reverse_charge THEN 0 ELSE d.tax_minor END"),
    _identity("grand", "d.taxable_minor + d.tax_charged_minor"),
    _identity("payable", "d.grand_minor + d.round_off_minor"),
    _identity("home_tax_charged", "CASE WHEN d.is_reverse_charge THEN 0 ELSE d.home_tax_minor END"),
    _identity("home_grand", "d.home_taxable_minor + d.home_tax_charged_minor"),
    _identity("home_payable", "d.home_grand_minor + d.home_round_off_minor"),
    _document_rule(
        "d.currency = d.home_currency AND d.payable_minor <> d.home_payable_minor",
        "{payable_minor} is not the same in the company's own currency, {home_payable_minor}.",
    ),
    _document_rule(
        "d.round_off_minor <> 0 AND (NOT d.is_rounded_off OR d.currency <> 'INR' "
        "OR d.round_off_minor NOT BETWEEN -:most AND :most)",
        "a round-off of {round_off_minor} is not possible.",
        most=_ROUNDING_MAY_BE,
    ),
    _document_rule("d.payable_minor < 0 OR d.prepaid_minor < 0", "{payable_minor} is below zero."),
)

_UNNUMBERED = ["draft", "pending_approval", "approved"]
_STATES = (
    _document_rule(
        "(d.state IN :unnumbered) <> (d.number IS NULL)",
        "its state {state} does not fit its number {number}.",
        unnumbered=_UNNUMBERED,
    ),
    _document_rule(
        "d.number IS NOT NULL AND NOT d.is_imported AND (d.series_id IS NULL OR d.sequence_no IS NULL "
        "OR d.fiscal_year IS NULL OR d.issued_at IS NULL OR d.issued_by_id IS NULL)",
        "it is numbered, but who issued it, when, or in which series is missing.",
    ),
    _document_rule(
        "d.number IS NULL AND (d.sequence_no IS NOT NULL OR d.issued_at IS NOT NULL OR d.view_sha256 IS NOT NULL)",
        "it has no number, but says that it was issued.",
    ),
    _document_rule(
        "d.number IS NOT NULL AND NOT d.is_imported "
        "AND NOT EXISTS (SELECT 1 FROM document_line l WHERE l.document_id = d.id)",
        "it is issued, but has no lines.",
    ),
    _document_rule(
        "(d.state = 'void') <> (d.voided_at IS NOT NULL AND d.void_reason IS NOT NULL)",
        "its state is {state}, which does not fit when ({voided_at}) and why ({void_reason}) it was voided.",
    ),
    _document_rule("d.state = 'accepted' AND d.accepted_at IS NULL", "it is accepted, but nobody knows when."),
    _document_rule(
        "(d.state = 'superseded') <> (d.superseded_by_id IS NOT NULL)",
        "its state is {state}, which does not fit its newer version (#{superseded_by_id}).",
    ),
    _document_rule(
        "d.state = 'invoiced' AND NOT EXISTS "
        "(SELECT 1 FROM document i WHERE i.source_id = d.id AND i.kind = 'invoice' AND i.state <> 'void')",
        "it counts as invoiced, but no invoice was made from it.",
    ),
    _document_rule(
        "d.kind IN :receivables AND d.state NOT IN ('draft', 'pending_approval', 'approved', 'issued', 'void')",
        "{state} is no state of a document that is owed.",
        receivables=RECEIVABLES,
    ),
)

_VOID = Rule(
    f"""
    SELECT {DOCUMENT} AS what, d.currency, d.home_currency, d.balance_minor, d.home_balance_minor FROM document d
    WHERE d.state = 'void' AND (d.number IS NULL OR d.balance_minor <> 0 OR d.home_balance_minor <> 0
        OR d.paid_minor <> 0 OR d.credited_minor <> 0 OR d.written_off_minor <> 0)
    ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what} is void, but counts: its balance is {balance_minor} ({home_balance_minor}), or something settles it.",
)
_VOID_POSTED = Rule(
    f"""
    SELECT DISTINCT {DOCUMENT} AS what, d.id
    FROM document d JOIN journal_entry e ON e.source_kind = 'document' AND e.source_id = d.id
    JOIN posting p ON p.entry_id = e.id
    WHERE d.state = 'void' GROUP BY d.id, d.kind, d.number, p.account_id, p.customer_id, p.currency
    HAVING sum(p.amount_minor) <> 0 OR sum(p.home_minor) <> 0 ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what} is void, but its entries do not come to zero.",
)

CHECKS = (
    Check(
        "lines_add_up",
        ("I8",),
        "Each line's figures follow the one rule (tax.md C1-C4)",
        "SELECT count(*) FROM document_line",
        all_of(*_LINES),
    ),
    Check(
        "documents_add_up",
        ("I9",),
        "Each document is the sum of its lines, at home too (tax.md C6, C7)",
        "SELECT count(*) FROM document",
        all_of(_unequal_sums, *_IDENTITIES),
    ),
    Check(
        "states_follow_facts",
        ("I12",),
        "Each document's state follows from what happened to it",
        "SELECT count(*) FROM document",
        all_of(*_STATES),
    ),
    Check(
        "due_after_issue",
        ("I13",),
        "Nothing is due before it is issued",
        "SELECT count(*) FROM document",
        all_of(_document_rule("d.due_on < d.issued_on", "it is due on {due_on}, before its date {issued_on}.")),
    ),
    Check(
        "voids_count_nowhere",
        ("I14",),
        "A void document keeps its number and comes to zero",
        "SELECT count(*) FROM document WHERE state = 'void'",
        all_of(_VOID, _VOID_POSTED),
    ),
)
