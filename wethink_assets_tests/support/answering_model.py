"""A chat model that answers by the text of the question, as scoring asks it, and remembers what it was asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wethink_assets.models.chat import Completion, Message, Sampling

Script = Callable[[str, Sampling], str | Completion | Exception]


class Answering:
    """Replies with what `script(user text, sampling)` returns, text as a whole reply; an exception is raised instead."""

    def __init__(self, script: Script, name: str = "answering") -> None:
        self.script, self.model_id, self.revision = script, name, "1"
        self.asked: list[str] = []
        self.messages: list[Sequence[Message]] = []

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        self.asked.append(messages[-1].text)
        self.messages.append(messages)
        for image in messages[-1].images:
            assert image.read()
        reply = self.script(messages[-1].text, sampling)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Completion):
            return reply
        return Completion(reply, 10, 5, "stop", self.model_id)

    async def aclose(self) -> None:
        pass
