"""Rate limits of a service: requests and tokens a minute as its headers tell them, kept before it has to refuse.

Services tell a limit, what remains of it and when it is whole again, each under names of its own: `x-ratelimit-remaining-requests` (OpenAI, Azure,
Groq, Together), `anthropic-ratelimit-tokens-remaining`, `x-ratelimit-remaining-tokens-minute` (Cerebras, Mistral), `ratelimit-remaining` and
`RateLimit: "default";r=50;t=30` (IETF draft, Hugging Face). Resets are durations (`6m0s`, `12ms`), seconds, epochs or RFC 3339 times.

What remains is that of the response to the request that was sent last, less the requests that were sent after it. When nothing remains, the next
one waits until the limit is whole. From then on, until a response tells more, no more is sent within the longest reset seen than the limit allows,
so that a fixed window, a sliding one and a bucket that refills are all kept.
"""

import email.utils
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

FIRST_CALLS = 4  # before the first response told limits
FIRST_RESPONSE_WITHIN = 10.0  # seconds for which further calls wait for it
LONG_RESET = 120.0  # seconds from which a reset is not waited for: then calls go at the pace at which the limit refills
MOST_TIMES = 20_000
SPANS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|millis|[smhd])[a-z]*", re.IGNORECASE)
_WHOLE_DURATION = re.compile(rf"(?:{_DURATION.pattern}[\s,]*)+", re.IGNORECASE)


def duration(text: str) -> float | None:
    """Seconds of a duration with units; None for anything else.

    >>> duration("6m0s"), duration("12ms"), duration("1.5 seconds"), duration("soon")
    (360.0, 0.012, 1.5, None)
    """
    if not _WHOLE_DURATION.fullmatch(text.strip()):
        return None
    parts = _DURATION.findall(text)
    return sum(float(amount) * _UNITS["ms" if unit.lower() == "millis" else unit.lower()] for amount, unit in parts)


def seconds_until(value: str) -> float | None:
    """Seconds until a reset: a duration, seconds, an epoch in seconds or milliseconds, an RFC 3339 time or an HTTP date; None where it is none."""
    value = value.strip()
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        if not 0 <= number < float("inf"):
            return None
        if number > 1e11:
            return max(0.0, number / 1000 - time.time())
        return max(0.0, number - time.time()) if number > 1e9 else number
    seconds = duration(value)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, datetime.fromisoformat(value).timestamp() - time.time())
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


@dataclass(slots=True)
class Quota:
    """What headers tell of one limit: how much in all, how much of it remains, and the seconds until it is whole again."""

    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None


@lru_cache(maxsize=512)
def _field(name: str) -> tuple[str, str] | None:
    """What is counted, and which of limit, remaining and reset a header tells; None where it tells neither."""
    parts = name.lower().replace("rate-limit", "ratelimit").split("-")
    stem = next((part for part in parts if part.startswith(("ratelimit", "tokenlimit"))), None)
    if stem is None or "unified" in parts:
        return None
    field = next((part for part in parts if part in ("limit", "remaining", "reset")), None)
    if field is None:
        return None
    counted = [part for part in parts if part not in ("x", "anthropic", "ratelimit", field)]
    return "-".join(counted) or "requests", field


_ITEM = re.compile(r'^\s*"?([^";]*)"?\s*((?:;[^,]*)?)$')


def _structured(value: str) -> Iterable[tuple[str, dict[str, float]]]:
    """Policies of an IETF `RateLimit` or `RateLimit-Policy` header with their parameters."""
    for item in value.split(","):
        match = _ITEM.match(item)
        if match is None:
            continue
        pairs = (pair.split("=", 1) for pair in match[2].split(";") if "=" in pair)
        numbers = {name.strip(): seconds_until(text.strip('" ')) for name, text in pairs}
        yield match[1].strip(), {name: number for name, number in numbers.items() if number is not None}


def quotas_in(headers: Mapping[str, str]) -> dict[str, Quota]:
    """Limits that the headers of a response tell, by what is counted (`requests`, `input-tokens`, `tokens-minute`, ...)."""
    quotas: dict[str, Quota] = {}
    for name, value in headers.items():
        if "imit" not in name and "IMIT" not in name:  # quickly past the many that tell nothing
            continue
        known = _field(name)
        if known is not None:
            counted, field = known
            number = seconds_until(value) if field == "reset" else _amount(value)
            if number is not None:
                setattr(quotas.setdefault(counted, Quota()), field, number)
        elif name.lower() in ("ratelimit", "ratelimit-policy"):
            for policy, values in _structured(value):
                quota = quotas.setdefault(f"requests {policy}", Quota())
                quota.limit = values.get("q", quota.limit)
                quota.remaining = values.get("r", quota.remaining)
                quota.reset = values.get("t", quota.reset)
    return quotas


def _amount(value: str) -> float | None:
    try:
        number = float(value.split(",")[0].split(";")[0])  # `100, 100;w=60` is an older form of the IETF draft
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None  # Azure tells -1 where there is no limit


class _Meter:
    """One limit: what a response told, and when it is whole again."""

    def __init__(self, counted: str) -> None:
        self.of_tokens = "token" in counted or "bysize" in counted
        self.span = next((seconds for name, seconds in SPANS.items() if name in counted), SPANS["minute"])
        self.limit = 0.0
        self.remaining = 0.0
        self.number = 0  # of the request whose response told it
        self.reset_at = 0.0
        self.longest_reset = 0.0
        self._takes = 0.0  # tokens by which what remains falls with a request: services count the room of its reply

    def take(self, quota: Quota, number: int, now: float, times: deque[float]) -> None:
        """Take what the response to a request told, unless a later one was heard already."""
        if quota.remaining is None or number < self.number:
            return
        self.limit = quota.limit or max(self.limit, quota.remaining)
        before, since = (self.remaining, self.number) if now < self.reset_at else (self.limit, 0)
        falls = (before - quota.remaining) / max(number - since, 1)
        self._takes = max(falls, 0.9 * self._takes)
        self.remaining, self.number = quota.remaining, number
        if quota.reset is not None:
            self.longest_reset = max(self.longest_reset, quota.reset)
            self.reset_at = now + quota.reset
        else:
            used = int(max(1, min(len(times), self.limit - quota.remaining)))
            self.longest_reset = self.span
            self.reset_at = (times[-used] if times else now) + self.span

    def ready_at(self, now: float, sent: int, times: deque[float], tokens: float) -> float:
        """When the next request may be sent; a time that has passed where it may be now."""
        a_call = max(tokens, self._takes, 1.0) if self.of_tokens else 1.0
        if now < self.reset_at:
            if self.remaining - (sent - self.number) * a_call >= a_call or self.limit < a_call:
                return now
            wait = self.reset_at - now
            if wait <= LONG_RESET or not times:
                return self.reset_at
            refill = wait * a_call / max(self.limit - self.remaining, 1.0)
            return min(self.reset_at, times[-1] + max(refill, 1.0))
        most = int(self.limit / a_call)
        if 0 < most <= len(times):
            return times[-most] + self.longest_reset
        return now


class RateLimit:
    """The limits that a service sets to one model and one key at one URL."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.sent = 0
        self._times: deque[float] = deque(maxlen=MOST_TIMES)
        self._first_sent = 0.0
        self._heard = False  # a response to any request
        self._meters: dict[str, _Meter] = {}
        self._tokens_a_call = 0.0
        self.paused_until = 0.0

    def ready_at(self, now: float, cautious: bool) -> float:
        """When the next request may be sent; a time that has passed where it may be now.

        `cautious`: before the first response only few requests go, since nobody knows the limits.
        """
        ready = self.paused_until
        if self._meters:
            meters = self._meters.values()
            ready = max(ready, *(meter.ready_at(now, self.sent, self._times, self._tokens_a_call) for meter in meters))
        elif cautious and not self._heard and self.sent >= FIRST_CALLS:
            ready = max(ready, self._first_sent + FIRST_RESPONSE_WITHIN)
        return ready

    def take(self) -> int:
        """Count a request that is about to be sent; returns its number."""
        now = self._clock()
        if not self.sent:
            self._first_sent = now
        self.sent += 1
        self._times.append(now)
        return self.sent

    def heard(self, number: int, headers: Mapping[str, str]) -> None:
        """Take note of the headers of the response to a request."""
        self._heard = True
        quotas = quotas_in(headers)
        if quotas:
            now = self._clock()
            for counted, quota in quotas.items():
                if counted not in self._meters and quota.remaining is not None:
                    self._meters[counted] = _Meter(counted)
                if counted in self._meters:
                    self._meters[counted].take(quota, number, now, self._times)

    def ended(self) -> None:
        """A request ended, whatever came of it."""
        self._heard = True

    def used(self, tokens: int) -> None:
        """Take note of the tokens that a call took, those of its prompt and its reply."""
        self._tokens_a_call += (tokens - self._tokens_a_call) / (16 if self._tokens_a_call else 1)

    def pause(self, seconds: float) -> None:
        """Send nothing more with this key for so long."""
        self.paused_until = max(self.paused_until, self._clock() + seconds)
