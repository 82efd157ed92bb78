"""Pairs as people and models write them, and their cousins of another value, labelled by hand before anything was run on them."""

import json
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.rewards.equivalence.answers import accepts, same_answer
from wethink_assets_tests import support

CASES = [
    json.loads(line)
    for line in Path(support.__file__).with_name("answer_cousins.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['answer']} by {case['said']}")
def test_a_pair_is_told_as_a_person_tells_it(case: dict[str, Any]) -> None:
    kind, options, question = "MC" if "options" in case else "FIB", case.get("options", []), case.get("question")
    assert accepts(kind, case["answer"], case["said"], options, question=question) == case["same"]
    if not case["same"]:
        assert not same_answer(kind, case["answer"], case["said"], options, question=question)[0]
