"""What is secret about an endpoint stays so: in exceptions and their causes, logs, attributes and replies."""

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
    said = ""
    cause: BaseException | None = error
    while cause is not None:
        said += f"{cause!r} {cause} {vars(cause)}"
        cause = cause.__cause__ or cause.__context__
    return said


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
    said: list[str] = []

    async def use(model: EndpointModel, endpoint: Endpoint) -> None:
        said.append(repr(model) + str(vars(model)) + str(vars(model._exchange)))
        for _ in range(3):
            try:
                await say_hello(model, endpoint)
            except ModelError as error:
                said.append(everything_about(error))

    with caplog.at_level(logging.DEBUG):
        for handler in (echo(400), echo(401), echo(429), echo(500), echo(200), unfinished, no_http):
            asked(handler, use, api_key_env="MY_KEY", timeout=1)
    assert len(said) >= 7 * 4 and KEY not in "".join(said) and KEY not in caplog.text and "***" in "".join(said)


def test_nor_are_logins_and_queries_of_any_replica(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    seen: list[str] = []

    async def work(handler: Handler) -> None:
        async with Endpoint(handler) as endpoint:
            login = f"http://user:{PASSWORD}@"
            urls = [
                f"{login}{endpoint.url.removeprefix('http://')}?token=query-secret",
                f"{login}127.0.0.1:{free_port()}/v1",
            ]
            model = EndpointModel(urls, "qwen", pause=0.01, timeout=1)
            said.append(repr(model) + str(vars(model)) + "".join(str(vars(replica)) for replica in model.replicas))
            for _ in range(3):
                try:
                    said.append((await model.chat(HELLO, sampling=Sampling())).text)
                except ModelError as error:
                    said.append(everything_about(error))
            await model.aclose()
            seen.extend(headers.get("Authorization", "") for headers in endpoint.headers)
            seen.extend(endpoint.paths)

    with caplog.at_level(logging.DEBUG):
        for handler in (echo(400), echo(404), echo(502), echo(200), unfinished, in_turn(lambda: reply("ok"))):
            asyncio.run(work(handler))
    assert set(seen) == {f"Basic {BASIC}", "/v1/chat/completions?token=query-secret"}
    assert "ok" in said
    assert not [secret for secret in SECRETS[1:] if secret in "".join(said) + caplog.text]


def test_an_endpoint_that_echoes_the_key_into_its_reply_does_not_get_it_journaled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def text_of(key: str, said: str) -> str:
        monkeypatch.setenv("MY_KEY", key)
        return str(asked(in_turn(lambda: reply(said)), say_hello, api_key_env="MY_KEY")[0].text)

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

    said, endpoint = asked(in_turn(lambda: reply("ok")), use, api_key_env="MY_KEY")
    assert "half" not in said + caplog.text and not endpoint.requests
