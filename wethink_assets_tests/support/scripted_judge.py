"""What the tests of rewards share: a response with an answer, and a judge that says what it is told to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wethink_assets.models.chat import Completion, Message, Sampling


def said(answer: str) -> str:
    return f"<think>hm</think><answer>{answer}</answer>"


class Scripted:
    """A judge that says what it is told to, and remembers what it was asked."""

    model_id, revision = "scripted", "1"

    def __init__(self, *replies: str | Exception) -> None:
        self.replies, self.asked = list(replies), list[Sequence[Message]]()

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        self.asked.append(messages)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return Completion(reply, 1, 1, "stop", "scripted")

    async def aclose(self) -> None:
        pass


class Answering(Scripted):
    """A judge whose reply depends on the prompt."""

    def __init__(self, reply_to: Callable[[str], str]) -> None:
        super().__init__()
        self._reply_to = reply_to

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        self.asked.append(messages)
        return Completion(self._reply_to(messages[-1].text), 1, 1, "stop", "scripted")
