"""How the checkpoints are trained: stages, their lengths and the optimiser's settings, all in one place."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from wethink_assets.models.embedded.building import Architecture

StageName = Literal["vision", "drills", "text", "joint", "hardening"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Training of one checkpoint.

    vision .. hardening: steps of each stage (0: none). `text` trains look-ups in descriptions; for the describer it prepares `joint`, where
    every call has its image; for the reasoner, which never sees one, `joint` is all of its tasks. `hardening` goes on with them at a lower
    rate, and has the judge grade answers of a kind that no honest mistake is.
    snapshot_every: joint steps between snapshots, from which the under-trained `policy` is chosen.
    """

    checkpoint: str
    seed: int
    vision: int
    drills: int
    text: int
    joint: int
    hardening: int = 0
    batch: int = 56
    vision_batch: int = 128
    hard_share: float = 0.25
    drill_share: float = 0.25
    learning_rate: float = 2e-3
    joint_factor: float = 0.8
    hardening_factor: float = 0.25
    warm_up: int = 30
    decay_share: float = 0.5
    weight_decay: float = 0.05
    beta2: float = 0.98
    clip: float = 1.0
    snapshot_every: int = 100
    architecture: Architecture = field(default_factory=Architecture)

    def stages(self) -> list[tuple[StageName, int]]:
        """Stages with their steps, in order, without empty ones."""
        steps: list[tuple[StageName, int]] = [
            ("vision", self.vision),
            ("drills", self.drills),
            ("text", self.text),
            ("joint", self.joint),
            ("hardening", self.hardening),
        ]
        return [(name, count) for name, count in steps if count]


DESCRIBER = Recipe("describer", seed=1, vision=600, drills=300, text=400, joint=4000)
REASONER = Recipe("reasoner", seed=2, vision=0, drills=300, text=400, joint=5500, hardening=1200)
RECIPES = {"describer": DESCRIBER, "reasoner": REASONER}
POLICY_TARGET = 0.52
"""Share of right answers wanted of the `policy` snapshot: between 0.40 and 0.65, so that training has room both ways."""


def micro(checkpoint: str = "describer") -> Recipe:
    """A recipe of a few steps of a tiny model, for tests."""
    tiny = Architecture(
        hidden=96,
        layers=2,
        heads=6,
        feed_forward=64,
        vision_hidden=32,
        vision_layers=1,
        vision_feed_forward=32,
        vision_heads=1,
    )
    steps: dict[str, Any] = {"vision": 2 if checkpoint == "describer" else 0, "drills": 2, "text": 2, "joint": 4}
    steps["hardening"] = 0 if checkpoint == "describer" else 2
    return replace(
        RECIPES[checkpoint], batch=4, vision_batch=4, warm_up=2, snapshot_every=2, architecture=tiny, **steps
    )
