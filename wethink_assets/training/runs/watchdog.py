"""How does a training process end with whoever started it, even when that one is killed without a word?"""

import os
import socket
import threading
import time

from wethink_assets.storage.lease import process_start
from wethink_assets.training.runs.plan import Starter

EVERY = 1.0  # seconds between two looks


def is_gone(starter: Starter) -> bool:
    """Whether a process of this host certainly ended; a process of another host is not looked at."""
    if starter.host != socket.gethostname():
        return False
    start = process_start(starter.process)
    return start is None or bool(start and starter.started and start != starter.started)


def end_with(starter: Starter, every: float = EVERY) -> threading.Thread:
    """Watch a process, and end this one at once when it is gone: checkpoints are whole or not there, so nothing needs to be tidied."""

    def watch() -> None:
        while not is_gone(starter):
            time.sleep(every)
        os.write(
            2,
            b"the process that started this training is gone: it ends, and goes on from its checkpoint when started again\n",
        )
        os._exit(75)

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    return thread
