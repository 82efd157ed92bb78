"""The leaderboard of a scored training run: rows, averages, plots."""

from wethink_assets.evaluation.benchmarks.catalog import ACADEMIC, REASONING
from wethink_assets.evaluation.reports.leaderboard import Cell, averages_of, leaderboard
from wethink_assets.evaluation.reports.leaderboard_text import board_rows
from wethink_assets.evaluation.reports.plots import bars, radar
from wethink_assets_tests.support.scored_training_run import ScoredRun


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
    assert bars(board) is not None and radar(board) is None  # one benchmark has no radar


def test_averages_need_all_their_benchmarks_and_put_ocrbench_out_of_100() -> None:
    cells = {key: Cell(800.0 if key == "OCRBench" else 60.0) for key in (*REASONING, *ACADEMIC)}
    assert averages_of(cells) == {"reasoning six": 60, "academic eight": (7 * 60 + 80) / 8}
    part = {**cells, "WeMath": Cell(98.5, flags=("other md5",))}
    assert averages_of(part)["reasoning six"] is None
    del cells["OCRBench"]
    assert averages_of(cells)["academic eight"] is None
    stand_ins = {f"sample_{key}": Cell(50.0) for key in REASONING}
    assert averages_of(stand_ins) == {"reasoning six": None, "academic eight": None, "sample_reasoning six": 50}
