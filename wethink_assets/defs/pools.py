"""How many stages may use this machine's devices, or the models' endpoints, at once."""

import dagster as dg

from wethink_assets.config import Settings

LOCAL_POOL = "gpu"
REMOTE_POOL = "endpoint"
POOL_LIMITS = {LOCAL_POOL: 1, REMOTE_POOL: 4}


def pool_of(settings: Settings, roles: tuple[str, ...]) -> str | None:
    """Pool of a stage: this machine's when one of its roles runs in process or on a server that runs start here, else the endpoints'."""
    if not roles:
        return None
    return LOCAL_POOL if any(_runs_here(settings, role) for role in roles) else REMOTE_POOL


def _runs_here(settings: Settings, role: str) -> bool:
    of_role = settings.role(role)  # type: ignore[arg-type]
    if of_role.server:
        return not settings.server(of_role.server).url
    return of_role.provider == "embedded"


def set_pool_limits(instance: dg.DagsterInstance) -> None:
    """Give each pool its limit unless somebody chose one: limits are state of the instance, not of `dagster.yaml`."""
    chosen = {pool.name for pool in instance.event_log_storage.get_pool_limits() if not pool.from_default}
    for pool, limit in POOL_LIMITS.items():
        if pool not in chosen:
            instance.event_log_storage.set_concurrency_slots(pool, limit)
