"""Figures and completions of each step are recorded whole, and continue from the step of a checkpoint."""

import math
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.training.trainers.recorder import RunRecorder, curves_table, figures_of, read_lines


def completion(kind: str, accuracy: float | None, tokens: int = 10) -> dict[str, Any]:
    named = {"row_id": "r", "image_id": "i", "kind": kind, "problem": "p", "answer": "a", "completion": "c"}
    return {**named, "tokens": tokens, "accuracy": accuracy, "format": 1.0, "reward": 1.0, "graded_by": "rule"}


def test_a_recorder_resumes_from_a_step(tmp_path: Path) -> None:
    recorder = RunRecorder(tmp_path)
    for step in (1, 2, 3):
        recorder.step({"step": step, "reward": step / 10})
        recorder.completions(step, [completion("MC", 1.0)])
    with (tmp_path / "curves.jsonl").open("a") as file:
        file.write('{"step": 4, "rew')  # killed while it wrote
    again = RunRecorder(tmp_path, from_step=2)
    assert (
        [line["step"] for line in again.lines]
        == [1, 2]
        == [line["step"] for line in read_lines(tmp_path / "curves.jsonl")]
    )
    assert again.all_completions().collect()["step"].to_list() == [1, 2]


def test_figures_of_a_step() -> None:
    logs = {"loss": 0.5, "rewards/accuracy_reward/mean": 0.25, "step_time": 2.0, "kl": None}
    line = figures_of(logs, 7, [completion("MC", 1.0), completion("MC", 0.0), completion("DES", None, 20)])
    assert line["step"] == 7 and line["accuracy"] == 0.25 and line["kl"] is None
    assert line["tokens"] == 40 and line["tokens_per_second"] == 20 and line["accuracy/MC"] == 0.5
    assert "accuracy/DES" not in line and line["judge_failed"] == pytest.approx(1 / 3)
    table = curves_table([line, {**line, "loss": math.nan, "extra": 1.0}])
    assert table["loss"].to_list() == [0.5, None] and table["extra"].to_list() == [None, 1.0]
