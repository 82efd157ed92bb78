"""Scores piece by piece, through real endpoints: each is there when it is done, and a judge that is down keeps none that needs no judge."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.config import Settings, load_settings
from wethink_assets.evaluation.reports.leaderboard import WAITS, leaderboard
from wethink_assets.evaluation.runs.training_runs import score_other_model
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.benchmark_files import choice_rows, write_tsv
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint

CONFIG = """
[store]
url = "{folder}/data"
[pipeline]
concurrency = 4
prompt_pack = "standard"
[scoring]
samples = false
seeds = []
scorer = "own"
resamples = 200
[roles.judge]
provider = "endpoint"
url = "{judge}"
model = "judge"
timeout = 5
[benchmarks.first]
path = "{folder}/first.tsv"
form = "mmvet"
[benchmarks.second]
path = "{folder}/second.tsv"
form = "choice"
[benchmarks.third]
path = "{folder}/third.tsv"
form = "choice"
[scoring.models.direct]
provider = "endpoint"
url = "{url}"
model = "served"
"""
NOBODY = "http://127.0.0.1:9/v1"


class Served:
    """An endpoint that answers B, whose requests about the benchmark `held` wait until `go` is set."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.held = folder, url, ""
        self.asked: list[str] = []
        self.go = threading.Event()
        self.refuses = ""

    def reply(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        text = str(body["messages"])
        if body["model"] == self.refuses:
            return 401, {"error": {"message": "no such key"}}
        self.asked.append(text)
        if self.held and self.held in text:
            self.go.wait(60)
        choice = {
            "message": {"role": "assistant", "content": "1.0" if "grade" in text else "B"},
            "finish_reason": "stop",
        }
        return 200, {"model": body["model"], "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

    def settings(self, judge: str) -> Settings:
        (self.folder / "wethink.toml").write_text(CONFIG.format(folder=self.folder, url=self.url, judge=judge))
        return load_settings()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    write_tsv(
        tmp_path / "first.tsv", [{"index": i, "question": f"How is picture {i}?", "answer": "red"} for i in range(5)]
    )
    for name in ("second", "third"):
        rows = [{**row, "question": f"{name}: {row['question']}"} for row in choice_rows(6)]
        write_tsv(tmp_path / f"{name}.tsv", rows)
    with scripted_endpoint() as endpoint:
        it = Served(tmp_path, endpoint.url)
        endpoint.reply = it.reply  # type: ignore[method-assign]
        yield it
        it.go.set()


@pytest.mark.parametrize(
    "judge", [pytest.param("", id="refusing"), pytest.param(NOBODY, id="down", marks=pytest.mark.slow)]
)
def test_a_judge_that_is_down_keeps_none_that_needs_no_judge_and_replies_are_asked_for_once(
    served: Served, judge: str
) -> None:
    served.refuses = "" if judge else "judge"
    settings = served.settings(judge or served.url)
    store = Store.open(settings.store_url)
    scores = score_other_model(store, settings, "direct")
    assert [score.benchmark for score in scores.scores] == ["second", "third"] and len(served.asked) == 17
    assert list(scores.waiting) == ["first"] and ("127.0.0.1:9" if judge else "no such key") in scores.waiting["first"]
    line = leaderboard(store, settings).as_json()["rows"][-1]
    assert line["cells"]["first"] == WAITS and line["cells"]["second"]["value"] == 100
    told = CliRunner().invoke(app, ["score", "direct"])
    assert told.exit_code == 1 and "direct on first waits for the judge: " in told.output and "waits for" in told.stdout
    assert len(served.asked) == 17
    served.refuses = ""
    settings = served.settings(served.url)
    scores = score_other_model(store, settings, "direct")
    assert not scores.waiting and {score.benchmark: score.value for score in scores.scores}["first"] == 100
    assert len(served.asked) == 22, "five grades, and no reply again"
    assert leaderboard(store, settings).as_json()["rows"][-1]["cells"]["first"]["value"] == 100


def test_a_score_is_there_before_the_rest_is_asked(served: Served) -> None:
    served.held = "third"
    settings = served.settings(served.url)
    store = Store.open(settings.store_url)
    seen: list[tuple[str, list[str]]] = []

    def on_score(score: Any) -> None:
        (line,) = (line for line in leaderboard(store, settings).lines if line.kind == "model")
        seen.append((score.benchmark, sorted(line.cells)))
        if len(seen) == 2:
            served.go.set()

    assert len(score_other_model(store, settings, "direct", on_score=on_score).scores) == 3
    assert seen[-1] == ("third", ["first", "second", "third"]) and len(seen[0][1]) == 1 and len(seen[1][1]) == 2
    calls = {score.benchmark: score.calls for score in score_other_model(store, settings, "direct").scores}
    assert calls["second"] == {"policy.calls": 6, "policy.prompt_tokens": 54, "policy.completion_tokens": 18}
    assert calls["first"]["judge.calls"] == calls["first"]["policy.calls"] == 5


@pytest.mark.slow
def test_a_kill_in_the_middle_keeps_the_scores_that_are_done_and_repeats_no_call(served: Served) -> None:
    served.held = "third"
    settings = served.settings(served.url)
    store = Store.open(settings.store_url)
    command = [sys.executable, "-c", "from wethink_assets.cli import app; app()", "score", "direct"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=dict(os.environ))
    deadline = time.monotonic() + 50
    while len([path for path in store.files("scores") if path.endswith("score.json")]) < 2:
        assert time.monotonic() < deadline and process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held, before = [text for text in served.asked if "third" in text], len(served.asked)
    served.go.set()
    (line,) = (line for line in leaderboard(store, settings).lines if line.kind == "model")
    assert sorted(line.cells) == ["first", "second"]
    scores = score_other_model(store, settings, "direct")
    assert len(scores.scores) == 3 and len(held) <= 4
    assert len(served.asked) == before + 6, json.dumps(served.asked[before:])
