"""Events that are made of a store afterwards are those that its runs told."""

import json
from pathlib import Path
from typing import Any

from openlineage.client import event_v2

from wethink_assets.dataset.lineage.openlineage.emission import FOLDER, completed
from wethink_assets.dataset.lineage.openlineage.history import EVENTS, export_events
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.openlineage_events import read_event
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut

EXAMPLE = ("answers", "geoqa+.000001")


def timeless(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "eventTime"}


def test_every_table_of_a_version_has_its_run(local: Store, grower: Grower, tmp_path: Path) -> None:
    manifest = cut(local)
    done = export_events(local, "v0001", tmp_path / "events")
    lines = [json.loads(line) for line in (tmp_path / "events" / EVENTS).read_text().splitlines()]
    assert done.events == len(lines) == 2 * (18 + 2)
    read = [read_event(line) for line in lines]
    assert {event.run.runId for event in read if event.eventType == event_v2.RunState.START} == {
        event.run.runId for event in read if event.eventType == event_v2.RunState.COMPLETE
    }
    outputs = {one.name for event in read for one in event.outputs or () if one.name.endswith("rows.parquet")}
    assert len(outputs) == 1 and manifest is not None


def test_they_are_those_that_the_run_told(local: Store, grower: Grower, tmp_path: Path) -> None:
    commit = Tables(local).current(*EXAMPLE)
    assert commit is not None
    completed(local, commit)
    told = json.loads(local.read(next(path for path in local.files(FOLDER) if path.endswith(".end.json"))))
    cut(local)
    export_events(local, "v0001", tmp_path / "events")
    lines = [json.loads(line) for line in (tmp_path / "events" / EVENTS).read_text().splitlines()]
    assert [timeless(line) for line in lines if line["run"]["runId"] == told["run"]["runId"]][1:] == [timeless(told)]
