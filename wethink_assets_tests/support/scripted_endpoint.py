"""The scripted model behind a real OpenAI-compatible endpoint, for runs in other processes."""

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wethink_assets_tests.support.scripted_model import good_script

Script = Callable[[str, dict[str, Any], int], Any]


class ScriptedEndpoint:
    """Serves `script`; an `Exception` that it returns becomes status 400. Counts what it was asked, by prompt."""

    def __init__(self, script: Script = good_script) -> None:
        self.script = script
        self.asked: Counter[str] = Counter()
        self.port = 0

    @property
    def url(self) -> str:
        """Base URL for `[roles.*] url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def reply(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer to a chat completion request."""
        first, *others = body["messages"]
        if others:
            name, variables = first["content"], json.loads(others[0]["content"])
        else:  # with an image, all is one turn that begins with it
            picture, system, user = first["content"]
            name, variables = system["text"].strip(), json.loads(user["text"])
            data = base64.b64decode(picture["image_url"]["url"].partition(",")[2])
            variables["pixels"] = hashlib.sha256(data).hexdigest()
        self.asked[name] += 1
        reply = self.script(name, variables, 0)
        if isinstance(reply, Exception):
            return 400, {"error": {"message": str(reply)}}
        message = {"role": "assistant", "content": reply}
        usage = {"prompt_tokens": 10, "completion_tokens": len(reply)}
        return 200, {"model": "scripted", "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}


@contextmanager
def scripted_endpoint(script: Script = good_script) -> Iterator[ScriptedEndpoint]:
    """A server on a free port of this machine."""
    endpoint = ScriptedEndpoint(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = endpoint.reply(body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
