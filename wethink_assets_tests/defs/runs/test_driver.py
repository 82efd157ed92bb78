"""The graph grows on a real instance: only new work is done, and nothing old becomes stale."""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from wethink_assets.defs.runs.reporting import known_versions
from wethink_assets.defs.runs.sync import sync_instance
from wethink_assets.defs.stages.publication import METADATA_BYTES, weight
from wethink_assets.planning.staleness import commits_in_force
from wethink_assets.sources.batches import list_batches
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.partition_statuses import OLD, statuses
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint
from wethink_assets_tests.support.scripted_model import good_script

STAGES = stage_names()

HOSTILE = "<script>alert('x')</script> ![p](https://evil.example/p.png) | **bold** # [l](javascript:x)"


@pytest.mark.slow
def test_growth_does_only_its_own_work_and_makes_nothing_stale(grown: Opened, endpoint: ScriptedEndpoint) -> None:
    ran = grown.grow()
    assert all(run.success for run in ran.values()), ran
    assert set(ran) == {"observe", *OLD, "v0001"}
    old = {**dict.fromkeys(STAGES, OLD), "dataset": ("v0001",)}
    assert all(told == ("FRESH", []) for told in statuses(grown, old).values())
    asked = dict(endpoint.asked)
    grown.project.add_images("coco", 2, seed=1)
    ran = grown.grow()
    assert set(ran) == {"observe", "coco.000002", "v0002"} and all(run.success for run in ran.values()), ran
    assert endpoint.asked["describe"] - asked["describe"] == 2
    after = statuses(grown, {**old, "dataset": ("v0001", "v0002")})
    assert all(told == ("FRESH", []) for told in after.values()), after
    assert grown.driver.unfinished()[0] == {}
    assert grown.driver.observe().success and endpoint.asked["describe"] - asked["describe"] == 2


@pytest.mark.slow
def test_a_new_model_marks_partitions_stale_and_runs_nothing(grown: Opened, endpoint: ScriptedEndpoint) -> None:
    grown.grow(build=False)
    path = grown.project.home / "wethink.toml"
    path.write_text(path.read_text().replace("[roles.judge]\n", '[roles.judge]\nrevision = "2"\n'))
    asked = endpoint.asked.total()
    with opened(grown.project) as again:
        assert again.driver.observe().success
        assert again.driver.unfinished()[0] == {}
        told = statuses(again, {"answers": OLD, "descriptions": OLD})
    assert {key: status for key, (status, _) in told.items()} == {
        **{("answers", batch): "STALE" for batch in OLD},
        **{("descriptions", batch): "FRESH" for batch in OLD},
    }
    assert endpoint.asked.total() == asked


def test_provenance_of_a_stage_is_in_its_commit(grown: Opened) -> None:
    grown.grow(build=False)
    tables = Tables(grown.store)
    commits = {stage: tables.current(stage, "geoqa+.000001") for stage in STAGES}
    answers = commits["answers"]
    assert answers is not None and answers.models["judge"]["model"] == "scripted" and answers.run_id
    assert set(answers.prompts) == {"answer_image", "answer_text", "judge", "adjudicate"}
    for commit in commits.values():
        assert commit is not None
        for upstream, version in commit.inputs.items():
            found = commits.get(upstream)
            assert found is None or found.data_version == version
        event = grown.event(commit.asset, commit.batch)
        assert (event.tags or {})["dagster/data_version"] == commit.data_version
        assert weight(event.metadata) < METADATA_BYTES + 1_000


def test_hostile_text_of_a_model_is_shown_harmlessly(grown: Opened, endpoint: ScriptedEndpoint) -> None:
    def script(name: str, variables: dict[str, Any], sample: int) -> Any:
        reply = good_script(name, variables, sample)
        if name == "merge":
            return HOSTILE * 30
        return (
            reply.replace("Which colour has", f"Which {HOSTILE.replace(chr(34), '')} has")
            if name == "question"
            else reply
        )

    endpoint.script = script
    assert all(run.success for run in grown.grow().values())
    for asset, partition in (("descriptions", OLD[0]), ("questions", OLD[0]), ("dataset", "v0001")):
        metadata = grown.event(asset, partition).metadata
        preview = metadata["preview"].value
        assert isinstance(preview, str) and "data:image/jpeg;base64," in preview
        bare = preview.replace("![image](data:image/jpeg;base64,", "")
        assert "<script" not in bare and "](" not in bare and "**bold" not in bare and "evil.example" not in bare
        assert weight(metadata) < 32_000


@pytest.mark.slow
def test_an_empty_instance_learns_all_from_the_store(grown: Opened, tmp_path: Path) -> None:
    assert all(run.success for run in grown.grow().values())
    told = {asset: known_versions(grown.instance, asset) for asset in (*STAGES, "image_batches", "cuts", "dataset")}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as empty:
        synced = sync_instance(empty, grown.store, grown.project.settings)
        assert synced.batches == list_batches(grown.store) and synced.versions == ["v0001"]
        assert {asset: known_versions(empty, asset) for asset in told} == told
        it = Opened(grown.project, grown.definitions, empty, grown.store, grown.driver)
        after = statuses(it, {**dict.fromkeys(STAGES, OLD), "dataset": ("v0001",)})
        assert all(status == ("FRESH", []) for status in after.values()), after
        assert sync_instance(empty, grown.store, grown.project.settings).nothing


def test_batches_registered_elsewhere_are_found(grown: Opened) -> None:
    grown.project.wethink("register", "coco")
    grown.instance.delete_dynamic_partition("image_batch", "coco.000001")  # as where another machine registered it
    unfinished, synced = grown.driver.unfinished()
    assert synced.batches == ["coco.000001"] == list(unfinished)
    assert unfinished["coco.000001"] == STAGES


def test_batches_overlap_as_the_pool_of_endpoints_allows(grown: Opened) -> None:
    assert grown.driver.batches_at_once([STAGES]) == 3
    grown.instance.event_log_storage.set_concurrency_slots("endpoint", 2)
    assert grown.driver.batches_at_once([STAGES]) == 2
    assert grown.driver.batches_at_once([("images",)]) == 1, "no stage asks a model"


def test_a_stage_of_older_inputs_counts_as_unfinished(grown: Opened) -> None:
    assert all(run.success for run in grown.grow(build=False).values())
    tables = Tables(grown.store)
    current = tables.current("descriptions", "coco.000001")
    assert current is not None
    output = tables.load("descriptions", "coco.000001")
    changed = output.results.with_columns(fine=pl.col("fine") + " Indeed.")
    provenance = Provenance(inputs=current.inputs, run_id="another")
    tables.publish("descriptions", "coco.000001", StageOutput(changed, output.rejections), provenance)
    assert grown.driver.unfinished()[0] == {"coco.000001": STAGES[2:]}
    assert commits_in_force(grown.store, ["coco.000001"])["coco.000001"]["descriptions"].number == 2
