"""Equality of two answers to one question, by rule.

By rule, for multiple choice (option letter) and fill in the blank (normalised text, or equal as number, mathematics, value with unit, date or
list). All functions are pure, symmetric in the two answers, never raise and take bounded time: what reaches the computer algebra does so in
a process that is killed when it takes too long.
"""

import time
from collections.abc import Iterable
from typing import Literal

from wethink_assets.rewards.arguments import allowed_of, kind_of, optional_text, options_of, text_of
from wethink_assets.rewards.equivalence.normal_form import MAX_VALUE, normalised_value, number_of, plain_answer
from wethink_assets.rewards.equivalence.options import option_letter
from wethink_assets.rewards.equivalence.quantities import equal_quantities, measured, quantities_of
from wethink_assets.rewards.equivalence.reading import Allowed, How
from wethink_assets.rewards.equivalence.short_texts import Comparison, same_signs
from wethink_assets.rewards.equivalence.verdicts import CHOICE, accepted, key_of, type_of

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

BUDGET = 0.9
"""Seconds that one comparison may take, once the worker of the computer algebra runs."""


def equal_values(first: object, second: object, *, question: str | None = None) -> How | None:
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
    first, second, question = text_of("first", first), text_of("second", second), optional_text("question", question)
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
    kind: str, first: object, second: object, options: Iterable[object], *, question: str | None = None
) -> tuple[bool, Literal["letter", "text", "math"]]:
    """Whether two answers to a question of `kind` agree by rule, and by which; those that are prose only when they are worded alike.

    Raises `ArgumentError`, a `TypeError` that names the argument, for one that is no such value: answers are texts, numbers or truth values,
    options a list, tuple, array or series of those; of an unknown kind it is an `UnknownArgument`, which names the known ones.

    Example:
        >>> same_answer('MC', "B", "blue", ["red", "blue"]), same_answer('FIB', "0.5", "1/2", [])
        ((True, 'letter'), (True, 'math'))
    """
    entry, shown, question = kind_of(kind), options_of(options), optional_text("question", question)
    first, second = text_of("first", first), text_of("second", second)
    if entry.has_options:
        letter = option_letter(first, shown)
        if letter is None and not shown:
            return equal_values(first, second) == "text", "letter"
        return letter is not None and letter == option_letter(second, shown), "letter"
    if entry.normalised:
        one = entry.normalised(first)
        return bool(one) and one == entry.normalised(second), "text"
    if entry.prose:
        return equal_values(first, second) == "text", "text"
    how = equal_values(first, second, question=question)
    return how is not None, how or "text"


def strict_key(kind: str, answer: object, options: Iterable[object] = (), *, question: str | None = None) -> str:
    """The key that stands for an answer to a question of `kind` wherever rows are grouped by what they say.

    Two answers to one question have the same key exactly where `same_answer` calls them the same; the empty key, of a text that is no answer to
    such a question, equals none. Of a question with options it is the key of the chosen option's text, whatever its letter.

    Raises `ArgumentError` as `same_answer` does.

    Example:
        >>> strict_key('MC', "B", ["red", "blue"]) == strict_key('MC', "(a)", ["blue", "red"]), strict_key('MC', "C", ["red", "blue"])
        (True, '')
    """
    return key_of(kind_of(kind), text_of("answer", answer), options_of(options), optional_text("question", question))


def answer_type(kind: str, answer: object, options: Iterable[object] = (), *, question: str | None = None) -> str:
    """What an answer to a question of `kind` is read as: the name of an answer type, `choice` where there are options, `text` of prose.

    Raises `ArgumentError` as `same_answer` does.

    Example:
        >>> answer_type('MC', "B", ["red", "blue"]), answer_type('DES', "There are 3 of them.")
        ('choice', 'text')
    """
    options_of(options)
    return type_of(kind_of(kind), text_of("answer", answer), optional_text("question", question))


def accepts(
    kind: str,
    answer: object,
    candidate: object,
    options: Iterable[object] = (),
    *,
    question: str | None = None,
    allowed: Allowed | None = None,
) -> bool:
    """Whether a candidate is right beside the true answer: whatever is strictly the same, and what the types and the question allow beyond it.

    Raises `ArgumentError` as `same_answer` does.

    Example:
        >>> accepts('FIB', "red", "crimson"), accepts('FIB', "red", "crimson", allowed=Allowed(answers=("crimson",)))
        (False, True)
    """
    return accepted(
        kind_of(kind),
        text_of("answer", answer),
        text_of("candidate", candidate),
        options_of(options),
        optional_text("question", question),
        allowed_of(allowed),
    )
