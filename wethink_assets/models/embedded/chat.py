"""The embedded model as a `ChatModel`: collects waiting calls into batches and answers them on a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Completion, Message, Sampling
from wethink_assets.models.embedded.checkpoints import checkpoint_digest, checkpoint_folder

if TYPE_CHECKING:
    from wethink_assets.models.embedded.engine import Engine, Request

LARGEST_BATCH = 64
BATCH_WINDOW = 0.006
"""Seconds to wait for more calls before a batch starts, as long as they keep coming."""
ALIKE, SHORT = 3, 600
"""A batch's calls have at most so many times the characters of the oldest, and no fewer, but for short ones: all are padded to the longest."""
LOADING = threading.Lock()
"""Held while weights are loaded: transformers switches torch's initialisation for the whole process meanwhile, so that of two models loaded at
once one is left without weights."""


@dataclass(slots=True)
class _Waiting:
    messages: tuple[Message, ...]
    sampling: Sampling
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Completion]"
    images: int = 0
    size: int = 0
    request: "Request | None" = None


class EmbeddedModel:
    """A checkpoint of the package, in process.

    Calls that wait at the same time are answered together, up to 64, those with images apart from those without and similar lengths
    together. What a call is batched with does not change its reply.
    """

    def __init__(self, folder: Path, name: str, device: str = "cpu") -> None:
        self._folder, self._name, self._device = folder, name, device
        self._pending: list[_Waiting] = []
        self._arrived = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._engine: Engine | None = None

    @classmethod
    def open(cls, name: str, device: str = "cpu") -> "EmbeddedModel":
        """A checkpoint by name or folder; its weights are loaded at the first call. Raises `ModelError` when there is none."""
        return cls(checkpoint_folder(name), name, device)

    @property
    def model_id(self) -> str:
        """`embedded/` and the checkpoint's name."""
        return f"embedded/{self._name}"

    @property
    def revision(self) -> str:
        """sha256 of the checkpoint's files."""
        return checkpoint_digest(str(self._folder))

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        """Answer a conversation. `schema` is not enforced: the model was trained on the shapes of the pack `embedded`.

        Raises `CallFailed` when the prompt does not fit into the context or an image cannot be decoded, `ModelError` when the model was
        closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Completion] = loop.create_future()
        images = sum(len(message.images) for message in messages)
        size = sum(len(message.text) for message in messages)
        with self._arrived:
            if self._closed:
                raise ModelError(f"{self.model_id} was closed")
            self._pending.append(_Waiting(tuple(messages), sampling, loop, future, images, size))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self.model_id, daemon=True)
                self._thread.start()
            self._arrived.notify()
        return await future

    async def aclose(self) -> None:
        """Answer nothing more, end the thread and drop the weights; waiting calls fail."""
        with self._arrived:
            self._closed = True
            self._arrived.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._engine = None

    def _take(self) -> list[_Waiting]:
        """The next batch: the oldest call and those most like it; empty when the model was closed."""
        with self._arrived:
            while not self._pending and not self._closed:
                self._arrived.wait()
            if self._closed:
                left, self._pending = self._pending, []
                for waiting in left:
                    _fail(waiting, ModelError(f"{self.model_id} was closed"))
                return []
            seen = 0
            while seen != len(self._pending) and len(self._pending) < LARGEST_BATCH:
                seen = len(self._pending)
                self._arrived.wait_for(lambda: self._closed or len(self._pending) >= LARGEST_BATCH, BATCH_WINDOW)
            oldest = self._pending[0]
            least, most = max(oldest.size, SHORT) / ALIKE, max(oldest.size, SHORT) * ALIKE
            alike = [
                waiting
                for waiting in self._pending
                if bool(waiting.images) == bool(oldest.images) and least <= max(waiting.size, SHORT) <= most
            ]
            alike.sort(key=lambda waiting: abs(waiting.size - oldest.size))
            batch = alike[:LARGEST_BATCH]
            taken = {id(waiting) for waiting in batch}
            self._pending = [waiting for waiting in self._pending if id(waiting) not in taken]
            return batch

    def _serve(self) -> None:
        while batch := self._take():
            batch = [waiting for waiting in batch if not waiting.future.cancelled()]
            # Whatever goes wrong here, somebody waits for the outcome: it must reach them, and the thread must live on.
            try:
                if self._engine is None:
                    self._engine = self._load()
                self._answer(self._engine, batch)
            except Exception as error:
                failure = error if isinstance(error, ModelError) else ModelError(f"{self.model_id} failed: {error!r}")
                for waiting in batch:
                    _fail(waiting, failure)

    def _load(self) -> "Engine":
        with LOADING:
            import torch

            from wethink_assets.models.embedded.engine import Engine

            # Kernels this small lose by being split over threads; the two models use the cores by answering side by side.
            torch.set_num_threads(1)
            return Engine(self._folder, self._device)

    def _answer(self, engine: "Engine", batch: list[_Waiting]) -> None:
        ready: list[_Waiting] = []
        for waiting in batch:
            try:
                waiting.request = engine.encode(waiting.messages, waiting.sampling)
                ready.append(waiting)
            except (ModelError, OSError) as error:
                _fail(
                    waiting,
                    error
                    if isinstance(error, ModelError)
                    else CallFailed(f"an image of the call cannot be read: {error}"),
                )
        if not ready:
            return
        requests = [waiting.request for waiting in ready if waiting.request is not None]
        replies = engine.reply(requests)
        for waiting, request, reply in zip(ready, requests, replies, strict=True):
            done = Completion(
                reply.text,
                len(request.tokens),
                reply.tokens,
                reply.finish_reason,
                self.model_id,
                certainty=reply.certainty,
            )
            _settle(waiting, done)


def _settle(waiting: _Waiting, completion: Completion) -> None:
    def settle() -> None:
        if not waiting.future.done():
            waiting.future.set_result(completion)

    _call_soon(waiting, settle)


def _fail(waiting: _Waiting, error: ModelError) -> None:
    def fail() -> None:
        if not waiting.future.done():
            waiting.future.set_exception(error)

    _call_soon(waiting, fail)


def _call_soon(waiting: _Waiting, callback: Any) -> None:
    try:
        waiting.loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the caller's loop has ended: nobody waits any more
        time.sleep(0)
