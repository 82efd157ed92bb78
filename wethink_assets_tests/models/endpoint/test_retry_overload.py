"""An endpoint that has too much to do, against a real HTTP server: how many calls are in flight, and when they wait."""

import asyncio
import email.utils
import json
import time
from typing import Any

import pytest
from aiohttp import web

from wethink_assets.models.chat import CallFailed, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets_tests.support.http_servers import Endpoint, Handler, asked, in_turn, reply, say_hello, worked_off


def serving(capacity: int, seconds: float) -> Handler:
    """Serves so many at once, the others wait in line."""
    gate = asyncio.Semaphore(capacity)

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        async with gate:
            await asyncio.sleep(seconds)
            return reply("ok")

    return handler


def test_concurrency_grows_to_what_the_endpoint_takes_and_not_far_beyond() -> None:
    seen: list[int] = []

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        seen.append(endpoint.in_service)
        return await serve(request, body)

    endpoint, serve = Endpoint(handler), serving(64, 0.2)

    async def use(model: EndpointModel, _: Endpoint) -> float:
        began = time.monotonic()
        assert await worked_off(model, 1500, 512) == {"ok": 1500}
        return time.monotonic() - began

    seconds, _ = asked(endpoint, use, pause=0.5, timeout=60)
    # Counted in calls, not seconds: on a busy machine all takes longer. 32 and then 64 in flight, two generations each, take 200 calls.
    assert next(number for number, in_service in enumerate(seen) if in_service >= 64) < 400
    assert max(seen) <= 256
    assert sum(seen[800:]) / len(seen[800:]) < 220  # about 75 on an idle machine
    assert seconds > 1500 / 320


def test_there_are_never_more_than_configured() -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        assert await worked_off(model, 300, 64) == {"ok": 300}

    _, endpoint = asked(serving(64, 0.01), use, max_concurrency=7)
    assert endpoint.most_in_service == 7


def test_refusals_for_overload_cut_the_calls_in_flight_and_cost_no_item() -> None:
    refused = 0

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal refused
        if endpoint.in_service > 12:
            refused += 1
            return web.Response(status=429)
        await asyncio.sleep(0.03)
        return reply("ok")

    endpoint = Endpoint(handler)

    async def use(model: EndpointModel, _: Endpoint) -> None:
        assert await worked_off(model, 900, 100) == {"ok": 900}
        assert model.replicas[0].limit.limit <= 16

    asked(endpoint, use, pause=0.02, timeout=20)
    assert 0 < refused < 90


def test_the_whole_endpoint_waits_as_long_as_one_call_is_asked_to() -> None:
    refused_at = 0.0

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal refused_at
        if len(endpoint.requests) == 20:
            refused_at = time.monotonic()
            return web.Response(status=503, headers={"Retry-After": "1"})
        await asyncio.sleep(0.02)
        return reply("ok")

    endpoint = Endpoint(handler)

    async def use(model: EndpointModel, _: Endpoint) -> None:
        assert await worked_off(model, 200, 30) == {"ok": 200}

    asked(endpoint, use, timeout=20)
    # What was under way when it was refused may still arrive; after that nothing does until the second is over.
    assert not [at for at in endpoint.times if refused_at + 0.1 < at < refused_at + 0.98]
    assert len(endpoint.times) == 201


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(form: str) -> None:
    def busy() -> web.Response:
        wait = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
        return web.Response(status=429, headers={"Retry-After": wait})

    completion, endpoint = asked(in_turn(busy, lambda: reply("ok")), say_hello)
    assert completion.text == "ok"
    assert 0.9 < endpoint.times[1] - endpoint.times[0] < 4


@pytest.mark.parametrize("headers", [{"Retry-After": "0.1"}, {}, {"Retry-After": "soon"}, {"Retry-After": "inf"}])
def test_waiting_ends_at_the_deadline(headers: dict[str, str]) -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        with pytest.raises(CallFailed, match="429"):
            await say_hello(model, endpoint)

    _, endpoint = asked(in_turn(lambda: web.Response(status=429, headers=headers)), use, timeout=0.5, pause=0.1)
    assert 2 <= len(endpoint.requests) <= 6


def test_a_429_without_retry_after_costs_no_try() -> None:
    busy = [lambda: web.Response(status=429)] * 7
    completion, endpoint = asked(in_turn(*busy, lambda: reply("ok")), say_hello, pause=0.001)
    assert completion.text == "ok" and len(endpoint.requests) == 8


def test_many_calls_at_once() -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return reply(json.dumps(body["messages"][0]["content"]))

    async def use(model: EndpointModel, endpoint: Endpoint) -> list[str]:
        calls = (model.chat([Message("user", str(n))], sampling=Sampling()) for n in range(300))
        return [completion.text for completion in await asyncio.gather(*calls)]

    texts, _ = asked(handler, use, timeout=30)
    assert texts == [json.dumps(str(n)) for n in range(300)]


def test_a_call_that_is_given_up_leaves_its_place_to_another() -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        for _ in range(20):
            tasks = [asyncio.create_task(say_hello(model, endpoint)) for _ in range(6)]
            await asyncio.sleep(0.003)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        limit = model.replicas[0].limit
        assert (limit.in_flight, limit.reserved) == (0, 0)
        assert await worked_off(model, 20, 10) == {"ok": 20}

    asked(serving(8, 0.01), use, max_concurrency=2)
