"""The server behind every double: it holds a request against the rules of a service, shows its faults, and replies in its form."""

import asyncio
import base64
import binascii
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from wethink_assets_tests.support.services.faults import Faults
from wethink_assets_tests.support.services.hosted import HOSTED
from wethink_assets_tests.support.services.local import LOCAL
from wethink_assets_tests.support.services.rules import Body, Refused, Rules, asked_schema, parts_of, texts_of

Script = Callable[[Body], str]
"""The text of a reply to a request's body; what it raises as `Refused` is refused."""

SENTENCE = "A red square stands on a white field, and below it is the number 7."
THOUGHT = "A square, red. The field is white."
TOKENS_OF_AN_IMAGE = 85


class ServiceDouble:
    """One service on a port of this machine. Use `served`."""

    def __init__(self, name: str, script: Script | None, faults: Faults, keys: tuple[str, ...]) -> None:
        self.name = name
        self.rules: Rules = {**HOSTED, **LOCAL}[name]
        self.faults = faults
        self.script = script or sound_reply
        self.keys = keys
        self.key_env = f"WETHINK_TEST_KEY_{uuid.uuid4().hex[:8].upper()}"
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.refusals: list[tuple[int, str]] = []
        self.port = 0
        self._answered = 0
        self._window_began = time.monotonic()
        self._in_window = {"requests": 0, "tokens": 0}

    @property
    def url(self) -> str:
        """Base URL for a role."""
        return f"http://127.0.0.1:{self.port}{self.rules.url}"

    @property
    def key_envs(self) -> tuple[str, ...]:
        """Variables with the further keys."""
        return tuple(f"{self.key_env}_{number}" for number in range(1, len(self.keys)))

    def role(self, **changes: Any) -> dict[str, Any]:
        """Settings of a role that asks this service in its dialect."""
        key = {"api_key_env": self.key_env} if self.rules.key_header else {}
        table = {"provider": "endpoint", "url": self.url, "model": self.rules.model, "dialect": self.name}
        return {**table, **key, **self.rules.role, **changes}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer any request."""
        text = await request.text()
        if self.faults.delay:
            await asyncio.sleep(self.faults.delay)
        told: dict[str, str] = dict(self.faults.headers)
        try:
            if request.method == "GET" and request.path.endswith("/models"):
                return web.json_response({"object": "list", "data": [{"id": self.rules.model, "object": "model"}]})
            body = self._checked(request, text)
            self.show_faults(body, told)
            answer = self.answer(body)
        except Refused as refused:
            self.refusals.append((refused.status, refused.message))
            told.update(refused.headers)
            return web.json_response(self.rules.error(refused), status=refused.status, headers=told)
        self._answered += 1
        return web.json_response(answer, headers=told)

    def _checked(self, request: web.Request, text: str) -> dict[str, Any]:
        rules = self.rules
        if self.faults.status:
            raise Refused(self.faults.status, f"status {self.faults.status}", kind="server_error")
        self.require_key(request)
        try:
            body: dict[str, Any] = json.loads(text)
        except ValueError:
            raise Refused(400, "We could not parse the JSON body of your request") from None
        asked = str(body.get("model", ""))
        named = asked or rules.model
        if request.method != "POST" or request.path_qs != rules.path.replace("{model}", named):
            raise Refused(404, f"Invalid URL ({request.method} {request.path_qs})", "404")
        self.check_body(body)
        self.headers.append(dict(request.headers))
        return body

    def require_key(self, request: web.Request) -> None:
        """Refuse a request without a key that the service knows."""
        rules = self.rules
        if rules.key_header:
            given = request.headers.get(rules.key_header, "")
            key = given.removeprefix(rules.key_prefix)
            if not given.startswith(rules.key_prefix) or key not in self.keys or key in self.faults.refused_keys:
                raise Refused(401, "Incorrect API key provided", "invalid_api_key")

    def check_body(self, body: dict[str, Any]) -> None:
        """Hold a conversation's request against the rules, and note it."""
        rules = self.rules
        named = str(body.get("model", "")) or rules.model
        if not rules.any_model and named != rules.model:
            raise Refused(
                404, f"The model `{named}` does not exist or you do not have access to it.", "model_not_found"
            )
        for name in body:
            if rules.takes is not None and name not in rules.takes | {"model", "messages"}:
                raise rules.unknown(name, body)
        _check_messages(body)
        for check in rules.checks:
            check(body)
        self.requests.append(body)

    def show_faults(self, body: Body, told: dict[str, str]) -> None:
        """Refuse a sound request for a fault that the service shows; `told` gets headers."""
        rules, faults = self.rules, self.faults
        if faults.balance_for is not None and self._answered >= faults.balance_for:
            raise (faults.quota and rules.quota_spent) or rules.spent
        self._limited(body, told)
        if faults.moderated is not None and faults.moderated(body):
            raise rules.moderated

    def _limited(self, body: Body, told: dict[str, str]) -> None:
        limits = {"requests": self.faults.requests_a_minute, "tokens": self.faults.tokens_a_minute}
        spent = {"requests": 1, "tokens": prompt_tokens(body) + room(body)}
        now = time.monotonic()
        if now - self._window_began >= self.faults.window:
            self._window_began, self._in_window = now, {"requests": 0, "tokens": 0}
        reset = self._window_began + self.faults.window - now
        over = any(limit is not None and self._in_window[unit] + spent[unit] > limit for unit, limit in limits.items())
        for unit, limit in limits.items():
            if limit is None:
                continue
            self._in_window[unit] += 0 if over else spent[unit]
            if self.rules.limits is not None:
                told.update(self.rules.limits(str(limit), unit, limit - self._in_window[unit], reset))
        if over:
            raise self.rules.too_many(reset)

    def answer(self, body: Body) -> Any:
        """The reply to a request."""
        rules, faults = self.rules, self.faults
        if faults.error_in_200:
            return rules.error_in_200(faults.error_in_200)
        text = self.script(body)
        finish = "stop"
        if faults.needs_tokens > room(body):
            text, finish = text[: max(1, len(text) * room(body) // faults.needs_tokens)], "length"
        message = rules.message(text, THOUGHT if rules.thinks(body) else "", body)
        if faults.refusal:
            message |= {"content": None, "refusal": faults.refusal}
        usage: dict[str, Any] = {"prompt_tokens": prompt_tokens(body), "completion_tokens": max(1, len(text) // 4)}
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
        if faults.cached_tokens:
            rules.cached(usage, faults.cached_tokens)
        reason = faults.finish_reason or rules.finish_reasons.get(finish, finish)
        return {
            "id": f"chatcmpl-{self._answered}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": faults.model or str(body.get("model") or rules.model),
            "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
            **({"usage": usage} if faults.usage else {}),
        }


def room(body: Body) -> int:
    """Tokens that a reply may have."""
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_new_tokens") or 4096)


def prompt_tokens(body: Body) -> int:
    """A plain count of a prompt's tokens."""
    images = sum(part["type"] == "image_url" for part in parts_of(body))
    return len(texts_of(body)) // 4 + TOKENS_OF_AN_IMAGE * images + 1


def _check_messages(body: Body) -> None:
    for number, message in enumerate(body.get("messages") or [{}]):
        if message.get("role") not in ("system", "developer", "user", "assistant") or "content" not in message:
            raise Refused(400, f"Invalid value for messages[{number}]", param=f"messages[{number}]")
        for part in message["content"] if isinstance(message["content"], list) else []:
            if part.get("type") == "text" and isinstance(part.get("text"), str):
                continue
            if part.get("type") != "image_url":
                raise Refused(400, f"Invalid value: '{part.get('type')}'", param=f"messages[{number}].content")
            head, _, data = part["image_url"]["url"].partition(";base64,")
            try:
                base64.b64decode(data, validate=True)
            except binascii.Error:
                data = ""
            if not (head.startswith("data:image/") and data):
                raise Refused(400, "Invalid image data", "invalid_image")


def sound_reply(body: Body) -> str:
    """A sentence, or an instance of the schema that the request or its prompt holds."""
    schema = asked_schema(body)
    if not (schema and schema.get("properties")):  # any object will do, or nothing is said of it
        schema = schema_in(texts_of(body))
    return json.dumps(instance(schema)) if schema is not None else SENTENCE


def schema_in(text: str) -> Mapping[str, Any] | None:
    """The first JSON schema of an object that stands in a text."""
    start = text.find("{")
    while start >= 0:
        try:
            value, _ = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            value = None
        if isinstance(value, dict) and isinstance(value.get("properties"), dict):
            return value
        start = text.find("{", start + 1)
    return None


def instance(schema: Mapping[str, Any]) -> Any:
    """A small value that follows a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return instance(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        return {name: instance(each) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        count = max(1, int(schema.get("minItems", 1)))
        each = [instance(schema.get("items", {"type": "string"})) for _ in range(count)]
        numbered = all(isinstance(one, dict) and "number" in one for one in each)
        return [{**one, "number": number} for number, one in enumerate(each, 1)] if numbered else each
    return {"boolean": True, "integer": 1, "number": 1.0, "null": None}.get(str(kind), "a red square")


Double = TypeVar("Double", bound=ServiceDouble)


@contextmanager
def served_as(
    kind: type[Double],
    name: str,
    script: Script | None = None,
    faults: Faults | None = None,
    keys: tuple[str, ...] = ("sk-double-0001",),
    model: str = "",
) -> Iterator[Double]:
    """A double of the service `name` while the block runs, with its keys in the environment: the first in `key_env`, the others in `key_envs`.

    It serves another model than usual where one is named; `kind` is what stands on the port.
    """
    double = kind(name, script, faults or Faults(), keys)
    if model:
        double.rules = replace(double.rules, model=model)
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=2**27)
        app.router.add_route("*", "/{path:.*}", double.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        double.port = runner.addresses[0][1]
        return runner

    thread = threading.Thread(target=loop.run_forever, name=f"double of {name}", daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result()
    variables = dict(zip((double.key_env, *double.key_envs), keys, strict=True))
    os.environ.update(variables)
    try:
        yield double
    finally:
        for variable in variables:
            os.environ.pop(variable, None)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def served(
    name: str,
    script: Script | None = None,
    faults: Faults | None = None,
    keys: tuple[str, ...] = ("sk-double-0001",),
    model: str = "",
) -> Iterator[ServiceDouble]:
    """A double of the service `name`, as `served_as` has it."""
    with served_as(ServiceDouble, name, script, faults, keys, model) as double:
        yield double
