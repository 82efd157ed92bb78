"""Comparable texts: what of a question and its answer counts when rows are searched for duplicates."""

from collections.abc import Sequence

from wethink_assets.identity import digest_of, normalised_text, sha256_hex
from wethink_assets.kinds import KINDS, LETTERS
from wethink_assets.rewards.equivalence.answers import strict_key

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


def answer_key(kind: str, answer: str, options: Sequence[str], question: str | None = None) -> int:
    """64 bits of sha256 over what an answer says: equal exactly where two answers to a question are strictly the same.

    Of a question with options it stands for the text of the chosen one, since letters change with the order; texts that are no answer at all are
    compared as they are written.

    >>> answer_key('FIB', "1/2", []) == answer_key('FIB', "½", []), answer_key('FIB', "3-1", []) == answer_key('FIB', "2-0", [])
    (True, False)
    """
    return _bits(strict_key(kind, answer, options, question=question) or f"unread:{normalised_text(answer)}")


def worded_answer_key(kind: str, answer: str, options: Sequence[str], question: str | None = None) -> int:
    """64 bits of sha256 over an answer's wording: the rule of cuts that were decided before answers had types, by which these are built again."""
    letter = answer.strip().rstrip(").").upper()
    if KINDS[kind].has_options and len(letter) == 1 and letter in LETTERS[: len(options)]:
        return _bits(normalised_text(options[LETTERS.index(letter)]))
    return _bits(normalised_text(answer))


def _bits(text: str) -> int:
    return int(sha256_hex(text.encode("utf-8", "surrogatepass"))[:16], 16)
