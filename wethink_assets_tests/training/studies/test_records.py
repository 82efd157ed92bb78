"""A finished study is stored whole, found again, and shown on its asset's page."""

import io
import json
from datetime import timedelta

import dagster as dg
import pytest
from PIL import Image

from wethink_assets.defs.assets.studies import study_metadata, sync_studies
from wethink_assets.defs.runs.reporting import Synced, known_versions
from wethink_assets.defs.stages.publication import weight
from wethink_assets.errors import StoreError
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import STUDY_RUN, list_policies
from wethink_assets.training.studies.plots import draw
from wethink_assets.training.studies.records import (
    list_studies,
    publish_study,
    read_study,
)
from wethink_assets_tests.support.studies import NOW, study_record


def test_a_study_is_kept_whole_and_the_newest_is_found(store: Store) -> None:
    assert list_studies(store) == [] and read_study(store, "kinds", "a" * 64) is None
    store.publish(f"{study_record('c' * 64).folder}/study.md", b"cut short: no record was written")
    first = publish_study(store, study_record(), {"study.md": b"x"})
    later = publish_study(store, study_record("b" * 64, NOW + timedelta(hours=1)), {})
    assert list_studies(store, "kinds") == [first, later] and list_studies(store, "sft") == []
    again = publish_study(store, study_record(created=NOW + timedelta(days=1)), {})
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


def test_the_page_of_a_study_holds_plot_and_tables(store: Store) -> None:
    one = study_record(failing=True)
    kept = publish_study(store, one, {"study.png": draw(one)})
    plot = Image.open(io.BytesIO(store.read(f"{kept.folder}/study.png")))
    assert plot.format == "PNG" and plot.width > 600
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
        record = {
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
        store.publish(f"policies/{digest}/policy.json", json.dumps(record).encode())
        store.publish(f"policies/runs/{key}.json", json.dumps({"key": key, "digest": digest}).encode())
    assert [policy.key for policy in list_policies(store)] == ["v0001.grpo"]
    assert len(list_policies(store, studies=True)) == 2
