"""Cues of mathematics: in an answer the signs that nothing else has, in a question the words that ask for it.

A hyphen, slash, cross or colon between bare numbers is no such sign: ages, scores, dates, ratios and sizes are written with them.
"""

import re
from functools import lru_cache

from wethink_assets.rewards.equivalence.mathematics.notation import FUNCTIONS, GREEK
from wethink_assets.rewards.equivalence.reading import Asked

_COMMANDS = "|".join(
    [
        "[dtc]?frac|d?binom|sqrt|infty|infin|cup|cap|in|setminus|pm|mp|cdot|leq?|geq?|leqslant|geqslant|lt|gt|neq?|approx|begin|sum|prod|"
        "emptyset|varnothing|mathbb|overline|overrightarrow|vec|hat|bar|angle|measuredangle|triangle|lfloor|lceil|langle|pi|var[a-z]+",
        *GREEK,
        *(name for name in FUNCTIONS if name not in ("sqrt", "cbrt")),
    ]
)
_CLEAR = re.compile(
    rf"\\(?:{_COMMANDS})(?![a-zA-Z])|[\^=<>\u2264\u2265\u2260\u2248\u221a\u221b\u03c0\u221e\u2208\u222a\u2229\u00b1\u2213\u2220\u25b3\u2211\u211d\u2205]"
    r"|\b(?:sqrt|cbrt|sin|cos|tan|ln|log)\s*\(|\d\s*!(?!\w)|^\s*-?\d*\|[^|]{1,40}\||(?<![A-Za-z])pi(?![A-Za-z])"
)
_PRODUCT = re.compile(
    r"(?<![A-Za-z])(?:\d*[a-zA-Z]|\d+)(?:\^\d+)?\s?\(?\s?(?:\d*[a-zA-Z]|\d+)?\s?[+*\u00b7\u22c5\-\u2212/]\s?\(?(?:\d*[a-zA-Z]|\d+)(?![A-Za-z])"
)
_LETTER = re.compile(r"(?<![A-Za-z])[a-zA-Z](?![A-Za-z])")
_SIGNS = re.compile(r"[+*\u00b7\u22c5(]|(?<=\w)\s?[-\u2212/]\s?(?=\w)")
_DIGIT = re.compile(r"\d")
_ONE_LETTER = re.compile(
    r"\d*([a-zA-Z])\s?[-\u2212\u2013/*x\u00d7]\s?\d*([a-zA-Z])|\d+(?:[.,]\d+)?[a-zA-Z]|[A-Z]+[-\u2212\u2013/ ]?\d+|\d+[-\u2212\u2013/ ]?[A-Z]+"
)
_ASKED = re.compile(
    r"\b(?:simplif\w*|evaluat\w*|comput(?:e|ing)|calculat\w*|factor(?:i[sz]e|ed|ing)?\b(?! of\b)|expand(?:ed)?|differentiate|integrate|derivative|"
    r"antiderivative|integral|solv(?:e|ing)|polynomial|in terms of|as a function of|algebraic|square root|simplest form)"
    r"|\bwhat (?:is|does|are)(?: the)?(?: value of| result of| sum of| product of)? ?[$(\\]*-?\d[\d.]*\)? ?[-+*/^\u00d7\u00f7\u2212x] ?\(?-?\d[\d.]*"
    r"|\bexpressions?\b(?! of)(?! on)(?! is shown)"
)
_OTHERWISE = re.compile(
    r"\b(?:score|ratio|scale|odds|date|phone|number plate|time|resolution|dimensions?|size|range|seat|version|code|model|aspect|"
    r"signature|facial|face)\b"
)
_INTERVAL = re.compile(
    r"\b(?:intervals?|domain|inequalit\w+|solution set|increasing|decreasing|concave|convex|continuous|monoton\w+|range of (?:the|this|that|f|y|g|a)|"
    r"for (?:which|what) (?:values|(?:real )?(?:numbers? )?[a-z]\b)|"
    r"values of .{1,20} (?:for|such|that|is|are|does|satisf\w+)|possible values|set of all|range of values)\b"
)
_POINT = re.compile(
    r"\b(?:points?|coordinates?|vertex|vertices|intercepts?|ordered (?:pairs?|triples?)|midpoint|origin|center|centre|foc(?:us|i)|intersect\w*|"
    r"vectors?|located|location|position|solutions?|minimum|maximum|extrem\w+|centroid|polar|translat\w+|image of)\b"
)
_ANGLE = re.compile(r"\\(?:measured)?angle\s*|\u2220\s*|\bangle\s+(?=[A-Z])")
_EQUATION = re.compile(
    r"\b(?:equations?|inequalit\w+|formulas?|formulae|identity|relations?(?:hip)?|line|function rule|rule for)\b"
)


@lru_cache(maxsize=16384)
def is_clear(text: str) -> bool:
    """Whether an answer is mathematics by its form alone.

    Example:
        >>> [is_clear(text) for text in ("2\\\\sqrt{3}", "2x + 1", "x^2", "3-1", "2/4", "t-shirt", "A-12", "2a-3a")]
        [True, True, True, False, False, False, False, False]
    """
    if _CLEAR.search(text) is not None:
        return True
    if (
        _SIGNS.search(text) is None
        or _LETTER.search(text) is None
        or (_DIGIT.search(text) is None and "+" not in text and "(" not in text)
    ):
        return False
    return _ONE_LETTER.fullmatch(text) is None and _PRODUCT.search(text) is not None


@lru_cache(maxsize=4096)
def asks_for_mathematics(asked: Asked) -> bool:
    """Whether bare numbers with signs between them are to be calculated in an answer to a question.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [asks_for_mathematics(asked_of(text)) for text in ("What is 4-3?", "Simplify the expression.", "What was the score?", None)]
        [True, True, False, False]
    """
    return bool(asked.folded) and _ASKED.search(asked.folded) is not None and _OTHERWISE.search(asked.folded) is None


@lru_cache(maxsize=4096)
def asks_for_interval(asked: Asked) -> bool:
    """Whether two numbers in brackets are the ends of an interval."""
    return bool(asked.folded) and _INTERVAL.search(asked.folded) is not None and not asks_for_point(asked)


@lru_cache(maxsize=4096)
def asks_for_point(asked: Asked) -> bool:
    """Whether numbers in brackets are coordinates: a question that names an interval as well asks for that."""
    text = asked.folded
    return (
        bool(text)
        and _POINT.search(text) is not None
        and re.search(r"\b(?:intervals?|domain|inequalit\w+|solution set|range)\b", text) is None
    )


@lru_cache(maxsize=4096)
def asks_for_equation(asked: Asked) -> bool:
    """Whether a whole equation is asked for, so that its left side belongs to the answer."""
    return bool(asked.folded) and _EQUATION.search(asked.folded) is not None and "solve" not in asked.folded


@lru_cache(maxsize=8192)
def names(asked: Asked, name: str) -> bool:
    """Whether a question speaks of a letter, a function or a segment by its name."""
    text = _ANGLE.sub("\u2220", asked.text)
    return bool(text) and re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z])", text) is not None
