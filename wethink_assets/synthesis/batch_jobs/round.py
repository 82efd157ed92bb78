"""Round of a stage: the calls that its items wait for next, as files of requests, none larger than the service takes."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from wethink_assets.config import RoleSettings
from wethink_assets.models.chat import CallFailed, Message, Role, Sampling
from wethink_assets.models.endpoint.batch_api import BatchApi
from wethink_assets.models.token_counts import TokenCounter
from wethink_assets.synthesis.batch_jobs.records import AskedCall
from wethink_assets.synthesis.budgets.job_accounts import MostOfCall
from wethink_assets.synthesis.budgets.usage import price_of

__all__ = ["RequestFile", "Round"]


@dataclass(eq=False)
class RequestFile:
    """Calls of one role that go out together: each as a line of the file, in this order."""

    role: Role
    path: Path
    calls: list[AskedCall] = field(default_factory=list)
    most: list[MostOfCall] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self.ends[-1] if self.ends else 0

    def cut(self, count: int) -> None:
        """Keep only the first calls."""
        with self.path.open("r+b") as file:
            file.truncate(self.ends[count - 1] if count else 0)
        del self.calls[count:], self.most[count:], self.ends[count:]


class Round:
    """The calls that are to be submitted, in files of a temporary folder. To be used as a context manager, from one event loop."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: list[RequestFile] = []
        self._open: dict[Role, tuple[RequestFile, IO[bytes]]] = {}
        self._keys: set[str] = set()
        self._tokens = TokenCounter()

    def __enter__(self) -> "Round":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if self._folder is not None:
            self._folder.cleanup()

    async def add(
        self,
        api: BatchApi,
        settings: RoleSettings,
        call: AskedCall,
        messages: Sequence[Message],
        schema: Mapping[str, Any] | None,
        sampling: Sampling,
    ) -> None:
        """Take a call, unless it is there already. Raises `CallFailed` for one that no file has room for."""
        if call.key in self._keys:
            return
        self._keys.add(call.key)
        line = await api.line(call.key, messages, schema, sampling)
        if len(line) > settings.batch_bytes:
            raise CallFailed(f"{call.role}: a request of {len(line)} bytes, where batch_bytes = {settings.batch_bytes}")
        tokens = await self._tokens.of_prompt(messages, schema)
        file, stream = self._file_for(settings, call, len(line))
        stream.write(line)
        file.calls.append(replace(call, prompt_tokens=tokens))
        file.most.append(MostOfCall(tokens + sampling.max_tokens, price_of(settings, tokens, sampling.max_tokens)))
        file.ends.append(file.size + len(line))

    def _file_for(self, settings: RoleSettings, call: AskedCall, more: int) -> tuple[RequestFile, IO[bytes]]:
        role: Role = call.role  # type: ignore[assignment]
        known = self._open.get(role)
        if known is not None:
            full = len(known[0].calls) >= settings.batch_lines or known[0].size + more > settings.batch_bytes
            if not full:
                return known
            known[1].close()
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="wethink-batch-")
        path = Path(self._folder.name, f"requests-{len(self._files)}.jsonl")
        file = RequestFile(role, path)
        self._files.append(file)
        self._open[role] = file, path.open("wb")
        return self._open[role]

    def files(self) -> list[RequestFile]:
        """The files, whole; nothing can be added after that."""
        self._close()
        return self._files

    def _close(self) -> None:
        for _, stream in self._open.values():
            stream.close()
        self._open = {}
