"""`wethink serve`: the model servers of the configuration, run in the foreground."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.plain_text import in_one_line

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.models.servers.servers import Servers

POLL = 0.5


def serve(
    roles: Annotated[
        list[str] | None, typer.Argument(help="Roles to serve; all roles that name a server if none is given.")
    ] = None,
    logs: Annotated[bool, typer.Option(help="Show the logs of the servers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON once all servers are ready.")] = False,
) -> None:
    """Start the model servers that the roles name, show their addresses, and stop them on Ctrl-C.

    Servers are the tables `[servers.<name>]` of wethink.toml. Runs with the same configuration attach to them. A server that a run still
    uses when this command ends stays up until that run releases it. Exits with 1 if a server does not start or stops by itself.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.models.servers.servers import Servers

    settings = load_settings()
    wanted = servers_of(settings, roles or [])
    servers = Servers(settings, idle=0.0, who="wethink serve")
    servers.listen(lambda level, text: status(text), logs=logs)
    try:
        ready = start(servers, settings, wanted)
        for line in lines_of(ready):
            status(line)
        if as_json:
            typer.echo(json.dumps({"servers": ready}))
        status("Ctrl-C stops them")
        watch(servers)
    except KeyboardInterrupt:
        status("stopping")
    finally:
        for name in servers.close(wait=60):
            status(f"server {name} stays up: runs still use it")


def status(line: str) -> None:
    """A status line, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {in_one_line(line)}", file=sys.stderr, flush=True)


def servers_of(settings: "Settings", roles: list[str]) -> dict[str, list[str]]:
    """Roles of each server that is to run. Raises `ConfigError` for a role that is unknown or has no server."""
    from wethink_assets.errors import ConfigError
    from wethink_assets.models.chat import ROLES

    for role in roles:
        if role not in ROLES:
            raise ConfigError(f"unknown role {role!r}; roles are {', '.join(ROLES)}")
        if not settings.role(role).server:
            raise ConfigError(f"role {role} names no server: set server in [roles.{role}] to one of [servers.<name>]")
    wanted: dict[str, list[str]] = {}
    for role in roles or ROLES:
        server = settings.role(role).server  # type: ignore[arg-type]
        if server:
            wanted.setdefault(server, []).append(role)
    if not wanted:
        raise ConfigError("no role names a server: set server in [roles.<role>] to one of [servers.<name>]")
    return wanted


def start(servers: "Servers", settings: "Settings", wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Start all servers at once and wait for each; their roles, URLs, GPUs and logs."""
    servers.require(wanted)
    with ThreadPoolExecutor(len(wanted)) as pool:
        pending = {name: pool.submit(servers.urls, name) for name in wanted}
        try:
            while not all(future.done() for future in pending.values()):
                time.sleep(0.1)  # waits in this thread, so that signals are heeded
                for future in pending.values():
                    if future.done():
                        future.result()
        except BaseException:
            servers.close()  # so that the other threads end
            raise
        urls = {name: list(future.result()) for name, future in pending.items()}
    states, logs = servers.states(), servers.logs()
    return [
        {
            "server": name,
            "model": settings.server(name).model,
            "roles": roles,
            "urls": urls[name],
            "gpus": [list(state.gpus) for state in states.get(name, []) if state],
            "logs": logs.get(name, []),
        }
        for name, roles in wanted.items()
    ]


def lines_of(ready: list[dict[str, Any]]) -> list[str]:
    """A line per server: roles, model and URLs."""
    return [f"{', '.join(one['roles'])}: {one['model']} at {' '.join(one['urls'])}" for one in ready]


def watch(servers: "Servers") -> None:
    """Report changes of the servers until the command is ended. Raises `ModelError` when a server has failed."""
    from wethink_assets.errors import ModelError

    seen = servers.states()
    while True:
        time.sleep(POLL)
        now = servers.states()
        for name, states in now.items():
            for before, state in zip(seen.get(name, []), states, strict=False):
                if state is None or before is None or state.phase == before.phase:
                    continue
                status(f"server {name} is {state.phase}" + f": {state.message}" * bool(state.message))
                if state.phase in ("failed", "stopped"):
                    raise ModelError(f"server {name} ended: {state.message or 'it was stopped'}")
        seen = now
