"""The first trial: with one image, what goes wrong at the service stands in the first five lines of `wethink run`, and in a failed run of the UI."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.service_project import add_line, plain_role, write_settings
from wethink_assets_tests.support.services import Faults, ServiceDouble, served

ROLES = ("describer", "reasoner", "adjudicator", "judge")
SOURCE = '[sources.coco]\nlocation = "images/coco"'


@dataclass
class Trial:
    """A folder with one image, and what `wethink run` says of it."""

    project: Project

    def configure(self, role: dict[str, Any]) -> Path:
        return write_settings(self.project.home / "wethink.toml", role, ROLES, SOURCE)

    def run(self, *arguments: str) -> Result:
        environment = {name: self.project.environment[name] for name in ("WETHINK_CONFIG", "DAGSTER_HOME")}
        return CliRunner().invoke(app, ["run", *arguments], env=environment)

    def lines(self, done: Result) -> list[str]:
        return [line for line in done.stderr.splitlines() if line.strip()][:5]

    def failed_runs(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        """Messages of the steps that failed, by job."""
        monkeypatch.setenv("DAGSTER_HOME", str(self.project.home))
        messages = {}
        with project_instance() as instance:
            for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])):
                for entry in instance.all_logs(run.run_id):
                    event = entry.dagster_event
                    if event is not None and event.is_step_failure:
                        error = event.step_failure_data.error
                        assert error is not None and error.cause is not None
                        messages[run.job_name] = error.cause.message
        return messages


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    yield Trial(make_project(tmp_path / "project", None, sources=("coco",), images=1))


def test_a_service_that_refuses_is_told_of_in_the_first_lines_with_what_mends_it_and_no_batch_is_begun(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("deepseek") as service:
        path = trial.configure(plain_role(service))
        done = trial.run("--json")
        assert done.exit_code == 1
        told = "\n".join(trial.lines(done))
        assert "This response_format type is unavailable now" in told and 'dialect = "deepseek" mends it' in told
        assert "wethink.toml:" in told and "would hold no row" not in done.stderr
        outcome = json.loads(done.stdout)
        assert (
            outcome["batches"] == []
            and outcome["left"] == ["coco.000001"]
            and list(outcome["failures"]) == ["check of the services"]
        )
        assert "This response_format type" in trial.failed_runs(monkeypatch)["check_services"]
        assert not Store.open(str(trial.project.home / "data")).names("tables"), "no batch was begun"
        add_line(path, 'dialect = "deepseek"', ROLES)
        calls = len(service.requests)
        again = json.loads(trial.run("--json").stdout)
        assert again["batches"] == ["coco.000001"] and again["check"]["calls"] == 4
        assert len(service.requests) - calls == 4 + again["models"]["calls"]


@pytest.mark.slow
def test_a_check_that_was_passed_is_not_made_again_for_the_same_settings(trial: Trial) -> None:
    with served("vllm") as service:
        path = trial.configure(service.role())
        assert json.loads(trial.run("--json").stdout)["check"]["calls"] == 4
        trial.project.add_images("coco", 1, seed=9)
        path.write_text(path.read_text().replace("[roles.judge]", "[roles.judge]\nprice_call = 1.0"))
        assert json.loads(trial.run("--json").stdout)["check"]["calls"] == 0
        path.write_text(path.read_text().replace("[roles.judge]", "[roles.judge]\nextra_body = { priority = 1 }"))
        trial.project.add_images("coco", 1, seed=10)
        assert json.loads(trial.run("--json").stdout)["check"]["calls"] == 1, "of the judge alone"


def test_a_service_that_fails_after_the_check_is_told_of_in_the_first_lines_and_its_batch_is_not_done(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("vllm") as service:
        service.script = Failing(service)
        trial.configure(service.role())
        done = trial.run("--json")
        assert done.exit_code == 1
        assert "the picture is too wide" in "\n".join(trial.lines(done)), done.stderr
        outcome = json.loads(done.stdout)
        assert outcome["left"] == ["coco.000001"] and list(outcome["failures"]) == ["coco.000001, descriptions"]
        assert trial.failed_runs(monkeypatch)["synthesize"].count("the picture is too wide") == 1


@pytest.mark.slow
def test_a_spent_balance_ends_the_run_with_the_services_words_and_rejects_nothing(trial: Trial) -> None:
    trial.project.add_images("coco", 2, seed=3)
    with served("deepseek", faults=Faults(balance_for=6)) as service:
        path = trial.project.home / "wethink.toml"
        write_settings(path, service.role(), ROLES, f"batch_size = 1\n{SOURCE}")
        done = trial.run("--json")
        assert done.exit_code == 1 and "Insufficient Balance" in "\n".join(trial.lines(done))
        outcome = json.loads(done.stdout)
        assert outcome["failures"] and len(outcome["left"]) == 3 and outcome["batches"] == []
        assert all("Insufficient Balance" in why for why in outcome["failures"].values())  # of each batch at work
        asked = len(service.requests)
        service.faults = Faults()
        again = json.loads(trial.run("--json").stdout)
        assert again["left"] == [] and again["check"]["calls"] == 0
        assert again["models"]["calls"] == len(service.requests) - asked


class Failing:
    """Answers the calls of the check, then refuses every picture."""

    def __init__(self, service: ServiceDouble) -> None:
        self.answer, self.left = service.script, 4

    def __call__(self, body: Any) -> str:
        from wethink_assets_tests.support.services.rules import Refused

        self.left -= 1
        if self.left < 0 and "image_url" in json.dumps(body):
            raise Refused(400, "the picture is too wide")
        return self.answer(body)
