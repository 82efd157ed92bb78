"""Budgets, bills and refreshes on a real instance: a spent budget is a success that yields nothing, and one change redoes one stage."""

import json
import logging
import re

import polars as pl
import pytest

from wethink_assets.defs.metadata.cost import SPENT_TAG
from wethink_assets.defs.resources import BUDGET_TAG, models_of
from wethink_assets.defs.runs.reporting import known_versions
from wethink_assets.planning.plan import stale_stages
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.tables import Tables
from wethink_assets.synthesis.budgets.ledger import Accounts, spent_of
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint

STAGES = stage_names()

BATCH = "coco.000001"
PRICED = "price_in = 1.0\nprice_out = 4.0\nprice_call = 0.01\n"


@pytest.fixture
def project(tmp_path, endpoint: ScriptedEndpoint) -> Project:  # type: ignore[no-untyped-def]
    """Three pictures of one source, with priced roles and budgets."""
    made = make_project(tmp_path / "project", endpoint.url, sources=("coco",))
    path = made.home / "wethink.toml"
    text = re.sub(r"(\[roles\.\w+\]\n)", rf"\1{PRICED}", path.read_text())
    path.write_text(text + "[budgets.small]\ncalls = 25\n[budgets.large]\ncalls = 1000\n")
    return made


def test_a_spent_budget_is_a_success_that_yields_nothing_and_is_gone_on_with(
    grown: Opened, endpoint: ScriptedEndpoint
) -> None:
    grown.driver.observe()
    first = grown.driver.synthesize(BATCH, STAGES, "small-1")
    assert first.success and first.spent == "questions"
    run = grown.instance.get_run_by_id(first.run_id)
    assert run is not None and run.is_success and run.tags[BUDGET_TAG] == "small-1"
    assert run.tags[SPENT_TAG] == "questions"
    entries = grown.instance.all_logs(first.run_id)
    assert max(int(entry.level) for entry in entries) < logging.ERROR  # no red line in a green run
    told = [entry.user_message for entry in entries]
    assert any("budget small-1 is spent: 25 of 25 calls. questions of coco.000001 stays missing" in m for m in told)
    done = {asset: BATCH in known_versions(grown.instance, asset) for asset in STAGES}
    assert done == {asset: asset in ("images", "descriptions") for asset in STAGES}
    assert endpoint.asked.total() == 25 == spent_of(Accounts(grown.store, "small-1").read())["calls"]
    assert grown.driver.unfinished()[0] == {BATCH: STAGES[2:]}

    plan = stale_stages(grown.store, grown.project.settings, models_of(grown.project.settings))
    questions = plan.row(by_predicate=pl.col("stage") == "questions", named=True)
    assert questions["cause"] == "missing" and questions["exact"] and questions["held"] == 25 - 18

    # What is left of the budget is nothing: the next run within it stops at once, another budget goes on.
    assert grown.driver.synthesize(BATCH, STAGES[2:], "small-1").spent == "questions"
    assert endpoint.asked.total() == 25
    second = grown.driver.synthesize(BATCH, STAGES[2:], "large")
    assert second.success and not second.spent and grown.driver.unfinished()[0] == {}
    page, calls = grown.event("questions", BATCH).metadata, journaled_calls(grown.store, "questions", BATCH)
    assert page["model calls"].value == calls.height - 7 and page["calls in all"].value == calls.height
    assert page["tokens in all"].value == calls["prompt_tokens"].sum() + calls["completion_tokens"].sum()
    assert page["cost in all"].value > page["cost"].value  # type: ignore[operator]
    journaled = sum(journaled_calls(grown.store, stage, BATCH).height for stage in STAGES[1:5])
    assert endpoint.asked.total() == journaled == 25 + spent_of(Accounts(grown.store, "large").read())["calls"]


def test_the_bill_adds_up_over_stages_roles_prompts_and_journal(grown: Opened, endpoint: ScriptedEndpoint) -> None:
    ran = grown.grow()
    assert all(run.success for run in ran.values()), ran
    tables = Tables(grown.store)
    total = 0.0
    for stage in STAGES[1:5]:
        commit = tables.current(stage, BATCH)
        assert commit is not None
        calls = journaled_calls(grown.store, stage, BATCH)
        billed = commit.calls
        assert billed["calls"] == calls.height and billed["cached_calls"] == 0
        tokens_in, tokens_out = calls["prompt_tokens"].sum(), calls["completion_tokens"].sum()
        assert (billed["prompt_tokens"], billed["completion_tokens"]) == (tokens_in, tokens_out)
        assert billed["money"] == pytest.approx(calls.height * 0.01 + (tokens_in + 4 * tokens_out) / 1e6)
        for name in ("calls", "prompt_tokens", "completion_tokens", "money"):
            roles = sum(billed.get(f"{role}.{name}", 0) for role in commit.models)
            prompts = sum(billed.get(f"prompt.{prompt}.{name}", 0) for prompt in commit.prompts)
            assert roles == pytest.approx(billed[name]) and prompts == pytest.approx(billed[name])
        metadata = grown.event(stage, BATCH).metadata
        assert metadata["cost"].value == pytest.approx(billed["money"])
        assert metadata["model calls"].value == calls.height
        assert metadata["cost per accepted row"].value == pytest.approx(billed["money"] / commit.results, abs=1e-6)
        total += billed["money"]
    statistics = json.loads(grown.store.read("versions/v0001/statistics.json"))
    told = statistics["bill"]
    assert told["calls"] == endpoint.asked.total() == sum(stage["calls"] for stage in told["stages"])
    assert told["money (USD)"] == pytest.approx(total) == pytest.approx(told["models"][0]["money (USD)"])
    assert [model["model"] for model in told["models"]] == ["scripted"]
    kept = statistics["rows"]
    assert told["per_kept_row"]["money (USD)"] == pytest.approx(total / kept, abs=1e-6) and kept == 6
    version = grown.event("dataset", "v0001").metadata
    assert (
        version["money (USD) in all"].value == pytest.approx(total) and version["calls in all"].value == told["calls"]
    )
    assert version["money (USD) per kept row"].value == told["per_kept_row"]["money (USD)"]
    card = grown.store.read("versions/v0001/README.md").decode()
    assert "### Model calls" in card and f"| in all | {told['calls']} |" in card
    assert all(run.success for run in {"again": grown.driver.build("v0001")}.values()), (
        "building it again gives the same"
    )


@pytest.mark.parametrize(
    ("change", "stage", "prompts"),
    [
        ("answer_text.md", "answers", {"answer_text"}),
        # The same questions come of it, so their screenings are found in the journal, and all that follows.
        pytest.param("question.md", "questions", {"question"}, marks=pytest.mark.slow),
        pytest.param("[pipeline.seeds]\nquestions = 1\n", "questions", {"question", "screen"}, marks=pytest.mark.slow),
    ],
)
def test_changing_one_thing_redoes_one_thing_and_the_plan_says_so_before(
    project: Project, endpoint: ScriptedEndpoint, change: str, stage: str, prompts: set[str]
) -> None:
    with opened(project) as it:
        it.grow(build=False)
    asked = endpoint.asked.copy()
    if change.endswith(".md"):
        prompt = project.home / "pack" / change
        prompt.write_text(prompt.read_text().rstrip("\n") + " \n")  # the script reads JSON: a space is another prompt
    else:
        path = project.home / "wethink.toml"
        path.write_text(path.read_text() + change)
    with opened(project) as it:
        plan = stale_stages(it.store, project.settings, models_of(project.settings))
        own = plan.row(by_predicate=pl.col("stage") == stage, named=True)
        assert own["cause"] == ("prompt" if change.endswith(".md") else "sampling"), own
        assert set(plan["stage"]) == set(STAGES[STAGES.index(stage) :])
        assert set(plan.filter(plan["stage"] != stage)["cause"]) == {"upstream"}
        it.driver.observe()
        assert it.driver.unfinished()[0] == {}, "nothing that is only stale is done again by itself"
        assert endpoint.asked == asked
        todo, _ = it.driver.unfinished(refresh=STAGES)
        assert todo == {BATCH: STAGES[STAGES.index(stage) :]}
        assert it.driver.unfinished(refresh=("descriptions",))[0] == {}
        ran = it.driver.synthesize(BATCH, todo[BATCH])
        assert ran.success, ran
        made = endpoint.asked - asked
        assert set(made) == prompts
        assert own["at_least"] <= sum(made.values()) <= own["calls"]
        assert own["at_least"] == sum(made.values())
        assert it.driver.unfinished(refresh=STAGES)[0] == {}
        assert stale_stages(it.store, project.settings, models_of(project.settings)).is_empty()
