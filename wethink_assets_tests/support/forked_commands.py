"""A process that runs `wethink` commands in forks of itself: each line of its input asks for one, each line of its output says how it ended."""

import json
import os
import signal
import sys
import tempfile
import time
from typing import Any

IMPORTED = (
    "dagster",
    "polars",
    "fsspec",
    "s3fs",
    "rich.progress",
    "rich.table",
    "wethink_assets.definitions",
    "wethink_assets.defs.runs.driver",
)


def _begin(asked: dict[str, Any], output: int, errors: int) -> None:
    """In the fork: become the command."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, output, errors)):
        os.dup2(stream, number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(n, mode, closefd=False) for n, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["wethink", *asked["arguments"]]


def _wait(process: int, seconds: float) -> int | None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def serve() -> bool:
    """Answer requests; True in a fork, which is a command from then on."""
    for name in IMPORTED:
        __import__(name)
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = os.fork()
            if not process:
                _begin(asked, os.dup(output.fileno()), os.dup(errors.fileno()))
                return True
            told: dict[str, Any] = {"code": _wait(process, asked["seconds"])}
            for name, stream in (("output", output), ("errors", errors)):
                stream.seek(0)
                told[name] = stream.read().decode(errors="replace")
        print(json.dumps(told), flush=True)
    return False


if __name__ == "__main__" and serve():
    from wethink_assets import cli

    cli.main()
