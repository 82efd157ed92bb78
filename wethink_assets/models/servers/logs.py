"""Log of a server, followed into the log of the run that uses it."""

import logging
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

LINES_A_MINUTE = 120
LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
LogSink = Callable[[int, str], None]


class LogTail:
    """Follows a server's log on a thread of its own until it is stopped.

    Runs keep what they log in a database: beyond 120 lines a minute only warnings and errors go on, and what was left out is counted.
    """

    def __init__(self, path: Path, sink: LogSink, *, from_start: bool, every: float = 0.5) -> None:
        """Args: sink: gets level and line; from_start: whether what is in the file already counts."""
        self._path, self._sink, self._every = path, sink, every
        self._at = 0 if from_start else (path.stat().st_size if path.exists() else 0)
        self._rest = b""
        self._left_out = 0
        self._window, self._count = time.monotonic(), 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"log {path.parent.name}", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._ended.wait(self._every):
            self._read()

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                if size < self._at:  # the server was started anew
                    self._at, self._rest = 0, b""
                file.seek(self._at)
                data = file.read(1_000_000)
        except OSError:
            return
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._pass_on(line.decode("utf-8", "replace").strip())

    def _pass_on(self, line: str) -> None:
        if not line:
            return
        match = LEVEL.search(line[:80])
        level = logging.getLevelNamesMapping()[match[1]] if match else logging.INFO
        if time.monotonic() - self._window > 60:
            if self._left_out:
                self._sink(logging.INFO, f"{self._left_out} lines left out; all are in {self._path}")
            self._window, self._count, self._left_out = time.monotonic(), 0, 0
        self._count += 1
        if self._count > LINES_A_MINUTE and level < logging.WARNING:
            self._left_out += 1
            return
        self._sink(level, line[:2000])

    def stop(self) -> None:
        """Pass on what came last, and end."""
        self._ended.set()
        self._thread.join()
        self._read()
        if self._rest:
            self._pass_on(self._rest.decode("utf-8", "replace").strip())
