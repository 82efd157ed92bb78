"""Replicas of an endpoint: where each is, how much may be outstanding there, whether it lives, who waits for it.

A replica is one base URL with one limit, whoever asks it: roles that name the same URL share it.
"""

import base64
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from wethink_assets.config.redaction import PUBLIC_QUERY
from wethink_assets.models.endpoint.concurrency_limit import AdaptiveLimit
from wethink_assets.models.endpoint.retry import Quarantine

if TYPE_CHECKING:
    from wethink_assets.models.endpoint.rate_limits import RateLimit

SHORTEST_DELAY = 1.0  # seconds for which a replica that answers, but with faults only, is left alone
LONGEST_DELAY = 30.0
DEFAULT_CONCURRENCY = 256


class Secret:
    """A text that shows itself to nobody who does not ask for it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        """The text."""
        return self._text


class Waiter(Protocol):
    """Who waits for room at a replica: the `LoadBalancer` of a role."""

    @property
    def waits(self) -> bool:
        """Whether a call waits."""
        ...

    @property
    def oldest(self) -> int:
        """Number of the call that waits longest; there must be one."""
        ...

    def serve(self) -> bool:
        """Let a call go that waits, if there is room; whether one went."""
        ...


class Replica:
    """One base URL: where it is, how much may be outstanding there, and whether it lives."""

    def __init__(self, url: str, max_concurrency: int = DEFAULT_CONCURRENCY) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        self._port = parts.netloc.rpartition("@")[2].removeprefix(host).removeprefix(":")
        netloc = f"{host}:{self._port}" if self._port else host
        self.name = f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"  # for messages: no user, no password, no query
        self._query = Secret(parts.query)
        self._addresses: dict[str, Secret] = {}
        self._login = Secret("")
        self._secrets: list[Secret] = [
            Secret(value) for name, value in parse_qsl(parts.query) if name not in PUBLIC_QUERY
        ]
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._login = Secret("Basic " + base64.b64encode(login.encode()).decode())
            self._secrets += [
                Secret(parts.password or parts.username),
                Secret(unquote(parts.password or parts.username)),
            ]
            self._secrets.append(Secret(self._login.reveal().removeprefix("Basic ")))
        self.limit = AdaptiveLimit(max_concurrency)
        self.paused_until = float("-inf")
        self.down = False
        self.failed_in_row = 0
        self.probe_delay = 0.0
        """Seconds before the first probe when it is dead; grows while it keeps dying."""
        self.quarantine = Quarantine()
        self.rate_limits: dict[tuple[str, str], RateLimit] = {}
        """By model and the variable of the key: services have them by both."""
        self.users: list[Waiter] = []

    def address(self, path: str) -> str:
        """URL of an API below the base, with the query that the configuration gave. Not for messages."""
        if path not in self._addresses:
            scheme, netloc, base, _, _ = urlsplit(self.name)
            self._addresses[path] = Secret(urlunsplit((scheme, netloc, f"{base}/{path}", self._query.reveal(), "")))
        return self._addresses[path].reveal()

    @property
    def login(self) -> Secret:
        """Authorization header of user and password in the URL; empty without them."""
        return self._login

    def secrets(self) -> Iterator[str]:
        """Parts of the URL that must not be shown."""
        return (secret.reveal() for secret in self._secrets if secret.reveal())

    def pause(self, seconds: float) -> None:
        """Send nothing more for so long, whose call it ever is."""
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)
        self.limit.idle()

    def succeeded(self) -> None:
        """It answered."""
        self.failed_in_row = 0
        self.probe_delay = 0.0

    def mark_down(self, answers: bool) -> float:
        """Leave it out from now on; returns the seconds after which to probe it.

        Args:
            answers: whether it answers, but with faults only: then that it answers is no sign that it is back.
        """
        self.down = True
        delay = max(SHORTEST_DELAY, self.probe_delay) if answers else self.probe_delay
        self.probe_delay = min(LONGEST_DELAY, max(SHORTEST_DELAY, 2 * delay))
        return delay

    def mark_up(self) -> None:
        """Use it again."""
        self.down = False
        self.failed_in_row = 0
        self.limit.idle()
        self.offer()

    def offer(self) -> None:
        """Give room that has become free to whoever has waited longest."""
        while self.limit.room > 0:
            waiters = sorted((user for user in self.users if user.waits), key=lambda user: user.oldest)
            if not any(user.serve() for user in waiters):
                return


class Replicas:
    """Replicas by base URL, each once."""

    def __init__(self) -> None:
        self._known: dict[str, Replica] = {}

    def get(self, url: str, max_concurrency: int = DEFAULT_CONCURRENCY) -> Replica:
        """The replica at a URL; of several limits the least holds."""
        if url not in self._known:
            self._known[url] = Replica(url, max_concurrency)
        self._known[url].limit.bound(max_concurrency)
        return self._known[url]
