"""Normal form of a short answer: case, articles, punctuation, Unicode forms and the writing of numbers taken off."""

import re
import unicodedata
from functools import lru_cache

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.writing.characters import composed

MAX_VALUE = 2000
"""Characters of an answer that are read; longer answers equal nothing."""
_WRAPPED = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|textnormal|textup|mbox|hbox|mathrm|mathbf|mathit|operatorname)\s*\{([^{}]*)\}"
)
_BOXED = "\\boxed{"
_PAIRS = (
    ("**", "**"), ("$$", "$$"), ("$", "$"), ("__", "__"), ("`", "`"), ('"', '"'), ("'", "'"), ("*", "*"), ("<b>", "</b>"),
    ("<i>", "</i>"), ("<strong>", "</strong>"), ("<em>", "</em>"),
    ("\u201c", "\u201d"), ("\u2018", "\u2019"), ("\u300c", "\u300d"), ("\u00ab", "\u00bb"), ("\\(", "\\)"), ("\\[", "\\]"),
)  # fmt: skip
_CLOSING = frozenset(last[-1] for _, last in _PAIRS) | {"}"}
_ENDS = (".", "\u3002")
_PLAIN_SIGNS = str.maketrans(
    {
        "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2044": "/", "\u00d7": "*", "\u22c5": "*",
        "\u00b7": "*", "\u00f7": "/", "\u2264": "<=", "\u2265": ">=", "\u2019": "'", "\u2018": "'", "\u2032": "'", "\u03c0": "\\pi",
        "\u00ba": "\u00b0", "\u00a0": " ",
    }
)  # fmt: skip
_LATEX = re.compile(
    r"\\(?:left|right|,|;|!|:|quad|displaystyle)(?![a-zA-Z])|\\(cdot|times|div|leq?|geq?|%|\$|degree|circ|&|#|_)(?![a-zA-Z])|\\([dt])frac(?![a-z])|"
    r"\^\{?\s*(\\circ|\\degree)\s*\}?"
)
_COMMANDS = {
    "cdot": "*",
    "times": "*",
    "div": "/",
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "degree": "\u00b0",
    "circ": "\u00b0",
}
_EXPONENT = re.compile(r"\^\s*\{\s*([+-]?\w+)\s*\}")
_FRACTION = re.compile(r"\\frac\s*(?:\{\s*(-?\d{1,20})\s*\}\s*\{\s*(\d{1,20})\s*\}|(\d)(\d)(?!\d))")
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3})(?![\d,])")
_SPACED = re.compile(r"(?<![\d.,/] )(?<![\d.,/])(\d{1,3}(?:[ '\u202f\u2009]\d{3})+)(?![\d/])(?! ?\d)")
_APOSTROPHES = re.compile(r"(?<=\w)'(?=\w)|'(?=s\b)")
_DROPPED = re.compile(
    r"\.(?!\d)|(?<=[^\W\d_])\.|:(?!\d)|(?<!\d):|-(?!\d)|(?<=[^\W_])(?<!\de)-|(?<=[^\W_] )-(?= )|[^\w~%$\u20ac\u00a3\u00a5\u00b0+<>=/*^#&@.:\- ]|_"
)
_DROPPED_WIDE = re.compile(r"\.(?!\d)|(?<=[^\W\d_])\.|:(?!\d)|(?<!\d):|-(?!\d)|(?<=[^\W_])(?<!\de)-|_")
_ARTICLES = {"a", "an", "the"}
_SPELLED = {"&": "and", "per cent": "%", "pct": "%"}
_SIMPLE = re.compile(r"[a-z]+|\d{1,15}")


def plain_answer(text: str) -> str:
    """An answer without the wrappings that models put around it: Markdown emphasis, `$`, `\\boxed{}`, `\\text{}`, quotes.

    Example:
        >>> plain_answer("**$\\\\boxed{\\\\text{red}}$**")
        'red'
    """
    text = text.strip()[:MAX_VALUE]
    if text.isascii():
        if text.isalnum():
            return text
    else:
        text = composed(text).strip()
    if "\\" in text:
        for _ in range(3):
            text = _WRAPPED.sub(r"\1", text)
    for _ in range(4):
        bare = _unwrapped(text)
        if bare == text:
            break
        text = bare
    return text


def _unwrapped(text: str) -> str:
    """A text without the outermost pair of wrappings; a full stop after that pair goes with it."""
    if text[-1:] in _ENDS and text[-2:-1] in _CLOSING:
        whole = text[:-1]
        bare = _unwrapped(whole)
        return text if bare == whole else bare
    if text[-1:] not in _CLOSING:
        return text
    if text.startswith(_BOXED) and _closes_last(text):
        return text[len(_BOXED) : -1].strip()
    for first, last in _PAIRS:
        if text.startswith(first) and text.endswith(last) and len(text) > len(first) + len(last):
            inner = text[len(first) : -len(last)]
            if first not in inner and last not in inner:
                return inner.strip()
    return text


def _closes_last(text: str) -> bool:
    """Whether the brace that a text ends in is the one that its first opens."""
    depth = 0
    for position, char in enumerate(text):
        if char in "{}":
            depth += 1 if char == "{" else -1
            if not depth:
                return position == len(text) - 1
    return False


@lru_cache(maxsize=16384)
def normalised_value(text: str) -> str:
    """A short answer as compared: case, articles, punctuation, Unicode forms, number words and thousands separators do not count.

    Example:
        >>> normalised_value("The  Twenty-One, red CIRCLES.") == normalised_value("21 red circles")
        True
        >>> normalised_value("vitamin A"), normalised_value("A, B"), normalised_value("one hundred and five")
        ('vitamin a', 'a b', '105')
    """
    text = plain_answer(text).casefold()
    if _SIMPLE.fullmatch(text) and text not in NUMBER_WORDS:
        return text
    text = unified(text)
    if "," in text or "'" in text or " " in text:
        text = _THOUSANDS.sub(lambda match: match[1].replace(",", ""), text)
        text = _SPACED.sub(lambda match: re.sub(r"\D", "", match[1]), text)
    kept = _APOSTROPHES.sub("", text) if "'" in text else text
    kept = _DROPPED.sub(" ", kept) if kept.isascii() else _wide(kept)
    words = kept.split()
    if not _NOT_PLAIN.isdisjoint(words):
        words = spelled_out([_SPELLED.get(word, word) for word in words])
        words = [
            word
            for index, word in enumerate(words)
            if word not in _ARTICLES or index == len(words) - 1 or (word == "a" and not _is_word(words[index + 1]))
        ]
    return " ".join(words) or " ".join(text.split())


_NOT_PLAIN = NUMBER_WORDS | _ARTICLES | frozenset(_SPELLED)


def _is_word(word: str) -> bool:
    return len(word) > 1 and word[0].isalpha()


def unified(text: str) -> str:
    """A text with one sign for each thing: minus signs, fractions, products and degrees of Unicode and of LaTeX are written plainly."""
    if not text.isascii():
        text = text.translate(_PLAIN_SIGNS)
    if "\\" in text:
        text = _LATEX.sub(_plainly, text)
        text = _FRACTION.sub(_fraction, text)
    if "^" in text:
        text = _EXPONENT.sub(r"^\1", text)
    return text.replace("per cent", "percent") if "per cent" in text else text


def _plainly(match: re.Match[str]) -> str:
    if match[1]:
        return _COMMANDS.get(match[1], match[1])
    if match[2]:
        return "\\frac"
    return "\u00b0" if match[3] else " "


def _fraction(match: re.Match[str]) -> str:
    apart = "" if match.string[max(match.start() - 1, 0) : match.start()] in ("-", "+") else " "
    return f"{apart}{match[1] or match[3]}/{match[2] or match[4]} "


def _wide(text: str) -> str:
    """`_DROPPED` for text beyond ASCII: letters, marks and symbols of all scripts are kept."""
    text = _DROPPED_WIDE.sub(" ", text)
    return "".join(
        char if char.isalnum() or char in " ~%+<>=/*^#&@.:-" or unicodedata.category(char)[0] in "MS" else " "
        for char in text
    )
