"""Main loop of VLMEvalKit's process: one request per line of its standard input, one reply per line of its standard output, until the input ends.

    {"do": "prompts", "key": ..., "md5": ..., "out": file}    a line per sample there: its index and the parts of its prompt
    {"do": "score", "key": ..., "predictions": file, "name": ..., "folder": ..., "judge": url, "token": ..., "width": n,
     "unanswered": indices, "out": file}

A reply is {"done": figures} or {"error": text}. What VLMEvalKit prints goes to standard error. When the input ends this process does; in the
middle of a request whoever asked is gone, so it ends at once.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from dagster_pipes import open_dagster_pipes

from wethink_assets.evaluation.vlmevalkit.driver.guard import Guard


def main() -> None:
    """Serve requests."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # VLMEvalKit prints results and progress
    requests = Requests()
    guard = Guard()
    guard.watch()
    with open_dagster_pipes() as pipes:
        began = time.monotonic()
        from wethink_assets.evaluation.vlmevalkit.driver import prompting, scoring

        prompting.load_kit()
        guard.closed = True
        pipes.log.info(f"VLMEvalKit is loaded ({time.monotonic() - began:.0f} s, process {os.getpid()})")
        do: dict[str, Callable[..., dict[str, Any]]] = {"prompts": prompting.write_prompts, "score": scoring.score}
        for request in requests:
            action, key = request.pop("do"), request["key"]
            if "judge" in request:
                guard.allow(request["judge"])
            began = time.monotonic()
            try:
                reply: dict[str, Any] = {"done": do[action](**request)}
                pipes.log.info(f"{action} of {key}: {time.monotonic() - began:.1f} s")
            except Exception as error:
                traceback.print_exc()
                reply = {"error": f"{type(error).__name__}: {error}"[:2000]}
            requests.busy.clear()
            replies.write(json.dumps(reply) + "\n")


class Requests:
    """Requests from standard input, in order, until it ends; `busy` from the coming of one until it was answered."""

    def __init__(self) -> None:
        self.busy = threading.Event()
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._lines = os.fdopen(os.dup(0))
        # A forked process (MathVision's comparisons, each with a time limit) closes sys.stdin first, and would wait for ever for whoever reads it.
        sys.stdin = open(os.devnull)  # noqa: SIM115
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def _read(self) -> None:
        for line in self._lines:
            self.busy.set()
            self._waiting.put(json.loads(line))
        if self.busy.is_set():
            os._exit(0)
        self._waiting.put(None)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._waiting.get, None)


if __name__ == "__main__":
    main()
