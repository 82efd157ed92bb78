"""Backup and restore by the very commands of docs/operation.md: all of a project is destroyed, and is there again, with nothing paid twice."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wethink_assets_tests.support.postgres_project import PostgresProject, in_postgres
from wethink_assets_tests.support.postgres_server import PROGRAMS, PostgresServer
from wethink_assets_tests.support.project import ROOT, Project, make_project
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint
from wethink_assets_tests.support.tutorial import blocks

PAGE = ROOT / "docs" / "operation.md"
KNOWN = """
import json
import dagster as dg
from wethink_assets.defs.runs.instance import project_instance
with project_instance() as instance:
    runs = {run.run_id: [run.status.value, len(instance.all_logs(run.run_id))] for run in instance.get_runs()}
    made = {str(key): sorted(instance.get_materialized_partitions(key)) for key in instance.all_asset_keys()}
    print(json.dumps([runs, made]))
"""


def shell(project: Project, name: str, backup: Path) -> str:
    """Run a block of the page in the project's folder."""
    (text,) = [block.text for block in blocks(PAGE) if block.file == name]
    paths = [str(Path(sys.executable).parent), str(PROGRAMS), os.environ["PATH"]]
    environment = {**project.environment, "PATH": os.pathsep.join(paths)}
    command = ["bash", "-c", text, name, str(backup)]
    done = subprocess.run(command, cwd=project.home, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def known(project: Project) -> object:
    """Runs with the number of their events, and materialized partitions by asset."""
    command = [sys.executable, "-c", KNOWN]
    done = subprocess.run(
        command, cwd=project.home, env=project.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "database", [pytest.param("sqlite", marks=pytest.mark.long), pytest.param("postgres", marks=pytest.mark.slow)]
)
def test_a_destroyed_project_is_restored_and_pays_nothing_again(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: PostgresServer | None = request.getfixturevalue("postgres") if database == "postgres" else None
    with scripted_endpoint() as endpoint:
        project = make_project(tmp_path / "project", endpoint.url, sources=("coco",), images=1)
        if server:
            project = in_postgres(project, server.url(server.new_database()))
        project.wethink("run")
        before, asked = known(project), endpoint.asked.total()
        assert asked
        shell(project, "backup.sh", tmp_path / "backup")
        for name in ("data", ".dagster", "storage"):
            shutil.rmtree(project.home / name, ignore_errors=True)
        for file in ("dagster.yaml", "workspace.yaml", "wethink.toml"):
            (project.home / file).unlink()
        if server and isinstance(project, PostgresProject):
            server.query(f"DROP DATABASE {project.database}")
            project.url = server.url(server.new_database())
        restored = shell(project, "restore.sh", tmp_path / "backup")
        assert "the instance knows all that the store holds" in restored and restored.endswith("all is well\n")
        assert known(project) == before
        assert "nothing to do" in project.wethink("run").stderr and endpoint.asked.total() == asked
