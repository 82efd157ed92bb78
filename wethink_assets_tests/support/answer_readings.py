"""Readings of answers, and pairs of different answers that a comparison takes for one."""

from itertools import combinations

from wethink_assets.rewards.equivalence.comparison import lenient, read
from wethink_assets.rewards.equivalence.reading import asked_of


def kind_and_key(text: str, question: str | None = None) -> tuple[str, str]:
    """The type and the key of an answer."""
    comparable = read(text, asked_of(question))
    assert comparable is not None, text
    return comparable.reading.type, comparable.reading.key


def taken_for_one(texts: list[str], question: str | None) -> list[tuple[str, str]]:
    """Pairs of texts, each of a value of its own, that share a key or are alike in either direction."""
    return [
        (one, other)
        for one, other in combinations(texts, 2)
        if lenient(one, other, question) or lenient(other, one, question)
    ]
