"""Seconds of the ticks of sensors, schedules and automation with 5,000 batches on SQLite.

    python benchmarks/ticks.py [--batches 5000] [--folder DIR]

A real instance in a folder of its own gets a partition and the events of all stages for each batch, then every tick is evaluated as the daemon
does: first when it has never seen the instance, then with nothing new, then after ten batches were registered and after a model changed.
Exit 1 when a sensor's or schedule's tick takes 2 s or more by the clock, or an automation tick 5 s or more. On a busy machine the clock says
little: see the processor time beside it.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SENSOR_SECONDS, AUTOMATION_SECONDS = 2.0, 5.0


def fill(instance: Any, batches: int) -> list[str]:
    """Register batches and report all their stages but those of the last fifty.

    Rows go into the database at once, each a copy of a real event with its key and data version replaced: reported one by one they would
    take a quarter of an hour.
    """
    import dagster as dg
    import sqlalchemy

    from wethink_assets.defs.graph import image_batch
    from wethink_assets.defs.runs.reporting import report
    from wethink_assets.stages.order import stage_names

    keys = [f"coco.{number:06d}" for number in range(1, batches + 1)]
    instance.add_dynamic_partitions(str(image_batch.name), keys)
    storage = instance.event_log_storage
    for asset in ("image_batches", *stage_names()):
        made = keys if asset == "image_batches" else keys[: batches - 50]
        report(instance, asset, keys[0], "version-1", {"rows": 48, "rejections": 3, "sample": "x" * 2000})
        with storage.index_transaction() as connection:
            tables = sqlalchemy.MetaData()
            events = sqlalchemy.Table("event_logs", tables, autoload_with=connection)
            event_tags = sqlalchemy.Table("asset_event_tags", tables, autoload_with=connection)
            ours = events.c.asset_key == dg.AssetKey(asset).to_string()
            first = dict(connection.execute(events.select().where(ours)).mappings().one())
            tags = connection.execute(event_tags.select().where(event_tags.c.event_id == first["id"]))
            tag = dict(tags.mappings().one())
            last = int(connection.exec_driver_sql("select max(id) from event_logs").scalar_one())
            rows, tags_of_rows = [], []
            for number, key in enumerate(made[1:], 1):
                text = first["event"].replace(keys[0], key).replace("version-1", f"version-1-{number}")
                rows.append({**first, "id": last + number, "partition": key, "event": text})
                named = {name: value for name, value in tag.items() if name != "id"}
                tags_of_rows.append({**named, "event_id": last + number, "value": f"version-1-{number}"})
            connection.execute(events.insert(), rows)
            connection.execute(event_tags.insert(), tags_of_rows)
        report(instance, asset, made[-1], f"version-1-{len(made) - 1}", {"rows": 48})
    for asset in ("source/coco", *(f"model/{role}" for role in ("describer", "reasoner", "adjudicator", "judge"))):
        observe(instance, dg.AssetKey(asset.split("/")), "1")
    return keys


def observe(instance: Any, key: Any, version: str) -> None:
    """Report an observation."""
    import dagster as dg

    instance.report_runless_asset_event(dg.AssetObservation(key, tags={"dagster/data_version": version}))


def timed(name: str, limit: float, work: Callable[[], Any], worst: list[str]) -> Any:
    """Do some work and print how long it took, by the clock and of processor time."""
    began, used = time.monotonic(), time.process_time()
    result = work()
    seconds, processor = time.monotonic() - began, time.process_time() - used
    if seconds >= limit:
        worst.append(name)
    exceeded = ", EXCEEDED" if seconds >= limit else ""
    print(f"{name:36} {seconds:6.2f} s (limit {limit:g} s{exceeded}), {processor:6.2f} s of processor", flush=True)
    return result


def requested(result: Any) -> str:
    """What an automation tick requests, shortly."""
    counts = {r.key.to_user_string(): result.get_num_requested(r.key) for r in result.results}
    return ", ".join(f"{count} of {asset}" for asset, count in counts.items() if count) or "nothing"


def main() -> int:
    """Fill an instance and time all ticks on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=5000)
    parser.add_argument("--folder", type=Path, help="keep the instance here, and use the one that is there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
        os.environ["DAGSTER_HOME"] = str(folder)
        os.environ.setdefault("WETHINK_CONFIG", str(ROOT / "wethink.toml"))  # which the module of the definitions reads
        os.chdir(folder)
        return measure(folder, arguments.batches)


def measure(folder: Path, batches: int) -> int:
    """Time all ticks on the instance of a folder."""
    import dagster as dg

    from wethink_assets.config import Settings
    from wethink_assets.definitions import definitions_of
    from wethink_assets.defs.automation.nightly import nightly_schedule
    from wethink_assets.defs.automation.schedules import cut_schedule, train_sensor

    (folder / "images").mkdir(exist_ok=True)
    settings = Settings.model_validate(
        {
            "pipeline": {"prompt_pack": "embedded"},
            "sources": {"coco": {"location": str(folder / "images")}},
            "budgets": {"nightly": {"calls": 10_000}},
            "growth": {"train": ["sft"]},
            "folder": str(folder),
        }
    )
    definitions = definitions_of(settings)
    repository = definitions.get_repository_def()
    worst: list[str] = []
    with dg.DagsterInstance.get() as instance:
        keys = instance.get_dynamic_partitions("image_batch") or fill(instance, batches)
        print(f"\n{len(keys)} batches on {instance.event_log_storage.__class__.__name__}")
        now = datetime.now(UTC)

        def schedule(it: dg.ScheduleDefinition) -> Any:
            context = dg.build_schedule_context(instance, scheduled_execution_time=now, repository_def=repository)
            return it.evaluate_tick(context)

        def sensor(it: dg.SensorDefinition) -> Any:
            with dg.build_sensor_context(instance, repository_def=repository) as context:
                return it.evaluate_tick(context)

        sensors = {s.name: s for s in repository.sensor_defs}
        night = timed("schedule nightly", SENSOR_SECONDS, lambda: schedule(nightly_schedule(settings)), worst)
        print(f"  requests {len(night.run_requests or [])} runs {night.skip_message or ''}")
        timed("schedule cut_when_worth_it", SENSOR_SECONDS, lambda: schedule(cut_schedule(settings)), worst)
        timed("sensor observe_sources", SENSOR_SECONDS, lambda: sensor(sensors["observe_sources"]), worst)
        timed("sensor lost_runs", SENSOR_SECONDS, lambda: sensor(sensors["lost_runs"]), worst)
        timed("sensor train_new_versions", SENSOR_SECONDS, lambda: sensor(train_sensor(settings)), worst)

        def automation(cursor: Any = None) -> Any:
            return dg.evaluate_automation_conditions(definitions, instance, cursor=cursor)

        tick = timed("automation, the very first tick", AUTOMATION_SECONDS, automation, worst)
        print(f"  requests {requested(tick)}")
        tick = timed("automation, nothing new", AUTOMATION_SECONDS, lambda: automation(tick.cursor), worst)
        print(f"  requests {requested(tick)}")
        fresh = [f"gqa.{number + len(keys):06d}" for number in range(10)]
        instance.add_dynamic_partitions("image_batch", fresh)
        for key in fresh:
            instance.report_runless_asset_event(dg.AssetMaterialization("image_batches", partition=key))
        tick = timed("automation, ten new batches", AUTOMATION_SECONDS, lambda: automation(tick.cursor), worst)
        print(f"  requests {requested(tick)}")
        observe(instance, dg.AssetKey(["model", "judge"]), f"at {now.isoformat()}")
        tick = timed("automation, another judge", AUTOMATION_SECONDS, lambda: automation(tick.cursor), worst)
        print(f"  requests {requested(tick)}")
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
