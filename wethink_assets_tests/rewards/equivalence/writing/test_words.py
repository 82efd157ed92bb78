"""Words of a text: forms that are one text, and neighbours that are not."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.normal_form import plain_answer
from wethink_assets.rewards.equivalence.reading import Asked, asked_of
from wethink_assets.rewards.equivalence.writing.spelling import table
from wethink_assets.rewards.equivalence.writing.words import text_key


def key(text: str, question: str | None = None) -> str:
    return text_key(plain_answer(text), asked_of(question))


@pytest.mark.parametrize(
    "forms",
    [
        ("t-shirt", "tshirt", "T Shirt", "a t-shirt"), ("U.S.A.", "USA", "United States", "the United States of America", "US", "U. S. A."),
        ("J.K. Rowling", "JK Rowling", "J. K. Rowling", "j k rowling"), ("don't walk", "do not walk", "dont walk", "Don\u2019t walk"),
        ("rock & roll", "rock and roll", "rock 'n' roll", "Rock \u2019n\u2019 Roll"), ("gray", "grey", "Grey."),
        ("dog", "dogs", "a dog", "The dogs"),
        ("knife", "knives"), ("children", "child"), ("Main St", "Main Street", "Main St."), ("St. Louis", "Saint Louis", "St Louis"),
        ("Dr. Smith", "Doctor Smith"), ("Martin Luther King Dr", "Martin Luther King Drive"), ("123 N Main St", "123 North Main Street"),
        ("Mt. Everest", "Mount Everest"), ("caf\u00e9", "cafe", "cafe\u0301", "CAF\u00c9"), ("three dogs", "3 dogs"), ("STOP!", "stop", '"Stop"'),
        ("McDonald's", "McDonalds", "mcdonald\u2019s"), ("AT&T", "AT & T"), ("#1", "No. 1", "No 1", "number one", "N\u00ba 1"),
        ("Star Wars: A New Hope", "star wars a new hope"), ("1,200 people", "1200 people"), ("COVID-19", "Covid 19", "covid19"),
        ("color TV", "colour television"), ("no one", "noone", "No-one"), ("without sugar", "w/o sugar"), ("Ph.D.", "PhD"), ("can't", "cannot"),
        ("ice cream", "ice-cream", "icecream"), ("na\u00efve", "naive"), ("\uff12 dogs", "2 dogs"), ("**red**", "red", "`red`", "<b>red</b>."),
    ],
)  # fmt: skip
def test_forms_of_one_text_have_one_key(forms: tuple[str, ...]) -> None:
    assert {key(form) for form in forms} == {key(forms[0])}


@pytest.mark.parametrize(
    "texts",
    [
        ("A-", "A", "A+", "B"), ("Na+", "Na", "Na-"), ("C++", "C", "C#"), ("4!", "4"), ("n!", "n"), ("no one", "No. 1", "one"), ("10\u00b2", "102"),
        ("x\u00b2", "x2"), ("10\u2082", "102"), ("2\u00bd cups", "21/2 cups"), ("no dog", "dog", "not a dog"), ("not red", "red"),
        ("notable", "not able"), ("left", "right"), ("glass", "glasses"), ("arm", "arms"), ("custom", "customs"), ("Adam", "Adams"),
        ("James", "Jame"), ("1 2", "12"), ("2.10 m wide", "2.1 m wide", "21 m wide"), ("red or blue", "red", "red and blue", "maybe red"),
        ("John", "John's"), ("-5 degrees", "5 degrees"), ("Type A", "Type B", "Type"), ("A. Lincoln", "Lincoln"), ("f(x)", "fx"),
        ("\u0439", "\u0438"), ("\U0001f600", "\U0001f601"), ("\u4f60\u597d", "\u60a8\u597d"), ("Disney+", "Disney"), ("unhappy", "happy"),
        ("non-smoking", "smoking"), ("cat dog", "dog cat"), ("\u304c", "\u304b"), ("b\u00f2", "b\u1ecf"), ("-\\infty", "\\infty"), ("x-y", "x y"),
        ("more than 5 dogs", "5 dogs"), ("Mars", "Mar"), ("Paris", "Pari"), ("news", "new"), ("goods", "good"),
    ],
)  # fmt: skip
def test_different_texts_have_different_keys(texts: tuple[str, ...]) -> None:
    for one, other in combinations(texts, 2):
        assert key(one) != key(other), (one, other)


def test_the_question_says_whether_number_and_spelling_count() -> None:
    assert key("dogs", "What animal is it?") == key("dog", "What animal is it?")
    for question in ("What is the plural of dog?", "Which word is on the sign?", "How many dogs are there?"):
        assert key("dogs", question) != key("dog", question)
    assert key("colour", "What is written there?") == key("color", "What is written there?")
    assert key("colour", "How is the word spelled?") != key("color", "How is the word spelled?")
    assert key("Sun", "On which day is it closed?") == key("Sunday", "On which day is it closed?")
    assert key("sun", "What is in the sky?") != key("Sunday", "What is in the sky?")
    assert key("Jan", "In which month?") == key("January", "In which month?")


@pytest.mark.parametrize("kind", ["spelling", "plural"])
def test_the_table_merges_what_it_says_and_no_two_of_its_canonical_words(kind: str) -> None:
    for written, words in table(kind).items():
        assert key(written) == key(" ".join(words))
    if kind == "plural":
        singular = set(table(kind).values())
        assert len({key(" ".join(words)) for words in singular}) >= len(singular) - len(table("spelling"))


@given(st.text(max_size=60))
def test_keys_never_fail_nor_depend_on_white_space_around(text: str) -> None:
    said = plain_answer(text)
    if said:
        assert text_key(said, Asked())
        assert key(f"  {text}\n") == key(text)


@given(
    st.lists(
        st.sampled_from(["not", "no", "red", "able", "dog", "dogs", "or", "and", "A", "left"]), min_size=1, max_size=5
    )
)
def test_no_word_that_denies_or_counts_is_lost(words: list[str]) -> None:
    kept = key(" ".join(words)).split(" ")
    for word in ("not", "no", "or", "and"):
        assert kept.count(word) == words.count(word)
