"""Texts, and yes and no: which answers are one, strictly and leniently, and which never are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.reading import Allowed, Asked, Comparable, Reading, Written, asked_of
from wethink_assets.rewards.equivalence.types.texts import TEXT, YES_NO, alike, read_text, read_yes_no, within
from wethink_assets.rewards.equivalence.wording import said_of

EXACT = Allowed()
DOG = "Is there a dog in the picture?"


def written(text: str, asked: Asked) -> Written:
    return Written(text, said_of(text, asked))


def yes_no(text: str, question: str | None) -> str | None:
    asked = asked_of(question)
    reading = read_yes_no(written(text, asked), asked)
    return reading.key if reading else None


def right(gold: str, candidate: str, question: str | None = None, allowed: Allowed = EXACT) -> bool:
    """Whether a candidate text is right, by its key or leniently."""
    asked = asked_of(question)
    pair = []
    for text in (gold, candidate):
        form = written(text, asked)
        pair.append(Comparable(form, read_yes_no(form, asked) or read_text(form, asked)))
    one, other = pair
    return one.reading == other.reading or (one.reading.type == "text" and alike(one, other, asked, allowed))


@pytest.mark.parametrize(
    ("text", "question", "key"),
    [
        ("Yes", None, "yes"), ("no.", None, "no"), ("YES!", DOG, "yes"), ("Yes, there is a dog.", DOG, "yes"), ("No, there isn't.", DOG, "no"),
        ("Yes, there is a dog.", None, "yes"), ("yes it is", "Is it red?", "yes"), ("Yeah", DOG, "yes"), ("nope", DOG, "no"), ("yep", None, None),
        ("True", "True or false: the car is red.", "yes"), ("False", "Is the statement true or false?", "no"), ("true", None, None),
        ("Correct", "Correct or incorrect?", "yes"), ("The answer is yes.", DOG, "yes"),
        ("\u662f\u7684", "\u56fe\u4e2d\u6709\u72d7\u5417\uff1f", "yes"),
        ("yes and no", DOG, None), ("yes or no", DOG, None), ("not yes", DOG, None), ("No. 1", None, None), ("no one", "Who is it?", None),
        ("No Parking", "What does the sign say?", None), ("Yes Bank", None, None), ("none", DOG, None), ("No, 12 of them", DOG, None),
        ("Yes, but only on the left", DOG, None), ("Yes, maybe", DOG, None), ("Yes, there is no dog", DOG, None), ("There is a dog.", DOG, None),
        ("yes, no", DOG, None), ("not sure", DOG, None), ("No, no dog is there. Wait, yes.", DOG, None), ("nothing", DOG, None),
        ("Norway", "Which country is it?", None), ("No, thanks", "What does it say?", None),
    ],
)  # fmt: skip
def test_yes_and_no(text: str, question: str | None, key: str | None) -> None:
    assert yes_no(text, question) == key


@pytest.mark.parametrize(
    ("gold", "candidate", "question"),
    [
        ("red", "red car", "What color is the car?"), ("red", "the red one", "Which car is faster?"),
        ("red", "The car is red.", "What colour is the car?"),
        ("kitchen", "in the kitchen", "Where is the man?"), ("left", "on the left side", "Where is the dog?"),
        ("noon", "at noon", "When does it open?"),
        ("World Health Organization (WHO)", "WHO", "Who made the chart?"), ("WHO", "World Health Organization (WHO)", "Who made the chart?"),
        ("World Health Organization (WHO)", "the World Health Organization", None), ("John", "John's", "Whose book is it?"),
        ("Brazil", "team Brazil", "Which team won?"), ("Main Street", "main st.", None), ("dog", "It is a dog.", "What animal is it?"),
    ],
)  # fmt: skip
def test_what_the_question_adds_is_right(gold: str, candidate: str, question: str | None) -> None:
    assert right(gold, candidate, question)


@pytest.mark.parametrize(
    ("gold", "candidate", "question"),
    [
        ("red", "not red", "What color is the car?"), ("red", "red or blue", "Is the car red or blue?"),
        ("red", "red blue", "Is the car red or blue?"),
        ("red", "The car is not red.", "What colour is the car?"), ("kitchen", "under the kitchen", "Where is it?"),
        ("red", "dark red", "What color is it?"),
        ("in the box", "on the box", "Where is the ball?"), ("left", "right", "Where is the dog?"), ("dog", "no dog", "What is there?"),
        ("World Health Organization (WHO)", "World Trade Organization", None), ("red (dark)", "dark", None), ("Paris (France)", "France", None),
        ("car", "red car", "Which is bigger, the red car or the blue car?"), ("John", "Johns", "Who is it?"),
        ("dog", "dog cat", "What animal is next to the cat?"),
        ("yes", "not yes", DOG), ("red", "yes", DOG), ("red", "maybe red", "What color is it?"),
        ("apple", "apple pie", "What fruit is on the pie?"),
    ],
)  # fmt: skip
def test_another_value_is_never_right(gold: str, candidate: str, question: str | None) -> None:
    assert not right(gold, candidate, question)


@pytest.mark.parametrize(
    ("gold", "candidate", "share", "same"),
    [
        ("Acme Corporation", "Acme Corporatlon", 0.2, True), ("Acme Corporation", "Acme Corporatlon", 0.0, False), ("Acme", "Acne", 0.2, False),
        ("Invoice 1234", "Invoice 1235", 0.2, False), ("north main street", "south main street", 0.2, False),
        ("Acme Corp", "Zenith Ltd", 0.5, False),
        ("is not permitted here", "is permitted here", 0.3, False), ("Philip Morris International", "Phillip Morris International", 0.1, True),
        ("legal documents office", "illegal documents office", 0.2, False),
    ],
)  # fmt: skip
def test_an_edit_distance_that_the_question_allows(gold: str, candidate: str, share: float, same: bool) -> None:
    assert right(gold, candidate, None, Allowed(edit_distance=share)) == same


def distance(first: str, second: str) -> int:
    """Levenshtein's, by its definition."""
    row = list(range(len(second) + 1))
    for index, char in enumerate(first, 1):
        last, row = row, [index]
        for column, other in enumerate(second):
            row.append(min(last[column + 1] + 1, row[column] + 1, last[column] + (char != other)))
    return row[-1]


@given(st.text("abcde", max_size=12), st.text("abcde", max_size=12), st.sampled_from([0.1, 0.25, 0.5]))
def test_the_share_of_edits_is_that_of_the_definition(first: str, second: str, share: float) -> None:
    longest = max(len(first), len(second))
    allowed = int(share * longest + 1e-9)
    assert within(first, second, share) == (allowed > 0 and distance(first, second) <= allowed)


@given(st.text(max_size=60), st.none() | st.text(max_size=60))
def test_every_text_is_read_and_equals_itself(text: str, question: str | None) -> None:
    asked = asked_of(question)
    form = written(text, asked)
    reading = read_text(form, asked)
    assert isinstance(reading, Reading)
    assert reading == read_text(written(text, asked), asked)
    assert right(text, text, question)


def test_types_are_named_as_in_the_column() -> None:
    assert (YES_NO.name, TEXT.name, TEXT.how) == ("yes_no", "text", "text")
