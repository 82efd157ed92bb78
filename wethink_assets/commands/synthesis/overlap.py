"""Overlap of batches: a few are worked on at a time, so that where a stage of one ends another keeps the endpoints full.

Each is worked on in a thread of its own; their model calls share one event loop and one bound of calls in flight, in which the oldest batch goes
first (`wethink_assets.models.call_gate`). How many images are at work at a time is bounded, and so is memory.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")
LOOK_UP = 0.5  # seconds after which a signal is noticed that reached another thread than the main one
MOST_IMAGES = 20_000
"""Images of the batches at work at a time, unless a single one has more: a larger batch leaves fewer gaps, and takes more memory."""


def work_overlapped(
    sizes: Mapping[str, int],
    work: Callable[[str], T],
    ended: Callable[[str, T], bool],
    at_once: int,
    stop: Callable[[], None] = lambda: None,
    most_images: int = MOST_IMAGES,
) -> None:
    """Work on batches, a few at a time. They begin in the order of `sizes`.

    Args:
        sizes: images of each batch.
        work: is called with a batch, in a thread of its own where several are worked on at a time, else in this one.
        ended: is called in this thread with each batch that ended and what came of it; after it returned False no further batch begins.
        at_once: batches worked on at a time, at most.
        stop: is called when this thread is interrupted, or `work` or `ended` raises: makes all work that goes on raise soon.
        most_images: of the batches worked on at a time.

    Raises what `work` or `ended` raises first, once all work has ended.
    """
    if at_once <= 1 or len(sizes) <= 1:
        for batch in sizes:
            if not ended(batch, work(batch)):
                return
        return
    waiting = deque(sizes)
    at_work: dict[Future[T], str] = {}
    ready = threading.Barrier(at_once)
    with _streams_put_back(), ThreadPoolExecutor(at_once, "batch") as pool:
        try:
            # All threads are there before work begins: one whose start is interrupted is not waited for at the end.
            for _ in range(at_once):
                pool.submit(ready.wait)
            while waiting or at_work:
                while waiting and len(at_work) < at_once:
                    images = sum(sizes[batch] for batch in (*at_work.values(), waiting[0]))
                    if at_work and images > most_images:
                        break
                    batch = waiting.popleft()
                    at_work[pool.submit(work, batch)] = batch
                wait(at_work, LOOK_UP, FIRST_COMPLETED)
                for future in [each for each in at_work if each.done()]:
                    if not ended(at_work.pop(future), future.result()):
                        waiting.clear()
        except BaseException:
            ready.abort()
            stop()
            raise


@contextmanager
def _streams_put_back() -> Iterator[None]:
    """Standard output and error are what they were: Dagster exchanges them for each run, and several at a time put them back in any order."""
    kept = {}
    for descriptor in (1, 2):
        with suppress(OSError):
            kept[descriptor] = os.dup(descriptor)
    try:
        yield
    finally:
        for descriptor, copy in kept.items():
            os.dup2(copy, descriptor)
            os.close(copy)
