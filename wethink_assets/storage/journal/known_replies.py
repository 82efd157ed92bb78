"""Look-up of any of a million replies without holding them in memory.

Replies go to an unnamed temporary file (in memory while they are few); only a digest of each key and a place in the file are held, about
50 bytes a call, and as much for the request of a whole reply. The first reply to a key counts.
"""

import json
import tempfile
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from wethink_assets.models.chat import Completion
from wethink_assets.storage.journal.key_numbers import WIDTH, KeyNumbers

REPLY = (
    "text",
    "prompt_tokens",
    "completion_tokens",
    "finish_reason",
    "model",
    "cached_tokens",
    "counted",
    "certainty",
)
"""Columns of `CALLS` that make a `Completion`, in the order of its fields."""
IN_MEMORY = 8 << 20  # bytes of replies above which they go to the disk


@dataclass(frozen=True, slots=True)
class KnownReply:
    """A reply with its key; `request` and `max_tokens` as in `Call`."""

    key: str
    completion: Completion
    request: str = ""
    max_tokens: int = 0


class KnownReplies:
    """Replies by journal key, in the order in which they were added. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._numbers = KeyNumbers()
        self._requests = KeyNumbers()
        self._whole = array("I")  # number of the first whole reply to each request
        self._ends = array("Q", [0])
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by `close`

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, key: str) -> bool:
        return self._numbers.find(_short(key)) is not None

    def add(self, replies: Iterable[KnownReply]) -> list[int]:
        """Keep replies whose keys are new; returns the number of each key, counted from 0 in the order of first arrival."""
        numbers, fresh = [], []
        end = self._ends[-1]
        for reply in replies:
            known = len(self._numbers)
            number = self._numbers.number(_short(reply.key))
            numbers.append(number)
            if number == known:
                data = _packed(reply)
                end += len(data)
                self._ends.append(end)
                fresh.append(data)
                if reply.request and reply.completion.finish_reason != "length":
                    requests = len(self._requests)
                    if self._requests.number(_short(reply.request)) == requests:
                        self._whole.append(number)
        self._file.seek(0, 2)
        self._file.write(b"".join(fresh))
        return numbers

    def find(self, key: str) -> Completion | None:
        """The reply to a key, or None."""
        number = self._numbers.find(_short(key))
        return None if number is None else self._read(number).completion

    def whole(self, request: str) -> KnownReply | None:
        """The first reply to a request that was not cut off, whatever the bound of its length; None without one."""
        number = self._requests.find(_short(request))
        return None if number is None else self._read(self._whole[number])

    def _read(self, number: int) -> KnownReply:
        start = self._ends[number]
        self._file.seek(start)
        key, request, max_tokens, *fields = json.loads(self._file.read(self._ends[number + 1] - start))
        return KnownReply(key, Completion(*fields), request, max_tokens)

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()


def fits(reply: KnownReply, max_tokens: int) -> bool:
    """Whether a whole reply would have been the same under this bound of its length: it was made under a smaller one, or is no longer."""
    said = reply.completion
    return reply.max_tokens <= max_tokens or (not said.counted and 0 < said.completion_tokens <= max_tokens)


def _short(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=WIDTH).digest()


def _packed(reply: KnownReply) -> bytes:
    fields = (getattr(reply.completion, name) for name in REPLY)
    return json.dumps((reply.key, reply.request, reply.max_tokens, *fields), ensure_ascii=False).encode()
