"""The real daemon through two nights of arriving images: the first runs out of budget, the second goes on from there."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.defs.resources import store_of
from wethink_assets.sources.batches import list_batches
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.dagster_ui import SELECTOR, Ui, dagster_ui, waited
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint

STAGES = stage_names()

pytestmark = pytest.mark.slow
EVERY_MINUTE = "* * * * *"
# It is never the same evening in these two places, so that a restart in the other one is the next night.
FIRST, SECOND = "Pacific/Pago_Pago", "Pacific/Kiritimati"
CALLS = 20
START = """
mutation Start($schedule: ScheduleSelector!) {
  startSchedule(scheduleSelector: $schedule) { __typename ... on PythonError { message } }
}"""
RUNS = """
query Runs($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 200) { ... on Runs { results { runId status jobName tags { key value } } } }
}"""


class NightlyProject(Project):
    """A project whose sensors and schedules are as a user has them."""

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in super().environment.items() if not name.startswith("WETHINK_GROWTH")}


def configure(project: Project, timezone: str, calls: int) -> None:
    path = project.home / "wethink.toml"
    text = path.read_text().partition("[growth]")[0]
    told = [
        "[growth]",
        "observe_interval_seconds = 30",
        f'nightly_cron = "{EVERY_MINUTE}"',
        'cut_cron = "*/3 * * * *"',
        f'timezone = "{timezone}"',
        "min_new_rows = 10",
        "[budgets.nightly]",
        f"calls = {calls}",
    ]
    path.write_text(text + "\n".join(told) + "\n")
    dagster = project.home / "dagster.yaml"  # a busy machine starts a process slowly
    dagster.write_text(dagster.read_text().replace("start_timeout_seconds: 120", "start_timeout_seconds: 900"))


def nights(ui: Ui) -> list[dict[str, Any]]:
    """Runs that a night asked for, newest first, with their tags."""
    found = ui.ask(RUNS, filter={"pipelineName": "synthesize"})["runsOrError"]["results"]
    told = [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]
    return [run for run in told if "wethink/budget" in run["tags"]]


def over(runs: list[dict[str, Any]]) -> bool:
    return bool(runs) and all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in runs)


@pytest.mark.timeout(3600)
def test_two_nights_of_arriving_images(tmp_path: Path) -> None:
    with scripted_endpoint() as endpoint:
        made = make_project(tmp_path / "project", endpoint.url)
        project = NightlyProject(made.home)
        configure(project, FIRST, CALLS)
        store = store_of(project.settings)
        with dagster_ui(project) as ui:
            # Nobody sets anything up: the sources are observed and the images ingested, which costs no call.
            waited(lambda: len(list_batches(store)) == 2, 900, "batches of the sources")
            waited(
                lambda: all(Tables(store).current("images", key) for key in list_batches(store)), 900, "their images"
            )
            assert endpoint.asked.total() == 0 and nights(ui) == []
            started = ui.ask(START, schedule={**SELECTOR, "scheduleName": "nightly"})["startSchedule"]
            assert started["__typename"] == "ScheduleStateResult", started
            waited(lambda: over(nights(ui)), 900, "the first night")
            first = nights(ui)
            assert {run["status"] for run in first} == {"SUCCESS"}
            assert any("wethink/budget_spent" in run["tags"] for run in first)
            assert 0 < endpoint.asked.total() <= CALLS
            time.sleep(75)  # a tick more: the night is over
            assert len(nights(ui)) == len(first) and endpoint.asked.total() <= CALLS
            assert not list_versions(store)
        project.add_images("coco", 2, seed=1)
        configure(project, SECOND, 10_000)
        with dagster_ui(project) as ui:  # restarted: the schedule is still on, and the code was read again
            waited(lambda: "coco.000002" in list_batches(store), 900, "the new images")

            def done() -> bool:
                return all(Tables(store).current(stage, batch) for batch in list_batches(store) for stage in STAGES)

            waited(done, 1500, "the second night")
            waited(lambda: list_versions(store), 900, "a cut")
            second = [run for run in nights(ui) if run["runId"] not in {one["runId"] for one in first}]
        budgets = {run["tags"]["wethink/budget"] for run in first}, {run["tags"]["wethink/budget"] for run in second}
        assert len(budgets[0]) == len(budgets[1]) == 1 and budgets[0] != budgets[1]
        asked_for = [run["tags"]["dagster/partition"] for run in reversed(second)]
        assert sorted(asked_for) == [
            "coco.000001",
            "coco.000002",
            "geoqa+.000001",
        ]  # each once, however many ticks there were
        assert asked_for.index("coco.000001") < asked_for.index("coco.000002")  # the oldest first
        assert endpoint.asked["describe"] == 8  # one an image: what the first night paid for was found in the journal
        assert list_versions(store)[0].rows > 0
        assert os.environ.get("DAGSTER_HOME") != str(project.home)
