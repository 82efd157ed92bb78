"""What the Dagster layer must know of a stage that asks models: roles, prompts, and when its code has changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from wethink_assets.config import Settings
from wethink_assets.identity import digest_of
from wethink_assets.synthesis import answers, descriptions, questions, reasoning_paths
from wethink_assets.synthesis.prompt_packs import STAGE_PROMPTS, prompt_hashes, stage_roles

LOGIC: Mapping[str, str] = {
    "descriptions": descriptions.LOGIC_VERSION,
    "questions": questions.LOGIC_VERSION,
    "answers": answers.LOGIC_VERSION,
    "reasoning_paths": reasoning_paths.LOGIC_VERSION,
}


@dataclass(frozen=True)
class StagePlan:
    """Roles whose models a stage asks, its prompts, and its code version: its logic and the prompts' content."""

    roles: tuple[str, ...]
    prompts: tuple[str, ...]
    code_version: str


def stage_plan(settings: Settings, name: str) -> StagePlan:
    """Plan of a stage. Raises `ConfigError` when a prompt of its pack is missing."""
    prompts = tuple(STAGE_PROMPTS[name])
    hashes = prompt_hashes(settings, prompts)
    return StagePlan(tuple(stage_roles(name)), prompts, f"{LOGIC[name]}-{digest_of(hashes)[:12]}")
