"""The one protocol that every chat model implements, and the values it speaks in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from wethink_assets.errors import ModelError

__all__ = [
    "FINISH_REASONS",
    "ROLES",
    "BalanceSpent",
    "CallFailed",
    "ChatModel",
    "Completion",
    "Image",
    "Message",
    "Role",
    "Sampling",
]


class CallFailed(ModelError):
    """One call failed where others may still work: a refused request, or retries that ran out on this call alone.

    Any other `ModelError` of a chat model means that the model itself is gone: whoever works through many calls stops. `reason` is the code
    under which the item is rejected: `endpoint_error`, or `filtered` where the service's moderation refused what was sent.
    """

    def __init__(self, message: str, reason: str = "endpoint_error") -> None:
        super().__init__(message)
        self.reason = reason


class BalanceSpent(ModelError):
    """The balance or quota at a service is spent. Nothing is wrong with any item: the run stops at once, and rejects nothing."""


Role = Literal["describer", "reasoner", "adjudicator", "judge", "policy"]
ROLES: tuple[Role, ...] = ("describer", "reasoner", "adjudicator", "judge", "policy")


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a message: known by its digest, read only when a call is really made."""

    sha256: str
    media_type: str
    read: Callable[[], bytes] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; `images` come before `text`, so that a server's prefix cache can work.

    places: where each image stands instead, by the number of characters of `text` before it; a model that cannot put them there has
    them first.
    """

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn: temperature 0 is greedy, else `seed` alone decides which reply it is."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 512
    seed: int = 0


FINISH_REASONS = ("stop", "length", "filtered", "refused", "tool_calls", "failed")
"""Why a reply ended: whole; cut off by its length; held back by a filter; the model declined; it called a tool instead; the service gave up."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply. `finish_reason` is one of `FINISH_REASONS`; only `stop` is a whole one.

    cached_tokens: those of the prompt that the service had in its cache and bills as such; counted: the service told no usage, so tokens were
    counted here; certainty: the least probability that the model gave to one of the reply's tokens, 0 to 1, None where it tells none.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    model: str
    cached_tokens: int = 0
    counted: bool = False
    certainty: float | None = field(
        default=None, compare=False
    )  # its last digits depend on what was computed beside it


class ChatModel(Protocol):
    """A model that answers conversations. Calls may be made concurrently and are batched as the model likes."""

    @property
    def model_id(self) -> str:
        """Name of the model, as its endpoint or package knows it."""
        ...

    @property
    def revision(self) -> str:
        """Revision or checkpoint digest: with `model_id` it pins the weights."""
        ...

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        """Answer a conversation; `schema` is a JSON schema that the reply should follow where the model can be held to it.

        Raises `ModelError` when the model cannot be reached or refuses the request.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections, threads and memory."""
        ...
