"""The run launcher of the daemon, which notes on which machine a run is started."""

import weakref
from typing import Any

import dagster as dg

from wethink_assets.defs.graph import set_pool_limits
from wethink_assets.defs.resources import NOT_RETRIED
from wethink_assets.defs.runs.liveness import Process, fail_dead_runs


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """The default launcher, plus: dead runs give their slots back first, and the run's log says which machine it was handed to."""

    instance: dg.DagsterInstance

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Called by Dagster once, with the instance that the launcher belongs to."""
        super().register_instance(instance)
        self.instance = weakref.proxy(instance)  # the instance owns the launcher

    def launch_run(self, context: Any) -> None:  # Dagster exports no name for the type of the context
        """Start a run in a process of the code server, noted as one of the machine that has it."""
        set_pool_limits(self.instance)
        Process.of_code_server(context.dagster_run).announce(self.instance, context.dagster_run)
        fail_dead_runs(self.instance)
        if context.dagster_run.parent_run_id and NOT_RETRIED.items() <= context.dagster_run.tags.items():
            # Inherited from a run of a command, or from one that failed for a reason that is mended by now.
            retries = str(self.instance.run_retries_max_retries)
            self.instance.add_run_tags(context.dagster_run.run_id, dict.fromkeys(NOT_RETRIED, retries))
        super().launch_run(context)
