"""Which runs are over although Dagster believes that they go on, because their process was killed."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

HOST_TAG, BOOT_TAG, PID_TAG, START_TAG = "wethink/host", "wethink/boot", "wethink/pid", "wethink/process_start"
RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
CLOCK_SLACK = 2.0  # seconds that an event may seem older than the process that wrote it


@dataclass(frozen=True)
class Machine:
    """This machine since it was started."""

    host: str
    boot: str

    @classmethod
    def here(cls) -> "Machine":
        """Name and boot id; on systems that tell none, the boot is unknown and never taken for another one."""
        path = Path("/proc/sys/kernel/random/boot_id")
        return cls(socket.gethostname(), path.read_text().strip() if path.exists() else "")

    def tags(self) -> dict[str, str]:
        """Tags of a run that is started on this machine."""
        return {HOST_TAG: self.host, BOOT_TAG: self.boot}


HERE = Machine.here()


def process_tags() -> dict[str, str]:
    """Tags of a run that this very process executes."""
    return {**HERE.tags(), PID_TAG: str(os.getpid()), START_TAG: str(process_start(os.getpid()) or "")}


def process_start(pid: int) -> float | None:
    """Unix time at which a process started; None when there is none (a zombie counts as none) or it cannot be known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        state, *fields = text.rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        booted = float(
            next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")).split()[1]
        )
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    if state in ("Z", "X") or not uptime:
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
    host, boot = run.tags.get(HOST_TAG, HERE.host), run.tags.get(BOOT_TAG, HERE.boot)
    if host != HERE.host:
        return None
    if boot and HERE.boot and boot != HERE.boot:
        return "the machine was restarted since"
    found = process_of(instance, run)
    if found is None:
        return None
    pid, since = found
    if not is_alive(pid):
        return f"its process {pid} is gone"
    started = process_start(pid)
    if started is not None and started > since + CLOCK_SLACK:
        return f"its process {pid} is gone (the number belongs to a later one)"
    return None


def process_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """Process id of a run, and a time at which that process was there; None before it told."""
    if run.tags.get(PID_TAG, "").isdigit():
        record = instance.get_run_record_by_id(run.run_id)
        since = float(run.tags.get(START_TAG) or (record.create_timestamp.timestamp() if record else 0))
        return int(run.tags[PID_TAG]), since
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        pid = _told_pid(entry)
        if pid is not None:
            return pid, entry.timestamp
    return None


def _told_pid(entry: dg.EventLogEntry) -> int | None:
    event = entry.dagster_event
    metadata: Mapping[str, dg.MetadataValue] = getattr(event and event.event_specific_data, "metadata", None) or {}
    told = getattr(metadata.get("pid"), "value", None)
    return int(told) if told is not None and str(told).isdigit() else None


def release(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Free the pool slots that a run holds or waits for."""
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def dead_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    """Runs that count as going on but whose process is gone, with the reason."""
    found = {}
    for record in instance.get_run_records(dg.RunsFilter(statuses=RUNNING)):
        reason = is_gone(instance, record.dagster_run)
        if reason:
            found[record.dagster_run.run_id] = reason
    return found


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
