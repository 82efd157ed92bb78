"""Records of finished studies, as tests store and show them."""

from datetime import UTC, datetime

from wethink_assets.training.policies.catalog import STUDY_RUN
from wethink_assets.training.studies.records import (
    HELD_OUT,
    SCENES,
    Figure,
    Outcome,
    Run,
    Score,
    StudyRecord,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def variant_score(mean: float, difference: float | None) -> Score:
    """A score of 100 samples."""

    def figure(value: float) -> Figure:
        return Figure(mean=value, low=value - 0.02, high=value + 0.03)

    compared = None if difference is None else figure(difference)
    return Score(n=100, accuracy=figure(mean), gain=figure(mean - 0.5), difference=compared)


def variant_outcome(name: str, mean: float, difference: float | None = None, failure: str = "") -> Outcome:
    """A variant with one run."""
    key = f"v0001.{STUDY_RUN}grpo-quick-{name}-s1"
    gains = {
        samples: {"all": {"after": mean, "gain": 0.1, "low": 0.05, "high": 0.15}} for samples in (HELD_OUT, SCENES)
    }
    run = Run(seed=1, key=key, policy="d" * 64, cost={"wall_seconds": 61.2}, steps={"sft": 2, "grpo": 3}, gains=gains)
    if failure:
        run = Run(seed=1, key=key, policy="d" * 64, failure=failure)
    scores = {} if failure else {samples: {"all": variant_score(mean, difference)} for samples in (HELD_OUT, SCENES)}
    return Outcome(
        name=name, label=name, changes={}, reference=difference is None and not failure, runs=(run,), scores=scores
    )


def study_record(digest: str = "a" * 64, created: datetime = NOW, failing: bool = False) -> StudyRecord:
    """A study of two variants with one seed; `failing` adds one that could not be trained."""
    third = [variant_outcome("broken", 0, failure="stopped at step 3: loss is nan")] if failing else []
    return StudyRecord(
        digest=digest,
        study="kinds",
        question="Do all question kinds teach more?",
        version="v0001",
        manifest="m" * 64,
        recipe="grpo",
        profile="quick",
        seeds=(1,),
        settings={"steps": 3},
        base_model={"model": "embedded/policy", "revision": "abc"},
        base={samples: {"all": 0.5} for samples in (HELD_OUT, SCENES)},
        outcomes=(variant_outcome("all", 0.6), variant_outcome("mc", 0.55, -0.05), *third),
        created=created,
        commit="0123456789ab",
        seconds=120,
        trained=2,
    )
