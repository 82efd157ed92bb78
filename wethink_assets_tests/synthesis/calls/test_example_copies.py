"""Near copies of examples: reworded ones are refused, honest questions are not.

`support/question_rules/copies.txt` has examples of the pack `standard` reworded by hand: other numbers, currencies, places and things, other
words for the same, sentences turned around. The honest questions are those of `test_question_filters.py`.
"""

import json
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from wethink_assets.synthesis.calls.echo_filter import require_own_words
from wethink_assets.synthesis.calls.example_copies import COPY, copied_example, likeness
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.prompt_examples import FILE, read_examples

EXAMPLES = read_examples(FILE, (files("wethink_assets.synthesis") / "prompts" / "standard" / FILE).read_bytes())
QUESTIONS = [example.question for example in EXAMPLES]
THOUGHTS = [example.thought for example in EXAMPLES]
LABELLED = Path(__file__).parents[2] / "support" / "question_rules"
COPIES = (LABELLED / "copies.txt").read_text(encoding="utf-8").splitlines()
HONEST = [
    json.loads(line)["question"]
    for name in ("honest.jsonl", "kept_honest.jsonl")
    for line in (LABELLED / name).read_text(encoding="utf-8").splitlines()
]


def test_reworded_examples_are_refused() -> None:
    assert len(set(COPIES)) >= 150
    missed = [text for text in COPIES if copied_example(text, QUESTIONS) is None]
    assert len(missed) <= 0.05 * len(COPIES), missed


def test_each_example_is_recognised_in_other_words() -> None:
    assert {copied_example(text, QUESTIONS) for text in COPIES} >= set(QUESTIONS)


def test_honest_questions_are_no_copies() -> None:
    refused = [text for text in HONEST if copied_example(text, QUESTIONS)]
    assert len(refused) <= len(HONEST) // 500, refused


def test_examples_are_no_copies_of_one_another() -> None:
    for texts in (QUESTIONS, THOUGHTS):
        assert all(likeness(one, other) < 0.5 for one in texts for other in texts if one != other)


def test_a_copy_is_an_echo() -> None:
    with pytest.raises(MalformedReply) as caught:
        require_own_words([COPIES[0]], "Write a question.", "en", QUESTIONS)
    assert caught.value.code == "echo"
    require_own_words([HONEST[0]], "Write a question.", "en", QUESTIONS)


@pytest.mark.parametrize("text", ["", "teapot", "8:10", "Two coffees and one tea."])
def test_a_short_text_is_no_copy(text: str) -> None:
    assert copied_example(text, QUESTIONS) is None


def test_what_is_passed_over_without_a_look_would_be_no_copy() -> None:
    """Lengths and words in common decide most texts; those would be no copies by their likeness either."""
    for pool in (QUESTIONS, THOUGHTS):
        for text in (*COPIES, *HONEST[::5], *THOUGHTS, *(f"{one} {two}" for one, two in pairwise(HONEST[:60]))):
            likest = max(likeness(text, example) for example in pool)
            assert (copied_example(text, pool) is not None) == (likest >= COPY), text
