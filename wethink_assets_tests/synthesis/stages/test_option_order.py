"""Order of options: even over ids, the same whenever it is drawn, undone by its inverse, and none where options speak of their order."""

from collections import Counter
from itertools import permutations

import pytest

from wethink_assets.config import Settings
from wethink_assets.identity import digest_of
from wethink_assets.rewards.equivalence.answers import option_letter
from wethink_assets.synthesis.stages.option_order import (
    as_in_row,
    drawn_order,
    movable,
    proposed_letter,
    stored_options,
    turned_order,
)

IDS = [digest_of(["row", number])[:32] for number in range(2400)]
NAMES = ["red", "blue", "green", "teal", "pink", "grey"]
CHI_SQUARE = {1: 10.83, 2: 13.82, 3: 16.27, 5: 20.52, 23: 49.73}
"""Values that chance exceeds once in a thousand times, by degrees of freedom."""


def chi_square(counts: Counter[object], cells: int) -> float:
    expected = counts.total() / cells
    return sum((count - expected) ** 2 / expected for count in counts.values()) + expected * (cells - len(counts))


@pytest.mark.parametrize("count", [2, 3, 4, 6])
@pytest.mark.parametrize("right", [0, 1])
def test_the_right_option_stands_in_each_place_as_often(count: int, right: int) -> None:
    places = Counter[object](drawn_order(row, NAMES[:count]).index(right) for row in IDS)
    assert chi_square(places, count) < CHI_SQUARE[count - 1]


def test_every_permutation_is_as_likely() -> None:
    drawn = Counter[object](tuple(drawn_order(row, NAMES[:4])) for row in IDS)
    assert drawn.keys() == set(permutations(range(4)))
    assert chi_square(drawn, 24) < CHI_SQUARE[23]


def test_an_order_follows_from_the_id_and_can_be_undone() -> None:
    on = Settings.model_validate({"pipeline": {"shuffle_options": True}})
    for row in IDS[:50]:
        stored = stored_options(row, NAMES, on)
        order = drawn_order(row, NAMES)
        assert stored == stored_options(row, NAMES, on) and sorted(stored) == sorted(NAMES)
        assert [stored[order.index(index)] for index in range(len(NAMES))] == NAMES
        assert stored_options(row, NAMES, Settings.model_validate({"pipeline": {"shuffle_options": False}})) == NAMES


def test_the_proposed_answer_names_the_same_option_wherever_it_stands() -> None:
    on = Settings.model_validate({"pipeline": {"shuffle_options": True}})
    for row in IDS[:50]:
        stored = stored_options(row, NAMES[:4], on)
        for said in ("green", "C", "C. green"):
            assert stored["ABCD".index(proposed_letter(said, NAMES[:4], stored))] == "green"
        assert proposed_letter("purple", NAMES[:4], stored) == ""


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_turns_move_every_option_and_answers_come_back(count: int) -> None:
    options = NAMES[:count]
    for row in IDS[:20]:
        turns = [turned_order(row, options, turn) for turn in range(1, count)]
        for place in range(count):
            assert {place} | {order[place] for order in turns if order} == set(range(count)), "once in each place"
        for order in turns:
            assert order is not None
            shown = [options[index] for index in order]
            accept = as_in_row(lambda said, shown=shown: option_letter(said, shown) or "", order)  # type: ignore[misc]
            assert [accept(said) for said in options] == list("ABCDEF"[:count])


@pytest.mark.parametrize(
    "options",
    [
        ["red", "blue", "none of the above"],
        ["red", "blue", "All of the above."],
        ["red", "blue", "Both A and B"],
        ["a cup", "a plate", "A and B"],
        ["a cup", "a plate", "A or B"],
        ["point A", "option B", "point C"],
        ["A", "B", "C", "D"],
        ["(B)", "(A)", "(D)", "(C)"],
        ["the above", "a dog"],
        ["one of the other options", "a dog"],
        ["only one"],
        [],
    ],
)
def test_options_that_speak_of_their_order_stay(options: list[str]) -> None:
    assert not movable(options)
    for row in IDS[:20]:
        assert drawn_order(row, options) == list(range(len(options))) and turned_order(row, options, 1) is None


@pytest.mark.parametrize(
    "options",
    [
        ["above the table", "below the table", "left of it"],
        ["the first train", "the last train", "the other dog"],
        ["AB", "BC", "AC"],
        ["12", "14", "9"],
        ["vitamin A", "vitamin B", "vitamin C"],
        ["Both of them", "Neither", "Only the left one"],
        ["the store above the bakery", "a cat and a dog", "X and Y axes"],
        ["x", "y", "z"],
    ],
)
def test_other_options_move(options: list[str]) -> None:
    assert movable(options)
    assert len({tuple(drawn_order(row, options)) for row in IDS[:60]}) > 1
