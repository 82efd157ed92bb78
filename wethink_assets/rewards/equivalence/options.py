"""Options that answers to a multiple choice question name, by letter or by wording."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.kinds import LETTERS
from wethink_assets.rewards.equivalence.normal_form import MAX_VALUE, normalised_value, plain_answer

FEWEST_LETTERS = 10
"""Letters that count as an option's name however few options there are: models name some that do not exist, and what comes later in the
alphabet is rather a variable."""


def letter_class(count: int) -> str:
    """Regular expression for the letters, in lower case, that an answer to a question with so many options may mean.

    >>> letter_class(4), letter_class(12)
    ('[a-j]', '[a-l]')
    """
    return f"[a-{LETTERS[min(max(count, FEWEST_LETTERS), len(LETTERS)) - 1].lower()}]"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Ways in which an answer names an option: as all that it says, before the option's text, after words that lead to the text; another one."""

    alone: re.Pattern[str]
    labelled: re.Pattern[str]
    another: re.Pattern[str]


_LEAD_IN = re.compile(
    r"(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:answer|option|choice)\s*(?:is|:)\s*:?\s*(\S.*)", re.DOTALL
)


@lru_cache(maxsize=len(LETTERS) + 1)
def _patterns(count: int) -> _Patterns:
    """The patterns for so many options; where they are not known (0) any letter may name one."""
    letter, stray = letter_class(count or len(LETTERS)), letter_class(count)
    return _Patterns(
        re.compile(
            r"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s*)?"
            rf"(?:option\s+|choice\s+)?[\(\[]?({letter})[\)\]]?\s*[.:)]?"
        ),
        re.compile(
            r"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?answer(?:\s+is)?\s*:?\s*)?(?:option\s+|choice\s+)?"
            rf"(?:[\(\[]({letter})[\)\]]\s*[.:,]?|({letter})(?:[.:)\]]|\s+-(?=\s)))\s*(\S.*)",
            re.DOTALL,
        ),
        # "a" with a point after it is mostly an article at the end of a line, hence [b-...]
        re.compile(
            rf"[\(\[]{stray}[\)\]]|(?<![a-z'])[b{stray[2:]}[.):](?!\w)"
            rf"|\b(?:option|choice|answer|or|and|also|maybe|either|both|nor|not)\s+[\(\[]?{stray}\b"
        ),
    )


def option_letter(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer names, as its letter; None when it names none, or more than one.

    Without options any letter of `LETTERS` is one.

    Example:
        >>> option_letter("(b)", ["red", "blue"]), option_letter("blue", ["red", "blue"]), option_letter("E", ["red", "blue"])
        ('B', 'B', None)
        >>> option_letter("B. blue or A. red", ["red", "blue"]), option_letter("The answer is (B).", [])
        (None, 'B')
    """
    if len(answer) > MAX_VALUE and len(answer.strip()) > MAX_VALUE:
        return None
    text = plain_answer(answer).casefold()
    patterns = _patterns(min(len(options), len(LETTERS)))
    alone = patterns.alone.fullmatch(text)
    if alone:
        return _letter(alone[1], options)
    normal = _normal_options(tuple(options))
    labelled = patterns.labelled.fullmatch(text)
    if labelled:
        letter = _letter(labelled[1] or labelled[2], options)
        rest = normalised_value(labelled[3])
        named = _only(normal, rest)
        if named or not letter:
            return letter if named == letter else None
        return None if patterns.another.search(labelled[3]) or _names_another(rest, normal, letter) else letter
    named = _only(normal, normalised_value(text))
    if named:
        return named
    led = _LEAD_IN.fullmatch(text)
    return _only(normal, normalised_value(led[1])) if led else None


@lru_cache(maxsize=4096)
def _normal_options(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(normalised_value(option) for option in options)


def _letter(letter: str, options: Sequence[str]) -> str | None:
    index = ord(letter) - ord("a")
    return LETTERS[index] if index < (len(options) or len(LETTERS)) else None


def _only(values: Sequence[str], value: str) -> str | None:
    if value not in values:
        return None
    index = values.index(value)
    return LETTERS[index] if values.count(value) == 1 and index < len(LETTERS) else None


def _names_another(rest: str, normal: Sequence[str], letter: str) -> bool:
    """Whether what follows a letter names the text of another option, and not its own."""
    padded = f" {rest} "
    own = normal[LETTERS.index(letter)] if normal else ""
    if own:
        padded = padded.replace(f" {own} ", " ")
    return any(other and other != own and f" {other} " in padded for other in normal)
