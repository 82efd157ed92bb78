"""Lists: when order counts, what separates items, and items that have commas of their own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, read, strict
from wethink_assets.rewards.equivalence.reading import Asked, asked_of
from wethink_assets.rewards.equivalence.types.lists import in_order, items_of

COLOURS = "Which colors are on the flag?"


@pytest.mark.parametrize(
    ("question", "ordered"),
    [
        (None, True),
        (COLOURS, False),
        ("Which two colours occur?", False),
        ("What are the factors of 6?", False),
        ("Name three animals in the picture.", False),
        ("Which numbers are shown, in any order?", False),
        ("Which colours are there, from left to right?", True),
        ("How many red and how many blue circles are there?", True),
        ("What are the length and width?", True),
        ("What are x and y respectively?", True),
        ("What does the sign say?", True),
        ("Where was it taken?", True),
    ],
)
def test_order_counts_unless_several_things_of_a_kind_are_asked_for(question: str | None, ordered: bool) -> None:
    assert in_order(asked_of(question)) is ordered


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        ("red, green, and blue", "blue, red & green", COLOURS),
        ("- red\n- blue", "blue, red", COLOURS),
        ("1. red\n2. blue", "red, blue", None),
        ("red / blue", "blue, red", COLOURS),
        ("red, blue", "red and blue", None),
        ("1, 2, 3", "3, 2, 1", "What are the factors?"),
        ("\\{1,2\\}", "\\{2,1\\}", None),
        ("{1, 2}", "{2, 1}", None),
        ("(2,3) and (4,5)", "(4,5) and (2,3)", None),
        ("x=1 or x=2", "x = 2, x = 1", None),
        ("a=1, b=2", "b=2, a=1", None),
        ("50 cm, 30 cm", "0.5 m, 0.3 m", "What are the length and width?"),
        ("K, G, F", "K G F", None),
        ("$21,16$ or $11$", "21, 16, 11", None),
        ("\\boxed{1} and \\boxed{2}", "\\boxed{2}, \\boxed{1}", None),
        ("Paris, France and Rome, Italy", "Rome, Italy and Paris, France", "Which two cities are shown?"),
    ],
)
def test_one_list_in_two_forms_has_one_key(first: str, second: str, question: str | None) -> None:
    assert strict(first, second, question) is not None


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        ("4 and 1", "1 and 4", "How many red and how many blue circles are there?"),
        ("red, blue", "blue and red", None),
        ("red, blue", "red", "Which two colours occur?"),
        ("dog, cat, dog", "dog, cat", "Which animals are there?"),
        ("1,200", "1, 200", None),
        ("Paris, France", "France, Paris", "Where was it taken?"),
        ("Smith, John", "John, Smith", "Who wrote it?"),
        ("Paris, France and Rome, Italy", "Rome, France and Paris, Italy", "Which two cities are shown?"),
        ("50 cm, 30 cm", "30 cm, 50 cm", "What are the length and width?"),
        ("a=1, b=2", "a=2, b=1", None),
        ("\\{1,2\\}", "\\{1,3\\}", None),
        ("[1,2,3]", "[3,2,1]", "What is the sequence?"),
    ],
)
def test_different_lists_are_never_right(first: str, second: str, question: str | None) -> None:
    assert lenient(first, second, question) is None
    assert lenient(second, first, question) is None


@pytest.mark.parametrize(
    ("gold", "candidate", "question"),
    [
        ("1/3, 1/4", "0.3333, 0.25", None),
        ("x = 1, x = 2", "1, 2", "What are the solutions?"),
        ("n=1, 2, 3", "n = 3, 2, 1", None),
        ("AB=4,CD=5", "4, 5", None),
        ("Paris, France", "Paris France", "What is printed on the card?"),
        ("1,22", "1.22", None),
    ],
)
def test_lenient_takes_what_says_the_same(gold: str, candidate: str, question: str | None) -> None:
    assert lenient(gold, candidate, question) is not None


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(["red", "blue", "green", "pink", "7", "1/2"]), min_size=2, max_size=5), st.randoms())
def test_a_shuffled_list_is_the_same_where_order_does_not_count(items: list[str], rng: object) -> None:
    shuffled = items.copy()
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = ", ".join(items), ", ".join(shuffled)
    assert strict(one, other, COLOURS) is not None
    assert (strict(one, other) is not None) == (items == shuffled)


@settings(deadline=None, max_examples=200)
@given(st.text(",;&/()[]{}\\ \nand or0123abc-•=", max_size=80))
def test_nothing_raises(text: str) -> None:
    items_of(text)
    read(text, Asked())
    read(text, asked_of(COLOURS))


@pytest.mark.parametrize(
    ("first", "second", "question"),
    [
        ("red and blue", "red or blue", COLOURS), ("Ann and Bob", "Ann or Bob", "Who are they?"), ("9 and 10", "9 or 10", None),
        ("red, blue and green", "red, blue or green", COLOURS),
    ],
)  # fmt: skip
def test_an_or_between_items_leaves_open_which_of_them_it_is(first: str, second: str, question: str | None) -> None:
    assert strict(first, second, question) is None
    assert lenient(first, second, question) is None
    assert lenient(second, first, question) is None
