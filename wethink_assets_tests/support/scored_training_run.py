"""A store with a training run whose base and policy are scored, by scripts, on a file of choices."""

from datetime import UTC, datetime
from pathlib import Path

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.runs.models import EvaluatedModel, base_model_of, trained_model
from wethink_assets.evaluation.runs.records import Score
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.models.chat import Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy, publish_policy
from wethink_assets_tests.support.answering_model import Answering, Script
from wethink_assets_tests.support.benchmark_files import choice_rows, scoring_settings, write_tsv

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & "quoted"'
ScoredRun = tuple[Store, Settings, Policy]
"""Store, settings and policy of the run."""


def published_policy(store: Store, folder: Path) -> Policy:
    """A policy of `v0001.grpo`, without weights, from the base model `base-7b`."""
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "config.json").write_text("{}")
    policy = Policy(
        digest="c" * 64, key="v0001.grpo", version="v0001", manifest="m", recipe="grpo", settings={}, files={},
        created=datetime.now(UTC), base_model={"model": "base-7b", "revision": "main"}, model_digest="c" * 64,
    )  # fmt: skip
    return publish_policy(store, policy, folder)


def scored_by(store: Store, settings: Settings, model: EvaluatedModel, script: Script) -> list[Score]:
    """Scores of a model that follows a script, on all benchmarks of one's own; the judge takes nothing for an option."""
    policy, judge = Answering(script), Answering(lambda text, sampling: "Z", "judge")
    with Models(settings, {"policy": policy, "judge": judge}) as models:
        return score_model(store, settings, model, benchmark_files(settings, list(settings.benchmarks)), models=models)


def scored_training_run(folder: Path) -> ScoredRun:
    """A store with a base that gets the even images right, and a policy that gets all but two."""
    store, settings = Store.open(str(folder / "store")), scoring_settings(folder)
    rows = choice_rows(20)
    rows[3]["question"] += HOSTILE
    write_tsv(folder / "mine.tsv", rows)
    policy = published_policy(store, folder / "p")

    def number(text: str) -> int:
        return int(text.partition("picture ")[2].partition("?")[0])

    def base_reply(text: str, _: Sampling) -> str:
        return "B" if number(text) % 2 == 0 else f"<think>{HOSTILE}</think>A"

    def policy_reply(text: str, _: Sampling) -> str:
        return "B" if number(text) not in (0, 1) else "C"

    scored_by(store, settings, base_model_of(settings, policy), base_reply)
    scored_by(store, settings, trained_model(settings, store, policy), policy_reply)
    return store, settings, policy
