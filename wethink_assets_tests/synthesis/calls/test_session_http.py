"""A stage over a real HTTP endpoint: the endpoint dies in the middle, the run says so, and the next one goes on from the journal."""

import asyncio
import base64
import hashlib
import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import drawn_images, good_script
from wethink_assets_tests.synthesis.conftest import BATCH

KEY = "sk-not-to-be-found-anywhere"
PASSWORD = "nor-is-this-one"


class Server:
    """An OpenAI-compatible endpoint on a thread, answering by `good_script`; `left` requests, then it drops every connection."""

    def __init__(self) -> None:
        self.left = 10**9
        self.authorization = f"Bearer {KEY}"
        self.seen: Counter[str] = Counter()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == self.authorization
        body = await request.json()
        if self.left <= 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        self.left -= 1
        self.seen[hashlib.sha256(json.dumps(body).encode()).hexdigest()] += 1
        first, *others = body["messages"]
        variables: dict[str, Any]
        if others:
            name, variables = first["content"], json.loads(others[0]["content"])
        else:
            parts = first["content"]
            assert [part["type"] for part in parts] == ["image_url", "text", "text"], "the image goes first"
            name, variables = parts[1]["text"].strip(), json.loads(parts[2]["text"])
            data = base64.b64decode(parts[0]["image_url"]["url"].partition("base64,")[2])
            variables["pixels"] = hashlib.sha256(data).hexdigest()
        await asyncio.sleep(0.005)
        text = good_script(name, variables, 0)
        return web.json_response({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


def test_the_endpoint_dies_and_comes_back(
    server: Server, store: Store, pack: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    role = {
        "provider": "endpoint",
        "url": server.url,
        "model": "qwen",
        "revision": "r1",
        "api_key_env": "MY_KEY",
        "timeout": 5,
    }
    settings = Settings.model_validate(
        {"pipeline": {"prompt_pack": pack, "concurrency": 8}, "roles": {"describer": role, "reasoner": role}}
    )
    images = drawn_images(store, 30)

    def run() -> StageOutput:
        with Models.open(settings) as models:
            model = models.role("describer")
            assert isinstance(model, EndpointModel) and model is models.role("reasoner")
            model.pause = 0.01
            with Synthesis.open(settings, store, models, "descriptions", BATCH) as synthesis:
                return describe_images(images, synthesis)

    server.left = 70
    with pytest.raises(ModelError, match=f"qwen at {server.url} is not reachable") as caught:
        run()
    kept = journaled_calls(store, "descriptions", BATCH)
    assert 70 - 8 <= kept.height <= 70

    server.left = 10**9
    output = run()
    assert output.results.height == 30 and output.rejections.is_empty()
    assert sum(server.seen.values()) <= 30 * 6 + (70 - kept.height)
    assert len(server.seen) == 30 * 6

    told = f"{caught.value!r} {caplog.text} {journaled_calls(store, 'descriptions', BATCH).to_dicts()}"
    assert KEY not in told
    for path in store.files(""):
        assert KEY.encode() not in store.read(path)


def test_logins_of_replicas_are_stored_nowhere(
    server: Server, store: Store, pack: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.authorization = f"Basic {base64.b64encode(f'me:{PASSWORD}'.encode()).decode()}"
    urls = [server.url.replace("http://", f"http://me:{PASSWORD}@"), f"http://me:{PASSWORD}@127.0.0.1:9/v1"]
    role = {"provider": "endpoint", "urls": urls, "model": "qwen", "timeout": 5}
    settings = Settings.model_validate(
        {"pipeline": {"prompt_pack": pack, "concurrency": 8}, "roles": {"describer": role, "reasoner": role}}
    )
    with (
        caplog.at_level(logging.DEBUG),
        Models.open(settings) as models,
        Synthesis.open(settings, store, models, "descriptions", BATCH) as synthesis,
    ):
        output = describe_images(drawn_images(store, 10), synthesis)
        told = f"{synthesis.provenance()} {caplog.text}"
    assert output.results.height == 10, "the replica that nobody listens at costs no item"
    assert PASSWORD not in told + str(journaled_calls(store, "descriptions", BATCH).to_dicts())
    for path in store.files(""):
        assert PASSWORD.encode() not in store.read(path)
