"""The limit of calls in flight, against simulated endpoints: it finds the knee, keeps to it, and gives way when refused."""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.models.endpoint.concurrency_limit import START, AdaptiveLimit

Duration = Callable[[int, random.Random], float]


@dataclass
class Simulated:
    """A closed loop on a simulated clock: whoever may call does so at once.

    capacity: calls served at once, others wait in line; duration: seconds of a call, given how many are served; refuses: calls in flight
    above which one is refused; demand: calls in flight that there is work for.
    """

    duration: Duration
    capacity: int = 10**6
    refuses: int = 10**6
    demand: int = 10**6
    most: int = 256
    now: float = 0.0
    done: int = 0
    refused: int = 0
    limits: list[tuple[float, int]] = field(default_factory=list)

    def run(self, seconds: float) -> "Simulated":
        chance = random.Random(0)
        limit = AdaptiveLimit(self.most, clock=lambda: self.now)
        events: list[tuple[float, int, float, bool]] = []
        line: deque[float] = deque()
        numbers = itertools.count()
        served = 0

        def serve(began: float) -> None:
            heapq.heappush(events, (self.now + self.duration(served, chance), next(numbers), began, True))

        while self.now < seconds:
            while limit.room > 0 and limit.in_flight < self.demand:
                began = limit.began()
                if limit.in_flight > self.refuses:
                    heapq.heappush(events, (self.now + 0.002, next(numbers), began, False))
                elif served < self.capacity:
                    served += 1
                    serve(began)
                else:
                    line.append(began)
            self.now, _, began, answered = heapq.heappop(events)
            if answered:
                served -= 1
                self.done += 1
                limit.succeeded(began)
                if line:
                    served += 1
                    serve(line.popleft())
            else:
                self.refused += 1
                limit.overloaded(began)
            self.limits.append((self.now, limit.limit))
        return self

    def between(self, first: float, last: float) -> list[int]:
        return [limit for now, limit in self.limits if first <= now <= last]


def fixed(seconds: float) -> Duration:
    return lambda served, chance: seconds * chance.uniform(1, 1.02)


def spread(seconds: float, sigma: float) -> Duration:
    return lambda served, chance: seconds * chance.lognormvariate(-(sigma**2) / 2, sigma)


def test_a_fixed_capacity_is_found_within_two_seconds_and_kept() -> None:
    simulated = Simulated(fixed(0.2), capacity=64).run(30)
    assert max(simulated.between(0, 1.3)) >= 64
    assert max(simulated.between(0, 30)) <= 128
    assert all(57 <= limit <= 112 for limit in simulated.between(2.6, 30))
    assert sum(simulated.between(5, 30)) / len(simulated.between(5, 30)) < 85
    assert simulated.done >= 0.94 * 30 * 320


@pytest.mark.parametrize("capacity", [3, 20, 50, 200])
def test_whatever_the_capacity_the_rate_is_nearly_reached(capacity: int) -> None:
    simulated = Simulated(fixed(0.2), capacity=capacity, most=1024).run(40)
    assert simulated.done >= 0.95 * 40 * capacity / 0.2
    kept = simulated.between(20, 40)
    assert sum(kept) / len(kept) <= max(2 * START, 2 * capacity)


def test_replies_of_very_different_length_do_not_mislead_it() -> None:
    simulated = Simulated(spread(5, 0.7), capacity=64).run(600)
    assert simulated.done >= 0.93 * 600 * 64 / 5
    assert 50 <= sum(simulated.between(300, 600)) / len(simulated.between(300, 600)) <= 110


def test_a_server_that_batches_gets_all_it_can_use_though_its_latency_grows() -> None:
    # As a GPU does: 256 at once take 5 times as long as one, and yet come to 51 times the rate.
    simulated = Simulated(lambda served, chance: 2 * (1 + served / 64) * chance.uniform(0.7, 1.3)).run(400)
    assert sum(simulated.between(100, 400)) / len(simulated.between(100, 400)) > 200


def test_refusals_are_met_seldom_and_cost_little() -> None:
    simulated = Simulated(fixed(0.2), refuses=40).run(120)
    assert simulated.refused < 0.02 * simulated.done
    assert simulated.done >= 0.85 * 120 * 40 / 0.2


def test_it_does_not_grow_where_there_is_little_to_do() -> None:
    simulated = Simulated(fixed(0.2), demand=10).run(20)
    assert max(simulated.between(0, 20)) == START
    simulated = Simulated(fixed(0.2), demand=40).run(20)
    assert max(simulated.between(0, 20)) <= 64


def test_what_was_in_flight_at_a_cut_does_not_cut_again() -> None:
    limit = AdaptiveLimit(64, start=32, clock=iter(range(1000)).__next__)
    calls = [limit.began() for _ in range(32)]
    limit.overloaded(calls[0])
    once = limit.limit
    for began in calls[1:]:
        limit.overloaded(began)
    assert once == limit.limit == 22 and limit.in_flight == 0
    limit.overloaded(limit.began())
    assert limit.limit == 15


@given(
    st.lists(
        st.tuples(st.sampled_from(["succeeded", "failed", "overloaded", "idle"]), st.integers(0, 9), st.floats(0, 10))
    ),
    st.integers(1, 50),
)
def test_it_keeps_its_bounds_and_its_count_whatever_happens(events: list[tuple[str, int, float]], most: int) -> None:
    now = 0.0
    limit = AdaptiveLimit(most, clock=lambda: now)
    calls: list[float] = []
    for what, which, later in events:
        while limit.room > 0:
            calls.append(limit.began())
        now += later
        if what == "idle":
            limit.idle()
        elif calls:
            getattr(limit, what)(calls.pop(which % len(calls)))
        assert 1 <= limit.limit <= most and limit.in_flight == len(calls)


def test_a_lower_bound_holds_at_once() -> None:
    limit = AdaptiveLimit(256, start=100)
    limit.bound(8)
    limit.bound(300)
    assert (limit.limit, limit.maximum) == (8, 8)
