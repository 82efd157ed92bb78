"""Record of the evaluations of a training: accuracy on held-out rows by step, the answers, and which step was the best."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.storage.local_files import scan_files
from wethink_assets.training.trainers.checkpoints import is_whole
from wethink_assets.training.trainers.recorder import read_lines
from wethink_assets.training.validation.held_out import ANSWERS

FIGURES = "evaluations.jsonl"
ANSWER_FOLDER = "evaluations"
BEST = "best-"
HELD_OUT = {"accuracy": "held_out", "low": "held_out_low", "high": "held_out_high"}
"""Figures of an evaluation, and what they are called among those of a step."""
Figures = dict[str, Any]


class EvaluationRecord:
    """The evaluations of a phase in its folder: `evaluations.jsonl`, a line each, and the answers in `evaluations/<step>.parquet`.

    An evaluation counts once its line, written last, is there. The line of a later step than `from_step` is dropped: the step comes again.
    """

    def __init__(self, folder: Path, from_step: int = 1 << 60) -> None:
        self._folder = folder
        self.lines: list[Figures] = [line for line in read_lines(folder / FIGURES) if line["step"] <= from_step]

    def tidy(self) -> None:
        """Remove from the folder what does not count."""
        if (self._folder / FIGURES).exists():
            unfinished = self._folder / f"{FIGURES}.writing"
            unfinished.write_text("".join(json.dumps(line) + "\n" for line in self.lines))
            os.replace(unfinished, self._folder / FIGURES)
        steps = {line["step"] for line in self.lines}
        for path in (self._folder / ANSWER_FOLDER).glob("*"):
            if not path.stem.isdigit() or path.suffix != ".parquet" or int(path.stem) not in steps:
                path.unlink()
        best = self.best()
        for path in self._folder.glob(f"{BEST}*"):
            if best is None or path != best_folder(self._folder, best["step"]):
                shutil.rmtree(path)

    def write(self, figures: Figures, answers: pl.DataFrame) -> None:
        """Write an evaluation that `lines` has already: its answers, then its line."""
        (self._folder / ANSWER_FOLDER).mkdir(exist_ok=True)
        path = self._folder / ANSWER_FOLDER / f"{figures['step']:07d}.parquet"
        answers.write_parquet(path.with_suffix(".writing"))
        path.with_suffix(".writing").rename(path)
        with (self._folder / FIGURES).open("a") as file:
            file.write(json.dumps(figures) + "\n")

    def best(self) -> Figures | None:
        """The evaluation of the highest accuracy, of equal ones the earliest; None where nothing was graded."""
        graded = [line for line in self.lines if line["accuracy"] is not None]
        return max(graded, key=lambda line: (line["accuracy"], -line["step"]), default=None)

    def answers(self) -> pl.LazyFrame | None:
        """Answers of all evaluations with their `step`; None where there is none."""
        steps = [line["step"] for line in self.lines]
        if not steps:
            return None
        return pl.concat(
            [
                scan_files([self._folder / ANSWER_FOLDER / f"{step:07d}.parquet"]).select(
                    pl.lit(step, pl.Int32).alias("step"), *ANSWERS
                )
                for step in steps
            ]
        )


def with_evaluations(lines: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Figures of steps, those of a step that was evaluated with `held_out`, `held_out_low` and `held_out_high`."""
    by_step = {line["step"]: line for line in EvaluationRecord(folder).lines}
    return [
        {**line, **{name: by_step[line["step"]][key] for key, name in HELD_OUT.items()}}
        if line["step"] in by_step
        else dict(line)
        for line in lines
    ]


def best_folder(folder: Path, step: int) -> Path:
    """Where the weights of a step lie that was the best so far."""
    return folder / f"{BEST}{step:07d}"


def kept_best(folder: Path) -> tuple[Figures, Path] | None:
    """The best evaluation of a phase and the folder with its weights; None where none was graded or its weights are not whole."""
    best = EvaluationRecord(folder).best()
    if best is None or not is_whole(best_folder(folder, best["step"])):
        return None
    return best, best_folder(folder, best["step"])
