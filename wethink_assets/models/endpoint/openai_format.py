"""Wire format of OpenAI's chat completions, in the dialect of each service (`wethink_assets.models.dialects`)."""

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL.Image import DecompressionBombError

from wethink_assets.config.redaction import names_secret
from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Completion, Image, Message, Sampling
from wethink_assets.models.dialects.completions import completion_of
from wethink_assets.models.dialects.request_form import PLAIN_FORM, RequestForm
from wethink_assets.models.endpoint.wire_format import IMAGE_CACHE_BYTES, EncodedImages, WireFormat
from wethink_assets.sources.images.formats import format_of
from wethink_assets.sources.images.view import as_shown

MOST_SCHEMAS = 64
VARIABLE = re.compile(r"\$\{(\w+)\}")

SHORTEST_WRITTEN = 8  # characters of a word in a header that is masked: `Bearer` is none


class OpenAIFormat(WireFormat):
    """Chat completions with images as data URLs, in the form of requests of one role; holds the images that were encoded lately."""

    chat_path = "chat/completions"
    health_path = "models"

    def __init__(
        self,
        image_cache_bytes: int = IMAGE_CACHE_BYTES,
        *,
        form: RequestForm = PLAIN_FORM,
        images: EncodedImages | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is encoded yet.

        Args:
            image_cache_bytes: of encoded images that are kept.
            form: how requests are written.
            images: encoded images that are shared with other roles; None: this one's own.
            headers: further headers; `${NAME}` in a value stands for an environment variable.
        """
        self._form = form
        self._images = images or encoded_images(image_cache_bytes)
        self._headers = dict(headers or {})
        self._fields = _fields_of(form.fields)
        self._formats: dict[int, tuple[Mapping[str, Any], bytes, str]] = {}

    def authorization(self, key: str) -> dict[str, str]:
        """The key in the dialect's header: mostly a bearer token."""
        return {self._form.dialect.key_header: f"{self._form.dialect.key_prefix}{key}"}

    def further_headers(self) -> dict[str, str]:
        """The role's own headers. Raises `ModelError` for a variable that the environment lacks."""
        return {name: VARIABLE.sub(_value_of, value) for name, value in self._headers.items()}

    def secrets(self) -> tuple[str, ...]:
        """What the environment holds for the role's own headers, and what stands in those whose name says that they hold a secret."""
        names = (name for value in self._headers.values() for name in VARIABLE.findall(value))
        written = (word for name, value in self._headers.items() if names_secret(name) for word in value.split())
        given = (os.environ.get(name, "").strip() for name in names)
        return tuple(filter(None, (*given, *(word for word in written if len(word) >= SHORTEST_WRITTEN))))

    async def request_body(
        self, model: str, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling
    ) -> bytes:
        """The request as JSON, each image once and before everything else, so that a server's prefix cache knows it again.

        Chat templates put a system message before the first turn, so what stands before an image would differ from prompt to prompt and the
        image be computed anew by each. Where an image follows a system message, its text therefore goes into the user's turn, after the image.
        """
        tail = json.dumps(self._form.parameters(sampling)).encode("ascii")[:-1]
        if schema is not None:
            wanted, told = self._schema(schema)
            tail += wanted if len(tail) > 1 else wanted[2:]
            messages = _with_told(messages, told) if told else messages
        if self._fields:
            tail += self._fields if len(tail) > 1 else self._fields[2:]
        turns = [
            await self._turn(message, system) for message, system in _image_first(self._with_instructions(messages))
        ]
        head = b'{"model":' + json.dumps(model).encode("ascii") + b',"messages":['
        return b"".join((head, b",".join(turns), b"]," if len(tail) > 1 else b"]", tail[1:], b"}"))

    def _schema(self, schema: Mapping[str, Any]) -> tuple[bytes, str]:
        """`response_format` of a schema as it stands in a request, and what is told in the prompt; schemas are few, and written once."""
        kept = self._formats.get(id(schema))
        if kept is None or kept[0] is not schema:
            wanted = self._form.response_format(schema)
            fields = {self._form.rename.get("response_format", "response_format"): wanted} if wanted else {}
            kept = (schema, _fields_of(fields), self._form.told(schema))
            if len(self._formats) >= MOST_SCHEMAS:
                self._formats.clear()
            self._formats[id(schema)] = kept
        return kept[1], kept[2]

    def _with_instructions(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Messages with instructions where the form wants them; only a first system message has any."""
        if self._form.instructions != "user" or len(messages) < 2 or messages[0].role != "system":
            return messages
        first, second, *others = messages
        if second.images and not second.places:
            return messages  # they go into that turn anyway, after the image
        start = f"{first.text}\n\n"
        places = tuple(place + len(start) if place else 0 for place in second.places)
        return [replace(second, text=start + second.text, places=places), *others]

    async def _turn(self, message: Message, system: str) -> bytes:
        role = "developer" if message.role == "system" and self._form.instructions == "developer" else message.role
        if not message.images:
            return b'{"role": "' + role.encode("ascii") + b'", "content": ' + _quoted(message.text) + b"}"
        parts = [await self._images.get(self._readable(image)) for image in message.images]
        if message.places:
            parts = _interleaved(message, parts)
        else:
            parts += [_text_part(text) for text in ((system + "\n\n", message.text) if system else (message.text,))]
        return b'{"role":"' + role.encode("ascii") + b'","content":[' + b",".join(parts) + b"]}"

    def _readable(self, image: Image) -> Image:
        """An image under a type that the service reads: what is of another is sent as PNG."""
        return image if image.media_type in self._form.dialect.image_types else replace(image, media_type="image/png")

    def completion(self, text: str, model: str, schema: Mapping[str, Any] | None = None) -> Completion:
        """The reply in a response's text, a separate thought folded in as `<think>`. Raises `ValueError` when there is none."""
        return completion_of(text, model, schema, thinks=self._form.thinks)


def encoded_images(max_bytes: int = IMAGE_CACHE_BYTES) -> EncodedImages:
    """Images as parts of a message, to be shared among roles."""
    return EncodedImages(_image_part, max_bytes)


def _fields_of(fields: Mapping[str, Any]) -> bytes:
    """Fields of a request as they follow others in it."""
    return b", " + json.dumps(dict(fields)).encode("ascii")[1:-1] if fields else b""


def _value_of(variable: "re.Match[str]") -> str:
    value = os.environ.get(variable[1], "").strip()
    if not (value and value.isprintable()):
        raise ModelError(f"headers: environment variable {variable[1]} holds no value")
    return value


def _with_told(messages: Sequence[Message], told: str) -> list[Message]:
    """Messages with what is told of a schema: after the instructions, else at the end of the last turn."""
    changed = list(messages)
    position = 0 if messages[0].role == "system" else len(messages) - 1
    changed[position] = replace(messages[position], text=f"{messages[position].text}\n\n{told}")
    return changed


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
    """An image as a part: its own bytes where they show its view and are of its type, else a PNG of that. Raises `CallFailed`."""
    content, media_type = image.read(), image.media_type
    if format_of(content) is not None:
        try:
            media_type, content = as_shown(content, (media_type,))
        except (OSError, ValueError, SyntaxError, DecompressionBombError) as error:
            raise CallFailed(f"an image of the call cannot be decoded: {error}") from error
    # Neither base64 nor a media type holds what JSON escapes.
    return b"".join(
        (
            b'{"type":"image_url","image_url":{"url":"data:',
            media_type.encode(),
            b";base64,",
            base64.b64encode(content),
            b'"}}',
        )
    )


def _text_part(text: str) -> bytes:
    return b'{"type": "text", "text": ' + _quoted(text) + b"}"


def _quoted(text: str) -> bytes:
    return json.dumps(text).encode("ascii")  # of a bare text it takes a third of the time


def _interleaved(message: Message, images: Sequence[bytes]) -> list[bytes]:
    """Texts and images by turns; texts that are empty are left out."""
    parts: list[bytes] = []
    start = 0
    for position, image in zip(message.places, images, strict=True):
        parts += [_text_part(message.text[start:position])] if position > start else []
        parts.append(image)
        start = position
    return [*parts, _text_part(message.text[start:])] if message.text[start:] else parts
