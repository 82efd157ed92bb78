"""Letters that stand for options in a text: where they are, and what around them makes no label of a letter.

A capital that stands alone is a label, but for the article ("A dog") and the pronoun ("I think"); a small one only where it is bracketed, ends the
text, or follows a word that leads to it ("option b", "the answer is b").
"""

import re
from typing import NamedTuple

_NEAR = "A-Za-z0-9_\u00c0-\u024f"
_CAPITAL = re.compile(
    rf"[(\[{{<]?(?<![{_NEAR}'\u2019+/=^\\&])(?<![{_NEAR}][-.])([A-Z])"
    rf"(?![{_NEAR}'\u2019+=^/\\#\u00b0%]|[-.][A-Za-z](?![{_NEAR}]))[)\]}}>]?"
)
_SMALL = re.compile(
    r"(?:^|\b(?:option|choice|answer|letter|is|be|choose|select|pick)\s+|[:\uff1a]\s*|(?=[(\[{<]))"
    rf"([(\[{{<]?([a-z])(?=[)\]}}>.:,;]|\s*$|\s*\n)(?!\.[A-Za-z](?![{_NEAR}]))[)\]}}>]?)"
)
_BRACKETED_SMALL = re.compile(r"[(\[{<]([a-z])[)\]}>]")
_ARTICLE = re.compile(r"\s+(?!(?:is|are|and|or|because|since|as|but|would|it)\b)[a-z]{2}")
_PRONOUN = re.compile(
    r"['\u2019]|\s+(?:would|will|answer|take|choose|chose|pick|select|think|believe|say|go|am|opt|vote|can|have|guess|conclude|see|know|also)\b"
)
_WORD = re.compile(r"[^\W\d_]+")
_OUTSIDE = " \t\n.,:;!\u3002\uff0c\uff1a\u2013\u2014\u2713\u2714\u2705\ufe0f-"
_OPEN = {")": "(", "]": "[", "}": "{", ">": "<"}
_PAIRED = {"(": ")", "[": "]"}
_SEPARATORS = frozenset(".:,;)]}>\n(\u3002\uff0c\uff1a\u2013\u2014\u3001-")


class Label(NamedTuple):
    """A letter in a text: itself as a capital, where it starts and ends with its bracket, and whether it may be an article."""

    letter: str
    start: int
    end: int
    article: bool

    def set_apart(self, text: str) -> bool:
        """Whether a sign parts the letter from what follows it."""
        rest = text[self.end :]
        hyphen = rest[:1] == "-" and rest[1:2].isalnum()
        return not rest or text[self.end - 1] in _OPEN or (rest.lstrip(" \t")[:1] in _SEPARATORS and not hyphen)


def labels(text: str) -> list[Label]:
    """The labels in a text, of the small letters only the first where no capital comes before it."""
    capitals = [
        Label(match[1], match.start(), match.end(), match[0] == "A" and _ARTICLE.match(text, match.end()) is not None)
        for match in _CAPITAL.finditer(text)
        if not (match[0] == "I" and _PRONOUN.match(text, match.end()))
    ]
    small = _SMALL.search(text)
    if small and (not capitals or small.start(1) < capitals[0].start):
        return [Label(small[2].upper(), small.start(1), small.end(), False), *capitals]
    return capitals


def mentions(text: str, letter: str, known: str) -> bool:
    """Whether a text names one of the `known` letters as an option's, other than `letter`.

    Example:
        >>> mentions("blue, or C", "B", "ABCD"), mentions("A blue car", "B", "ABCD"), mentions("vitamin K", "B", "ABCD")
        (True, False, False)
    """
    for match in _CAPITAL.finditer(text):
        if match[1] == letter or match[1] not in known:
            continue
        if match[0] == "A" and _ARTICLE.match(text, match.end()):
            continue
        if match[0] == "I" and _PRONOUN.match(text, match.end()):
            continue
        return True
    if any(match[1].upper() != letter for match in _BRACKETED_SMALL.finditer(text)):
        return True
    words = _WORD.findall(text)
    return bool(words) and {*words} != {letter} and all(len(word) == 1 or word in ("and", "or") for word in words)


def bare(text: str) -> str:
    """What follows a label, without the signs and brackets around it.

    >>> bare(". (blue)."), bare(" \\\\sqrt{3}.")
    ('blue', '\\\\sqrt{3}')
    """
    inner = text.strip(_OUTSIDE).lstrip(")]}>\"' ").strip(_OUTSIDE)
    while inner[-1:] in _OPEN and inner.count(inner[-1]) > inner.count(_OPEN[inner[-1]]):
        inner = inner[:-1].rstrip(_OUTSIDE)
    if inner[:1] in _PAIRED and inner[-1:] == _PAIRED[inner[0]]:
        inner = inner[1:-1].strip()
    return inner.strip("\"'")
