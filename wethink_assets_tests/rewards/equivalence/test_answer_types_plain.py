"""Plain answers are read as all types in turn read them, whatever was asked."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.answer_types import plain_reading
from wethink_assets.rewards.equivalence.comparison import first_reading, read
from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, PARTS
from wethink_assets.rewards.equivalence.reading import Asked, Written, asked_of
from wethink_assets.rewards.equivalence.types.shapes import NAMED, SPOKEN
from wethink_assets.rewards.equivalence.wording import said_of
from wethink_assets.rewards.equivalence.writing.spelling import table
from wethink_assets_tests.support.answer_pools import MAKERS, pool

QUESTIONS = sorted({group.question for name in MAKERS for group in pool(name) if group.question})
_KINDS = ("spelling", "plural", "short", "first", "street", "direction", "weekday", "month", "name", "contraction", "opposite", "value")  # fmt: skip
_KNOWN = sorted({*SPOKEN, *NAMED, *NUMBER_WORDS, *PARTS, *(word for kind in _KINDS for word in table(kind))})
_GRAMMAR = (
    "a an the and or to not no none yes nope true false right wrong once twice x pi infinity angle side triangle degrees percent k m km per "
    "of in on at than more less under over between from until least nothing never A B AB ABC II Na CO H winter left floor page level it is dollars"
)
WORD = (
    st.sampled_from(_KNOWN)
    | st.sampled_from(_GRAMMAR.split())
    | st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9)
)
CASED = WORD | WORD.map(str.upper) | WORD.map(str.capitalize)
WORDS = st.lists(CASED, min_size=1, max_size=5).map(" ".join)
FIGURES = (
    st.integers(0, 10**9).map(str) | st.integers(1900, 2100).map(str) | st.text("0123456789", min_size=1, max_size=16)
)
NUMBER = st.tuples(
    st.sampled_from(["", "", "$", "-", "\u20ac", "+"]),
    FIGURES | st.integers(0, 10**8).map("{:,}".format),
    st.sampled_from(["", "", ".0", ".5", ".25", ".125", ".", ".10"]),
    st.sampled_from(["", "", "%", " %"]),
).map("".join)
ASKED = (st.none() | st.sampled_from(QUESTIONS)).map(asked_of)


def both(text: str, asked: Asked) -> None:
    written = Written(text, said_of(text, asked))
    plain = plain_reading(written, asked)
    assert plain is None or plain == first_reading(Written(text, said_of(text, asked)), asked)


@settings(max_examples=1500, deadline=None)
@given(WORDS | NUMBER | st.tuples(NUMBER, CASED).map(" ".join), ASKED)
@example("12345678", asked_of("When was it founded?"))
@example("three", asked_of(None))
@example("all real numbers", asked_of("What is the domain of f?"))
@example("summer", asked_of("Which season is it?"))
def test_what_is_plain_is_read_as_by_all_types_in_turn(text: str, asked: Asked) -> None:
    both(text, asked)


@pytest.mark.parametrize("name", MAKERS)
def test_answers_of_the_pools_are_read_as_by_all_types_in_turn(name: str) -> None:
    rng = random.Random(f"plain {name}")
    groups = pool(name)
    for _ in range(150):
        group = rng.choice(groups)
        form = rng.choice(rng.choice(group.values).all)
        for question in (None, group.question, rng.choice(QUESTIONS)):
            both(form, asked_of(question))


def test_most_words_and_numbers_are_plain() -> None:
    nothing, picture = asked_of(None), asked_of("What is to the left of the lamp?")
    for asked in (nothing, picture):
        for text in ("chair", "Eiffel Tower", "red and blue", "12", "1,200", "3.5", "$4.50", "35%"):
            comparable = read(text, asked)
            assert comparable is not None
            plain = plain_reading(comparable.written, asked)
            assert (plain is None) == (text == "red and blue"), text
    for text, question in (
        ("noon", None), ("May", None), ("12", "Which bus is it?"), ("Na", "Which ion is it?"), ("correct", "Is it correct or incorrect?"),
        ("30", "How many minutes does it take?"), ("twelve", None), ("x", None),
    ):  # fmt: skip
        assert plain_reading(Written(text), asked_of(question)) is None, text
