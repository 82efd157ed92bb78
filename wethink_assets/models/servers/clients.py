"""Clients of a server: who uses it right now, one file each, whose time is its heartbeat.

A client counts as gone when it let go, when its process ended (seen at once where both are on one machine and in one process space), or when
its heartbeat stood still for `STALE` seconds.
"""

import os
import socket
import threading
import time
import uuid
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from wethink_assets import signals
from wethink_assets.models.servers.runtime import ReplicaFolder, write_whole
from wethink_assets.storage.process_identity import process_start, this_boot

HEARTBEAT = 2.0
STALE = 60.0


class Client(BaseModel):
    """Content of a client's file. `who` is for messages; `idle` is for how long the server should outlive it, in seconds."""

    model_config = ConfigDict(frozen=True)

    who: str
    process: int
    process_start: str
    host: str
    boot: str
    idle: float
    released: bool = False
    interrupted: bool = False

    @property
    def ended(self) -> bool:
        """Whether it let go, or its process certainly ended."""
        if self.released:
            return True
        if (self.host, self.boot) != (socket.gethostname(), this_boot()):
            return False
        start = process_start(self.process)
        return start is None or bool(start and self.process_start and start != self.process_start)

    @property
    def hurried(self) -> bool:
        """Whether a signal ended it, so that nobody has time to wait for the server's end."""
        return self.interrupted if self.released else self.ended


class ClientLease:
    """The lease of one replica, held by this process and renewed by a thread until it is let go."""

    def __init__(self, folder: ReplicaFolder, who: str, idle: float, heartbeat: float = HEARTBEAT) -> None:
        self._path = folder.clients / f"{uuid.uuid4().hex}.json"
        self._client = Client(
            who=who,
            process=os.getpid(),
            process_start=process_start(os.getpid()) or "",
            host=socket.gethostname(),
            boot=this_boot(),
            idle=idle,
        )
        self._every = heartbeat
        self._ended = threading.Event()
        write_whole(self._path, self._client.model_dump_json())
        self._thread = threading.Thread(target=self._beat, name=f"lease of {folder.path.name}", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._ended.wait(self._every):
            try:
                os.utime(self._path)
            except FileNotFoundError:  # this process stood still for so long that it was taken for gone
                write_whole(self._path, self._client.model_dump_json())
            except OSError:
                continue

    def release(self) -> None:
        """Let go of the server."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        ending = {"released": True, "interrupted": signals.received()}
        write_whole(self._path, self._client.model_copy(update=ending).model_dump_json())


def was_hurried(path: Path) -> bool:
    """Whether the client of a file was ended by a signal."""
    try:
        return Client.model_validate_json(path.read_text()).hurried
    except (OSError, ValueError):
        return False


def read_clients(folder: ReplicaFolder, stale: float = STALE) -> tuple[list[Client], list[Path], float]:
    """Who uses a replica; the files of those who are gone; the longest time for which one of those wanted it kept, in seconds."""
    present, gone, idle = [], [], 0.0
    for path in sorted(folder.clients.glob("*.json")):
        try:
            client = Client.model_validate_json(path.read_text())
            still = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            continue
        except ValueError:
            gone.append(path)
            continue
        if client.ended or still > stale:
            gone.append(path)
            idle = max(idle, client.idle)
        else:
            present.append(client)
    return present, gone, idle
