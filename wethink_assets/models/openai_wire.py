"""How do a conversation and its reply look on the wire of an OpenAI-compatible endpoint?"""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from wethink_assets.models.chat import Completion, Message, Sampling


async def request_body(
    model: str, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling
) -> bytes:
    """The request as JSON. Images are read in threads, and come first in their message so that a prefix cache works."""
    request: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": await _content(message)} for message in messages],
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
    return json.dumps(request).encode("ascii")


async def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.text
    parts: list[dict[str, Any]] = []
    for image in message.images:
        data = base64.b64encode(await asyncio.to_thread(image.read)).decode("ascii")
        parts.append({"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{data}"}})
    return [*parts, {"type": "text", "text": message.text}]


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
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"the reply is no chat completion ({type(error).__name__}): {text[:120]!r}") from None
