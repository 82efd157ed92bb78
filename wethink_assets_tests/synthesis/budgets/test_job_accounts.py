"""Accounts of batch jobs: what is held and spent of a budget, whoever reserves at the same time, and however often a job is closed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wethink_assets.config import Settings
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.budgets.job_accounts import MostOfCall, close_account, reserve_calls
from wethink_assets.synthesis.budgets.ledger import Accounts, spent_of

CALLS = [MostOfCall(100, 0.01)] * 40


def allowance(store: Store, **limits: float) -> Allowance:
    return Allowance(store, Settings.model_validate({"budgets": {"night": limits}}), "night", "run")


@pytest.mark.parametrize(
    ("limits", "count"),
    [({}, 40), ({"calls": 12}, 12), ({"tokens": 1_550}, 15), ({"money": 0.055}, 5), ({"calls": 30, "tokens": 99}, 0)],
)
def test_as_many_calls_as_there_is_room_for(limits: dict[str, float], count: int, store: Store) -> None:
    assert reserve_calls(store, allowance(store, **limits), "job", "coco.000001", CALLS) == count


def test_what_is_held_outlives_its_run_and_becomes_what_was_spent(store: Store) -> None:
    assert reserve_calls(store, allowance(store, tokens=3_000), "first", "coco.000001", CALLS[:25]) == 25
    assert reserve_calls(store, allowance(store, tokens=3_000), "second", "coco.000001", CALLS) == 5
    for _ in range(2):  # closed again by a run that resumes
        close_account(store, "night", "first", "coco.000001", calls=25, tokens=1_000, money=0.1)
    assert spent_of(Accounts(store, "night").read())["tokens"] == 1_000
    assert reserve_calls(store, allowance(store, tokens=3_000), "third", "coco.000001", CALLS) == 15


def test_jobs_that_are_reserved_at_once_never_exceed_a_limit(store: Store) -> None:
    def reserve(number: int) -> int:
        return reserve_calls(store, allowance(store, calls=50), f"job-{number}", "coco.000001", CALLS)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(reserve, range(8))) <= 50
