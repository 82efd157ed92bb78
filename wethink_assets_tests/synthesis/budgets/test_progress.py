"""What a stage tells of itself: items, rates of the last minute, cost, time left."""

import logging

import pytest

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.defs.resources import LoggedProgress
from wethink_assets.models.chat import Completion
from wethink_assets.synthesis.budgets.progress import Pace
from wethink_assets.synthesis.budgets.usage import Usage


def used(calls: int, usage: Usage | None = None) -> Usage:
    usage = usage or Usage(Settings(roles={"describer": RoleSettings(price_in=1_000, price_out=2_000)}))
    for _ in range(calls):
        usage.made("describer", "describe", Completion("x", 100, 50, "stop", "m"), 0.5)
    return usage


def test_rates_are_those_of_the_last_minute_and_time_left_follows_from_items() -> None:
    now = [0.0]
    pace = Pace("EUR", clock=lambda: now[0])
    usage = used(0)
    for _ in range(10):
        now[0] += 10
        pace.update(int(now[0] // 10), 40, used(20, usage))
    assert pace.line() == "10 of 40 items, 2.0 calls/s, 300 tokens/s, 40.00 EUR, about 5:00 left"
    now[0] += 600
    pace.update(10, 40, usage)
    now[0] += 100
    pace.update(10, 40, usage)
    assert pace.seconds_left is None and pace.line() == "10 of 40 items, 0.0 calls/s, 0 tokens/s, 40.00 EUR"


def test_a_stage_without_models_tells_items_only() -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])
    assert pace.line() == "0 of 0 items"
    now[0] = 2.0
    pace.update(2, 4)
    assert pace.line() == "2 of 4 items, about 0:02 left" and pace.figures() == ""


def test_a_run_log_gets_a_line_now_and_then(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LoggedProgress, "EVERY", 0.0)  # seconds that a test need not wait
    with caplog.at_level(logging.INFO):
        LoggedProgress(logging.getLogger("wethink.test"), "USD").of("answers", "coco.000001")(3, 9, used(4))
    assert (
        "answers of coco.000001: 3 of 9 items, " in caplog.text
        and "calls/s" in caplog.text
        and "0.80 USD" in caplog.text
    )


def test_calls_that_were_found_cost_nothing_now_and_are_told_apart() -> None:
    usage = used(2)
    usage.cached("describer", "describe", Completion("x", 100, 50, "stop", "m"))
    told = usage.as_dict()
    assert (told["calls"], told["cached_calls"], told["describer.cached_calls"]) == (2, 1, 1)
    assert told["money"] == pytest.approx(0.4) == usage.money and told["cached_money"] == pytest.approx(0.2)
    assert told["prompt.describe.money"] == pytest.approx(0.4) and usage.tokens == 300 and told["seconds"] == 1.0
