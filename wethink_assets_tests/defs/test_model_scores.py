"""Models that were not trained here, scored from the UI: the asset `model_scores`, and their rows on the leaderboard."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from wethink_assets.config import load_settings
from wethink_assets.definitions import definitions_of
from wethink_assets.defs.assets.scores import DRAW_LEADERBOARD, MODEL_SCORES, SCORE_MODELS, sync_scores
from wethink_assets.defs.resources import store_of
from wethink_assets.defs.runs.reporting import Synced
from wethink_assets.evaluation.reports.leaderboard import OTHER_SETTINGS, leaderboard
from wethink_assets_tests.support.benchmark_files import choice_rows, write_tsv
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint

CONFIG = """
[store]
url = {store}
[scoring]
samples = false
seeds = []
scorer = "own"
resamples = 200
[benchmarks.mine]
path = {mine}
form = "choice"
[benchmarks.other]
path = {other}
form = "choice"
[scoring.models.direct]
provider = "endpoint"
url = "{url}"
model = "served-1"
system_prompt = "{prompt}"
[scoring.models.thinking]
provider = "endpoint"
url = "{url}"
model = "served-1"
"""


class Home:
    """A folder with a configuration whose models are behind one endpoint."""

    def __init__(self, folder: Path, url: str, asked: list[dict[str, Any]]) -> None:
        self.folder, self.url, self.asked = folder, url, asked
        write_tsv(folder / "mine.tsv", choice_rows(6))
        write_tsv(folder / "other.tsv", choice_rows(4))

    def configure(self, prompt: str) -> None:
        names = {"store": "data", "mine": "mine.tsv", "other": "other.tsv"}
        paths = {name: json.dumps(str(self.folder / file)) for name, file in names.items()}
        text = CONFIG.format(url=self.url, prompt=prompt, **paths)
        (self.folder / "wethink.toml").write_text(text)

    def run(self, instance: dg.DagsterInstance, job: str, partition: str | None = None) -> dict[str, Any]:
        done = self.end(instance, job, partition)
        assert done.success
        (event,) = done.get_asset_materialization_events()
        return dict(event.materialization.metadata)

    def end(self, instance: dg.DagsterInstance, job: str, partition: str | None) -> dg.ExecuteInProcessResult:
        definition = definitions_of(load_settings()).resolve_job_def(job)
        return definition.execute_in_process(instance=instance, partition_key=partition, raise_on_error=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    asked: list[dict[str, Any]] = []

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["model"] == "no judge":
            return 401, {"error": {"message": "no such key"}}
        asked.append(body)
        choice = {"message": {"role": "assistant", "content": "<answer>B</answer>"}, "finish_reason": "stop"}
        return 200, {"model": "served-1", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    with scripted_endpoint() as served:
        served.reply = reply  # type: ignore[method-assign]
        yield Home(tmp_path, served.url, asked)


def test_a_model_is_a_partition_and_a_row_and_a_changed_prompt_is_told_apart(home: Home) -> None:
    home.configure("The letter alone.")
    with dg.DagsterInstance.ephemeral() as instance:
        made = home.run(instance, SCORE_MODELS, "direct")
        assert len(home.asked) == 10 and made["scored benchmarks"].value == 2 and made["model"].value == "served-1"
        row = made["scores"].value.records[0].data
        assert row["benchmark"] == "mine" and row["score"].startswith("100.0 (") and "base" not in row
        assert home.run(instance, DRAW_LEADERBOARD)["other models"].value == 1
        settings = load_settings()
        synced = Synced()
        sync_scores(instance, store_of(settings), settings, synced)
        assert synced.nothing
        key = dg.AssetKey(MODEL_SCORES)
        told = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=key), limit=9).records
        counts = [record.asset_materialization.metadata["scored benchmarks"].value for record in told]  # type: ignore[union-attr]
        assert counts == [2, 2, 1], "each score was reported when it was done, and all of them at the end"
        home.configure("Think first.")
        config = home.folder / "wethink.toml"
        config.write_text(config.read_text().replace("resamples = 200", 'resamples = 200\nbenchmarks = ["mine"]'))
        home.run(instance, SCORE_MODELS, "direct")
        assert len(home.asked) == 16 and all("Think first." in str(body) for body in home.asked[10:])
        line = next(line for line in leaderboard(store_of(settings), settings).lines if line.kind == "model")
        assert (line.cells["mine"].flags, line.cells["other"].flags) == ((), (OTHER_SETTINGS,))
    with dg.DagsterInstance.ephemeral() as empty:
        sync_scores(empty, store_of(settings), settings, synced)
        assert synced.events == {MODEL_SCORES: 1}


def test_without_such_models_the_board_is_drawn_as_before(home: Home) -> None:
    (home.folder / "wethink.toml").write_text(f"[store]\nurl = {json.dumps(str(home.folder / 'data'))}\n")
    with dg.DagsterInstance.ephemeral() as instance:
        assert home.run(instance, DRAW_LEADERBOARD)["other models"].value == 0


def test_what_waits_for_the_judge_fails_the_run_after_all_else_was_reported(home: Home) -> None:
    home.configure("The letter alone.")
    config = home.folder / "wethink.toml"
    judged = f'[roles.judge]\nprovider = "endpoint"\nurl = "{home.url}"\nmodel = "no judge"\n[benchmarks.other]'
    config.write_text(config.read_text().replace("[benchmarks.other]", judged).replace('"choice"', '"mmvet"', 1))
    with dg.DagsterInstance.ephemeral() as instance:
        ended = home.end(instance, SCORE_MODELS, "direct")
        assert not ended.success
        (failure,) = [event for event in ended.all_events if event.is_step_failure]
        assert "mine: the judge is waited for: " in str(failure.step_failure_data.error)
        told = instance.get_latest_materialization_event(dg.AssetKey(MODEL_SCORES))
        assert told is not None and told.asset_materialization is not None
        assert told.asset_materialization.metadata["waits for judge"].value == "mine"
        rows = {
            row.data["benchmark"]: row.data["score"]
            for row in told.asset_materialization.metadata["scores"].value.records
        }
        assert rows["mine"] == "waits for judge" and rows["other"].startswith("100.0")
