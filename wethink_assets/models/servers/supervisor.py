"""Supervisor of a server: a process of its own that starts it, watches its clients, and stops it when they are gone and its idle time is over.

`python -m wethink_assets.models.servers.supervisor FOLDER`. It belongs to no run and outlives the one that started it; nothing that happens to a
run (SIGKILL included) leaves a server behind, since the client is seen to be gone. Should the supervisor itself be killed, the kernel sends
the server SIGTERM.
"""

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType

from wethink_assets.models.servers.allocation import YIELD, allocate, visible_devices
from wethink_assets.models.servers.clients import read_clients, was_hurried
from wethink_assets.models.servers.health import is_dead, is_up, try_completion
from wethink_assets.models.servers.memory import find_gpus, find_memory
from wethink_assets.models.servers.processes import PATIENCE, end_session, is_vllm, session_members, spawn
from wethink_assets.models.servers.runtime import Phase, ReplicaFolder, State, try_lock
from wethink_assets.storage.process_identity import process_start, this_boot

POLL = 0.25
RESTARTS = 3
FORGET_AFTER = 600.0  # seconds of service after which earlier ends count no more
LOOK_EVERY = 5.0
HURRIED = 0.3  # seconds that a server has to end in order when a signal ended the last who used it
HUNG_AFTER = 20.0  # seconds that a server may be dead while its process is there


class GaveUp(Exception):
    """The server cannot be brought up; the message says why."""


class Supervisor:
    """Owns the server of one folder, from claiming its devices to its end."""

    def __init__(self, folder: ReplicaFolder) -> None:
        self._folder = folder
        self._spec = folder.spec()
        self._keep_until = 0.0
        self._stop_requested = False
        self._patience = PATIENCE
        self._state = State(
            phase="waiting",
            since=time.time(),
            name=self._spec.server,
            boot=this_boot(),
            supervisor=os.getpid(),
            supervisor_start=process_start(os.getpid()) or "",
        )

    def run(self) -> None:
        """All of it. Returns when the server is gone."""
        for kind in (signal.SIGTERM, signal.SIGINT):
            signal.signal(kind, self._on_signal)
        end_leftover(self._folder)
        (self._folder.path / YIELD).unlink(missing_ok=True)
        self._folder.log.write_bytes(b"")
        self._publish("waiting")
        phase: Phase = "stopped"
        message = ""
        try:
            if self._claim():
                ends = 0
                while ends <= RESTARTS:
                    early = self._start()
                    if early and not ends:
                        raise GaveUp(early)
                    began = time.monotonic()
                    message = early or self._watch()
                    if not message:
                        break
                    ends = 1 if time.monotonic() - began > FORGET_AFTER else ends + 1
                else:
                    phase = "failed"
        except GaveUp as error:
            phase, message = "failed", str(error)
        except BaseException:
            phase, message = "failed", traceback.format_exc(limit=3)
            raise
        finally:
            if self._state.server:
                end_session(self._state.server, self._patience)
            with self._folder.gate():
                self._publish(phase, message if phase == "failed" else "")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_requested = True
        self._patience = HURRIED

    def _publish(self, phase: Phase, message: str = "", **more: object) -> None:
        self._state = self._state.model_copy(update={"phase": phase, "since": time.time(), "message": message, **more})
        self._folder.write_state(self._state)
        print(f"{time.strftime('%H:%M:%S')} {phase} {message}", flush=True)

    def _unwanted(self) -> bool:
        """Whether nobody uses the server and its idle time is over; from then on nobody can lease it any more."""
        if self._stop_requested:
            return True
        with self._folder.gate():
            present, gone, idle = read_clients(self._folder)
            if gone:
                self._patience = HURRIED if any(map(was_hurried, gone)) else PATIENCE
                self._keep_until = max(self._keep_until, time.time() + idle)
                for path in gone:
                    path.unlink(missing_ok=True)
            in_the_way = (self._folder.path / YIELD).exists()
            if present or (time.time() < self._keep_until and not in_the_way):
                return False
            self._publish("stopping")
            return True

    def _claim(self) -> bool:
        """Port and devices; False when nobody wants the server any more before there is room."""
        until = time.monotonic() + self._spec.start_timeout
        published = ""
        while not self._unwanted():
            granted, wanting = allocate(self._folder, self._spec, find_gpus(), find_memory(), self._state)
            if granted is not None:
                self._state = granted
                return True
            if wanting != published:
                published = wanting
                self._publish("waiting", f"waiting for {wanting}")
            if time.monotonic() > until:
                raise GaveUp(f"no room within {self._spec.start_timeout:.0f} s: waited for {wanting}")
            time.sleep(1.0 if self._spec.gpus else POLL)
        return False

    def _start(self) -> str:
        """Start the server and wait until it completes a conversation, or nobody waits for it any more; returns how it ended before."""
        spec = self._spec
        until = time.monotonic() + spec.start_timeout
        env = os.environ | spec.env | visible_devices(self._state.gpus)
        if spec.api_key_env:
            env["VLLM_API_KEY"] = os.environ.get(spec.api_key_env, "")
        self._server = spawn(spec.full_command(self._state.port), env, self._folder.log)
        start = process_start(self._server.pid) or ""
        self._publish("starting", server=self._server.pid, server_start=start)
        while not self._unwanted():
            if self._server.poll() is not None:
                end_session(self._server.pid)
                return f"the server ended with status {self._server.returncode} before it was healthy"
            if is_up(self._state.url):
                wrong = self._completes_nothing()
                if wrong is None:
                    break
                if not wrong:
                    self._publish("ready")
                    break
                if self._server.poll() is None:
                    raise GaveUp(f"the server is up but completes nothing: {wrong}")
            if time.monotonic() > until:
                raise GaveUp(f"the server was not healthy within {spec.start_timeout:.0f} s")
            time.sleep(POLL)
        return ""

    def _completes_nothing(self) -> str | None:
        """Why the server completes no conversation, empty where it does; None when nobody waits for it any more: the first may take minutes."""
        spec, said = self._spec, list[str]()

        def attempt() -> None:
            said.append(try_completion(self._state.url, spec.model, spec.api_key_env, spec.start_timeout))

        thread = threading.Thread(target=attempt, name="first conversation", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(POLL)
            if thread.is_alive() and self._unwanted():
                return None
        return said[0] if said else "its reply could not be read"

    def _watch(self) -> str:
        """Until the server is not wanted (empty), or ended by itself; returns how."""
        alive = looked = time.monotonic()
        while not self._unwanted():
            ended = ""
            if self._server.poll() is not None:
                ended = f"the server ended by itself with status {self._server.returncode}"
            elif time.monotonic() - looked > LOOK_EVERY:
                dead = is_dead(self._state.url)
                looked = time.monotonic()
                alive = alive if dead else looked
                if looked - alive > HUNG_AFTER:
                    ended = "the server's process is there and serves nothing any more"
            if ended:
                self._publish("starting", ended)  # what it left may take a while
                end_session(self._server.pid)
                return ended
            time.sleep(POLL)
        return ""


def end_leftover(folder: ReplicaFolder) -> bool:
    """End a server whose supervisor is gone; whether there was one."""
    state = folder.state()
    if state is None or not state.server or state.boot != this_boot():
        return False
    leader = process_start(state.server)
    if leader is None:  # what it started may still be there; the number is not enough to tell it from others
        left = [process for process in session_members(state.server) if is_vllm(process)]
    else:
        left = session_members(state.server) if leader == state.server_start else []
    if left:
        end_session(state.server)
    return bool(left)


def main(path: str) -> None:
    """Own the server of a folder, unless somebody does."""
    folder = ReplicaFolder(Path(path))
    lock = try_lock(folder.path / "lock")
    if lock is None:
        return
    Supervisor(folder).run()


if __name__ == "__main__":
    main(sys.argv[1])
