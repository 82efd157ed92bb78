"""Spent balance of a service: once a call met it no further one begins, and those in flight are waited for, since they are paid."""

import asyncio
from types import TracebackType

from wethink_assets.models.chat import BalanceSpent


class BalanceGuard:
    """Ends a stage whose balance is spent without losing a reply; each call is a block within it. For one event loop.

    The block raises `BalanceSpent` when its call or another met a spent balance, after all that were in flight have ended.
    """

    def __init__(self) -> None:
        self._in_flight = 0
        self._error: BalanceSpent | None = None
        self._landed = asyncio.Event()

    async def __aenter__(self) -> None:
        await self._raise_when_landed()
        self._in_flight += 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_flight -= 1
        if isinstance(error, BalanceSpent):
            self._error = self._error or error
        if not self._in_flight:
            self._landed.set()
        if isinstance(error, BalanceSpent):
            await self._raise_when_landed()

    async def _raise_when_landed(self) -> None:
        if self._error is None:
            return
        while self._in_flight:
            self._landed.clear()
            await self._landed.wait()
        raise BalanceSpent(str(self._error)) from None
