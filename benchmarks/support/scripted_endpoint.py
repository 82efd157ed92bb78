"""An OpenAI-compatible endpoint of fixed latency and capacity whose replies are a function of the request (see `scripted_replies`).

    python benchmarks/support/scripted_endpoint.py --port 8999 --latency 0.2 --capacity 64 --log calls.jsonl

At most `capacity` requests are served at once, each for `latency` seconds, the others wait in line: so capacity / latency calls a second
at best. With `--log` each finished call is a line {"finished": unix time, "call": sha256 of the request, "prompt": name} there, written just
before the reply is sent. It ends when its standard input does. From Python: `with endpoint(latency=0.2) as served: served.url`.
"""

import argparse
import asyncio
import hashlib
import importlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

MODEL = "scripted"


class ScriptedEndpoint:
    """Serves chat completions; counts what it served and how many it served at once."""

    def __init__(self, latency: float, capacity: int, log: Path | None) -> None:
        self._latency = latency
        self._gate = asyncio.Semaphore(capacity)
        self._capacity = capacity
        self._full_since = 0.0
        self._log = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._in_service = 0
        self.full_seconds = 0.0
        self.counts = {"served": 0, "prompt_tokens": 0, "completion_tokens": 0, "most_in_service": 0, "refused": 0}

    async def chat(self, request: web.Request) -> web.Response:
        """`POST /v1/chat/completions`."""
        from scripted_replies import asked_of, reply_to

        data = await request.read()
        async with self._gate:
            self._in_service += 1
            if self._in_service == self._capacity:
                self._full_since = time.monotonic()
            self.counts["most_in_service"] = max(self.counts["most_in_service"], self._in_service)
            until = time.monotonic() + self._latency
            try:
                asked = asked_of(json.loads(data))
                text = reply_to(asked)
                await asyncio.sleep(max(0.0, until - time.monotonic()))
            except (KeyError, IndexError, TypeError, ValueError) as error:
                self.counts["refused"] += 1
                return web.json_response({"error": {"message": f"not understood: {error!r:.200}"}}, status=400)
            finally:
                if self._in_service == self._capacity:
                    self.full_seconds += time.monotonic() - self._full_since
                self._in_service -= 1
        usage = {"prompt_tokens": len(asked.text) // 4, "completion_tokens": 1 + len(text) // 4}
        self.counts["served"] += 1
        for name, tokens in usage.items():
            self.counts[name] += tokens
        if self._log is not None:
            line = {"finished": time.time(), "call": hashlib.sha256(data).hexdigest(), "prompt": asked.prompt}
            os.write(self._log, json.dumps(line).encode() + b"\n")
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage["total_tokens"] = sum(usage.values())
        return web.json_response({"model": MODEL, "choices": [choice], "usage": usage})

    async def report(self, _: web.Request) -> web.Response:
        """`GET /counts`: calls served, tokens, the most served at once, milliseconds for which that was the capacity."""
        return web.json_response(self.counts | {"full_ms": round(1000 * self.full_seconds)})


@dataclass(frozen=True)
class EndpointProcess:
    """A running endpoint in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def counts(self) -> dict[str, int]:
        """What it has served so far."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/counts", timeout=10) as response:
            return dict(json.load(response))

    def role(self) -> dict[str, Any]:
        """Settings of a `[roles.*]` table that asks it."""
        return {"provider": "endpoint", "url": self.url, "model": MODEL}


@contextmanager
def endpoint(latency: float = 0.2, capacity: int = 64, log: Path | None = None) -> Iterator[EndpointProcess]:
    """An endpoint on a free port of this machine while the block runs; it ends with this process, whatever happens to that."""
    command = [sys.executable, str(Path(__file__)), "--latency", str(latency), "--capacity", str(capacity)]
    command += ["--log", str(log)] if log else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("the scripted endpoint did not start")
        yield EndpointProcess(url, process)
        process.communicate()


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until standard input ends."""
    importlib.import_module("scripted_replies")  # loads the prompts: the first request must not wait for that
    scripted = ScriptedEndpoint(arguments.latency, arguments.capacity, arguments.log)
    app = web.Application(client_max_size=256 << 20)
    app.router.add_post("/v1/chat/completions", scripted.chat)
    app.router.add_get("/counts", scripted.report)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", arguments.port, backlog=4096)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds that one request is served for")
    parser.add_argument("--capacity", type=int, default=64, help="requests served at once")
    parser.add_argument("--log", type=Path, help="file that each finished call is appended to")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
