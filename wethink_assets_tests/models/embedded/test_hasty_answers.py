"""The policy's start: it answers half of the families mostly in haste, and sees as the describer's snapshot does."""

import random
from pathlib import Path

import pytest
import torch

from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.tasks.examples import training_scene
from wethink_assets.models.embedded.tasks.weakened_policy import OFTEN, SELDOM, haste_of, maybe_hasty_answer
from wethink_assets.models.embedded.training import publication as publishing
from wethink_assets.models.embedded.training import trainer as training
from wethink_assets.sources.sample.families import families_for
from wethink_assets.sources.sample.scenes import VISUAL_KINDS


def test_about_half_of_the_families_of_each_visual_kind_are_answered_in_haste() -> None:
    for kind in VISUAL_KINDS:
        families = {
            family.name: haste_of(family) for asked in ("MC", "FIB", "DES") for family in families_for(kind, asked)
        }
        assert set(families.values()) == {OFTEN, SELDOM}
        assert 0.2 < sum(share == OFTEN for share in families.values()) / len(families) < 0.8


def test_a_hasty_answer_is_the_answer_without_the_looking() -> None:
    rng = random.Random(5)
    hasty = {OFTEN: 0, SELDOM: 0}
    asked = {OFTEN: 0, SELDOM: 0}
    for _ in range(1500):
        example = maybe_hasty_answer(training_scene(rng, 0.25), rng)
        assert example.query is not None and example.reply.startswith(f"<think>{example.query.sub}:")
        assert example.reply.endswith(f"<answer>{example.gold['answer']}</answer>")
        share = haste_of(example.query.family)
        asked[share] += 1
        hasty[share] += not any(role == "list" for role, _ in example.segments)
    for share, count in hasty.items():
        assert abs(count / asked[share] - share) < 0.06


@pytest.mark.usefixtures("tiny_recipes")
def test_the_policy_starts_from_a_snapshot_of_the_describer(tmp_path: Path) -> None:
    describer = training.Trainer(publishing.first_steps(), tmp_path / "describer")
    with pytest.raises(ModelError, match="no snapshot of joint step 2"):
        publishing.policy_trainer(describer.work, tmp_path / "policy")
    describer.run()
    policy = publishing.policy_trainer(describer.work, tmp_path / "policy")
    saved = type(policy.model).from_pretrained(training.snapshots_of(describer.work)[2], dtype=torch.float32)
    for name, value in policy.model.state_dict().items():
        assert torch.equal(value, saved.state_dict()[name]), name
