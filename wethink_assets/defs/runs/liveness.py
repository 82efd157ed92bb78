"""Liveness of runs: those that Dagster believes to be running although their process was killed.

Where a run is executed stands in its log, not in its tags: tags are inherited by a run that executes it again, after a restart of the machine too.
"""

import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg

HOST_VARIABLE = "WETHINK_HOST"
"""What a code server in a container is called where its runs are launched: the host name of its address. Empty: this machine's name."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
CLOCK_SLACK = 2.0  # seconds that an event may seem older than the process that wrote it
START_LIMIT = (
    100.0  # seconds from the launch to the first word of a run's process; `dagster.yaml` gives it a little longer
)
_ANNOUNCED = re.compile(r"Executed on (\S+), boot (\S+?)(?:, by process (\d+) of ([\d.]+))?$")


@dataclass(frozen=True)
class Process:
    """Where a run is executed. Without `pid`: launched there, by a process that has not told its number yet."""

    host: str
    boot: str
    pid: int | None = None
    started: float = 0.0  # Unix time at which the process was there
    launched: float | None = None  # Unix time at which a launcher handed the run over; None for a run of a command

    @classmethod
    def here(cls) -> "Process":
        """This machine; on systems that tell no boot id, the boot is `unknown` and never taken for another one."""
        path = Path("/proc/sys/kernel/random/boot_id")
        return cls(
            os.environ.get(HOST_VARIABLE) or socket.gethostname(),
            path.read_text().strip() if path.exists() else UNKNOWN,
        )

    @classmethod
    def of_code_server(cls, run: dg.DagsterRun) -> "Process":
        """Where the default launcher has a run executed: beside its code server, which may be on another machine or in a container of its own.

        There only the code server sees its process, and tells by the sensor `lost_runs` whether it is gone.
        """
        repository = run.remote_job_origin and run.remote_job_origin.repository_origin
        host = getattr(repository and repository.code_location_origin, "host", None)
        return HERE if not host or host in LOOPBACK else cls(host, UNKNOWN)

    @classmethod
    def of(cls, instance: dg.DagsterInstance, run: dg.DagsterRun) -> "Process":
        """What a run's log says; a run that nobody announced is taken for one of this machine."""
        found = HERE
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
            found = found.after(entry)
        return found

    def after(self, entry: dg.EventLogEntry) -> "Process":
        """What is known once this event was read as well: our own announcement, or the process id in one of Dagster's."""
        announced = _ANNOUNCED.match((entry.dagster_event and entry.dagster_event.message) or "")
        if announced:
            host, boot, pid, started = announced.groups()
            if pid is None:
                return Process(host, boot, launched=entry.timestamp)
            return Process(host, boot, int(pid), float(started), self.launched)
        pid = _announced_pid(entry)
        return self if pid is None or self.pid is not None else replace(self, pid=pid, started=entry.timestamp)

    def announce(self, instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
        """Say in a run's log that it is executed here."""
        process = "" if self.pid is None else f", by process {self.pid} of {self.started}"
        instance.report_engine_event(f"Executed on {self.host}, boot {self.boot}{process}", run)


UNKNOWN = "unknown"
HERE = Process.here()


def this_process() -> Process:
    """This very process."""
    return replace(HERE, pid=os.getpid(), started=process_start(os.getpid()) or time.time())


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


def is_gone(where: Process) -> str | None:
    """Why a run that is not over can never end, or None when its process is there or cannot be known."""
    if where.host != HERE.host:
        return None
    if where.boot != HERE.boot and UNKNOWN not in (where.boot, HERE.boot):
        return "the machine was restarted since"
    if where.pid is None:
        silent = where.launched is not None and time.time() - where.launched > START_LIMIT
        return f"no process began it within {START_LIMIT:.0f} s of its launch" if silent else None
    if not is_alive(where.pid):
        return f"its process {where.pid} is gone"
    started = process_start(where.pid)
    if started is not None and started > where.started + CLOCK_SLACK:
        return f"its process {where.pid} is gone (the number belongs to a later one)"
    return None


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
        reason = is_gone(Process.of(instance, record.dagster_run))
        if reason:
            dead[record.dagster_run.run_id] = reason
    return dead


def fail_dead_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    """Mark dead runs as failed and free their slots; returns them with the reason. Safe to repeat.

    Those that the daemon had launched are retried by it (`run_retries` of `dagster.yaml`); whoever ran a command runs it again.
    """
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
