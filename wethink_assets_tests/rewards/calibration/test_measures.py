"""Calibration of the rules: the labelled suite that ships."""

import json
import subprocess
import sys
from pathlib import Path

from wethink_assets.rewards.calibration.measures import calibrate_rules, equivalence_suite


def test_the_suite_is_decided_within_one_percent_by_kind() -> None:
    suite = equivalence_suite()
    assert len(suite) >= 1500
    findings = calibrate_rules(suite)
    assert {line.group for line in findings} == {"MC", "FIB"}
    for line in findings:
        assert line.within and line.rate <= 0.01, line


def test_the_shipped_suite_is_what_its_families_make(tmp_path: Path) -> None:
    made = tmp_path / "made.jsonl"
    subprocess.run([sys.executable, "benchmarks/equivalence_suite.py", str(made)], check=True, capture_output=True)
    assert [json.loads(line) for line in made.read_text().splitlines()] == list(equivalence_suite())
