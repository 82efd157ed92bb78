"""The asset `growth`: how the dataset grew over its versions, as plots."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from wethink_assets.dataset.versions.growth_curve import growth_curve, publish_growth
from wethink_assets.defs.graph import DATA_TEAM, VERSIONS, when_changed
from wethink_assets.defs.metadata.plots import GRID, INK, data_uri, new_figure, small_png
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store

LINES = ("#4f6fd8", "#d1603d", "#3f9a6b", "#8a5cc2", "#b58a1f", "#5b6577")
Point = Mapping[str, Any]
PANELS: Mapping[str, Mapping[str, str]] = {
    "size": {"verified rows": "considered", "rows": "rows", "images": "images"},
    "diversity, bits": {"question kinds": "kind_entropy", "abilities": "ability_entropy"},
    "distinct 3-grams": {"3-grams": "distinct_ngrams"},
    "shares": {"yield": "yield", "distinct 3-grams": "distinct_share", "coverage": "covered"},
    "calls for a row": {"calls": "calls_per_row"},
    "cost of a row": {"money": "money_per_row"},
}
SHOWN: Mapping[str, str] = {
    "version": "version",
    "rows": "rows",
    "images": "images",
    "yield": "yield",
    "question kinds, bits": "kind_entropy",
    "abilities, bits": "ability_entropy",
    "distinct 3-grams": "distinct_ngrams",
    "coverage": "covered",
    "calls a row": "calls_per_row",
    "cost a row": "money_per_row",
}


def growth_asset() -> dg.AssetsDefinition:
    """`growth`: drawn anew when versions or scores come in."""

    @dg.asset(
        deps=[
            dg.AssetDep("dataset", partition_mapping=dg.AllPartitionMapping()),
            dg.AssetDep("benchmark_scores", partition_mapping=dg.AllPartitionMapping()),
        ],
        group_name=VERSIONS,
        kinds={"report"},
        owners=DATA_TEAM,
        automation_condition=when_changed(),
    )
    def growth(store: dg.ResourceParam[Store]) -> dg.MaterializeResult[None]:
        """Rows, diversity, yield, cost of a row and scores of every version over time; files lie in `growth/` of the store."""
        points = growth_curve(store)
        with tempfile.TemporaryDirectory() as folder:
            plots = draw_growth(points, Path(folder))
            publish_growth(store, points, plots)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(points)), metadata=fitting(growth_metadata(store, points))
        )

    return growth


def growth_metadata(store: Store, points: Sequence[Point]) -> dict[str, Any]:
    """The curve as metadata: newest figures, small plots, a table."""
    if not points:
        return {"versions": 0}
    newest = points[-1]
    figures = _figures(newest)
    scores = (
        {"scores": dg.MetadataValue.md(_picture(_scores_figure(points)))} if any(p["scores"] for p in points) else {}
    )
    return {
        "versions": len(points),
        "curve": dg.MetadataValue.md(_picture(_growth_figure(points))),
        **scores,
        "by version": _table(points[-40:]),
        "newest version": newest["version"],
        **figures,
        "files": store.link("growth"),
    }


def draw_growth(points: Sequence[Point], folder: Path) -> dict[str, Path]:
    """Plots of the curve, as larger PNG files by name."""
    figures = {"growth": _growth_figure(points)} if points else {}
    if any(point["scores"] for point in points):
        figures["scores"] = _scores_figure(points)
    files = {}
    for name, figure in figures.items():
        files[name] = folder / f"{name}.png"
        files[name].write_bytes(small_png(figure, dpi=160))
    return files


def _picture(figure: Any) -> str:
    return f"![growth by version]({data_uri(figure)})"


def _growth_figure(points: Sequence[Point]) -> Any:
    figure = new_figure(8.4, 4.2)
    versions = [point["version"] for point in points]
    for axes, (title, lines) in zip(figure.subplots(2, 3).flat, PANELS.items(), strict=True):
        _lines(axes, title, versions, {label: [point.get(name) for point in points] for label, name in lines.items()})
    return figure


def _scores_figure(points: Sequence[Point]) -> Any:
    """Mean score over the benchmarks, by recipe."""
    figure = new_figure(8.4, 2.6)
    recipes = sorted({key.partition(".")[2] for point in points for key in point["scores"]})
    means: dict[str, list[float | None]] = {}
    for recipe in recipes:
        scores_by_point = [point["scores"].get(f"{point['version']}.{recipe}") or {} for point in points]
        means[recipe] = [sum(scores.values()) / len(scores) if scores else None for scores in scores_by_point]
    _lines(figure.subplots(), "mean score of what was trained on it", [point["version"] for point in points], means)
    return figure


def _lines(axes: Any, title: str, versions: Sequence[str], lines: Mapping[str, Sequence[float | None]]) -> None:
    for colour, (label, values) in zip(LINES * (1 + len(lines) // len(LINES)), lines.items(), strict=False):
        drawn = [float("nan") if value is None else float(value) for value in values]
        axes.plot(range(len(versions)), drawn, marker="o", markersize=2.5, linewidth=1.2, color=colour, label=label)
    axes.set_title(title, fontsize=8, color=INK, loc="left")
    step = max(1, len(versions) // 6)
    axes.set_xticks(range(0, len(versions), step), versions[::step], fontsize=6, color=INK)
    axes.tick_params(axis="y", labelsize=6, colors=INK)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(bottom=0)
    if len(lines) > 1:
        axes.legend(fontsize=6, frameon=False)


def _figures(point: Point) -> dict[str, Any]:
    """What a version comes to, by label; a figure that it lacks is left out."""
    figures = {label: point.get(name) for label, name in SHOWN.items() if label != "version"}
    return {label: round(value, 4) for label, value in figures.items() if value is not None}


def _table(points: Sequence[Point]) -> dg.TableMetadataValue:
    columns = [dg.TableColumn(label, "string" if label == "version" else "float") for label in SHOWN]
    records = [dg.TableRecord({"version": point["version"], **_figures(point)}) for point in points]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))
