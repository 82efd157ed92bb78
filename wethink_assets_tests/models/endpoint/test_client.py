"""The endpoint client against a real HTTP server: what it sends, what comes back, and how what is missing is named."""

import asyncio
import base64
from collections.abc import Callable

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
    assert completion == Completion("a cat", 3, 2, "stop", "qwen")
    sent = endpoint.requests[0]
    (turn,) = sent["messages"]
    image_part, system, text = turn["content"]
    assert turn["role"] == "user" and system == {"type": "text", "text": "be brief\n\n"}
    assert base64.b64decode(image_part["image_url"]["url"].removeprefix("data:image/png;base64,")) == b"\x89PNG bytes"
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
