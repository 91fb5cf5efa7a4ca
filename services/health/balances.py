"""What is open: documents, payments and allocations, and the control accounts that they make up."""

from __future__ import annotations

from services.health.checks import Check, Rule, all_of
from services.health.ledger import DOCUMENT, RECEIVABLES

_LIVE = "('received', 'cleared')"
"""States in which a payment's money is there."""

_PAID = Rule(
    f"""
    SELECT {DOCUMENT} AS what, d.currency, d.paid_minor, coalesce(a.paid, 0) AS allocated_minor
    FROM document d
    LEFT JOIN (SELECT document_id, sum(amount_minor) AS paid FROM payment_allocation WHERE released_at IS NULL
        GROUP BY document_id) a ON a.document_id = d.id
    WHERE d.paid_minor <> coalesce(a.paid, 0) ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what}: {paid_minor} count as paid, but {allocated_minor} are allocated to it.",
)
_BALANCE = Rule(
    f"""
    SELECT {DOCUMENT} AS what, d.currency, d.balance_minor, d.open_minor FROM (
        SELECT id, kind, number, currency, balance_minor,
            CASE WHEN kind IN :receivables AND state = 'issued'
                THEN payable_minor - prepaid_minor - paid_minor - credited_minor - written_off_minor
                ELSE 0 END AS open_minor
        FROM document
    ) d
    WHERE d.balance_minor <> d.open_minor OR d.balance_minor < 0 ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what}: its balance is {balance_minor}, but {open_minor} are open.",
    {"receivables": RECEIVABLES},
)
_BELOW_ZERO = Rule(
    f"""
    SELECT {DOCUMENT} AS what FROM document d
    WHERE d.paid_minor < 0 OR d.credited_minor < 0 OR d.written_off_minor < 0 ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what}: what settles it is below zero.",
)
_HOME_BALANCE = Rule(
    f"""
    SELECT {DOCUMENT} AS what, d.home_currency, d.home_balance_minor,
        CASE WHEN d.state = 'issued' THEN d.home_payable_minor - coalesce(a.home, 0) ELSE 0 END AS home_open_minor
    FROM document d
    LEFT JOIN (SELECT document_id, sum(home_document_minor) AS home FROM payment_allocation WHERE released_at IS NULL
        GROUP BY document_id) a ON a.document_id = d.id
    WHERE d.kind IN :receivables AND d.credited_minor = 0 AND d.written_off_minor = 0 AND d.prepaid_minor = 0
        AND d.home_balance_minor
            <> CASE WHEN d.state = 'issued' THEN d.home_payable_minor - coalesce(a.home, 0) ELSE 0 END
    ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what}: its balance at home is {home_balance_minor}, but {home_open_minor} are open.",
    {"receivables": RECEIVABLES},
)
_REMAINDER = Rule(
    f"""
    SELECT {DOCUMENT} AS what, d.currency, d.home_currency, d.balance_minor, d.home_balance_minor FROM document d
    WHERE (d.balance_minor = 0 AND d.home_balance_minor <> 0) OR d.home_balance_minor < 0 ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what}: {balance_minor} are open, but {home_balance_minor} in the company's currency.",
)
_PAYMENT = "'payment ' || p.number AS what, p.state, p.currency, p.home_currency"
_ALLOCATED = Rule(
    f"""
    SELECT {_PAYMENT}, p.allocated_minor, coalesce(a.total, 0) AS total_minor FROM payment p
    LEFT JOIN (SELECT payment_id, sum(amount_minor) AS total FROM payment_allocation WHERE released_at IS NULL
        GROUP BY payment_id) a ON a.payment_id = p.id
    WHERE p.allocated_minor <> coalesce(a.total, 0) ORDER BY p.id
    """,  # noqa: S608 - our own literals
    "{what}: {allocated_minor} count as allocated, but its allocations come to {total_minor}.",
)
_PAYMENT_SUM = Rule(
    f"""
    SELECT {_PAYMENT}, p.amount_minor, p.allocated_minor, p.unallocated_minor FROM payment p
    WHERE p.amount_minor <= 0 OR p.allocated_minor < 0 OR p.unallocated_minor < 0 OR p.home_unallocated_minor < 0
        OR p.allocated_minor + p.unallocated_minor
            <> CASE WHEN p.state IN {_LIVE} THEN p.amount_minor ELSE 0 END
        OR (p.unallocated_minor = 0 AND p.home_unallocated_minor <> 0)
    ORDER BY p.id
    """,  # noqa: S608 - our own literals
    "{what} ({state}) of {amount_minor}: {allocated_minor} allocated and {unallocated_minor} left do not add up.",
)
_PAYMENT_HOME = Rule(
    f"""
    SELECT {_PAYMENT}, p.home_amount_minor, p.home_unallocated_minor, coalesce(a.total, 0) AS home_total_minor
    FROM payment p
    LEFT JOIN (SELECT payment_id, sum(home_payment_minor) AS total FROM payment_allocation WHERE released_at IS NULL
        GROUP BY payment_id) a ON a.payment_id = p.id
    WHERE coalesce(a.total, 0) + p.home_unallocated_minor
        <> CASE WHEN p.state IN {_LIVE} THEN p.home_amount_minor ELSE 0 END
    ORDER BY p.id
    """,  # noqa: S608 - our own literals
    "{what} ({state}) of {home_amount_minor}: {home_total_minor} allocated and {home_unallocated_minor} left "
    "do not add up.",
)
_PAYMENT_STATE = Rule(
    f"""
    SELECT {_PAYMENT}, p.voided_at, p.void_reason FROM payment p
    WHERE (p.state = 'void') <> (p.voided_at IS NOT NULL AND p.void_reason IS NOT NULL)
        OR p.state NOT IN ('draft', 'received', 'cleared', 'bounced', 'void')
    ORDER BY p.id
    """,  # noqa: S608 - our own literals
    "{what}: its state {state} does not fit when ({voided_at}) and why ({void_reason}) it was voided.",
)
_ALLOCATIONS = Rule(
    f"""
    SELECT 'allocation #' || a.id AS what, p.number AS payment, {DOCUMENT} AS document, a.amount_minor, d.currency
    FROM payment_allocation a LEFT JOIN payment p ON p.id = a.payment_id LEFT JOIN document d ON d.id = a.document_id
    WHERE a.amount_minor <= 0 OR p.id IS NULL OR d.id IS NULL OR p.currency <> d.currency
        OR p.company_id <> d.company_id OR p.customer_id <> d.customer_id
        OR (a.released_at IS NULL
            AND (p.state NOT IN {_LIVE} OR d.state <> 'issued' OR d.kind NOT IN :receivables))
    ORDER BY a.id
    """,  # noqa: S608 - our own literals
    "{what} of {amount_minor} from payment {payment} to {document}: the two do not fit, or one does not count.",
    {"receivables": RECEIVABLES},
)

_EXCHANGE = Rule(
    """
    SELECT 'payment ' || p.number AS what, p.home_currency, coalesce(x.posted, 0) AS home_posted_minor,
        coalesce(a.difference, 0) AS home_difference_minor
    FROM payment p
    LEFT JOIN (SELECT payment_id, sum(home_document_minor - home_payment_minor) AS difference FROM payment_allocation
        WHERE released_at IS NULL GROUP BY payment_id) a ON a.payment_id = p.id
    LEFT JOIN (SELECT e.source_id, sum(CASE WHEN c.role = 'exchange' THEN g.home_minor ELSE 0 END) AS posted
        FROM journal_entry e JOIN posting g ON g.entry_id = e.id JOIN account c ON c.id = g.account_id
        WHERE e.source_kind = 'payment' GROUP BY e.source_id) x ON x.source_id = p.id
    WHERE x.source_id IS NOT NULL AND x.posted <> coalesce(a.difference, 0) ORDER BY p.id
    """,
    "{what}: its allocations leave an exchange difference of {home_difference_minor}, posted are {home_posted_minor}.",
)


def _control(role: str, ours: str, sentence: str) -> Rule:
    """Customers whose documents or payments (`ours`) differ from their part of an account."""
    return Rule(
        f"""
        SELECT coalesce('customer ' || c.code, 'no customer') AS what, x.currency, sum(x.ours) AS ours_minor,
            sum(x.ledger) AS ledger_minor
        FROM (
            {ours}
            UNION ALL
            SELECT a.company_id, p.customer_id, k.base_currency, 0, p.home_minor
            FROM posting p JOIN account a ON a.id = p.account_id JOIN company k ON k.id = a.company_id
            WHERE a.role = '{role}'
        ) x LEFT JOIN customer c ON c.id = x.customer_id
        GROUP BY x.company_id, x.customer_id, c.code, x.currency HAVING sum(x.ours) <> sum(x.ledger)
        ORDER BY x.customer_id
        """,  # noqa: S608 - our own literals
        "{what}: " + sentence,
    )


_RECEIVABLE = _control(
    "receivable",
    "SELECT company_id, customer_id, home_currency AS currency, home_balance_minor AS ours, 0 AS ledger "
    "FROM document WHERE home_balance_minor <> 0",
    "open documents come to {ours_minor}, the control account to {ledger_minor}.",
)
_CREDIT = _control(
    "customer_credit",
    "SELECT company_id, customer_id, home_currency AS currency, -home_unallocated_minor AS ours, 0 AS ledger "
    "FROM payment WHERE home_unallocated_minor <> 0",
    "money not yet allocated comes to {ours_minor}, the account of customers' credit to {ledger_minor}.",
)
_BY_CURRENCY = Rule(
    """
    SELECT coalesce('customer ' || c.code, 'no customer') AS what, x.currency, sum(x.ours) AS ours_minor,
        sum(x.ledger) AS ledger_minor
    FROM (
        SELECT company_id, customer_id, currency, balance_minor AS ours, 0 AS ledger
        FROM document WHERE balance_minor <> 0
        UNION ALL
        SELECT a.company_id, p.customer_id, p.currency, 0, p.amount_minor
        FROM posting p JOIN account a ON a.id = p.account_id WHERE a.role = 'receivable'
    ) x LEFT JOIN customer c ON c.id = x.customer_id
    GROUP BY x.company_id, x.customer_id, c.code, x.currency HAVING sum(x.ours) <> sum(x.ledger)
    ORDER BY x.customer_id
    """,
    "{what}: open documents in {currency} come to {ours_minor}, the control account to {ledger_minor}.",
)

CHECKS = (
    Check(
        "document_balances",
        ("I16",),
        "Each document's balance is what is due less what settles it, and never below zero",
        "SELECT count(*) FROM document",
        all_of(_PAID, _BALANCE, _BELOW_ZERO, _HOME_BALANCE),
    ),
    Check(
        "payments_add_up",
        ("I17",),
        "Each payment is what is allocated and what is left",
        "SELECT count(*) FROM payment",
        all_of(_ALLOCATED, _PAYMENT_SUM, _PAYMENT_HOME, _PAYMENT_STATE),
    ),
    Check(
        "allocations_fit",
        ("I17",),
        "Each allocation joins a payment and a document of one company and currency that both count",
        "SELECT count(*) FROM payment_allocation",
        all_of(_ALLOCATIONS),
    ),
    Check(
        "customers_match_control",
        ("I19",),
        "Each customer's open documents and unallocated money equal their control accounts",
        "SELECT count(DISTINCT customer_id) FROM posting",
        all_of(_RECEIVABLE, _BY_CURRENCY, _CREDIT),
    ),
    Check(
        "open_items_complete",
        ("I20", "I22"),
        "What is open at home stands on an open document, so that the ageing reaches it, and no remainder stays",
        "SELECT count(*) FROM document WHERE balance_minor <> 0",
        all_of(_REMAINDER),
    ),
    Check(
        "exchange_explained",
        ("I22",),
        "What was posted as exchange gain or loss is what the allocations leave between the two rates",
        "SELECT count(*) FROM payment WHERE currency <> home_currency",
        all_of(_EXCHANGE),
    ),
)
