"""A store grown by an earlier commit is what it was: its versions build to the same bytes, its policies and scores are found, and of it is stale
exactly what follows from how replies are judged and answers compared, which changed since; a refresh of that asks no model for what its journal
holds.

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
from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import stale_versions
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.rows import rows_schema, scan_rows
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.evaluation.benchmarks.files import wanted_files
from wethink_assets.evaluation.runs.jobs import jobs_with_scores
from wethink_assets.evaluation.runs.models import base_model_of, trained_model
from wethink_assets.evaluation.runs.records import scores_of
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import data_version
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.models.registry import Models
from wethink_assets.planning.plan import stale_stages
from wethink_assets.planning.stages import stage_plan
from wethink_assets.stages.order import stage_names, upstream_of
from wethink_assets.stages.output import require_closed
from wethink_assets.stages.spec import BatchWork
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.training.data.rows import version_rows
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


NONE = "refusals, non-answers and other languages are no replies"
WORDS = "rules on questions go by how words stand, and refuse reworded examples"
VIEWED = "images are signed as models are shown them"
ALL_KNOWN = {"geoqa+.000004"}  # batches whose images are all in others: done when their files are read
JUDGED = {
    "descriptions": f"logic 1 is now 2: {NONE}",
    "questions": f"logic 1 is now 3+shuffled: {NONE}; {WORDS}; follows from descriptions",
    "answers": f"logic 1 is now 3: answers are compared by what they are read as; {NONE}; follows from questions, descriptions",
    "reasoning_paths": f"logic 1 is now 3: answers are compared by what they are read as; {NONE}; follows from answers, questions",
    "signatures": f"logic 1 is now 3: superscripts tell questions apart; {VIEWED}; follows from reasoning_paths, questions",
}


def test_what_follows_from_how_replies_are_judged_is_stale_and_nothing_else(command: Command) -> None:
    planned = command("plan")
    assert {(row["batch"], row["stage"]): (row["cause"], row["detail"]) for row in planned["stages"]} == {
        (batch, stage): ("code", detail)
        for stage, detail in JUDGED.items()
        for batch in EXPECTED["tables"][stage]
        if batch not in ALL_KNOWN
    }
    assert [(one["version"], one["cause"], one["batches"]) for one in planned["versions"]] == [("v0002", "code", 10)]
    assert planned["versions"][0]["detail"].startswith("rules 2 are now 5: answers are compared")
    described = [row for row in planned["stages"] if row["stage"] == "descriptions"]
    assert described and all(row["exact"] and row["at_least"] == row["calls"] == 0 for row in described)
    sources = command("register")["registrations"]
    assert [(one["new"], one["changed"], one["vanished"]) for one in sources] == [(0, 0, 0)] * 3


def refreshed(store: Store, settings: Settings, models: Models, stage: str, batch: str) -> int:
    """Make a stage's tables of a batch anew and put them in force; returns how many calls were made for it."""
    entry, tables = STAGES[stage], Tables(store)
    inputs = {asset: tables.load(asset, batch) for asset in upstream_of(stage)}
    results = [table.results for table in inputs.values()]
    made: dict[str, Any] = {}
    if entry.prompts:
        with Synthesis.open(settings, store, models, stage, batch) as session:
            output = entry.run(*results, session)
        made = session.provenance()
    else:
        output = entry.run(*results, BatchWork(settings, Blobs(store), batch))
    require_closed(stage, entry.expected(results[0], settings), output, entry.item)
    read = {asset: data_version(table.results, table.rejections) for asset, table in inputs.items()}
    code = stage_plan(settings, stage).code_version
    tables.publish(stage, batch, output, Provenance(**made, code_version=code, inputs=read))
    return int(made.get("calls", {}).get("calls", 0))


def test_a_refresh_asks_what_the_plan_says_and_the_next_version_is_another(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy)
    settings = load_settings(copy / "wethink.toml", {})
    store = Store.open(settings.store_url)
    with Models.open(settings) as models:
        planned = {(row["stage"], row["batch"]): row for row in stale_stages(store, settings, models).to_dicts()}
        held = sum(row["held"] for row in planned.values())
        assert held > 70, "calls that are not made again"
        for (stage, batch), row in sorted(planned.items(), key=lambda entry: list(JUDGED).index(entry[0][0])):
            assert row["at_least"] <= refreshed(store, settings, models, stage, batch) <= row["calls"]
        assert stale_stages(store, settings, models).is_empty()
    decided = decide_cut(store, read_cut(store, "v0002").recipe)
    assert isinstance(decided, Cut) and decided.version == "v0003"
    assert build_version(store, decided.version).rows > 0
    rows = scan_rows(store, "v0003").collect()
    assert rows.schema == rows_schema(stage_names())
    assert rows["answer_type"].null_count() == 0 and set(rows["tolerance"]) == {0.0}
    assert verify_versions(store).sound and not stale_versions(store)


def test_an_earlier_version_is_read_as_one_that_allows_nothing(store: Store) -> None:
    rows = version_rows(store, "v0002", "train").collect()
    assert rows["answer_type"].null_count() == rows.height > 0
    assert (
        set(rows["tolerance"]) == set(rows["edit_distance"]) == {0.0} and rows["accepted_answers"].list.len().sum() == 0
    )


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
    """They stay readable; what they mean changed since (what failed earns nothing), so a scoring makes them anew, out of the journal."""
    scores, found_again = {}, []
    with Models.open(settings) as models:
        for policy in list_policies(store):
            for model in (base_model_of(settings, policy), trained_model(settings, store, policy)):
                for score in scores_of(store, model.digest):
                    name = f"{model.digest}/{score.benchmark}/{score.settings_digest}"
                    scores[name] = [model.name, score.decoding, score.value]
                jobs = jobs_with_scores(store, settings, model, wanted_files(settings), models)
                found_again += [score for _, score in jobs if score is not None]
    assert not found_again
    assert scores == EXPECTED["scores"] and all(value is not None for _, _, value in scores.values())
    assert "v0002.tiny" in json.dumps(command("leaderboard"))


def test_the_models_that_it_was_grown_by_are_those_that_ship(project: Path) -> None:
    own = {name: checkpoint_digest(str(project / name) if "/" in name else name) for name in EXPECTED["checkpoints"]}
    assert own == EXPECTED["checkpoints"]
