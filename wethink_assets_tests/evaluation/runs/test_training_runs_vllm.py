"""A training run is scored behind a server of ours: real vLLM on a CPU, base and policy one after the other."""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.evaluation.runs.records import read_replies
from wethink_assets.evaluation.runs.training_runs import score_training_run
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.trained_policy import store_with_policy
from wethink_assets_tests.support.vllm_environment import vllm_python

KEY = "sample_MMStar"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one training run, whose policy is the shipped describer and whose base is the shipped policy."""
    return store_with_policy(tmp_path)


def settings_of(folder: Path, table: dict[str, object], **scoring: object) -> Settings:
    scoring_table = {
        "sample_questions": 12,
        "seeds": [],
        "resamples": 200,
        "benchmarks": [KEY],
        "server": "scored",
        **scoring,
    }
    server = {"model": "embedded/policy", "max_model_len": 1024, "images": 1, "kv_cache": 1, "device": "cpu", **table}
    return Settings.model_validate({"scoring": scoring_table, "servers": {"scored": server}, "folder": str(folder)})


@pytest.fixture
def servers_folder(tmp_path: Path) -> Iterator[None]:
    before = os.environ.get("WETHINK_SERVERS_DIR")
    os.environ["WETHINK_SERVERS_DIR"] = str(tmp_path / "servers")
    yield
    os.environ.pop("WETHINK_SERVERS_DIR")
    if before is not None:
        os.environ["WETHINK_SERVERS_DIR"] = before


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("servers_folder")
def test_policy_and_base_are_scored_behind_vllm(store: Store, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"python": vllm_python()})
    run = score_training_run(store, settings, "v0001.grpo")
    (base,), (policy,) = run.base, run.scores
    for score in (base, policy):
        assert score.failed_inference == 0 and score.no_answer < 0.2 and (score.value or 0) > 20
        replies = read_replies(store, score)
        assert replies.height >= 12 and replies["reply"].null_count() == 0
    calls = pl.concat(
        [store.read_parquet(path) for path in store.files("journal/scores") if path.endswith(".parquet")]
    ).filter(pl.col("role") == "policy")
    served = set(calls["model"])
    assert len(served) == 2 and "embedded/policy" in served and any(Path(name).is_dir() for name in served)
    assert run.comparisons[KEY].units >= 12
