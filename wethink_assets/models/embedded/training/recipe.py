"""Training recipes of the checkpoints: stages, their lengths and the optimiser's settings, all in one place."""

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from wethink_assets.models.embedded.training.model_builder import Architecture

StageName = Literal["vision", "drills", "text", "joint", "hardening", "haste"]
STAGES: tuple[StageName, ...] = get_args(StageName)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Training of one checkpoint.

    vision .. hardening: steps of each stage (0: none). `text` trains look-ups in descriptions; for the describer it prepares `joint`, where
    every call has its image; for the reasoner, which never sees one, `joint` is all of its tasks. `hardening` goes on with them at a lower
    rate, and has the judge grade answers of a kind that no honest mistake is; `haste` goes on from a
    snapshot and makes the `policy` (`weakened_policy`; seeds and records know the stage by this name).
    snapshot_every: joint steps between snapshots. starts_from: joint steps of the describer whose snapshot it starts from; 0: from nothing.
    """

    checkpoint: str
    seed: int
    vision: int
    drills: int
    text: int
    joint: int
    hardening: int = 0
    haste: int = 0
    batch: int = 56
    vision_batch: int = 128
    hard_share: float = 0.25
    drill_share: float = 0.25
    learning_rate: float = 2e-3
    joint_factor: float = 0.8
    late_factor: float = 0.25
    warm_up: int = 30
    decay_share: float = 0.5
    weight_decay: float = 0.05
    beta2: float = 0.98
    clip: float = 1.0
    snapshot_every: int = 100
    starts_from: int = 0
    architecture: Architecture = field(default_factory=Architecture)

    def stages(self) -> list[tuple[StageName, int]]:
        """Stages with their steps, in order, without empty ones."""
        return [(name, getattr(self, name)) for name in STAGES if getattr(self, name)]


DESCRIBER = Recipe("describer", seed=1, vision=600, drills=300, text=400, joint=4000)
REASONER = Recipe("reasoner", seed=2, vision=0, drills=300, text=400, joint=5500, hardening=1200)
POLICY = replace(
    DESCRIBER, checkpoint="policy", seed=3, vision=0, drills=0, text=0, joint=0, haste=200, starts_from=1000
)
"""An early state of the describer, which sees and not yet well, taught to answer at once: 40% to 65% right, so training has room."""
RECIPES = {"describer": DESCRIBER, "reasoner": REASONER, "policy": POLICY}
