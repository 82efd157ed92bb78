"""From the launchpad: a row is followed to its image and back, and an image is taken down."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import dagster as dg
import pytest

from wethink_assets.dataset.takedown.takedown import list_takedowns
from wethink_assets.defs.runs.lineage_jobs import lineage_jobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, note_policy, rows_of

JOBS = {job.name: job for job in lineage_jobs()}


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """A store in a folder."""
    return Store.open(str(tmp_path / "data"))


@pytest.fixture
def version(local: Store) -> str:
    """A version of two batches, one of a source with a plus sign, and a policy trained on it."""
    grower = Grower(local)
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE])])
    grower.grow("geoqa+.000001", [(drawing(2), [COLOUR])], licence="MIT", run_id="run-2")
    made = cut(local)
    note_policy(local, f"{made}.grpo")
    return made


def ran(store: Store, job: str, instance: dg.DagsterInstance | None = None, **config: Any) -> dict[str, Any]:
    """Metadata that a job's run tells."""
    (op,) = JOBS[job].nodes
    given = {"ops": {op.name: {"config": config}}}
    result = JOBS[job].execute_in_process(given, instance=instance, resources={"store": store})
    (told,) = [event.step_output_data for event in result.all_node_events if event.is_successful_output]
    assert told is not None
    return {label: value.value for label, value in told.metadata.items()}


def test_a_row_is_followed_to_its_image_and_back(local: Store, version: str) -> None:
    row = rows_of(local, version).filter(source="geoqa+").row(0, named=True)
    story = ran(local, "explain", row=row["row_id"][:12])
    assert story["row"] == row["row_id"] and story["image"] == row["image_id"]
    assert story["picture"].startswith("![image](data:image/jpeg;base64,")
    assert row["answer"] in story["row as text"]
    lineage = unquote(story["lineage"])
    for page in (
        "/assets/source/geoqa)",
        "/assets/images?view=partitions&partition=geoqa+.000001",
        "/assets/reasoning_paths?view=partitions&partition=geoqa+.000001",
        f"/assets/dataset?view=partitions&partition={version}",
        "/runs/run-2",
    ):
        assert page in lineage, page
    assert f"/assets/policy?view=partitions&partition={version}.grpo" in story["trained on it"]
    back = ran(local, "where", image=story["image"][:16])
    assert back["image"] == row["image_id"] and row["row_id"] in back["lineage"]
    assert f"/assets/dataset?view=partitions&partition={version}" in back["lineage"]


def test_an_image_is_taken_down(local: Store, version: str) -> None:
    image = rows_of(local, version).filter(source="coco")["image_id"][0]
    would = ran(local, "retract", subject=image[:16], dry_run=True)
    assert "dry run" in would["taken down"] and version in would["touched"] and not list_takedowns(local)
    done = ran(local, "retract", subject=image[:16], reason="asked by its author")
    assert done["taken down"] == f"image {image}" and done["new"] and version in done["touched"]
    assert [(one.kind, one.name, one.reason) for one in list_takedowns(local)] == [
        ("image", image, "asked by its author")
    ]
    assert not ran(local, "retract", subject=image)["new"]
    assert ran(local, "where", image=image)["taken down"] == f"image {image}"


@pytest.mark.parametrize(
    ("job", "config", "said"),
    [
        ("explain", {}, "`row` is empty"),
        ("explain", {"row": "no such row"}, "is not a row id"),
        ("where", {"image": " "}, "`image` is empty"),
        ("retract", {"subject": "MIT", "kind": "source"}, "knows no source 'MIT'"),
    ],
)
def test_what_is_missing_or_unknown_is_one_line_of_the_log(
    local: Store, version: str, job: str, config: dict[str, str], said: str
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(Exception, match=said):
            ran(local, job, instance, **config)
        (run,) = instance.get_runs()
        messages = [entry.user_message for entry in instance.all_logs(run.run_id) if entry.level >= 40]
    assert any(said in message for message in messages)
    assert not list_takedowns(local)
