"""Plans of stages: what a stage's output follows from beside its inputs, which its tables are held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import digest_of
from wethink_assets.synthesis.prompt_packs import prompt_hashes


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
    """Plan of a stage. Raises `ConfigError` when a prompt of its pack is missing, `UnknownName` for an unknown stage."""
    entry = STAGES[stage]
    logic = entry.logic_version + entry.variant(settings)
    if not entry.prompts:
        return StagePlan(stage, (), {}, {}, logic)
    prompts = prompt_hashes(settings, entry.asked_prompts(settings))
    return StagePlan(stage, entry.roles, prompts, entry.counted_settings(settings), logic)


def logic_of(code_version: str) -> str:
    """Version of the logic that a code version names."""
    return code_version.partition("-")[0]
