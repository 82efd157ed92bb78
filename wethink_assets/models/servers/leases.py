"""Lease of a server by a run: the one that is there is found, or it is started, and it is waited for until it is ready."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from wethink_assets import signals
from wethink_assets.errors import ModelError
from wethink_assets.models.servers.clients import ClientLease
from wethink_assets.models.servers.health import is_dead
from wethink_assets.models.servers.runtime import Phase, ReplicaFolder, State, is_running
from wethink_assets.models.servers.spec import ServerSpec

POLL = 0.2
SETTLING = 5.0  # seconds in which a supervisor notices that nobody uses its server
NOTICED = 1.0  # in which a server that resets connections or is broken has ended, mostly
COMING_UP = 60.0  # seconds that a supervisor may take to say that it is there
SERVING: tuple[Phase, ...] = ("waiting", "starting", "ready")
OnState = Callable[[State], None]


class LeasedServer:
    """One replica that this process uses, from `take` until `release`."""

    def __init__(self, spec: ServerSpec, who: str, idle: float, root: Path | None = None) -> None:
        """Nothing is taken yet.

        Args:
            spec: what is wanted.
            who: who wants it, for messages.
            idle: seconds for which the server should outlive this use of it.
            root: folder of all servers.
        """
        self.spec = spec
        self.folder = ReplicaFolder.of(spec, root)
        self._who, self._idle = who, idle
        self._lease: ClientLease | None = None
        self._since = 0.0
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.started = False

    def take(self, cancelled: threading.Event | None = None) -> None:
        """Lease it, and have it started unless it is there. Returns at once; `wait` says when it is ready."""
        while self._lease is None:
            with self.folder.gate():
                self._since = time.time()
                state = self.folder.state()
                if not self.folder.supervised():
                    self._lease = ClientLease(self.folder, self._who, self._idle)
                    self._launch()
                elif state is not None and state.phase in SERVING and self._owned(state):
                    self._lease = ClientLease(self.folder, self._who, self._idle)
            # It is just about to go, or was killed and its lock outlives it for a moment: another one follows it.
            if self._lease is None:
                if cancelled is not None and cancelled.is_set():
                    raise ModelError(f"waiting for server {self.spec.server} was given up")
                time.sleep(POLL)

    def _launch(self) -> None:
        """Start a supervisor, and wait until it says that it is there, so that nobody starts a second one."""
        self.started = True
        with (self.folder.path / "supervisor.log").open("wb") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "wethink_assets.models.servers.supervisor", str(self.folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        signals.outlives(self._supervisor.pid)
        until = time.monotonic() + COMING_UP
        while time.monotonic() < until:
            state = self.folder.state()
            if state is not None and state.supervisor == self._supervisor.pid and state.since >= self._since:
                return
            if self._supervisor.poll() is not None:
                break
            time.sleep(0.02)
        raise ModelError(f"server {self.spec.server} has no supervisor: {self._tail('supervisor.log')}")

    def wait(self, on_state: OnState | None = None, cancelled: threading.Event | None = None) -> str:
        """Base URL, once the server completes conversations. Raises `ModelError` when it fails, with the end of its log.

        Args:
            on_state: called whenever its state changes.
            cancelled: set to give up waiting.
        """
        seen: State | None = None
        given_up = cancelled or threading.Event()
        while not given_up.is_set():
            try:
                state = self._look("did not start")
            except ModelError:
                if given_up.is_set():  # who gave up has let go of it, so that it ends
                    break
                raise
            if state != seen and on_state:
                on_state(state)
            if state.phase == "ready":
                return state.url
            seen = state
            given_up.wait(POLL)
        raise ModelError(f"waiting for server {self.spec.server} was given up")

    async def wait_for_restart(self, on_change: Callable[[bool], None] | None = None) -> float:
        """Wait until the server, which could not be reached or is broken, serves; returns the Unix time at which it became ready.

        The supervisor starts it again as often as it may, within the limit for a start. Whether that happened since a call was sent is seen by the
        time alone: a quick server is back before anybody looks. Raises `ModelError` when it did not come back.

        Args:
            on_change: called with False once it is seen that the server ended, and with True when it is back.
        """
        began = time.monotonic()
        ended = False
        before: tuple[int, str] | None = None
        while True:
            state = self._look("did not come back")
            now = (state.server, state.server_start)
            before = before or now
            runs = state.phase == "ready" and is_running(*now)
            went = not runs or now != before  # a quick one is back between two looks
            if went and not ended and on_change:
                on_change(False)
            ended = ended or went
            waited = time.monotonic() - began
            if runs and ended:
                if on_change:
                    on_change(True)
                return state.since
            if runs and waited > NOTICED and not await asyncio.to_thread(is_dead, state.url):
                if self._look("did not come back") == state:  # else another server said that it is not dead
                    return state.since
                continue
            if waited > self.spec.start_timeout + SETTLING:
                raise ModelError(self._failure(state, "did not come back"))
            await asyncio.sleep(POLL)

    def _look(self, failure: str) -> State:
        """How far it is. Raises `ModelError` when it will not be ready any more."""
        state = self.folder.state()
        if state is None or state.phase in ("failed", "stopped", "stopping") or not self._owned(state):
            raise ModelError(self._failure(state, failure))
        return state

    def state(self) -> State | None:
        """How far it is."""
        return self.folder.state()

    def _owned(self, state: State) -> bool:
        if self._supervisor is not None and self._supervisor.pid == state.supervisor:
            return self._supervisor.poll() is None
        return is_running(state.supervisor, state.supervisor_start)

    def _failure(self, state: State | None, what: str) -> str:
        why = state.message if state is not None and state.message else "its supervisor is gone"
        excerpt = self.folder.log_excerpt() or self._tail("supervisor.log")
        return f"server {self.spec.server} ({self.spec.model}) {what}: {why}. Its log is {self.folder.log}; its last lines:\n{excerpt}"

    def _tail(self, name: str) -> str:
        try:
            return (self.folder.path / name).read_text(errors="replace")[-2000:].strip()
        except OSError:
            return ""

    def release(self) -> None:
        """Let go of it. It ends when nobody else uses it and the idle time is over."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def wait_until_gone(self, seconds: float) -> bool:
        """Wait until the server has ended; False when others use it, its idle time is not over, or it takes longer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._supervisor is not None:
                self._supervisor.poll()
            if not self.folder.supervised():
                return True
            state = self.folder.state()
            # A supervisor needs a moment to see that it was let go; one that is still running after that has a reason.
            if time.monotonic() > until - seconds + SETTLING and state is not None and state.phase == "ready":
                return False
            time.sleep(POLL)
        return False
