"""Checks of what works by itself in a Dagster instance: the daemon, schedules and sensors that are on, and pools."""

import time
from collections.abc import Iterator

import dagster as dg

__all__ = ["daemon_age", "look_at_automation", "look_at_pools"]

LATE = 120.0  # seconds: a daemon beats every 30
Seen = tuple[str, str, str]
"""Subject, what was seen of it, and where that is a fault, what to do."""


def daemon_age(instance: dg.DagsterInstance) -> float | None:
    """Seconds since the daemon last beat; None where there never was one."""
    beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    return time.time() - max(beats) if beats else None


def look_at_automation(instance: dg.DagsterInstance) -> Iterator[Seen]:
    """The daemon, and each schedule and sensor that somebody turned on, with how its last tick ended."""
    age = daemon_age(instance)
    alive = age is not None and age < LATE
    said = "never ran" if age is None else f"beat {age:.0f} s ago"
    yield "daemon", said, ""
    for state in sorted(instance.all_instigator_state(), key=lambda each: each.name):
        turned_on = state.status.value == "RUNNING"
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        last = f", last tick {ticks[0].status.value.lower()}" if ticks else ""
        on = "on" if turned_on else "off" if state.status.value == "STOPPED" else "as in the code"
        kind = state.instigator_type.value.lower()
        advice = ""
        if ticks and ticks[0].status.value == "FAILURE" and state.status.value != "STOPPED":
            advice = f"read why under Automation, {state.name}"
        elif turned_on and not alive:
            advice = "no daemon starts it: run `make ui`, or `dagster-daemon run`"
        yield kind, f"{state.name}: {on}{last}", advice


def look_at_pools(instance: dg.DagsterInstance) -> Iterator[Seen]:
    """Each pool: its slots, how many are taken, how many steps wait."""
    for pool in sorted(instance.event_log_storage.get_pool_limits(), key=lambda each: each.name):
        info = instance.event_log_storage.get_concurrency_info(pool.name)
        said = f"{pool.name}: {info.active_slot_count} of {pool.limit} taken, {info.pending_step_count} steps wait"
        advice = (
            f"give {pool.name} a limit under Deployment, Concurrency: nothing of it can run" if pool.limit < 1 else ""
        )
        yield "pool", said, advice
