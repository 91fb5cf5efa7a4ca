"""What one does to deals: open, change, move, win, lose, reopen. No function here commits.

Winning here only closes the deal; what it causes (the draft estimate, the handovers) is the journey's story.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from models.billing import Document
from models.customers import Customer
from models.history import Event
from models.organisation import BusinessUnit, User
from models.sales import Deal, Pipeline, Stage
from models.values.money import Money
from models.values.states import DocumentState, StageType
from services.codes import next_code
from services.customers.commands import find_or_create_customer
from services.drafts import raise_problems
from services.errors import Conflict, InvalidValue, NotFound, Rejected, UserError, WrongUse
from services.organisation.places import Place, default_place, place_of
from services.permissions import Action, Module, require
from services.sales.drafts import DealDraft, deal_draft
from services.sales.filling import Kept, fill_deal
from services.sales.pipelines import default_pipeline, first_of, stage_named
from services.sales.stages import missing_fields
from services.store import Work
from services.versions import to_change, touch

CODE_PREFIX = "D"
SETTLED = {
    "name",
    "customer",
    "code",
    "currency",
    "lines",
    "amount",
    "discount_percent",
    "pipeline",
    "company",
    "branch",
}
"""What a closed deal was agreed on: changed only after it is reopened."""
ALIVE = {state for state in DocumentState if state not in {DocumentState.VOID, DocumentState.DECLINED}}


def create_deal(work: Work, draft: DealDraft) -> int:
    """Open a deal in its first stage, or in the one that is named; answers its id."""
    require(work, Module.SALES, Action.CREATE)
    raise_problems(draft.problems())
    customer = _customer(work, draft)
    place = _place(work, draft, customer)
    pipeline = _pipeline(work, draft.pipeline)
    stage = stage_named(work, pipeline.id, draft.stage) if draft.stage else first_of(work, pipeline.id, StageType.OPEN)
    if stage.type is not StageType.OPEN:
        raise Conflict(f"A deal begins in an open stage; {stage.name} is closed. Create it, then win or lose it.")
    deal = Deal(
        code=_free_code(work, draft.code),
        customer_id=customer.id,
        pipeline_id=pipeline.id,
        stage_id=stage.id,
        stage_since=work.now,
        created_at=work.now,
    )
    fill_deal(work, deal, draft, customer, place)
    _enter(deal, stage)
    work.session.add(deal)
    work.record("deal.created", deal, stage=stage.code)
    return deal.id


def edit_deal(work: Work, deal_id: int, changes: Mapping[str, Any], *, version: int | None = None) -> None:
    """Change the fields that `changes` names; `lines` replaces all of them. A closed deal keeps what was agreed."""
    deal = to_change(work, Deal, deal_id, Module.SALES, version=version)
    if "stage" in changes or "pipeline" in changes:
        raise WrongUse("A deal changes its stage by the verbs move, win, lose and reopen.")
    closed = sorted(SETTLED & changes.keys())
    if closed and _stage(work, deal).type is not StageType.OPEN:
        raise Conflict(f"{deal.code} is closed. Reopen it to change its {', '.join(closed)}.")
    merged = _values(work, deal) | dict(changes)
    if "amount" in changes and "lines" not in changes and deal.lines and changes["amount"] not in {None, ""}:
        raise Rejected(f"{deal.code} is worth the sum of its lines. Change the lines, or take them away: lines=[].")
    if merged["lines"] and "amount" not in changes:
        merged["amount"] = None
    draft = deal_draft(merged)
    raise_problems(draft.problems())
    customer = _customer(work, draft) if "customer" in changes else work.session.get_one(Customer, deal.customer_id)
    kept = Kept(lines="lines" not in changes, contact="contact" not in changes and customer.id == deal.customer_id)
    if not kept.contact and "contact" not in changes:
        draft = deal_draft(merged | {"contact": ""})
    if draft.code != deal.code:
        deal.code = _free_code(work, draft.code)
    fill_deal(work, deal, draft, customer, _place(work, draft, customer), kept)
    if "lines" in changes:
        touch(deal)
    work.record("deal.changed", deal, fields=sorted(changes))


def move_deal(work: Work, deal_id: int, stage: str, *, version: int | None = None) -> None:
    """Move an open deal to another open stage. What that stage requires and is empty is named, all at once."""
    deal = to_change(work, Deal, deal_id, Module.SALES, version=version)
    target = stage_named(work, deal.pipeline_id, stage)
    _only_open(work, deal, "moved")
    if target.type is not StageType.OPEN:
        verb = "win" if target.type is StageType.WON else "lose"
        raise Conflict(f"{target.name} closes the deal: use the verb {verb}.")
    if target.id == deal.stage_id:
        raise Conflict(f"{deal.code} is in {target.name} already.")
    _change_stage(work, deal, target, "deal.moved")


def win_deal(work: Work, deal_id: int, *, version: int | None = None) -> None:
    """Close the deal as won. What a handover needs and is empty is named, all at once (product.md 2)."""
    deal = to_change(work, Deal, deal_id, Module.SALES, version=version)
    _only_open(work, deal, "won")
    target = first_of(work, deal.pipeline_id, StageType.WON)
    _change_stage(work, deal, target, "deal.won")
    deal.closed_at = work.now


def lose_deal(work: Work, deal_id: int, reason: str, *, stage: str = "", version: int | None = None) -> None:
    """Close the deal as lost, with the reason; `stage` names one of the lost stages."""
    deal = to_change(work, Deal, deal_id, Module.SALES, version=version)
    if not reason.strip():
        raise InvalidValue("Say why the deal was lost: reason=...")
    _only_open(work, deal, "lost")
    target = stage_named(work, deal.pipeline_id, stage) if stage else first_of(work, deal.pipeline_id, StageType.LOST)
    if target.type is not StageType.LOST:
        raise Conflict(f"{target.name} is not a stage for lost deals.")
    deal.lost_reason = reason.strip()[:500]
    _change_stage(work, deal, target, "deal.lost", reason=deal.lost_reason)
    deal.closed_at = work.now


def reopen_deal(work: Work, deal_id: int, *, stage: str = "", version: int | None = None) -> None:
    """Take a closed deal up again, in the stage that it was closed from unless another open one is named.

    A won deal with numbered documents stays won: void or decline them first.
    """
    deal = to_change(work, Deal, deal_id, Module.SALES, version=version)
    closed = _stage(work, deal)
    if closed.type is StageType.OPEN:
        raise Conflict(f"{deal.code} is open, in {closed.name}.")
    numbers = _numbered_documents(work, deal)
    if numbers:
        raise Conflict(f"{deal.code} has documents: {', '.join(numbers)}. Void or decline them first.")
    target = stage_named(work, deal.pipeline_id, stage) if stage else _stage_before(work, deal)
    if target.type is not StageType.OPEN:
        raise Conflict(f"{target.name} is closed; reopen the deal in an open stage.")
    deal.closed_at = deal.lost_reason = None
    _change_stage(work, deal, target, "deal.reopened")


def _customer(work: Work, draft: DealDraft) -> Customer:
    assert draft.customer is not None
    return work.session.get_one(Customer, find_or_create_customer(work, draft.customer))


def _place(work: Work, draft: DealDraft, customer: Customer) -> Place:
    if draft.branch or draft.company:
        return default_place(work, draft.company or None, draft.branch or None)
    return place_of(work, customer.branch_id)


def _pipeline(work: Work, code: str) -> Pipeline:
    if not code:
        return default_pipeline(work)
    found = work.session.scalar(select(Pipeline).where(Pipeline.code == code))
    if found is None:
        known = ", ".join(work.session.scalars(select(Pipeline.code).order_by(Pipeline.id)))
        raise NotFound(f"There is no pipeline {code!r} in this book. Pipelines: {known}.")
    return found


def _free_code(work: Work, code: str) -> str:
    if code:
        if work.session.scalar(select(Deal.id).where(Deal.code == code)) is not None:
            raise Conflict(f"There is a deal with the code {code} already.")
        return code
    while True:
        code = next_code(work, CODE_PREFIX)
        if work.session.scalar(select(Deal.id).where(Deal.code == code)) is None:
            return code


def _only_open(work: Work, deal: Deal, done: str) -> None:
    stage = _stage(work, deal)
    if stage.type is not StageType.OPEN:
        raise Conflict(f"{deal.code} is closed as {stage.type.value} and cannot be {done}. Reopen it first.")


def _change_stage(work: Work, deal: Deal, target: Stage, event: str, **details: Any) -> None:
    before = _stage(work, deal)
    _enter(deal, target)
    deal.stage_id, deal.stage_since = target.id, work.now
    work.record(event, deal, came_from=before.code, stage=target.code, **details)


def _enter(deal: Deal, stage: Stage) -> None:
    """Raise Rejected, naming each field that the stage requires and the deal leaves empty."""
    missing = missing_fields(deal, stage)
    if missing:
        names = ", ".join(field.replace("_", " ") for field in missing)
        raise Rejected(
            f"{deal.code} cannot enter {stage.name} while these are empty: {names}.",
            tuple(f"{field}: {field.replace('_', ' ')} is empty; {stage.name} requires it." for field in missing),
        )


def _stage(work: Work, deal: Deal) -> Stage:
    return work.session.get_one(Stage, deal.stage_id)


def _stage_before(work: Work, deal: Deal) -> Stage:
    """The open stage that the deal was closed from, as its last closing event tells; else the first open one."""
    closings = ("deal.won", "deal.lost")
    told = [event["details"] for event in work.events if event["subject_id"] == deal.id and event["kind"] in closings]
    closing = select(Event.details).where(
        Event.subject_kind == "deal", Event.subject_id == deal.id, Event.kind.in_(closings)
    )
    last = told[-1] if told else work.session.scalars(closing.order_by(Event.id.desc()).limit(1)).first()
    if last is not None:
        try:
            stage = stage_named(work, deal.pipeline_id, last["came_from"])
        except UserError:
            stage = None
        if stage is not None and stage.type is StageType.OPEN:
            return stage
    return first_of(work, deal.pipeline_id, StageType.OPEN)


def _numbered_documents(work: Work, deal: Deal) -> list[str]:
    query = select(Document.number).where(
        Document.deal_id == deal.id, Document.number.is_not(None), Document.state.in_(ALIVE)
    )
    return [number for number in work.session.scalars(query.order_by(Document.id)) if number]


def _values(work: Work, deal: Deal) -> dict[str, Any]:
    """All fields of the draft as they are."""
    names = "name code currency closes_on payment_terms_days scope discount_percent notes".split()
    unit = work.session.get(BusinessUnit, deal.business_unit_id) if deal.business_unit_id else None
    place = place_of(work, deal.branch_id)
    return {name: getattr(deal, name) for name in names} | {
        "customer": f"#{deal.customer_id}",
        "contact": f"#{deal.contact_id}" if deal.contact_id else "",
        "owner": work.session.get_one(User, deal.owner_id).code,
        "company": place.company.code,
        "branch": place.branch.code,
        "business_unit": unit.code if unit else "",
        "amount": None if deal.lines else Money(deal.amount_minor, deal.currency).amount,
        "po_number": deal.po_number or "",
        "next_step": deal.next_step or "",
        "lines": [
            {
                "item": f"#{line.item_id}" if line.item_id else "",
                "description": line.description,
                "quantity": line.quantity,
                "unit": line.unit,
                "unit_price": line.unit_price,
                "discount_percent": line.discount_percent,
            }
            for line in deal.lines
        ],
    }
