"""Accounts of batch jobs: what the calls of a job can take at most is held of its budget until their replies say what they took.

A job is paid in another run than the one that submits it, days later, or by nobody where that run was killed. So it has an account of its own, named
by the job: opened before the job is, with all that is reserved; closed with what was spent when its replies are in the journal. Either is written as
a whole, and as often as one likes: a job is spent exactly once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.budgets.ledger import Account, Accounts

__all__ = ["MostOfCall", "close_account", "reserve_calls"]


@dataclass(frozen=True, slots=True)
class MostOfCall:
    """What one call can take at most."""

    tokens: int
    money: float


def reserve_calls(store: Store, allowance: Allowance, job: str, batch: str, calls: Sequence[MostOfCall]) -> int:
    """Hold of a run's budget what the first calls of a job can take, as many as it has room for; returns how many.

    The larger reservation is written first and the accounts of others are read after that, as in `Allowance`: of two that reserve at once at
    least one sees the other.
    """
    accounts, file = Accounts(store, allowance.name), account_file(job)
    totals = {
        "calls": [float(number) for number in range(1, len(calls) + 1)],
        "tokens": list(accumulate(float(call.tokens) for call in calls)),
        "money": list(accumulate(call.money for call in calls)),
    }
    account = Account(run_id=job, batch=batch, waits=True)

    def hold(count: int) -> None:
        reserved = {name: total[count - 1] for name, total in totals.items()} if count else {}
        accounts.write(file, account.model_copy(update={"reserved": reserved, "closed": not count}))

    hold(len(calls))
    free = dict(allowance.limits)
    for name, other in accounts.read(but=file).items():
        for limit in free:
            own = name == allowance.account  # of this run: no call of it is in flight any more
            free[limit] -= allowance.spent[limit] if own else accounts.held(other, name, limit)
    fitting = [sum(total <= free[name] for total in totals[name]) for name in totals if name in free]
    count = min([len(calls), *fitting]) if free.get("seconds", 1.0) > 0 else 0
    if count < len(calls):
        hold(count)
    return count


def close_account(
    store: Store, budget: str, job: str, batch: str, calls: int = 0, tokens: int = 0, money: float = 0.0
) -> None:
    """Put what a job took in place of what was held for it."""
    if not budget:
        return
    spent = {"calls": float(calls), "tokens": float(tokens), "money": money}
    closed = Account(run_id=job, batch=batch, waits=True, spent=spent, closed=True)
    Accounts(store, budget).write(account_file(job), closed)


def account_file(job: str) -> str:
    """File of a job's account."""
    return f"batch-{job}.json"
