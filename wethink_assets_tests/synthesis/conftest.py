"""A store, a scripted prompt pack, and a runner of the four stages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.models.chat import ROLES
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.answers import answer_questions
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets.synthesis.stages.questions import write_questions
from wethink_assets.synthesis.stages.reasoning_paths import refine_paths
from wethink_assets_tests.support.scripted_model import ScriptedModel, scripted_settings, write_pack

BATCH = "coco.000001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def pack(tmp_path: Path) -> str:
    return write_pack(tmp_path / "pack")


@pytest.fixture
def settings(pack: str) -> Settings:
    return scripted_settings(pack)


def models_of(settings: Settings, model: ScriptedModel) -> Models:
    return Models(settings, dict.fromkeys(ROLES, model))


@pytest.fixture
def run_stage(store: Store, settings: Settings) -> Callable[..., StageOutput]:
    """Run one stage function over its upstream tables with a scripted model."""

    def run(
        stage: Callable[..., StageOutput], model: ScriptedModel, *tables: pl.DataFrame, **options: Any
    ) -> StageOutput:
        name = {
            describe_images: "descriptions",
            write_questions: "questions",
            answer_questions: "answers",
            refine_paths: "reasoning_paths",
        }[stage]
        used = options.get("settings", settings)
        with models_of(used, model) as models, Synthesis.open(used, store, models, name, BATCH) as synthesis:
            output = stage(*tables, synthesis)
            run.synthesis = synthesis  # type: ignore[attr-defined]
            return output

    return run
