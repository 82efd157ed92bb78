"""The leaderboard of a scored training run: rows, averages, plots."""

from dataclasses import replace
from pathlib import Path

import pytest

from wethink_assets.evaluation.benchmarks.catalog import ACADEMIC, REASONING
from wethink_assets.evaluation.grading.intervals import Comparison
from wethink_assets.evaluation.reports.leaderboard import (
    Cell,
    Line,
    average_bounds_of,
    average_gains_of,
    averages_of,
    leaderboard,
)
from wethink_assets.evaluation.reports.leaderboard_text import average_text, board_rows, run_rows
from wethink_assets.evaluation.reports.plots import bars, radar
from wethink_assets.evaluation.runs.models import trained_model
from wethink_assets.evaluation.runs.training_runs import kept_scores
from wethink_assets.models.chat import Completion, Sampling
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.benchmark_files import choice_rows, scoring_settings, write_tsv
from wethink_assets_tests.support.scored_training_run import ScoredRun, published_policy, scored_by


def test_the_board_holds_published_base_and_policy_rows_apart(scored: ScoredRun) -> None:
    store, settings, _ = scored
    board = leaderboard(store, settings)
    assert [(line.kind, line.name) for line in board.lines][2:] == [("base", "base-7b"), ("policy", "v0001.grpo")]
    assert all(line.kind == "published" and "arXiv" in line.source for line in board.lines[:2])
    plain = board.as_json()
    assert plain["rows"][3]["cells"]["MMStar"] == "not run" and plain["rows"][3]["cells"]["mine"]["value"] == 90
    assert plain["rows"][1]["cells"]["WeMath"]["value"] == 48.0 and "mine" in plain["rows"][1]["cells"]
    rows = {row["benchmark"]: row for row in board_rows(board)}
    assert rows["MMStar"]["v0001.grpo"] == "not run" and rows["mine"]["WeThink-7B (published)"] == "-"
    assert rows["average, reasoning six"]["WeThink-7B (published)"] == "44.3"
    assert rows["average, reasoning six"]["v0001.grpo"] == "incomplete"
    units, compared = plain["rows"][3]["cells"]["mine"]["units"], board.lines[3].cells["mine"].against_base
    assert compared is not None and units == compared.units == int(rows["mine"]["units"])
    least = plain["rows"][3]["cells"]["mine"]["detectable"]
    assert least == compared.detectable() and rows["mine"]["detectable"] == f"{100 * least:.1f}"
    assert rows["MMStar"]["units"] == rows["average, reasoning six"]["detectable"] == ""
    figure = bars(board)
    assert figure is not None and radar(board) is None  # one benchmark has no radar
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == [
        f"mine\nn {units}, shows {100 * least:.0f}"
    ]


def test_cut_replies_and_those_without_an_answer_have_columns_and_flagged_scores_a_mark_in_the_plots(
    tmp_path: Path,
) -> None:
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path)
    write_tsv(tmp_path / "mine.tsv", choice_rows(10))
    policy = published_policy(store, tmp_path / "p")
    cut = Completion("<think>B would be", 9, 9, "length", "cut")

    def reply(text: str, _: Sampling) -> str | Completion:
        return cut if "picture 3?" in text else "<think>B?</think>" if "picture 4?" in text else "B"

    scored_by(store, settings, trained_model(settings, store, policy), reply)
    board = leaderboard(store, settings)
    cell = board.lines[-1].cells["mine"]
    assert (cell.value, cell.cut, cell.no_answer, cell.answered) == (80, 0.1, 0.2, 100)
    (row,) = run_rows(kept_scores(store, settings, policy))
    assert (row["cut"], row["no answer"], row["of answered"]) == ("10.0%", "20.0%", "100.0")
    figure = bars(board)
    assert figure is not None
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "mine †\nn 10"
    ] and "flagged" in figure.get_supxlabel()


def test_averages_and_what_a_policy_gained_have_intervals_where_all_scores_have_one() -> None:
    gain = Comparison(0.1, 0.02, 0.18, 0.01, "McNemar", 100, 20, 10, 0.5)
    cells = {key: Cell(60.0, 50.0, 68.0, against_base=gain) for key in REASONING}
    cells |= {
        key: Cell(800.0 if key == "OCRBench" else 60.0, 600.0 if key == "OCRBench" else None, 900.0) for key in ACADEMIC
    }
    low, high = average_bounds_of(cells)["reasoning six"]
    assert low == pytest.approx(60 - 10 / 6**0.5) and high == pytest.approx(60 + 8 / 6**0.5)
    assert list(average_bounds_of(cells)) == list(average_gains_of(cells)) == ["reasoning six"]
    points = average_gains_of(cells)["reasoning six"]
    assert points.value == pytest.approx(10) and points.low == pytest.approx(10 - 8 / 6**0.5)
    line = Line("p", "policy", cells=cells, averages=averages_of(cells), average_bounds={"reasoning six": (low, high)})
    assert average_text(line, "reasoning six") == "60.0 (55.9 to 63.3)"
    assert average_text(replace(line, average_gains={"reasoning six": points}), "reasoning six").endswith(
        ", +10.0 (+6.7 to +13.3)"
    )
    assert average_text(line, "academic eight") == "62.5"


def test_averages_need_all_their_benchmarks_and_put_ocrbench_out_of_100() -> None:
    cells = {key: Cell(800.0 if key == "OCRBench" else 60.0) for key in (*REASONING, *ACADEMIC)}
    assert averages_of(cells) == {"reasoning six": 60, "academic eight": (7 * 60 + 80) / 8}
    part = {**cells, "WeMath": Cell(98.5, flags=("other md5",))}
    assert averages_of(part)["reasoning six"] is None
    del cells["OCRBench"]
    assert averages_of(cells)["academic eight"] is None
    stand_ins = {f"sample_{key}": Cell(50.0) for key in REASONING}
    assert averages_of(stand_ins) == {"reasoning six": None, "academic eight": None, "sample_reasoning six": 50}
