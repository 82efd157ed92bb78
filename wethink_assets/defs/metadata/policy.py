"""Metadata of recipes, planned runs and policies."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.defs.metadata.previews import sample_table
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.card import curve_lines, evaluation_rows, gain_rows, step_of_weights
from wethink_assets.training.policies.catalog import Policy
from wethink_assets.training.runs.plan import TrainingPlan

SHOWN = ["step", "kind", "reward", "problem", "answer", "completion"]


def recipe_metadata(settings: Settings) -> dict[str, Any]:
    """All settings of all recipes, those left out of the file with their defaults."""
    return {
        f"recipe {name}": dg.MetadataValue.json(recipe.model_dump(mode="json"))
        for name, recipe in settings.recipes.items()
    }


def plan_metadata(plan: TrainingPlan) -> dict[str, Any]:
    """What a run is to do."""
    return {
        "version": plan.version,
        "recipe": plan.recipe_name,
        "manifest": plan.manifest,
        "base model": f"{plan.base['identity']['model']} ({plan.base['identity']['revision'][:12] or 'no revision'})",
        "digest": plan.digest,
        "settings": dg.MetadataValue.json(RecipeSettings.current(plan.counted)),
    }


def policy_metadata(store: Store, policy: Policy) -> dict[str, Any]:
    """What a policy is worth: figures first, then plot, curves, tables and settings."""
    figures = policy.figures
    accuracy: Mapping[str, Any] = figures.get("accuracy", {})
    all_rows = accuracy.get("all", {})
    cost = figures.get("cost", {})
    last = figures.get("last", {})
    evaluations = figures.get("evaluations", [])
    return {
        "held-out accuracy before": all_rows.get("before"),
        "held-out accuracy after": all_rows.get("after"),
        "gain in points": None if "gain" not in all_rows else round(100 * all_rows["gain"], 2),
        "reward": last.get("reward"),
        "tokens per second": last.get("tokens_per_second"),
        **{label.replace("_", " "): value for label, value in cost.items()},
        "rows trained on": figures.get("rows", {}).get("used"),
        "steps": sum(figures.get("steps", {}).values()),
        "completions without grade": figures.get("without_grade"),
        "held-out rows": accuracy_table(accuracy) if accuracy else None,
        "weights of": step_of_weights(figures["published"], len(evaluations)) if "published" in figures else None,
        "held-out accuracy by step": evaluation_table(evaluations) if evaluations else None,
        "curves": _curves(store, policy),
        "plot": _plot(store, policy),
        "model": store.link(f"{policy.folder}/model"),
        "files": store.link(policy.folder),
        "version": policy.version,
        "recipe": policy.recipe,
        "base model": f"{policy.base_model['model']} ({policy.base_model['revision'][:12]})",
        "digest": policy.digest,
        "settings": dg.MetadataValue.json(RecipeSettings.current(policy.settings)),
        "completions": _completions(store, policy),
        "libraries": dg.MetadataValue.json(figures.get("libraries", {})),
    }


def accuracy_table(accuracy: Mapping[str, Mapping[str, float]]) -> dg.TableMetadataValue:
    """Accuracy on held-out rows before and after, over all and by kind."""
    columns = ("rows", "n", "before", "after", "gain in points (95%)")
    records = [dg.TableRecord(dict(zip(columns, row, strict=True))) for row in gain_rows(accuracy)]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in columns]))


def evaluation_table(evaluations: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Accuracy on held-out rows at the steps that were evaluated while the policy was trained."""
    columns = ("step", "n", "accuracy (95%)", "format")
    records = [dg.TableRecord(dict(zip(columns, row, strict=True))) for row in evaluation_rows(evaluations)]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in columns]))


def _curves(store: Store, policy: Policy) -> dg.MarkdownMetadataValue | None:
    if "curves.parquet" not in policy.files:
        return None
    lines = store.read_parquet(f"{policy.folder}/curves.parquet").to_dicts()
    return dg.MetadataValue.md("```\n" + "\n".join(curve_lines(lines)) + "\n```")


def _plot(store: Store, policy: Policy) -> dg.MarkdownMetadataValue | None:
    if "plots/preview.png" not in policy.files:
        return None
    data = base64.b64encode(store.read(f"{policy.folder}/plots/preview.png")).decode("ascii")
    return dg.MetadataValue.md(f"![curves](data:image/png;base64,{data})")


def _completions(store: Store, policy: Policy) -> dg.TableMetadataValue | None:
    if "completions.parquet" not in policy.files:
        return None
    rows = store.scan_parquet(f"{policy.folder}/completions.parquet").select(SHOWN)
    total = rows.select(pl.len()).collect().item()
    chosen = pl.concat([rows.slice(number * total // 6, 1) for number in range(min(6, total))]) if total else rows
    return sample_table(chosen.collect(), columns=SHOWN)
