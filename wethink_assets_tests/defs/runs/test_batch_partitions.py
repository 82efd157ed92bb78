"""Batches are partitions of a real instance as soon as they are registered or imported; those of nothing but known images are no work."""

import json
import os
import shutil
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.defs.automation.sensors import registered_batches_sensor
from wethink_assets.defs.runs.batch_partitions import hidden_batches
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.sync import sync_instance
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.recopied_files import CompareLimits
from wethink_assets.sources.registration import register_source
from wethink_assets_tests.support.opened_project import Opened
from wethink_assets_tests.support.project import Project

BATCHES = ["coco.000001", "geoqa+.000001"]


def invoked(project: Project, *arguments: str, home: bool = True) -> str:
    """What a command prints on stderr, that ends well."""
    environment: dict[str, str | None] = {"WETHINK_CONFIG": project.environment["WETHINK_CONFIG"], "DAGSTER_HOME": None}
    if home:
        environment["DAGSTER_HOME"] = str(project.home)
    done = CliRunner().invoke(app, list(arguments), env=environment)
    assert done.exit_code == 0, done.output
    return done.stderr


def partitions(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Batches of the project's instance."""
    monkeypatch.setenv("DAGSTER_HOME", str(project.home))
    with project_instance() as instance:
        return sorted(instance.get_dynamic_partitions("image_batch"))


def test_registered_batches_are_partitions_at_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Dagster" not in invoked(project, "register", home=False)
    assert partitions(project, monkeypatch) == BATCHES
    project.add_images("coco", 2, seed=5)
    invoked(project, "register", "coco", "--json")
    assert partitions(project, monkeypatch) == ["coco.000001", "coco.000002", "geoqa+.000001"]


def test_register_and_observe_show_the_same(grown: Opened) -> None:
    assert grown.driver.observe().success
    key = dg.AssetKey(["source", "coco"])
    observed = grown.instance.fetch_observations(key, limit=1).records[0].asset_observation
    invoked(grown.project, "register", "coco")
    registered = grown.instance.fetch_observations(key, limit=1).records[0].asset_observation
    assert observed is not None and registered is not None
    assert registered.metadata.keys() | {"first new batch"} == observed.metadata.keys() | {"first new batch"}
    assert registered.tags["dagster/data_version"] == observed.tags["dagster/data_version"]
    assert len(grown.instance.fetch_observations(key, limit=10).records) == 2


def test_without_an_instance_the_files_are_registered_and_the_sensor_shows_them(
    grown: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (grown.project.home / "dagster.yaml").rename(tmp_path / "away.yaml")
    assert "it will once its UI runs" in invoked(grown.project, "register", home=False)
    assert grown.instance.get_dynamic_partitions("image_batch") == []
    sensor = registered_batches_sensor(grown.project.settings)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    sensor.evaluate_tick(dg.build_sensor_context(instance=grown.instance))
    assert sorted(grown.instance.get_dynamic_partitions("image_batch")) == BATCHES
    again = sensor.evaluate_tick(dg.build_sensor_context(instance=grown.instance))
    assert again.skip_message == "the instance knows all batches of the store" and not again.run_requests


def test_imported_batches_are_partitions_at_once(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = next(project.home.glob("images/coco/**/*.png"))
    shutil.copy(image, tmp_path / "1.png")
    row = {"image": "1.png", "question": "What is it?", "answer": "cat"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    invoked(project, "import", str(tmp_path / "rows.jsonl"), "--source", "theirs")
    assert partitions(project, monkeypatch) == ["theirs.000001"]


@pytest.mark.slow
def test_a_batch_of_known_images_is_no_work_once_it_was_read(grown: Opened) -> None:
    assert grown.driver.observe().success
    assert grown.driver.synthesize("coco.000001", ("images",)).success
    source = sources_of(grown.project.settings)["coco"]
    for path in Path(source.location).rglob("*.png"):
        os.utime(path, (1_900_000_000, 1_900_000_000))
    (batch,) = register_source(grown.store, source, 100, limits=CompareLimits(bytes=0)).batches
    sync_instance(grown.instance, grown.store, grown.project.settings)
    assert list(grown.driver.unfinished()[0]) == [*BATCHES[:1], batch, *BATCHES[1:]]
    assert grown.driver.synthesize(batch, ("images",)).success
    assert list(grown.driver.unfinished()[0]) == BATCHES
    assert sorted(grown.instance.get_dynamic_partitions("image_batch")) == BATCHES
    assert hidden_batches(grown.instance, grown.store) == []
    assert sync_instance(grown.instance, grown.store, grown.project.settings).nothing
    assert batch not in CliRunner().invoke(app, ["plan"], env={**grown.project.environment}).stdout
