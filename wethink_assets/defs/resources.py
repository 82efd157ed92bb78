"""Resources of runs: configuration, store, models and budgets, each opened once a process."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import ClassVar, Protocol

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.errors import StoreUnreachable, WeThinkError
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.servers import SCHEDULED_IDLE, Servers
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import allowance_of
from wethink_assets.synthesis.budgets.progress import Pace, ProgressReporter
from wethink_assets.synthesis.budgets.usage import Usage
from wethink_assets.synthesis.calls.session import Synthesis

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


NOT_RETRIED = {"dagster/max_retries": "0"}  # tag of runs that the daemon shall not retry, however they end
BUDGET_TAG = "wethink/budget"  # of a run: the budget that its model calls spend
OpenSynthesis = Callable[[str, str], AbstractContextManager[Synthesis]]  # of a stage and a batch


class Progress(Protocol):
    """Where a stage tells how far it is."""

    def of(self, stage: str, batch: str) -> ProgressReporter:
        """Callback that takes items done, items in total and what models took."""
        ...


class LoggedProgress:
    """Tells the run's log, now and then."""

    EVERY = 15.0  # seconds

    def __init__(self, log: logging.Logger, currency: str = "") -> None:
        self._log = log
        self._currency = currency

    def of(self, stage: str, batch: str) -> ProgressReporter:
        """A callback that logs where the stage is, how fast it goes and what it cost, unless it did so a moment ago."""
        pace = Pace(self._currency)
        logged = time.monotonic()

        def tell(done: int, total: int, usage: Usage | None = None, /) -> None:
            nonlocal logged
            pace.update(done, total, usage)
            if time.monotonic() - logged >= self.EVERY:
                logged = time.monotonic()
                self._log.info(f"{stage} of {batch}: {pace.line()}")

        return tell


@cache
def open_store(url: str, options: tuple[tuple[str, object], ...] = ()) -> Store:
    """The store at `url`, opened once a process."""
    return Store.open(url, **dict(options))


def store_of(settings: Settings) -> Store:
    """The store that the configuration names."""
    options = settings.store.options
    try:
        return open_store(settings.store_url, tuple(sorted(options.items())))
    except TypeError:  # options that nest cannot be a cache's key
        return Store.open(settings.store_url, **options)


class _Shared:
    """Models of this process by configuration, and how many runs and callers need them open."""

    lock = threading.RLock()
    opened: ClassVar[dict[str, Models]] = {}
    users = 0


@contextmanager
def models_kept_open() -> Iterator[None]:
    """Let the runs of this process share models: weights are loaded once, and closed after the last run and caller."""
    with _Shared.lock:
        _Shared.users += 1
    try:
        yield
    finally:
        with _Shared.lock:
            _Shared.users -= 1
            while _Shared.opened and not _Shared.users:
                _Shared.opened.popitem()[1].close()


def models_of(settings: Settings) -> Models:
    """Models of the configuration, opened once while they are kept open."""
    key = settings.model_dump_json()
    with _Shared.lock:
        if key not in _Shared.opened:
            _Shared.opened[key] = Models.open(settings)
        return _Shared.opened[key]


@contextmanager
def fails_for_good(context: dg.InitResourceContext) -> Iterator[None]:
    """Have a run that ends here not be retried: what a configuration lacks is still missing then. A store may be reached later."""
    try:
        yield
    except StoreUnreachable:
        raise
    except WeThinkError as error:
        if context.log is not None:  # one line of the run's log: Dagster shows three stack traces above the cause
            context.log.error(str(error))
        if context.instance is not None and context.run_id:
            context.instance.add_run_tags(context.run_id, NOT_RETRIED)
        raise


def resources_of(settings: Settings) -> dict[str, object]:
    """Resources by key. Nothing is opened here: the code location must load in seconds and without a store."""
    from wethink_assets.defs.stages.io_manager import StageTables

    @dg.resource(description="wethink.toml as it was when the code location loaded")
    def configured(_: dg.InitResourceContext) -> Settings:
        return settings

    @dg.resource(description="the store of all results")
    def store(context: dg.InitResourceContext) -> Store:
        with fails_for_good(context):
            return store_of(settings)

    @dg.resource(description="the models behind the roles; weights are loaded at the first call")
    def models(context: dg.InitResourceContext) -> Iterator[Models]:
        with fails_for_good(context), models_kept_open():
            opened = models_of(settings)
            with servers_of_run(opened.servers, context.run, context.log):
                yield opened

    @dg.resource(description="where stages tell how far they are")
    def progress(context: dg.InitResourceContext) -> Progress:
        return LoggedProgress(context.log or logging.getLogger(__name__), settings.pipeline.currency)

    @dg.io_manager(required_resource_keys={"store"}, description="stage tables of the store; nothing is pickled")
    def tables(context: dg.InitResourceContext) -> StageTables:
        return StageTables(context.resources.store)

    @dg.resource(required_resource_keys={"store", "models", "progress"}, description="opens a stage's work on a batch")
    def synthesis(context: dg.InitResourceContext) -> Iterator[OpenSynthesis]:
        given = context.resources
        tags = context.run.tags if context.run else {}
        budget = tags.get(BUDGET_TAG, settings.pipeline.budget)
        batch = tags.get("dagster/partition", "")
        with (
            fails_for_good(context),
            allowance_of(given.store, settings, budget, context.run_id or "", batch) as allowance,
        ):

            def open_stage(stage: str, batch: str) -> AbstractContextManager[Synthesis]:
                tell = given.progress.of(stage, batch)
                return Synthesis.open(settings, given.store, given.models, stage, batch, tell, allowance)

            yield open_stage

    return {
        "settings": configured,
        "store": store,
        "models": models,
        "progress": progress,
        "synthesis": synthesis,
        "io_manager": tables,
    }
