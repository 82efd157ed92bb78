"""The run launcher of the daemon, which notices runs whose process was killed."""

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus

from wethink_assets.defs.graph import set_pool_limits
from wethink_assets.defs.runs.liveness import HERE, fail_dead_runs, is_gone, release


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """The default launcher, plus: a run whose process is gone counts as failed, whoever started it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Makes the run monitor ask."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run in a process of the code server, noted as one of this machine."""
        set_pool_limits(self._instance)
        fail_dead_runs(self._instance)
        self._instance.add_run_tags(context.dagster_run.run_id, HERE.tags())
        super().launch_run(context)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's process is there. The slots of one that is not are freed at once."""
        gone = is_gone(self._instance, run)
        if gone is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        release(self._instance, run)
        return CheckRunHealthResult(WorkerStatus.FAILED, gone)
