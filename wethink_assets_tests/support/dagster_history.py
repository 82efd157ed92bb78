"""A history of every kind in SQLite: runs that succeed, fail and are killed, assets, checks, partitions, sensors that have looked at events."""

import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from wethink_assets.defs.runs.instance import project_instance

BATCHES = dg.DynamicPartitionsDefinition(name="image_batch")
KEYS = ["geoqa+.000001", "ü \N{GRINNING FACE}"]
SENSOR = "free"
KILLED = f"""
import os, signal
from {__name__} import *
with project_instance() as instance:
    kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
    dg.materialize([up], instance=instance, partition_key=KEYS[0], run_config={{"ops": {{"up": {{"config": {{"killed": True}}}}}}}})
"""


@dg.asset(partitions_def=BATCHES, pool="endpoint", config_schema={"killed": dg.Field(bool, default_value=False)})
def up(context: dg.AssetExecutionContext) -> None:
    for line in range(5):
        context.log.info(f'line {line} says "dagster/input_event_pointer/up": "1"')
    if context.op_execution_context.op_config["killed"]:
        os.kill(os.getpid(), signal.SIGKILL)


@dg.asset(partitions_def=BATCHES, deps=[up], automation_condition=dg.AutomationCondition.any_deps_updated())
def down(context: dg.AssetExecutionContext) -> None:
    context.log.info("down")


@dg.asset_check(asset=down)
def sound() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.job
def plain() -> None:
    @dg.op
    def tell(context: dg.OpExecutionContext) -> None:
        context.log.warning("plain")

    tell()


@dg.asset
def broken() -> None:
    raise ValueError("broken")


DEFINITIONS = dg.Definitions([up, down, broken], asset_checks=[sound], jobs=[plain])


@dataclass(frozen=True)
class Known:
    """What can be asked of a history, by the same calls on either side."""

    logs: dict[str, list[str]]
    materialized: dict[str, set[str]]
    inputs: dict[str, list[float]]
    checks: list[tuple[str, float]]
    partitions: list[str]
    statuses: dict[str, str]
    limit: int
    requested: int


def make_history(folder: Path) -> None:
    """Fill the databases of the project of this process, which keeps them in SQLite below `folder`."""
    with project_instance() as instance:
        instance.event_log_storage.set_concurrency_slots("endpoint", 7)
        instance.add_dynamic_partitions("image_batch", KEYS)
        for key in KEYS:
            instance.report_runless_asset_event(dg.AssetMaterialization("reported", partition=key))
            dg.materialize([up, down, sound], instance=instance, partition_key=key)
        dg.materialize([up], instance=instance, partition_key=KEYS[1])
        dg.materialize([broken], instance=instance, raise_on_error=False)
        plain.execute_in_process(instance=instance)
        seen = dg.evaluate_automation_conditions(DEFINITIONS, instance)
    cursor = dg.serialize_value(seen.cursor)
    subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    _add_sensor(folder, cursor)


def known(instance: dg.DagsterInstance, cursor: str) -> Known:
    """What an instance knows, with times in place of ids; `cursor` is where a sensor of automation conditions stopped."""
    runs = instance.get_runs()
    materialized = {
        key.to_user_string(): set(instance.get_materialized_partitions(key)) for key in instance.all_asset_keys()
    }
    inputs: dict[str, list[float]] = {}
    checks = []
    for record in instance.fetch_materializations(dg.AssetKey("down"), limit=100).records:
        told = record.event_log_entry.asset_materialization
        assert told is not None
        pointer = int((told.tags or {})["dagster/input_event_pointer/up"])
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey("up"), storage_ids=[pointer]), limit=1
        ).records
        inputs.setdefault(str(told.partition), []).append(records[0].event_log_entry.timestamp)
    for run in runs:
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            data = entry.get_dagster_event().asset_check_evaluation_data.target_materialization_data
            target = instance.fetch_materializations(
                dg.AssetRecordsFilter(dg.AssetKey("down"), storage_ids=[data.storage_id]), limit=1
            ).records
            checks.append((run.run_id, target[0].event_log_entry.timestamp))
    evaluated = dg.evaluate_automation_conditions(DEFINITIONS, instance, cursor=dg.deserialize_value(cursor))
    limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    return Known(
        logs={
            run.run_id: [
                f"{e.timestamp} {e.user_message} {e.dagster_event_type}" for e in instance.all_logs(run.run_id)
            ]
            for run in runs
        },
        materialized=materialized,
        inputs=inputs,
        checks=sorted(checks),
        partitions=sorted(instance.get_dynamic_partitions("image_batch")),
        statuses={run.run_id: run.status.value for run in runs},
        limit=limits["endpoint"],
        requested=evaluated.total_requested,
    )


def _add_sensor(folder: Path, cursor: str) -> None:
    """A sensor that has looked at events, as the daemon stores it."""
    packed = "0" + base64.b64encode(zlib.compress(cursor.encode())).decode()
    data = {"__class__": "SensorInstigatorData", "cursor": packed}
    body = json.dumps({"__class__": "InstigatorState", "job_specific_data": data})
    connection = sqlite3.connect(folder / "schedules" / "schedules.db")
    with connection:
        connection.execute(
            "INSERT INTO instigators (selector_id, status, instigator_type, instigator_body) VALUES (?, 'RUNNING', 'SENSOR', ?)",
            (SENSOR, body),
        )
    connection.close()


def cursor_in(body: str) -> str:
    """Where the sensor stopped, as Dagster reads it."""
    return zlib.decompress(base64.b64decode(json.loads(body)["job_specific_data"]["cursor"][1:])).decode()
