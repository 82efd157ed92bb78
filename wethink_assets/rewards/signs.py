"""Do two texts of one normal form also agree in the signs that it drops?"""

import re

from wethink_assets.rewards.dates import moment_of
from wethink_assets.rewards.normal import plain_answer, unified

_SIGNED = re.compile(r"[-([{|!\u2010-\u2015\u2212]")
_WORDY = re.compile(r"(?<![\\a-zA-Z])(?!(?:sqrt|sin|cos|tan|ln|log|exp|pi)\b)[^\W\d_]{2}")


def same_signs(first: str, second: str) -> bool:
    """Whether two texts of one normal form also agree in the signs that it drops, where there are no words to tell what they mean."""
    if first == second or (_SIGNED.search(first) is None and _SIGNED.search(second) is None):
        return True
    if _WORDY.search(first) or _WORDY.search(second) or moment_of(plain_answer(first)):
        return True
    (one, inner), (other, other_inner) = _signs(first), _signs(second)
    return inner == other_inner and (one == other or not one or not other)


def _signs(text: str) -> tuple[str, str]:
    """The bracket around a text, and the signs inside it."""
    text = unified(plain_answer(text)).strip(" .,;:?")
    outer = text[:1] if text[:1] in ("(", "[", "{") and text[-1:] in (")", "]", "}") else ""
    inner = text[1:-1] if outer else text
    return outer, "".join("(" if char in "([{" else char for char in inner if char in "-([{|!")
