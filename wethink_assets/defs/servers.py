"""How do a run and the model servers of this machine go together: whose log they fill, and for how long they outlive it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from wethink_assets.models.servers.servers import SCHEDULED_IDLE, Servers

# Runs that nobody waits for, and that others of their kind follow.
FOLLOWED = ("dagster/schedule_name", "dagster/sensor_name", "dagster/from_automation_condition", "dagster/backfill")


def idle_of(run: dg.DagsterRun | None) -> float:
    """Seconds for which servers outlive a run where the configuration does not say: 10 minutes for one that a schedule started, else 0."""
    return SCHEDULED_IDLE if run is not None and any(tag in run.tags for tag in FOLLOWED) else 0.0


@contextmanager
def servers_of_run(servers: Servers, run: dg.DagsterRun | None, log: logging.Logger | None) -> Iterator[None]:
    """Have servers tell a run's log what they do while it lasts, and live on after it as its kind asks for."""
    servers.idle = max(servers.idle, idle_of(run))
    if run is not None:
        servers.who = f"run {run.run_id}"
    end = servers.listen(log.log) if log is not None else None
    try:
        yield
    finally:
        if end:
            end()
