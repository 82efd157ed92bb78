"""How do a conversation and its reply look on the wire of an OpenAI-compatible endpoint?"""

import asyncio
import base64
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from wethink_assets.models.chat import Completion, Image, Message, Sampling

PICTURES_KEPT = 64 << 20


class Pictures:
    """Images as they stand in a request, the last ones kept: calls on one image come close to each other.

    Read in threads, and once where several calls want the same one at a time. For one event loop.
    """

    def __init__(self, most_bytes: int = PICTURES_KEPT) -> None:
        """Keep no more than `most_bytes`."""
        self._most = most_bytes
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0
        self._coming: dict[tuple[str, str], asyncio.Task[bytes]] = {}

    async def part(self, image: Image) -> bytes:
        """An image's part of a message, as JSON. Raises whatever reading the image raises."""
        key = (image.sha256, image.media_type)
        part = self._kept.get(key)
        if part is not None:
            self._kept.move_to_end(key)
            return part
        task = self._coming.get(key)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(_encoded, image))
            self._coming[key] = task
            task.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(task)

    def _keep(self, key: tuple[str, str], done: "asyncio.Task[bytes]") -> None:
        del self._coming[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = done.result()
        self._size += len(done.result())
        while self._size > self._most:
            self._size -= len(self._kept.popitem(last=False)[1])


def _encoded(image: Image) -> bytes:
    # Neither base64 nor a media type holds what JSON escapes.
    data = base64.b64encode(image.read())
    return b"".join(
        (b'{"type":"image_url","image_url":{"url":"data:', image.media_type.encode(), b";base64,", data, b'"}}')
    )


async def request_body(
    model: str, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling, pictures: Pictures
) -> bytes:
    """The request as JSON, each image once and before everything else, so that a server's prefix cache knows it again.

    Chat templates put a system message before the first turn, so what stands before an image would differ from prompt to prompt and the image
    be computed anew by each. Where an image follows a system message, its text therefore goes into the user's turn, after the image.
    """
    request: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
    if schema is not None:
        request["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": schema, "strict": True},
        }
    turns = [await _turn(message, before, pictures) for message, before in _image_first(messages)]
    head = b'{"model":' + json.dumps(model).encode("ascii") + b',"messages":['
    return b"".join((head, b",".join(turns), b"],", json.dumps(request).encode("ascii")[1:]))


def _image_first(messages: Sequence[Message]) -> list[tuple[Message, str]]:
    """Messages with the system text that moves into each."""
    if (
        len(messages) > 1
        and messages[0].role == "system"
        and messages[1].images
        and not (messages[0].images or messages[1].places)
    ):
        return [(messages[1], messages[0].text), *((message, "") for message in messages[2:])]
    return [(message, "") for message in messages]


async def _turn(message: Message, before: str, pictures: Pictures) -> bytes:
    if not message.images:
        return json.dumps({"role": message.role, "content": message.text}).encode("ascii")
    parts = [await pictures.part(image) for image in message.images]
    if message.places:
        parts = _interleaved(message, parts)
    else:
        parts += [_text(text) for text in ((before + "\n\n", message.text) if before else (message.text,))]
    return b'{"role":"' + message.role.encode("ascii") + b'","content":[' + b",".join(parts) + b"]}"


def _interleaved(message: Message, pictures: Sequence[bytes]) -> list[bytes]:
    """Texts and pictures by turns; texts that are empty are left out."""
    parts: list[bytes] = []
    said = 0
    for place, picture in zip(message.places, pictures, strict=True):
        parts += [_text(message.text[said:place])] if place > said else []
        parts.append(picture)
        said = place
    return [*parts, _text(message.text[said:])] if message.text[said:] else parts


def _text(text: str) -> bytes:
    return json.dumps({"type": "text", "text": text}).encode("ascii")


def completion_of(text: str, model: str) -> Completion:
    """The reply in a response's text, a separate thought folded in as `<think>`. Raises `ValueError` when it is none."""
    try:
        reply = json.loads(text)
        choice = reply["choices"][0]
        message = choice["message"]
        said = message.get("content") or ""
        thought = message.get("reasoning_content") or message.get("reasoning") or ""
        usage = reply.get("usage") or {}
        if not isinstance(said, str) or not isinstance(thought, str):
            raise TypeError("content is no text")
        return Completion(
            text=f"<think>{thought}</think>{said}" if thought else said,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
            finish_reason=str(choice.get("finish_reason") or "stop"),
            model=str(reply.get("model") or model),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"the reply is no chat completion ({type(error).__name__}): {text[:120]!r}") from None
