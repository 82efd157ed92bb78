"""Runtime of a server of this machine: one folder a replica, with files of those who start, own and use it.

- `lock` is locked by the supervisor for as long as it lives; the kernel lets go of it, however the process ended.
- `gate` is locked by who takes a lease, and by the supervisor while it decides to stop: nobody leases a server that is about to go.
- `spec.json` says what is to run, `state.json` how far it is, `server.log` is what the server says, `supervisor.log` what its owner says.
- `lessees/` holds one file per client, with a heartbeat (see `clients`).

All lie below one folder of this machine and user, since GPUs are the machine's and not a project's.
"""

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict

from wethink_assets.errors import ModelError
from wethink_assets.models.servers.spec import ServerSpec
from wethink_assets.storage.process_identity import process_start

Phase = Literal["waiting", "starting", "ready", "stopping", "stopped", "failed"]
OVER: tuple[Phase, ...] = ("stopped", "failed")
RAISED = re.compile(r"\b[A-Z]\w*(?:Error|Exception): .+")
MOST_OF_A_LINE = 500


class State(BaseModel):
    """How far a replica is. `server` is the process id of vLLM, 0 before it was started; times are Unix times."""

    model_config = ConfigDict(frozen=True)

    phase: Phase
    since: float
    message: str = ""
    name: str = ""
    url: str = ""
    port: int = 0
    gpus: tuple[int, ...] = ()
    share: float = 0.0
    ram: float = 0.0
    boot: str = ""
    supervisor: int = 0
    supervisor_start: str = ""
    server: int = 0
    server_start: str = ""


class ReplicaFolder:
    """The folder of one replica."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "server.log"
        self.clients = path / "lessees"  # as servers know it that an earlier release started

    @classmethod
    def of(cls, spec: ServerSpec, root: Path | None = None) -> "ReplicaFolder":
        """The folder of a replica, made if it was not there, with its spec."""
        folder = cls((root or servers_root()) / spec.key)
        folder.clients.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder.path / "spec.json", spec.model_dump_json())
        return folder

    def spec(self) -> ServerSpec:
        """What is to run here."""
        return ServerSpec.model_validate_json((self.path / "spec.json").read_text())

    def state(self) -> State | None:
        """How far it is; None before the first time."""
        try:
            return State.model_validate_json((self.path / "state.json").read_text())
        except (OSError, ValueError):
            return None

    def write_state(self, state: State) -> None:
        """Publish how far it is."""
        write_whole(self.path / "state.json", state.model_dump_json())

    @contextmanager
    def gate(self) -> Iterator[None]:
        """Keep others from taking a lease, or the supervisor from stopping, for a moment."""
        with locked(self.path / "gate"):
            yield

    def supervised(self) -> bool:
        """Whether a supervisor is there."""
        held = try_lock(self.path / "lock")
        if held is None:
            return True
        held.close()
        return False

    def log_excerpt(self, lines: int = 12) -> str:
        """The last exceptions in the server's log, and its end, for messages."""
        try:
            text = self.log.read_text(errors="replace")[-200_000:]
        except OSError:
            return ""
        logged = [line[:MOST_OF_A_LINE] for line in text.splitlines() if line.strip()]
        last = logged[-lines:]
        raised = dict.fromkeys(match[0] for line in logged[:-lines] if (match := RAISED.search(line)))
        return "\n".join([*list(raised)[-3:], *last])


def servers_root() -> Path:
    """The folder of all servers of this machine and user: `WETHINK_SERVERS_DIR`, else one below the system's temporary folder.

    Raises `ModelError` when it belongs to somebody else.
    """
    named = os.environ.get("WETHINK_SERVERS_DIR")
    root = Path(named) if named else Path(tempfile.gettempdir()) / f"wethink-servers-{os.getuid()}"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if root.stat().st_uid != os.getuid():
        raise ModelError(f"{root} belongs to another user: set WETHINK_SERVERS_DIR to a folder of yours")
    return root


def replica_folders(root: Path | None = None) -> list[ReplicaFolder]:
    """All replicas that were ever started here and are not forgotten."""
    root = root or servers_root()
    return [ReplicaFolder(path.parent) for path in sorted(root.glob("*/spec.json"))]


def is_running(process: int, start: str) -> bool:
    """Whether that very process is there."""
    return bool(process) and process_start(process) == start


def write_whole(path: Path, text: str) -> None:
    """Write a small file such that readers see the old one or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    beside.write_text(text)
    beside.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock of this machine while the block runs; waits for it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(path: Path) -> TextIO | None:
    """A lock of this machine, held until the file is closed or the process ends; None when somebody has it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
