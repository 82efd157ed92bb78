"""A stage that fails, or loses an item, does so at its partition: what follows it waits, and no other is stopped."""

from collections.abc import Iterator
from typing import Any

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
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint


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


def test_a_batch_that_the_service_mostly_failed_is_not_done_and_says_in_the_ui_what_the_service_said(
    grown: Opened, endpoint: ScriptedEndpoint
) -> None:
    good = endpoint.script
    words = "this account may not use seed"
    described: list[str] = []

    def script(name: str, variables: dict[str, Any], sample: int) -> Any:
        if name == "describe" and variables["pixels"] not in described and len(described) == 1:
            return ValueError(words)
        described.extend([variables["pixels"]] if name == "describe" else [])
        return good(name, variables, sample)

    endpoint.script = script
    assert grown.driver.observe().success
    ran = grown.driver.synthesize("coco.000001", stage_names())
    assert list(ran.failures) == ["descriptions"] and not ran.balance_spent
    assert (
        f'(HTTP 400: {{"error": {{"message": "{words}"}}}}); so the service failed 2 of 3 items'
        in ran.failures["descriptions"]
    )
    events = (entry.dagster_event for entry in grown.instance.all_logs(ran.run_id))
    [error] = [event.step_failure_data.error for event in events if event is not None and event.is_step_failure]
    assert error is not None and error.cause is not None
    assert "ModelError" in str(error.cause.cls_name) and words in error.cause.message
    lines = [entry.user_message for entry in grown.instance.all_logs(ran.run_id) if not entry.is_dagster_event]
    assert any(line.startswith("scripted at http") and words in line for line in lines)
    assert Tables(grown.store).current("descriptions", "coco.000001") is None
    assert "coco.000001" in grown.driver.unfinished()[0]
    endpoint.script, asked = good, endpoint.asked["describe"]
    assert grown.driver.synthesize("coco.000001", stage_names()).success
    assert endpoint.asked["describe"] - asked == 2, "what was answered stays in the journal"


def test_a_batch_of_which_the_service_failed_a_smaller_part_is_done(grown: Opened, endpoint: ScriptedEndpoint) -> None:
    good = endpoint.script
    refused: list[str] = []

    def script(name: str, variables: dict[str, Any], sample: int) -> Any:
        if name == "describe" and refused in ([], [variables["pixels"]]):
            refused[:] = [variables["pixels"]]
            return ValueError("too large")
        return good(name, variables, sample)

    endpoint.script = script
    assert grown.driver.observe().success
    assert grown.driver.synthesize("coco.000001", stage_names()).success
    commit = Tables(grown.store).current("descriptions", "coco.000001")
    assert commit is not None and commit.reasons == {"endpoint_error": 1} and commit.results == 2


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
