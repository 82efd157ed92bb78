"""Versions built from what was grown."""

import json
from datetime import UTC, datetime

import polars as pl

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import VersionSummary
from wethink_assets.storage.store import Store


def built(store: Store, recipe: CutRecipe | None = None) -> VersionSummary:
    """The next version, decided and built."""
    cut = decide_cut(store, recipe or CutRecipe())
    assert isinstance(cut, Cut)
    return build_version(store, cut.version)


def rows_of(store: Store, version: str, name: str = "rows") -> pl.DataFrame:
    """One of its tables."""
    return store.read_parquet(f"versions/{version}/{name}.parquet")


def cut(store: Store, recipe: CutRecipe | None = None) -> str:
    """Name of the next version, decided and built."""
    return built(store, recipe).version


def note_policy(store: Store, key: str, digest: str = "d" * 64) -> None:
    """Note a training run, as one that ended leaves it in the store."""
    policy = {"digest": digest, "model_digest": "m" * 64, "base_model": {"model": "policy"}, "run_id": "run-7"}
    told = {**policy, "key": key, "manifest": "", "created": datetime.now(UTC).isoformat()}
    store.publish(f"policies/runs/{key}.json", json.dumps({"key": key, "digest": digest}).encode())
    store.publish(f"policies/{digest}/policy.json", json.dumps(told).encode())
