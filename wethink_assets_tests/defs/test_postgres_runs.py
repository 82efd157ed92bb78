"""Eight runs at once in PostgreSQL, launched as the UI launches them: no event is lost, no deadlock, no slot is left behind, a kill included."""

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.defs.runs.liveness import fail_dead_runs, idle_slots
from wethink_assets_tests.support.dagster_ui import dagster_ui, waited
from wethink_assets_tests.support.postgres_project import databases_of, in_postgres
from wethink_assets_tests.support.postgres_server import PostgresServer
from wethink_assets_tests.support.project import make_project

pytestmark = pytest.mark.slow
RUNS, STEPS, LINES, SLOTS = 8, 3, 40, 3
CODE = f"""
import os, signal
import dagster as dg

@dg.op(pool="endpoint", config_schema={{"name": str, "killed": bool}}, out=dg.DynamicOut(int))
def begin(context):
    if context.op_config["killed"]:
        os.kill(os.getpid(), signal.SIGKILL)
    for number in range({STEPS}):
        yield dg.DynamicOutput(number, mapping_key=str(number))

@dg.op(pool="endpoint")
def work(context, number):
    name = context.run.tags["name"]
    for line in range({LINES}):
        context.log.info(f"line {{name}} {{number}} {{line}}")
    context.log_event(dg.AssetMaterialization("work", partition=f"{{name}}-{{number}}"))

@dg.job(executor_def=dg.in_process_executor)
def busy():
    begin().map(work)

defs = dg.Definitions(jobs=[busy])
"""


def test_eight_runs_at_once_lose_nothing_and_leave_nothing(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = in_postgres(
        make_project(tmp_path / "project", None, images=1), postgres.url(postgres.new_database()), monkeypatch
    )
    file = project.home / "dagster.yaml"
    file.write_text(file.read_text().replace("max_concurrent_runs: 2", f"max_concurrent_runs: {RUNS + 1}"))
    (project.home / "busy.py").write_text(CODE)
    (project.home / "workspace.yaml").write_text(
        "load_from:\n  - python_file:\n      relative_path: busy.py\n      location_name: wethink\n"
    )
    with project_instance() as instance:
        instance.event_log_storage.set_concurrency_slots("endpoint", SLOTS)
    with dagster_ui(project) as ui:

        def launch(name: str, killed: bool = False) -> str:
            config = {"ops": {"begin": {"config": {"name": name, "killed": killed}}}}
            return ui.launch("busy", [], config=config, tags={"name": name})

        runs = {launch(str(number)): str(number) for number in range(RUNS)}
        killed = launch("killed", killed=True)
        with project_instance() as instance:

            def all_over() -> bool:
                fail_dead_runs(instance)  # as the sensor `lost_runs` does, which this code location has not
                return all((run := instance.get_run_by_id(each)) and run.is_finished for each in [*runs, killed])

            waited(all_over, 200, "nine runs")
            statuses = Counter(record.dagster_run.status for record in instance.get_run_records())
            assert statuses[dg.DagsterRunStatus.SUCCESS] == RUNS
            failed = instance.get_run_by_id(killed)
            assert failed is not None and failed.status is dg.DagsterRunStatus.FAILURE
            for run_id, name in runs.items():
                messages = [entry.user_message for entry in instance.all_logs(run_id)]
                lines = sorted(message for message in messages if message.startswith("line "))
                expected = [f"line {name} {step} {line}" for step in range(STEPS) for line in range(LINES)]
                assert lines == sorted(expected)
            made = instance.get_materialized_partitions(dg.AssetKey("work"))
            assert made == {f"{name}-{step}" for name in runs.values() for step in range(STEPS)}
            assert idle_slots(instance, free=False) == []
            pool = instance.event_log_storage.get_concurrency_info("endpoint")
            assert (pool.slot_count, pool.active_slot_count, pool.pending_step_count) == (SLOTS, 0, 0)
    deadlocks = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{project.database}'"
    assert postgres.query(deadlocks) == [(0,)]
    assert databases_of(project) == []
