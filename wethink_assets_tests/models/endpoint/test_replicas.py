"""Several replicas of one role: balanced by outstanding work, one killed and started again in the middle, all of them gone."""

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.endpoint.replicas import Replica, Replicas
from wethink_assets.models.registry import Models
from wethink_assets_tests.support.http_servers import (
    HELLO,
    Endpoint,
    Handler,
    ServerProcess,
    free_port,
    processes,
    reply,
    worked_off,
)


def after(seconds: float, name: str) -> Handler:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return reply(name)

    return handler


def run_on(handlers: list[Handler], calls: int, at_once: int, **options: Any) -> tuple[Counter[str], list[Endpoint]]:
    """Replies to calls on one model with a replica for each handler."""
    endpoints = [Endpoint(handler) for handler in handlers]

    async def work() -> Counter[str]:
        for endpoint in endpoints:
            await endpoint.__aenter__()
        urls = [endpoint.url for endpoint in endpoints]
        model = EndpointModel(urls, "qwen", **{"pause": 0.01, "timeout": 5, **options})
        try:
            return await worked_off(model, calls, at_once)
        finally:
            await model.aclose()
            for endpoint in endpoints:
                await endpoint.__aexit__()

    return asyncio.run(work()), endpoints


def test_equal_replicas_get_equal_work() -> None:
    ended, _ = run_on([after(0.03, "a"), after(0.03, "b"), after(0.03, "c")], 300, 30)
    assert ended.total() == 300 and set(ended) == {"a", "b", "c"} and min(ended.values()) >= 70


def test_the_quicker_replica_gets_more() -> None:
    ended, endpoints = run_on([after(0.02, "quick"), after(0.16, "slow")], 400, 16, max_concurrency=8)
    assert ended.total() == 400 and ended["quick"] > 3 * ended["slow"] > 0
    assert max(endpoint.most_in_service for endpoint in endpoints) <= 8


def test_one_process_is_killed_and_started_again_and_no_call_is_lost() -> None:
    with processes(ServerProcess("a"), ServerProcess("b")) as (a, b):

        async def work() -> tuple[list[Counter[str]], float]:
            model = EndpointModel([a.url, b.url], "qwen", pause=0.05, timeout=10)
            try:
                parts = [await worked_off(model, 200, 24)]
                running = asyncio.create_task(worked_off(model, 600, 24))
                await asyncio.sleep(0.1)
                await asyncio.to_thread(a.kill)
                parts.append(await running)
                assert [replica.down for replica in model.replicas] == [True, False]
                await asyncio.to_thread(a.start)
                began = time.monotonic()
                while model.replicas[0].down:
                    await asyncio.sleep(0.05)
                back_after = time.monotonic() - began
                parts.append(await worked_off(model, 200, 24))
                return parts, back_after
            finally:
                await model.aclose()

        (before, killed, again), back_after = asyncio.run(work())
    assert set(before) == set(killed) == set(again) == {"a", "b"}
    assert (before.total(), killed.total(), again.total()) == (200, 600, 200)
    assert killed["b"] > killed["a"] and min(again["a"], again["b"]) > 50
    assert back_after < 20


def test_replicas_that_are_all_gone_are_all_named_and_nothing_secret_is() -> None:
    async def work() -> str:
        urls = [f"http://admin:hunter2-{n}@127.0.0.1:{free_port()}/v1?token=hunter2" for n in range(2)]
        model = EndpointModel(urls, "qwen", pause=0.01, timeout=2)
        try:
            with pytest.raises(ModelError) as caught:
                await model.chat(HELLO, sampling=Sampling())
            assert not isinstance(caught.value, CallFailed)
            names = [replica.name for replica in model.replicas]
            assert all(name in str(caught.value) for name in names)
            return str(caught.value) + repr(vars(model)) + repr([vars(replica) for replica in model.replicas])
        finally:
            await model.aclose()

    text = asyncio.run(work())
    assert "is not reachable" in text and "hunter2" not in text


@pytest.mark.parametrize("status", [500, 503])
def test_a_replica_that_only_fails_costs_no_item(status: int) -> None:
    async def broken(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=status)

    ended, endpoints = run_on([broken, after(0.01, "ok")], 150, 12)
    assert ended == {"ok": 150}
    assert len(endpoints[0].requests) < 60, "it is asked less and less"


def test_a_replica_that_hangs_costs_no_item() -> None:
    ended, _ = run_on([after(3, "never"), after(0.01, "ok")], 60, 8, timeout=0.4)
    assert ended == {"ok": 60}


def test_a_poisoned_call_fails_alone_on_every_replica() -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if body["messages"][0]["content"] == "13":
            assert request.transport is not None
            request.transport.abort()
        await asyncio.sleep(0.01)
        return reply("ok")

    ended, _ = run_on([handler, handler], 80, 8)
    assert ended == {"ok": 79, "CallFailed": 1}


def test_the_last_call_of_a_batch_is_no_proof_that_its_endpoint_is_gone() -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return reply("never")

    ended, _ = run_on([handler], 1, 1)
    assert ended == {"CallFailed": 1}, "it answers other requests"
    ended, _ = run_on([handler], 9, 1)
    assert ended == {"CallFailed": 4, "ModelError": 5}, "but when nothing passes it is of no use"


def test_one_waits_for_a_replica_that_asks_to_while_the_other_goes_on() -> None:
    asked_to_wait = False

    async def busy(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal asked_to_wait
        if not asked_to_wait:
            asked_to_wait = True
            return web.Response(status=429, headers={"Retry-After": "3"})
        return await after(0.01, "busy")(request, body)

    began = time.monotonic()
    ended, _ = run_on([busy, after(0.01, "free")], 120, 10)
    assert ended["free"] >= 100 and ended.total() == 120 and time.monotonic() - began < 2.5


def test_roles_share_the_limit_of_a_url_and_the_least_bound_holds() -> None:
    async def work() -> tuple[Endpoint, Counter[str]]:
        async with Endpoint(after(0.01, "ok")) as endpoint:
            shared = Replicas()
            models = [
                EndpointModel(endpoint.url, name, max_concurrency=most, replicas=shared)
                for name, most in (("m", 9), ("n", 4))
            ]
            ended = await asyncio.gather(*(worked_off(model, 60, 20) for model in models))
            for model in models:
                await model.aclose()
            return endpoint, ended[0] + ended[1]

    endpoint, ended = asyncio.run(work())
    assert ended == {"ok": 120} and endpoint.most_in_service == 4


def test_configured_roles_share_it_too() -> None:
    role = {"provider": "endpoint", "url": "http://h:1/v1", "urls": ["http://h:2/v1/", "http://h:1/v1/"], "model": "m"}
    settings = Settings.model_validate(
        {
            "pipeline": {"concurrency": 40},
            "roles": {
                "describer": role,
                "reasoner": {**role, "model": "other", "urls": []},
                "judge": {**role, "concurrency": 5},
            },
        }
    )
    with Models.open(settings) as models:
        describer, reasoner, judge = (models.role(name) for name in ("describer", "reasoner", "judge"))
        assert isinstance(describer, EndpointModel) and isinstance(reasoner, EndpointModel)
        assert isinstance(judge, EndpointModel)
        assert [replica.name for replica in describer.replicas] == ["http://h:1/v1", "http://h:2/v1"]
        assert reasoner.replicas == describer.replicas[:1] and judge.replicas == describer.replicas
        assert [replica.limit.maximum for replica in describer.replicas] == [5, 5]


@pytest.mark.parametrize(
    ("url", "name", "address"),
    [
        ("http://h:1/v1", "http://h:1/v1", "http://h:1/v1/chat/completions"),
        ("https://u:p@h/v1", "https://h/v1", "https://h/v1/chat/completions"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ("https://h/api?key=k&v=2", "https://h/api", "https://h/api/chat/completions?key=k&v=2"),
    ],
)
def test_names_hide_what_addresses_need(url: str, name: str, address: str) -> None:
    replica = Replica(url)
    assert (replica.name, replica.address("chat/completions")) == (name, address)


def test_a_call_is_not_sent_twice_when_its_caller_goes() -> None:
    async def work() -> int:
        async with Endpoint(after(0.05, "ok")) as endpoint:
            model = EndpointModel([endpoint.url], "qwen")
            task = asyncio.create_task(model.chat([Message("user", "x")], sampling=Sampling()))
            await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.1)
            await model.aclose()
            return len(endpoint.requests)

    assert asyncio.run(work()) == 1
