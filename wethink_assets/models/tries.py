"""How often is one call tried, and how long does it wait in between?"""

import random
import time

from wethink_assets.models.exchange import PassingFault
from wethink_assets.models.replicas import Replica
from wethink_assets.models.suspects import Record

LONGEST_PAUSE = 20.0


class Tries:
    """One call on its way: what it has been through."""

    def __init__(self, form: tuple[bool, bool], most: int, pause: float, patience: float) -> None:
        """Not tried yet.

        Args:
            form: whether it has a JSON schema, and an image.
            most: tries; a wait for an overloaded endpoint costs none.
            pause: seconds before the second try, doubled for each further one.
            patience: seconds that all pauses may take together.
        """
        self.form = form
        self.failed_on: Replica | None = None
        self.failing_since = 0.0
        self._most, self._pause, self._patience = most, pause, patience
        self._tried = 0
        self.record = Record()
        self._moves = 2  # moves to another replica that cost no try
        self._refusals = 0
        self._waited = 0.0

    @property
    def over(self) -> bool:
        """Whether none is left."""
        return self._tried >= self._most or self._waited > self._patience

    def failed(self, replica: Replica, fault: PassingFault, others: bool) -> float:
        """A try failed; returns the seconds to wait before the next one.

        Where the endpoint asks for a pause they are told as 0: the replica is paused, and the call waits for a place.

        Args:
            replica: where it failed.
            fault: how.
            others: whether another replica is worth a try.
        """
        self.failed_on, self.failing_since = replica, self.failing_since or time.monotonic()
        pause = 0.0
        if fault.pause is not None:
            self._waited += max(fault.pause, self._pause)
            return 0.0
        if fault.kind == "refused":
            self._refusals += 1
            pause = self._backoff(self._refusals)
        elif others and fault.kind == "unreached" and self._moves:
            self._moves -= 1
        else:
            # A request that hangs often hangs again: one more try is enough.
            self._tried += (self._most + 1) // 2 if fault.kind == "hung" else 1
            pause = 0.0 if others and fault.kind != "overloaded" else self._backoff(self._tried)
        self._waited += pause
        return pause

    def returned(self, replica: Replica) -> None:
        """The replica that it failed on was started again, which costs neither a try nor a pause."""
        self.failed_on, self.failing_since = replica, self.failing_since or time.monotonic()

    def _backoff(self, tried: int) -> float:
        return min(LONGEST_PAUSE, self._pause * 2 ** min(tried - 1, 10)) * random.uniform(0.5, 1.5)
