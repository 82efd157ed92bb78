"""Scoring as a whole in a project: assets and commands, embedded policy and base on stand-ins, with Dagster's events as the UI shows them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from wethink_assets.commands.evaluation.score import score_trained
from wethink_assets.commands.progress import Display
from wethink_assets.defs.assets.scores import sync_scores
from wethink_assets.defs.graph import add_partitions, training_run
from wethink_assets.defs.runs.reporting import Synced
from wethink_assets.defs.stages.publication import weight
from wethink_assets.evaluation.samples import ensure_samples
from wethink_assets_tests.support.opened_project import Opened, opened
from wethink_assets_tests.support.project import ROOT, Project
from wethink_assets_tests.support.trained_policy import store_with_policy

pytestmark = pytest.mark.slow
KEYS = ["sample_MMStar", "sample_HallusionBench", "MMStar"]
RUN = "v0001.grpo"


def project_in(folder: Path) -> Project:
    """A project whose one training run made a policy of the describer, from the shipped policy as its base."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, folder)
    lines = [
        '[pipeline]\nprompt_pack = "embedded"',
        f"[scoring]\nbenchmarks = {json.dumps(KEYS)}\nsample_questions = 12\nseeds = []\nresamples = 200",
        *(f'[roles.{role}]\nprovider = "embedded"\nmodel = "{model}"' for role, model in (("judge", "reasoner"), ("policy", "policy"))),
    ]  # fmt: skip
    (folder / "wethink.toml").write_text("\n".join(lines) + "\n")
    store_with_policy(folder)
    return Project(folder)


def score_again(project: Opened) -> dict[str, Any]:
    """Score what is missing of the training run, as `wethink run` does; its figures."""
    failures: dict[str, str] = {}
    with Display() as display:
        figures = score_trained(project.driver, project.project.settings, project.store, [RUN], display, failures)
    assert not failures
    return dict(figures[RUN])


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Opened, dict[str, Any]]]:
    """The project, opened, with its training run scored; and the figures of that."""
    project = project_in(tmp_path_factory.mktemp("scored"))
    with opened(project) as scored_project:
        add_partitions(scored_project.instance, training_run, [RUN])
        yield scored_project, score_again(scored_project)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project before anything was scored."""
    return project_in(tmp_path)


def test_policy_and_base_are_scored_on_what_is_there(scored: tuple[Opened, dict[str, Any]]) -> None:
    project, figures = scored
    assert set(figures["policy"]["scores"]) == {"sample_MMStar", "sample_HallusionBench"}
    table = project.event("benchmark_scores", RUN).metadata["scores"].value
    rows = {record.data["benchmark"]: record.data for record in table.records}
    assert rows["MMStar"]["policy"] == "not run" and "(" in rows["sample_MMStar"]["policy"]


def test_pages_show_plots_and_stay_small(scored: tuple[Opened, dict[str, Any]]) -> None:
    for asset, partition in (("benchmark_scores", RUN), ("leaderboard", None)):
        event = scored[0].event(asset, partition)
        assert weight(event.metadata) < 32_000
        assert "data:image/png;base64," in str(event.metadata["bars"].value)


def test_observing_the_files_says_what_to_do_and_signs_them(scored: tuple[Opened, dict[str, Any]]) -> None:
    project, _ = scored
    observed = project.instance.get_latest_data_version_record(dg.AssetKey("benchmarks"))
    assert observed is not None and observed.asset_observation is not None
    assert "MMStar.tsv" in str(observed.asset_observation.metadata["what to do"].value)
    assert len(project.store.names("benchmarks")) == 14


def test_scoring_again_makes_nothing_new(scored: tuple[Opened, dict[str, Any]]) -> None:
    project, figures = scored
    files = project.store.files("scores")
    assert score_again(project) == figures and project.store.files("scores") == files


def test_scores_are_known_to_the_instance_and_reported_to_a_new_one(scored: tuple[Opened, dict[str, Any]]) -> None:
    project, _ = scored
    synced = Synced()
    sync_scores(project.instance, project.store, project.project.settings, synced)
    assert synced.nothing
    with dg.DagsterInstance.ephemeral() as empty:
        sync_scores(empty, project.store, project.project.settings, synced)
        assert synced.events == {"benchmark_scores": 1} and empty.get_dynamic_partitions("training_run") == [RUN]


def test_the_leaderboard_command_shows_scores_plots_and_files(scored: tuple[Opened, dict[str, Any]]) -> None:
    project = scored[0].project
    board = json.loads(project.wethink("leaderboard", "--json", "--plots", "plots").stdout)
    assert [row["kind"] for row in board["rows"]] == ["published", "published", "base", "policy"]
    assert (project.home / "plots" / "bars.png").stat().st_size > 5_000
    assert "sample_MMStar" in project.wethink("leaderboard").stdout
    assert "MMStar: missing" in project.wethink("leaderboard", "--files").stdout


def test_the_compare_command_writes_a_page(scored: tuple[Opened, dict[str, Any]]) -> None:
    project = scored[0].project
    compared = project.wethink("compare", "base", "v0001", "--benchmark", "sample_MMStar", "--out", "flipped.html")
    assert "samples flipped" in compared.stdout
    page = (project.home / "flipped.html").read_text()
    assert page.startswith("<!doctype html>") and "drawn stand-in" in page


def test_the_score_command_shows_what_is_scored_and_what_is_not(scored: tuple[Opened, dict[str, Any]]) -> None:
    shown = scored[0].project.wethink("score", RUN).stdout
    assert "sample_MMStar" in shown and "not run, since their files are missing: MMStar" in shown


def test_one_process_of_vlmevalkit_serves_a_run_and_reports_to_its_log(project: Project) -> None:
    keys = ["MMStar", "AI2D_TEST"]
    configuration = (project.home / "wethink.toml").read_text().replace(json.dumps(KEYS), json.dumps(keys))
    (project.home / "wethink.toml").write_text(configuration)
    for path in ensure_samples(project.home / "drawn", 12):
        key = path.stem.removeprefix("sample_")
        if key in keys:
            (project.home / "LMUData").mkdir(exist_ok=True)
            shutil.copy(path, project.home / "LMUData" / f"{key}.tsv")
    with opened(project) as scored_project:
        add_partitions(scored_project.instance, training_run, [RUN])
        assert not scored_project.driver.score(RUN).failures
        (run,) = scored_project.instance.get_runs(dg.RunsFilter(job_name="score"))
        log = [entry.user_message for entry in scored_project.instance.all_logs(run.run_id)]
        assert sum("VLMEvalKit is loaded" in line for line in log) == 1
        for key in keys:
            assert sum(line.startswith(f"prompts of {key}:") for line in log) == 1
            assert sum(line.startswith(f"score of {key}:") for line in log) == 2, "base and policy"
        table = scored_project.event("benchmark_scores", RUN).metadata["scores"].value
        rows = {record.data["benchmark"]: record.data for record in table.records}
        assert set(rows) == set(keys) and all("other md5" in row["flags"] for row in rows.values())
        assert not [name for name in scored_project.store.names("journal/scores") if name.startswith("sample_")]
