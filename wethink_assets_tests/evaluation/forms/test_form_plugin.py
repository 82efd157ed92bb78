"""A form of one's own, from a plugin, is scored end to end: rows, prompt, verdicts, headline with interval, breakdown, leaderboard."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.reports.leaderboard import leaderboard
from wethink_assets.evaluation.runs.models import base_model_of, trained_model
from wethink_assets.evaluation.runs.records import read_replies
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import ENDPOINT, write_tsv
from wethink_assets_tests.support.scored_training_run import published_policy

PLUGIN = "wethink_assets_tests.support.ordering_form"
ROWS = [
    {"index": 1, "question": "Which dots?", "answer": "red, blue", "scene": "a", "length": "2"},
    {"index": 2, "question": "Which squares?", "answer": "red, green, blue", "scene": "a", "length": "3"},
    {"index": 3, "question": "Which lines?", "answer": "blue, red", "scene": "b", "length": "2"},
]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A configuration whose plugin brings the form of its benchmark."""
    yield Settings.model_validate(
        {
            "plugins": [PLUGIN],
            "folder": str(tmp_path),
            "benchmarks": {"mine": {"path": "mine.tsv", "form": "ordering"}},
            "scoring": {"samples": False, "seeds": [], "resamples": 200},
            "roles": {"judge": ENDPOINT.model_dump(exclude_unset=True)},
        }
    )
    BENCHMARK_FORMS.unregister("ordering")
    del sys.modules[PLUGIN]


def test_a_form_of_a_plugin_is_scored_end_to_end(settings: Settings, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", ROWS)
    store = Store.open(str(tmp_path / "store"))
    policy = published_policy(store, tmp_path / "p")
    files = benchmark_files(settings, ["mine"])
    judge = Answering(lambda text, sampling: "red, green, blue" if "then green" in text else "null", "judge")
    base = Answering(lambda text, sampling: "<think>hm</think><answer>blue, red</answer>")
    right = {"dots": "Red, blue", "squares": "red then green then blue", "lines": "blue, red"}
    better = Answering(lambda text, sampling: next(reply for name, reply in right.items() if name in text))
    models = ((base_model_of(settings, policy), base), (trained_model(settings, store, policy), better))
    scores = []
    for model, chat in models:
        with Models(settings, {"policy": chat, "judge": judge}) as roles:
            scores += score_model(store, settings, model, files, models=roles)
    before, after = scores
    assert base.asked[0] == "Which dots? Name them from left to right, with commas."
    assert (before.value, before.units, before.samples, before.form) == (50, 2, 3, "ordering")
    assert before.parts == {"of length 2": 50, "of length 3": 0} and before.headline == "scenes in order"
    assert before.low is not None and before.high is not None and before.low <= 50 <= before.high
    assert before.settings["verdicts"].endswith(".1") and before.scorer == "own"
    assert after.value == 100 and read_replies(store, after)["how"].to_list() == ["rule", "judge", "rule"]
    cells = {line.name: line.cells["mine"].value for line in leaderboard(store, settings).lines if "mine" in line.cells}
    assert cells == {"base-7b": 50, "v0001.grpo": 100}


def test_a_file_without_the_columns_of_its_form_is_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", [{"index": 1, "question": "?", "answer": "a, b"}])
    (file,) = benchmark_files(settings, ["mine"])
    assert (
        file.state == "malformed" and "no column 'scene', which a benchmark of the form ordering needs" in file.remedy
    )


def test_a_form_that_draws_no_stand_ins_says_so(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="Ordering draws no stand-ins"):
        BENCHMARK_FORMS["ordering"].stand_in("sample_mine", 4)


def test_an_unknown_form_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"unknown benchmark form 'orderin'; known: choice, circular, mmmu"):
        Settings.model_validate({"benchmarks": {"mine": {"form": "orderin"}}})
