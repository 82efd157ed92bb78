"""When do two answers to one question say the same?

By rule, for multiple choice (option letter) and fill in the blank (normalised text, or mathematically equal). All functions are pure, symmetric
in the two answers, never raise, and take bounded time: only short expressions of a small grammar reach the computer algebra.
"""

import logging
import re
import string
import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, Literal

LETTERS = string.ascii_uppercase[:10]
MAX_VALUE = 2000

_WRAPPED = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
_LETTER = r"[\(\[]?([a-j])[\)\]]?"
_SAID = re.compile(
    rf"(?:(?:the\s+)?(?:correct\s+|right\s+|final\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s*)?(?:option\s+|choice\s+)?{_LETTER}\s*[.:)]?"
)
_LABELLED = re.compile(r"(?:option\s+)?(?:[\(\[]([a-j])[\)\]]|([a-j])[.:)\]])\s*(\S.*)", re.DOTALL)
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?![\d,])")
_NUMBER = re.compile(r"([+-]?)(\d{1,40})?(?:\.(\d{1,40}))?(?:e([+-]?\d{1,2}))?")
_RATIO = re.compile(r"([+-]?\d{1,40})\s*/\s*(\d{1,40})")
_ARTICLES = {"a", "an", "the"}
_KEPT_SIGNS = set("%$€£¥°+<>=/*^#&@")
_UNITS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_EXPRESSION = re.compile(
    r"(?:\\(?:frac|dfrac|sqrt|pi|cdot|times|left|right)(?![a-z])|(?<![a-z])[a-z](?![a-z])|[0-9.+\-*/^(){}= ])+"
)


def plain_answer(text: str) -> str:
    """An answer without the wrappings that models put around it: Markdown emphasis, `$`, `\\boxed{}`, quotes."""
    text = unicodedata.normalize("NFKC", text.strip()[:MAX_VALUE]).strip()
    for _ in range(3):
        text = _WRAPPED.sub(r"\1", text)
    for mark in ("**", "$$", "$", "__", "`", '"', "'", "\u201c\u201d"):
        first, last = (mark[0], mark[1]) if mark == "\u201c\u201d" else (mark, mark)
        if len(text) > len(first) + len(last) and text.startswith(first) and text.endswith(last):
            text = text[len(first) : -len(last)].strip()
    return text


def option_letter(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer names, as its letter; None when it names none, or two at once.

    >>> option_letter("(b)", ["red", "blue"]), option_letter("blue", ["red", "blue"]), option_letter("E", ["red", "blue"])
    ('B', 'B', None)
    """
    if len(answer.strip()) > MAX_VALUE:
        return None
    text = plain_answer(answer).casefold()
    said = _SAID.fullmatch(text)
    if said:
        return _letter(said[1], options)
    normal = [normalised_value(option) for option in options]
    labelled = _LABELLED.fullmatch(text)
    if labelled:
        letter = _letter(labelled[1] or labelled[2], options)
        named = _only(normal, normalised_value(labelled[3]))
        return letter if named in (None, letter) else None
    return _only(normal, normalised_value(text))


def _letter(letter: str, options: Sequence[str]) -> str | None:
    place = ord(letter) - ord("a")
    return LETTERS[place] if place < len(options) else None


def _only(values: Sequence[str], value: str) -> str | None:
    places = [place for place, other in enumerate(values) if other == value]
    return LETTERS[places[0]] if len(places) == 1 and places[0] < len(LETTERS) else None


def normalised_value(text: str) -> str:
    """A short answer as compared: case, articles, punctuation, Unicode forms, number words and thousands separators do not count.

    >>> normalised_value("The  Twenty-One, red CIRCLES.") == normalised_value("21 red circles")
    True
    """
    text = plain_answer(text).casefold().replace("\u2212", "-")
    text = unicodedata.normalize("NFKC", text)
    text = _THOUSANDS.sub(lambda match: match[1].replace(",", ""), text)
    kept = []
    for place, char in enumerate(text):
        following = text[place + 1 : place + 2]
        before = text[place - 1] if place else " "
        between_digits = before.isdigit() and following.isdigit()
        if (
            char.isalnum()
            or unicodedata.combining(char)
            or char in _KEPT_SIGNS
            or (char in ".:" and between_digits)
            or (char in "-." and following.isdigit() and not before.isalnum())
        ):
            kept.append(char)
        elif char in "'\u2019":
            continue
        else:
            kept.append(" ")
    words = [word for word in "".join(kept).split() if word not in _ARTICLES]
    return " ".join(_digits(words)) or " ".join(text.split())


def _digits(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    open_tens = False
    for word in words:
        if open_tens and 0 < _UNITS.get(word, 0) < 10:
            found[-1] = str(int(found[-1]) + _UNITS[word])
        elif word in _UNITS or word in _TENS:
            found.append(str(_UNITS.get(word, _TENS.get(word))))
        else:
            found.append(word)
        open_tens = word in _TENS
    return found


def number_of(text: str) -> Fraction | None:
    """The exact number that a text is (`1,200`, `-3.50`, `$5`, `3/4`, `12%`, `seven`), or None."""
    text = normalised_value(text).removeprefix("$").strip()
    share = text.endswith("%")
    text = text.removesuffix("%").strip()
    ratio = _RATIO.fullmatch(text)
    if ratio:
        value = Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    else:
        match = _NUMBER.fullmatch(text)
        if not match or not (match[2] or match[3]):
            return None
        value = Fraction(text)
    return value / 100 if share and value is not None else value


def equal_values(first: str, second: str) -> Literal["text", "math"] | None:
    """How two short answers are equal: as normalised text, or as mathematics; None when they are not.

    >>> equal_values("0.50", "1/2"), equal_values("The cat", "cat!"), equal_values("3", "4")
    ('math', 'text', None)
    """
    a, b = normalised_value(first), normalised_value(second)
    if not a or not b or max(len(first.strip()), len(second.strip())) > MAX_VALUE:
        return None
    if a == b:
        return "text"
    numbers = number_of(first), number_of(second)
    if None not in numbers:
        return "math" if numbers[0] == numbers[1] else None
    expressions = _expression(first), _expression(second)
    if expressions[0] and expressions[1] and _proved(*sorted((expressions[0], expressions[1]))):
        return "math"
    return None


def same_answer(
    kind: str, first: str, second: str, options: Sequence[str], *, question: str | None = None
) -> tuple[bool, Literal["letter", "text", "math"]]:
    """Whether two answers to a question of `kind` agree by rule, and by which; descriptive ones only when they are worded alike."""
    if kind == "MC":
        letter = option_letter(first, options)
        return letter is not None and letter == option_letter(second, options), "letter"
    if kind == "FIB":
        how = equal_values(first, second)
        return how is not None, how or "text"
    return equal_values(first, second) == "text", "text"


def _expression(text: str) -> str | None:
    """LaTeX that is safe to hand to the computer algebra, or None: short, few powers and roots, no words."""
    text = plain_answer(text).replace("\u2212", "-").replace("\u03c0", "\\pi").replace("\u221a", "sqrt").strip(" .")
    text = re.sub(r"(?<!\\)sqrt\(([^()]*)\)", r"\\sqrt{\1}", text)
    if not 0 < len(text) <= 64 or not _EXPRESSION.fullmatch(text) or not re.search(r"\d|\\|[+*/^]", text):
        return None
    powers = re.findall(r"\^\s*(\{[^{}]*\}|-?\d+|.)", text)
    if len(powers) > 2 or any(len(power) > 4 for power in powers) or re.search(r"\^[^+\-*/=]*\^", text):
        return None
    symbols = len(set(re.findall(r"(?<![a-z\\])[a-z](?![a-z])", text)))
    if symbols and any(re.search(r"\d\d", power) for power in powers):  # expanding (x+y+z)^99 takes minutes
        return None
    if text.count("sqrt") > 2 or symbols > 3 or text.count("=") > 1 or re.search(r"\d{16}", text):
        return None
    return text


@cache
def _math_verify() -> Any:
    import math_verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    return math_verify


@lru_cache(maxsize=4096)
def _proved(first: str, second: str) -> bool:
    # Its own time limits need the main thread's signals, so they are off; the grammar above bounds the work instead.
    module = _math_verify()
    try:
        parsed = [module.parse(f"${text}$", parsing_timeout=None) for text in (first, second)]
        if not all(parsed):
            return False
        return any(module.verify(a, b, timeout_seconds=None) for a, b in (parsed, parsed[::-1]))
    except Exception:  # a library that raises on an expression has not proved anything
        return False
