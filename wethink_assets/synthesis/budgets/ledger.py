"""Ledger of a budget: what the runs that share it have spent and reserved.

`budgets/<name>/<run>-<id>.json` is the account of one run: written by that run alone, each time as a whole, so runs on several machines share a
budget without locks. What is spent is the sum of all accounts. A batch job has an account of its own, `batch-<job>.json`, which holds what its calls
can take at most until their replies are there (`job_accounts`).
"""

import os
import socket
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from wethink_assets.storage.lease import ABANDONED, Holder, holder_is_gone, process_start, this_boot
from wethink_assets.storage.store import Store

FOLDER = "budgets"
LIMITED = ("calls", "tokens", "money", "seconds")
SILENCE = 60.0  # seconds without a change after which a run on another host counts as gone, by the reader's clock
READERS = 16


def budget_folder(name: str) -> str:
    """Folder of a budget's accounts."""
    return f"{FOLDER}/{name}"


class Account(BaseModel):
    """What one run spends of a budget. Times are seconds since 1970; a reservation holds until the run or its process ends."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    batch: str = ""
    host: str = Field(default_factory=socket.gethostname)
    boot: str = Field(default_factory=this_boot)
    process: int = Field(default_factory=os.getpid)
    process_start: str = Field(default_factory=lambda: process_start(os.getpid()) or "")
    opened: float = Field(default_factory=time.time)
    updated: float = Field(default_factory=time.time)
    closed: bool = False
    spent: dict[str, float] = Field(default_factory=dict)
    reserved: dict[str, float] = Field(default_factory=dict, description="what the run may spend, spent included")
    waits: bool = Field(False, description="it is of a batch job: its reservation outlives the run that made it")

    @property
    def gone(self) -> bool:
        """Whether the run certainly spends no more: its process on this host ended, or it was silent for very long."""
        holder = Holder(
            host=self.host,
            boot=self.boot,
            process=self.process,
            process_start=self.process_start,
            acquired=self.opened,
            heartbeat=self.updated,
            expiry=self.updated,
        )
        return holder_is_gone(holder) or time.time() - self.updated > ABANDONED


class Accounts:
    """The accounts of one budget, read by one run. Those that were closed are read once a process."""

    _closed: ClassVar[dict[tuple[str, str], Account]] = {}

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self.folder = budget_folder(name)
        self._seen: dict[str, tuple[float, float]] = {}  # by file: when it was last changed, and when that was seen

    def read(self, but: str = "") -> dict[str, Account]:
        """All accounts by file name, but for one of that name."""
        names = [name for name in self._store.names(self.folder) if name.endswith(".json") and name != but]
        known = {name: self._closed.get((self._path_of(name), self._store.url)) for name in names}
        unread = [name for name, account in known.items() if account is None]
        if len(unread) > 1:
            with ThreadPoolExecutor(READERS) as pool:
                known.update(zip(unread, pool.map(self._read, unread), strict=True))
        elif unread:
            known[unread[0]] = self._read(unread[0])
        return {name: account for name, account in known.items() if account is not None}

    def held(self, account: Account, name: str, limit: str) -> float:
        """What a run's account takes of a limit: what it reserved, or only what it spent once it is over."""
        spent = account.spent.get(limit, 0.0)
        if account.waits and not account.closed:
            return max(spent, account.reserved.get(limit, 0.0))
        if account.closed or account.gone or self._is_silent(account, name):
            return spent
        return max(spent, account.reserved.get(limit, 0.0))

    def _is_silent(self, account: Account, name: str) -> bool:
        changed, since = self._seen.get(name, (0.0, 0.0))
        if changed != account.updated:
            self._seen[name] = (account.updated, time.monotonic())
            return False
        return time.monotonic() - since > SILENCE

    def _path_of(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def _read(self, name: str) -> Account | None:
        data = self._store.read_if_present(self._path_of(name))
        try:
            account = Account.model_validate_json(data) if data else None
        except ValueError:
            return None  # nobody but its run can have written it: it is not an account
        if account is not None and account.closed:
            self._closed[self._path_of(name), self._store.url] = account
        return account

    def write(self, name: str, account: Account) -> None:
        """Put a run's own account."""
        self._store.publish(self._path_of(name), account.model_dump_json().encode())


def account_file(run_id: str) -> str:
    """Name of the account that a run opens now: no other run, and no other opening of it, has the same."""
    return f"{run_id or 'run'}-{uuid.uuid4().hex[:8]}.json"


def budget_names(store: Store) -> list[str]:
    """Budgets of which something was spent."""
    return store.names(FOLDER)


def spent_of(accounts: Mapping[str, Account]) -> dict[str, float]:
    """The sum of what runs spent, by limit."""
    return {limit: sum(account.spent.get(limit, 0.0) for account in accounts.values()) for limit in LIMITED}
