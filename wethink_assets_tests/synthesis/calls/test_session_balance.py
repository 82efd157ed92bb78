"""A balance that runs out in mid-batch, against a double of a service: the run stops, rejects nothing, and the next pays nothing twice."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.chat import BalanceSpent
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import BudgetSpent
from wethink_assets_tests.support.described_batch import describe_within_budget
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint
from wethink_assets_tests.support.scripted_model import drawn_images
from wethink_assets_tests.support.services import Faults, ServiceDouble, served
from wethink_assets_tests.synthesis.conftest import BATCH

SNAPSHOT = "Qwen3-VL-8B-Thinking-2507"
IMAGES = 20
CALLS = 6 * IMAGES


def scripted(body: Any) -> str:
    """The reply of the scripted model."""
    return str(ScriptedEndpoint().reply(body)[1]["choices"][0]["message"]["content"])


def settings_of(service: ServiceDouble, pack: str, budget: dict[str, float] | None = None, **role: Any) -> Settings:
    roles = dict.fromkeys(("describer", "reasoner"), service.role(dialect="plain", timeout=20, **role))
    return Settings.model_validate(
        {
            "pipeline": {"prompt_pack": pack, "concurrency": 8},
            "roles": roles,
            "budgets": {"night": budget or {}},
        }
    )


def described(settings: Settings, store: Store, provenance: list[Any] | None = None) -> StageOutput:
    return describe_within_budget(settings, store, drawn_images(store, IMAGES), provenance)


def answered(service: ServiceDouble) -> Counter[str]:
    """How often each request was answered, refused ones left out."""
    bodies = Counter(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest() for body in service.requests)
    return bodies


@pytest.mark.parametrize("name", ["together", "openrouter", "vllm"])
def test_the_run_stops_rejects_nothing_and_the_next_pays_nothing_twice(name: str, store: Store, pack: str) -> None:
    with served(name, scripted, Faults(balance_for=50, delay=0.02)) as service:
        settings = settings_of(service, pack)
        with pytest.raises(BalanceSpent) as caught:
            described(settings, store)
        assert service.rules.spent.message[:40] in str(caught.value)
        assert journaled_calls(store, "descriptions", BATCH).height == 50, "all that were paid, those in flight too"
        assert len(service.refusals) <= 8
        service.faults = Faults()
        provenance: list[Any] = []
        output = described(settings, store, provenance)
    assert output.results.height == IMAGES and output.rejections.is_empty()
    calls = provenance[0]["calls"]
    assert calls["calls"] + calls["cached_calls"] == CALLS and calls["calls"] == CALLS - 50
    assert len(service.requests) - len([r for r in service.refusals if r[0] != 400]) == CALLS, "none was paid twice"


def test_a_moderated_image_is_a_rejection_of_that_image_only(store: Store, pack: str) -> None:
    images = drawn_images(store, IMAGES)
    seen: list[str] = []

    def moderated(body: Any) -> bool:
        content = body["messages"][-1]["content"]
        picture = content[0]["image_url"]["url"] if isinstance(content, list) else ""
        if picture and len(set(seen)) < 7 and picture not in seen:
            seen.append(picture)
        return picture in seen

    with served("openrouter", scripted, Faults(moderated=moderated)) as service:
        output = described(settings_of(service, pack), store)
    assert images.height == IMAGES and output.results.height == IMAGES - 7
    assert output.rejections["reason"].to_list() == ["filtered"] * 7
    assert "flagged" in output.rejections["detail"][0]


@pytest.mark.parametrize("budget", [{"money": 0.03}, {"tokens": 3_000}])
def test_budgets_bind_without_usage(budget: dict[str, float], store: Store, pack: str) -> None:
    with served("vllm", scripted, Faults(usage=False)) as service:
        settings = settings_of(service, pack, budget, price_in=10, price_out=10)
        with pytest.raises(BudgetSpent, match="budget night is spent"):
            described(settings, store)
        calls = journaled_calls(store, "descriptions", BATCH)
        assert 0 < calls.height < CALLS and calls["counted"].all() and (calls["prompt_tokens"] > 0).all()
        settings = settings_of(service, pack, price_in=10, price_out=10)
        provenance: list[Any] = []
        described(settings, store, provenance)
    amounts = provenance[0]["calls"]
    assert amounts["calls_counted_here"] + amounts["cached_calls_counted_here"] == CALLS
    tokens = sum(amounts[f"{how}{name}_tokens"] for how in ("", "cached_") for name in ("prompt", "completion"))
    assert amounts["money"] + amounts["cached_money"] == pytest.approx(tokens * 10 / 1e6), "exact over both runs"


def test_cached_tokens_have_their_price_over_resumes_and_provenance_names_what_answered(
    store: Store, pack: str
) -> None:
    prices: dict[str, Any] = {"price_in": 10, "price_cached_in": 1, "price_out": 0}
    with served("vllm", scripted, Faults(cached_tokens=5, model=SNAPSHOT, balance_for=40)) as service:
        settings = settings_of(service, pack, **prices)
        with pytest.raises(BalanceSpent):
            described(settings, store)
        service.faults = Faults(cached_tokens=5, model=SNAPSHOT)
        provenance: list[Any] = []
        described(settings, store, provenance)
    amounts, models = provenance[0]["calls"], provenance[0]["models"]
    assert models["describer"]["model"] == service.rules.model and models["describer"]["answered"] == [SNAPSHOT]
    tokens = amounts["prompt_tokens"] + amounts["cached_prompt_tokens"]
    from_cache = amounts["prompt_tokens_from_cache"] + amounts["cached_prompt_tokens_from_cache"]
    assert from_cache == 5 * CALLS
    money = ((tokens - from_cache) * 10 + from_cache) / 1e6
    assert amounts["money"] + amounts["cached_money"] == pytest.approx(money)
