"""The ledger: every entry balances, is sealed, and says what its document says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import and_, select, true

from models.history import History
from models.ledger import JournalEntry, Posting
from services.billing.kinds import KINDS
from services.health.checks import Check, Look, Rule, all_of
from services.ledger.digest import entry_digest

RECEIVABLES = [kind.kind.value for kind in KINDS.values() if kind.is_receivable]
"""Kinds of documents that are owed, and so posted."""

SOURCES = ("document", "payment", "allocation", "journal")
"""What an entry may come from (models/ledger.py)."""

DOCUMENT = "d.kind || ' ' || coalesce(d.number, '#' || d.id)"
"""SQL that names a document: `invoice INV-2026-0001`, `invoice #17`."""

COMPONENTS = {"vat": "tax_output", "cgst": "cgst_output", "sgst": "sgst_output", "igst": "igst_output"} | {
    "cess": "cess_output"
}
"""Component of a line -> role of the account that its tax is posted to."""

_OUT_OF_BALANCE_AT_HOME = Rule(
    """
    SELECT 'entry #' || o.entry_id AS what, c.base_currency AS currency, o.off_minor
    FROM (SELECT entry_id, sum(home_minor) AS off_minor FROM posting GROUP BY entry_id HAVING sum(home_minor) <> 0) o
    LEFT JOIN journal_entry e ON e.id = o.entry_id LEFT JOIN company c ON c.id = e.company_id
    ORDER BY o.entry_id
    """,
    "{what}: debits and credits differ by {off_minor}, the company's currency.",
)
_OUT_OF_BALANCE = Rule(
    """
    SELECT 'entry #' || entry_id AS what, currency, sum(amount_minor) AS off_minor
    FROM posting GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0 ORDER BY entry_id
    """,
    "{what}: debits and credits differ by {off_minor}.",
)
_TRIAL_BALANCE = Rule(
    """
    SELECT c.code AS company, c.base_currency AS currency, r.day, r.running AS running_minor
    FROM (
        SELECT company_id, day, off, sum(off) OVER (PARTITION BY company_id ORDER BY day) AS running
        FROM (
            SELECT e.company_id, e.posted_on AS day, sum(p.home_minor) AS off
            FROM posting p JOIN journal_entry e ON e.id = p.entry_id GROUP BY e.company_id, e.posted_on
        ) days
    ) r JOIN company c ON c.id = r.company_id
    WHERE r.off <> 0 ORDER BY c.code, r.day
    """,
    "company {company}: the trial balance of {day} does not come to zero but to {running_minor}.",
)
_WITHOUT_POSTINGS = Rule(
    """
    SELECT 'entry #' || e.id AS what, e.text FROM journal_entry e
    WHERE NOT EXISTS (SELECT 1 FROM posting p WHERE p.entry_id = e.id) ORDER BY e.id
    """,
    "{what} ({text}) has no postings.",
)
_ODD_POSTINGS = Rule(
    """
    SELECT 'posting #' || p.id AS what, p.entry_id AS entry,
        CASE WHEN e.id IS NULL THEN 'its entry is missing'
             WHEN a.id IS NULL THEN 'its account is missing'
             WHEN a.company_id <> e.company_id THEN 'its account ' || a.code || ' is another company''s'
             ELSE 'its amount is zero' END AS fault
    FROM posting p LEFT JOIN journal_entry e ON e.id = p.entry_id LEFT JOIN account a ON a.id = p.account_id
    WHERE e.id IS NULL OR a.id IS NULL OR a.company_id <> e.company_id OR (p.amount_minor = 0 AND p.home_minor = 0)
    ORDER BY p.id
    """,
    "{what} of entry #{entry}: {fault}.",
)
_POSTED_ONCE = Rule(
    f"""
    SELECT {DOCUMENT} AS what, d.state, coalesce(p.live, 0) AS live, coalesce(p.mirrors, 0) AS mirrors
    FROM document d
    LEFT JOIN (
        SELECT e.source_id, sum(CASE WHEN e.reverses_id IS NULL AND m.id IS NULL THEN 1 ELSE 0 END) AS live,
            sum(CASE WHEN e.reverses_id IS NOT NULL THEN 1 ELSE 0 END) AS mirrors
        FROM journal_entry e LEFT JOIN journal_entry m ON m.reverses_id = e.id
        WHERE e.source_kind = 'document' GROUP BY e.source_id
    ) p ON p.source_id = d.id
    WHERE CASE
        WHEN d.kind IN :receivables AND d.state IN ('issued', 'void') THEN
            NOT (d.is_imported AND p.source_id IS NULL) AND NOT (
                coalesce(p.live, 0) = CASE WHEN d.state = 'issued' AND (d.payable_minor <> 0 OR d.taxable_minor <> 0)
                    THEN 1 ELSE 0 END
                AND coalesce(p.mirrors, 0) = CASE WHEN d.state = 'void'
                    AND (d.payable_minor <> 0 OR d.taxable_minor <> 0) THEN 1 ELSE 0 END
            )
        ELSE p.source_id IS NOT NULL END
    ORDER BY d.id
    """,  # noqa: S608 - our own literals
    "{what} ({state}) has {live} live entries and {mirrors} mirrored ones in the ledger.",
    {"receivables": RECEIVABLES},
)
_POSTED_ELSEWHERE = Rule(
    f"""
    SELECT {DOCUMENT} AS what, e.id AS entry, e.posted_on, d.issued_on
    FROM journal_entry e JOIN document d ON d.id = e.source_id
    WHERE e.source_kind = 'document' AND e.reverses_id IS NULL
        AND (e.posted_on <> d.issued_on OR e.company_id <> d.company_id OR e.branch_id <> d.branch_id)
    ORDER BY e.id
    """,  # noqa: S608 - our own literals
    "{what}, issued on {issued_on}: its entry #{entry} is posted on {posted_on}, or for another company or branch.",
)
_SOURCE_MISSING = Rule(
    """
    SELECT 'entry #' || e.id AS what, e.source_kind AS kind, e.source_id AS source
    FROM journal_entry e
    WHERE e.source_kind NOT IN :sources
        OR (e.source_kind = 'document' AND NOT EXISTS (SELECT 1 FROM document d WHERE d.id = e.source_id))
        OR (e.source_kind = 'payment' AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = e.source_id))
        OR (e.source_kind = 'allocation'
            AND NOT EXISTS (SELECT 1 FROM payment_allocation a WHERE a.id = e.source_id))
    ORDER BY e.id
    """,
    "{what} comes from {kind} #{source}, which is not in the book.",
    {"sources": list(SOURCES)},
)
_PAYMENTS_POSTED = Rule(
    """
    SELECT 'payment ' || p.number AS what, p.state, coalesce(x.live, 0) AS live
    FROM payment p
    LEFT JOIN (
        SELECT e.source_id, sum(CASE WHEN e.reverses_id IS NULL AND m.id IS NULL THEN 1 ELSE 0 END) AS live
        FROM journal_entry e LEFT JOIN journal_entry m ON m.reverses_id = e.id
        WHERE e.source_kind = 'payment' GROUP BY e.source_id
    ) x ON x.source_id = p.id
    WHERE (p.state IN ('received', 'cleared') AND coalesce(x.live, 0) = 0 AND NOT EXISTS (
            SELECT 1 FROM history h WHERE h.table_name = 'payment' AND h.row_id = p.id AND h.batch IS NOT NULL))
        OR (p.state NOT IN ('received', 'cleared') AND coalesce(x.live, 0) <> 0)
    ORDER BY p.id
    """,
    "{what} ({state}) has {live} live entries in the ledger.",
)
_MONEY_RECEIVED = Rule(
    """
    SELECT 'payment ' || p.number AS what, p.state, p.currency, p.amount_minor, x.posted AS posted_minor
    FROM payment p
    JOIN (
        SELECT e.source_id, sum(CASE WHEN a.role IN ('bank', 'cash') THEN g.amount_minor ELSE 0 END) AS posted
        FROM journal_entry e JOIN posting g ON g.entry_id = e.id JOIN account a ON a.id = g.account_id
        WHERE e.source_kind = 'payment' GROUP BY e.source_id
    ) x ON x.source_id = p.id
    WHERE x.posted <> CASE WHEN p.state IN ('received', 'cleared') THEN p.amount_minor ELSE 0 END ORDER BY p.id
    """,
    "{what} ({state}) of {amount_minor}: {posted_minor} stand in bank and cash for it.",
)
_MIRRORS = Rule(
    """
    SELECT DISTINCT 'entry #' || x.mirror AS what, x.original
    FROM (
        SELECT e.id AS mirror, e.reverses_id AS original, p.account_id, p.customer_id, p.currency, p.amount_minor,
            p.home_minor
        FROM journal_entry e JOIN posting p ON p.entry_id = e.id WHERE e.reverses_id IS NOT NULL
        UNION ALL
        SELECT e.id, e.reverses_id, p.account_id, p.customer_id, p.currency, p.amount_minor, p.home_minor
        FROM journal_entry e JOIN posting p ON p.entry_id = e.reverses_id WHERE e.reverses_id IS NOT NULL
    ) x
    GROUP BY x.mirror, x.original, x.account_id, x.customer_id, x.currency
    HAVING sum(x.amount_minor) <> 0 OR sum(x.home_minor) <> 0
    """,
    "{what} does not mirror entry #{original}: the two do not come to zero account by account.",
)
_MIRROR_OF_ANOTHER = Rule(
    """
    SELECT 'entry #' || m.id AS what, o.id AS original
    FROM journal_entry m JOIN journal_entry o ON o.id = m.reverses_id
    WHERE o.reverses_id IS NOT NULL OR o.company_id <> m.company_id OR o.posted_on > m.posted_on
        OR o.source_kind <> m.source_kind OR o.source_id <> m.source_id
    ORDER BY m.id
    """,
    "{what} reverses entry #{original}, which is itself a reversal, later, or of another company or source.",
)


def _agreement(what: str, posted: str, said: str, currency: str) -> Rule:
    """Documents whose entry posts another amount to the accounts of a role than the document says."""
    return Rule(
        f"""
        SELECT {DOCUMENT} AS what, d.{currency} AS currency, x.posted AS posted_minor, {said} AS said_minor
        FROM document d
        JOIN (
            SELECT e.source_id, {posted} AS posted
            FROM journal_entry e JOIN posting p ON p.entry_id = e.id JOIN account a ON a.id = p.account_id
            WHERE e.source_kind = 'document' AND e.reverses_id IS NULL GROUP BY e.source_id
        ) x ON x.source_id = d.id
        WHERE x.posted <> {said} ORDER BY d.id
        """,  # noqa: S608 - our own literals
        f"{{what}}: {what} is {{said_minor}} on the document, but {{posted_minor}} in the ledger.",
    )


def _posted(role: str, column: str, sign: str = "") -> str:
    return f"{sign}sum(CASE WHEN a.role = '{role}' THEN p.{column} ELSE 0 END)"


def _taxes() -> Rule:
    """One reading of lines and postings for all components, in both currencies."""
    names = [(f"{prefix}{name}_minor", role, column) for name, role in COMPONENTS.items() for prefix, column in _SIDES]
    sums = ", ".join(f"sum(l.{field}) AS {field}" for field, _, _ in names)
    posted = ", ".join(f"{_posted(role, column, '-')} AS posted_{field}" for field, role, column in names)
    differs = " OR ".join(f"t.{field} * d.charged <> x.posted_{field}" for field, _, _ in names)
    which = " || ".join(
        f"CASE WHEN t.{field} * d.charged <> x.posted_{field} THEN ' {field.removesuffix('_minor')}' ELSE '' END"
        for field, _, _ in names
    )
    return Rule(
        f"""
        SELECT {DOCUMENT} AS what, {which} AS components
        FROM (SELECT id, kind, number, CASE WHEN is_reverse_charge THEN 0 ELSE 1 END AS charged FROM document) d
        JOIN (SELECT l.document_id, {sums} FROM document_line l GROUP BY l.document_id) t ON t.document_id = d.id
        JOIN (
            SELECT e.source_id, {posted}
            FROM journal_entry e JOIN posting p ON p.entry_id = e.id JOIN account a ON a.id = p.account_id
            WHERE e.source_kind = 'document' AND e.reverses_id IS NULL GROUP BY e.source_id
        ) x ON x.source_id = d.id
        WHERE {differs} ORDER BY d.id
        """,  # noqa: S608 - our own literals
        "{what}: its lines and the ledger differ in the tax{components}.",
    )


_SIDES = (("", "amount_minor"), ("home_", "home_minor"))


def _unsealed(look: Look) -> Iterator[str]:
    """I7: the digest of every entry, calculated again from what lies in the tables."""
    query = (
        select(
            JournalEntry.id,
            JournalEntry.company_id,
            JournalEntry.branch_id,
            JournalEntry.posted_on,
            JournalEntry.text,
            JournalEntry.source_kind,
            JournalEntry.source_id,
            JournalEntry.reverses_id,
            JournalEntry.digest,
            Posting.account_id,
            Posting.customer_id,
            Posting.currency,
            Posting.amount_minor,
            Posting.home_minor,
        )
        .outerjoin(Posting, Posting.entry_id == JournalEntry.id)
        .order_by(JournalEntry.id, Posting.id)
    )
    for entry_id, rows in groupby(look.rows(query), key=lambda row: row[0]):
        lines = list(rows)
        entry = lines[0]
        digest = entry_digest(
            entry.company_id,
            entry.branch_id,
            entry.posted_on,
            entry.text,
            entry.source_kind,
            entry.source_id,
            entry.reverses_id,
            [] if entry.account_id is None else [(*line[9:],) for line in lines],
        )
        if digest != entry.digest:
            yield f"entry #{entry_id} ({entry.text}): it or its postings were altered after they were posted."


def _posted_into_closed(look: Look) -> Iterator[str]:
    """I6: the audit trail tells from when to when a day was closed, and in which order entries came."""
    changes = """
        SELECT h.id, h.row_id, v.changes FROM history h JOIN history_value v ON v.history_id = h.id
        WHERE h.table_name = 'company' ORDER BY h.row_id, h.id
        """
    locks: dict[int, list[tuple[int, str | None]]] = {}
    for row in look.rows(changes):
        pair = json.loads(row.changes).get("locked_through")
        if pair is not None:
            locks.setdefault(row.row_id, []).append((row.id, pair[1]))
    for company_id, changed in locks.items():
        ends = [following[0] for following in changed[1:]] + [None]
        for (start, through), end in zip(changed, ends, strict=True):
            if through is not None:
                yield from _posted_while_closed(look, company_id, dt.date.fromisoformat(through), start, end)


def _posted_while_closed(look: Look, company_id: int, through: dt.date, start: int, end: int | None) -> Iterator[str]:
    """Entries on a closed day whose history row lies after `start`, which closed it, and before `end`."""
    query = (
        select(JournalEntry.id, JournalEntry.posted_on, JournalEntry.text)
        .join(History, and_(History.table_name == "journal_entry", History.row_id == JournalEntry.id))
        .where(JournalEntry.company_id == company_id, JournalEntry.posted_on <= through, History.id > start)
        .where(true() if end is None else History.id < end)
        .order_by(JournalEntry.id)
    )
    for row in look.rows(query):
        yield f"entry #{row.id} ({row.text}) was posted on {row.posted_on}, while the book was closed through {through}."


CHECKS: tuple[Check, ...] = (
    Check(
        "entries_balance",
        ("I1",),
        "Each entry comes to zero in the company's currency and in each document currency",
        "SELECT count(*) FROM journal_entry",
        all_of(_OUT_OF_BALANCE_AT_HOME, _OUT_OF_BALANCE),
    ),
    Check(
        "trial_balance",
        ("I2",),
        "The trial balance of each company is zero on every day",
        "SELECT count(*) FROM (SELECT DISTINCT company_id, posted_on FROM journal_entry) days",
        all_of(_TRIAL_BALANCE),
    ),
    Check(
        "postings_whole",
        ("I3",),
        "Each posting has its entry, an account of the entry's company, and an amount",
        "SELECT count(*) FROM posting",
        all_of(_WITHOUT_POSTINGS, _ODD_POSTINGS),
    ),
    Check(
        "documents_posted_once",
        ("I4", "I14"),
        "Issued documents have exactly one live entry, drafts none, void ones an entry and its mirror",
        "SELECT count(*) FROM document",
        all_of(_POSTED_ONCE, _POSTED_ELSEWHERE, _SOURCE_MISSING),
    ),
    Check(
        "payments_posted",
        ("I4",),
        "Received payments have a live entry for their amount, void and bounced ones none",
        "SELECT count(*) FROM payment",
        all_of(_PAYMENTS_POSTED, _MONEY_RECEIVED),
    ),
    Check(
        "reversals_mirror",
        ("I5", "I14"),
        "A reversal mirrors its entry to the cent",
        "SELECT count(*) FROM journal_entry WHERE reverses_id IS NOT NULL",
        all_of(_MIRRORS, _MIRROR_OF_ANOTHER),
    ),
    Check(
        "closed_periods",
        ("I6",),
        "Nothing is posted on a day that was closed when it came",
        "SELECT count(*) FROM company WHERE locked_through IS NOT NULL",
        _posted_into_closed,
    ),
    Check(
        "entries_sealed",
        ("I7",),
        "Each entry and its postings equal the hash that was taken when they were posted",
        "SELECT count(*) FROM journal_entry",
        _unsealed,
    ),
    Check(
        "documents_match_ledger",
        ("I10",),
        "Documents and ledger agree on what is owed, on the tax of each component and on rounding",
        "SELECT count(*) FROM journal_entry WHERE source_kind = 'document' AND reverses_id IS NULL",
        all_of(
            _agreement("the amount owed", _posted("receivable", "amount_minor"), "d.payable_minor", "currency"),
            _agreement("the amount owed", _posted("receivable", "home_minor"), "d.home_payable_minor", "home_currency"),
            _agreement("the round-off", _posted("rounding", "amount_minor", "-"), "d.round_off_minor", "currency"),
            _taxes(),
        ),
    ),
)
