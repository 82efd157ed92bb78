"""Wire format of OpenAI's chat completions, as vLLM and most hosted services speak it."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from wethink_assets.models.chat import Completion, Image, Message, Sampling
from wethink_assets.models.endpoint.wire_format import IMAGE_CACHE_BYTES, EncodedImages, WireFormat


class OpenAIFormat(WireFormat):
    """Chat completions with images as data URLs and JSON schemas as `response_format`; holds the images that were encoded lately."""

    chat_path = "chat/completions"
    health_path = "models"

    def __init__(self, image_cache_bytes: int = IMAGE_CACHE_BYTES) -> None:
        self._images = EncodedImages(_image_part, image_cache_bytes)

    def authorization(self, key: str) -> dict[str, str]:
        """A bearer token."""
        return {"Authorization": f"Bearer {key}"}

    async def request_body(
        self, model: str, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling
    ) -> bytes:
        """The request as JSON, each image once and before everything else, so that a server's prefix cache knows it again.

        Chat templates put a system message before the first turn, so what stands before an image would differ from prompt to prompt and the
        image be computed anew by each. Where an image follows a system message, its text therefore goes into the user's turn, after the image.
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
        turns = [await self._turn(message, system) for message, system in _image_first(messages)]
        head = b'{"model":' + json.dumps(model).encode("ascii") + b',"messages":['
        return b"".join((head, b",".join(turns), b"],", json.dumps(request).encode("ascii")[1:]))

    async def _turn(self, message: Message, system: str) -> bytes:
        if not message.images:
            return json.dumps({"role": message.role, "content": message.text}).encode("ascii")
        parts = [await self._images.get(image) for image in message.images]
        if message.places:
            parts = _interleaved(message, parts)
        else:
            parts += [_text_part(text) for text in ((system + "\n\n", message.text) if system else (message.text,))]
        return b'{"role":"' + message.role.encode("ascii") + b'","content":[' + b",".join(parts) + b"]}"

    def completion(self, text: str, model: str) -> Completion:
        """The reply in a response's text, a separate thought folded in as `<think>`. Raises `ValueError` when there is none."""
        try:
            reply = json.loads(text)
            choice = reply["choices"][0]
            message = choice["message"]
            content = message.get("content") or ""
            thought = message.get("reasoning_content") or message.get("reasoning") or ""
            usage = reply.get("usage") or {}
            if not isinstance(content, str) or not isinstance(thought, str):
                raise TypeError("content is not text")
            return Completion(
                text=f"<think>{thought}</think>{content}" if thought else content,
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                completion_tokens=int(usage.get("completion_tokens") or 0),
                finish_reason=str(choice.get("finish_reason") or "stop"),
                model=str(reply.get("model") or model),
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"the reply is not a chat completion ({type(error).__name__}): {text[:120]!r}") from None


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


def _image_part(image: Image) -> bytes:
    # Neither base64 nor a media type holds what JSON escapes.
    data = base64.b64encode(image.read())
    return b"".join(
        (b'{"type":"image_url","image_url":{"url":"data:', image.media_type.encode(), b";base64,", data, b'"}}')
    )


def _text_part(text: str) -> bytes:
    return json.dumps({"type": "text", "text": text}).encode("ascii")


def _interleaved(message: Message, images: Sequence[bytes]) -> list[bytes]:
    """Texts and images by turns; texts that are empty are left out."""
    parts: list[bytes] = []
    start = 0
    for position, image in zip(message.places, images, strict=True):
        parts += [_text_part(message.text[start:position])] if position > start else []
        parts.append(image)
        start = position
    return [*parts, _text_part(message.text[start:])] if message.text[start:] else parts
