"""What a run of a test came to: its curve, its weights, and those that it started from."""

from pathlib import Path
from typing import Any

import polars as pl
from safetensors.torch import load_file

from wethink_assets.training.policies.catalog import find_policy, local_checkpoint
from wethink_assets.training.runs.plan import TrainingPlan


def curves(plan: TrainingPlan) -> pl.DataFrame:
    store = plan.open_store()
    policy = find_policy(store, plan.key)
    assert policy is not None
    return store.read_parquet(f"{policy.folder}/curves.parquet")


def weights(plan: TrainingPlan) -> dict[str, Any]:
    store = plan.open_store()
    policy = find_policy(store, plan.key)
    assert policy is not None
    return load_file(local_checkpoint(store, policy) / "model.safetensors")


def base_weights(plan: TrainingPlan) -> dict[str, Any]:
    return load_file(Path(plan.base_model.name_or_path) / "model.safetensors")
