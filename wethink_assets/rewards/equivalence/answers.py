"""Equality of two answers to one question, by rule: strict, for which a key can stand, and lenient, which rewards use.

An answer is read as what it is (number, quantity, date, code, list, text, ...), given the question; values are compared within a type
(`docs/rewards.md`). All functions are pure and take bounded time, and nothing that is read is executed. They raise nothing but `ArgumentError`,
a `TypeError` that names the argument that is no such value.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Literal

from wethink_assets.rewards.arguments import allowed_of, kind_of, optional_text, options_of, text_of
from wethink_assets.rewards.equivalence import normal_form
from wethink_assets.rewards.equivalence import options as multiple_choice
from wethink_assets.rewards.equivalence.comparison import strict
from wethink_assets.rewards.equivalence.reading import Allowed, How
from wethink_assets.rewards.equivalence.verdicts import CHOICE, accepted, agreement, key_of, type_of

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


def equal_values(first: object, second: object, *, question: str | None = None) -> How | None:
    """How two short answers are strictly equal: `text` where their types are compared by their writing (texts, yes and no, dates, codes),
    `math` where by their value; None where they are not equal. Symmetric and transitive.

    Example:
        >>> equal_values("0.50", "1/2"), equal_values("The cat", "cat!"), equal_values("3", "4"), equal_values("2 m", "200 cm")
        ('math', 'text', None, 'math')
        >>> equal_values("35-44", "25-34"), equal_values("4 and 1", "1 and 4", question="How many red and how many blue ones?")
        (None, None)
    """
    return strict(text_of("first", first), text_of("second", second), optional_text("question", question))


def same_answer(
    kind: str, first: object, second: object, options: Iterable[object], *, question: str | None = None
) -> tuple[bool, Literal["letter", "text", "math"]]:
    """Whether two answers to a question of `kind` are strictly the same, and by what; those that are prose only when they are worded alike.

    Raises `ArgumentError`, a `TypeError` that names the argument, for one that is no such value: answers are texts, numbers or truth values,
    options a list, tuple, array or series of those; of an unknown kind it is an `UnknownArgument`, which names the known ones.

    Example:
        >>> same_answer('MC', "B", "blue", ["red", "blue"]), same_answer('FIB', "0.5", "1/2", [])
        ((True, 'letter'), (True, 'math'))
    """
    entry, shown, asked = kind_of(kind), options_of(options), optional_text("question", question)
    return agreement(entry, text_of("first", first), text_of("second", second), shown, asked)


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


def option_letter(answer: object, options: Iterable[object]) -> str | None:
    """The option that an answer names, as its letter; None when it names none, or more than one. Without options any letter is one.

    Example:
        >>> option_letter("(b)", ["red", "blue"]), option_letter("blue", ["red", "blue"]), option_letter("E", ["red", "blue"])
        ('B', 'B', None)
    """
    return multiple_choice.option_letter(text_of("answer", answer), options_of(options))


def normalised_value(text: object) -> str:
    """A short answer without case, articles, punctuation, Unicode forms, number words and thousands separators.

    Example:
        >>> normalised_value("The  Twenty-One, red CIRCLES."), normalised_value("vitamin A")
        ('21 red circles', 'vitamin a')
    """
    return normal_form.normalised_value(text_of("text", text))


def number_of(text: object) -> Fraction | None:
    """The exact number that a text is, or None.

    Example:
        >>> number_of("1,200"), number_of("three quarters of it")
        (Fraction(1200, 1), None)
    """
    from wethink_assets.rewards.equivalence.amounts.parsing import (
        number_of as exact_number,  # loads with the answer types
    )

    return exact_number(text_of("text", text))


def plain_answer(text: object) -> str:
    """An answer without the wrappings that models put around it: Markdown emphasis, `$`, `\\boxed{}`, `\\text{}`, quotes.

    Example:
        >>> plain_answer("**blue**")
        'blue'
    """
    return normal_form.plain_answer(text_of("text", text))
