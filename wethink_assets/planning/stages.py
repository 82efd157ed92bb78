"""Which stages does a batch go through, from what, and what does a stage's output follow from beside its inputs?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.dedup import signatures
from wethink_assets.identity import digest_of
from wethink_assets.sources import ingestion
from wethink_assets.synthesis.prompt_packs import STAGE_PROMPTS, prompt_hashes, stage_roles
from wethink_assets.synthesis.stage_settings import stage_settings
from wethink_assets.synthesis.stages import answers, descriptions, questions, reasoning_paths

STAGES = ("images", "descriptions", "questions", "answers", "reasoning_paths", "signatures")
UPSTREAM: Mapping[str, tuple[str, ...]] = {
    "images": (),
    "descriptions": ("images",),
    "questions": ("descriptions",),
    "answers": ("questions", "descriptions", "images"),
    "reasoning_paths": ("answers", "questions", "images"),
    "signatures": ("reasoning_paths", "questions", "images"),
}
LOGIC: Mapping[str, str] = {
    "images": ingestion.LOGIC_VERSION,
    "descriptions": descriptions.LOGIC_VERSION,
    "questions": questions.LOGIC_VERSION,
    "answers": answers.LOGIC_VERSION,
    "reasoning_paths": reasoning_paths.LOGIC_VERSION,
    "signatures": signatures.LOGIC_VERSION,
}


@dataclass(frozen=True)
class StagePlan:
    """What a stage's output follows from beside its inputs and models.

    roles: whose models it asks; prompts: sha256 of each prompt's file; settings: those of the pipeline that it depends on;
    logic: version of its code; code_version: all but the roles in one word, as Dagster keeps it.
    """

    stage: str
    roles: tuple[str, ...]
    prompts: Mapping[str, str]
    settings: Mapping[str, Any]
    logic: str

    @property
    def code_version(self) -> str:
        """Version of the logic; where the stage asks models, with a digest of its prompts and settings."""
        if not self.prompts:
            return self.logic
        return f"{self.logic}-{digest_of([self.prompts, self.settings])[:12]}"


def stage_plan(settings: Settings, stage: str) -> StagePlan:
    """Plan of a stage. Raises `ConfigError` when a prompt of its pack is missing."""
    if stage not in STAGE_PROMPTS:
        # Signatures by other methods than the default ones are other tables.
        logic = signatures.logic_version(settings.dedup) if stage == "signatures" else LOGIC[stage]
        return StagePlan(stage, (), {}, {}, logic)
    prompts = prompt_hashes(settings, STAGE_PROMPTS[stage])
    return StagePlan(stage, tuple(stage_roles(stage)), prompts, stage_settings(settings, stage), LOGIC[stage])


def logic_of(code_version: str) -> str:
    """Version of the logic that a code version names."""
    return code_version.partition("-")[0]
