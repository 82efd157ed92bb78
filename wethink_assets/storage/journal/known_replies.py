"""Look-up of any of a million replies without holding them in memory.

Replies go to an unnamed temporary file (in memory while they are few); only a digest of each key and a place in the file are held, about
50 bytes a call. The first reply to a key counts.
"""

import json
import tempfile
from array import array
from collections.abc import Iterable
from hashlib import blake2b

from wethink_assets.models.chat import Completion
from wethink_assets.storage.journal.key_numbers import WIDTH, KeyNumbers

IN_MEMORY = 8 << 20  # bytes of replies above which they go to the disk


class KnownReplies:
    """Replies by journal key, in the order in which they were added. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._numbers = KeyNumbers()
        self._ends = array("Q", [0])
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by `close`

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, key: str) -> bool:
        return self._numbers.find(_short(key)) is not None

    def add(self, replies: Iterable[tuple[str, Completion]]) -> list[int]:
        """Keep replies whose keys are new; returns the number of each key, counted from 0 in the order of first arrival."""
        numbers, fresh = [], []
        end = self._ends[-1]
        for key, reply in replies:
            known = len(self._numbers)
            number = self._numbers.number(_short(key))
            numbers.append(number)
            if number == known:
                data = _packed(reply)
                end += len(data)
                self._ends.append(end)
                fresh.append(data)
        self._file.seek(0, 2)
        self._file.write(b"".join(fresh))
        return numbers

    def find(self, key: str) -> Completion | None:
        """The reply to a key, or None."""
        number = self._numbers.find(_short(key))
        if number is None:
            return None
        start = self._ends[number]
        self._file.seek(start)
        return Completion(*json.loads(self._file.read(self._ends[number + 1] - start)))

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()


def _short(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=WIDTH).digest()


def _packed(reply: Completion) -> bytes:
    fields = (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish_reason, reply.model)
    return json.dumps(fields, ensure_ascii=False).encode()
