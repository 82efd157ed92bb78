"""Spending of one run: what it spent, what its calls in flight will take, and what it should reserve."""

import time
from collections.abc import Mapping

from wethink_assets.synthesis.budgets.ledger import LIMITED, Account, spent_of

AHEAD = 5.0  # seconds of work that a run reserves
FEW = 8  # calls that it reserves at least
UNKNOWN = 16  # before any call told what one takes, this part of the limit is reserved


class Spending:
    """Calls, tokens, money and seconds of one run, from stage to stage."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        """`limits` are those of the budget, by name."""
        self._limits = limits
        self._spent = dict.fromkeys(LIMITED, 0.0)
        self._usual: dict[str, float] = {}  # what a call takes, as other runs of this budget tell
        self._began: float | None = None  # when the stage at work began
        self.in_flight = 0

    def begin(self) -> None:
        """A stage begins: its wall time is spent from now on."""
        self._began = time.monotonic()

    def end(self) -> None:
        """The stage is over."""
        self._spent = self.amounts
        self._began = None
        self.in_flight = 0

    @property
    def amounts(self) -> dict[str, float]:
        """What was spent so far."""
        seconds = time.monotonic() - self._began if self._began is not None else 0.0
        return {**self._spent, "seconds": self._spent["seconds"] + seconds}

    @property
    def calls(self) -> float:
        """Calls that were paid."""
        return self._spent["calls"]

    def paid(self, tokens: int, money: float) -> None:
        """A call ended with a reply."""
        self._spent["calls"] += 1
        self._spent["tokens"] += tokens
        self._spent["money"] += money

    def learn(self, others: Mapping[str, Account]) -> None:
        """Take what calls took in other runs for what one takes, as long as this run does not know better."""
        spent = spent_of(others)
        if spent["calls"]:
            self._usual = {name: spent[name] / spent["calls"] for name in ("tokens", "money")}

    def _call_takes(self, name: str) -> float:
        if name == "calls":
            return 1.0
        return self._spent[name] / self.calls if self.calls and name != "seconds" else self._usual.get(name, 0.0)

    def fits(self, granted: Mapping[str, float]) -> bool:
        """Whether one more call fits into what was granted, beside those in flight."""
        spent = self.amounts
        for name, amount in granted.items():
            expected = spent[name] + self.in_flight * self._call_takes(name)
            if expected + (name == "calls") > amount or (name != "calls" and expected >= amount):
                return False
        return True

    def wanted(self) -> dict[str, float]:
        """What to have reserved, spent included: enough for the calls in flight and for the next seconds."""
        spent = self.amounts
        elapsed = max(spent["seconds"], 1.0)
        wanted = {}
        for name, limit in self._limits.items():
            takes = self._call_takes(name)
            fewest = FEW * takes if takes else limit / UNKNOWN
            ahead = AHEAD if name == "seconds" else max(fewest, AHEAD * spent[name] / elapsed)
            wanted[name] = min(spent[name] + self.in_flight * takes + ahead, limit)
        return wanted
