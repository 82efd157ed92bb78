"""Spent balance of a service: once a call met it no further one begins, and those in flight are waited for, since they are paid."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wethink_assets.models.chat import BalanceSpent


class BalanceGuard:
    """Ends a stage whose balance is spent without losing a reply. For one event loop."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._error: BalanceSpent | None = None
        self._landed = asyncio.Event()

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """One call. Raises `BalanceSpent` when this one or another met a spent balance, after all that were in flight have ended."""
        await self._raise_when_landed()
        self._in_flight += 1
        met = False
        try:
            yield
        except BalanceSpent as error:
            met = True
            self._error = self._error or error
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._landed.set()
        if met:
            await self._raise_when_landed()

    async def _raise_when_landed(self) -> None:
        if self._error is None:
            return
        while self._in_flight:
            self._landed.clear()
            await self._landed.wait()
        raise BalanceSpent(str(self._error)) from None
