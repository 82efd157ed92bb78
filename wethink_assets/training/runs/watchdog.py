"""Watchdog of a training process: it ends with whoever started it, even when that one is killed without a word."""

import os
import socket
import threading
import time

from pydantic import BaseModel, ConfigDict

from wethink_assets.storage.lease import process_start

INTERVAL = 1.0  # seconds between two looks
ENDED_WITH_STARTER = 75
"""Exit code of a training that ended with whoever its plan named as its starter."""


class Starter(BaseModel):
    """The process that a run must not outlive."""

    model_config = ConfigDict(frozen=True)

    host: str
    process: int
    started: str

    @classmethod
    def here(cls) -> "Starter":
        """This process."""
        return cls(host=socket.gethostname(), process=os.getpid(), started=process_start(os.getpid()) or "")


def is_gone(starter: Starter) -> bool:
    """Whether a process of this host certainly ended; a process of another host is not looked at."""
    if starter.host != socket.gethostname():
        return False
    start = process_start(starter.process)
    return start is None or bool(start and starter.started and start != starter.started)


def end_with(starter: Starter, interval: float = INTERVAL) -> threading.Thread:
    """Watch a process, and end this one at once when it is gone: checkpoints are whole or not there, so nothing needs to be tidied."""

    def watch() -> None:
        while not is_gone(starter):
            time.sleep(interval)
        os.write(
            2,
            b"the process that started this training is gone: it ends, and resumes from its checkpoint when started again\n",
        )
        os._exit(ENDED_WITH_STARTER)

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    return thread
