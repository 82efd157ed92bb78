"""Comparable texts: what of a question and its answer counts when rows are searched for duplicates."""

from collections.abc import Sequence

from wethink_assets.identity import digest_of, normalised_text, sha256_hex
from wethink_assets.kinds import KINDS, LETTERS

SHINGLE = 5


def comparable_text(question: str, options: Sequence[str]) -> str:
    """Normalised question, then its normalised options in alphabetical order: shuffled options change nothing."""
    return "\n".join([normalised_text(question), *sorted(normalised_text(option) for option in options)])


def text_digest(kind: str, question: str, options: Sequence[str]) -> str:
    """sha256 of what must be equal for two questions to be the same: kind and comparable text."""
    return digest_of([kind, comparable_text(question, options)])


def shingles(text: str) -> list[str]:
    """Distinct character 5-grams of a text; a shorter text is its own only shingle.

    >>> shingles("a cats")
    ['a cat', ' cats']
    """
    return list(dict.fromkeys(text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1))))


def comparable_answer(kind: str, answer: str, options: Sequence[str]) -> str:
    """An answer as compared between rows: of a question with options the text of the chosen one, since letters change with the order.

    >>> comparable_answer('MC', "B", ["Red", "Blue."])
    'blue'
    """
    letter = answer.strip().rstrip(").").upper()
    if KINDS[kind].has_options and len(letter) == 1 and letter in LETTERS[: len(options)]:
        return normalised_text(options[LETTERS.index(letter)])
    return normalised_text(answer)


def answer_key(kind: str, answer: str, options: Sequence[str]) -> int:
    """64 bits of sha256 over the comparable answer."""
    return int(sha256_hex(comparable_answer(kind, answer, options).encode("utf-8", "surrogatepass"))[:16], 16)
