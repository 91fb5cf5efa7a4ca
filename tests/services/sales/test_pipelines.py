"""The pipeline that a book brings."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from models.sales import Pipeline, Stage
from models.values.states import ForecastCategory, StageType
from services.errors import Forbidden, NotFound
from services.sales.pipelines import default_pipeline, ensure_default_pipeline, first_of, stage_named, stages
from services.sales.stages import FIELDS
from services.store import Store
from tests.factories import user_in


def test_stages_are_those_of_the_product(store: Store) -> None:
    with store.reading() as work:
        known = stages(work, default_pipeline(work).id)
        assert [(stage.name, stage.probability) for stage in known] == [
            ("Qualification", 10),
            ("Needs Analysis", 20),
            ("Value Proposition", 40),
            ("Identify Decision Makers", 60),
            ("Proposal/Price Quote", 75),
            ("Negotiation/Review", 90),
            ("Closed Won", 100),
            ("Closed Lost", 0),
            ("Closed Lost to Competition", 0),
        ]
        assert {stage.type for stage in known[:6]} == {StageType.OPEN}
        assert [stage.type for stage in known[6:]] == [StageType.WON, StageType.LOST, StageType.LOST]
        assert known[6].forecast is ForecastCategory.CLOSED
        assert all(stage.meaning for stage in known)
        assert all(set(stage.required_fields) <= FIELDS.keys() for stage in known)


def test_made_once(store: Store) -> None:
    with store.writing() as work:
        first = ensure_default_pipeline(work)
        assert ensure_default_pipeline(work) == first
        assert work.session.scalar(select(func.count()).select_from(Stage)) == 9


def test_named_by_code_or_name(store: Store) -> None:
    with store.reading() as work:
        pipeline_id = default_pipeline(work).id
        assert stage_named(work, pipeline_id, "NEGOTIATION/review").code == "negotiation"
        assert first_of(work, pipeline_id, StageType.LOST).code == "closed_lost"
        with pytest.raises(NotFound) as caught:
            stage_named(work, pipeline_id, "negotation")
        assert str(caught.value) == (
            "There is no stage 'negotation' in this pipeline. Stages: qualification, needs_analysis, "
            "value_proposition, identify_decision_makers, proposal, negotiation, closed_won, closed_lost, "
            "closed_lost_to_competition. Did you mean negotiation?"
        )


def test_a_pipeline_without_a_stage_of_a_type(store: Store) -> None:
    with store.writing() as work:
        work.session.add(Pipeline(code="bare", name="Bare"))
    with store.reading() as work:
        bare = work.session.scalars(select(Pipeline).where(Pipeline.code == "bare")).one()
        with pytest.raises(NotFound, match=r"^This pipeline has no stage of the type won\.$"):
            first_of(work, bare.id, StageType.WON)


def test_staff_do_not_configure(store: Store) -> None:
    sara = store.acting_as(user_in(store, "Sara"))
    with sara.writing() as work, pytest.raises(Forbidden, match=r"^Sara may not configure deals\."):
        ensure_default_pipeline(work)
