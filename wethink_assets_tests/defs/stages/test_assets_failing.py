"""A stage that fails, or loses an item, does so at its partition: what follows it waits, and no other is stopped."""

from collections.abc import Iterator

import dagster as dg
import pytest

from wethink_assets.defs.runs.reporting import known_versions
from wethink_assets.defs.stages import publication
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.stages.schemas import DESCRIPTIONS
from wethink_assets.stages.spec import Stage, every
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.opened_project import Opened
from wethink_assets_tests.support.registered import registered


def test_a_failed_stage_is_shown_at_its_partition_and_stops_no_other(grown: Opened) -> None:
    assert grown.driver.observe().success
    unfinished, _ = grown.driver.unfinished()
    assert grown.driver.synthesize("coco.000001", unfinished["coco.000001"]).success
    (grown.project.home / "images" / "geoqa+").rename(grown.project.home / "images" / "gone")
    ran = grown.driver.synthesize("geoqa+.000001", unfinished["geoqa+.000001"])
    assert list(ran.failures) == ["images"] and "does not exist" in ran.failures["images"], ran
    failed = (
        grown.instance.event_log_storage.get_latest_asset_partition_materialization_attempts_without_materializations(
            dg.AssetKey("images")
        )
    )
    assert failed == {"geoqa+.000001": (ran.run_id, failed["geoqa+.000001"][1])}
    told = [entry for entry in grown.instance.all_logs(ran.run_id) if not entry.is_dagster_event]
    assert [entry.step_key for entry in told if "does not exist" in entry.user_message] == ["images"], "in one line"
    assert grown.driver.decide().version == "v0001"
    (grown.project.home / "images" / "gone").rename(grown.project.home / "images" / "geoqa+")
    assert list(grown.driver.unfinished()[0]) == ["geoqa+.000001"]
    assert grown.driver.synthesize("geoqa+.000001", stage_names()).success


@pytest.fixture
def careless() -> Iterator[Stage]:
    """A stage that loses an item: no picture or reply makes one of ours do so, only a mistake in its code would."""
    stage = Stage(
        name="careless",
        description="All descriptions but one.",
        reads=("descriptions",),
        run=lambda descriptions, work: StageOutput(descriptions.head(descriptions.height - 1), rejections([])),
        item="image_id",
        expected=every("image_id"),
        schema=DESCRIPTIONS,
        logic_version="1",
        provides="descriptions",
        before="questions",
    )
    with registered(STAGES, stage.name, stage):
        yield stage


def test_a_stage_that_loses_an_item_publishes_nothing(careless: Stage, grown: Opened) -> None:
    assert grown.driver.observe().success
    ran = grown.driver.synthesize("coco.000001", stage_names())
    assert list(ran.failures) == ["careless"] and "1 items unaccounted for" in ran.failures["careless"]
    tables = Tables(grown.store)
    assert tables.current("careless", "coco.000001") is None and tables.current("questions", "coco.000001") is None
    assert known_versions(grown.instance, "careless") == {}
    assert known_versions(grown.instance, "descriptions") == {"coco.000001": tables_version(grown, "descriptions")}


def tables_version(grown: Opened, stage: str) -> str:
    commit = Tables(grown.store).current(stage, "coco.000001")
    assert commit is not None
    return commit.data_version


def test_the_check_blocks_what_follows_a_table_that_does_not_close(
    careless: Stage, grown: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "require_closed", lambda *_: None)  # as if forgotten: no input gets past it
    assert grown.driver.observe().success
    ran = grown.driver.synthesize("coco.000001", stage_names())
    assert "careless:closed" in ran.failures and "lost" in ran.failures["careless:closed"]
    assert Tables(grown.store).current("questions", "coco.000001") is None
