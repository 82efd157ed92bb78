"""Endpoint of fixed latency and capacity that answers any question with one of four options; a process of its own, used by `scoring.py`.

    python benchmarks/support/slow_endpoint.py LATENCY CAPACITY

It serves until its standard input ends. Its address is the first line on standard output; the last one counts calls, and says when the first came and
when the last was answered.
"""

import argparse
import asyncio
import json
import sys
import time

from aiohttp import web


def reply_to(text: str) -> str:
    """An option with a thought before it."""
    letter = "ABCD"[len(text) % 4]
    return f"<think>It is {letter}, I think, for many reasons.</think><answer>{letter}</answer>"


class SlowEndpoint:
    """Serves `capacity` calls at once, each for `latency` seconds; knows when the first came and the last was answered."""

    def __init__(self, latency: float, capacity: int) -> None:
        self._latency, self._gate = latency, asyncio.Semaphore(capacity)
        self.counts = {"calls": 0.0, "first": 0.0, "last": 0.0}

    async def chat(self, request: web.Request) -> web.Response:
        """`POST /v1/chat/completions`."""
        self.counts["first"] = self.counts["first"] or time.monotonic()
        data = await request.read()
        async with self._gate:
            until = time.monotonic() + self._latency
            content = json.loads(data)["messages"][-1]["content"]
            text = content if isinstance(content, str) else content[-1]["text"]
            await asyncio.sleep(until - time.monotonic())
        self.counts |= {"calls": self.counts["calls"] + 1, "last": time.monotonic()}
        choice = {"index": 0, "message": {"role": "assistant", "content": reply_to(text)}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 300, "completion_tokens": 30}})

    async def serve(self) -> None:
        """Serve until standard input ends; its address is the first line on standard output, its counts the last."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self.chat)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps(self.counts), flush=True)
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("latency", type=float, help="seconds that a call is served for")
    parser.add_argument("capacity", type=int, help="calls served at once")
    options = parser.parse_args()
    asyncio.run(SlowEndpoint(options.latency, options.capacity).serve())


if __name__ == "__main__":
    main()
