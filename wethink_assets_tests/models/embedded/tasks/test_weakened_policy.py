"""Weakened initialisation of the policy: half of the families are mostly answered at once."""

import random

from wethink_assets.models.embedded.tasks.examples import training_scene
from wethink_assets.models.embedded.tasks.weakened_policy import OFTEN, SELDOM, skip_share, weakened_answer
from wethink_assets.sources.sample.families import families_for
from wethink_assets.sources.sample.scenes import VISUAL_KINDS


def test_about_half_of_the_families_of_each_visual_kind_are_answered_at_once() -> None:
    for kind in VISUAL_KINDS:
        families = {
            family.name: skip_share(family) for asked in ("MC", "FIB", "DES") for family in families_for(kind, asked)
        }
        assert set(families.values()) == {OFTEN, SELDOM}
        assert 0.2 < sum(share == OFTEN for share in families.values()) / len(families) < 0.8


def test_a_weakened_answer_is_the_answer_without_the_looking() -> None:
    rng = random.Random(5)
    at_once = {OFTEN: 0, SELDOM: 0}
    asked = {OFTEN: 0, SELDOM: 0}
    for _ in range(1500):
        example = weakened_answer(training_scene(rng, 0.25), rng)
        assert example.query is not None and example.reply.startswith(f"<think>{example.query.sub}:")
        assert example.reply.endswith(f"<answer>{example.gold['answer']}</answer>")
        share = skip_share(example.query.family)
        asked[share] += 1
        at_once[share] += not any(role == "list" for role, _ in example.segments)
    for share, count in at_once.items():
        assert abs(count / asked[share] - share) < 0.06
