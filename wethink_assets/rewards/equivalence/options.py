"""Which option of a multiple choice question does an answer name?"""

import re
import string
from collections.abc import Sequence
from functools import lru_cache

from wethink_assets.rewards.equivalence.normal_form import MAX_VALUE, normalised_value, plain_answer

LETTERS = string.ascii_uppercase[:10]

_LETTER = r"[\(\[]?([a-j])[\)\]]?"
_SAID = re.compile(
    rf"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s*)?(?:option\s+|choice\s+)?{_LETTER}\s*[.:)]?"
)
_LABELLED = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?answer(?:\s+is)?\s*:?\s*)?(?:option\s+|choice\s+)?"
    r"(?:[\(\[]([a-j])[\)\]]\s*[.:,]?|([a-j])(?:[.:)\]]|\s+-(?=\s)))\s*(\S.*)",
    re.DOTALL,
)
_LEAD_IN = re.compile(
    r"(?:the\s+)?(?:correct\s+|right\s+|final\s+|best\s+)?(?:answer|option|choice)\s*(?:is|:)\s*:?\s*(\S.*)", re.DOTALL
)
_ANOTHER = re.compile(
    r"[\(\[][a-j][\)\]]|(?<![a-z'])[b-j][.):](?!\w)|\b(?:option|choice|answer|or|and|also|maybe|either|both|nor|not)\s+[\(\[]?[a-j]\b"
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
    if len(text) == 1 and "a" <= text <= "j":
        return _letter(text, options)
    said = _SAID.fullmatch(text)
    if said:
        return _letter(said[1], options)
    normal = _normal_options(tuple(options))
    labelled = _LABELLED.fullmatch(text)
    if labelled:
        letter = _letter(labelled[1] or labelled[2], options)
        rest = normalised_value(labelled[3])
        named = _only(normal, rest)
        if named or not letter:
            return letter if named == letter else None
        return None if _ANOTHER.search(labelled[3]) or _names_another(rest, normal, letter) else letter
    named = _only(normal, normalised_value(text))
    if named:
        return named
    led = _LEAD_IN.fullmatch(text)
    return _only(normal, normalised_value(led[1])) if led else None


@lru_cache(maxsize=4096)
def _normal_options(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(normalised_value(option) for option in options)


def _letter(letter: str, options: Sequence[str]) -> str | None:
    place = ord(letter) - ord("a")
    return LETTERS[place] if place < (len(options) or len(LETTERS)) else None


def _only(values: Sequence[str], value: str) -> str | None:
    if value not in values:
        return None
    place = values.index(value)
    return LETTERS[place] if values.count(value) == 1 and place < len(LETTERS) else None


def _names_another(rest: str, normal: Sequence[str], letter: str) -> bool:
    """Whether what follows a letter names the text of another option, and not its own."""
    padded = f" {rest} "
    own = normal[LETTERS.index(letter)] if normal else ""
    if own:
        padded = padded.replace(f" {own} ", " ")
    return any(other and other != own and f" {other} " in padded for other in normal)
