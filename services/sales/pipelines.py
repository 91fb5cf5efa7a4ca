"""Pipelines and their stages: data that a book brings, its own from then on (product.md, "Deal stage")."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models.sales import Pipeline, Stage
from models.values.states import StageType
from models.values.text import folded
from services.drafts import nearest
from services.errors import NotFound
from services.permissions import Action, Module, require
from services.resources import resource
from services.store import Work

DEFAULT = "default"


def ensure_default_pipeline(work: Work) -> int:
    """The usual pipeline with its nine stages, made where the book has none of that code; answers its id."""
    require(work, Module.SALES, Action.CONFIGURE)
    known = work.session.scalar(select(Pipeline.id).where(Pipeline.code == DEFAULT))
    if known is not None:
        return known
    described: dict[str, Any] = resource("pipelines/default.json")
    pipeline = Pipeline(code=described["code"], name=described["name"])
    work.session.add(pipeline)
    work.session.flush()
    for position, stage in enumerate(described["stages"], 1):
        work.session.add(Stage(pipeline_id=pipeline.id, position=position, **stage))
    work.record("pipeline.created", pipeline)
    return pipeline.id


def stages(work: Work, pipeline_id: int) -> list[Stage]:
    """The stages of a pipeline in their order."""
    require(work, Module.SALES, Action.VIEW)
    return list(
        work.session.scalars(select(Stage).where(Stage.pipeline_id == pipeline_id).order_by(Stage.position, Stage.id))
    )


def default_pipeline(work: Work) -> Pipeline:
    """The pipeline of a deal that names none: the usual one, else the first of the book."""
    require(work, Module.SALES, Action.VIEW)
    found = work.session.scalars(select(Pipeline).order_by(Pipeline.code != DEFAULT, Pipeline.id).limit(1)).first()
    if found is None:
        raise NotFound("This book has no pipeline yet. Make one first.")
    return found


def stage_named(work: Work, pipeline_id: int, text: str) -> Stage:
    """A stage by its code or its name; an unknown one is answered with the nearest."""
    wanted = folded(text)
    known = stages(work, pipeline_id)
    for stage in known:
        if wanted in {folded(stage.code), folded(stage.name)}:
            return stage
    codes = [stage.code for stage in known]
    raise NotFound(f"There is no stage {text!r} in this pipeline. Stages: {', '.join(codes)}.{nearest(text, codes)}")


def first_of(work: Work, pipeline_id: int, kind: StageType) -> Stage:
    """The first stage of a type; types, not names, drive the program."""
    require(work, Module.SALES, Action.VIEW)
    for stage in stages(work, pipeline_id):
        if stage.type is kind:
            return stage
    raise NotFound(f"This pipeline has no stage of the type {kind.value}.")
