"""The assets and commands of scoring in a project: embedded policy and base on stand-ins, with Dagster's events as the UI shows them."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from wethink_assets.commands.evaluation.score import score_trained
from wethink_assets.commands.progress import Display
from wethink_assets.defs.assets.scores import sync_scores
from wethink_assets.defs.graph import add_partitions, training_run
from wethink_assets.defs.runs.sync import Synced
from wethink_assets.defs.stages.publication import weight
from wethink_assets.evaluation.samples import ensure_samples
from wethink_assets_tests.support.opened_project import opened
from wethink_assets_tests.support.project import ROOT, Project
from wethink_assets_tests.support.trained_policy import store_with_policy

KEYS = ["sample_MMStar", "sample_HallusionBench", "MMStar"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose one training run made a policy of the describer, from the shipped policy as its base."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    told = "\n".join([
        '[pipeline]\nprompt_pack = "embedded"',
        f"[scoring]\nbenchmarks = {json.dumps(KEYS)}\nsample_questions = 12\nseeds = []\nresamples = 200",
        *(f'[roles.{role}]\nprovider = "embedded"\nmodel = "{model}"' for role, model in (("judge", "reasoner"), ("policy", "policy"))),
    ])  # fmt: skip
    (tmp_path / "wethink.toml").write_text(told + "\n")
    store_with_policy(tmp_path)
    return Project(tmp_path)


@pytest.mark.slow
def test_a_trained_run_is_scored_shown_compared_and_known_to_a_new_instance(project: Project) -> None:
    with opened(project) as found, Display() as display:
        add_partitions(found.instance, training_run, ["v0001.grpo"])
        failures: dict[str, str] = {}
        figures = score_trained(found.grower, project.settings, found.store, ["v0001.grpo"], display, failures)
        assert not failures and set(figures["v0001.grpo"]["policy"]["scores"]) == {
            "sample_MMStar",
            "sample_HallusionBench",
        }
        for asset, partition in (("benchmark_scores", "v0001.grpo"), ("leaderboard", None)):
            event = found.event(asset, partition)
            assert weight(event.metadata) < 32_000
            assert "data:image/png;base64," in str(event.metadata["bars"].value)
        table = found.event("benchmark_scores", "v0001.grpo").metadata["scores"].value
        rows = {record.data["benchmark"]: record.data for record in table.records}
        assert rows["MMStar"]["policy"] == "not run" and "(" in rows["sample_MMStar"]["policy"]
        observed = found.instance.get_latest_data_version_record(dg.AssetKey("benchmarks"))
        assert observed is not None and observed.asset_observation is not None
        assert "MMStar.tsv" in str(observed.asset_observation.metadata["what to do"].value)
        assert len(found.store.names("benchmarks")) == 14
        known = Synced()
        sync_scores(found.instance, found.store, project.settings, known)
        assert known.nothing
        before = found.store.files("scores")
        assert score_trained(found.grower, project.settings, found.store, ["v0001.grpo"], display, failures) == figures
        assert found.store.files("scores") == before
        with dg.DagsterInstance.ephemeral() as empty:
            sync_scores(empty, found.store, project.settings, known)
            assert known.events == {"benchmark_scores": 1} and empty.get_dynamic_partitions("training_run") == [
                "v0001.grpo"
            ]

    board = json.loads(project.wethink("leaderboard", "--json", "--plots", "plots").stdout)
    assert [row["kind"] for row in board["rows"]] == ["published", "published", "base", "policy"]
    assert (project.home / "plots" / "bars.png").stat().st_size > 5_000
    assert "sample_MMStar" in project.wethink("leaderboard").stdout
    assert "MMStar: missing" in project.wethink("leaderboard", "--files").stdout
    compared = project.wethink("compare", "base", "v0001", "--benchmark", "sample_MMStar", "--out", "flipped.html")
    assert "samples flipped" in compared.stdout
    page = (project.home / "flipped.html").read_text()
    assert page.startswith("<!doctype html>") and "drawn stand-in" in page
    scored = project.wethink("score", "v0001.grpo")
    assert "sample_MMStar" in scored.stdout and "not run, since their files are missing: MMStar" in scored.stdout


@pytest.mark.slow
def test_one_process_of_vlmevalkit_serves_a_run_and_tells_its_log(project: Project) -> None:
    keys = ["MMStar", "AI2D_TEST"]
    told = (project.home / "wethink.toml").read_text().replace(json.dumps(KEYS), json.dumps(keys))
    (project.home / "wethink.toml").write_text(told)
    for path in ensure_samples(project.home / "drawn", 12):
        key = path.stem.removeprefix("sample_")
        if key in keys:
            (project.home / "LMUData").mkdir(exist_ok=True)
            shutil.copy(path, project.home / "LMUData" / f"{key}.tsv")
    with opened(project) as found:
        add_partitions(found.instance, training_run, ["v0001.grpo"])
        ran = found.grower.score("v0001.grpo")
        assert not ran.failures
        scoring = found.instance.get_runs(dg.RunsFilter(job_name="score"))
        (run,) = scoring
        said = [entry.user_message for entry in found.instance.all_logs(run.run_id)]
        assert sum("VLMEvalKit is loaded" in line for line in said) == 1
        for key in keys:
            assert sum(line.startswith(f"prompts of {key}:") for line in said) == 1
            assert sum(line.startswith(f"score of {key}:") for line in said) == 2, "base and policy"
        table = found.event("benchmark_scores", "v0001.grpo").metadata["scores"].value
        rows = {record.data["benchmark"]: record.data for record in table.records}
        assert set(rows) == set(keys) and all("other md5" in row["flags"] for row in rows.values())
        assert not [name for name in found.store.names("journal/scores") if name.startswith("sample_")]


@pytest.mark.slow
def test_commands_say_what_is_not_there(project: Project) -> None:
    unknown = project.wethink("score", "v0009.grpo", check=False)
    assert unknown.returncode == 1 and "v0009.grpo has no policy" in unknown.stderr
    wrong = project.wethink("score", "--benchmark", "MMStarr", check=False)
    assert wrong.returncode == 1 and "unknown benchmark 'MMStarr'" in wrong.stderr
    early = project.wethink("compare", "base", "v0001", "--benchmark", "sample_MMStar", check=False)
    assert early.returncode == 1 and "has no score on sample_MMStar" in early.stderr
    board = project.wethink("leaderboard").stdout
    assert "WeThink-7B (published)" in board.replace("\n", " ") or "published" in board
