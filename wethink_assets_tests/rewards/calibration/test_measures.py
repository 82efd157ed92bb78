"""Calibration of the rules: the labelled suite that ships."""

import json
import subprocess
import sys
from pathlib import Path

from wethink_assets.rewards.calibration.catalog import BY_TYPE
from wethink_assets.rewards.calibration.measures import calibrate_rules, equivalence_suite
from wethink_assets.rewards.equivalence.answers import CHOICE, same_answer, strict_key
from wethink_assets.rewards.equivalence.comparison import answer_types


def test_the_suite_is_decided_within_one_percent_by_type() -> None:
    suite = equivalence_suite()
    findings = calibrate_rules(suite)
    types = {case["type"] for case in suite}
    assert types == {*answer_types(), CHOICE}
    assert [(line.check, line.group) for line in findings] == [
        (check, name) for check in BY_TYPE for name in sorted(types)
    ]
    assert [line for line in findings if not line.within] == []


def test_most_cases_of_the_suite_are_two_values_of_one_type() -> None:
    suite = equivalence_suite()
    apart = [case for case in suite if case["family"] == "values" and not case["equal"]]
    assert len(suite) >= 6000 and 2 * len(apart) >= len(suite)
    assert {case["type"] for case in apart} == set(answer_types())


def test_one_key_stands_for_strict_equality() -> None:
    differing = []
    for case in equivalence_suite():
        arguments = case.get("options", ()), case.get("question")
        keys = {
            strict_key(case["kind"], case[name], arguments[0], question=arguments[1]) for name in ("answer", "said")
        }
        same = same_answer(case["kind"], case["answer"], case["said"], arguments[0], question=arguments[1])[0]
        if same != (len(keys) == 1 and "" not in keys):
            differing.append(case)
    assert differing == []


def test_the_shipped_suite_is_what_its_families_make(tmp_path: Path) -> None:
    made = tmp_path / "made.jsonl"
    subprocess.run([sys.executable, "benchmarks/equivalence_suite.py", str(made)], check=True, capture_output=True)
    assert [json.loads(line) for line in made.read_text().splitlines()] == list(equivalence_suite())
