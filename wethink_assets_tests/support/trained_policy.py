"""A training run that ended, without the training: its policy is the shipped describer, its base the shipped policy."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from wethink_assets.models.embedded.checkpoints import checkpoint_digest, checkpoint_folder
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy, publish_policy


def store_with_policy(folder: Path) -> Store:
    """The store at `folder/data`, with the training run `v0001.grpo`."""
    work = folder / "work"
    shutil.copytree(checkpoint_folder("describer"), work / "model")
    policy = Policy(
        digest="d" * 64, key="v0001.grpo", version="v0001", manifest="m", recipe="grpo", settings={}, files={}, created=datetime.now(UTC),
        base_model={"model": "embedded/policy", "revision": checkpoint_digest("policy")},
        model_digest=checkpoint_digest(str(work / "model")),
    )  # fmt: skip
    store = Store.open(str(folder / "data"))
    publish_policy(store, policy, work)
    return store
