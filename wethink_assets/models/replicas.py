"""Which replica of an endpoint takes the next call, and when may it?

A replica is one base URL with one limit, whoever asks it: roles that name the same URL share it. A call waits until one of its role's replicas has
room, and goes to the one with the least outstanding work for its limit. A replica that was found dead is left out while another lives.
"""

import asyncio
import base64
import itertools
import time
from collections import deque
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from wethink_assets.models.adaptive import AdaptiveLimit

LONGEST_REST = 30.0
DEFAULT_MOST = 256


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


class Replica:
    """One base URL: where it is, how much may be outstanding there, and whether it lives."""

    def __init__(self, url: str, most: int = DEFAULT_MOST) -> None:
        parts = urlsplit(url)
        place = parts.hostname or ""
        place = f"[{place}]" if ":" in place else place
        self._port = parts.netloc.rpartition("@")[2].removeprefix(place).removeprefix(":")
        netloc = f"{place}:{self._port}" if self._port else place
        self.name = f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"  # for messages: no user, no password, no query
        self._query = Secret(parts.query)
        self._login = Secret("")
        self._hidden: list[Secret] = [Secret(value) for _, value in parse_qsl(parts.query)]
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._login = Secret("Basic " + base64.b64encode(login.encode()).decode())
            self._hidden += [
                Secret(parts.password or parts.username),
                Secret(unquote(parts.password or parts.username)),
            ]
            self._hidden.append(Secret(self._login.reveal().removeprefix("Basic ")))
        self.limit = AdaptiveLimit(most)
        self.paused_until = float("-inf")
        self.down = False
        self.failed_in_row = 0
        self.rest = 0.0
        """Seconds before the first look at it when it is found dead; grows while it keeps dying."""
        self.users: list[Balancer] = []

    def address(self, path: str) -> str:
        """URL of an API below the base, with the query that the configuration gave. Not for messages."""
        scheme, netloc, base, _, _ = urlsplit(self.name)
        return urlunsplit((scheme, netloc, f"{base}/{path}", self._query.reveal(), ""))

    @property
    def login(self) -> Secret:
        """Authorization header of user and password in the URL; empty without them."""
        return self._login

    def hidden(self) -> Iterator[str]:
        """Parts of the URL that must not be told."""
        return (secret.reveal() for secret in self._hidden if secret.reveal())

    def pause(self, seconds: float) -> None:
        """Send nothing more for so long, whose call it ever is."""
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)
        self.limit.idle()

    def lives(self) -> None:
        """It answered."""
        self.failed_in_row = 0
        self.rest = 0.0

    def found_dead(self) -> float:
        """Leave it out from now on; returns the seconds after which to look whether it is back."""
        self.down = True
        rest, self.rest = self.rest, min(LONGEST_REST, max(1.0, 2 * self.rest))
        return rest

    def back(self) -> None:
        """Use it again."""
        self.down = False
        self.failed_in_row = 0
        self.limit.idle()
        self.offer()

    def offer(self) -> None:
        """Give room that has become free to whoever has waited longest."""
        while self.limit.room > 0:
            waiting = sorted((user for user in self.users if user.waits), key=lambda user: user.oldest)
            if not any(user.serve() for user in waiting):
                return


class Replicas:
    """Replicas by base URL, each once."""

    def __init__(self) -> None:
        self._known: dict[str, Replica] = {}

    def get(self, url: str, most: int = DEFAULT_MOST) -> Replica:
        """The replica at a URL; of several bounds the least holds."""
        if url not in self._known:
            self._known[url] = Replica(url, most)
        self._known[url].limit.bound(most)
        return self._known[url]


class Balancer:
    """Hands the calls of one role to its replicas. For one event loop."""

    _numbers = itertools.count()

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self.replicas = tuple(replicas)
        self._waiting: deque[tuple[int, asyncio.Future[Replica]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        for replica in self.replicas:
            replica.users.append(self)

    @property
    def waits(self) -> bool:
        """Whether a call waits."""
        while self._waiting and self._waiting[0][1].done():  # cancelled meanwhile
            self._waiting.popleft()
        return bool(self._waiting)

    @property
    def oldest(self) -> int:
        """Number of the call that waits longest; there must be one."""
        return self._waiting[0][0]

    def others_live(self, replica: Replica) -> bool:
        """Whether another replica is worth a try."""
        return any(other is not replica and not other.down for other in self.replicas)

    async def take(self, avoid: Replica | None = None) -> Replica:
        """Wait for room, and reserve it: `AdaptiveLimit.began` must follow at once.

        Args:
            avoid: replica that the same call has just failed on: another one is preferred, and the call goes before those that were never
                tried.
        """
        best = self._best(avoid)
        if best is not None and (avoid is not None or not self.waits):
            return best
        waiter: asyncio.Future[Replica] = asyncio.get_running_loop().create_future()
        if avoid is None:
            self._waiting.append((next(self._numbers), waiter))
        else:
            self._waiting.appendleft((-1, waiter))
        self._wake_after_pause()
        try:
            replica = await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                waiter.result().limit.reserved -= 1
                waiter.result().offer()
            raise
        replica.limit.reserved -= 1
        return replica

    def serve(self) -> bool:
        """Let the call that waits longest go, if there is room; whether it went."""
        if not self.waits:
            return False
        best = self._best(None)
        if best is None:
            self._wake_after_pause()
            return False
        best.limit.reserved += 1
        self._waiting.popleft()[1].set_result(best)
        return True

    def _best(self, avoid: Replica | None) -> Replica | None:
        living = [replica for replica in self.replicas if not replica.down] or self.replicas
        now = time.monotonic()
        free = [replica for replica in living if replica.limit.room > 0 and replica.paused_until <= now]
        free = [replica for replica in free if replica is not avoid] or free
        return min(free, key=lambda replica: replica.limit.load) if free else None

    def _wake_after_pause(self) -> None:
        now = time.monotonic()
        paused = [replica.paused_until for replica in self.replicas if replica.paused_until > now]
        if not paused:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(min(paused) - now + 0.001, self._wake)

    def _wake(self) -> None:
        self._timer = None
        for replica in self.replicas:
            replica.offer()

    def close(self) -> None:
        """Leave the replicas to others."""
        if self._timer is not None:
            self._timer.cancel()
        for replica in self.replicas:
            if self in replica.users:
                replica.users.remove(self)
