"""`wethink config`: a check of the configuration, and the settings in force."""

import json
import re
from typing import Annotated

import typer

from wethink_assets.config import config_path, load_settings
from wethink_assets.extensions.builtin import PROVIDERS

app = typer.Typer(help="Inspect the configuration.", no_args_is_help=True)


@app.callback()
def config() -> None:
    """Inspect the configuration."""


def without_logins(text: str) -> str:
    """A text in which the user and password of each URL are masked.

    >>> without_logins('url = "https://me:secret@host/v1"')
    'url = "https://***@host/v1"'
    """
    return re.sub(r"(?<=://)[^/@\s\"]+@", "***@", text)


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print all settings in force as JSON.")] = False,
) -> None:
    """Check wethink.toml and show the settings in force.

    If it is wrong, names the file, the line and what is allowed, and exits with 1.
    """
    path = config_path()
    settings = load_settings(path)
    if as_json:
        typer.echo(without_logins(json.dumps({"path": str(path), **settings.model_dump(mode="json")}, indent=2)))
        return
    from wethink_assets.sources.catalog import sources_of

    sources = sources_of(settings)
    located = [name for name, source in sources.items() if source.configured]
    typer.echo(f"{path} is right")
    typer.echo(f"store    {settings.store_url}")
    typer.echo(f"sources  {len(located)} of {len(sources)} have a location")
    for name in sorted(set(sources) - set(located)):
        typer.echo(f"         {name}: not configured")
    for role in settings.roles:
        role_settings = settings.role(role)  # type: ignore[arg-type]
        where = PROVIDERS[role_settings.provider].address(settings, role_settings)
        typer.echo(without_logins(f"role     {role}: {role_settings.model} ({role_settings.provider}, {where})"))
