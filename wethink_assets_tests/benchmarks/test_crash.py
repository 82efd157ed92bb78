"""The small form of the crash benchmark: a real `wethink run`, killed three times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "crash.py"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_runs_lose_nothing_and_pay_nothing_twice() -> None:
    command = [sys.executable, str(SCRIPT), "--kills", "3", "--pictures", "16", "--batch", "8", "--span", "6", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=850)
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    assert done.returncode == 0, figures
    assert figures["kills"] == 3 and not figures["that differ"] and figures["rows in versions"] > 0
