"""Text of a leaderboard and of one training run's scores: tables of cells for people."""

from collections.abc import Mapping

from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS, Benchmark
from wethink_assets.evaluation.grading.intervals import Comparison, holm
from wethink_assets.evaluation.reports.clean_part import CleanPart, clean_text
from wethink_assets.evaluation.reports.comparison import SIGNIFICANT, detectable
from wethink_assets.evaluation.reports.leaderboard import NOT_RUN, WAITS, Board, Cell, Line, cell_of, own_of
from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.runs.training_runs import ModelScores

FLAG = " !"


def cell_text(cell: Cell | None) -> str:
    """Value with its interval, `!` where calls failed.

    >>> cell_text(Cell(68.125, 60.0, 76.0)), cell_text(None)
    ('68.1 (60.0 to 76.0)', 'not run')
    """
    if cell is None:
        return NOT_RUN
    bounds = "" if cell.low is None or cell.high is None else f" ({cell.low:.1f} to {cell.high:.1f})"
    return f"{cell.value:.1f}{bounds}{FLAG if cell.flags else ''}"


def difference_text(comparison: Comparison | None, scale: int, p_board: float | None = None) -> str:
    """Difference to the base with its interval and p; `*` where p, corrected for all comparisons of the board, is below 0.05."""
    if comparison is None:
        return ""
    board = "" if p_board is None or p_board == comparison.p else f", {p_board:.2g} on this board"
    star = "*" if (comparison.p if p_board is None else p_board) < SIGNIFICANT else ""
    bounds = f"({scale * comparison.low:+.1f} to {scale * comparison.high:+.1f})"
    return f"{scale * comparison.difference:+.1f}{star} {bounds}, p {comparison.p:.2g} {comparison.test}{board}"


def detectable_text(comparison: Comparison | None, scale: int, least: float | None) -> str:
    """The smallest difference that would get a star, on the benchmark's scale; `none`: the units are too few for any."""
    if comparison is None:
        return ""
    return "none" if least is None else f"{scale * least:.1f}"


def samples_text(samples: int, units: int) -> str:
    """Samples, and what was drawn of them where that is fewer.

    >>> samples_text(24, 8), samples_text(24, 24)
    ('24 in 8 units', '24')
    """
    return str(samples) if units == samples else f"{samples} in {units} units"


def seeds_text(cell: Cell | None) -> str:
    """Mean over the sampling seeds, with their standard deviation."""
    if cell is None or cell.seeds_mean is None:
        return ""
    spread = "" if cell.seeds_sd is None else f" ± {cell.seeds_sd:.1f}"
    return f"{cell.seeds_mean:.1f}{spread} of {len(cell.seeds)}"


def average_text(line: Line, name: str) -> str:
    """An average with its interval and what a policy has over its base, or that benchmarks of it were not run."""
    value = line.averages.get(name)
    if value is None:
        return "incomplete" if name in line.averages else ""
    bounds, gain = line.average_bounds.get(name), line.average_gains.get(name)
    shown = f"{value:.1f}" if bounds is None else f"{value:.1f} ({bounds[0]:.1f} to {bounds[1]:.1f})"
    return shown if gain is None else f"{shown}, {gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})"


def column_title(benchmark: Benchmark) -> str:
    """Name of a column: OCRBench is out of 1000."""
    return benchmark.key if benchmark.scale == 100 else f"{benchmark.key} (of {benchmark.scale})"


def board_rows(board: Board) -> list[dict[str, str]]:
    """The board with models as columns and benchmarks as rows, averages last; `units`: what was resampled, `detectable`: of the newest policy."""
    names = list(dict.fromkeys(name for line in board.lines for name in line.averages))
    rows = [
        {
            "benchmark": column_title(one),
            **{line.name: _shown(line, one) for line in board.lines},
            **_resampled(board, one),
        }
        for one in board.columns
    ]
    return [
        *rows,
        *(
            {
                "benchmark": f"average, {name}",
                **{line.name: average_text(line, name) for line in board.lines},
                "units": "",
                "detectable": "",
            }
            for name in names
        ),
    ]


def _resampled(board: Board, benchmark: Benchmark) -> dict[str, str]:
    cells = [line.cells[benchmark.key] for line in board.lines if benchmark.key in line.cells]
    units = sorted({cell.units for cell in cells if cell.units})
    compared = [cell for cell in cells if cell.against_base is not None]
    newest_policy = compared[-1] if compared else Cell(0.0)
    return {
        "units": " or ".join(map(str, units)),
        "detectable": detectable_text(newest_policy.against_base, benchmark.scale, newest_policy.detectable),
    }


def _shown(line: Line, benchmark: Benchmark) -> str:
    cell = line.cells.get(benchmark.key)
    if cell is None:
        return "-" if line.kind == "published" else line.without_score(benchmark.key)
    return cell_text(cell)


def run_rows(run: ModelScores, clean: Mapping[str, CleanPart] | None = None) -> list[dict[str, str]]:
    """One model: a row per benchmark with its score, and beside a policy that of its base and their paired difference.

    clean: where given, the clean part of each benchmark has a column.
    """
    base, policy = newest(run.base), newest(run.scores)
    rows = []
    on_board = holm({key: comparison.p for key, comparison in run.comparisons.items()})
    scored = {score.benchmark: BENCHMARKS.get(score.benchmark) or own_of(score) for score in run.scores}
    for benchmark in [file.benchmark for file in run.files] or list(scored.values()):
        before, after = (cell_of(group[benchmark.key]) if benchmark.key in group else None for group in (base, policy))
        flags = [*(before.flags if before else ()), *(after.flags if after else ())]
        comparison = run.comparisons.get(benchmark.key)
        shown = WAITS if after is None and benchmark.key in run.waiting else cell_text(after)
        scores = {
            "base": WAITS if before is None and benchmark.key in run.base_waiting else cell_text(before),
            "policy": shown,
            "difference": difference_text(comparison, benchmark.scale, on_board.get(benchmark.key)),
            "detectable": detectable_text(comparison, benchmark.scale, detectable(comparison, len(on_board))),
            "policy, sampled": seeds_text(after),
        }
        rows.append(
            {
                "benchmark": column_title(benchmark),
                **(scores if run.base_name else {"score": shown, "sampled": seeds_text(after)}),
                "cut": f"{after.cut:.1%}" if after else "",
                "no answer": f"{after.no_answer:.1%}" if after else "",
                "of answered": f"{after.answered:.1f}" if after and after.answered is not None else "",
                **({} if clean is None else {"clean part": clean_text(clean.get(benchmark.key))}),
                "samples": samples_text(after.samples, after.units) if after else "",
                "flags": "; ".join(dict.fromkeys(flags)),
            }
        )
    return rows
