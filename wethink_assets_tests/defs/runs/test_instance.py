"""All ways to open the project's instance see the same data."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from wethink_assets.defs.graph import POOL_LIMITS, set_pool_limits
from wethink_assets.defs.runs.instance import dagster_home, project_instance, update_instance
from wethink_assets.errors import ConfigError
from wethink_assets_tests.support.project import Project, make_project


@pytest.fixture
def embedded_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = make_project(tmp_path / "project", None, images=1)
    monkeypatch.setenv("DAGSTER_HOME", str(project.home))
    return project


BARE = """
import dagster as dg

@dg.job
def told():
    @dg.op
    def tell(context: dg.OpExecutionContext) -> None:
        print("partitions", context.instance.get_dynamic_partitions("image_batch"))
    tell()
"""


@pytest.mark.slow
def test_a_bare_dagster_sees_what_make_run_did(
    embedded_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with project_instance() as instance:
        instance.add_dynamic_partitions("image_batch", ["geoqa+.000001"])
        assert Path.cwd() == embedded_project.home
    assert Path.cwd() == tmp_path
    (tmp_path / "bare.py").write_text(BARE)
    environment = {**embedded_project.environment}
    del environment["DAGSTER_HOME"]  # as `dagster dev` in the folder: Dagster then keeps what else it writes elsewhere
    command = [sys.executable, "-m", "dagster", "job", "execute", "-f", str(tmp_path / "bare.py"), "-j", "told"]
    done = subprocess.run(command, cwd=embedded_project.home, env=environment, capture_output=True, text=True)
    assert "partitions ['geoqa+.000001']" in done.stdout, done.stderr
    assert {path.name for path in embedded_project.home.iterdir()} == {
        ".dagster",
        "dagster.yaml",
        "images",
        "wethink.toml",
        "workspace.yaml",
    }


def test_without_dagster_home_the_folder_of_the_configuration_is_meant(
    embedded_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setenv("WETHINK_CONFIG", str(embedded_project.home / "wethink.toml"))
    assert dagster_home() == embedded_project.home
    (embedded_project.home / "dagster.yaml").unlink()
    with pytest.raises(ConfigError, match=r"has no dagster\.yaml: set DAGSTER_HOME"):
        dagster_home()
    monkeypatch.setenv("DAGSTER_HOME", "/no/such/folder")
    with pytest.raises(ConfigError, match="is not a folder"):
        dagster_home()


def test_pools_are_limited_unless_somebody_chose_another_limit(embedded_project: Project) -> None:
    with project_instance() as instance:
        limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
        assert limits == POOL_LIMITS
        instance.event_log_storage.set_concurrency_slots("endpoint", 16)
        set_pool_limits(instance)
        assert {p.name: p.limit for p in instance.event_log_storage.get_pool_limits()}["endpoint"] == 16


def test_what_was_committed_survives_a_killed_process(embedded_project: Project) -> None:
    script = """
import os, signal
import dagster as dg
from wethink_assets.defs.runs.instance import project_instance
with project_instance() as instance:
    for number in range(20):
        instance.report_runless_asset_event(dg.AssetMaterialization("x", partition=str(number)))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], env=embedded_project.environment, timeout=240)
    assert done.returncode == -9
    with project_instance() as instance:
        assert len(instance.get_materialized_partitions(dg.AssetKey("x"))) == 20
    assert os.environ["DAGSTER_HOME"] == str(embedded_project.home)


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff", "is not YAML in UTF-8"), (b"a: [", "is not YAML"), (b"[1]", "holds no tables")]
)
def test_a_dagster_yaml_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    (tmp_path / "dagster.yaml").write_bytes(content)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=rf"dagster\.yaml {said}"), project_instance():
        pass


def test_a_file_where_the_databases_go_is_named(embedded_project: Project) -> None:
    (embedded_project.home / ".dagster").write_text("x")
    with (
        pytest.raises(ConfigError, match=r"/project/\.dagster is a file, where Dagster keeps its databases"),
        project_instance(),
    ):
        pass
    assert "/project/.dagster is a file" in update_instance(lambda instance: None)


def test_what_the_databases_report_is_one_sentence(embedded_project: Project) -> None:
    fault = OperationalError("SELECT 1\n", {}, sqlite3.OperationalError("disk I/O error"))

    def update(instance: dg.DagsterInstance) -> None:
        raise fault

    why_not = update_instance(update)
    assert (
        why_not
        == f"database of Dagster in {embedded_project.home}: the disk is full or faulty: make room, check it, and run the command again"
    )
