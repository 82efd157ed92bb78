"""Events of runs are whole, told once, kept in the store, and never a burden to the run."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from openlineage.client import event_v2

from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.openlineage.emission import (
    FOLDER,
    completed,
    emit_unsent,
    ended,
    recorded,
    settle,
    started,
)
from wethink_assets.dataset.lineage.openlineage.events import LineageRun, TableReference, stage_inputs
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.errors import ModelError, VersionError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.http_servers import threaded
from wethink_assets_tests.support.openlineage_events import read_event
from wethink_assets_tests.support.stage_tables import Grower

PARENT = "4f1f1d1e-3a57-4c1e-9d4c-0d2a3c5b7e11"
HOSTILE = 'geoqa+ "<script>alert(1)</script>"; DROP TABLE runs; \u202e/../..'


def events(store: Store) -> list[dict[str, Any]]:
    return [json.loads(store.read(path)) for path in store.files(FOLDER) if path.endswith(".json")]


@contextmanager
def collector(status: int = 200, delay: float = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A service that takes events."""
    taken: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            time.sleep(delay)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if status == 200:
                taken.append(json.loads(body) | {"authorization": self.headers.get("Authorization")})
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with threaded(Handler) as url:
        yield url, taken


@pytest.fixture
def stage(local: Store, grower: Grower) -> LineageRun:
    return LineageRun(job="answers", partition="geoqa+.000001", parent=PARENT, code_version="3.abc")


def test_a_stage_is_told_with_its_tables(local: Store, stage: LineageRun) -> None:
    started(local, stage, lambda: stage_inputs(local, stage.job, stage.partition))
    commit = Tables(local).current(stage.job, stage.partition)
    assert commit is not None
    completed(local, commit, run_id=PARENT)
    end, begin = (read_event(event) for event in events(local))
    assert (begin.eventType, end.eventType) == (event_v2.RunState.START, event_v2.RunState.COMPLETE)
    assert begin.run.runId == end.run.runId
    assert begin.job.facets["sourceCodeLocation"].version == "3.abc"
    assert end.run.facets["parent"].run.runId == PARENT
    assert {tag.key: tag.value.partition("@")[0] for tag in end.run.facets["tags"].tags} == {
        "model.describer": "seer-1", "model.reasoner": "thinker-1", "model.adjudicator": "third-1", "commit": "1",
    }  # fmt: skip
    results, refused = end.outputs
    assert results.name.endswith("/tables/answers/geoqa+.000001")
    assert results.facets["version"].datasetVersion == commit.data_version
    assert {"slot", "answer"} <= {field.name for field in results.facets["schema"].fields}
    assert (results.outputFacets["outputStatistics"].rowCount, refused.outputFacets["outputStatistics"].rowCount) == (
        commit.results, commit.rejections,
    )  # fmt: skip
    assert {one.name.rpartition("/tables/")[2] for one in begin.inputs} >= {"questions/geoqa+.000001"}
    assert {one.facets["version"].datasetVersion for one in end.inputs} == set(commit.inputs.values())


def test_no_run_begins_or_ends_twice(local: Store, stage: LineageRun) -> None:
    commit = Tables(local).current(stage.job, stage.partition)
    assert commit is not None
    for _ in range(2):
        started(local, stage, tuple)
        completed(local, commit, run_id=PARENT)
        ended(local, stage, ModelError("too late"))
    assert sorted(event["eventType"] for event in events(local)) == ["COMPLETE", "START"]


def test_a_failure_is_told_in_our_words_and_a_strangers_by_its_class(local: Store) -> None:
    for error in (ModelError("HTTP 500 of the judge"), ValueError("sk-secret in a header")):
        run = LineageRun(job="answers", partition=type(error).__name__, own_id=PARENT)
        with pytest.raises(type(error)), recorded(local, run, tuple, tuple):
            raise error
    failed = [event for event in events(local) if event["eventType"] == "FAIL"]
    messages = {event["run"]["facets"]["errorMessage"]["message"] for event in failed}
    assert messages == {"HTTP 500 of the judge", "ValueError"}


def test_cuts_and_versions_are_told(local: Store, grower: Grower) -> None:
    cut = decide_cut(local, CutRecipe())
    build_version(local, "v0001", run_id=PARENT)
    told = [read_event(event) for event in events(local)]
    decided = next(e for e in told if e.job.name == "cuts" and e.eventType == event_v2.RunState.COMPLETE)
    made = next(e for e in told if e.job.name == "dataset" and e.eventType == event_v2.RunState.COMPLETE)
    assert len(decided.inputs) == len(cut.inputs)
    assert [one.name for one in decided.outputs] == [one.name for one in made.inputs]
    assert made.outputs[0].outputFacets["outputStatistics"].rowCount == 8


def test_a_cut_of_nothing_fails(local: Store) -> None:
    with pytest.raises(VersionError, match="nothing to cut"):
        decide_cut(local, CutRecipe())
    assert sorted(event["eventType"] for event in events(local)) == ["FAIL", "START"]


def test_hostile_names_stay_data(local: Store) -> None:
    run = LineageRun(job="answers", partition="coco.000001", own_id=PARENT, tags={"prompt": HOSTILE})
    inside = HOSTILE.removesuffix("/../..")  # no table lies outside its store
    started(local, run, lambda: [TableReference(path=inside, data_version=HOSTILE)])
    event = read_event(events(local)[0])
    assert event.inputs[0].name.endswith(inside)
    assert event.run.facets["tags"].tags[0].value == HOSTILE


def test_killed_runs_are_settled_by_what_they_published(local: Store, grower: Grower) -> None:
    for job in ("answers", "reasoning_paths"):
        started(local, LineageRun(job=job, partition="coco.000001", parent="run-1"), tuple)
    started(local, LineageRun(job="answers", partition="coco.000003", parent="run-1"), tuple)
    started(local, LineageRun(job="answers", partition="coco.000002", parent="going-on"), tuple)
    assert settle(local, lambda run: run == "run-1") == 3
    assert settle(local, lambda run: run == "run-1") == 0
    ends = {(e["job"]["name"], e["eventType"]) for e in events(local) if e["eventType"] != "START"}
    assert ends == {("answers", "COMPLETE"), ("reasoning_paths", "COMPLETE"), ("answers", "FAIL")}


def test_events_are_sent_with_the_key_and_marked(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as (url, taken):
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "sk-lineage")
        monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "mine")
        run = LineageRun(job="answers", partition="coco.000001", own_id=PARENT)
        started(local, run, tuple)
        deadline = time.monotonic() + 10
        while not any(path.endswith(".sent") for path in local.files(FOLDER)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [(event["job"]["namespace"], event["authorization"]) for event in taken] == [
            ("mine", "Bearer sk-lineage")
        ]
        assert emit_unsent(local) == 0
    assert not any(b"sk-lineage" in local.read(path) for path in local.files(FOLDER))


def test_an_outage_costs_a_run_nothing_and_is_made_up_for(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(503, delay=0.5) as (url, _):
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        began = time.monotonic()
        for number in range(20):
            started(local, LineageRun(job="answers", partition=f"coco.{number:06d}", own_id=PARENT), tuple)
        assert time.monotonic() - began < 2
    with collector() as (url, taken):
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        assert emit_unsent(local) == 20
        assert len({event["run"]["runId"] for event in taken}) == 20
        assert emit_unsent(local) == 0


def test_a_store_that_refuses_events_fails_no_run(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    local.publish(FOLDER, b"a file where the folder should be")
    started(local, LineageRun(job="answers", partition="coco.000001", own_id=PARENT), tuple)
    assert local.read(FOLDER) == b"a file where the folder should be"


def test_events_can_be_turned_off(local: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    started(local, LineageRun(job="answers", partition="coco.000001", own_id=PARENT), tuple)
    assert events(local) == []
