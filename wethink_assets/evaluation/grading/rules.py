"""Rules that extract the answer of a reply: an option, yes or no, letters, a list, a short value.

The rules are those of VLMEvalKit (`matching_util.can_infer`, `yorn.YOrN_Extraction`, `dynamath.parse_answer`, `logicvista`), so that a reply
which it decides without a judge is decided the same here. None of them evaluates a reply as code, as it does in places.
"""

import ast
import math
import re
from collections.abc import Mapping, Sequence

from wethink_assets.kinds import LETTERS

REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
NO_OPTION = "Z"
_MARKS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_STATED = re.compile(r"(?:correct\s+)?answer\s+is\s+\**([ABCD])\**", re.IGNORECASE)
_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_PERIOD = re.compile(r"(?<!\d)\.(?!\d)")
_DIGIT_COMMA = re.compile(r"\d,\d")
_OPTION_LETTERS = re.compile(f"[{LETTERS[:8]}]{{1,8}}")  # eight options are the most of LogicVista


def option_of(reply: str, options: Mapping[str, str]) -> str | None:
    """Letter of the option that a reply chooses; `Z` for a refusal; None when the rule cannot tell.

    One option letter standing alone among the last words decides, or "answer is B", else the one option whose text occurs in a short reply.

    >>> option_of("The answer is (B).", {"A": "red", "B": "blue"}), option_of("blue", {"A": "red", "B": "blue"})
    ('B', 'B')
    """
    return _lettered(reply, options) or _worded(reply, options)


def _lettered(reply: str, options: Mapping[str, str]) -> str | None:
    if any(refusal in reply for refusal in REFUSALS):
        return NO_OPTION
    words = reply.translate(_MARKS).split()
    named = [letter for letter in options if letter in words]
    if len(named) == 1 and words.index(named[0]) > len(words) - 5:
        return named[0]
    if not named and NO_OPTION in words:
        return NO_OPTION
    stated = _STATED.search(reply)
    return stated[1].upper() if stated and stated[1].upper() in options else None


def _worded(reply: str, options: Mapping[str, str]) -> str | None:
    text = reply.lower()
    if len(text) > 2 * sum(map(len, options.values())):
        return None
    named = [letter for letter, option in options.items() if option.lower() in text]
    return named[0] if len(named) == 1 else None


def yes_or_no(reply: str) -> str | None:
    """`Yes` or `No` when a reply holds one of the words and not the other, else None.

    >>> yes_or_no("No, it does not."), yes_or_no("yes or no?")
    ('No', None)
    """
    text = given = reply.lower()
    digits = bool(_DIGIT_COMMA.search(given))
    for mark in _PUNCTUATION:
        loose = digits or f"{mark} " in given or f" {mark}" in given
        text = text.replace(mark, "" if loose else " ")
    words = _PERIOD.sub("", text, count=32).split()  # VLMEvalKit passes a flag where the count belongs: 32 periods
    present = [word for word in ("Yes", "No") if word.lower() in words]
    return present[0] if len(present) == 1 else None


def letters_of(reply: str) -> str | None:
    """Option letters of a reply that is nothing but letters, sorted, in lower case: `B, A` is `ab`; None for anything else."""
    plain = re.sub(r"[\s,()\[\].:;]|\band\b", "", reply)
    return "".join(sorted(plain.lower())) if _OPTION_LETTERS.fullmatch(plain) else None


def list_of(text: str | None) -> list[str]:
    """A list that a file holds as text, such as `['a', 'b']`; text that is no list is its only element."""
    if not text or not text.strip():
        return []
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # all that literal_eval is said to raise
        return [text]
    return [str(part) for part in value] if isinstance(value, (list, tuple)) else [text]


def contains_answer(reply: str, answers: Sequence[str], *, formula: bool) -> bool:
    """OCRBench's rule: one of the answers occurs in the reply, letter case aside, in formulas white space aside instead."""

    def plain(text: str) -> str:
        text = text.strip().replace("\n", " ")
        return text.replace(" ", "") if formula else text.lower().strip()

    return any(plain(answer) in plain(reply) for answer in answers)


def short_answer(text: str, answer_type: str) -> str | float | None:
    """DynaMath's rule: the value of a short answer by its type (`float`, `multiple choice`, else text), None when it has none."""
    if answer_type == "float":
        first = text.split(" ")[0]
        try:
            value = float(first.split("π")[0]) * math.pi if "π" in first else float(first)
        except ValueError:
            return None
        return value if math.isfinite(value) else None
    if answer_type == "multiple choice":
        if len(text) == 1:
            return text.upper()
        named = [letter for letter in "ABCDE" if letter in text.upper()]
        return named[0] if len(named) == 1 else None
    return text or None


def number_of(text: str, *, whole: bool) -> float | None:
    """The number that a text is, as Python reads it; None where it is none, or none that is whole where one is wanted."""
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return None
