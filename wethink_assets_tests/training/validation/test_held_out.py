"""Gains on held-out rows are paired, with an interval."""

import json
import math
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.training.validation.held_out import gains, paired
from wethink_assets_tests.support.project import ROOT


def test_pairs_give_a_gain_with_its_interval() -> None:
    gain = paired([0.0] * 50 + [1.0] * 50, [1.0] * 20 + [0.0] * 30 + [1.0] * 50)
    assert gain["before"] == 0.5 and gain["after"] == 0.7 and gain["gain"] == 0.2
    assert gain["low"] == pytest.approx(0.2 - 1.96 * math.sqrt(0.16 * 100 / 99 / 100), abs=1e-3)
    assert paired([], [])["n"] == 0
    one = paired([0.0], [1.0])
    assert (one["gain"], one["low"], one["high"]) == (1.0, -1.0, 1.0)
    few = paired([0.0, 0.0], [0.0, 1.0])
    assert few["gain"] == 0.5 and few["low"] < 0 and few["high"] == 1.0
    before = pl.DataFrame(
        {"row_id": ["a", "b", "c"], "kind": ["MC", "DES", "DES"], "accuracy": [1.0, None, 0.5], "format": [1.0] * 3}
    )
    after = before.with_columns(pl.Series("accuracy", [1.0, 1.0, 1.0]))
    by_kind = gains(before, after)
    assert by_kind["all"]["n"] == 2 and by_kind["DES"]["gain"] == 0.5  # what was not graded both times is left out


@pytest.mark.slow
def test_rows_are_answered_in_batches_that_fit_into_memory(tiny_model: Path, home: Path) -> None:
    """The address space of the process ends at three rows of eight."""
    command = [
        sys.executable,
        "-m",
        "wethink_assets_tests.support.answers_in_little_memory",
        str(tiny_model),
        str(home),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [8, 4, 2, 2, 2, 2, 1]
