"""Recorder of a run: figures and completions of each step."""

import json
import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.storage.local_files import scan_files

COLUMNS = {
    "loss": "loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "reward": "reward",
    "reward_std": "reward_std",
    "frac_reward_zero_std": "zero_variance",
    "rewards/accuracy_reward/mean": "accuracy",
    "rewards/format_reward/mean": "format",
    "kl": "kl",
    "entropy": "entropy",
    "clip_ratio/region_mean": "clipped",
    "cispo_clip_ratio": "clipped",
    "sampling/sampling_logp_difference/mean": "rollout_gap",
    "completions/mean_length": "length",
    "completions/max_length": "longest",
    "completions/clipped_ratio": "cut_off",
    "step_time": "step_seconds",
}
"""TRL's name of each figure, and the name of its column."""
COMPLETION = pl.Schema(
    {
        "step": pl.Int32(),
        "row_id": pl.String(),
        "image_id": pl.String(),
        "kind": pl.String(),
        "problem": pl.String(),
        "answer": pl.String(),
        "completion": pl.String(),
        "tokens": pl.Int32(),
        "accuracy": pl.Float64(),  # null where the judge failed
        "format": pl.Float64(),
        "reward": pl.Float64(),  # likewise
        "graded_by": pl.String(),
    }
)
KIND = "accuracy/"


class RunRecorder:
    """The files of a phase in its folder: `curves.jsonl` and `completions/<step>.parquet`.

    Steps after the checkpoint that a run resumes from are dropped, as they come again.
    """

    def __init__(self, work: Path, from_step: int = 0) -> None:
        self._curves = work / "curves.jsonl"
        self._completions = work / "completions"
        self._completions.mkdir(parents=True, exist_ok=True)
        self.lines = [line for line in read_lines(self._curves) if line["step"] <= from_step]
        _write(self._curves, "".join(json.dumps(line) + "\n" for line in self.lines))
        for path in self._completions.glob("*.parquet"):
            if not path.stem.isdigit() or int(path.stem) > from_step:
                path.unlink()

    def step(self, line: Mapping[str, Any]) -> None:
        """Add a step's figures."""
        self.lines.append(dict(line))
        with self._curves.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def completions(self, step: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a step's completions (fields of `COMPLETION` but the step)."""
        frame = pl.DataFrame([{"step": step, **row} for row in rows], schema=COMPLETION)
        path = self._completions / f"{step:07d}.parquet"
        frame.write_parquet(path.with_suffix(".writing"))
        path.with_suffix(".writing").rename(path)

    def all_completions(self) -> pl.LazyFrame:
        """Completions of all steps, in order."""
        paths = sorted(self._completions.glob("*.parquet"))
        return scan_files(paths) if paths else pl.DataFrame(schema=COMPLETION).lazy()


def figures_of(logs: Mapping[str, Any], step: int, completions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A step's figures from TRL's log and the graded completions of it; what is missing or no number is null.

    Adds `tokens_per_second` of completions, mean accuracy by question kind as `accuracy/<kind>`, and the share of grades that the judge failed
    to give.
    """
    line: dict[str, Any] = {"step": step}
    for trl_name, name in COLUMNS.items():
        value = logs.get(trl_name)
        if value is not None or name not in line:
            line[name] = None if value is None else float(value)
    tokens = sum(row["tokens"] for row in completions)
    seconds = line["step_seconds"]
    line["tokens"] = tokens
    line["tokens_per_second"] = tokens / seconds if seconds and tokens else None
    by_kind: dict[str, list[float]] = defaultdict(list)
    for row in completions:
        if row["accuracy"] is not None:
            by_kind[row["kind"]].append(row["accuracy"])
    line |= {f"{KIND}{kind}": sum(values) / len(values) for kind, values in sorted(by_kind.items())}
    failed = [row["accuracy"] is None for row in completions]
    line["judge_failed"] = sum(failed) / len(failed) if failed else None
    return {
        name: round(value, 6) if isinstance(value, float) and math.isfinite(value) else value
        for name, value in line.items()
    }


def curves_table(lines: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Figures of all steps as a table, one column per figure."""
    columns = dict.fromkeys(name for line in lines for name in line)
    return pl.DataFrame(
        {name: [_finite(line.get(name)) for line in lines] for name in columns},
        schema={name: pl.Int64 if name in ("step", "tokens") else pl.Float64 for name in columns},
    )


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines of a JSON lines file; a line that a killed process cut short is left out."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text().splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.writing")
    unfinished.write_text(text)
    os.replace(unfinished, path)
