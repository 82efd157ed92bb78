"""Table of spelling: its lines are well formed and lead somewhere."""

import pytest

from wethink_assets.rewards.equivalence.writing.spelling import table, variants

KINDS = (
    "spelling",
    "plural",
    "short",
    "first",
    "street",
    "direction",
    "weekday",
    "month",
    "name",
    "contraction",
    "opposite",
    "value",
)


@pytest.mark.parametrize("kind", KINDS)
def test_forms_stand_for_other_forms(kind: str) -> None:
    for written, words in table(kind).items():
        assert written == written.casefold()
        assert words
        assert kind in ("value", "opposite") or written != " ".join(words)


def test_what_stands_for_a_word_has_no_variant_itself() -> None:
    assert not [word for words in variants().values() for word in words if variants().get(word, (word,)) != (word,)]


def test_opposites_go_both_ways() -> None:
    assert all(other[0] in table("opposite") for other in table("opposite").values())


def test_words_whose_plural_means_something_else_are_left_alone() -> None:
    assert (
        variants()
        .keys()
        .isdisjoint(
            {"glasses", "arms", "customs", "news", "goods", "james", "adams", "paris", "mars", "scales", "means"}
        )
    )
