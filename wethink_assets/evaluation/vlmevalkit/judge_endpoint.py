"""Judge endpoint for VLMEvalKit: a small OpenAI-compatible one on the loopback interface, open while a benchmark is scored.

So its judge is the role `judge`, whatever serves it, its calls are kept in the journal of benchmark and model like all others, and its
process needs neither key nor network.
"""

import asyncio
import hmac
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Message

PATH = "/v1/chat/completions"
MOST_BYTES = 16 << 20
T = TypeVar("T")
Judge = Callable[[list[Message], float], Awaitable[str]]
"""What the judge says to a conversation at a temperature, without its thought. Raises `CallFailed`, or `ModelError` when it is gone."""


@dataclass
class Served:
    """Where the judge is served. broken: why it cannot be asked any more; failed: calls that failed."""

    url: str = ""
    broken: ModelError | None = None
    failed: int = 0


@asynccontextmanager
async def judge_served(judge: Judge, token: str) -> AsyncIterator[Served]:
    """Serve a judge on a free port until the block ends; requests without the token are refused."""
    served = Served()

    async def answer(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}"):
            return _refused(401, "no key")
        try:
            body = await request.json()
            messages = [Message(turn["role"], _text_of(turn["content"])) for turn in body["messages"]]
            temperature = min(2.0, max(0.0, float(body.get("temperature") or 0)))
        except (ValueError, KeyError, TypeError) as error:
            return _refused(400, f"not understood: {error!r:.200}")
        try:
            reply = await judge(messages, temperature)
        except CallFailed as error:
            served.failed += 1
            return _refused(500, str(error)[:500])
        except ModelError as error:
            served.broken = error
            return _refused(503, str(error)[:500])
        choice = {"index": 0, "message": {"role": "assistant", "content": reply}, "finish_reason": "stop"}
        return web.json_response({"model": "judge", "choices": [choice]})

    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post(PATH, answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        served.url = f"http://{host}:{port}{PATH}"
        yield served
    finally:
        await runner.cleanup()


def _text_of(content: Any) -> str:
    """Text of a turn: a string, or parts of text alone."""
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content)


def _refused(status: int, why: str) -> web.Response:
    return web.json_response({"error": {"message": why}}, status=status)


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns, done in a thread that nothing waits for: whoever is interrupted need not wait for VLMEvalKit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def resolve(act: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            act(value)

    def run() -> None:
        try:
            act, value = future.set_result, work()
        except BaseException as error:
            act, value = future.set_exception, error  # type: ignore[assignment]
        if not loop.is_closed():
            loop.call_soon_threadsafe(resolve, act, value)

    threading.Thread(target=run, name="asks VLMEvalKit", daemon=True).start()
    return await future
