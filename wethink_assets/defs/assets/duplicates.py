"""The asset `duplicates`: what the newest version left out as duplicates, and what other thresholds would give, as plots."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from wethink_assets.dataset.versions.manifest import list_built
from wethink_assets.defs.graph import DATA_TEAM, VERSIONS, when_changed
from wethink_assets.defs.metadata.plots import FILL, GRID, INK, data_uri, new_figure
from wethink_assets.defs.metadata.previews import plain
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store

if TYPE_CHECKING:
    from wethink_assets.dataset.duplicates.distances import Curve
    from wethink_assets.dataset.duplicates.hits import HitCount
    from wethink_assets.dataset.duplicates.report import DuplicateReport

PICTURES = 50
"""Pairs of images that are compared in full for a report: some seconds."""
SHOWN_HITS = 40


def duplicates_asset() -> dg.AssetsDefinition:
    """`duplicates`: drawn anew when versions come in."""

    @dg.asset(
        deps=[dg.AssetDep("dataset", partition_mapping=dg.AllPartitionMapping())],
        group_name=VERSIONS,
        kinds={"report"},
        owners=DATA_TEAM,
        automation_condition=when_changed(),
    )
    def duplicates(store: dg.ResourceParam[Store]) -> dg.MaterializeResult[None]:
        """What the newest version left out as duplicates, near misses, what other thresholds would leave out, and hits of benchmarks by source."""
        from wethink_assets.dataset.duplicates.report import duplicate_report  # with OpenCV

        built = list_built(store)
        if not built:
            return dg.MaterializeResult(metadata={"versions": 0})
        report = duplicate_report(store, built[-1], PICTURES)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(report.as_json())), metadata=fitting(duplicates_metadata(report))
        )

    return duplicates


def duplicates_metadata(report: "DuplicateReport") -> dict[str, Any]:
    """A report as metadata: figures, the curves as a small plot, hits of benchmarks as a table, and how to look at the pictures."""
    curve = f"![rows left out by threshold]({data_uri(curve_figure(report.curves))})" if report.curves else ""
    judged = report.pictures
    return {
        "version": report.version,
        "rows": report.kept,
        "groups": len(report.clusters),
        **{f"left out: {reason}": count for reason, count in report.left_out.items()},
        "near misses by image": report.near_in_all,
        "near misses by wording": report.worded_in_all,
        **{f"pictures compared: {verdict}": count for verdict, count in judged.counts.items() if judged.pairs},
        **({"curves": dg.MetadataValue.md(curve)} if curve else {}),
        **({"not measured": plain(report.fault, 300)} if report.fault else {}),
        **({"benchmarks": _hits(report.hit_counts)} if report.hit_counts else {}),
        "pictures side by side": f"wethink duplicates {report.version} --html FILE",
    }


def curve_figure(curves: Sequence["Curve"]) -> Any:
    """Rows left out by each threshold, the value in force marked."""
    figure = new_figure(7.0, 2.4)
    for axes, curve in zip(figure.subplots(1, len(curves), squeeze=False)[0], curves, strict=True):
        values, counts = [point[0] for point in curve.points], [point[1] for point in curve.points]
        axes.plot(values, counts, marker="o", markersize=3, linewidth=1.2, color=FILL)
        axes.axvline(curve.in_force, color=INK, linewidth=0.8, linestyle="--")
        axes.set_title(f"rows left out by {curve.threshold}", fontsize=8, color=INK, loc="left")
        axes.tick_params(labelsize=6, colors=INK)
        axes.grid(axis="y", color=GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylim(bottom=0)
    return figure


def _hits(counts: Sequence["HitCount"]) -> dg.TableMetadataValue:
    kinds = {"benchmark": "string", "source": "string", "verdict": "string", "images": "int", "rows left out": "int"}
    records = [
        dg.TableRecord(
            dict(zip(kinds, (one.benchmark, plain(one.source, 60), one.verdict, one.images, one.rows), strict=True))
        )
        for one in counts[:SHOWN_HITS]
    ]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(*column) for column in kinds.items()]))
