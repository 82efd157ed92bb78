"""Model calls for one item: more room for a reply that was cut off, a second sample in place of one that cannot be used."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from wethink_assets.models.chat import CallFailed, Completion, Image
from wethink_assets.models.finish_reasons import finish_reason_of
from wethink_assets.stages.prompts import PROMPTS
from wethink_assets.synthesis.calls.collector import Rejected, Waiting
from wethink_assets.synthesis.calls.echo_filter import require_own_words, without_latin
from wethink_assets.synthesis.calls.grouped_replies import Entry, grouped_entries, grouped_schema
from wethink_assets.synthesis.calls.images import within
from wethink_assets.synthesis.calls.non_replies import Wanted, refusal_in, require_no_refusal, require_reply
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, parse_json_reply, split_answer
from wethink_assets.synthesis.calls.reply_schemas import JsonReply, json_schema
from wethink_assets.synthesis.calls.session import Synthesis

SAMPLES = 2
ENDINGS: Mapping[str, tuple[str, str]] = {
    "length": ("cut_off", "cut off"),
    "filtered": ("filtered", "held back by the service's filter"),
    "refused": ("refused", "declined by the model"),
    "tool_calls": ("tool_call", "calls a tool instead"),
    "failed": ("failed", "given up by the service"),
}
"""Fault of a reply that did not end by itself, by its finish reason; a JSON object that is complete counts all the same."""
REASONS: Mapping[str, str] = {
    **{code: code for code in ("refused", "filtered", "cut_off", "no_answer", "wrong_language")},
    "failed": "endpoint_error",
}
"""Reason under which an item is rejected for the fault of its last reply, where that is not `malformed_reply`."""
T = TypeVar("T")
R = TypeVar("R", bound=JsonReply)


class ItemCalls:
    """The model calls made for one item.

    A reply that was cut off is asked for again with four times the room, up to what the role allows; one that is malformed, or none, by a second
    sample. Then the item is rejected: `refused`, `filtered`, `cut_off`, `no_answer`, `wrong_language`, `endpoint_error`, else `malformed_reply`.
    One that the model was not certain enough of is `unsure`, and not asked for again.
    """

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
        self,
        prompt: str,
        *,
        bound: int = 20_000,
        when_empty: str = "malformed_reply",
        wanted: Wanted = "text",
        certainty: float = 0.0,
        **variables: Any,
    ) -> str:
        """A reply in words, without thoughts. `when_empty` names what an empty one is; `wanted` is what the words should be.

        `certainty` is the least probability that the model may have given to one of the reply's tokens.
        """

        def parse(reply: str) -> str:
            text = final_text(reply)
            if len(text) > bound:
                raise MalformedReply("too_long", f"{len(text)} characters where {bound} are allowed")
            require_reply(text, wanted)
            if wanted == "description" and self._synthesis.language and without_latin(text):
                raise MalformedReply("wrong_language", f"no Latin letter in {text[:80]!r}")
            self._require_own(prompt, text)
            return text

        return await self._ask(prompt, parse, None, True, variables, when_empty, certainty)

    async def answer(
        self,
        prompt: str,
        accept: Callable[[str], str],
        *,
        shown: bool = False,
        certainty: float = 0.0,
        number: int = 0,
        temperature: float = 0.0,
        **variables: Any,
    ) -> tuple[str, str]:
        """Thought and answer of a reply; `accept` turns the answer into its stored form or raises `MalformedReply`.

        `shown`: the thought is what was asked for, so it too must be the model's own words. `certainty` as in `text`. `number` tells samples
        of the same call apart; `temperature` is that of those after the first, where it is not the role's.
        """

        def parse(reply: str) -> tuple[str, str]:
            thought, answer = split_answer(reply)
            if shown and thought:
                require_reply(thought)
            accepted = accept(answer)
            self._require_own(prompt, *([thought, answer] if shown else [answer]))
            return thought, accepted

        return await self._ask(
            prompt, parse, None, True, variables, certainty=certainty, number=number, temperature=temperature
        )

    async def parsed(self, prompt: str, model: type[R], **variables: Any) -> R:
        """A JSON reply as `model`."""

        def parse(reply: str) -> R:
            try:
                value = parse_json_reply(reply, model)
            except MalformedReply as fault:
                refusal = refusal_in(final_text(reply)) if fault.code == "not_json" else None
                raise MalformedReply("refused", refusal) if refusal else fault from None
            require_no_refusal(value.kept_texts())
            self._require_own(prompt, *(text for _, text in value if isinstance(text, str)))
            return value

        return await self._ask(prompt, parse, json_schema(model), False, variables)

    async def grouped(
        self,
        prompt: str,
        model: type[R],
        entries: Sequence[Mapping[str, Any]],
        *,
        check: Callable[[R], None] | None = None,
        again: Callable[[list[R]], Mapping[str, Any]] = lambda values: {},
        **variables: Any,
    ) -> list[Entry[R]]:
        """What became of each of several things that are asked for in one call, as `model`; those without a usable entry are asked for once more.

        Args:
            prompt: shows `entries`, numbered from 1, and wants a list of as many numbered objects.
            model: of one entry of the reply; names the list.
            entries: variables of each thing that is asked for.
            check: raises `MalformedReply` for an entry that must not be used; by default one whose texts refuse, or repeat the prompt.
            again: variables of the second call that follow from what the first one gave.
            variables: of the prompt, beside `entries`.
        """

        def sound(value: R) -> None:
            if check is None:
                require_no_refusal(value.kept_texts())
            else:
                check(value)
            self._require_own(prompt, *(text for _, text in value if isinstance(text, str)))

        ended: list[Entry[R]] = [Entry() for _ in entries]
        pending = list(range(len(entries)))
        room = 0
        for sample in range(SAMPLES):
            if not pending:
                break
            values = [entry.value for entry in ended if entry.value is not None]
            asked = {
                **variables,
                "entries": [entries[number] for number in pending],
                **(again(values) if sample else {}),
            }
            group = [ended[number] for number in pending]
            try:
                room = await self._ask_group(prompt, model, asked, sample, sound, group, room)
            except Waiting:  # what follows from the entries there are would be asked anew with the others
                raise
            except (Rejected, CallFailed) as fate:
                for entry in group:
                    entry.fate = None if entry.value is not None else fate
                break
            pending = [number for number in pending if ended[number].value is None]
        return ended

    async def _ask_group(
        self,
        prompt: str,
        model: type[R],
        variables: dict[str, Any],
        sample: int,
        check: Callable[[R], None],
        group: Sequence[Entry[R]],
        room: int,
    ) -> int:
        """Ask for the entries of a group, with `room` at least; a reply that was cut off with more, and where there is none its whole entries count.

        Returns the room that it came to.
        """
        keys: list[str] = []
        self._keys.append(keys)
        schema, image = grouped_schema(model, len(group)), self._image_for(prompt)
        room = max(room, self._synthesis.room_for(prompt, len(group)))
        while True:
            key, reply = await self._synthesis.complete(
                prompt, self._item, variables, image, schema, sample, room, False
            )
            keys.append(key)
            for entry, value in zip(group, _group_in(reply, model, len(group), check), strict=True):
                entry.keys.append(key)
                if not isinstance(value, MalformedReply):
                    entry.value, entry.fate = value, None
                elif entry.value is None:
                    reason = REASONS.get(value.code, "malformed_reply")
                    entry.fate = Rejected(reason, f"{prompt}: {value}")
            cut_off = any(entry.fate is not None and entry.fate.reason == "cut_off" for entry in group)
            more = self._synthesis.more_room(prompt, reply, room) if cut_off else 0
            if not more:
                return room
            room = more

    def _require_own(self, prompt: str, *texts: str) -> None:
        asked = self._synthesis.prompts[prompt]
        require_own_words(texts, asked.text, self._synthesis.language, asked.examples)

    async def _ask(
        self,
        prompt: str,
        parse: Callable[[str], T],
        schema: dict[str, Any] | None,
        whole: bool,
        variables: dict[str, Any],
        when_empty: str = "malformed_reply",
        certainty: float = 0.0,
        number: int = 0,
        temperature: float = 0.0,
    ) -> T:
        keys: list[str] = []
        self._keys.append(keys)
        fault = MalformedReply("empty")
        image = self._image_for(prompt)
        room = 0
        for sample in range(number * SAMPLES, (number + 1) * SAMPLES):
            while True:
                key, reply = await self._synthesis.complete(
                    prompt,
                    self._item,
                    variables,
                    image,
                    schema,
                    sample,
                    room,
                    certainty > 0,
                    temperature if number else 0.0,
                )
                keys.append(key)
                try:
                    value = _parsed(reply, parse, whole)
                except MalformedReply as error:
                    fault = error
                else:
                    _require_certain(prompt, reply, certainty)
                    return value
                more = self._synthesis.more_room(prompt, reply, room) if fault.code == "cut_off" else 0
                if not more:
                    break
                room = more
        reason = {"empty": when_empty}.get(fault.code, REASONS.get(fault.code, "malformed_reply"))
        raise Rejected(reason, f"{prompt}: {fault}")

    def _image_for(self, prompt: str) -> Image | None:
        use = PROMPTS[prompt]
        if self._image is None or not use.image:
            return None
        role = self._synthesis.settings.role(use.role)
        return within(self._image, role.image_pixels, role.image_bytes)


def _require_certain(prompt: str, reply: Completion, least: float) -> None:
    """Raise `Rejected` where the model gave one of the reply's tokens a smaller probability than this."""
    if reply.certainty is not None and reply.certainty < least:
        raise Rejected("unsure", f"{prompt}: a token of probability {reply.certainty:.2f} in {reply.text[:80]!r}")


def _parsed(reply: Completion, parse: Callable[[str], T], whole: bool) -> T:
    """What a reply says. Raises `MalformedReply`, of one that did not end by itself for its finish reason."""
    ended = finish_reason_of(reply.finish_reason)
    code, cause = ENDINGS.get(ended, ("", ""))
    if code in ("refused", "filtered", "failed") or (code and whole):
        raise MalformedReply(code, f"{cause} after {reply.completion_tokens} tokens: {reply.text[:80]!r}")
    try:
        return parse(reply.text)
    except MalformedReply as error:
        raise MalformedReply(code, f"{cause}: {error}") if code else error from None


def _group_in(reply: Completion, model: type[R], count: int, check: Callable[[R], None]) -> list[R | MalformedReply]:
    """Entries of a grouped reply; where it did not end by itself, those that it lacks have the fault of how it ended."""
    ended = finish_reason_of(reply.finish_reason)
    code, cause = ENDINGS.get(ended, ("", ""))
    try:
        if code in ("refused", "filtered", "failed"):
            raise MalformedReply(code, f"{cause} after {reply.completion_tokens} tokens: {reply.text[:80]!r}")
        values = grouped_entries(reply.text, model, count, check)
    except MalformedReply as fault:
        refusal = refusal_in(final_text(reply.text)) if fault.code == "not_json" and not code else None
        whole = MalformedReply("refused", refusal) if refusal else fault
        values = [whole] * count
    lost = ("lacks_entry", "not_json", "unclosed_think", "empty")
    return [
        MalformedReply(code, f"{cause}: {value}")
        if code and isinstance(value, MalformedReply) and value.code in lost
        else value
        for value in values
    ]


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
