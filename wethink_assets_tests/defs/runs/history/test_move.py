"""A history moved from SQLite to PostgreSQL is the same history: logs in order, what refers to what, where sensors stopped; kills included."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from wethink_assets.defs.runs.history.move import MovedHistory, move_history
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.errors import ConfigError
from wethink_assets_tests.support.dagster_history import Known, cursor_in, known, make_history
from wethink_assets_tests.support.postgres_project import PostgresProject, in_postgres
from wethink_assets_tests.support.postgres_server import PostgresServer
from wethink_assets_tests.support.project import make_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Known]]:
    """The folder of a history in SQLite, and what is known of it."""
    project = make_project(tmp_path_factory.mktemp("history"), None, images=1)
    folder = project.home / ".dagster"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(project.home))
        make_history(folder)
        body = sqlite3.connect(folder / "schedules/schedules.db").execute("SELECT instigator_body FROM instigators")
        with project_instance() as instance:
            before = known(instance, cursor_in(body.fetchone()[0]))
    yield folder, before


@pytest.fixture
def project(
    postgres: PostgresServer, postgres_tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> PostgresProject:
    """A project of this process in an empty database of PostgreSQL."""
    made = make_project(tmp_path / "project", None, images=1)
    return in_postgres(made, postgres.url(postgres.new_database(f"TEMPLATE {postgres_tables}")), monkeypatch)


def move(folder: Path) -> MovedHistory:
    with project_instance() as instance:
        return move_history(instance, folder, lambda line: None)


def test_all_that_was_known_is_known(
    project: PostgresProject, postgres: PostgresServer, history: tuple[Path, Known]
) -> None:
    folder, before = history
    moved = move(folder)
    assert moved.runs == len(before.logs)
    body = postgres.query("SELECT instigator_body FROM instigators", project.database)[0][0]
    with project_instance() as instance:
        after = known(instance, cursor_in(body))
        killed = [run for run, status in before.statuses.items() if status == "STARTED"]
        assert len(killed) == 1 and after.statuses[killed[0]] == "FAILURE"  # it is gone, and marked as that here
        for one in (before, after):
            one.statuses.pop(killed[0])
            one.logs[killed[0]] = one.logs[killed[0]][: len(before.logs[killed[0]])]
        assert after == before and before.requested == 0
        assert move(folder) == moved
        instance.report_runless_asset_event(dg.AssetMaterialization("reported", partition="later"))
        newest = instance.fetch_materializations(dg.AssetKey("reported"), limit=1).records[0]
        assert newest.partition_key == "later"


class Killed(Exception):
    pass


def counts(postgres: PostgresServer, database: str) -> dict[str, int]:
    """Rows by table."""
    names = [
        name for (name,) in postgres.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database)
    ]
    return {name: postgres.query(f'SELECT count(*) FROM "{name}"', database)[0][0] for name in names}


def test_a_move_that_ends_anywhere_is_gone_on_with(
    project: PostgresProject,
    postgres: PostgresServer,
    history: tuple[Path, Known],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from wethink_assets.defs.runs.history import move as module

    folder, before = history
    add = module.Target.add
    monkeypatch.setattr(module, "CHUNK", 2)
    written = []

    def ended(self: object, table: str, columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
        def some() -> Iterator[tuple[object, ...]]:
            for number, row in enumerate(rows):
                if number == 3 and table not in written:  # two are there, one is on its way
                    written.append(table)
                    raise Killed(table)
                yield row

        add(self, table, columns, some())  # type: ignore[arg-type]

    monkeypatch.setattr(module.Target, "add", ended)
    for _ in range(20):
        try:
            moved = move(folder)
            break
        except Killed:
            pass
    assert len(written) >= 4 and moved.runs == len(before.logs)
    assert moved.events == counts(postgres, project.database)["event_logs"] - 1  # that the dead run has failed


def test_a_killed_command_is_gone_on_with(
    project: PostgresProject, postgres: PostgresServer, history: tuple[Path, Known]
) -> None:
    folder, before = history
    script = f"""
import os, signal
from pathlib import Path
from wethink_assets.defs.runs.history import move
from wethink_assets.defs.runs.instance import project_instance
move.CHUNK = 50
def killed(line):
    if line.startswith("event_logs"):
        os.kill(os.getpid(), signal.SIGKILL)
with project_instance() as instance:
    move.move_history(instance, Path({str(folder)!r}), killed)
"""
    done = subprocess.run([sys.executable, "-c", script], env=project.environment, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert counts(postgres, project.database)["runs"] == len(before.logs)
    assert "sqlite" not in (project.home / "dagster.yaml").read_text()
    done = project.wethink("sync", "--from-sqlite", str(folder), "--json")
    assert f'"runs": {len(before.logs)}' in done.stdout
    again = project.wethink("sync", "--from-sqlite", os.path.relpath(folder, project.home))
    assert f"{len(before.logs)} runs with " in again.stdout


def refused(folder: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        move(folder)
    return str(raised.value)


def test_what_is_in_use_or_is_none_is_refused(
    project: PostgresProject, postgres: PostgresServer, history: tuple[Path, Known], tmp_path: Path
) -> None:
    folder = tmp_path / "a[1]*?#%20é"
    shutil.copytree(history[0], folder)
    assert "has no history of Dagster in SQLite" in refused(tmp_path)

    def change(file: str, statement: str, *values: object) -> None:
        connection = sqlite3.connect(folder / file)
        with connection:
            connection.execute(statement, values)
        connection.close()

    now = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime())
    change("history/runs.db", "INSERT INTO daemon_heartbeats (daemon_type, timestamp) VALUES ('SENSOR', ?)", now)
    assert "a daemon works on" in refused(folder)
    change("history/runs.db", "DELETE FROM daemon_heartbeats")
    change("history/runs.db", "INSERT INTO bulk_actions (key, status, timestamp) VALUES ('a', 'REQUESTED', ?)", now)
    assert "1 backfills" in refused(folder)
    change("history/runs.db", "DELETE FROM bulk_actions")
    change("history/runs/index.db", "UPDATE alembic_version SET version_num = 'old'")
    assert "index.db is of schema old, where the installed Dagster has" in refused(folder)
    shutil.copy(history[0] / "history/runs/index.db", folder / "history/runs/index.db")
    finished = sqlite3.connect(folder / "history/runs.db").execute("SELECT run_id FROM runs WHERE status = 'SUCCESS'")
    run_id = finished.fetchone()[0]
    connection = sqlite3.connect(folder / f"history/runs/{run_id}.db")
    events = connection.execute("SELECT count(*) FROM event_logs").fetchone()[0]
    connection.close()
    assert events
    whole = (folder / "history/runs.db").read_bytes()
    (folder / "history/runs.db").write_bytes(b"no database at all" * 100)
    assert "runs.db cannot be read: file is not a database" in refused(folder)
    (folder / "history/runs.db").write_bytes(whole)
    with project_instance() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("own"))
    assert "has a history of its own, 0 runs and 1 events" in refused(folder)


def test_a_history_is_moved_once(project: PostgresProject, history: tuple[Path, Known], tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(history[0], other)
    (other / "history/runs" / ".db").unlink()  # lost: what the index has of it is moved
    moved = move(other)
    assert moved.rows["asset_event_tags"] > 0
    with project_instance() as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("reported")) == set(history[1].partitions)
    assert "holds the history of" in refused(history[0])
