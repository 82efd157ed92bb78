"""Grouped replies about drawn images, whose truth is known: an entry that were held for another would make rows false."""

from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.models.embedded.chat import EmbeddedModel
from wethink_assets.models.registry import Models
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.sources.sample import draw_samples
from wethink_assets.sources.sample.audit import audit_rows
from wethink_assets.sources.sample.layout import read_scene_graphs
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.composed_model import Composed, composed_pack
from wethink_assets_tests.support.stage_run import BATCH, Stages

SOURCES = ("chartqa", "coco", "docvqa", "geoqa+")


@pytest.mark.slow
def test_rows_of_grouped_calls_are_true(tmp_path: Path) -> None:
    draw_samples(tmp_path / "drawn", 54, seed=5, hard_share=0.0)
    located = {name: {"location": str(tmp_path / "drawn" / "images" / name), "licence": "CC0-1.0"} for name in SOURCES}
    roles = {"describer": "describer", "adjudicator": "describer", "reasoner": "reasoner", "judge": "reasoner"}
    settings = Settings.model_validate(
        {
            "pipeline": {"prompt_pack": composed_pack(tmp_path / "pack"), "questions_per_image": 4},
            "sources": located,
            "roles": {role: {"max_tokens": 160} for role in roles},
        }
    )
    store = Store.open(str(tmp_path / "store"))
    sources = [sources_of(settings)[name] for name in SOURCES]
    images = pl.concat(
        ingest_batch(store, source, key).results
        for source in sources
        for key in register_source(store, source, 64).batches
    )
    opened = {name: EmbeddedModel.open(name) for name in set(roles.values())}
    given = {role: Composed(opened[name], settings) for role, name in roles.items()}
    with Models(settings, given) as models:  # type: ignore[arg-type]  # of roles by name
        stages = Stages(settings, store, models)
        described = stages.describe(images)
        asked = stages.ask(described)
        kept = stages.refine(stages.answer(asked, described, images), asked, images)
    prompts = set(journaled_calls(store, "questions", BATCH)["prompt"])
    assert prompts == {"questions", "screenings"}
    rows = kept.select("slot", "image_id", "answer").join(asked.select("slot", "question", "options"), on="slot")
    audit = audit_rows(rows.to_dicts(), read_scene_graphs(str(tmp_path / "drawn")))
    print(audit)
    assert audit.rows >= 24 and audit.true >= 0.9 * audit.rows
