"""Limits as headers tell them in every spelling, and when the next request may go."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.models.endpoint.rate_limits import Quota, RateLimit, quotas_in, seconds_until

OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-tokens": "6m0s",
}


@pytest.mark.parametrize(
    ("headers", "counted", "quota"),
    [
        (OPENAI, "requests", Quota(60, 59, 1)),
        (OPENAI, "tokens", Quota(150_000, 149_984, 360)),
        ({"anthropic-ratelimit-input-tokens-limit": "80000"}, "input-tokens", Quota(80_000)),
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "30"}, "requests", Quota(100, 7, 30)),
        ({"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "0", "RateLimit-Reset": "9"}, "requests", Quota(100, 0, 9)),
        ({"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'}, "requests default", Quota(100, 50, 30)),
        ({"x-ratelimit-remaining-tokens-minute": "5", "x-ratelimit-reset-tokens-minute": "11.38"}, "tokens-minute", Quota(None, 5, 11.38)),
        ({"x-ratelimit-remaining-req-minute": "29", "x-ratelimit-limit-req-minute": "30"}, "req-minute", Quota(30, 29)),
        ({"x-tokenlimit-limit": "1000", "x-tokenlimit-remaining": "10"}, "tokenlimit", Quota(1000, 10)),
    ],
)  # fmt: skip
def test_every_spelling_is_read(headers: dict[str, str], counted: str, quota: Quota) -> None:
    assert quotas_in(headers)[counted] == quota


def test_what_tells_no_limit_is_no_limit() -> None:
    assert not quotas_in({"x-ratelimit-limit-tokens": "-1", "x-ratelimit-remaining-tokens": "-1", "Date": "now"})
    assert not quotas_in({"anthropic-ratelimit-unified-reset": "1", "x-ratelimit-remaining-requests": "many"})


@pytest.mark.parametrize("seconds", [40.0, 0.0])
def test_resets_are_read_as_durations_epochs_and_times(seconds: float) -> None:
    at = time.time() + seconds
    written = [
        str(seconds),
        f"{seconds:g}s",
        str(at),
        str(round(at * 1000)),
        formatdate(at, usegmt=True),
        (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    ]
    told = [seconds_until(text) for text in written]
    assert all(value is not None and seconds - 2 < value <= seconds + 1 for value in told), told
    assert [seconds_until(text) for text in ("", "soon", "inf", "nan", "-3")] == [None] * 5


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_is_too_strange(name: str, value: str) -> None:
    for header in (name, f"x-ratelimit-remaining-{name}", "ratelimit", "x-ratelimit-reset"):
        for quota in quotas_in({header: value}).values():
            assert all(number is None or number >= 0 for number in (quota.limit, quota.remaining, quota.reset))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Window:
    """A service that allows so many requests in each span: all at once, in a window that slides, or as a bucket that refills."""

    def __init__(self, form: str, clock: Clock, most: int, span: float) -> None:
        self.form, self.clock, self.most, self.span = form, clock, most, span
        self.times: list[float] = []
        self.tokens, self.filled = float(most), clock.now
        self.refused = 0

    def serve(self) -> dict[str, str]:
        now = self.clock.now
        if self.form == "bucket":
            self.tokens = min(self.most, self.tokens + (now - self.filled) * self.most / self.span)
            self.filled = now
            allowed, remaining = self.tokens >= 1, int(self.tokens - 1)
            self.tokens -= allowed
            reset = (self.most - self.tokens) * self.span / self.most
        else:
            begin = now - self.span if self.form == "sliding" else now - (now % self.span) - 1e-9
            inside = [each for each in self.times if each > begin]
            allowed, remaining = len(inside) < self.most, self.most - len(inside) - 1
            self.times += [now] * allowed
            oldest = min([*inside, now])
            reset = oldest + self.span - now if self.form == "sliding" else self.span - now % self.span
        self.refused += not allowed
        return {
            "x-ratelimit-limit-requests": str(self.most),
            "x-ratelimit-remaining-requests": str(max(0, remaining)),
            "x-ratelimit-reset-requests": f"{reset:.3f}s",
        }


@pytest.mark.parametrize("form", ["fixed", "sliding", "bucket"])
@pytest.mark.parametrize("latency", [0.05, 3.0])
def test_limits_are_kept_in_windows_that_are_fixed_slide_or_refill(form: str, latency: float) -> None:
    clock = Clock()
    service, limit = Window(form, clock, 30, 60.0), RateLimit(clock)
    in_flight: list[tuple[float, int, dict[str, str]]] = []
    sent = 0
    began = clock.now
    while sent < 200:
        for ended in [call for call in in_flight if call[0] <= clock.now]:
            in_flight.remove(ended)
            limit.heard(ended[1], ended[2])
        while sent < 200 and len(in_flight) < 64 and limit.ready_at(clock.now, True) <= clock.now:
            number = limit.take()
            in_flight.append((clock.now + latency, number, service.serve()))
            sent += 1
        clock.now += 0.05
        assert clock.now - began < 900, "it never stops for good"
    assert service.refused <= 4
    assert clock.now - began < 1.5 * 200 * 60 / 30, "and wastes little of what is allowed"


def test_a_limit_of_a_day_is_gone_on_with_at_the_pace_at_which_it_refills() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    number = limit.take()
    told = {"limit": "1440", "remaining": "0", "reset": "24h"}
    limit.heard(number, {f"x-ratelimit-{name}-requests": value for name, value in told.items()})
    assert limit.ready_at(clock.now, True) == pytest.approx(clock.now + 60, abs=1)
