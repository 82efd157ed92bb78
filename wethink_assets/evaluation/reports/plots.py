"""Plots of a leaderboard: bars with intervals for each benchmark, and a radar over all of them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wethink_assets.evaluation.benchmarks.catalog import SAMPLE, Benchmark
from wethink_assets.evaluation.reports.leaderboard import Board, Line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#4f6fd8", "#d8784f", "#3f9e6b", "#9a5fc0", "#b59b2e", "#5f6b7a")
PUBLISHED = "#c3c9d3"
INK, GRID = "#27303f", "#d8dde6"
RINGS = "#a9b1bf"  # darker than bars need: the few colours of a small picture would make a lighter one white
SIDEWAYS = 0.2
"""Cosine from which a spoke's name stands beside it instead of above."""
FLAGGED = "†"
NOTE = f"{FLAGGED} a score here is flagged (another file than the published one, or what failed or was cut): the table says why"
_N = "\nn "
RESAMPLED = "n: groups of samples that intervals go by; shows: the smallest difference to the base that would get a star, in percent"
MOST = 6
"""Models in one plot: published ones only beside real benchmarks, then models from elsewhere, of the policies the newest."""


def _figure(width: float, height: float, top: float = 1.0) -> "Figure":
    """A figure whose drawing ends below `top`, a share of its height."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(rect=(0, 0, 1, top)))


def shown_of(board: Board) -> tuple[list[Benchmark], list[Line]]:
    """Columns and rows of a plot: the real benchmarks where a model of ours has scores of them, else the stand-ins."""
    ours = [line for line in board.lines if line.kind != "published"]
    real = [one for one in board.columns if not one.sample and any(one.key in line.cells for line in ours)]
    columns = real or [one for one in board.columns if one.sample]
    lines = [line for line in board.lines if any(one.key in line.cells for one in columns)]
    published = [line for line in lines if line.kind == "published"][-1:]
    bases = [line for line in lines if line.kind == "base"][:1]
    policies = [line for line in lines if line.kind == "policy"]
    others = [line for line in lines if line.kind == "model"][: MOST - 1 - len(published) - len(bases)]
    before = [*published, *bases, *others]
    return columns, [*before, *policies[-(MOST - len(before)) :]]


def _colours(lines: Sequence[Line]) -> list[str]:
    own = iter(COLOURS)
    return [PUBLISHED if line.kind == "published" else next(own) for line in lines]


def short(benchmark: Benchmark) -> str:
    """A benchmark's name for an axis; stand-ins stay marked."""
    name = benchmark.key.removeprefix(SAMPLE).split("_MINI")[0].split("_DEV")[0].removesuffix("_TEST")
    return f"sample_{name}" if benchmark.sample else name


def _label(benchmark: Benchmark, lines: Sequence[Line]) -> str:
    flagged = any(line.cells[benchmark.key].flags for line in lines if benchmark.key in line.cells)
    return f"{short(benchmark)} {FLAGGED}" if flagged else short(benchmark)


def _resampled(benchmark: Benchmark, lines: Sequence[Line]) -> str:
    """Below a name: how many units the intervals go by, and the smallest difference to its base that the newest policy could have shown."""
    cells = [line.cells[benchmark.key] for line in lines if benchmark.key in line.cells]
    units = max((cell.units for cell in cells), default=0)
    compared = [cell for cell in cells if cell.against_base is not None]
    if not units:
        return ""
    if not compared:
        return f"{_N}{units}"
    least = compared[-1].detectable
    return f"{_N}{units}, shows {'none' if least is None else f'{100 * least:.0f}'}"


def _annotated(figure: "Figure", labels: Sequence[str], size: float) -> "Figure":
    notes = [RESAMPLED] if any(_N in label for label in labels) else []
    notes += [NOTE] if any(FLAGGED in label for label in labels) else []
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=size, color=INK)
    return figure


def bars(board: Board) -> "Figure | None":
    """Grouped bars with intervals, each out of its benchmark's scale; None where nothing of ours was scored."""
    columns, lines = shown_of(board)
    if not columns or not lines:
        return None
    figure = _figure(8.4, 3.2)
    axes = figure.subplots()
    width = 0.8 / len(lines)
    for number, (line, colour) in enumerate(zip(lines, _colours(lines), strict=True)):
        scored = [column for column, one in enumerate(columns) if one.key in line.cells]
        cells = [(line.cells[columns[column].key], 100 / columns[column].scale) for column in scored]
        values = [cell.value * unit for cell, unit in cells]
        errors = [
            [(cell.value - cell.low) * unit if cell.low is not None else 0 for cell, unit in cells],
            [(cell.high - cell.value) * unit if cell.high is not None else 0 for cell, unit in cells],
        ]
        positions = [column - 0.4 + (number + 0.5) * width for column in scored]
        drawn = axes.bar(
            positions,
            values,
            width * 0.92,
            color=colour,
            label=line.name,
            yerr=errors,
            ecolor=INK,
            error_kw={"elinewidth": 0.7},
        )
        for bar, (cell, _) in zip(drawn, cells, strict=True):
            if cell.flags:
                bar.set_hatch("////")
                bar.set_edgecolor("white")
    labels = [_label(one, lines) + _resampled(one, lines) for one in columns]
    axes.set_xticks(range(len(columns)), labels, rotation=32, ha="right", fontsize=7, color=INK)
    axes.set_ylim(0, 100)
    axes.set_ylabel("percent of the scale", fontsize=7, color=INK)
    axes.tick_params(axis="y", labelsize=7, colors=INK)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=3, fontsize=7, frameon=False)
    return _annotated(figure, labels, 6.5)


def radar(board: Board) -> "Figure | None":
    """One spoke per benchmark, out of its scale; a model's line has a gap where it was not run. None as for `bars`."""
    columns, lines = shown_of(board)
    if len(columns) < 3 or not lines:
        return None
    figure = _figure(4.4, 3.5, top=0.96)
    axes = figure.add_subplot(projection="polar")
    angles = [2 * math.pi * spoke / len(columns) for spoke in range(len(columns))]
    for line, colour in zip(lines, _colours(lines), strict=True):
        values = [100 * line.cells[one.key].value / one.scale if one.key in line.cells else math.nan for one in columns]
        axes.plot([*angles, angles[0]], [*values, values[0]], color=colour, linewidth=1.3, label=line.name)
    axes.set_xticks(angles, ["" for _ in columns])
    labels = [_label(one, lines) for one in columns]
    for angle, label in zip(angles, labels, strict=True):
        side = "left" if math.cos(angle) > SIDEWAYS else "right" if math.cos(angle) < -SIDEWAYS else "center"
        axes.text(angle, 108, label, ha=side, va="center", fontsize=5.5, color=INK)
    axes.set_ylim(0, 100)
    axes.set_yticks([25, 50, 75, 100], ["25", "50", "75", ""], fontsize=5.5, color=INK)
    axes.xaxis.grid(False)
    axes.yaxis.grid(color=RINGS, linewidth=0.6, antialiased=False)  # smooth circles take more bytes than all else
    axes.spines["polar"].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, fontsize=6.5, frameon=False)
    return figure
