"""The first stage over a batch with a scripted model, as tests of the session run it."""

from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import ScriptedModel
from wethink_assets_tests.synthesis.conftest import BATCH, models_of


def describe(
    settings: Settings, store: Store, model: ScriptedModel, images: pl.DataFrame, **options: Any
) -> StageOutput:
    with (
        models_of(settings, model) as models,
        Synthesis.open(settings, store, models, "descriptions", BATCH, **options) as synthesis,
    ):
        return describe_images(images, synthesis)
