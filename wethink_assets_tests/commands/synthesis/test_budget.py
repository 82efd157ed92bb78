"""`wethink run --budget`, `budget`, `plan` and `run --refresh` as people call them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.errors import ConfigError
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint, scripted_endpoint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Project, ScriptedEndpoint]]:
    """Three pictures of each of two sources, behind models whose calls cost half a dollar, and a budget."""
    with scripted_endpoint() as endpoint:
        made = make_project(tmp_path / "project", endpoint.url, sources=("coco", "gqa"))
        path = made.home / "wethink.toml"
        text = path.read_text().replace('model = "scripted"', 'model = "scripted"\nprice_call = 0.5')
        path.write_text(text + "[budgets.night]\ncalls = 60\nmoney = 1000\n")
        monkeypatch.setenv("WETHINK_CONFIG", str(path))
        yield made, endpoint


def shown(*arguments: str) -> str:
    """What a command that needs no Dagster prints."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def told(*arguments: str) -> Any:
    return json.loads(shown(*arguments, "--json"))


@pytest.mark.slow
def test_a_budget_is_spent_and_gone_on_with_and_a_new_prompt_is_planned_and_refreshed(
    project: tuple[Project, ScriptedEndpoint],
) -> None:
    made, endpoint = project
    first = made.wethink("run", "--budget", "night-1", "--json")
    outcome = json.loads(first.stdout)
    assert outcome["budget"]["spent_at"] == "descriptions of gqa.000001" and outcome["budget"]["spent"]["calls"] == 60
    assert outcome["batches"] == ["coco.000001"] and outcome["left"] == ["gqa.000001"] and not outcome["failures"]
    assert outcome["version"] == "v0001" and outcome["check"] == {"calls": 4, "money": 2}
    assert outcome["models"]["money"] + 2 == 30 == 0.5 * endpoint.asked.total()
    assert "the budget was spent at descriptions of gqa.000001" in first.stderr and "60 of 60 calls" in first.stderr
    assert "models: 56 calls (0 found in the journal)" in first.stderr and "28.00 USD" in first.stderr
    assert "Traceback" not in first.stderr and "gating" not in first.stderr

    state = told("budget", "night-1")
    assert state["left"] == {"calls": 0, "money": 970} and sum(run["spent"]["calls"] for run in state["runs"]) == 60
    assert {run["batch"] for run in state["runs"]} == {"", "coco.000001", "gqa.000001"}
    assert {run["state"] for run in state["runs"]} == {"over"}
    assert "60 of 60 calls, 0 left" in shown("budget")

    plan = told("plan")
    assert {row["batch"] for row in plan["stages"]} == {"gqa.000001"}
    held = {row["stage"]: row["held"] for row in plan["stages"]}
    assert held["descriptions"] == 60 - 4 - 48 and plan["stages"][0]["exact"]
    expected = sum(row["calls"] for row in plan["stages"])
    again = json.loads(made.wethink("run", "--budget", "night-2", "--json").stdout)
    assert again["models"]["calls"] == endpoint.asked.total() - 60 == 40 and abs(expected - 40) <= 2
    assert again["version"] == "v0002" and again["left"] == [] and again["budget"]["spent_at"] == ""
    assert "nothing is missing or stale" in shown("plan")

    prompt = made.home / "pack" / "rewrite.md"
    prompt.write_text(prompt.read_text().rstrip("\n") + " \n")
    asked = endpoint.asked.copy()
    assert "coco.000001 reasoning_paths: new rewrite (" in shown("plan")
    row = next(row for row in told("plan")["summary"] if row["stage"] == "reasoning_paths")
    assert (row["cause"], row["batches"], row["at_least"]) == ("prompt", 2, 12)
    refreshed = json.loads(made.wethink("run", "--refresh", "reasoning_paths", "--json").stdout)
    assert (endpoint.asked - asked) == {"rewrite": 12} and refreshed["models"]["calls"] == 12
    assert "nothing is missing or stale" in shown("plan")


def test_plan_tells_what_was_never_made_before_anything_is_known_of_its_price(
    project: tuple[Project, ScriptedEndpoint],
) -> None:
    shown("register")
    plan = told("plan")
    assert {row["cause"] for row in plan["stages"]} == {"missing"} and len(plan["stages"]) == 12
    answers = [row for row in plan["stages"] if row["stage"] == "answers"]
    assert {(row["items"], row["calls"], row["tokens"], row["basis"]) for row in answers} == {(6, 24, None, "settings")}
    assert "missing" in shown("plan")


def test_wrong_use_is_refused_before_anything_starts(project: tuple[Project, ScriptedEndpoint]) -> None:
    for arguments in (("run", "--budget", "day"), ("budget", "day")):
        done = CliRunner().invoke(app, arguments)
        assert isinstance(done.exception, ConfigError)
        assert "no budget 'day': tables [budgets.<name>] are night;" in str(done.exception)
    for arguments, why in ((("run", "answers"), "stages need --refresh"), (("run", "--refresh", "x"), "unknown stage")):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 2 and why in done.output
