"""A tiny HTTP server in vLLM's place, started by vLLM's command line, for faults that the real one does not have on demand.

What it does wrong is named by WETHINK_TEST_FAULT in its table's env. GPUs are those that a script in nvidia-smi's place lists.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.storage.process_identity import process_start

SERVER = """
import argparse, http.server, json, os, signal, subprocess, sys, threading, time

fault = os.environ.get("WETHINK_TEST_FAULT", "")
parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
parser.add_argument("--host")
parser.add_argument("--served-model-name")
given, _ = parser.parse_known_args()
print("INFO starting on port", given.port, flush=True)
if fault == "out of memory":
    print("ERROR torch.OutOfMemoryError: CUDA out of memory", flush=True)
    sys.exit(7)
if fault == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if fault in ("stubborn", "child"):
    ignoring = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", ignoring])
time.sleep(float(os.environ.get("WETHINK_TEST_DELAY", 0)))
if fault == "never healthy":
    time.sleep(600)


dead = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health" and dead:
            self.reply({}, 503)
        elif self.path == "/v1/models":
            self.reply({"data": [{"id": given.served_model_name}]})
        else:
            names = ("CUDA_VISIBLE_DEVICES", "VLLM_API_KEY", "VLLM_CPU_KVCACHE_SPACE")
            self.reply({"argv": sys.argv[1:], "pid": os.getpid(), **{n: os.environ.get(n) for n in names}})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if fault == "mute":
            return self.reply({"error": "no"}, 500)
        text = request["messages"][-1]["content"]
        if text == "die":
            os._exit(3)
        if text == "lose the engine":
            dead.append(True)
            print("ERROR RuntimeError: CPU Generator does not use offset", flush=True)
            if fault != "stays":  # vLLM takes a while to end after its engine did, and says so until then
                threading.Timer(1.5, lambda: os._exit(0)).start()
        if dead:
            return self.reply({"error": {"message": "EngineCore encountered an issue."}}, 500)
        text = "pong from %d" % os.getpid()
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        self.reply({"choices": [choice], "model": given.served_model_name, "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

    def log_message(self, *args):
        print("INFO request", flush=True)


http.server.ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()
"""


def write_python(folder: Path) -> str:
    """A Python that has a vLLM: this one, with the stand-in on its path."""
    package = folder / "site" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    for part in (package, package.parent, package.parent.parent):
        (part / "__init__.py").touch()
    (package / "api_server.py").write_text(SERVER)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder / "site"} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def write_gpus(folder: Path, *gib: float) -> None:
    """An nvidia-smi that lists GPUs of so many GiB, all free."""
    folder.mkdir(exist_ok=True)
    lines = "\n".join(
        f"{n}, GPU-{n}{n}{n}{n}, Drawn {size:g}, {size * 1024:.0f}, {size * 1024:.0f}" for n, size in enumerate(gib)
    )
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\n")
    script.chmod(0o755)


def settings_of(folder: Path, python: str, servers: dict[str, dict[str, Any]], **roles: str) -> Settings:
    """Settings with these servers, all on the stand-in, and roles by the server that they name."""
    common = {
        "python": python,
        "weights": 0.01,
        "kv_cache": 0.01,
        "device": "cpu",
        "start_timeout": 60,
        "ports": [18100, 18999],
    }
    tables = {name: common | table for name, table in servers.items()}
    named = {role: {"server": server} for role, server in roles.items()}
    return Settings.model_validate({"servers": tables, "roles": named, "folder": str(folder)})


def running(process: int) -> bool:
    """Whether a process is there (a zombie is not)."""
    return process_start(process) is not None


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def pid_of(reply: str) -> int:
    """Process id in a reply of the stand-in."""
    return int(json.loads(f'"{reply}"').rpartition(" ")[2])
