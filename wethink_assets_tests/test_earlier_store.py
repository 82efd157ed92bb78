"""A store grown by an earlier commit is what it was: nothing of it is stale, its versions build to the same bytes, its policies and scores are found.

`earlier_store/` holds the project as commit 5a3ff80 grew it, and what that commit's own code computed of it.
"""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.config import Settings, load_settings
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.evaluation.benchmarks.files import wanted_files
from wethink_assets.evaluation.runs.jobs import jobs_with_scores
from wethink_assets.evaluation.runs.models import base_model_of, trained_model
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets.training.policies.catalog import list_policies
from wethink_assets.training.runs.plan import plan_run

FOLDER = Path(__file__).parent / "earlier_store"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
pytestmark = pytest.mark.filterwarnings("ignore:.*is now called")  # the file has the settings' names of then
Command = Callable[..., Any]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, unpacked; commands may draw stand-ins of benchmarks beside it."""
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(FOLDER / "grown_by_5a3ff80.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "project"


@pytest.fixture(scope="module")
def settings(project: Path) -> Settings:
    return load_settings(project / "wethink.toml", {})


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store.open(settings.store_url)


@pytest.fixture
def command(project: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command of the CLI on the project and returns what it reports as JSON."""
    monkeypatch.setenv("WETHINK_CONFIG", str(project / "wethink.toml"))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(app, [*arguments, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def test_it_is_small_enough_to_be_kept() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000


def test_everything_in_it_verifies(command: Command) -> None:
    verified = command("verify")
    assert verified["sound"] and not verified["faults"]
    assert (verified["versions"], verified["tables"], verified["blobs"]) == (["v0001", "v0002"], 60, 11)


def test_nothing_in_it_is_stale_or_new(command: Command) -> None:
    assert command("plan")["stages"] == []
    sources = command("register")["registrations"]
    assert [(one["new"], one["changed"], one["vanished"]) for one in sources] == [(0, 0, 0)] * 3
    assert command("cut") == {"new": False, "version": "v0002", "batches": 10}


def test_the_tables_in_force_are_those_of_then(store: Store) -> None:
    for asset, batches in EXPECTED["tables"].items():
        commits = {commit.batch: commit for commit in Tables(store).all_current(asset, batches)}
        assert {
            batch: {"data_version": one.data_version, "code_version": one.code_version, "digest": one.digest}
            for batch, one in commits.items()
        } == batches, asset


@pytest.mark.parametrize("version", EXPECTED["versions"])
def test_a_version_builds_to_the_same_bytes_from_nothing(project: Path, tmp_path: Path, version: str) -> None:
    shutil.copytree(project / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "versions")
    store, expected = Store.open(str(tmp_path / "data")), EXPECTED["versions"][version]
    build_version(store, version)
    manifest = read_manifest(store, version)
    files = {name: {"content": file.content, "sha256": file.sha256} for name, file in manifest.files.items()}
    assert files == expected["files"]
    assert (manifest.digest, manifest.cut_digest) == (expected["digest"], expected["cut_digest"])
    rows = pl.read_parquet(tmp_path / "data" / "versions" / version / "rows.parquet")
    assert rows["row_id"].to_list() == expected["row_ids"]


def test_the_rows_of_both_versions_are_explained(command: Command) -> None:
    first, second = (set(EXPECTED["versions"][version]["row_ids"]) for version in ("v0001", "v0002"))
    for row_id in (min(first & second), min(second - first)):
        assert row_id in json.dumps(command("explain", row_id))
    retracted = next(row for row, why in EXPECTED["versions"]["v0002"]["left_out"].items() if why == "retracted")
    assert "retracted" in json.dumps(command("explain", retracted))
    difference = command("diff", "v0001", "v0002")
    assert difference["same"] == len(first & second)
    assert (difference["counts"]["added"], difference["counts"]["removed"]) == (
        len(second - first),
        len(first - second),
    )


def test_its_policies_are_found_and_would_be_planned_as_the_same(
    settings: Settings, store: Store, command: Command
) -> None:
    found = {policy.key: policy for policy in list_policies(store)}
    assert {
        key: {"digest": one.digest, "model_digest": one.model_digest, "base_model": one.base_model}
        for key, one in found.items()
    } == EXPECTED["policies"]
    planned = {key: plan_run(settings, store, key).digest for key in EXPECTED["planned"]}
    assert planned == EXPECTED["planned"]
    assert [one["digest"] for one in command("policies")] == [one["digest"] for one in EXPECTED["policies"].values()]


def test_its_scores_are_found(settings: Settings, store: Store, command: Command) -> None:
    scores = {}
    with Models.open(settings) as models:
        for policy in list_policies(store):
            for model in (base_model_of(settings, policy), trained_model(settings, store, policy)):
                for job, score in jobs_with_scores(store, settings, model, wanted_files(settings), models):
                    value = score is not None and score.value
                    scores[f"{model.digest}/{job.key}/{job.digest}"] = [model.name, job.decoding.name, value]
    assert scores == EXPECTED["scores"] and all(value is not None for _, _, value in scores.values())
    assert "v0002.tiny" in json.dumps(command("leaderboard"))


def test_the_models_that_it_was_grown_by_are_those_that_ship(project: Path) -> None:
    own = {name: checkpoint_digest(str(project / name) if "/" in name else name) for name in EXPECTED["checkpoints"]}
    assert own == EXPECTED["checkpoints"]
