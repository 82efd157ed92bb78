"""Answer types: none raises or reads for long, whatever an answer says and whatever was asked."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.answer_types import ANSWER_TYPES
from wethink_assets.rewards.equivalence.comparison import answer_types, read
from wethink_assets.rewards.equivalence.reading import Allowed, Comparable, Reading, Written, asked_of

PARTS = [
    "3", "12", "05", "1990", "2021", "-1", "to", "-", "\u2013", "/", ":", "x", "\u00d7", "by", "and", "half", "past", "am", "p.m.", "Jan",
    "March", "5th", "Monday", "the", "of", "%", "$", "\u20ac", "k", "million", "cm", "years", "hours", "min", "h", "m", "s", "'", '"', "(", ")",
    "[", "]", "+", ".", ",", "#", "No.", "v", "A", "B", "AB", "Na", "Ca2", "H2O", "SO4", "^", "_", "{", "}", "2-", "negative", "Q1", "century",
    "1990s", "BC", "c.", "from", "between", "under", "or", "older", ">", "<", "0", "00", "007", "555", "0100", "1/2", "\u00bd", "\u00b2",
    "\u00b3\u207a", "\u0663", "\uff11", "e", "E", "1e5", "noon", "o'clock", "twenty", "five", "first", "quarter", "thousand", "1,234",
    "1,234.5",
]  # fmt: skip
ANSWERS = st.builds(
    str.join, st.sampled_from(["", " "]), st.lists(st.sampled_from(PARTS), min_size=1, max_size=8)
) | st.text(min_size=1, max_size=40)
QUESTIONS = st.sampled_from(
    [
        None, "What is the phone number?", "Which version is it?", "What is the score?", "What is the ratio?", "When was it?", "What time is it?",
        "How many minutes is it?", "Which blood type is it?", "Which time signature is it?", "What is the chemical formula?", "Which age group?",
        "What is the resolution?", "What is 4-3?", "Which letter is it?", "Which grade?", "What is the model number?", "In which century?",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(ANSWERS, ANSWERS, QUESTIONS)
def test_no_type_raises(gold: str, candidate: str, question: str | None) -> None:
    asked = asked_of(question)
    one, other = Written(gold), Written(candidate)
    readings = [entry.read(one, asked) for entry in ANSWER_TYPES]
    beside = next(
        (reading for entry in ANSWER_TYPES if (reading := entry.read(other, asked))), Reading("text", other.folded, ())
    )
    for reading in readings:
        if reading is not None:
            answer_types()[reading.type].alike(
                Comparable(one, reading), Comparable(other, beside), asked, Allowed(tolerance=0.05)
            )


@settings(deadline=None)
@given(ANSWERS, QUESTIONS)
def test_an_answer_has_one_type_and_key_each_time(text: str, question: str | None) -> None:
    asked = asked_of(question)
    first, second = read(text, asked), read(f" {text} ", asked)
    assert (first is None) == (second is None)
    if first and second:
        assert (first.reading.type, first.reading.key) == (second.reading.type, second.reading.key)


@pytest.mark.parametrize(
    "part", ["1-", "12:", "C2", "5 to ", "Jan ", "3 x ", "1.", "a+", "2 h ", "(", "twenty ", "0 0"]
)
def test_long_answers_are_read_at_once(part: str) -> None:
    text = (part * 2000)[:1999]
    asked = asked_of("What is the phone number?")
    for first in ("5 cm", "x+1"):  # loads units and mathematics
        read(first, asked)
    began = time.process_time()
    read(text, asked)
    assert time.process_time() - began < 1
