"""Real HTTP servers for tests of the endpoint client: in the test's own loop, or as a process that can be killed."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiohttp import web

from wethink_assets.models.chat import Completion, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel

PROGRAM = Path(__file__).with_name("server_program.py")
HELLO = [Message("user", "hello")]
Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def reply(text: str | None, **message: Any) -> web.Response:
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
    return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})


class Endpoint:
    """A server whose handler decides on each request; requests are kept."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.times: list[float] = []
        self.paths: list[str] = []
        self.in_service = 0
        self.most_in_service = 0
        self.url = ""

    async def __aenter__(self) -> "Endpoint":
        async def serve(request: web.Request) -> web.StreamResponse:
            body = await request.json()
            self.requests.append(body)
            self.headers.append(request.headers)
            self.times.append(time.monotonic())
            self.paths.append(request.path_qs)
            self.in_service += 1
            self.most_in_service = max(self.most_in_service, self.in_service)
            try:
                return await self.handler(request, body)
            finally:
                self.in_service -= 1

        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", serve)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()


@contextmanager
def threaded(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Address of a server on loopback that answers in threads of its own, for clients that are not ours."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def asked(
    server: "Handler | Endpoint",
    use: Callable[[EndpointModel, Endpoint], Awaitable[Any]],
    **options: Any,
) -> tuple[Any, Endpoint]:
    """What `use` made of a model on a server, or on one with this handler, and the server."""

    async def work() -> tuple[Any, Endpoint]:
        async with server if isinstance(server, Endpoint) else Endpoint(server) as endpoint:
            model = EndpointModel(endpoint.url, "qwen", **{"pause": 0.01, "timeout": 5, **options})
            try:
                return await use(model, endpoint), endpoint
            finally:
                await model.aclose()

    return asyncio.run(work())


async def say_hello(model: EndpointModel, endpoint: Endpoint) -> Completion:
    return await model.chat(HELLO, sampling=Sampling(seed=5))


def in_turn(*responses: Callable[[], web.StreamResponse]) -> Handler:
    """Each response once, the last one ever after."""
    left = list(responses)

    async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return (left.pop(0) if len(left) > 1 else left[0])()

    return handler


async def worked_off(model: EndpointModel, calls: int, at_once: int) -> Counter[str]:
    """Replies to so many calls, or the errors' types, with `at_once` of them waiting at a time."""
    numbers = iter(range(calls))
    ended: Counter[str] = Counter()

    async def worker() -> None:
        for number in numbers:
            try:
                ended[(await model.chat([Message("user", str(number))], sampling=Sampling())).text] += 1
            except Exception as error:
                ended[type(error).__name__] += 1

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return ended


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """A server in a process of its own: answers with its name after `delay` seconds, `capacity` at once, others in line."""

    def __init__(self, name: str, delay: float = 0.02, capacity: int = 1000) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._command = [sys.executable, str(PROGRAM), name, str(self.port), str(delay), str(capacity)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@contextmanager
def processes(*servers: ServerProcess) -> Iterator[tuple[ServerProcess, ...]]:
    """Running servers; whatever happens they are gone afterwards."""
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()
