"""The run driver of the commands: observes, synthesizes what is missing, cuts, builds, trains and scores as Dagster runs of this process."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import dagster as dg

from wethink_assets import signals
from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.alike_images import compare_images
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut, require_sources
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.defs.assets.benchmarks import KEY as BENCHMARKS
from wethink_assets.defs.assets.roles import role_key
from wethink_assets.defs.assets.scores import DRAW_LEADERBOARD, SCORE
from wethink_assets.defs.assets.sources import source_key
from wethink_assets.defs.assets.training import TRAIN
from wethink_assets.defs.graph import REMOTE_POOL, pool_of
from wethink_assets.defs.resources import BUDGET_TAG, models_kept_open, models_of
from wethink_assets.defs.runs.batch_partitions import take_out_closed
from wethink_assets.defs.runs.jobs import BUILD, CHECK_SERVICES, OBSERVE, SYNTHESIZE
from wethink_assets.defs.runs.outcome import RunOutcome
from wethink_assets.defs.runs.reporting import Synced
from wethink_assets.defs.runs.sync import report_cut, sync_instance
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.models.call_gate import BATCHES_AT_ONCE
from wethink_assets.models.chat import ROLES
from wethink_assets.planning.staleness import InForce, commits_in_force, missing_stages, stages_to_refresh
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.catalog import sources_of
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.service_check.records import CheckRecord, record_of, unchecked_services

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunDriver:
    """Takes the steps as Dagster runs of this process on the project's instance."""

    def __init__(
        self,
        definitions: dg.Definitions,
        settings: Settings,
        store: Store,
        instance: dg.DagsterInstance,
    ) -> None:
        self._definitions = definitions
        self._settings = settings
        self._store = store
        self._instance = instance

    def observe(self) -> RunOutcome:
        """Observe all configured sources and all models in one run; what is new becomes batches."""
        sources = [source_key(source) for source in sources_of(self._settings).values() if source.configured]
        ran = self._run(OBSERVE, assets=[*sources, *map(role_key, ROLES)])
        return RunOutcome(ran.run_id, {_observed(step): why for step, why in ran.failures.items()})

    def unfinished(self, refresh: Sequence[str] = ()) -> tuple[dict[str, tuple[str, ...]], Synced]:
        """Batches that have stages to go through, with those stages, and what the instance had to be told.

        Those are stages that are missing or of older inputs; those that another prompt, model, setting or code would make anew only where
        `refresh` names them.
        """
        batches = list_batches(self._store)
        commits = commits_in_force(self._store, batches)
        in_force = (commit for stages in commits.values() for commit in stages.values())
        synced = sync_instance(self._instance, self._store, self._settings, in_force)
        todo = {batch: missing_stages(commits[batch]) for batch in batches}
        if refresh:
            with models_kept_open():
                current = InForce.of(self._settings, models_of(self._settings))
            for batch, missing in todo.items():
                stale = stages_to_refresh(current.causes(commits[batch]), refresh)
                todo[batch] = max(missing, stale, key=len)
        return {batch: stages for batch, stages in todo.items() if stages}, synced

    def check_services(self, budget: str = "") -> tuple[RunOutcome | None, list[CheckRecord]]:
        """Check the model services that no check of this configuration has passed on this store; no run where there is none.

        Returns how the run ended, and the records of the checks that it passed.
        """
        unchecked = unchecked_services(self._settings, self._store)
        if not unchecked:
            return None, []
        ran = self._run(CHECK_SERVICES, tags={BUDGET_TAG: budget} if budget else {})
        records = (record_of(self._store, self._settings, *service) for service in unchecked)
        return ran, [record for record in records if record is not None]

    def synthesize(self, batch: str, stages: tuple[str, ...], budget: str = "") -> RunOutcome:
        """Take a batch through stages, in one run, within a budget where one is named."""
        assets = [dg.AssetKey(stage) for stage in stages]
        ran = self._run(SYNTHESIZE, assets, batch, {BUDGET_TAG: budget} if budget else {})
        take_out_closed(self._instance, self._store, batch)
        return ran

    def batches_at_once(self, stages: Iterable[Sequence[str]]) -> int:
        """How many batches may be taken through stages at a time: one where a model runs on this machine, else as the endpoints' pool allows."""
        roles = {role for names in stages for stage in names for role in STAGES[stage].roles}
        if pool_of(self._settings, tuple(sorted(roles))) != REMOTE_POOL:
            return 1
        limits = {pool.name: pool.limit for pool in self._instance.event_log_storage.get_pool_limits()}
        return min(BATCHES_AT_ONCE, limits.get(REMOTE_POOL, BATCHES_AT_ONCE))

    def decide(self) -> Cut | NothingNew:
        """Decide the next cut by the configured recipe, and report it.

        Raises `VersionError` when there is nothing to cut, `ConfigError` for a source that nobody knows.
        """
        recipe = CutRecipe.of(self._settings)
        require_sources(self._store, self._settings, recipe)
        unread = compare_with_benchmarks(self._store, self._settings)
        compare_images(self._store, recipe)
        cut = decide_cut(self._store, recipe, unread)
        if isinstance(cut, Cut):
            report_cut(self._instance, self._store, cut)
        return cut

    def build(self, version: str) -> RunOutcome:
        """Build a decided version."""
        return self._run(BUILD, partition=version)

    def train(self, key: str) -> RunOutcome:
        """Train a planned run, in a process of its own."""
        return self._run(TRAIN, partition=key)

    def score(self, key: str) -> RunOutcome:
        """Observe the benchmark files, score what is missing of a trained run and its base, and put it on the leaderboard."""
        failures: dict[str, str] = {}
        for step in (
            lambda: self._run(OBSERVE, assets=[BENCHMARKS]),
            lambda: self._run(SCORE, partition=key),
            lambda: self._run(DRAW_LEADERBOARD),
        ):
            ran = step()
            failures |= ran.failures
            if failures:
                break
        return RunOutcome(ran.run_id, failures)

    def _run(
        self,
        job: str,
        assets: list[dg.AssetKey] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> RunOutcome:
        """Execute a job here and now. Raises `KeyboardInterrupt` when it was interrupted (Ctrl-C, SIGTERM)."""
        _leave_out_skipped_checks()
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self._instance,
            asset_selection=assets,
            partition_key=partition,
            raise_on_error=False,
            tags=tags,
            run_config=QUIET,
        )
        if signals.received():  # Dagster drops one that comes when its last step has ended
            raise KeyboardInterrupt
        return RunOutcome.of(result, self._instance.get_run_by_id(result.run_id))


@cache
def _leave_out_skipped_checks() -> None:
    # Where a spent budget skips stages, Dagster warns that their checks gate nothing: what they would gate is skipped as well. A filter of the
    # package's logger would not see what its modules log, so all of it goes by a handler, from the first run of this process on.
    logger = logging.getLogger(dg.__name__)
    logger.addHandler(_WorthALine())
    logger.propagate = False


class _WorthALine(logging.Handler):
    """Hands records on to where they would go, but for those about checks that gate nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        if "emitted no result" not in record.getMessage():
            logging.getLogger().handle(record)


def _observed(step: str) -> str:
    """`source/coco` of the step `observe_source__coco`."""
    return step.removeprefix("observe_").replace("__", "/", 1)
