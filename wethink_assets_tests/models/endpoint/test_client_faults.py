"""Faults of services against their strict doubles: spent balances, moderated images, other models, several keys, limits that are told."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import pytest
from aiohttp import web

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import BalanceSpent, CallFailed, Completion, Image, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.registry import Models
from wethink_assets_tests.support.http_servers import Endpoint, asked, in_turn, reply, say_hello
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.services import SERVICES, Faults, ServiceDouble, served

KEYS = ("sk-double-0001", "sk-double-0002", "sk-double-0003")


def used(service: ServiceDouble, use: Callable[[EndpointModel], Coroutine[Any, Any, Any]], **changes: Any) -> Any:
    """What `use` made of the service's model with these settings of its role."""

    settings = Settings.model_validate({"roles": {"judge": service.role(**{"timeout": 20, **changes})}})
    with Models.open(settings) as models:
        model = models.role("judge")
        assert isinstance(model, EndpointModel)
        model.pause = 0.01
        return models.run(use(model))


async def ends(model: EndpointModel, calls: int, at_once: int = 8) -> Sequence[Any]:
    """What each call came to, in the order in which they were asked."""
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> Any:
        async with gate:
            return await model.chat([Message("user", f"number {number}")], sampling=Sampling())

    return await asyncio.gather(*(one(number) for number in range(calls)), return_exceptions=True)


def kinds(ended: Sequence[Any]) -> dict[str, int]:
    return dict(Counter(type(end).__name__ for end in ended))


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("quota", [False, True], ids=["balance", "quota"])
def test_a_spent_balance_ends_at_once_with_the_services_words(name: str, quota: bool) -> None:
    with served(name, faults=Faults(balance_for=5, quota=quota)) as service:
        began = time.monotonic()
        ended = used(service, lambda model: ends(model, 60))
    assert kinds(ended) == {"Completion": 5, "BalanceSpent": 55} and time.monotonic() - began < 10
    spent = (quota and service.rules.quota_spent) or service.rules.spent
    assert spent.message[:40] in str(ended[-1]) and "Finished calls are kept" in str(ended[-1])
    assert len(service.refusals) <= 8, "those in flight; the others were not sent"


@pytest.mark.parametrize("name", SERVICES)
def test_a_moderated_image_costs_that_image_only(name: str) -> None:
    def moderated(body: Mapping[str, Any]) -> bool:
        return "number 3" in str(body) or "number 1" in str(body)

    with served(name, faults=Faults(moderated=moderated)) as service:
        ended = used(service, lambda model: ends(model, 40))
    assert kinds(ended) == {"Completion": 18, "CallFailed": 22}, "22 is far above what ends a stage"
    assert {end.reason for end in ended if isinstance(end, CallFailed)} == {"filtered"}
    assert "moderation refused the request" in str(ended[3]) and service.rules.moderated.message[:12] in str(ended[3])


def test_moderation_of_every_call_never_stops_the_stage_but_a_refused_key_does() -> None:
    with served("openrouter", faults=Faults(moderated=lambda body: True)) as service:
        ended = used(service, lambda model: ends(model, 30))
        assert kinds(ended) == {"CallFailed": 30}
        service.faults = Faults(refused_keys=KEYS)
        ended = used(service, lambda model: ends(model, 30))
    assert kinds(ended) == {"ModelError": 30} and "refuses the key" in str(ended[0])
    assert sum(status == 401 for status, _ in service.refusals) <= 8


def test_another_model_that_answers_stops_the_role_unless_it_is_allowed() -> None:
    async def hello(model: EndpointModel) -> Completion:
        return await model.chat([Message("user", "hello")], sampling=Sampling())

    with served("openai", faults=Faults(model="gpt-4o-mini-2024-07-18")) as service:
        with pytest.raises(
            ModelError, match=r"another model answers: gpt-4o-mini-2024-07-18.*other_models = "
        ) as caught:
            used(service, hello)
        assert not isinstance(caught.value, CallFailed) and "gpt-4o at http" in str(caught.value)
        for allowed in (["gpt-4o-mini"], ["any"], ["x", "gpt-4o-mini-2024-07-18"]):
            assert used(service, hello, other_models=allowed).model == "gpt-4o-mini-2024-07-18"
        service.faults = Faults(model="gpt-4o-2024-08-06")
        assert used(service, hello).model == "gpt-4o-2024-08-06"


def test_keys_are_used_in_turn_and_bad_ones_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with served("openai", keys=KEYS) as service:

        def used_keys() -> Counter[str]:
            return Counter(headers["Authorization"].removeprefix("Bearer ") for headers in service.headers)

        assert kinds(used(service, lambda model: ends(model, 30), api_key_envs=service.key_envs)) == {"Completion": 30}
        assert set(used_keys()) == set(KEYS) and min(used_keys().values()) >= 9

        service.headers.clear()
        service.faults = Faults(refused_keys=KEYS[:1])
        assert kinds(used(service, lambda model: ends(model, 30), api_key_envs=service.key_envs)) == {"Completion": 30}
        assert set(used_keys()) == set(KEYS[1:]) and sum(status == 401 for status, _ in service.refusals) <= 8
        assert f"the key in {service.key_env} is left out" in caplog.text and KEYS[0] not in caplog.text

        service.faults = Faults(refused_keys=KEYS[:2], balance_for=0)
        ended = used(service, lambda model: ends(model, 30), api_key_envs=(*service.key_envs, "WETHINK_NO_SUCH_KEY"))
    assert kinds(ended) == {"BalanceSpent": 30}
    assert "no key works any more" in str(ended[0]) and service.key_envs[1] in str(ended[0])
    assert "WETHINK_NO_SUCH_KEY holds no API key" in str(ended[0])


def test_a_key_that_reached_its_limit_waits_while_the_others_work() -> None:
    busy, seen = time.monotonic() + 1.0, Counter[str]()

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        key = request.headers["Authorization"][-1]
        seen[key] += 1
        if key == "1" and time.monotonic() < busy:
            return web.json_response({"error": {"message": "Rate limit reached. Please try again in 5s."}}, status=429)
        return reply("ok")

    async def use(model: EndpointModel, endpoint: Endpoint) -> float:
        began = time.monotonic()
        assert kinds(await ends(model, 60)) == {"Completion": 60}
        return time.monotonic() - began

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WETHINK_KEY_A", "key-1")
        patch.setenv("WETHINK_KEY_B", "key-2")
        seconds, _ = asked(handler, use, api_key_env="WETHINK_KEY_A", api_key_envs=["WETHINK_KEY_B"], timeout=20)
    assert seconds < 4 and seen["1"] <= 8 and seen["2"] >= 60


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("openai", {"requests_a_minute": 20}),
        ("openai", {"tokens_a_minute": 12_000}),
        ("together", {"requests_a_minute": 30}),
        ("openai", {"requests_a_minute": 3}),
    ],
)
def test_limits_that_headers_tell_are_kept(name: str, limits: dict[str, int]) -> None:
    calls = min(3 * limits.get("requests_a_minute", 20), 60)
    for _ in range(3):  # where the machine stalls, replies tell of limits too late
        with served(name, faults=Faults(**limits, window=2.0, delay=0.05)) as service:  # type: ignore[arg-type]
            ended = used(service, lambda model: ends(model, calls, at_once=64))
        assert kinds(ended) == {"Completion": calls}
        if len(service.refusals) <= max(1, calls // 20):
            return
    pytest.fail(f"{len(service.refusals)} of {calls} calls were refused: {service.refusals}")


@pytest.mark.parametrize("name", ["openai", "openrouter", "vllm", "together"])
def test_waits_of_refusals_cost_no_call(name: str) -> None:
    with served(name, faults=Faults(requests_a_minute=15, window=1.5)) as service:
        ended = used(service, lambda model: ends(model, 40, at_once=40))
    assert kinds(ended) == {"Completion": 40}


def test_a_wait_longer_than_a_call_may_take_is_a_spent_quota() -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        with pytest.raises(BalanceSpent, match=r"allows no further call for 76,000 s.*Rate limit of 50 per 86400s"):
            await say_hello(model, endpoint)

    words = "Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 76000 seconds before retrying."
    _, endpoint = asked(in_turn(lambda: web.json_response({"error": {"message": words}}, status=429)), use)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ({"error": {"message": "Insufficient credits", "code": 402}}, BalanceSpent, ""),
        ({"error": {"message": "No", "code": 403, "metadata": {"reasons": ["x"], "flagged_input": "y"}}}, CallFailed, "filtered"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, CallFailed, "filtered"),
        ({"error": {"message": "Incorrect API key", "code": 401}}, ModelError, ""),
        ({"error": {"message": "No such model", "code": 404}}, ModelError, ""),
        ({"error": "the model crashed"}, CallFailed, "endpoint_error"),
    ],
)  # fmt: skip
def test_errors_with_status_200_are_what_they_say(content: Any, kind: type[Exception], reason: str) -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> Exception:
        with pytest.raises(kind) as caught:
            await say_hello(model, endpoint)
        return caught.value

    error, _ = asked(in_turn(lambda: web.json_response(content)), use)
    assert type(error) is kind and getattr(error, "reason", "") == reason


def test_a_429_in_a_200_is_waited_for() -> None:
    content = {"error": {"message": "Rate limit exceeded", "code": 429, "metadata": {"retry_after_seconds": 1}}}
    completion, endpoint = asked(in_turn(lambda: web.json_response(content), lambda: reply("ok")), say_hello)
    assert completion.text == "ok" and endpoint.times[1] - endpoint.times[0] > 0.9


def test_tokens_are_counted_here_where_the_service_tells_none() -> None:
    image = Image("0" * 64, "image/png", lambda: drawing(1, 448))

    async def look(model: EndpointModel) -> Completion:
        return await model.chat([Message("user", "What is this? " * 50, (image,))], sampling=Sampling())

    with served("vllm", faults=Faults(usage=False)) as service:
        completion = used(service, look)
        assert completion.counted and 200 + 150 < completion.prompt_tokens < 200 + 400
        assert 10 < completion.completion_tokens < 40
        service.faults = Faults()
        assert not used(service, look).counted
