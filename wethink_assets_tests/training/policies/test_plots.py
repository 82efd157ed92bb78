"""Curves of a run as plots, small enough for the UI."""

from pathlib import Path

from wethink_assets.training.policies.plots import column, draw_curves, small, smoothed, sparkline, write_plots


def test_curves_are_small_pictures(tmp_path: Path) -> None:
    lines = [
        {"step": step, "reward": step / 200, "accuracy/MC": None, "length": 30 + step % 7} for step in range(1, 201)
    ]
    write_plots(lines, "v0001.grpo", tmp_path)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "preview.png").stat().st_size < 12_000
    assert small(draw_curves(lines, "t", ["reward"]), 10) == b""
    assert smoothed([1.0, None, 3.0], 2) == [1.0, 1.0, 3.0] and column(lines, "kl")[0] is None
    assert sparkline([None, None]) == "" and len(sparkline(list(range(1000)))) <= 40
