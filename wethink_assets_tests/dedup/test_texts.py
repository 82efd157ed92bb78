"""What of a text is compared."""

from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.dedup.texts import answer_key, comparable_answer, comparable_text, shingles, text_digest

TEXT = st.text(max_size=60)


def test_case_space_and_outer_punctuation_do_not_count() -> None:
    assert text_digest("FIB", "What  colour is it?", []) == text_digest("FIB", "what colour is it", [])
    assert text_digest("FIB", "What colour is it?", []) != text_digest("DES", "What colour is it?", [])


@given(st.lists(TEXT, max_size=5), st.randoms())
def test_shuffled_options_are_the_same_question(options: list[str], rng) -> None:  # type: ignore[no-untyped-def]
    shuffled = rng.sample(options, len(options))
    assert text_digest("MC", "Which?", options) == text_digest("MC", "Which?", shuffled)


def test_the_chosen_option_counts_not_its_letter() -> None:
    assert answer_key("MC", "A", ["red", "blue"]) == answer_key("MC", "b", ["blue", "Red."])
    assert answer_key("MC", "A", ["red", "blue"]) != answer_key("MC", "A", ["blue", "red"])
    assert comparable_answer("MC", "Z", ["red", "blue"]) == "z"
    assert comparable_answer("FIB", "A", ["red", "blue"]) == "a"


@given(TEXT)
def test_shingles_cover_the_text(text: str) -> None:
    plain = comparable_text(text, [])
    found = shingles(plain)
    assert len(found) == len(set(found))
    assert all(part in plain for part in found)
    assert set("".join(found)) == set(plain)
