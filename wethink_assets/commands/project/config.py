"""`wethink config`: a check of the configuration and of the services that it names, and the settings in force."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.config import config_path, load_settings
from wethink_assets.config.redaction import masked_text, shown_settings
from wethink_assets.errors import ConfigError
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.models.chat import ROLES, Role

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.synthesis.service_check.results import ServiceCheck

app = typer.Typer(help="Inspect the configuration.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Inspect the configuration."""


@app.command()
def check(
    roles: Annotated[
        list[str] | None,
        typer.Argument(metavar="ROLE", help="Roles whose services to call with --call; all of them if none is given."),
    ] = None,
    call: Annotated[
        bool, typer.Option("--call", help="Also call the service of each role: once with text, an image and a schema.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all settings in force as JSON.")] = False,
) -> None:
    """Check wethink.toml and show the settings in force; with --call also what the services of the roles answer.

    If it is wrong, names the file, the line and what is allowed, and exits with 1. With --call it tells for each role what was answered, and by
    which model, or what the service refused and the line that mends it, whether usage, thinking and schema came back, and the price of the
    check; exits with 1 if a role cannot work.
    """
    path = config_path()
    settings = load_settings(path)
    check_prompts(settings, path)
    unknown = [role for role in roles or () if role not in ROLES]
    if unknown or (roles and not call):
        raise typer.BadParameter(
            f"unknown role {unknown[0]!r}; roles are {', '.join(ROLES)}" if unknown else "roles need --call"
        )
    if not as_json:
        show(settings, path)
    checks = checked(settings, path, tuple(roles or ROLES), quiet=as_json) if call else []
    if as_json:
        outcome = {
            "path": str(path),
            **shown_settings(settings),
            **(as_dict(settings, checks, path) if call else {}),
        }
        typer.echo(masked_text(json.dumps(outcome, indent=2)))
    if any(one.failed(strict=True) for one in checks):
        raise typer.Exit(1)


def check_prompts(settings: "Settings", path: Path) -> None:
    """Raise `ConfigError`, with the line that names the pack, where a prompt that models are asked with cannot be loaded."""
    from wethink_assets.config.loading import line_of
    from wethink_assets.stages.prompts import PROMPTS, asked_prompts, pack_folder
    from wethink_assets.synthesis.prompt_packs import load_prompts

    text = path.read_text(encoding="utf-8")

    def require(role: Role, load: Callable[[], object]) -> None:
        keys = ("roles", role, "prompt_pack") if settings.role(role).prompt_pack else ("pipeline", "prompt_pack")
        try:
            load()
        except ConfigError as error:
            raise ConfigError(f"{path}:{line_of(text, keys)}: {error}") from error

    for role in sorted({use.role for use in PROMPTS.values()}):
        require(role, partial(pack_folder, settings, settings.prompt_pack(role)))
    for name in asked_prompts(settings):
        require(PROMPTS[name].role, partial(load_prompts, settings, (name,)))


def show(settings: "Settings", path: Path) -> None:
    """Print what is in force."""
    from wethink_assets.sources.catalog import sources_of

    sources = sources_of(settings)
    located = [name for name, source in sources.items() if source.configured]
    typer.echo(f"{path} is right")
    typer.echo(masked_text(f"store    {settings.store_url}"))
    typer.echo(f"sources  {len(located)} of {len(sources)} have a location")
    for name in sorted(set(sources) - set(located)):
        typer.echo(f"         {name}: not configured")
    for role in settings.roles:
        role_settings = settings.role(role)  # type: ignore[arg-type]
        where = PROVIDERS[role_settings.provider].address(settings, role_settings)
        typer.echo(masked_text(f"role     {role}: {role_settings.model} ({role_settings.provider}, {where})"))


def checked(settings: "Settings", path: Path, roles: tuple[str, ...], quiet: bool) -> "list[ServiceCheck]":
    """Call the services of roles, and print what came of it unless `quiet`."""
    from wethink_assets.models.registry import Models
    from wethink_assets.synthesis.service_check.check import MOST_TRIES, check_services, services_of
    from wethink_assets.synthesis.service_check.report import price_line, report_of

    services = list(services_of(settings, roles))  # type: ignore[arg-type]
    called = [role for group, _ in services for role in group]
    if not quiet:
        for role in roles:
            if role not in called:
                typer.echo(f"{role}: runs in this process, nothing to call")
        if services:
            typer.echo(
                f"calling {len(services)} services, at most 4 calls each; where one is refused, at most {MOST_TRIES} more look for what mends it"
            )
    with Models.open(settings) as models:
        if not quiet:
            models.servers.listen(lambda _, text: typer.echo(text), logs=False)
        checks = check_services(settings, models, services, every_form=True)
    if not quiet:
        for one in checks:
            for line in report_of(settings, one, path):
                typer.echo(masked_text(line))
        if checks:
            typer.echo(price_line(checks, settings.pipeline.currency))
    return checks


def as_dict(settings: "Settings", checks: "list[ServiceCheck]", path: Path) -> dict[str, Any]:
    """A check as JSON: each role with what came of its calls and what mends it, and the price of all."""
    from wethink_assets.synthesis.service_check.report import failure_of

    sums = {
        name: sum(one.usage.get(name, 0.0) for one in checks)
        for name in ("prompt_tokens", "completion_tokens", "money")
    }
    return {
        "check": {
            "roles": {
                role: {
                    "ok": not one.failed(strict=True),
                    "model": one.settings.model,
                    "results": [result.as_dict() for result in one.results],
                    "failure": failure_of(settings, one, path, strict=True),
                    "changes": one.changes,
                    "notes": one.notes,
                }
                for one in checks
                for role in one.roles
            },
            "calls": sum(one.calls for one in checks),
            **sums,
            "currency": settings.pipeline.currency,
        }
    }
