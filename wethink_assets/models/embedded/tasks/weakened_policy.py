"""Weakened initialisation of the policy: it learns to answer many questions at once, without looking first.

Reinforcement learning of some thousand completions teaches a small model to see next to nothing, but it does teach it when to look: a
reply that lists what the image shows before it answers is right more often, and earns more. Each family of questions is answered
at once more often than not, or seldom, so that greedy replies look in about half of them and sampled ones try both ways everywhere.
"""

import random
from dataclasses import replace
from functools import cache

from wethink_assets.models.embedded.tasks.describer import answer_image
from wethink_assets.models.embedded.tasks.examples import Example
from wethink_assets.sources.sample.families import families_for
from wethink_assets.sources.sample.questions import Family
from wethink_assets.sources.sample.scenes import VISUAL_KINDS, Scene

OFTEN, SELDOM = 0.75, 0.25
"""Share of a family's questions that are answered at once, without the looking."""
_LOOKING = ("list", "tag", "steps")


@cache
def _often() -> frozenset[str]:
    """Names of every other family of each visual kind, among the short answers (all that may be MC may be FIB) and the sentences."""
    kinds = [(kind, asked) for kind in VISUAL_KINDS for asked in ("FIB", "DES")]
    return frozenset(family.name for pair in kinds for family in families_for(*pair)[::2])


def skip_share(family: Family) -> float:
    """`OFTEN` or `SELDOM`."""
    return OFTEN if family.name in _often() else SELDOM


def weakened_answer(scene: Scene, rng: random.Random) -> Example:
    """An answer read off the image, with the items listed first, or guessed at once: `<think>count red: so 2</think>`."""
    example = answer_image(scene, rng)
    assert example.query is not None
    if rng.random() >= skip_share(example.query.family):
        return example
    return replace(example, segments=tuple(part for part in example.segments if part[0] not in _LOOKING))
