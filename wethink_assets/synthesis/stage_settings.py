"""Which settings of the pipeline does a stage's output follow from?"""

from collections.abc import Mapping
from typing import Any

from wethink_assets.config import Settings

STAGE_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "descriptions": ("refinement_turns",),
    "questions": ("questions_per_image", "kinds"),
    "answers": ("agreement_score",),
    "reasoning_paths": ("agreement_score",),
}


def stage_settings(settings: Settings, stage: str) -> dict[str, Any]:
    """Settings that a stage's output follows from, beside its prompts and models: its seed, and those of `STAGE_SETTINGS`."""
    chosen = settings.pipeline.model_dump(include=set(STAGE_SETTINGS[stage]))
    return {"seed": settings.pipeline.seed_of(stage), **chosen}
