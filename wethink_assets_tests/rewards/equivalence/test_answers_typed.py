"""The typed side of the comparison: keys, types and what a lenient comparison accepts, for each kind of question."""

import pytest

from wethink_assets.errors import UnknownName
from wethink_assets.rewards.equivalence.answers import Allowed, accepts, answer_type, same_answer, strict_key

COLOURS = ["red", "blue", "green"]


def test_a_key_is_of_the_option_and_not_of_its_letter() -> None:
    keys = {strict_key("MC", said, COLOURS) for said in ("B", "(b)", "blue", "B. blue")}
    assert keys == {strict_key("MC", "A", ["blue", "red", "green"])}
    assert strict_key("MC", "A", COLOURS) not in keys


def test_options_of_one_text_have_keys_of_their_own() -> None:
    options = ["red", "red", "blue"]
    assert strict_key("MC", "A", options) != strict_key("MC", "B", options)
    assert not same_answer("MC", "A", "B", options)[0]


@pytest.mark.parametrize("kind", ["MC", "FIB", "DES"])
@pytest.mark.parametrize("nothing", ["", "  ", "\n"])
def test_the_empty_key_is_of_what_is_no_answer(kind: str, nothing: str) -> None:
    options = COLOURS if kind == "MC" else ()
    assert strict_key(kind, nothing, options) == ""
    assert not accepts(kind, nothing, nothing, options)
    assert not same_answer(kind, nothing, nothing, options)[0]


def test_an_option_that_does_not_exist_has_the_empty_key() -> None:
    assert strict_key("MC", "F", COLOURS) == ""


@pytest.mark.parametrize("kind", ["FIB", "DES"])
def test_further_answers_are_accepted(kind: str) -> None:
    allowed = Allowed(answers=("a tram", "streetcar"))
    assert accepts(kind, "trolley", "streetcar", allowed=allowed)
    assert accepts(kind, "trolley", "trolley", allowed=allowed)
    assert not accepts(kind, "trolley", "bus", allowed=allowed)
    assert not accepts(kind, "trolley", "streetcar")


def test_a_further_option_is_accepted() -> None:
    allowed = Allowed(answers=("C",))
    assert [accepts("MC", "A", said, COLOURS, allowed=allowed) for said in ("A", "B", "green")] == [True, False, True]


def test_types_of_kinds() -> None:
    assert answer_type("MC", "B", COLOURS) == "choice"
    assert answer_type("DES", "3") == "text"
    assert answer_type("FIB", "blue") == "text"
    assert answer_type("FIB", "") == "text"


@pytest.mark.parametrize("function", [strict_key, answer_type])
def test_an_unknown_kind_names_the_known_ones(function: object) -> None:
    with pytest.raises(UnknownName, match="MC, FIB, DES"):
        function("XX", "1")  # type: ignore[operator]
