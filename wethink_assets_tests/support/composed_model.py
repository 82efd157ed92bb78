"""An embedded model that answers grouped prompts by its single ones, each entry by itself: grouping tried on images whose truth is known."""

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.models.chat import ChatModel, Completion, Message, Sampling
from wethink_assets.stages.prompts import PROMPTS, pack_folder
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text
from wethink_assets.synthesis.calls.reply_schemas import Detail, Question, Screening
from wethink_assets.synthesis.prompt_packs import load_prompt

LISTED = {"questions": Question.listed, "screenings": Screening.listed, "all_details": Detail.listed}


def composed_pack(folder: Path) -> str:
    """The pack `embedded` with grouped prompts that are their name and variables, so that `Composed` can take them apart."""
    shutil.copytree(pack_folder(Settings(), "embedded"), folder)
    for name in LISTED:
        values = ", ".join(f'"{variable}": {variable}' for variable in PROMPTS[name].variables)
        (folder / f"{name}.md").write_text(f"{name}\n<!-- user -->\n{{{{ {{{values}}} | tojson }}}}\n")
    return str(folder)


class Composed:
    """Answers a grouped prompt of `composed_pack` by asking `model` its single prompt for each entry, anything else as `model` does."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model, self._settings = model, settings
        self.model_id, self.revision = model.model_id, model.revision

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        name = messages[0].text if messages[0].role == "system" else ""
        if name not in LISTED:
            return await self._model.chat(messages, schema=schema, sampling=sampling)
        variables = json.loads(messages[1].text)
        shared = {key: value for key, value in variables.items() if key != "entries"}
        prompt = load_prompt(self._settings, PROMPTS[name].groups)

        async def one(number: int, entry: Mapping[str, Any], further: Mapping[str, Any]) -> Completion:
            _, text = prompt.render(**shared, **entry, **further)
            turn = Message("user", text, messages[1].images)
            return await self._model.chat(
                [turn], schema=schema, sampling=replace(sampling, seed=sampling.seed + number)
            )

        replies: list[Completion] = []
        if name == "questions":
            asked = list(shared.pop("asked"))
            for number, entry in enumerate(variables["entries"]):
                replies.append(await one(number, entry, {"asked": list(asked)}))
                asked += [_question_in(replies[-1].text)]
        else:
            replies = await asyncio.gather(
                *(one(number, entry, {}) for number, entry in enumerate(variables["entries"]))
            )
        entries = ", ".join(_numbered(name, number, reply.text) for number, reply in enumerate(replies, 1))
        return replace(
            replies[0],
            text=f'{{"{LISTED[name]}": [{entries}]}}',
            prompt_tokens=sum(reply.prompt_tokens for reply in replies),
            completion_tokens=sum(reply.completion_tokens for reply in replies),
            finish_reason="stop",
        )

    async def aclose(self) -> None:
        await self._model.aclose()


def _numbered(name: str, number: int, text: str) -> str:
    """The entry of a single reply, without its thought; null for one that says nothing in the end."""
    try:
        payload = final_text(text)
    except MalformedReply:
        return "null"
    if name == "all_details":
        return json.dumps({"number": number, "detail": payload})
    return payload.replace("{", f'{{"number": {number}, ', 1)


def _question_in(text: str) -> str:
    try:
        return str(json.loads(final_text(text))["question"])
    except (MalformedReply, ValueError, KeyError, TypeError):
        return ""
