"""`wethink metrics` tells what is there in Prometheus' format, to a terminal, a file and a server on loopback, and outlives an outage."""

import shutil
import urllib.request
from pathlib import Path

import dagster as dg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.defs.resources import store_of
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.metrics import serve_metrics
from wethink_assets.errors import ConfigError
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.s3_server import free_port


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "project", None, images=1)
    monkeypatch.setenv("DAGSTER_HOME", str(made.home))
    monkeypatch.setenv("WETHINK_CONFIG", str(made.home / "wethink.toml"))
    return made


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_figures_are_those_of_the_project(project: Project, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["register"]).exit_code == 0
    with project_instance() as instance:
        job = dg.GraphDefinition(name="work").to_job()
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        instance.report_runless_asset_event(dg.AssetMaterialization("images", partition="coco.000001"))
    done = CliRunner().invoke(app, ["metrics"])
    assert done.exit_code == 0
    found = figures(done.stdout)
    assert found["wethink_up",] == 1
    assert found["wethink_runs", "started"] == 1 and found["wethink_runs", "success"] == 0
    assert found["wethink_pool_slots", "endpoint"] == 4 and found["wethink_pool_slots_taken", "gpu"] == 0
    assert found["wethink_batches", "coco"] == 1 and found["wethink_batches", "geoqa+"] == 1
    assert found["wethink_stage_batches", "images"] == 1 and found["wethink_stage_batches", "answers"] == 0
    assert found["wethink_versions",] == 0 and found["wethink_free_bytes", "store"] > 0
    assert ("wethink_daemon_beat_age_seconds",) not in found
    file = tmp_path / "wethink.prom"
    assert CliRunner().invoke(app, ["metrics", "--out", str(file)]).exit_code == 0
    assert figures(file.read_text()).keys() == found.keys()
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["wethink.prom"]


def test_a_server_of_figures_is_on_loopback_and_outlives_an_outage(project: Project) -> None:
    port, faults = free_port(), []
    server, thread = serve_metrics(store_of(project.settings), port, faults.append)

    def asked() -> dict[tuple[str, ...], float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return figures(answer.read().decode())

    assert server.server_address == ("127.0.0.1", port)
    assert asked()["wethink_up",] == 1 and not faults
    with pytest.raises(ConfigError, match=rf"port {port} of 127\.0\.0\.1 cannot be listened on"):
        serve_metrics(store_of(project.settings), port, faults.append)
    shutil.rmtree(project.home / ".dagster")
    (project.home / ".dagster").write_text("x")
    assert asked() == {("wethink_up",): 0} and "is a file" in faults[0]
    (project.home / ".dagster").unlink()
    assert asked()["wethink_up",] == 1
    server.shutdown()
    thread.join()
    server.server_close()
