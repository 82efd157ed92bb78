"""Records of service checks in the store, so that each configuration of a service is checked once: `checks/<digest>.json`."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.errors import ModelError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import digest_of
from wethink_assets.models.chat import BalanceSpent, Role
from wethink_assets.models.registry import Models
from wethink_assets.stages.order import model_stages
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.service_check.check import BESIDE_REQUESTS, check_services, services_of
from wethink_assets.synthesis.service_check.probes import probes_of
from wethink_assets.synthesis.service_check.report import failure_of, notes_of
from wethink_assets.synthesis.service_check.results import ServiceCheck

__all__ = ["CheckRecord", "asked_roles", "record_check", "record_of", "require_services", "unchecked_services"]

FOLDER = "checks"


class CheckRecord(BaseModel):
    """A check that everything needed was answered in. Secrets are no part of it: settings name variables."""

    model_config = ConfigDict(frozen=True)

    model: str
    forms: tuple[str, ...]
    answered_by: tuple[str, ...] = Field((), description="models, as replies named them")
    notes: tuple[str, ...] = ()
    calls: int = 0
    usage: dict[str, float] = Field(default_factory=dict)
    checked: datetime


def require_services(
    settings: Settings, store: Store, models: Models, path: Path, allowance: Allowance | None = None
) -> list[CheckRecord]:
    """Check the services that no check of these settings has passed on this store, and keep those that pass.

    `path` is that of the settings' file. Raises `ModelError` (`BalanceSpent` where it is that) with a line for each service that refuses what its
    roles need, `BudgetSpent` when the budget pays for no further call.
    """
    services = unchecked_services(settings, store)
    with allowance.stage_at_work() if allowance is not None and services else nullcontext():
        checks = check_services(settings, models, services, allowance=allowance)
    records = [record_check(store, settings, one, notes_of(settings, one, path)) for one in checks if not one.failed()]
    refused = [one for one in checks if one.failed()]
    if refused:
        spent = any(result.spent for one in refused for result in one.results)
        lines = "\n".join(failure_of(settings, one, path) for one in refused)
        raise BalanceSpent(lines) if spent else ModelError(lines)
    return records


def asked_roles() -> tuple[Role, ...]:
    """Roles that stages ask."""
    return tuple(dict.fromkeys(role for stage in model_stages() for role in STAGES[stage].roles))


def unchecked_services(settings: Settings, store: Store) -> list[tuple[tuple[Role, ...], RoleSettings]]:
    """Services that stages ask and that no check of these settings has passed on this store."""
    services = services_of(settings, asked_roles())
    return [(roles, of_roles) for roles, of_roles in services if record_of(store, settings, roles, of_roles) is None]


def record_of(store: Store, settings: Settings, roles: Iterable[Role], of_roles: RoleSettings) -> CheckRecord | None:
    """The record of a check that was passed; None where there is none that can be read."""
    data = store.read_if_present(_path(settings, of_roles))
    try:
        record = CheckRecord.model_validate_json(data) if data else None
    except ValueError:
        return None
    return record if record is not None and set(_forms(roles)) <= set(record.forms) else None


def record_check(store: Store, settings: Settings, check: ServiceCheck, notes: Iterable[str] = ()) -> CheckRecord:
    """Keep that a check was passed."""
    models = (each.reply.model for each in check.results if each.reply is not None)
    record = CheckRecord(
        model=check.settings.model,
        forms=tuple(_forms(check.roles)),
        answered_by=tuple(dict.fromkeys(models)),
        notes=tuple(notes),
        calls=check.calls,
        usage={name: value for name, value in check.usage.items() if "." not in name},
        checked=datetime.now(UTC),
    )
    store.publish(_path(settings, check.settings), record.model_dump_json(indent=1).encode())
    return record


def _forms(roles: Iterable[Role]) -> Iterator[str]:
    yield from dict.fromkeys(probe.form for role in roles for probe in probes_of(role))


def _path(settings: Settings, of_roles: RoleSettings) -> str:
    server = settings.server(of_roles.server).stored() if of_roles.server else None
    digest = digest_of(["service check", of_roles.stored(leave_out=BESIDE_REQUESTS), server])
    return f"{FOLDER}/{digest[:32]}.json"
