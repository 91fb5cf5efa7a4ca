"""Records around the books of account: customers, deals, imports, users, the search index, the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby, islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from models.exchange import ImportBatch, SearchEntry
from models.history import History
from models.sales import Deal, DealLine
from models.values.decimals import PERCENT_SCALE, scaled
from models.values.money import exponent
from services.billing.totals import PERCENT, SCALE, rounded_quotient
from services.health.checks import AnyRow, Check, Look, Rule, all_of, amount
from services.permissions import Action, Module, Scope
from services.search.index import SOURCES, Source, entries

SOME = 400


def _unresolved(look: Look) -> Iterator[str]:
    """I36: a merged customer leads, over any number of merges, to one that is not merged."""
    sql = "SELECT id, code, merged_into_id FROM customer WHERE merged_into_id IS NOT NULL ORDER BY id"
    merged = {row.id: (row.code, row.merged_into_id) for row in look.rows(sql)}
    present = set()
    for row in look.rows("SELECT DISTINCT t.id FROM customer c JOIN customer t ON t.id = c.merged_into_id"):
        present.add(row.id)
    for code, target in merged.values():
        seen = set()
        while target in merged and target not in seen:
            seen.add(target)
            target = merged[target][1]  # noqa: PLW2901 - the walk itself
        if target in seen or target not in present:
            yield f"customer {code} was merged into one that cannot be found."


def _search_rules(source: Source) -> tuple[Rule, Rule]:
    return (
        Rule(
            f"""
            SELECT t.id FROM "{source.table}" t WHERE NOT EXISTS (SELECT 1 FROM search_entry s
                WHERE s.kind = :kind AND s.record_id = t.id) ORDER BY t.id
            """,  # noqa: S608 - our own names
            f"{source.kind} #{{id}} is not in the search index.",
            {"kind": source.kind},
        ),
        Rule(
            f"""
            SELECT s.record_id AS id FROM search_entry s WHERE s.kind = :kind
                AND NOT EXISTS (SELECT 1 FROM "{source.table}" t WHERE t.id = s.record_id) ORDER BY s.record_id
            """,  # noqa: S608 - our own names
            f"The search index finds {source.kind} #{{id}}, which is not in the book.",
            {"kind": source.kind},
        ),
    )


_KINDS = [source.kind for source in SOURCES.values()]
_SEARCH = tuple(rule for source in SOURCES.values() for rule in _search_rules(source))
_OTHER_KINDS = Rule(
    "SELECT kind, count(*) AS times FROM search_entry WHERE kind NOT IN :kinds GROUP BY kind",
    "The search index has {times} entries of the unknown kind {kind}.",
    {"kinds": _KINDS},
)
_UNINDEXED = Rule(
    """
    SELECT s.kind, s.record_id FROM search_entry s
    WHERE NOT EXISTS (SELECT 1 FROM search_fts_docsize f WHERE f.id = s.id) ORDER BY s.id
    """,
    "{kind} #{record_id} has words that the search index does not find.",
    only_on="sqlite",
)


def _stale_search(look: Look) -> Iterator[str]:
    """I38, deep: title, words, owner and branch of each entry are those of its record."""
    if not look.deep:
        return
    for source in SOURCES.values():
        rows = look.rows(source.query.order_by(source.key))
        while block := list(islice(rows, SOME)):
            yield from _stale(look, source, block)
    if look.is_sqlite:
        yield from _inconsistent_words(look)


def _stale(look: Look, source: Source, block: Sequence[AnyRow]) -> Iterator[str]:
    wanted = entries(source, block)
    columns = ("owner_id", "branch_id", "title", "words")
    query = (
        select(SearchEntry.record_id, *(getattr(SearchEntry, name) for name in columns))
        .where(SearchEntry.kind == source.kind)
        .where(SearchEntry.record_id.in_(list(wanted)))
    )
    for row in look.connection.execute(query):
        if any(wanted[row.record_id][name] != getattr(row, name) for name in columns):
            yield f"{source.kind} #{row.record_id}: the search index tells something else than the record."


def _inconsistent_words(look: Look) -> Iterator[str]:
    """SQLite's own comparison of the index with its words: a statement that writes nothing, but wants to be able to."""
    with look.connection.engine.execution_options(begin="IMMEDIATE").connect() as connection:
        try:
            connection.exec_driver_sql("INSERT INTO search_fts(search_fts, rank) VALUES ('integrity-check', 1)")
        except DBAPIError as error:
            if "malformed" not in str(error.orig):
                raise
            yield "The search index does not fit its words."
        finally:
            connection.rollback()


def _wrong_deals(look: Look) -> Iterator[str]:
    """I39: a deal's amount is the sum of its lines after discounts, before tax."""
    query = (
        select(
            Deal.id,
            Deal.code,
            Deal.currency,
            Deal.amount_minor,
            Deal.discount_percent.label("deal_discount"),
            DealLine.quantity,
            DealLine.unit_price,
            DealLine.discount_percent,
        )
        .join(DealLine, DealLine.deal_id == Deal.id)
        .order_by(Deal.id, DealLine.no)
    )
    for _, rows in groupby(look.rows(query), key=lambda row: row.id):
        lines = list(rows)
        first, right = lines[0], _deal_amount(lines)
        if first.amount_minor != right:
            stored = amount(first.amount_minor, first.currency)
            yield f"deal {first.code}: its amount is {stored}, its lines come to {amount(right, first.currency)}."


def _deal_amount(lines: Sequence[AnyRow]) -> int:
    unit = int(10 ** exponent(lines[0].currency))
    total = 0
    for line in lines:
        gross = rounded_quotient(_scaled(line.quantity) * _scaled(line.unit_price) * unit, SCALE * SCALE)
        total += gross - rounded_quotient(gross * _scaled(line.discount_percent), PERCENT)
    return total - rounded_quotient(total * _scaled(lines[0].deal_discount), PERCENT)


def _scaled(value: Decimal | None) -> int:
    return 0 if value is None else scaled(value, PERCENT_SCALE)


_BATCH_STATES = Rule(
    """
    SELECT code, state, finished_at, undone_at FROM import_batch
    WHERE state NOT IN ('applied', 'undone') OR finished_at IS NULL OR (state = 'undone') <> (undone_at IS NOT NULL)
    ORDER BY id
    """,
    "import {code}: its state {state} does not fit its end ({finished_at}) and its undoing ({undone_at}).",
)


def _batches_without_rows(look: Look) -> Iterator[str]:
    """I40: a batch that made or changed records has left history."""
    with look.connection.execute(select(ImportBatch.code, ImportBatch.counts).order_by(ImportBatch.id)) as batches:
        for code, counts in batches.all():
            if _made(counts) and not look.connection.scalar(select(History.id).where(History.batch == code).limit(1)):
                yield f"import {code} counts {_made(counts)} records, but left none in the audit trail."


def _made(counts: Any) -> int:
    """Records created or updated, of {"customers": {"created": 5, ...}, ...}."""
    if not isinstance(counts, dict):
        return 0
    return sum(
        int(one.get(name, 0)) for one in counts.values() if isinstance(one, dict) for name in ("created", "updated")
    )


_NO_OWNER = Rule(
    """
    SELECT count(*) AS people FROM "user" WHERE NOT is_system HAVING count(*) > 0 AND (
        SELECT count(DISTINCT u.id) FROM "user" u JOIN user_role r ON r.user_id = u.id
        JOIN role_right o ON o.role_id = r.role_id AND o.module = :organisation AND o.action = :configure
            AND o.scope = :everything
        JOIN role_right b ON b.role_id = r.role_id AND b.module = :book AND b.action = :configure
            AND b.scope = :everything
        WHERE u.is_active AND NOT u.is_system
    ) = 0
    """,
    "None of the {people} users is an active owner: nobody may change users and settings.",
    {
        "organisation": Module.ORGANISATION.value,
        "book": Module.BOOK.value,
        "configure": Action.CONFIGURE.value,
        "everything": Scope.ALL.value,
    },
)
_OUTBOX = Rule(
    """
    SELECT id, kind, attempts, last_error FROM outbox
    WHERE attempts < 0 OR kind = '' OR (last_error IS NOT NULL AND attempts = 0) ORDER BY id
    """,
    "outbox #{id} ({kind}): {attempts} attempts do not fit its last error ({last_error}).",
)

CHECKS = (
    Check(
        "merged_resolve",
        ("I36",),
        "Merged customers lead to one that is there",
        "SELECT count(*) FROM customer WHERE merged_into_id IS NOT NULL",
        _unresolved,
    ),
    Check(
        "deals_add_up",
        ("I39",),
        "A deal with lines is their sum",
        "SELECT count(*) FROM deal",
        _wrong_deals,
    ),
    Check(
        "imports_whole",
        ("I40",),
        "Each import is applied or undone as a whole and stands in the audit trail",
        "SELECT count(*) FROM import_batch",
        all_of(_BATCH_STATES, _batches_without_rows),
    ),
    Check(
        "owner_remains",
        ("I42",),
        "Somebody active owns the book",
        'SELECT count(*) FROM "user" WHERE NOT is_system',
        all_of(_NO_OWNER),
    ),
    Check(
        "outbox_sane",
        ("I40",),
        "What is to be done after a commit can be done",
        "SELECT count(*) FROM outbox",
        all_of(_OUTBOX),
    ),
    Check(
        "search_complete",
        ("I38",),
        "The search finds every record, and only records",
        "SELECT count(*) FROM search_entry",
        all_of(*_SEARCH, _OTHER_KINDS, _UNINDEXED, _stale_search),
    ),
)
