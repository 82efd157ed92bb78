"""A recipe that takes seconds."""

from dataclasses import replace
from typing import Any

from wethink_assets.models.embedded.training.model_builder import Architecture
from wethink_assets.models.embedded.training.recipe import RECIPES, STAGES, Recipe

TINY = Architecture(
    hidden=96,
    layers=2,
    heads=6,
    feed_forward=64,
    vision_hidden=32,
    vision_layers=1,
    vision_feed_forward=32,
    vision_heads=1,
)


def micro(checkpoint: str = "describer") -> Recipe:
    """A recipe of a few steps of a tiny model."""
    steps: dict[str, Any] = {name: 2 if getattr(RECIPES[checkpoint], name) else 0 for name in STAGES}
    if steps["joint"]:
        steps["joint"] = 4
    if checkpoint == "policy":
        steps["starts_from"] = 2
    return replace(
        RECIPES[checkpoint], batch=4, vision_batch=4, warm_up=2, snapshot_every=2, architecture=TINY, **steps
    )
