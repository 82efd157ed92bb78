"""`wethink serve`: run the model servers of the configuration in the foreground."""

import json
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.models.servers.servers import Servers

POLL = 0.5
Say = Callable[[str], None]


class Ended(Exception):
    """Somebody asked the command to end."""


def serve(
    roles: Annotated[
        list[str] | None, typer.Argument(help="Roles to serve; all that name a server if none is given.")
    ] = None,
    logs: Annotated[bool, typer.Option(help="Show what the servers say.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when all are ready.")] = False,
) -> None:
    """Start the servers that the roles name (tables `servers` of wethink.toml), say where they are, and stop them on Ctrl-C.

    Runs with the same configuration attach to them. A server that a run still uses when this ends lives until that run lets it go.
    Exit 1 when a server does not start or ends by itself.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.models.servers.servers import Servers

    settings = load_settings()
    wanted = servers_of(settings, roles or [])
    servers = Servers(settings, idle=0.0, who="wethink serve")
    servers.listen(lambda level, text: say(text), logs=logs)
    signal.signal(signal.SIGTERM, _end)
    try:
        ready = start(servers, settings, wanted)
        for line in lines_of(ready):
            say(line)
        if as_json:
            typer.echo(json.dumps({"servers": ready}))
        say("Ctrl-C stops them")
        watch(servers)
    except (KeyboardInterrupt, Ended):
        say("stopping")
    finally:
        for name in servers.close(wait=60):
            say(f"server {name} lives on: others use it")


def say(line: str) -> None:
    """A status line, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _end(number: int, frame: Any) -> None:
    raise Ended


def servers_of(settings: "Settings", roles: list[str]) -> dict[str, list[str]]:
    """Roles of each server that is to run. Raises `ConfigError` for a role that is unknown or has no server."""
    from wethink_assets.errors import ConfigError
    from wethink_assets.models.chat import ROLES

    for role in roles:
        if role not in ROLES:
            raise ConfigError(f"unknown role {role!r}; roles are {', '.join(ROLES)}")
        if not settings.role(role).server:
            raise ConfigError(f"role {role} names no server: set server in [roles.{role}] to one of [servers.<name>]")
    found: dict[str, list[str]] = {}
    for role in roles or ROLES:
        server = settings.role(role).server  # type: ignore[arg-type]
        if server:
            found.setdefault(server, []).append(role)
    if not found:
        raise ConfigError("no role names a server: set server in [roles.<role>] to one of [servers.<name>]")
    return found


def start(servers: "Servers", settings: "Settings", wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Start all servers at once and wait for each; what there is to say of them."""
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
    """A line a server: who is served, by what, where."""
    return [f"{', '.join(one['roles'])}: {one['model']} at {' '.join(one['urls'])}" for one in ready]


def watch(servers: "Servers") -> None:
    """Until somebody ends the command. Raises `ModelError` when a server has failed."""
    from wethink_assets.errors import ModelError

    seen = servers.states()
    while True:
        time.sleep(POLL)
        now = servers.states()
        for name, states in now.items():
            for before, state in zip(seen.get(name, []), states, strict=False):
                if state is None or before is None or state.phase == before.phase:
                    continue
                say(f"server {name} is {state.phase}" + f": {state.message}" * bool(state.message))
                if state.phase in ("failed", "stopped"):
                    raise ModelError(f"server {name} ended: {state.message or 'somebody stopped it'}")
        seen = now
