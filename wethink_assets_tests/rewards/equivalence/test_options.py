"""Options that answers name: nearly every wording of a choice is read, and no wrong one is."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wethink_assets.kinds import LETTERS
from wethink_assets.rewards.equivalence.answers import accepts
from wethink_assets.rewards.equivalence.options import letter_class, option_letter, read_letter
from wethink_assets_tests.support.choice_wordings import CHOOSING, NOT_CHOOSING, choosing, not_choosing

READ = 0.995
"""Share of the wordings of a choice that are read."""
COLOURS = ["red", "blue", "green", "yellow"]


def test_wordings_of_a_choice_are_read_as_it() -> None:
    assert len(CHOOSING) >= 300
    read = [(answer, letter, option_letter(answer, options)) for answer, options, letter in choosing()]
    assert [case for case in read if case[2] not in (None, case[1])] == []
    unread = [answer for answer, _, got in read if got is None]
    assert len(unread) <= (1 - READ) * len(read), (len(unread), len(read), unread[:20])


def test_what_chooses_nothing_is_read_as_nothing() -> None:
    assert len(NOT_CHOOSING) >= 150
    wrong = [
        (answer, option_letter(answer, options)) for answer, options in not_choosing() if option_letter(answer, options)
    ]
    assert wrong == [], (len(wrong), wrong[:20])


@pytest.mark.parametrize(
    ("answer", "options", "letter"),
    [
        ("K", [f"item {number}" for number in range(12)], "K"), ("item 10", [f"item {number}" for number in range(12)], "K"),
        ("Z", [f"item {number}" for number in range(26)], "Z"), ("M", [f"item {number}" for number in range(12)], None),
        ("Both A and B", ["red", "blue", "Both A and B", "None of the above"], "C"),
        ("C. Both A and B", ["red", "blue", "Both A and B", "Neither"], "C"),
        ("A and B", ["red", "blue", "Both A and B", "None of the above"], None), ("None of the above.", ["red", "blue", "None of the above"], "C"),
        ("all of the above", ["red", "blue", "All of the above"], "C"), ("all", ["red", "blue", "All of the above"], None),
        ("B", ["B", "A"], "B"), ("B. A", ["B", "A"], "B"), ("B. B", ["B", "A"], None), ("The answer is B", ["A", "B"], "B"),
        ("3", ["2", "3", "4", "1"], "B"), ("1", ["2", "3", "4", "1"], "D"), ("A. 2", ["2", "3", "4", "1"], "A"),
        ("A. 3", ["2", "3", "4", "1"], None),
        ("red", ["Red", "red."], None), ("Red", ["red", "red."], None), ("dog", ["dog", "dogs"], "A"), ("B. not red", ["red", "not red"], "B"),
        ("not red", ["red", "not red"], "B"), ("The car is not red.", ["red", "not red"], "B"),
        ("decreases", ["It increases.", "It decreases."], "B"),
        ("a dog", ["cat", "dog"], "B"), ("A dog", ["A cat", "A dog"], "B"), ("A blue", ["red", "blue"], None), ("A. dog", ["cat", "dog"], None),
        ("I think the answer is B", COLOURS, "B"), ("E", COLOURS, None), ("The answer is E.", COLOURS, None), ("(B", COLOURS, "B"),
        ("B-", ["A+", "A-", "B+", "B-"], "D"), ("B-", COLOURS, None), ("", COLOURS, None), ("???", COLOURS, None), ("\U0001f600", COLOURS, None),
        ("The answer is (B).", [], "B"), ("B. blue", [], "B"), ("B or C", [], None), ("\uff22", COLOURS, "B"), ("\u24b7", COLOURS, "B"),
    ],
)  # fmt: skip
def test_choices_that_need_a_decision(answer: str, options: list[str], letter: str | None) -> None:
    assert option_letter(answer, options) == letter


@pytest.mark.parametrize(
    ("count", "expected"), [(2, "[a-j]"), (10, "[a-j]"), (12, "[a-l]"), (26, "[a-z]"), (0, "[a-j]")]
)
def test_letters_that_may_be_meant(count: int, expected: str) -> None:
    assert letter_class(count) == expected


@given(st.text(max_size=120), st.lists(st.text(max_size=20), max_size=8))
def test_any_text_names_an_option_that_there_is_or_none(answer: str, options: list[str]) -> None:
    letter = option_letter(answer, options)
    assert letter is None or letter in LETTERS[: len(options) or len(LETTERS)]


OPTION_FORMS = [
    "{}", "{}", "{}", " {}", "{} ", "{}.", "{}. ", "{}..", "{}\t", "\t{}", "\n{}", "**{}**", "*{}", "{}*", '"{}"', "${}$",
    "\\text{{{}}}", "\\boxed{{{}}}", "b. {}", "B. {}", "b) {}", "B: {}", "\\text{{b}}. {}", "\uff22. {}", "\u2474 {}",
    "({}", "not {}", "a {}", "{}|{}", "{} or lamp", "club. {}", "e.g. {}",
]  # fmt: skip
WORDINGS = [
    "{text}",
    "{text}",
    "{letter}. {text}",
    "{letter}. {text}",
    "{letter}) {text}",
    "({letter}) {text}",
    "{letter}: {text}",
    " {text}",
    "{text}.",
]


@st.composite
def choices(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An answer and options that are one text, or two, in forms of which some fold to one."""
    texts = draw(
        st.lists(
            st.sampled_from(["red", "red lamp", "it grows", "B", "2", "1/2", "caf\u00e9", "no"]), min_size=1, max_size=2
        )
    )
    shown = st.sampled_from(texts).flatmap(
        lambda text: st.sampled_from(
            [text, text, text.title(), text.upper(), text.replace(" ", "  "), text.replace(" ", "\t")]
        )
    )
    options = draw(
        st.lists(
            st.builds(lambda form, text: form.format(text, text), st.sampled_from(OPTION_FORMS), shown),
            min_size=1,
            max_size=4,
        )
    )
    place = draw(st.integers(0, len(options) - 1))
    letter = draw(st.sampled_from([*LETTERS[:4], LETTERS[place], LETTERS[place], "b", "["]))
    return draw(st.sampled_from(WORDINGS)).format(letter=letter, text=options[place]), options


@settings(max_examples=250, deadline=None)
@given(choices(), st.sampled_from(["A", "B", "Z", "b", "red", "2"]))
@example(("B. red", ["b. red", "red"]), "A")
@example(("B. red", ["\\text{b}. red", "red"]), "A")
@example(("B. red", ["\uff22\uff0e red", "red"]), "A")
@example(("red lamp", ["red  lamp", "red lamp"]), "B")
def test_short_cuts_say_what_reading_says(choice: tuple[str, list[str]], true: str) -> None:
    answer, options = choice
    read = read_letter(answer, tuple(options))
    assert option_letter(answer, options) == read
    assert accepts("MC", true, answer, options) == (read is not None and read == read_letter(true, tuple(options)))


@given(st.integers(0, 25), st.sampled_from(["{}", "({})", "{}.", "option {}", "**{}**", "The answer is {}."]))
def test_every_letter_names_its_option_whatever_the_texts(place: int, form: str) -> None:
    options = [f"thing {number}" for number in range(26)]
    assert option_letter(form.format(LETTERS[place]), options) == LETTERS[place]


@pytest.mark.parametrize(
    "part", ["A ", "(A) ", "the answer is ", " ", "red ", "\n", "so, ", "option ", "is ", "A. ", "**", "{", "I "]
)
def test_time_grows_with_the_length_of_an_answer(part: str) -> None:
    option_letter("red, so A", COLOURS)
    began = time.process_time()
    option_letter((part * 2000)[:1999] + "x", COLOURS)
    assert time.process_time() - began < 1
