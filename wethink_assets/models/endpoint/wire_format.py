"""Wire format of an endpoint: paths, authorization, the body of a request and what a response holds, all that is specific to one API."""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wethink_assets.models.chat import Completion, Image, Message, Sampling

IMAGE_CACHE_BYTES = 48 << 20


class WireFormat(ABC):
    """The API that an endpoint speaks. Retries, limits and replicas are the same for all of them."""

    chat_path: str
    """Below the base URL: where conversations are posted."""
    health_path: str
    """Below the base URL: what a replica that is there answers to GET at once."""

    @abstractmethod
    def authorization(self, key: str) -> dict[str, str]:
        """Headers that carry an API key."""

    def further_headers(self) -> dict[str, str]:
        """Headers of every request beside the key's, with what the environment holds. Raises `ModelError` for a variable that it lacks."""
        return {}

    def secrets(self) -> tuple[str, ...]:
        """Texts of requests that must not be shown, beside the key."""
        return ()

    @abstractmethod
    async def request_body(
        self, model: str, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling
    ) -> bytes:
        """A request. Raises whatever reading an image raises."""

    @abstractmethod
    def completion(self, text: str, model: str, schema: Mapping[str, Any] | None = None) -> Completion:
        """The reply in a response's text, to a call with this schema. Raises `ValueError` when there is none."""


class EncodedImages:
    """Images as they stand in requests, the last ones kept: calls about one image come close to each other.

    Read in threads, and once where several calls want the same one at a time. For one event loop.
    """

    def __init__(self, encode: Callable[[Image], bytes], max_bytes: int = IMAGE_CACHE_BYTES) -> None:
        """Keep no more than `max_bytes` of what `encode` makes of images."""
        self._encode = encode
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0
        self._pending: dict[tuple[str, str], asyncio.Task[bytes]] = {}

    async def get(self, image: Image) -> bytes:
        """An image encoded. Raises whatever reading the image raises."""
        key = (image.sha256, image.media_type)
        encoded = self._kept.get(key)
        if encoded is not None:
            self._kept.move_to_end(key)
            return encoded
        task = self._pending.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._encode, image))
            self._pending[key] = task
            task.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(task)

    def _keep(self, key: tuple[str, str], done: "asyncio.Task[bytes]") -> None:
        del self._pending[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = done.result()
        self._size += len(done.result())
        while self._size > self._max_bytes:
            self._size -= len(self._kept.popitem(last=False)[1])
