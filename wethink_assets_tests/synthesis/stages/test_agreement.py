"""Agreement is that for which one key stands: two answers agree by rule exactly where versions count them as the same."""

import itertools
from typing import Any

import pytest

from wethink_assets.dedup.texts import answer_key
from wethink_assets.rewards.equivalence.answers import same_answer

QUESTIONS: dict[tuple[str, str, tuple[str, ...]], list[str]] = {
    ("FIB", "Which age group is the largest?", ()): ["35-44", "35 to 44", "25-34", "35", "44"],
    ("FIB", "What fraction of the cake is left?", ()): ["1/2", "½", "0.5", "2/4", "2/1", "\\frac{1}{2}"],
    ("FIB", "What is the final score?", ()): ["3-1", "3:1", "1-3", "2-0", "2"],
    ("FIB", "Which colour has the car?", ()): ["red", "Red.", "the red", "dark red", "no colour"],
    ("FIB", "How large is the angle?", ()): ["90", "90°", "90 degrees", "19", "9.0"],
    ("FIB", "Which line is drawn?", ()): ["y=2x+1", "2x+1=y", "2x+1", "y=2x", "1"],
    ("MC", "Which is red?", ("a circle", "a block", "none")): ["A", "(a)", "a circle", "B", "a block.", "C"],
    ("DES", "What is shown?", ()): ["A red car.", "a red car", "A blue car.", "There is a red car."],
}


@pytest.mark.parametrize("asked", QUESTIONS)
def test_answers_agree_exactly_where_they_have_one_key(asked: tuple[str, str, tuple[str, ...]]) -> None:
    kind, question, options = asked
    agreed, keyed = [], []
    for first, second in itertools.combinations_with_replacement(QUESTIONS[asked], 2):
        agreed.append((first, second, same_answer(kind, first, second, options, question=question)[0]))
        keys: Any = [answer_key(kind, answer, options, question) for answer in (first, second)]
        keyed.append((first, second, keys[0] == keys[1]))
    assert agreed == keyed
