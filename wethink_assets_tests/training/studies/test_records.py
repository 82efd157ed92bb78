"""A finished study is kept whole, found again, and shown as tables and picture."""

import io
import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from PIL import Image

from wethink_assets.defs.assets.studies import study_metadata, sync_studies
from wethink_assets.defs.runs.sync import Synced, known_versions
from wethink_assets.defs.stages.publication import weight
from wethink_assets.errors import StoreError
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import STUDY_RUN, list_policies
from wethink_assets.training.studies.plots import draw
from wethink_assets.training.studies.records import (
    HELD_OUT,
    SCENES,
    Figure,
    Outcome,
    Run,
    Score,
    StudyRecord,
    list_studies,
    publish_study,
    read_study,
)
from wethink_assets.training.studies.tables import columns, markdown, rows, run_rows

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def score(mean: float, difference: float | None) -> Score:
    def figure(value: float) -> Figure:
        return Figure(mean=value, low=value - 0.02, high=value + 0.03)

    told = None if difference is None else figure(difference)
    return Score(n=100, accuracy=figure(mean), gain=figure(mean - 0.5), difference=told)


def outcome(name: str, mean: float, difference: float | None = None, failure: str = "") -> Outcome:
    key = f"v0001.{STUDY_RUN}grpo-quick-{name}-s1"
    gains = {
        samples: {"all": {"after": mean, "gain": 0.1, "low": 0.05, "high": 0.15}} for samples in (HELD_OUT, SCENES)
    }
    run = Run(seed=1, key=key, policy="d" * 64, cost={"wall_seconds": 61.2}, steps={"sft": 2, "grpo": 3}, gains=gains)
    if failure:
        run = Run(seed=1, key=key, policy="d" * 64, failure=failure)
    scores = {} if failure else {samples: {"all": score(mean, difference)} for samples in (HELD_OUT, SCENES)}
    return Outcome(
        name=name, label=name, changes={}, reference=difference is None and not failure, runs=(run,), scores=scores
    )


def record(digest: str = "a" * 64, created: datetime = NOW, failing: bool = False) -> StudyRecord:
    third = [outcome("broken", 0, failure="stopped at step 3: loss is nan")] if failing else []
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
        outcomes=(outcome("all", 0.6), outcome("mc", 0.55, -0.05), *third),
        created=created,
        commit="0123456789ab",
        seconds=120,
        trained=2,
    )


def test_a_study_is_kept_whole_and_the_newest_is_found(store: Store) -> None:
    assert list_studies(store) == [] and read_study(store, "kinds", "a" * 64) is None
    store.publish(f"{record('c' * 64).folder}/study.md", b"cut short: no record was written")
    first = publish_study(store, record(), {"study.md": b"x"})
    later = publish_study(store, record("b" * 64, NOW + timedelta(hours=1)), {})
    assert list_studies(store, "kinds") == [first, later] and list_studies(store, "sft") == []
    again = publish_study(store, record(created=NOW + timedelta(days=1)), {})
    assert again == first  # of two writers the first one counts
    with dg.DagsterInstance.ephemeral() as instance:
        synced = Synced()
        sync_studies(instance, store, synced)
        assert synced.events == {"studies": 1} and known_versions(instance, "studies") == {"kinds": "b" * 64}
        repeated = Synced()
        sync_studies(instance, store, repeated)
        assert repeated.nothing
    store.publish(f"{later.folder}/study.json", b"{}")
    with pytest.raises(StoreError, match=r"study\.json is damaged"):
        list_studies(store)


def test_tables_tell_every_variant_and_what_failed() -> None:
    one = record(failing=True)
    assert columns(one, HELD_OUT) == ["variant", "accuracy, %", "over the untrained model", "against all"]
    assert rows(one, SCENES) == [
        ["untrained", "50.0", "-", "-"],
        ["all", "60.0 (58.0 to 63.0)", "+10.0 (+8.0 to +13.0)", "-"],
        ["mc", "55.0 (53.0 to 58.0)", "+5.0 (+3.0 to +8.0)", "-5.0 (-7.0 to -2.0)"],
        ["broken", "not trained", "-", "-"],
    ]
    told = run_rows(one)
    assert told[0][2:] == ["2 + 3", "61", "d" * 12, "+10.0 (+5.0 to +15.0)"]
    assert told[2][-1] == "failed: stopped at step 3: loss is nan"
    assert one.failures == {f"v0001.{STUDY_RUN}grpo-quick-broken-s1": "stopped at step 3: loss is nan"}
    text = markdown(one)
    assert "| mc | 55.0 (53.0 to 58.0) | +5.0 (+3.0 to +8.0) | -5.0 (-7.0 to -2.0) |" in text
    assert "commit 0123456789ab" in text and "**100 drawn scenes**" in text


def test_the_page_of_a_study_holds_plot_and_tables(store: Store) -> None:
    one = record(failing=True)
    kept = publish_study(store, one, {"study.png": draw(one)})
    picture = Image.open(io.BytesIO(store.read(f"{kept.folder}/study.png")))
    assert picture.format == "PNG" and picture.width > 600
    metadata = study_metadata(store, kept)
    assert {
        "plot",
        "accuracy on 100 held-out rows",
        "accuracy on 100 drawn scenes",
        "trainings",
        "trainings that failed",
    } <= set(metadata)
    assert weight(metadata) < 32_000


def test_runs_of_studies_are_no_policies_of_a_version(store: Store) -> None:
    for key in ("v0001.grpo", f"v0001.{STUDY_RUN}grpo-quick-mc-s1"):
        digest = key.partition(".")[2].ljust(64, "0")
        told = {
            "digest": digest,
            "key": key,
            "version": "v0001",
            "manifest": "m",
            "recipe": "x",
            "settings": {},
            "base_model": {"model": "m", "revision": ""},
            "model_digest": "w",
            "files": {},
            "created": NOW.isoformat(),
        }
        store.publish(f"policies/{digest}/policy.json", json.dumps(told).encode())
        store.publish(f"policies/runs/{key}.json", json.dumps({"key": key, "digest": digest}).encode())
    assert [policy.key for policy in list_policies(store)] == ["v0001.grpo"]
    assert len(list_policies(store, studies=True)) == 2
