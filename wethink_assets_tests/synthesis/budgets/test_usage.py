"""Prices of calls: cached tokens, tiers by the length of a prompt, and counts of what is priced so."""

import pytest

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.models.chat import Completion
from wethink_assets.synthesis.budgets.usage import Usage, price_of

TIERS = (
    {"above": 200_000, "price_in": 4, "price_out": 20, "price_cached_in": 0.4},
    {"above": 32_000, "price_in": 2, "price_out": 12},
)
ROLE = RoleSettings.model_validate({"price_in": 1, "price_out": 10, "price_cached_in": 0.1, "price_tiers": TIERS})


@pytest.mark.parametrize(
    ("prompt", "cached", "reply", "money"),
    [
        (1_000, 0, 100, 0.002),
        (1_000, 600, 100, (400 + 60 + 1_000) / 1e6),
        (32_000, 0, 0, 0.032),
        (32_001, 1, 0, (32_000 * 2 + 2) / 1e6),  # the tier names no price of cached tokens: they cost as others do
        (200_001, 200_000, 10, (4 + 200_000 * 0.4 + 200) / 1e6),
        (100, 1_000, 0, 10 / 1e6),  # more in the cache than there are
    ],
)
def test_prices_follow_cache_and_length(prompt: int, cached: int, reply: int, money: float) -> None:
    assert price_of(ROLE, prompt, reply, cached_tokens=cached) == pytest.approx(money)


def test_several_calls_are_priced_by_their_average_prompt() -> None:
    assert price_of(ROLE, 40_000, 0, calls=2) == pytest.approx(0.04)
    assert price_of(ROLE, 80_000, 0, calls=2) == pytest.approx(0.16)
    assert price_of(ROLE, 0, 0, calls=0) == 0


def test_usage_counts_them_only_where_there_are_any() -> None:
    usage = Usage(Settings(roles={"describer": ROLE}))
    usage.made("describer", "describe", Completion("x", 100, 50, "stop", "m"), 0.5)
    assert not {"prompt_tokens_from_cache", "calls_counted_here"} & set(usage.as_dict())
    usage.made("describer", "describe", Completion("x", 100, 50, "stop", "m", 40, True), 0.5)
    usage.cached("describer", "describe", Completion("x", 100, 50, "stop", "m", 40))
    counts = usage.as_dict()
    assert counts["prompt_tokens_from_cache"] == counts["describer.prompt_tokens_from_cache"] == 40
    assert counts["cached_prompt_tokens_from_cache"] == 40 and counts["calls_counted_here"] == 1
    assert counts["cached_money"] == pytest.approx((60 + 4 + 500) / 1e6)


def test_two_tiers_with_one_bound_are_refused() -> None:
    with pytest.raises(ValueError, match="two tiers above 32000"):
        RoleSettings.model_validate({"price_tiers": [TIERS[1], {**TIERS[1], "price_in": 3}]})
