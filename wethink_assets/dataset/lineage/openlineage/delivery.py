"""Delivery of OpenLineage events to where the client's own settings say: `OPENLINEAGE_URL`, `openlineage.yml`, `OPENLINEAGE__*`.

One thread sends, so that no run waits for it. A service that does not answer is left alone for a minute; what could not be sent meanwhile stays
unsent in the store.
"""

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["Delivery"]

PENDING = 1_000  # events that wait to be sent, at most
PAUSE = 60.0  # seconds for which a service that did not answer is left alone
LINGER = 2.0  # seconds that a process waits at its end for what is still to be sent
SETTINGS = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__")
ALIASES = "OPENLINEAGE__TRANSPORT__TRANSPORTS__DEFAULT_HTTP"  # that the client sets of OPENLINEAGE_URL
log = logging.getLogger(__name__)


class Delivery:
    """Sends events through a client. `configured` gives the one of this process."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._queue: queue.Queue[tuple[dict[str, Any], Callable[[], Any]]] = queue.Queue(PENDING)
        self._silent_until = 0.0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @staticmethod
    def configured() -> "Delivery | None":
        """The delivery that the settings of now ask for; None where they name no endpoint."""
        known = sorted(item for item in os.environ.items() if item[0].startswith(SETTINGS))
        return _delivery(tuple(item for item in known if not item[0].startswith(ALIASES)), os.getcwd())

    def send_later(self, event: dict[str, Any], then: Callable[[], Any]) -> None:
        """Send an event from another thread, and call `then` when it arrived."""
        try:
            self._queue.put_nowait((event, then))
        except queue.Full:
            log.warning("OpenLineage: %d events wait to be sent; this one stays in the store", PENDING)
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="openlineage", daemon=True)
                self._thread.start()
                atexit.register(self.flush, LINGER)

    def send_now(self, event: dict[str, Any]) -> bool:
        """Send an event; whether it arrived."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            if self._wanted(event):
                self._client.transport.emit(event)
        except Exception as error:  # whatever a transport raises
            self._silent_until = time.monotonic() + PAUSE
            log.warning("OpenLineage: the service cannot be told (%s); events stay in the store", type(error).__name__)
            return False
        return True

    def flush(self, seconds: float) -> None:
        """Wait a moment for what is still to be sent, unless the service does not answer."""
        deadline = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < min(deadline, self._end_of_patience(deadline)):
            time.sleep(0.02)

    def _end_of_patience(self, deadline: float) -> float:
        return 0.0 if time.monotonic() < self._silent_until else deadline

    def _wanted(self, event: dict[str, Any]) -> bool:
        """Whether the settings' filters let an event pass."""
        from openlineage.client import event_v2

        named = event_v2.RunEvent(
            eventTime=event["eventTime"],
            run=event_v2.Run(runId=event["run"]["runId"]),
            job=event_v2.Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
        )
        return self._client.filter_event(named) is not None

    def _work(self) -> None:
        while True:
            event, then = self._queue.get()
            try:
                if self.send_now(event):
                    then()
            except Exception as error:  # the store's; the event counts as unsent
                log.warning("OpenLineage: that an event was sent is not recorded: %s", type(error).__name__)
            finally:
                self._queue.task_done()


@cache
def _delivery(known: tuple[tuple[str, str], ...], folder: str) -> Delivery | None:
    """The delivery of some settings, made once."""
    config = [os.path.join(folder, "openlineage.yml"), os.path.expanduser("~/.openlineage/openlineage.yml")]
    if not known and not any(os.path.isfile(path) for path in config):
        return None
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.noop import NoopConfig, NoopTransport

    try:
        transport = OpenLineageClient(transport=NoopTransport(NoopConfig())).config.transport or {}
        if not transport.get("type") and not transport.get("transports") and not os.environ.get("OPENLINEAGE_URL"):
            return None  # the client would print events
        return Delivery(OpenLineageClient())
    except Exception as error:  # settings that the client does not take
        log.warning("OpenLineage: its settings cannot be used: %s: %s", type(error).__name__, error)
        return None
