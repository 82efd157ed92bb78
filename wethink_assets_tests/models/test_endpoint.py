"""The endpoint client against a real HTTP server: what it sends, what it tries again, what it gives up on, and what it never tells."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from wethink_assets.config import RoleSettings
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Completion, Image, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets_tests.support.http_servers import HELLO, Endpoint, asked, in_turn, reply, say_hello

KEY = "sk-very-secret"


def test_what_is_sent_and_what_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    image = Image("0" * 64, "image/png", lambda: b"\x89PNG bytes")
    messages = [Message("system", "be brief"), Message("user", "what is it?", (image,))]
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

    async def use(model: EndpointModel, endpoint: Endpoint) -> Completion:
        return await model.chat(messages, schema=schema, sampling=Sampling(0.5, 0.9, 77, 5))

    completion, endpoint = asked(in_turn(lambda: reply("a cat")), use, api_key_env="MY_KEY")
    assert completion == Completion("a cat", 3, 2, "stop", "served")
    sent = endpoint.requests[0]
    (turn,) = sent["messages"]
    picture, system, text = turn["content"]
    assert turn["role"] == "user" and system == {"type": "text", "text": "be brief\n\n"}
    assert base64.b64decode(picture["image_url"]["url"].removeprefix("data:image/png;base64,")) == b"\x89PNG bytes"
    assert text == {"type": "text", "text": "what is it?"}
    assert sent["response_format"]["json_schema"]["schema"] == schema
    assert (sent["model"], sent["temperature"], sent["top_p"], sent["max_tokens"], sent["seed"]) == (
        "qwen",
        0.5,
        0.9,
        77,
        5,
    )
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (lambda: reply("x", reasoning_content="hm"), "<think>hm</think>x"),
        (lambda: reply("x", reasoning="hm"), "<think>hm</think>x"),
        (lambda: reply(None), ""),
        (lambda: reply("<think>a</think>b"), "<think>a</think>b"),
        (lambda: reply("lone \ud800 surrogate"), "lone \ud800 surrogate"),
    ],
)
def test_thoughts_are_folded_in(response: Callable[[], web.Response], text: str) -> None:
    assert asked(in_turn(response), say_hello)[0].text == text


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


def test_nobody_there_is_named_as_such() -> None:
    async def work() -> str:
        model = EndpointModel("http://user:pass@127.0.0.1:9/v1", "qwen", pause=0.01, timeout=2)
        try:
            with pytest.raises(ModelError) as caught:
                await model.chat(HELLO, sampling=Sampling())
            assert not isinstance(caught.value, CallFailed)
            return str(caught.value)
        finally:
            await model.aclose()

    text = asyncio.run(work())
    assert "qwen at http://127.0.0.1:9/v1 is not reachable" in text and "pass" not in text


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


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)

    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        with pytest.raises(ModelError, match="environment variable MY_KEY holds no API key"):
            await say_hello(model, endpoint)

    _, endpoint = asked(in_turn(lambda: reply("ok")), use, api_key_env="MY_KEY")
    assert endpoint.requests == []


def test_settings_become_a_model() -> None:
    settings = RoleSettings.model_validate(
        {
            "provider": "endpoint",
            "url": "http://h:1/v1/",
            "model": "m",
            "revision": "r",
            "api_key_env": "K",
            "timeout": 9,
        }
    )
    model = EndpointModel.of(settings)
    assert (model.model_id, model.revision, model.name) == ("m", "r", "m at http://h:1/v1")


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
