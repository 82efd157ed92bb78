"""Publication of checkpoints: the policy starts from a snapshot of the describer, and sees as that does."""

from pathlib import Path

import pytest
import torch

from wethink_assets.errors import ModelError
from wethink_assets.models.embedded.training import publication
from wethink_assets.models.embedded.training.trainer import Trainer, snapshots_of


@pytest.mark.usefixtures("tiny_recipes")
def test_the_policy_starts_from_a_snapshot_of_the_describer(tmp_path: Path) -> None:
    describer = Trainer(publication.first_steps(), tmp_path / "describer")
    with pytest.raises(ModelError, match="no snapshot of joint step 2"):
        publication.policy_trainer(describer.work, tmp_path / "policy")
    describer.run()
    policy = publication.policy_trainer(describer.work, tmp_path / "policy")
    saved = type(policy.model).from_pretrained(snapshots_of(describer.work)[2], dtype=torch.float32)
    for name, value in policy.model.state_dict().items():
        assert torch.equal(value, saved.state_dict()[name]), name
