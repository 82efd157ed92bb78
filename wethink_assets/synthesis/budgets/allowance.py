"""Allowance of a run: whether its budget lets it make another call.

A run reserves what it will spend in the next seconds, and only then spends it. To reserve it writes its account with the larger
reservation first and reads the others' after that; if all of them together exceed a limit, it takes the excess back. Of two runs that reserve at
once at least one therefore sees the other, so the reservations that are kept never exceed a limit, on any store whose reads see finished writes.

So overshoot is bounded: calls never exceed their limit. What a call takes of tokens, money and time is known when it ends: calls in flight
are expected to take what calls took on average, and no call begins that does not fit beside them. So of these limits at most that is
exceeded by which the calls in flight take more than the average, over all runs together. A run that is killed has written its account at most a
few seconds before; what it spent after that is on no account.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from wethink_assets.config import Settings
from wethink_assets.config.budgets import budget_limits
from wethink_assets.errors import WeThinkError
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.ledger import SILENCE, Account, Accounts, account_file, spent_of
from wethink_assets.synthesis.budgets.spending import Spending

HEARTBEAT = 5.0  # seconds between two writings of an account that did not change
ATTEMPTS = 4


class BudgetSpent(WeThinkError):
    """The run's budget has nothing left: the stage ends as a success that yields nothing; finished calls are in the journal."""

    def __init__(self, budget: str, detail: str) -> None:
        super().__init__(f"budget {budget} is spent: {detail}")
        self.budget = budget
        self.detail = detail


class Allowance:
    """What one run may spend of a budget. `admit`, `finished` and `failed` belong to the event loop that makes the calls."""

    def __init__(self, store: Store, settings: Settings, name: str, run_id: str = "", batch: str = "") -> None:
        """Nothing is read or written before the first call. Raises `ConfigError` when no table fits the name."""
        self.name = name
        self.limits = budget_limits(settings.budgets, name).limits()
        self._accounts = Accounts(store, name)
        self._file = account_file(run_id)
        self._account = Account(run_id=run_id, batch=batch)
        self._spending = Spending(self.limits)
        self._granted = dict.fromkeys(self.limits, 0.0)
        self._written = 0.0
        self._refused = False
        self._over = ""
        self._asking = asyncio.Lock()
        self._ended = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "budget")  # not behind what else the process reads and writes

    @contextmanager
    def stage_at_work(self) -> Iterator[None]:
        """A stage is at work: its wall time is spent. What is reserved beyond what was spent is given back at its end."""
        self._spending.begin()
        try:
            yield
        finally:
            self._spending.end()
            spent = self.spent
            self._granted = {name: min(self._granted[name], spent[name]) for name in self.limits}
            if self._written or spent["calls"]:
                self._write(self._granted)

    @property
    def spent(self) -> dict[str, float]:
        """What this run spent so far, by limit."""
        return self._spending.amounts

    @property
    def account(self) -> str:
        """File of the run's account."""
        return self._file

    async def admit(self) -> None:
        """Wait until one more call fits, and count it as in flight. Raises `BudgetSpent` once none ever will, and none is in flight."""
        while not self._fits():
            if self._over:
                raise BudgetSpent(self.name, self._over)
            async with self._asking:
                if self._fits() or self._over:
                    continue
                if not self._refused or not self._spending.in_flight:
                    await asyncio.get_running_loop().run_in_executor(self._thread, self._reserve)
                    self._refused = not self._fits()
                    if self._refused and not self._spending.in_flight:
                        self._over = self._exhaustion()
                    continue
                self._ended.clear()
            await self._ended.wait()
        self._spending.in_flight += 1

    def finished(self, tokens: int, money: float) -> None:
        """An admitted call ended with a reply."""
        self._spending.paid(tokens, money)
        self.failed()

    def failed(self) -> None:
        """An admitted call ended without a reply, which costs nothing."""
        self._spending.in_flight = max(self._spending.in_flight - 1, 0)
        self._ended.set()

    async def sync(self) -> None:
        """Tell the other runs what was spent, and give back what was reserved beyond the next seconds. To be called every few seconds."""
        async with self._asking:
            reported_calls = self._account.spent.get("calls", 0.0)
            if reported_calls == self._spending.calls and time.monotonic() - self._written < HEARTBEAT:
                return
            self._granted = {name: min(self._granted[name], wanted) for name, wanted in self._spending.wanted().items()}
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, self._granted)

    def close(self) -> None:
        """The run is over: its reservation ends."""
        self._thread.shutdown()
        if self._written:
            self._account = self._account.model_copy(update={"closed": True})
            self._write({})

    @property
    def _fell_silent(self) -> bool:
        # For so long that others may have taken this run for gone: what it reserved may be theirs by now.
        return bool(self._written) and time.monotonic() - self._written > SILENCE / 2

    def _fits(self) -> bool:
        if self._fell_silent:
            return not self.limits
        return self._spending.fits(self._granted)

    def _reserve(self) -> None:
        if self._fell_silent:
            self._granted = {name: self.spent[name] for name in self.limits}
        kept = self._granted  # within the limits beside what all others keep, so it stays
        for attempt in range(ATTEMPTS):
            wanted = {name: max(kept[name], amount) for name, amount in self._spending.wanted().items()}
            self._write(wanted)
            others = self._accounts.read(but=self._file)
            self._spending.learn(others)
            held = {name: sum(self._accounts.held(o, file, name) for file, o in others.items()) for name in wanted}
            free = {name: limit - held[name] for name, limit in self.limits.items()}
            self._granted = {name: max(kept[name], min(amount, free[name])) for name, amount in wanted.items()}
            if self._granted != wanted:
                self._write(self._granted)
            if self._fits() or not any(held.values()):
                return
            if attempt + 1 < ATTEMPTS:  # another run may have reserved at the same moment, and taken it back as well
                time.sleep(random.uniform(0.02, 0.2))

    def _write(self, reserved: dict[str, float]) -> None:
        update = {"spent": self.spent, "reserved": reserved, "updated": time.time()}
        self._account = self._account.model_copy(update=update)
        self._accounts.write(self._file, self._account)
        self._written = time.monotonic()

    def _exhaustion(self) -> str:
        accounts = self._accounts.read(but=self._file)
        own, others = self.spent, spent_of(accounts)
        amounts = ", ".join(f"{others[name] + own[name]:g} of {limit:g} {name}" for name, limit in self.limits.items())
        reserved = any(
            self._accounts.held(a, f, n) > a.spent.get(n, 0.0) for f, a in accounts.items() for n in self.limits
        )
        return f"{amounts}, and runs at work have reserved more" if reserved else amounts


@contextmanager
def allowance_of(
    store: Store, settings: Settings, name: str, run_id: str = "", batch: str = ""
) -> Iterator[Allowance | None]:
    """The allowance of a run that carries a budget's name, closed at the end; None where it carries none."""
    if not name:
        yield None
        return
    allowance = Allowance(store, settings, name, run_id, batch)
    try:
        yield allowance
    finally:
        allowance.close()
