"""What runs need beside their inputs: configuration, store and models, each opened once a process."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import ClassVar, Protocol

import dagster as dg

from wethink_assets.config import Settings
from wethink_assets.models.roles import Models
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.session import Synthesis

LOCAL_POOL = "gpu"
REMOTE_POOL = "endpoint"
POOL_LIMITS = {LOCAL_POOL: 1, REMOTE_POOL: 4}

ProgressCallback = Callable[[int, int], None]
OpenSynthesis = Callable[[str, str], AbstractContextManager[Synthesis]]  # of a stage and a batch


class Progress(Protocol):
    """Where a stage tells how far it is."""

    def of(self, stage: str, batch: str) -> ProgressCallback:
        """Callback that takes items done and items in total."""
        ...


class NoProgress:
    """Tells nobody."""

    def of(self, stage: str, batch: str) -> ProgressCallback:
        """A callback that does nothing."""
        return lambda done, total: None


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

    opened: ClassVar[dict[str, Models]] = {}
    users = 0


@contextmanager
def models_kept_open() -> Iterator[None]:
    """Let the runs of this process share models: weights are loaded once, and closed after the last run and caller."""
    _Shared.users += 1
    try:
        yield
    finally:
        _Shared.users -= 1
        while _Shared.opened and not _Shared.users:
            _Shared.opened.popitem()[1].close()


def models_of(settings: Settings) -> Models:
    """Models of the configuration, opened once while they are kept open."""
    key = settings.model_dump_json()
    if key not in _Shared.opened:
        _Shared.opened[key] = Models.open(settings)
    return _Shared.opened[key]


def pool_of(settings: Settings, roles: tuple[str, ...]) -> str | None:
    """Pool of a stage: this machine's when one of its roles runs in process, else the endpoints'."""
    if not roles:
        return None
    local = any(settings.role(role).provider == "embedded" for role in roles)  # type: ignore[arg-type]
    return LOCAL_POOL if local else REMOTE_POOL


def set_pool_limits(instance: dg.DagsterInstance) -> None:
    """Give each pool its limit unless somebody chose one: limits are state of the instance, not of `dagster.yaml`."""
    chosen = {pool.name for pool in instance.event_log_storage.get_pool_limits() if not pool.from_default}
    for pool, limit in POOL_LIMITS.items():
        if pool not in chosen:
            instance.event_log_storage.set_concurrency_slots(pool, limit)


def resources_of(settings: Settings) -> dict[str, object]:
    """Resources by key. Nothing is opened here: the code location must load in seconds and without a store."""
    from wethink_assets.defs.stage_tables import StageTables

    @dg.resource(description="wethink.toml as it was when the code location loaded")
    def configured(_: dg.InitResourceContext) -> Settings:
        return settings

    @dg.resource(description="the store of all results")
    def store(_: dg.InitResourceContext) -> Store:
        return store_of(settings)

    @dg.resource(description="the models behind the roles; weights are loaded at the first call")
    def models(_: dg.InitResourceContext) -> Iterator[Models]:
        with models_kept_open():
            yield models_of(settings)

    @dg.resource(description="where stages tell how far they are")
    def progress(_: dg.InitResourceContext) -> Progress:
        return NoProgress()

    @dg.io_manager(required_resource_keys={"store"}, description="stage tables of the store; nothing is pickled")
    def tables(context: dg.InitResourceContext) -> StageTables:
        return StageTables(context.resources.store)

    @dg.resource(required_resource_keys={"store", "models", "progress"}, description="opens a stage's work on a batch")
    def synthesis(context: dg.InitResourceContext) -> OpenSynthesis:
        given = context.resources

        def open_stage(stage: str, batch: str) -> AbstractContextManager[Synthesis]:
            return Synthesis.open(settings, given.store, given.models, stage, batch, given.progress.of(stage, batch))

        return open_stage

    return {
        "settings": configured,
        "store": store,
        "models": models,
        "progress": progress,
        "synthesis": synthesis,
        "io_manager": tables,
    }
