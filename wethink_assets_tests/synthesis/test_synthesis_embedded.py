"""All four stages on the embedded model and drawn images: every number here was generated, parsed, filtered and judged."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.sources.sample import draw_samples
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages import answers, descriptions, questions, reasoning_paths
from wethink_assets_tests.support.closed_stages import require_stage_closed

SOURCES = ("chartqa", "coco", "docvqa", "geoqa+")
BATCH = "mixed.000001"


def embedded_settings(images: Path) -> Settings:
    """Sources with drawn images, and the models of the package."""
    located = {name: {"location": str(images / name), "licence": "CC0-1.0"} for name in SOURCES}
    # Replies have 90 tokens at most; one that runs on holds up the whole batch that it is generated in.
    roles = {role: {"max_tokens": 160} for role in ("describer", "reasoner", "adjudicator", "judge")}
    return Settings.model_validate({"pipeline": {"prompt_pack": "embedded"}, "sources": located, "roles": roles})


def all_stages(
    settings: Settings, store: Store, images: pl.DataFrame
) -> tuple[dict[str, StageOutput], dict[str, Provenance]]:
    """Outputs and provenance of the four stages."""
    outputs: dict[str, StageOutput] = {}
    told: dict[str, Provenance] = {}
    with Models.open(settings) as models:

        @contextmanager
        def session(stage: str) -> Iterator[Synthesis]:
            with Synthesis.open(settings, store, models, stage, BATCH) as synthesis:
                yield synthesis
            told[stage] = Provenance(**synthesis.provenance())

        with session("descriptions") as work:
            described = outputs["descriptions"] = descriptions.describe_images(images, work)
        with session("questions") as work:
            asked = outputs["questions"] = questions.write_questions(described.results, work)
        with session("answers") as work:
            answered = outputs["answers"] = answers.answer_questions(asked.results, described.results, images, work)
        with session("reasoning_paths") as work:
            outputs["reasoning_paths"] = reasoning_paths.refine_paths(answered.results, asked.results, images, work)
    return outputs, told


def test_drawn_images_become_reasoned_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_samples(tmp_path / "drawn", 54, seed=5, hard_share=0.0)
    settings = embedded_settings(tmp_path / "drawn" / "images")
    store = Store.open(str(tmp_path / "store"))
    tables = []
    for source in (sources_of(settings)[name] for name in SOURCES):
        for key in register_source(store, source, 64).batches:
            tables.append(ingest_batch(store, source, key).results)
    images = pl.concat(tables)
    assert images.height == 12

    outputs, told = all_stages(settings, store, images)
    require_stage_closed("descriptions", images, outputs["descriptions"])
    require_stage_closed("questions", outputs["descriptions"].results, outputs["questions"], settings)
    require_stage_closed("answers", outputs["questions"].results, outputs["answers"])
    require_stage_closed("reasoning_paths", outputs["answers"].results, outputs["reasoning_paths"])

    kept = {stage: output.results.height for stage, output in outputs.items()}
    least = {"descriptions": 11, "questions": 12, "answers": 10, "reasoning_paths": 7}
    assert all(kept[stage] >= least[stage] for stage in least), kept
    assert outputs["answers"].results["agreed"].mean() > 0.5  # type: ignore[operator]
    assert set(outputs["questions"].results["kind"]) == {"MC", "FIB", "DES"}
    told_models = {role: model["model"] for role, model in told["answers"].models.items()}
    assert told_models == {
        "describer": "embedded/describer",
        "adjudicator": "embedded/describer",
        "reasoner": "embedded/reasoner",
        "judge": "embedded/reasoner",
    }
    assert len(told["answers"].models["judge"]["revision"]) == 64
    assert all(provenance.calls["calls"] > 0 for provenance in told.values())

    # Again, without a single call: the models are not even loaded, as whoever tried would fail now.
    monkeypatch.setattr("wethink_assets.models.embedded.chat.EmbeddedModel.open", None)
    again, told = all_stages(settings, store, images)
    assert all(again[stage].results.equals(outputs[stage].results) for stage in outputs)
    assert all(provenance.calls["calls"] == 0 for provenance in told.values())
