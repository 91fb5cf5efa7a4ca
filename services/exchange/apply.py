"""From staged rows to records, in one transaction. The dry run is the same run, rolled back.

Run `apply` inside `store.writing()`, or inside `store.rehearsing()` for a dry run. Entities come in our order, not the
user's: customers, contacts, items. What exists is found again (refs.py), what is new is compared (matching_records.py),
and what changed follows without overwriting what people edited here (changes.py). Nothing here sends anything to anyone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from sqlalchemy import select

from models.exchange import ImportBatch
from models.organisation import CodeCounter
from services.bulk import collector_paused
from services.catalogue.commands import CODE_PREFIX as ITEM_PREFIX
from services.codes import next_code
from services.customers.commands import CODE_PREFIX as CUSTOMER_PREFIX
from services.customers.commands import circumstances
from services.customers.drafts import CustomerDraft
from services.exchange.contacts_step import ContactsStep
from services.exchange.customers_step import CustomersStep
from services.exchange.intake import Staging
from services.exchange.items_step import ItemsStep
from services.exchange.outcome import Outcome, file_json
from services.exchange.refs import Refs, systems_of
from services.exchange.staging import Issue, StagedRow
from services.permissions import Action, Module, require
from services.store import Work

Report = Callable[[int, int], None]
BATCH_PREFIX = "IMP"
APPLIED, UNDONE = "applied", "undone"

NEEDS = {"customers": Module.CUSTOMERS, "contacts": Module.CUSTOMERS, "items": Module.CATALOGUE}
"""The right that each entity asks for, besides that to import."""


class Step(Protocol):
    """What imports one entity. A new one joins in `_steps`, behind those that its records refer to."""

    def take(self, row: StagedRow) -> None: ...
    def finish(self) -> None: ...


def apply(
    work: Work,
    staging: Staging,
    report: Report | None = None,
    *,
    company: str | None = None,
    branch: str | None = None,
) -> Outcome:
    """Bring the staged rows into the book; answers what became of each.

    `report(rows done, rows in all)` may raise Cancelled: then the unit of work ends and nothing stays. New records
    belong to the actor and to the branch that is named, else to the usual one (services/organisation/places.py).
    """
    require(work, Module.EXCHANGE, Action.CREATE)
    for entity in {card.entity for card in staging.files if card.is_chosen and card.entity}:
        require(work, NEEDS[entity], Action.CREATE)
    counters = _counters(work)
    code = next_code(work, BATCH_PREFIX)
    work.batch = code
    done = [0, 0]
    if report is not None:
        tell = report
        work.breathe = lambda: tell(done[0], done[1])
    outcome = Outcome(code, files=staging.files)
    _tell_files(staging, outcome)
    around = circumstances(work, CustomerDraft(company=company or "", branch=branch or ""), keeps_unchecked=True)
    steps = _Steps(work, staging, outcome, around)
    current: Step | None = None
    entity = ""

    def progress(so_far: int, total: int) -> None:
        done[:] = so_far, total
        if report is not None:
            report(so_far, total)

    with collector_paused():
        for row in staging.rows(progress):
            if row.entity != entity:
                if current is not None:
                    current.finish()
                current, entity = steps.of(row.entity), row.entity
            outcome.tell(*row.issues)
            counts = outcome.counts(row.entity)
            if not row.is_data:
                counts.skipped += 1
            elif row.is_rejected:
                outcome.reject(row)
            elif current is not None:
                current.take(row)
        if current is not None:
            current.finish()
    _keep_batch(work, staging, outcome, counters)
    return outcome


class _Steps:
    """Each entity's step, made when its first row comes."""

    def __init__(self, work: Work, staging: Staging, outcome: Outcome, around: Any) -> None:
        self._work, self._outcome, self._around = work, outcome, around
        self._systems = systems_of(staging.files)
        self._customers: Refs | None = None

    def of(self, entity: str) -> Step:
        work, outcome, around = self._work, self._outcome, self._around
        if entity == "customers":
            self._customers = self._refs(entity, "customer")
            return CustomersStep(work, around, self._customers, outcome)
        if entity == "contacts":
            if self._customers is None:
                self._customers = self._refs("customers", "customer")
                self._customers.load()
            return ContactsStep(work, self._refs(entity, "contact"), self._customers, outcome)
        return ItemsStep(work, around, self._refs(entity, "item"), outcome)

    def _refs(self, entity: str, record_kind: str) -> Refs:
        return Refs(self._work, entity, record_kind, self._systems)


def _tell_files(staging: Staging, outcome: Outcome) -> None:
    """Files that gave nothing, and what the wizard would ask."""
    for problem in staging.problems:
        outcome.tell(Issue(problem.file, "", 0, "", "E_FILE", problem.reason, problem.message))
    chosen = [card for card in staging.files if card.is_chosen]
    for entity in NEEDS:
        if any(card.entity == entity for card in chosen):
            outcome.counts(entity)
    for card in chosen:
        for question in card.recognition.questions:
            outcome.tell(Issue(card.file, card.sheet, 0, "", "W_QUESTION", "", question))


def _counters(work: Work) -> dict[str, int]:
    """Where the counters of codes stand before the run, so that an undo can set them back."""
    query = select(CodeCounter.prefix, CodeCounter.next_no).where(
        CodeCounter.prefix.in_([CUSTOMER_PREFIX, ITEM_PREFIX])
    )
    return dict(work.session.execute(query).all())


def _keep_batch(work: Work, staging: Staging, outcome: Outcome, before: dict[str, int]) -> None:
    work.session.flush()
    after = _counters(work)
    moved = {prefix: [before.get(prefix), number] for prefix, number in after.items() if before.get(prefix) != number}
    options = staging.options
    batch = ImportBatch(
        code=outcome.batch,
        state=APPLIED,
        started_at=work.now,
        finished_at=work.now,
        actor_id=work.actor_id,
        files=[file_json(card) for card in outcome.files],
        options={
            "system": options.system,
            "entity": options.entity,
            "date_order": options.date_order,
            "currency": options.currency,
            "country": options.country,
            "columns": dict(options.columns),
            "choices": {name: dict(values) for name, values in options.choices.items()},
            "counters": moved,
        },
        counts={entity: asdict(counts) for entity, counts in outcome.entities.items()},
        kept=[],
    )
    work.session.add(batch)
    work.record("import.applied", batch, counts=batch.counts)
