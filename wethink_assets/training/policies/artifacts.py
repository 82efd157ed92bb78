"""Artifacts of a policy beside its weights: curves, completions, answers to held-out rows, plots and the model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.config import RecipeSettings
from wethink_assets.training.data.rows import RowSelection
from wethink_assets.training.policies.card import library_versions, model_card, step_of_weights
from wethink_assets.training.policies.plots import column, write_plots
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.trainers.evaluation_record import EvaluationRecord, with_evaluations
from wethink_assets.training.trainers.recorder import RunRecorder, curves_table, read_lines

ARTIFACTS = "artifacts"
"""Folder of a run's working folder whose files become the policy's."""
PHASES = ("sft", "grpo")
"""Folders of the phases of a run, in the order in which they are trained."""
LAST = ("reward", "accuracy", "format", "kl", "entropy", "length", "zero_variance", "loss", "tokens_per_second")


def write_artifacts(
    work: Path,
    plan: TrainingPlan,
    selection: RowSelection,
    used: int,
    before: pl.DataFrame,
    after: pl.DataFrame,
    accuracy: Mapping[str, Mapping[str, float]],
    cost: Mapping[str, Any],
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    """Write all files beside `artifacts/model` of the working folder; returns the figures for `policy.json`.

    used: rows that took part; before, after: answers to the held-out rows; accuracy: what they come to (`validation.gains`); cost: as of `cost_of`;
    chosen: whose step's weights these are (`phases.chosen_weights`).
    """
    artifacts = work / ARTIFACTS
    phases = [phase for phase in PHASES if (work / phase).is_dir()]
    recorders = {phase: RunRecorder(work / phase, 1 << 60) for phase in phases}
    lines_of = {phase: with_evaluations(recorder.lines, work / phase) for phase, recorder in recorders.items()}
    lines = lines_of[phases[-1]]
    evaluations = EvaluationRecord(work / phases[-1])
    figures: dict[str, Any] = {
        "accuracy": accuracy,
        "published": dict(chosen),
        "evaluations": evaluations.lines,
        "cost": dict(cost),
        "steps": {phase: len(recorder.lines) for phase, recorder in recorders.items()},
        "rows": {"used": used, "chosen": selection.rows, "left_out": selection.left_out, "kinds": selection.kinds},
        "first": {name: _mean(lines, name, first=True) for name in LAST},
        "last": {name: _mean(lines, name, first=False) for name in LAST},
        "libraries": library_versions(),
    }
    for phase, own in lines_of.items():
        name = "curves" if phase == phases[-1] else f"{phase}_curves"
        curves_table(own).write_parquet(artifacts / f"{name}.parquet")
    if (answered := evaluations.answers()) is not None:
        answered.sink_parquet(artifacts / "evaluations.parquet", compression="zstd")
    completions = recorders[phases[-1]].all_completions()
    completions.sink_parquet(artifacts / "completions.parquet", compression="zstd")
    figures["completions"], figures["without_grade"] = (
        completions.select(pl.len(), pl.col("accuracy").null_count().alias("without")).collect().row(0)
    )
    held_out = before.join(after, on=["row_id", "kind"], suffix="_after").rename(
        {name: f"{name}_before" for name in ("completion", "accuracy", "format")}
    )
    held_out.write_parquet(artifacts / "validation.parquet")
    write_plots(lines, f"{plan.key}, {len(lines)} steps", artifacts / "plots")
    facts = {
        "base model": plan.base["identity"]["model"],
        "its revision": plan.base["identity"]["revision"] or "not given",
        "dataset version": plan.version,
        "manifest": plan.manifest,
        "recipe": plan.recipe_name,
        "rows trained on": f"{used} ({', '.join(f'{count} {kind}' for kind, count in selection.kinds.items())})",
        "policy digest": plan.digest,
        "weights of": step_of_weights(chosen, len(evaluations.lines)),
    }
    card = model_card(
        title=f"WeThink policy {plan.key}",
        facts=facts,
        settings=RecipeSettings.current(plan.counted),
        figures=figures,
        lines=lines,
    )
    (artifacts / "model" / "README.md").write_text(card)
    return figures


def cost_of(spent: Mapping[str, float], grades: int) -> dict[str, Any]:
    """What a training cost: seconds by the clock, GPU-seconds or, without a GPU, seconds of the processor, and grades that the judge gave.

    spent: `wall` and `cpu` seconds of all attempts, with loading and the answers to held-out rows; grades: those of held-out rows, too.
    """
    import torch

    cost: dict[str, Any] = {"wall_seconds": round(spent["wall"], 1)}
    if torch.cuda.is_available():
        from accelerate import PartialState

        cost["gpus"] = PartialState().num_processes
        cost["gpu_seconds"] = round(spent["wall"] * cost["gpus"], 1)
        cost["gpu"] = torch.cuda.get_device_name()
    else:
        cost["cpu_seconds"] = round(spent["cpu"], 1)
    if grades:
        cost["judge_grades"] = grades
    return cost


def _mean(lines: list[dict[str, Any]], name: str, first: bool) -> float | None:
    known = [value for value in column(lines, name) if value is not None]
    fifth = known[: max(1, len(known) // 5)] if first else known[-max(1, len(known) // 5) :]
    return round(sum(fifth) / len(fifth), 4) if fifth else None


def curves_so_far(work: Path) -> list[dict[str, Any]]:
    """Figures of the steps so far of a run that is still running."""
    for phase in reversed(PHASES):
        if lines := read_lines(work / phase / "curves.jsonl"):
            return with_evaluations(lines, work / phase)
    return []
