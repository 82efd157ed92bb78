"""Retry of model calls against a real HTTP server: which faults are tried again, how often, and what an endpoint that only fails comes to."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets_tests.support.http_servers import HELLO, Endpoint, asked, in_turn, reply, say_hello


@pytest.mark.parametrize(
    "fault",
    [
        lambda: web.Response(status=500, text="boom"),
        lambda: web.Response(status=502),
        lambda: web.Response(status=503),
        lambda: web.Response(status=429),
        lambda: web.Response(status=408),
        lambda: web.Response(text="<html>not json"),
        lambda: web.json_response({"choices": []}),
        lambda: web.json_response([1]),
    ],
)
def test_passing_faults_are_tried_again(fault: Callable[[], web.Response]) -> None:
    completion, endpoint = asked(in_turn(fault, fault, lambda: reply("ok")), say_hello)
    assert completion.text == "ok" and len(endpoint.requests) == 3
    assert endpoint.requests[0] == endpoint.requests[2]


def test_resets_and_timeouts_are_tried_again() -> None:
    turn = 0

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        nonlocal turn
        turn += 1
        if turn == 1:
            assert request.transport is not None
            request.transport.abort()
        if turn == 2:
            await asyncio.sleep(1)
        return reply("ok")

    completion, endpoint = asked(handler, say_hello, timeout=0.5)
    assert completion.text == "ok" and len(endpoint.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, CallFailed), (413, CallFailed), (422, CallFailed), (401, ModelError), (403, ModelError), (404, ModelError)],
)
def test_refusals_are_not_tried_again(status: int, kind: type[Exception]) -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> Exception:
        with pytest.raises(kind) as caught:
            await say_hello(model, endpoint)
        return caught.value

    error, endpoint = asked(in_turn(lambda: web.Response(status=status, text="because")), use)
    assert type(error) is kind and len(endpoint.requests) == 1
    assert "because" in str(error) and f"qwen at {endpoint.url}" in str(error)


def test_a_call_that_fails_alone_is_that_calls_fault() -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if body["messages"][0]["content"] == "bad":
            return web.Response(status=500, text="cannot")
        await asyncio.sleep(0.01)
        return reply("ok")

    async def use(model: EndpointModel, endpoint: Endpoint) -> list[Any]:
        bad = [model.chat([Message("user", "bad")], sampling=Sampling()) for _ in range(8)]
        good = [model.chat(HELLO, sampling=Sampling()) for _ in range(3)]

        async def steady() -> None:
            for _ in range(60):
                await say_hello(model, endpoint)

        return await asyncio.gather(*bad, *good, steady(), return_exceptions=True)

    ended, _ = asked(handler, use)
    assert all(type(end) is CallFailed for end in ended[:8]) and all(end.text == "ok" for end in ended[8:11])


def test_an_endpoint_that_only_fails_is_down() -> None:
    async def use(model: EndpointModel, endpoint: Endpoint) -> list[type]:
        ended = []
        for _ in range(6):
            try:
                await say_hello(model, endpoint)
            except ModelError as error:
                ended.append(type(error))
        return ended

    ended, _ = asked(in_turn(lambda: web.Response(status=500)), use)
    assert ended == [CallFailed] * 4 + [ModelError] * 2


def test_a_server_that_refuses_every_request_of_a_form_is_of_no_use() -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if "response_format" in body:
            return web.Response(status=400, text="response_format is not supported")
        return reply("ok")

    async def use(model: EndpointModel, endpoint: Endpoint) -> list[str]:
        ended = []
        for _ in range(5):
            assert (await say_hello(model, endpoint)).text == "ok"
            try:
                await model.chat(HELLO, schema={"type": "object"}, sampling=Sampling())
            except ModelError as error:
                ended.append(f"{type(error).__name__} {error}")
        return ended

    ended, _ = asked(handler, use)
    assert [text.split()[0] for text in ended] == ["CallFailed"] * 4 + ["ModelError"]
    assert "response_format is not supported" in ended[-1] and "all 5 requests with JSON schema" in ended[-1]


def test_a_request_that_hangs_is_tried_twice() -> None:
    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(2)
        return reply("late")

    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        with pytest.raises(CallFailed, match=r"no reply within 0\.2 s"):
            await say_hello(model, endpoint)

    _, endpoint = asked(handler, use, timeout=0.2)
    assert len(endpoint.requests) == 2
