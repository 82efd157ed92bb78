"""Guard of VLMEvalKit's process: it reaches our judge on the loopback interface, and nothing else.

It would fetch a file again whose md5 is not the one that it knows, and it evaluates replies as Python (MathVision). So no name is resolved, no
other address connected to, and once it is loaded no program is started; forks go on, with the same limits.
"""

import sys
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})


class Guard:
    """An audit hook: it cannot be taken off again."""

    def __init__(self) -> None:
        self._allowed: set[tuple[str, int]] = set()
        self.closed = False

    def watch(self) -> None:
        """From now on everything but what is allowed raises `PermissionError`."""
        sys.addaudithook(self._hook)

    def allow(self, url: str) -> None:
        """Allow connections to the address of a URL on the loopback interface."""
        address = urlsplit(url)
        if address.hostname == LOOPBACK and address.port is not None:
            self._allowed.add((LOOPBACK, address.port))

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and tuple(args[1][:2]) not in self._allowed:
            raise PermissionError(f"no network in this process: {args[1]!r}")
        if event == "socket.getaddrinfo" and args[0] not in (None, LOOPBACK, LOOPBACK.encode()):
            raise PermissionError(f"no network in this process: {args[0]!r}")
        if self.closed and event in PROGRAMS:
            raise PermissionError(f"no program is started in this process: {args[0]!r}")
