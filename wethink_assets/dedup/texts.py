"""Comparable texts: what of a question and its answer counts when rows are searched for duplicates."""

from collections.abc import Callable, Sequence

from wethink_assets.dedup.listed_options import announced_options, bare_options, lettered_options
from wethink_assets.dedup.question_text import one_writing, same_text, written
from wethink_assets.identity import digest_of, normalised_text, sha256_hex
from wethink_assets.kinds import KINDS, LETTERS
from wethink_assets.rewards.equivalence.answers import option_letter, strict_key

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


def stated_answer_key(kind: str, answer: str, options: Sequence[str], question: str) -> int:
    """`answer_key`, where a letter stands for an option also when the question lists the options in its text.

    >>> stated_answer_key('FIB', "A", [], "Which? A. red B. blue") == stated_answer_key('FIB', "B", [], "Which? A. blue B. red")
    True
    """
    text, options = one_writing(question), bare_options(options)
    listed = None if options or KINDS[kind].prose else lettered_options(text)
    if KINDS[kind].has_options and not options:
        listed = listed or announced_options(text)
    if listed is None:
        return answer_key(kind, answer, options, written(question))
    if KINDS[kind].has_options:
        return answer_key(kind, answer, listed.options, written(question))
    letter = option_letter(answer, listed.options)
    return answer_key(kind, listed.options[LETTERS.index(letter)] if letter else answer, options, written(listed.stem))


def question_keys(
    kind: str, question: str, options: Sequence[str], near_text: Callable[[str, Sequence[str]], str] | None
) -> tuple[int, int]:
    """64 bits of sha256 over kind and `same_text`, and over kind and near text; without a form of the latter the first ones twice."""
    same = _bits(f"{kind}\n{same_text(question, options)}")
    return same, _bits(f"{kind}\n{near_text(question, options)}") if near_text else same


def precedence(row_id: str, slot: str, source: str, answer_key: int) -> int:
    """64 bits of sha256 over what a row is: of two that are the same the one with the smaller number stays, whenever they came."""
    return _bits(f"{row_id} {slot} {source} {answer_key}")


def worded_answer_key(kind: str, answer: str, options: Sequence[str], question: str | None = None) -> int:
    """64 bits of sha256 over an answer's wording: the rule of cuts that were decided before answers had types, by which these are built again."""
    letter = answer.strip().rstrip(").").upper()
    if KINDS[kind].has_options and len(letter) == 1 and letter in LETTERS[: len(options)]:
        return _bits(normalised_text(options[LETTERS.index(letter)]))
    return _bits(normalised_text(answer))


def _bits(text: str) -> int:
    return int(sha256_hex(text.encode("utf-8", "surrogatepass"))[:16], 16)
