"""Secrets of an endpoint are shown nowhere: not in exceptions and their causes, logs, attributes or replies."""

import asyncio
import base64
import logging

import pytest
from aiohttp import web

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets_tests.support.http_servers import (
    HELLO,
    Endpoint,
    Handler,
    asked,
    free_port,
    in_turn,
    reply,
    say_hello,
)

KEY = "sk-very-secret"
PASSWORD = "pass%3Aword-42"
BASIC = base64.b64encode(b"user:pass:word-42").decode()
SECRETS = (KEY, PASSWORD, "pass:word-42", BASIC, "query-secret")


def everything_about(error: BaseException) -> str:
    text = ""
    cause: BaseException | None = error
    while cause is not None:
        text += f"{cause!r} {cause} {vars(cause)}"
        cause = cause.__cause__ or cause.__context__
    return text


def attributes_of(value: object) -> str:
    """Everything that a look at an object shows, down to what the project's own objects hold."""
    parts, seen, left = [], set(), [value]
    while left:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        parts.append(repr(part))
        left += part if isinstance(part, list | tuple) else []
        left += (
            vars(part).values()
            if type(part).__module__.startswith("wethink_assets") and hasattr(part, "__dict__")
            else []
        )
    assert len(parts) > 20
    return " ".join(parts)


def echo(status: int) -> Handler:
    async def handler(request: web.Request, body: object) -> web.StreamResponse:
        return web.Response(status=status, text=f"you sent {dict(request.headers)} to {request.url} {list(SECRETS)}")

    return handler


async def unfinished(request: web.Request, body: object) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    request.transport.abort()
    return web.Response()


async def no_http(request: web.Request, body: object) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(f"what is {dict(request.headers)}\r\n\r\n".encode())
    request.transport.close()
    return web.Response()


def test_the_key_is_told_to_nobody_else(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    shown: list[str] = []

    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        shown.append(attributes_of(model))
        for _ in range(3):
            try:
                await say_hello(model, endpoint)
            except ModelError as error:
                shown.append(everything_about(error))

    with caplog.at_level(logging.DEBUG):
        for handler in (echo(400), echo(401), echo(429), echo(500), echo(200), unfinished, no_http):
            asked(handler, use, api_key_env="MY_KEY", timeout=1)
    assert len(shown) >= 7 * 4 and KEY not in "".join(shown) and KEY not in caplog.text and "***" in "".join(shown)


def test_nor_are_logins_and_queries_of_any_replica(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    seen: list[str] = []

    async def work(handler: Handler) -> None:
        async with Endpoint(handler) as endpoint:
            login = f"http://user:{PASSWORD}@"
            urls = [
                f"{login}{endpoint.url.removeprefix('http://')}?token=query-secret",
                f"{login}127.0.0.1:{free_port()}/v1",
            ]
            model = EndpointModel(urls, "qwen", pause=0.01, timeout=1)
            shown.append(attributes_of(model))
            for _ in range(3):
                try:
                    shown.append((await model.chat(HELLO, sampling=Sampling())).text)
                except ModelError as error:
                    shown.append(everything_about(error))
            await model.aclose()
            seen.extend(headers.get("Authorization", "") for headers in endpoint.headers)
            seen.extend(endpoint.paths)

    with caplog.at_level(logging.DEBUG):
        for handler in (echo(400), echo(404), echo(502), echo(200), unfinished, in_turn(lambda: reply("ok"))):
            asyncio.run(work(handler))
    assert set(seen) == {f"Basic {BASIC}", "/v1/chat/completions?token=query-secret"}
    assert "ok" in shown
    assert not [secret for secret in SECRETS[1:] if secret in "".join(shown) + caplog.text]


def test_an_endpoint_that_echoes_the_key_into_its_reply_does_not_get_it_journaled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def text_of(key: str, content: str) -> str:
        monkeypatch.setenv("MY_KEY", key)
        return str(asked(in_turn(lambda: reply(content)), say_hello, api_key_env="MY_KEY")[0].text)

    assert text_of(KEY, f"my key is {KEY}.") == "my key is ***."
    assert text_of("EMPTY", "The glass is EMPTY.") == "The glass is EMPTY.", "a stand-in for a key is no secret"


def test_a_key_that_is_no_header_is_not_told_either(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", "first-half\nsecond-half")

    async def use(model: EndpointModel, endpoint: Endpoint) -> str:
        with pytest.raises(ModelError, match="MY_KEY holds no API key") as caught:
            await say_hello(model, endpoint)
        return everything_about(caught.value)

    shown, endpoint = asked(in_turn(lambda: reply("ok")), use, api_key_env="MY_KEY")
    assert "half" not in shown + caplog.text and not endpoint.requests
