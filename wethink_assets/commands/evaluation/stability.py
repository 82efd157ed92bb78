"""`wethink score --judge-repeats` and `--wordings`: how far scores move when the judge is asked again, or questions are worded otherwise."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.evaluation.runs.stability import Stability
    from wethink_assets.storage.store import Store


def stability_of(
    store: "Store", settings: "Settings", key: str, benchmarks: list[str], judge_repeats: int, wordings: int
) -> "list[Stability]":
    """Stability of a key's model (of a training run its policy) on the wanted benchmarks; nothing where nothing is to be repeated."""
    from wethink_assets.evaluation.benchmarks.files import wanted_files
    from wethink_assets.evaluation.runs.stability import measure_stability
    from wethink_assets.evaluation.runs.training_runs import models_of

    if not judge_repeats and not wordings:
        return []
    model = models_of(store, settings, key)[-1]
    files = wanted_files(settings, benchmarks)
    return measure_stability(store, settings, model, files, judge_repeats=judge_repeats, wordings=wordings)


def stability_records(measured: "list[Stability]") -> list[dict[str, Any]]:
    """As plain values, on each benchmark's scale."""
    from dataclasses import asdict

    return [{**asdict(one), "mean": one.average, "deviation": one.deviation} for one in measured]


def show_stability(measured: "list[Stability]") -> None:
    """Print a line for each benchmark and what was varied; nothing where nothing was measured."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not measured:
        return
    table = Table(title=Text(f"how far scores of {measured[0].model} move"), title_justify="left")
    for name in ("benchmark", "varied", "score", "mean ± standard deviation", "repeats", "changed verdicts"):
        table.add_column(name, overflow="fold")
    for one in measured:
        score = "none" if one.values[0] is None else f"{one.values[0]:.1f}"
        moved = "none" if one.deviation is None else f"{one.average:.1f} ± {one.deviation:.1f}"
        row = (one.benchmark, one.source, score, moved, str(len(one.values) - 1), f"{one.changed:.1%}")
        table.add_row(*(Text(value) for value in row))
    Console().print(table)
