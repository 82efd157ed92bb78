"""Servers that this process uses: started together where they are needed together, leased once, their messages handed on."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.servers.health import require_served
from wethink_assets.models.servers.leases import LeasedServer
from wethink_assets.models.servers.logs import LogTail
from wethink_assets.models.servers.memory import Gpu, find_gpus, find_memory
from wethink_assets.models.servers.placement import Need, place, require_fit
from wethink_assets.models.servers.runtime import State
from wethink_assets.models.servers.spec import needs_of, replicas_of

SCHEDULED_IDLE = 600.0
LogSink = Callable[[int, str], None]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """A server that this process leases: its replicas and what follows their logs."""

    replicas: list[LeasedServer]
    tails: list[LogTail] = field(default_factory=list)
    urls: tuple[str, ...] = ()


class Servers:
    """Servers of the configuration, leased when they are first needed and let go of all at once by `close`.

    `idle` is how many seconds a server outlives this process where the configuration does not say. Usable from several threads.
    """

    def __init__(self, settings: Settings, idle: float = 0.0, who: str = "") -> None:
        self.idle = idle
        self.who = who or f"process {os.getpid()}"
        self._settings = settings
        self._held: dict[str, _Held] = {}
        self._needed: tuple[str, ...] = ()
        self._listeners: list[tuple[LogSink, bool]] = []
        self._lock = threading.Lock()
        self._waits: dict[str, threading.Lock] = {}
        self._closing = threading.Event()

    def listen(self, sink: LogSink, *, logs: bool = True) -> Callable[[], None]:
        """Have `sink` (level, text) called with how servers fare and, with `logs`, with their log lines; returns what ends that."""
        entry = (sink, logs)
        self._listeners.append(entry)
        return lambda: self._listeners.remove(entry) if entry in self._listeners else None

    def require(self, names: Iterable[str]) -> None:
        """LogSink which servers are needed together from now on: they start together, when the first of them is asked for."""
        with self._lock:
            self._needed = tuple(dict.fromkeys(name for name in names if not self._settings.server(name).url))

    def check_fit(self, names: Iterable[str]) -> None:
        """Raise `ConfigError` with the figures when these servers do not fit on this machine together. Nothing starts."""
        gpus = find_gpus()
        require_fit(self._needs(names, gpus), gpus, find_memory())

    def _make_room(self, wanted: Sequence[str]) -> None:
        """Let go of servers that do not fit beside the wanted ones. Raises `ConfigError` with the figures when those do not fit by themselves."""
        gpus = find_gpus()
        needs = self._needs(wanted, gpus)
        require_fit(needs, gpus, find_memory())
        for name in [name for name in self._held if name not in wanted]:
            more = self._needs([name], gpus)
            if _too_much([*needs, *more], gpus):
                self._emit(logging.INFO, f"server {name} makes room for {', '.join(wanted)}")
                self._let_go(self._held.pop(name))
            else:
                needs += more

    def _needs(self, names: Iterable[str], gpus: Sequence[Gpu]) -> list[Need]:
        return [need for name in names for need in needs_of(self._settings, name, gpus)]

    def urls(self, name: str) -> tuple[str, ...]:
        """Base URLs of a server's replicas, ready for calls; it is started, with those needed beside it, unless it is there.

        Raises `ModelError` when it does not start or answer, `ConfigError` when it cannot on this machine.
        """
        table = self._settings.server(name)
        if table.url:
            require_served(name, table.url, table.model, table.api_key_env)
            return (table.url,)
        with self._lock:
            if self._closing.is_set():
                raise ModelError(f"server {name} is not started: this process is releasing its servers")
            wait = self._waits.setdefault(name, threading.Lock())
            wanted = self._needed if name in self._needed else (name,)
            missing = [other for other in wanted if other not in self._held]
            if missing:
                self._make_room(wanted)
            for other in missing:
                self._held[other] = self._take(other)
            held = self._held[name]
        with wait:
            if not held.urls:
                with ThreadPoolExecutor(len(held.replicas)) as pool:
                    held.urls = tuple(pool.map(self._ready, held.replicas))
        return held.urls

    async def wait_for_restart(self, name: str, url: str) -> float:
        """Wait until the replica at a URL, which could not be reached, serves; the Unix time since when it does, 0 where it is not one of ours.

        Raises `ModelError` when it did not come back within the limit for a start.
        """
        held = self._held.get(name)
        replicas = [] if held is None else zip(held.urls, held.replicas, strict=False)
        server = next((server for known, server in replicas if known == url), None)
        if server is None:
            return 0.0
        return await server.wait_for_restart(lambda back: self._report_restart(server, back))

    def _report_restart(self, server: LeasedServer, back: bool) -> None:
        limit = f"calls wait for it, {server.spec.start_timeout:.0f} s at most"
        change = "is back" if back else f"ended by itself and is started again: {limit}"
        self._emit(logging.WARNING, f"{_named(server)} ({server.spec.model}) {change}")

    def _take(self, name: str) -> _Held:
        table = self._settings.server(name)
        idle = self.idle if table.idle is None else table.idle
        with ExitStack() as undo:
            held = _Held(
                [LeasedServer(spec, self.who, idle) for spec in replicas_of(self._settings, name, find_gpus())]
            )
            undo.callback(self._let_go, held)
            for server in held.replicas:
                server.take(self._closing)
                held.tails.append(LogTail(server.folder.log, self._prefixed(server), from_start=server.started))
            undo.pop_all()
        return held

    def _ready(self, server: LeasedServer) -> str:
        def report(state: State) -> None:
            where = f" on GPU {', '.join(map(str, state.gpus))}" if state.gpus else ""
            more = f": {state.message}" if state.message else ""
            self._emit(logging.INFO, f"{_named(server)} ({server.spec.model}) is {state.phase}{where}{more}")

        return server.wait(report, self._closing)

    def _prefixed(self, server: LeasedServer) -> LogSink:
        return lambda level, line: self._emit(level, f"{_named(server)}: {line}", of_log=True)

    def _emit(self, level: int, text: str, *, of_log: bool = False) -> None:
        log.log(logging.DEBUG if of_log else level, text)
        for sink, logs in tuple(self._listeners):
            if logs or not of_log:
                sink(level, text)

    def states(self) -> dict[str, list[State | None]]:
        """How far the held servers are, replica by replica."""
        return {name: [server.state() for server in held.replicas] for name, held in list(self._held.items())}

    def logs(self) -> dict[str, list[str]]:
        """Log files of the held servers."""
        return {name: [str(server.folder.log) for server in held.replicas] for name, held in list(self._held.items())}

    def close(self, wait: float = 0.0) -> tuple[str, ...]:
        """Let go of all servers. Whoever waits for one gets `ModelError`.

        With `wait` those that end have the seconds to do so; the names of those that are still there come back: others use them, or their idle
        time is not over.
        """
        self._closing.set()
        with self._lock:
            held, self._held = self._held, {}
        for server in held.values():
            self._let_go(server)
        if not wait:
            return ()
        left = [name for name, server in held.items() if not all(one.wait_until_gone(wait) for one in server.replicas)]
        return tuple(left)

    def _let_go(self, held: _Held) -> None:
        for server in held.replicas:
            server.release()
        for tail in held.tails:
            tail.stop()


def _named(server: LeasedServer) -> str:
    return f"server {server.spec.server}" + (f" #{server.spec.replica + 1}" if server.spec.replica else "")


def _too_much(needs: Sequence[Need], gpus: Sequence[Gpu]) -> bool:
    ram = sum(need.gib for need in needs if not need.gpus)
    return isinstance(place(needs, gpus), Need) or ram > find_memory().total
