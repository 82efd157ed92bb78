"""A small OpenAI-compatible server: `server_program.py NAME PORT SECONDS CAPACITY` replies with its name until its standard input ends."""

import asyncio
import sys

from aiohttp import web


async def serve(name: str, port: int, seconds: float, capacity: int) -> None:
    gate = asyncio.Semaphore(capacity)

    async def chat(request: web.Request) -> web.Response:
        await request.read()
        async with gate:
            await asyncio.sleep(seconds)
        return web.json_response({"choices": [{"message": {"content": name}, "finish_reason": "stop"}]})

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": []})

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
