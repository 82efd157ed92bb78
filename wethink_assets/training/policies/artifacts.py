"""The files of a policy beside its weights: curves, completions, answers to held-out rows, plots and the model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.config import RecipeSettings
from wethink_assets.training.data.rows import Chosen
from wethink_assets.training.policies.card import library_versions, model_card
from wethink_assets.training.policies.plots import column, write_plots
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.trainers.recorder import Record, curves_table, read_lines

LAST = ("reward", "accuracy", "format", "kl", "entropy", "length", "zero_variance", "loss", "tokens_per_second")


def fill_outbox(
    work: Path,
    plan: TrainingPlan,
    chosen: Chosen,
    used: int,
    before: pl.DataFrame,
    after: pl.DataFrame,
    accuracy: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """Write all files beside `outbox/model`; returns the figures for `policy.json`.

    used: rows that took part; before, after: answers to the held-out rows; accuracy: what they come to (`validation.gains`).
    """
    outbox = work / "outbox"
    parts = [part for part in ("sft", "grpo") if (work / part).is_dir()]
    records = {part: Record(work / part, 1 << 60) for part in parts}
    spent = [record.keep_spent() for record in records.values()]
    cost = cost_of(work, {name: sum(one[name] for one in spent) for name in ("wall", "cpu")})
    lines = records[parts[-1]].lines
    figures: dict[str, Any] = {
        "accuracy": accuracy,
        "cost": cost,
        "steps": {part: len(record.lines) for part, record in records.items()},
        "rows": {"used": used, "chosen": chosen.rows, "left_out": chosen.left_out, "kinds": chosen.kinds},
        "first": {name: _mean(lines, name, first=True) for name in LAST},
        "last": {name: _mean(lines, name, first=False) for name in LAST},
        "libraries": library_versions(),
    }
    for part, record in records.items():
        name = "curves" if part == parts[-1] else f"{part}_curves"
        curves_table(record.lines).write_parquet(outbox / f"{name}.parquet")
    records[parts[-1]].all_completions().sink_parquet(outbox / "completions.parquet", compression="zstd")
    held_out = before.join(after, on=["row_id", "kind"], suffix="_after").rename(
        {name: f"{name}_before" for name in ("completion", "accuracy", "format")}
    )
    held_out.write_parquet(outbox / "validation.parquet")
    write_plots(lines, f"{plan.key}, {len(lines)} steps", outbox / "plots")
    facts = {
        "base model": plan.base["identity"]["model"],
        "its revision": plan.base["identity"]["revision"] or "not given",
        "dataset version": plan.version,
        "manifest": plan.manifest,
        "recipe": plan.recipe_name,
        "rows trained on": f"{used} ({', '.join(f'{count} {kind}' for kind, count in chosen.kinds.items())})",
        "policy digest": plan.digest,
    }
    card = model_card(
        title=f"WeThink policy {plan.key}",
        facts=facts,
        settings=RecipeSettings.current(plan.counted),
        figures=figures,
        lines=lines,
    )
    (outbox / "model" / "README.md").write_text(card)
    return figures


def cost_of(work: Path, spent: Mapping[str, float]) -> dict[str, Any]:
    """What the training cost: seconds by the clock, and GPU-seconds or, without a GPU, seconds of the processor."""
    import torch

    told: dict[str, Any] = {"wall_seconds": round(spent["wall"], 1)}
    if torch.cuda.is_available():
        from accelerate import PartialState

        told["gpus"] = PartialState().num_processes
        told["gpu_seconds"] = round(spent["wall"] * told["gpus"], 1)
        told["gpu"] = torch.cuda.get_device_name()
    else:
        told["cpu_seconds"] = round(spent["cpu"], 1)
    return told


def _mean(lines: list[dict[str, Any]], name: str, first: bool) -> float | None:
    known = [value for value in column(lines, name) if value is not None]
    part = known[: max(1, len(known) // 5)] if first else known[-max(1, len(known) // 5) :]
    return round(sum(part) / len(part), 4) if part else None


def curves_of(work: Path) -> list[dict[str, Any]]:
    """Figures of the steps so far of a run that is going on."""
    return next((lines for part in ("grpo", "sft") if (lines := read_lines(work / part / "curves.jsonl"))), [])
