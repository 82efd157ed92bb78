"""Model calls for one item: a second sample replaces a malformed reply."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from wethink_assets.models.chat import CallFailed, Image
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.echo_filter import require_own_words
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, parse_json_reply, split_answer
from wethink_assets.synthesis.calls.reply_schemas import json_schema
from wethink_assets.synthesis.calls.session import Synthesis

SAMPLES = 2
T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)


class ItemCalls:
    """The model calls made for one item; a second sample replaces a malformed reply."""

    def __init__(self, synthesis: Synthesis, item: str, image: Image | None = None) -> None:
        self._synthesis = synthesis
        self._item = item
        self._image = image
        self._keys: list[list[str]] = []

    @property
    def keys(self) -> list[str]:
        """Journal keys of the calls in the order in which they were begun, each once, whatever was answered first."""
        return list(dict.fromkeys(key for keys in self._keys for key in keys))

    async def text(
        self, prompt: str, *, bound: int = 20_000, when_empty: str = "malformed_reply", **variables: Any
    ) -> str:
        """A reply in words, without thoughts. One that was cut off counts as malformed; `when_empty` names what an empty one is."""

        def parse(reply: str) -> str:
            text = final_text(reply)
            if len(text) > bound:
                raise MalformedReply("too_long", f"{len(text)} characters where {bound} are allowed")
            self._require_own(prompt, text)
            return text

        return await self._ask(prompt, parse, None, True, variables, when_empty)

    async def answer(
        self, prompt: str, accept: Callable[[str], str], *, shown: bool = False, **variables: Any
    ) -> tuple[str, str]:
        """Thought and answer of a reply; `accept` turns the answer into its stored form or raises `MalformedReply`.

        `shown`: the thought is what was asked for, so it too must be the model's own words.
        """

        def parse(reply: str) -> tuple[str, str]:
            thought, answer = split_answer(reply)
            self._require_own(prompt, *([thought, answer] if shown else [answer]))
            return thought, accept(answer)

        return await self._ask(prompt, parse, None, True, variables)

    async def parsed(self, prompt: str, model: type[R], **variables: Any) -> R:
        """A JSON reply as `model`."""

        def parse(reply: str) -> R:
            value = parse_json_reply(reply, model)
            self._require_own(prompt, *(text for _, text in value if isinstance(text, str)))
            return value

        return await self._ask(prompt, parse, json_schema(model), False, variables)

    def _require_own(self, prompt: str, *texts: str) -> None:
        require_own_words(texts, self._synthesis.prompts[prompt].text)

    async def _ask(
        self,
        prompt: str,
        parse: Callable[[str], T],
        schema: dict[str, Any] | None,
        whole: bool,
        variables: dict[str, Any],
        when_empty: str = "malformed_reply",
    ) -> T:
        keys: list[str] = []
        self._keys.append(keys)
        fault = MalformedReply("empty")
        for sample in range(SAMPLES):
            key, completion = await self._synthesis.complete(
                prompt, self._item, variables, self._image_for(prompt), schema, sample
            )
            keys.append(key)
            cut_off = completion.finish_reason == "length"
            try:
                if cut_off and whole:
                    raise MalformedReply("length", f"cut off after {completion.completion_tokens} tokens")
                return parse(completion.text)
            except MalformedReply as error:
                fault = MalformedReply("length", f"cut off: {error}") if cut_off and error.code != "length" else error
        reason = {"length": "length", "empty": when_empty}.get(fault.code, "malformed_reply")
        raise Rejected(reason, f"{prompt}: {fault}")

    def _image_for(self, prompt: str) -> Image | None:
        return self._image if PROMPTS[prompt].image else None


async def together(*work: Awaitable[T]) -> list[T]:
    """Results of several calls made at once; if any fails, the first failure in the given order, after all have ended."""
    ended = await asyncio.gather(*work, return_exceptions=True)
    failures = [end for end in ended if isinstance(end, BaseException)]
    for failure in failures:
        if not isinstance(failure, (Rejected, CallFailed)):
            raise failure
    if failures:
        raise failures[0]
    return [end for end in ended if not isinstance(end, BaseException)]
