"""A stage that fails, or loses an item, does so at its partition: what follows it waits, and no other is stopped."""

from typing import Any

import dagster as dg
import polars as pl
import pytest

from wethink_assets.defs.assets import synthesis
from wethink_assets.defs.runs.sync import known_versions
from wethink_assets.defs.stages import publication as publishing
from wethink_assets.planning.stages import STAGES
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.opened_project import Opened


def test_a_failed_stage_is_shown_at_its_partition_and_stops_no_other(grown: Opened) -> None:
    assert grown.grower.observe().success
    unfinished, _ = grown.grower.unfinished()
    assert grown.grower.synthesize("coco.000001", unfinished["coco.000001"]).success
    (grown.project.home / "images" / "geoqa+").rename(grown.project.home / "images" / "gone")
    ran = grown.grower.synthesize("geoqa+.000001", unfinished["geoqa+.000001"])
    assert list(ran.failures) == ["images"] and "does not exist" in ran.failures["images"], ran
    failed = (
        grown.instance.event_log_storage.get_latest_asset_partition_materialization_attempts_without_materializations(
            dg.AssetKey("images")
        )
    )
    assert failed == {"geoqa+.000001": (ran.run_id, failed["geoqa+.000001"][1])}
    told = [entry for entry in grown.instance.all_logs(ran.run_id) if not entry.is_dagster_event]
    assert [entry.step_key for entry in told if "does not exist" in entry.user_message] == ["images"], "in one line"
    assert grown.grower.decide().version == "v0001"
    (grown.project.home / "images" / "gone").rename(grown.project.home / "images" / "geoqa+")
    assert list(grown.grower.unfinished()[0]) == ["geoqa+.000001"]
    assert grown.grower.synthesize("geoqa+.000001", STAGES).success


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Descriptions lose an item: no picture or reply makes them do so, only a mistake in their code would."""
    describe = synthesis.describing.describe_images

    def describe_but_one(images: pl.DataFrame, work: Any) -> StageOutput:
        output = describe(images, work)
        return StageOutput(output.results.head(output.results.height - 1), output.rejections)

    monkeypatch.setattr(synthesis.describing, "describe_images", describe_but_one)
    return monkeypatch


def test_a_stage_that_loses_an_item_publishes_nothing(grown: Opened, careless: pytest.MonkeyPatch) -> None:
    assert grown.grower.observe().success
    ran = grown.grower.synthesize("coco.000001", STAGES)
    assert list(ran.failures) == ["descriptions"] and "1 items unaccounted for" in ran.failures["descriptions"]
    tables = Tables(grown.store)
    assert tables.current("descriptions", "coco.000001") is None and tables.current("questions", "coco.000001") is None
    assert known_versions(grown.instance, "descriptions") == {}
    careless.undo()
    assert grown.grower.synthesize("coco.000001", STAGES[1:]).success


def test_the_check_blocks_what_follows_a_table_that_does_not_close(grown: Opened, careless: pytest.MonkeyPatch) -> None:
    careless.setattr(publishing, "require_closed", lambda *_: None)  # as if forgotten: no input gets past it
    assert grown.grower.observe().success
    ran = grown.grower.synthesize("coco.000001", STAGES)
    assert "descriptions:closed" in ran.failures and "lost" in ran.failures["descriptions:closed"]
    assert Tables(grown.store).current("questions", "coco.000001") is None
