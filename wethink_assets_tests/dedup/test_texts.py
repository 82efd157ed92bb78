"""What of a text is compared."""

from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.dedup.texts import answer_key, comparable_text, shingles, text_digest, worded_answer_key

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


def test_an_answer_is_compared_by_what_it_says() -> None:
    assert answer_key("FIB", "½", []) == answer_key("FIB", "1/2", []) != answer_key("FIB", "2/1", [])
    assert answer_key("FIB", "35-44", []) != answer_key("FIB", "25-34", [])


def test_texts_that_are_no_answer_are_compared_as_they_are_written() -> None:
    keys = {answer_key("MC", text, ["red", "blue"]) for text in ("Z", "z.", "Y", "A", "")}
    assert len(keys) == 4


def test_earlier_cuts_compare_wordings() -> None:
    assert worded_answer_key("MC", "A", ["red", "blue"]) == worded_answer_key("FIB", "Red.", [])
    assert worded_answer_key("MC", "Z", ["red", "blue"]) == worded_answer_key("FIB", "z", [])
    assert worded_answer_key("FIB", "½", []) != worded_answer_key("FIB", "1/2", [])


def test_superscripts_tell_questions_apart() -> None:
    assert text_digest("FIB", "What is 3²x?", []) != text_digest("FIB", "What is 32x?", [])
    assert text_digest("MC", "Which?", ["10⁴", "10³"]) != text_digest("MC", "Which?", ["104", "10³"])


@given(TEXT)
def test_shingles_cover_the_text(text: str) -> None:
    plain = comparable_text(text, [])
    found = shingles(plain)
    assert len(found) == len(set(found))
    assert all(part in plain for part in found)
    assert set("".join(found)) == set(plain)
