"""A budget: spent mid-stage, shared by runs, never exceeded by more than the calls in flight, and gone on with by the next run."""

import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings, budget_limits
from wethink_assets.config.budgets import BudgetSettings
from wethink_assets.errors import ConfigError
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.budgets import ledger as budget_accounts
from wethink_assets.synthesis.budgets.allowance import BudgetSpent, allowance_of
from wethink_assets.synthesis.budgets.ledger import Account, Accounts, spent_of
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import ScriptedModel, drawn_images, good_script, write_pack
from wethink_assets_tests.synthesis.conftest import models_of

CALLS_AN_IMAGE = 6


def settings_of(tmp_path: Path, concurrency: int = 8, **limits: float) -> Settings:
    pack = write_pack(tmp_path / "pack")
    priced = {"price_in": 2.0, "price_out": 8.0, "price_call": 0.001}
    return Settings.model_validate(
        {
            "pipeline": {"prompt_pack": pack, "concurrency": concurrency},
            "budgets": {"night": limits},
            "roles": dict.fromkeys(("describer", "reasoner"), priced),
        }
    )


def describe(
    settings: Settings, store: Store, model: ScriptedModel, count: int, batch: str = "coco.000001", name: str = "night"
) -> StageOutput:
    images = drawn_images(store, count)
    with (
        models_of(settings, model) as models,
        allowance_of(store, settings, name, run_id=f"run-of-{batch}", batch=batch) as allowance,
        Synthesis.open(settings, store, models, "descriptions", batch, allowance=allowance) as synthesis,
    ):
        return describe_images(images, synthesis)


def spent(store: Store, name: str = "night") -> dict[str, float]:
    return spent_of(Accounts(store, name).read())


def test_a_stage_stops_at_its_last_call_and_the_next_run_goes_on_from_there(store: Store, tmp_path: Path) -> None:
    model = ScriptedModel(good_script, delay=0.002)
    with pytest.raises(BudgetSpent, match=r"budget night is spent: 50 of 50 calls"):
        describe(settings_of(tmp_path, calls=50), store, model, 20)
    assert model.calls == 50 == journaled_calls(store, "descriptions", "coco.000001").height == spent(store)["calls"]
    output = describe(settings_of(tmp_path, calls=1_000), store, model, 20)
    assert output.results.height == 20 and model.calls == 20 * CALLS_AN_IMAGE == spent(store)["calls"]
    accounts = Accounts(store, "night").read()
    assert len(accounts) == 2 and all(account.closed for account in accounts.values())
    assert {account.batch for account in accounts.values()} == {"coco.000001"}


def test_what_is_in_the_journal_is_free_even_when_nothing_is_left(store: Store, tmp_path: Path) -> None:
    model = ScriptedModel(good_script)
    describe(settings_of(tmp_path, calls=60), store, model, 10)
    assert describe(settings_of(tmp_path, calls=60), store, model, 10).results.height == 10
    with pytest.raises(BudgetSpent, match="60 of 60 calls"):
        describe(settings_of(tmp_path, calls=60), store, model, 11)
    assert model.calls == 60


@pytest.mark.parametrize("limit", ["tokens", "money"])
def test_tokens_and_money_overshoot_by_no_more_than_calls_in_flight(store: Store, tmp_path: Path, limit: str) -> None:
    model = ScriptedModel(good_script, delay=0.002)
    free = settings_of(tmp_path)
    describe(free, store, model, 10, batch="coco.000009", name="night-before")
    whole = spent(store, "night-before")
    assert whole["calls"] == 60 and whole["tokens"] > 0
    journaled = journaled_calls(store, "descriptions", "coco.000009")
    tokens = journaled["prompt_tokens"] + journaled["completion_tokens"]
    assert whole["tokens"] == tokens.sum()
    priced = (journaled["prompt_tokens"] * 2 + journaled["completion_tokens"] * 8).sum() / 1e6 + 0.001 * 60
    assert whole["money"] == pytest.approx(priced)
    dearest = {"tokens": tokens.max(), "money": whole["money"] / 60 * 2}[limit]
    half = whole[limit] / 2
    with pytest.raises(BudgetSpent, match=limit):
        describe(settings_of(tmp_path, **{limit: half}), store, model, 10)
    assert half <= spent(store)[limit] <= half + 8 * float(str(dearest))


def test_wall_time_stops_a_stage(store: Store, tmp_path: Path) -> None:
    model = ScriptedModel(good_script, delay=0.1)
    started = time.monotonic()
    with pytest.raises(BudgetSpent, match=r"of 0\.5 seconds"):
        describe(settings_of(tmp_path, concurrency=4, seconds=0.5), store, model, 60)
    assert time.monotonic() - started < 5
    assert 0.5 <= spent(store)["seconds"] < 2 and 4 <= model.calls <= 40
    assert model.in_flight == 0 and journaled_calls(store, "descriptions", "coco.000001").height == model.calls


def test_a_limit_of_nothing_lets_no_call_through(store: Store, tmp_path: Path) -> None:
    for limit in ("calls", "tokens", "money", "seconds"):
        model = ScriptedModel(good_script)
        with pytest.raises(BudgetSpent):
            describe(settings_of(tmp_path, **{limit: 0}), store, model, 3)
        assert model.calls == 0


def test_a_budget_without_limits_only_counts(store: Store, tmp_path: Path) -> None:
    describe(settings_of(tmp_path), store, ScriptedModel(good_script), 5)
    assert spent(store)["calls"] == 5 * CALLS_AN_IMAGE


@pytest.mark.parametrize("where", ["local", pytest.param("s3", marks=pytest.mark.slow)])
def test_runs_at_once_share_a_budget_and_never_make_a_call_too_many(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    store = Store.open(str(tmp_path / "store"))
    if where == "s3":
        server = request.getfixturevalue("s3")
        store = Store.open(f"s3://{server.bucket}/{uuid.uuid4().hex}", **server.options)
    settings = settings_of(tmp_path, concurrency=16, calls=200)
    model = ScriptedModel(good_script, delay=0.005)
    ended: list[Any] = []

    def run(batch: str) -> None:
        try:
            ended.append(describe(settings, store, model, 60, batch))  # 300 calls: more than there are
        except BudgetSpent as error:
            ended.append(error)

    threads = [threading.Thread(target=run, args=(f"coco.{number:06d}",)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(ended) == 4 and all(isinstance(end, BudgetSpent) for end in ended)
    assert model.calls == spent(store)["calls"] and 200 - 4 * 8 * 2 <= model.calls <= 200
    # What runs had reserved and not spent is free again.
    with pytest.raises(BudgetSpent):
        describe(settings, store, model, 60, "coco.000001")
    assert model.calls == 200


def test_a_run_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    dead = Account(run_id="dead", process=2**22 + 1, process_start="1", spent={"calls": 5.0}, reserved={"calls": 90.0})
    alive = Account(run_id="alive", spent={"calls": 5.0}, reserved={"calls": 20.0})
    accounts = Accounts(store, "night")
    accounts.write("dead.json", dead)
    accounts.write("alive.json", alive)
    held = {name: accounts.held(account, name, "calls") for name, account in accounts.read().items()}
    assert held == {"dead.json": 5.0, "alive.json": 20.0}
    model = ScriptedModel(good_script)
    with pytest.raises(BudgetSpent):
        describe(settings_of(tmp_path, calls=100), store, model, 30)
    assert model.calls == 75


def test_a_run_elsewhere_that_stands_still_holds_nothing_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(str(tmp_path / "store"))
    accounts = Accounts(store, "night")
    far = Account(run_id="far", host="elsewhere", boot="other", spent={"calls": 5.0}, reserved={"calls": 90.0})
    accounts.write("far.json", far)
    assert accounts.held(far, "far.json", "calls") == 90
    monkeypatch.setattr(budget_accounts, "SILENCE", 0.05)  # a minute, really
    time.sleep(0.1)
    assert accounts.held(far, "far.json", "calls") == 5
    moved = far.model_copy(update={"updated": far.updated + 1})
    assert accounts.held(moved, "far.json", "calls") == 90


def test_damaged_accounts_count_for_nothing(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    store.publish("budgets/night/odd.json", b"{half")
    assert Accounts(store, "night").read() == {} and os.path.exists(tmp_path / "store/budgets/night/odd.json")


def test_a_table_stands_for_names_that_start_with_its_own() -> None:
    tables = {"nightly": BudgetSettings(calls=1), "nightly-large": BudgetSettings(calls=2)}
    assert budget_limits(tables, "nightly").calls == 1
    assert budget_limits(tables, "nightly-2026-11-22").calls == 1
    assert budget_limits(tables, "nightly-large-2026-11-22").calls == 2
    for name in ("night", "nightlyx", "", "nightly-a/b", "../nightly-1"):
        with pytest.raises(ConfigError, match=r"tables \[budgets.<name>\] are nightly, nightly-large"):
            budget_limits(tables, name)
