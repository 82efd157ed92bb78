"""Equality of two answers to one question, by rule.

By rule, for multiple choice (option letter) and fill in the blank (normalised text, or equal as number, mathematics, value with unit, date or
list). All functions are pure, symmetric in the two answers, never raise and take bounded time: what reaches the computer algebra does so in
a process that is killed when it takes too long.
"""

import time
from collections.abc import Sequence
from typing import Literal

from wethink_assets.kinds import KINDS, LETTERS, QuestionKind
from wethink_assets.rewards.equivalence.comparison import NOTHING, lenient, read
from wethink_assets.rewards.equivalence.normal_form import MAX_VALUE, normalised_value, number_of, plain_answer
from wethink_assets.rewards.equivalence.options import option_letter
from wethink_assets.rewards.equivalence.quantities import equal_quantities, measured, quantities_of
from wethink_assets.rewards.equivalence.reading import Allowed, Comparable, How, Reading, Written, asked_of
from wethink_assets.rewards.equivalence.short_texts import Comparison, same_signs
from wethink_assets.rewards.equivalence.types.texts import TEXT

__all__ = [
    "CHOICE",
    "Allowed",
    "accepts",
    "answer_type",
    "equal_values",
    "normalised_value",
    "number_of",
    "option_letter",
    "plain_answer",
    "same_answer",
    "strict_key",
]

CHOICE = "choice"
"""Answer type of the kinds with options."""

BUDGET = 0.9
"""Seconds that one comparison may take, once the worker of the computer algebra runs."""


def equal_values(first: str, second: str, *, question: str | None = None) -> How | None:
    """How two short answers are equal: as normalised text (also as dates and as lists of equal texts), or as mathematics (numbers,
    expressions, values with units); None when they are not.

    What decides, in this order: normalised text; dates and times of day; exact numbers, where a fraction also equals its rounding to four
    digits; values with unit; lists, in any order only where a question is given that does not ask for one; expressions. With a question,
    a number may come without a unit, `%` or noun that the question names, or with it.

    Example:
        >>> equal_values("0.50", "1/2"), equal_values("The cat", "cat!"), equal_values("3", "4"), equal_values("2 m", "200 cm")
        ('math', 'text', None, 'math')
        >>> equal_values("red, blue", "blue and red", question="Which colours?"), equal_values("red, blue", "blue and red")
        ('text', None)
    """
    if len(first) > MAX_VALUE or len(second) > MAX_VALUE:
        first, second = first.strip(), second.strip()
        if len(first) > MAX_VALUE or len(second) > MAX_VALUE:
            return None
    a, b = normalised_value(first), normalised_value(second)
    if not a or not b:
        return None
    if a == b and same_signs(first, second):
        return "text" if first == second or not _measured_otherwise(first, second, a) else None
    if a.isalpha() and b.isalpha() and len(a) > 1 and len(b) > 1:
        return None
    if a.isdecimal() and b.isdecimal():
        return "math" if int(a) == int(b) else None
    return Comparison(question, time.monotonic() + BUDGET).deep(first, second)


def _measured_otherwise(first: str, second: str, normal: str) -> bool:
    """Whether two texts that differ in case only are values of different units, as 5 mW and 5 MW are."""
    if not normal[:1].isdigit() or " " not in normal or first.casefold() != second.casefold():
        return False
    values = quantities_of(measured(first)), quantities_of(measured(second))
    return bool(values[0] and values[1]) and not equal_quantities(*values)


def same_answer(
    kind: str, first: str, second: str, options: Sequence[str], *, question: str | None = None
) -> tuple[bool, Literal["letter", "text", "math"]]:
    """Whether two answers to a question of `kind` agree by rule, and by which; those that are prose only when they are worded alike.

    Raises `UnknownName` for an unknown kind, which names the known ones.

    Example:
        >>> same_answer('MC', "B", "blue", ["red", "blue"]), same_answer('FIB', "0.5", "1/2", [])
        ((True, 'letter'), (True, 'math'))
    """
    entry = KINDS[kind]
    if entry.has_options:
        letter = option_letter(first, options)
        if letter is None and not options:
            return equal_values(first, second) == "text", "letter"
        return letter is not None and letter == option_letter(second, options), "letter"
    if entry.normalised:
        one = entry.normalised(first)
        return bool(one) and one == entry.normalised(second), "text"
    if entry.prose:
        return equal_values(first, second) == "text", "text"
    how = equal_values(first, second, question=question)
    return how is not None, how or "text"


def strict_key(kind: str, answer: str, options: Sequence[str] = (), *, question: str | None = None) -> str:
    """The key that stands for an answer to a question of `kind` wherever rows are grouped by what they say.

    Two answers to one question have the same key exactly where `same_answer` calls them the same; the empty key, of a text that is no answer to
    such a question, equals none. Of a question with options it is the key of the chosen option's text, whatever its letter.

    Raises `UnknownName` for an unknown kind, which names the known ones.

    Example:
        >>> strict_key('MC', "B", ["red", "blue"]) == strict_key('MC', "(a)", ["blue", "red"]), strict_key('MC', "C", ["red", "blue"])
        (True, '')
    """
    entry = KINDS[kind]
    if entry.has_options:
        return _choice_key(answer, options, question)
    if entry.normalised:
        normal = entry.normalised(answer)
        return f"{kind}:{normal}" if normal else ""
    return _key_of(_prose(answer) if entry.prose else read(answer, asked_of(question)))


def answer_type(kind: str, answer: str, options: Sequence[str] = (), *, question: str | None = None) -> str:
    """What an answer to a question of `kind` is read as: the name of an answer type, `choice` where there are options, `text` of prose.

    Raises `UnknownName` for an unknown kind, which names the known ones.

    Example:
        >>> answer_type('MC', "B", ["red", "blue"]), answer_type('DES', "There are 3 of them.")
        ('choice', 'text')
    """
    entry = KINDS[kind]
    if entry.has_options:
        return CHOICE
    comparable = None if entry.prose else read(answer, asked_of(question))
    return comparable.reading.type if comparable else TEXT.name


def accepts(
    kind: str,
    answer: str,
    candidate: str,
    options: Sequence[str] = (),
    *,
    question: str | None = None,
    allowed: Allowed = NOTHING,
) -> bool:
    """Whether a candidate is right beside the true answer: whatever is strictly the same, and what the types and the question allow beyond it.

    Raises `UnknownName` for an unknown kind, which names the known ones.

    Example:
        >>> accepts('FIB', "red", "crimson"), accepts('FIB', "red", "crimson", allowed=Allowed(answers=("crimson",)))
        (False, True)
    """
    entry = KINDS[kind]
    if not entry.has_options and not entry.normalised and not entry.prose:
        return lenient(answer, candidate, question, allowed) is not None
    return any(_alike(entry, true, candidate, options, question, allowed) for true in (answer, *allowed.answers))


def _alike(
    entry: QuestionKind, answer: str, candidate: str, options: Sequence[str], question: str | None, allowed: Allowed
) -> bool:
    key = strict_key(entry.code, candidate, options, question=question)
    if not key:
        return False
    if key == strict_key(entry.code, answer, options, question=question):
        return True
    return entry.prose and TEXT.alike(_prose(answer), _prose(candidate), asked_of(question), allowed)


def _key_of(comparable: Comparable | None) -> str:
    return f"{comparable.reading.type}:{comparable.reading.key}" if comparable and comparable.reading.key else ""


def _prose(answer: str) -> Comparable:
    """Sentences as they are worded, whatever they say."""
    written = Written(answer, answer.strip())
    return Comparable(written, TEXT.read(written, asked_of(None)) or Reading(TEXT.name, written.folded))


def _choice_key(answer: str, options: Sequence[str], question: str | None) -> str:
    letter = option_letter(answer, options)
    if letter is None:
        return "" if options else _key_of(_prose(answer))
    if not options:
        return f"{CHOICE}:{letter}"
    index = LETTERS.index(letter)
    keys = [_key_of(read(option, asked_of(question))) for option in options]
    return keys[index] if keys[index] and keys.count(keys[index]) == 1 else f"{keys[index]}:{letter}"
