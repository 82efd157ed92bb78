"""Liveness of runs: those that Dagster believes to be running although their process was killed."""

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import GRPC_INFO_TAG

TAG = "wethink/process"  # host, boot id, and where known process id and its start, separated by spaces
RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
CLOCK_SLACK = 2.0  # seconds that an event may seem older than the process that wrote it


@dataclass(frozen=True)
class Process:
    """Where a run is executed. Without `pid`: by a process of this machine that tells its number in the run's events."""

    host: str
    boot: str
    pid: int | None = None
    started: float = 0.0

    @classmethod
    def here(cls) -> "Process":
        """This machine; on systems that tell no boot id, the boot is `unknown` and never taken for another one."""
        path = Path("/proc/sys/kernel/random/boot_id")
        return cls(socket.gethostname(), path.read_text().strip() if path.exists() else UNKNOWN)

    @classmethod
    def of(cls, run: dg.DagsterRun) -> "Process":
        """What a run's tag says; a run without one is taken for one of this machine."""
        host, boot, *rest = run.tags.get(TAG, f"{HERE.host} {HERE.boot}").split(" ")
        return cls(host, boot, int(rest[0]), float(rest[1])) if len(rest) == 2 else cls(host, boot)

    def tags(self) -> dict[str, str]:
        """The tag of a run that is executed there."""
        process = [] if self.pid is None else [str(self.pid), str(self.started)]
        return {TAG: " ".join([self.host, self.boot, *process])}


UNKNOWN = "unknown"
HERE = Process.here()


def this_process() -> Process:
    """This very process."""
    return Process(HERE.host, HERE.boot, os.getpid(), process_start(os.getpid()) or time.time())


def process_start(pid: int) -> float | None:
    """Unix time at which a process started; None when there is none (a zombie counts as none) or it cannot be known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        state, *fields = text.rpartition(")")[2].split()
        kernel = Path("/proc/stat").read_text().splitlines()
        booted = float(next(line for line in kernel if line.startswith("btime")).split()[1])
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    if state in ("Z", "X"):
        return None
    return booted + float(fields[18]) / os.sysconf("SC_CLK_TCK")


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists, on any system."""
    if Path("/proc/self/stat").exists():
        return process_start(pid) is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """Why a run that is not over can never end, or None when its process is there or cannot be known."""
    where = Process.of(run)
    if where.host != HERE.host:
        return None
    if where.boot != HERE.boot and UNKNOWN not in (where.boot, HERE.boot):
        return "the machine was restarted since"
    process = process_of(instance, run)
    if process is None:
        return None if _code_server_answers(run) else "the code server that was to start it is gone"
    pid, since = process
    if not is_alive(pid):
        return f"its process {pid} is gone"
    started = process_start(pid)
    if started is not None and started > since + CLOCK_SLACK:
        return f"its process {pid} is gone (the number belongs to a later one)"
    return None


def process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """Process id of a run, and a time at which that process was there; None before it has announced itself."""
    where = Process.of(run)
    if where.pid is not None:
        return where.pid, where.started
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        pid = _announced_pid(entry)
        if pid is not None:
            return pid, entry.timestamp
    return None


def _code_server_answers(run: dg.DagsterRun) -> bool:
    """Whether the code server that a run was handed to still listens; True where that cannot be known."""
    path = json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket")
    if not path or run.status != dg.DagsterRunStatus.STARTING:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True


def _announced_pid(entry: dg.EventLogEntry) -> int | None:
    event = entry.dagster_event
    metadata: Mapping[str, dg.MetadataValue] = getattr(event and event.event_specific_data, "metadata", None) or {}
    pid = getattr(metadata.get("pid"), "value", None)
    return int(pid) if pid is not None and str(pid).isdigit() else None


def release(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Free the pool slots that a run holds or waits for."""
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def dead_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    """Runs that count as going on but whose process is gone, with the reason."""
    dead = {}
    for record in instance.get_run_records(dg.RunsFilter(statuses=RUNNING)):
        reason = is_gone(instance, record.dagster_run)
        if reason:
            dead[record.dagster_run.run_id] = reason
    return dead


def fail_dead_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    """Mark dead runs as failed and free their slots; returns them with the reason. Safe to repeat."""
    dead = dead_runs(instance)
    for run_id, reason in dead.items():
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, f"Marked as failed: {reason}. Run it again; finished model calls are kept.")
            release(instance, run)
    idle_slots(instance, free=True)
    return dead


def idle_slots(instance: dg.DagsterInstance, free: bool) -> list[str]:
    """Runs that are over, or unknown, and keep pool slots; with `free` the slots are taken from them."""
    idle = []
    for run_id in sorted(instance.event_log_storage.get_concurrency_run_ids()):
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            idle.append(run_id)
            if free:
                instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return idle
