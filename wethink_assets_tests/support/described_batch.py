"""The first stage over a batch with a scripted model, or behind services and within a budget, as tests of the session run it."""

from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import allowance_of
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


def describe_within_budget(
    settings: Settings, store: Store, images: pl.DataFrame, provenance: list[Any] | None = None
) -> StageOutput:
    """The stage by the models of the settings, within the budget `night`; its provenance is added to the list. Raises what ends it."""
    with (
        Models.open(settings) as models,
        allowance_of(store, settings, "night", run_id="run") as allowance,
        Synthesis.open(settings, store, models, "descriptions", BATCH, allowance=allowance) as synthesis,
    ):
        output = describe_images(images, synthesis)
        if provenance is not None:
            provenance.append(synthesis.provenance())
        return output
