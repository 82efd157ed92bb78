"""Event loop of the models, on a thread of its own, and the garbage collector at its side.

A thousand calls in flight are a hundred thousand objects that all are in use. The collector of cycles looks through them after every few hundred
new ones, which was a tenth of the processor time of a call; while the loop runs it does so more seldom.
"""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from wethink_assets.errors import ModelError

T = TypeVar("T")
SELDOM = (20_000, 20, 20)
"""New objects after which the young are collected, collections of the young for one of the middle-aged, and of these for one of all."""


class EventLoop:
    """An event loop on a thread that begins with the first work and ends with `close`; then it may begin anew."""

    def __init__(self, name: str) -> None:
        """`name` is the thread's."""
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def began(self) -> bool:
        """Whether it runs."""
        return self._loop is not None

    def running(self) -> asyncio.AbstractEventLoop:
        """The loop, running. Raises `ModelError` in its own thread, which would wait for itself."""
        with self._lock:
            if self._loop is None:
                self._loop = _new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
                _SELDOM_COLLECTED.begin()
            if self._thread is threading.current_thread():
                raise ModelError(f"the {self._name}' event loop cannot wait for itself")
            return self._loop

    def run(self, work: Coroutine[Any, Any, T], tick: Callable[[], None] | None = None, every: float = 0.5) -> T:
        """Run a coroutine and wait for it, from any thread but the loop's own; arguments as of `Models.run`."""
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_announced(work, ended), self.running())
        try:
            while True:
                try:
                    return future.result(every)
                except TimeoutError:
                    if future.done():  # the work itself raised a TimeoutError
                        raise
                if tick:
                    tick()
        except BaseException:
            if not future.done():
                future.cancel()
                ended.wait(30)
            raise

    def close(self) -> None:
        """End the loop and its thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            _SELDOM_COLLECTED.end()


class _SeldomCollected:
    """The collector's thresholds, which are the process's: raised while any loop runs, unless somebody set others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loops = 0
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        with self._lock:
            self._loops += 1
            before = gc.get_threshold()
            if self._loops == 1 and 0 < before[0] < SELDOM[0]:
                self._before = before
                gc.set_threshold(*SELDOM)

    def end(self) -> None:
        with self._lock:
            self._loops -= 1
            if not self._loops and self._before is not None:
                if gc.get_threshold() == SELDOM:
                    gc.set_threshold(*self._before)
                self._before = None


_SELDOM_COLLECTED = _SeldomCollected()


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """An event loop, of uvloop where that is installed: it takes a third less of a core for the same calls."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def _announced(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()
