"""Figures of a project for Prometheus: runs, pools, daemon, batches by stage, versions, free space. They are read when they are asked for."""

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.defs.runs.automation_checks import daemon_age
from wethink_assets.defs.runs.instance import dagster_home, project_instance
from wethink_assets.errors import ConfigError
from wethink_assets.plain_text import in_one_line
from wethink_assets.sources.batches import list_batches
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

__all__ = ["metrics_registry", "metrics_text", "serve_metrics", "write_metrics"]

LOOPBACK = "127.0.0.1"
MISSING = "figures for Prometheus need its client: pip install 'wethink-assets[metrics]'"


class _Project:
    """What Prometheus' client asks for metrics."""

    def __init__(self, store: Store, failed: Callable[[str], None]) -> None:
        self._store = store
        self._failed = failed
        self._lock = (
            threading.Lock()
        )  # a process works in the instance's folder while it is open: one question at a time

    def describe(self) -> Iterable["Metric"]:
        """None, so that nothing is read before the first question."""
        return ()

    def collect(self) -> Iterator["Metric"]:
        """All figures; where the instance or the store is out of reach, that `wethink_up` is 0."""
        up = 1
        try:
            with self._lock, project_instance() as instance:
                found = [*of_instance(instance), *of_store(self._store)]
        except Exception as error:  # a server of figures outlives an outage, and tells of it
            found, up = [], 0
            self._failed(in_one_line(str(error)))
        yield _gauge("wethink_up", "1 where instance and store could be read, else 0", [((), up)])
        yield from found


def of_instance(instance: dg.DagsterInstance) -> Iterator["Metric"]:
    """Runs by status, pools, the daemon, and batches that each stage has done."""
    runs = [
        ((status.value.lower(),), instance.get_runs_count(dg.RunsFilter(statuses=[status])))
        for status in dg.DagsterRunStatus
    ]
    yield _gauge("wethink_runs", "Runs that Dagster knows, by status", runs, ["status"])
    slots, taken, waiting = [], [], []
    for pool in instance.event_log_storage.get_pool_limits():
        info = instance.event_log_storage.get_concurrency_info(pool.name)
        slots.append(((pool.name,), pool.limit))
        taken.append(((pool.name,), info.active_slot_count))
        waiting.append(((pool.name,), info.pending_step_count))
    yield _gauge("wethink_pool_slots", "Slots of a pool", slots, ["pool"])
    yield _gauge("wethink_pool_slots_taken", "Slots of a pool that are taken", taken, ["pool"])
    yield _gauge("wethink_pool_steps_waiting", "Steps that wait for a slot of a pool", waiting, ["pool"])
    age = daemon_age(instance)
    beats = [] if age is None else [((), age)]
    yield _gauge("wethink_daemon_beat_age_seconds", "Seconds since the daemon beat; absent where it never ran", beats)
    done = [((stage,), len(instance.get_materialized_partitions(dg.AssetKey(stage)))) for stage in stage_names()]
    yield _gauge("wethink_stage_batches", "Batches that a stage has a table of", done, ["stage"])


def of_store(store: Store) -> Iterator["Metric"]:
    """Batches by source, versions, rows of the newest one, and free space where the store and Dagster are."""
    by_source: dict[str, int] = {}
    for batch in list_batches(store):
        source = batch.rpartition(".")[0]
        by_source[source] = by_source.get(source, 0) + 1
    yield _gauge(
        "wethink_batches", "Batches of a source", [((s,), n) for s, n in sorted(by_source.items())], ["source"]
    )
    versions = list_versions(store)
    yield _gauge("wethink_versions", "Dataset versions that are built", [((), len(versions))])
    newest = [((versions[-1].version,), versions[-1].rows)] if versions else []
    yield _gauge("wethink_newest_version_rows", "Rows of the newest version", newest, ["version"])
    places = {"dagster_home": str(dagster_home()), **({"store": store.root} if store.local else {})}
    free = [
        ((name,), shutil.disk_usage(next(each for each in (Path(place), *Path(place).parents) if each.exists())).free)
        for name, place in places.items()
    ]
    yield _gauge("wethink_free_bytes", "Free bytes on the disk of a place", free, ["place"])


def _gauge(
    name: str, said: str, values: Iterable[tuple[tuple[str, ...], float]], labels: list[str] | None = None
) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, said, labels=labels or [])
    for key, value in values:
        family.add_metric(list(key), value)
    return family


def metrics_registry(store: Store, failed: Callable[[str], None]) -> "CollectorRegistry":
    """A registry of Prometheus' client that reads the project when it is asked; `failed` is told why it could not.

    Raises `ConfigError` where the client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry
    except ImportError as error:
        raise ConfigError(MISSING) from error
    registry = CollectorRegistry()
    registry.register(_Project(store, failed))
    return registry


def metrics_text(store: Store, failed: Callable[[str], None]) -> str:
    """All figures in Prometheus' text format."""
    registry = metrics_registry(store, failed)
    from prometheus_client import generate_latest

    return generate_latest(registry).decode("utf-8")


def write_metrics(file: Path, text: str) -> None:
    """Write figures whole or not at all, as the text file collector of Prometheus' node exporter wants them."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def serve_metrics(store: Store, port: int, failed: Callable[[str], None]) -> Any:
    """Serve the figures at `/metrics` of this machine's loopback address; returns server and thread. Raises `ConfigError` where the port is taken."""
    registry = metrics_registry(store, failed)
    from prometheus_client import start_http_server

    try:
        return start_http_server(port, addr=LOOPBACK, registry=registry)
    except OSError as error:
        raise ConfigError(f"port {port} of {LOOPBACK} cannot be listened on: {error.strerror}") from error
