"""Plot of a study: for each set of samples the mean of each variant with its interval, and each seed beside it."""

import io
from typing import TYPE_CHECKING

from wethink_assets.training.studies.records import StudyRecord
from wethink_assets.training.studies.tables import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, GRID, MEAN, REFERENCE = "#27303f", "#d8dde6", "#4f6fd8", "#d1603d"


def draw(record: StudyRecord, dpi: int = 130) -> bytes:
    """The plot as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = 1.2 + 0.42 * len(record.outcomes)
    figure = Figure(figsize=(4.2 * len(record.sets), height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{record.study}, {record.version}, {len(record.seeds)} seeds", fontsize=9, color=INK)
    panels = figure.subplots(1, len(record.sets), squeeze=False, sharey=True)[0]
    for axes, samples in zip(panels, record.sets, strict=True):
        _panel(axes, record, samples)
    png = io.BytesIO()
    figure.savefig(png, format="png", facecolor="white")
    return png.getvalue()


def _panel(axes: "Axes", record: StudyRecord, samples: str) -> None:
    base = record.base[samples]["all"]
    axes.axvline(100 * base, color=INK, linewidth=0.8, linestyle="--")
    axes.text(100 * base, -0.46, " untrained", color=INK, fontsize=6, va="top")
    for position, outcome in enumerate(record.outcomes):
        if samples not in outcome.scores:
            continue
        accuracy = outcome.scores[samples]["all"].accuracy
        mean, low, high = (100 * value for value in (accuracy.mean, accuracy.low, accuracy.high))
        colour = REFERENCE if outcome.reference else MEAN
        axes.errorbar(
            [mean],
            [position],
            xerr=[[mean - low], [high - mean]],
            fmt="o",
            color=colour,
            markersize=4,
            capsize=2,
            linewidth=1.2,
        )
        seeds = [100 * run.gains[samples]["all"]["after"] for run in outcome.runs if run.gains]
        axes.plot(seeds, [position + 0.22] * len(seeds), ".", color=colour, markersize=3, alpha=0.6)
    axes.set_yticks(range(len(record.outcomes)), [outcome.label for outcome in record.outcomes], fontsize=7, color=INK)
    axes.set_ylim(len(record.outcomes) - 0.5, -0.5)
    axes.set_title(f"{count_of(record, samples)} {samples}: accuracy, %", fontsize=8, color=INK, loc="left")
    axes.tick_params(axis="x", labelsize=6, colors=INK)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
