"""The models behind the roles as observed assets: what a stage's partitions become stale by when it changes."""

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.defs.graph import MODEL_TEAM, MODELS
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import ROLES, Role
from wethink_assets.models.registry import Models
from wethink_assets.stages.prompts import PROMPTS, asked_prompts
from wethink_assets.synthesis.prompt_packs import prompt_hashes

WHAT: dict[Role, str] = {
    "describer": "sees the image: describes it, gives details, answers from it, rewrites reasoning",
    "reasoner": "never sees the image: asks for details, writes and screens questions, answers from the description",
    "adjudicator": "sees the image: decides between two answers that disagree",
    "judge": "compares answers in meaning",
    "policy": "what training will start from; no stage of the synthesis asks it",
}


def role_key(role: str) -> dg.AssetKey:
    """Asset key of a role's model, such as `model/judge`."""
    return dg.AssetKey(["model", role])


def role_assets() -> list[dg.AssetsDefinition]:
    """One observed asset a role."""
    return [role_asset(role) for role in ROLES]


def role_asset(role: Role) -> dg.AssetsDefinition:
    """The model of one role: data version of its identity and sampling. No weights are loaded.

    Prompts are told beside it and are no part of the data version: a stage's own are in its code version, and a prompt of one stage must
    not make another stale that asks the same role.
    """
    spec = dg.AssetSpec(
        role_key(role),
        group_name=MODELS,
        kinds={"model"},
        owners=MODEL_TEAM,
        description=f"The {role}: {WHAT[role]}.",
    )

    @dg.multi_observable_source_asset(specs=[spec], name=f"observe_{spec.key.to_python_identifier()}")
    def observe(settings: dg.ResourceParam[Settings], models: dg.ResourceParam[Models]) -> dg.ObserveResult:
        described = models.describe(role)
        prompts = prompt_hashes(settings, [name for name in asked_prompts(settings) if PROMPTS[name].role == role])
        return dg.ObserveResult(
            data_version=dg.DataVersion(digest_of(described)),
            metadata={
                **{name: value for name, value in described.items() if value not in (None, "")},
                "prompt pack": settings.prompt_pack(role),
                **{f"prompt {name}": digest[:12] for name, digest in prompts.items()},
            },
        )

    return observe
