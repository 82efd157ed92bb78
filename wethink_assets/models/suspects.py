"""Which call ended a server of our own?

A server that ends by itself is started again, and what it was working on is sent again at once: mostly no call is to blame. Those during which
it ends a second time are suspected and go one at a time, beside all others, so that a third end tells which of them it was. That one fails
alone; the others are suspected no more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SUSPECTED, BLAMED = 2, 3


class Record:
    """How often a server ended while it worked on one call."""

    def __init__(self) -> None:
        self.ends = 0
        self.found = 0  # calls that had been blamed by then


class Suspects:
    """The suspected calls of one server. For one event loop."""

    def __init__(self) -> None:
        self._alone = asyncio.Lock()
        self._found = 0

    @asynccontextmanager
    async def turn(self, record: Record) -> AsyncIterator[None]:
        """A try of a call: at once, or where it is suspected when no other suspect is being tried."""
        if record.ends >= SUSPECTED:
            async with self._alone:
                if record.found == self._found:
                    yield
                    return
            record.ends = 0
        yield

    def ended(self, record: Record) -> bool:
        """Take note that the server ended while it worked on a call; whether that call is to blame."""
        record.ends += 1
        record.found = self._found
        if record.ends < BLAMED:
            return False
        self._found += 1
        return True
