"""Options that a question lists in its text: lettered ("A. red B. blue"), after a word that announces them ("Options: red, blue"), or at its end.

Their order is writing, so questions are compared with the parts of such a list sorted (`question_text`). A list whose order may say something (steps,
coordinates, a ranking) is none of options.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from wethink_assets.kinds import LETTERS

__all__ = ["ListedOptions", "announced_options", "any_order", "bare_options", "lettered_options", "parted"]

LONGEST_OPTION = 200
"""Characters of an option inside a text."""
LONGEST_ITEM = 4
"""Words of an item of a list at the end of a question."""
LONGEST_ANNOUNCED = 8
"""Words of an item of a list that is announced."""

_LABEL = re.compile(
    r"(?:^|(?<=[\s,;]))(?:"
    r"\(([A-Za-z])\)|\[([A-Za-z])\]|<([A-Za-z])>"  # (A) [A] <A>
    r"|\*\*\(?([A-Za-z])[.):]?\)?\*\*[.):]?"  # **A.**
    r"|([A-Za-z])[.):](?=\s)|([A-Za-z])\)(?=\S)|([A-Z])\.(?=[^\W\d_]{2}|\d)|([A-Z])[,.:](?=[^\x00-\x7f]))"  # A. A: A) A.red
    r"|(?:(?<=\n)|(?<=[?:;,] ))([A-Z])\s-(?=\s)"  # A - red
    r"|(?<=\n)([A-Z])(?=[ \t]+\S)"  # a line A red
)
_SECOND = re.compile(r"[Bb][)\]>.:*,\s]")
"""What every list of options under letters has: most questions are out by it, in a tenth of the time."""
_OWN_LABEL = re.compile(r"\s*(?:[(\[]([A-Za-z]|\d{1,2})[)\]]\s*|([A-Za-z]|\d{1,2})[.):]\s+)(?=\S)")
_OF_OTHERS = re.compile(r"\b[A-H]\s*(?:and|or|&|,)\s*[A-H]\b|\bbelow\b")
_ABOVE = re.compile(r"\babove\b", re.IGNORECASE)
_OF_LETTERS = re.compile(r"\boptions?\s+[A-H]\b")
_ITEMS = re.compile(r"\s*(?:,\s*or\s+|,|;|\s+or\s+)\s*", re.IGNORECASE)
_OR = re.compile(r"\sor\s", re.IGNORECASE)
_OPTIONS = r"\b(?:answer\s+)?(?:options|choices|candidates|alternatives)(?:\s+are)?"
_CHOOSE = r"\b(?:choose|select|pick)\b[^.?!:\n\[(]{0,60}?\b(?:from|among)(?:\s+(?:these|(?:the\s+)?following))?"
_ANNOUNCED = re.compile(
    rf"(?:({_OPTIONS})|{_CHOOSE}|\bone\s+of(?:\s+(?:these|(?:the\s+)?following))?)\s*(:\s*[\[(]?|[\[(])\s*",
    re.IGNORECASE,
)
_OPENING = re.compile(r"[:\[(]")
_IN_ORDER = re.compile(r"\brespectively\b|\bin (?:\w+ ){0,2}order\b", re.IGNORECASE)
_ORDER = re.compile("[Rr][Dd][Ee][Rr]|[Vv][Ee][Ll][Yy]")
"""What `_IN_ORDER` has in a text of ASCII alone."""
_BULLET = re.compile(r"\s*[-*•·]\s+")
_SENTENCE_END = re.compile(r"[.?!]\s+(?=[A-Z])")
_LAST = re.compile(r"^(?:or|and)\s+", re.IGNORECASE)
_SENTENCE = frozenset(
    "are can could did do does had has have how is shall should was were what when where which who whose why will would".split()  # noqa: SIM905
)
"""What begins with these is a question, and no item of a list."""
_ASKING = frozenset(("please", "kindly"))


@dataclass(frozen=True, slots=True)
class ListedOptions:
    """Options that a question lists in its text. stem, tail: what stands before and after them."""

    stem: str
    options: tuple[str, ...]
    tail: str


@lru_cache(maxsize=4096)  # templated rows ask the same over and over
def parted(question: str) -> tuple[str, tuple[str, ...], str]:
    """A question in what stands before its options, these, and what stands behind; no options where it lists none, or where their order counts."""
    listed = lettered_options(question)
    if listed:
        if any_order(listed.options) and not _OF_LETTERS.search(listed.stem):
            return listed.stem, listed.options, listed.tail
        return question, (), ""
    if (not question.isascii() or _ORDER.search(question)) and _IN_ORDER.search(question):
        return question, (), ""
    listed = announced_options(question)
    if listed:
        return listed.stem, listed.options, listed.tail
    return _closing_items(question)


def any_order(options: Sequence[str]) -> bool:
    """Whether no option speaks of others by their place."""
    return not any(_OF_OTHERS.search(one) for one in options) and not any(_ABOVE.search(one) for one in options[:-1])


def bare_options(options: Sequence[str]) -> tuple[str, ...]:
    """Options without the letters or numbers that they begin with, where each has that of its place.

    >>> bare_options(["A. red", "B. blue"]), bare_options(["(1) 5 cm", "(2) 6 cm"]), bare_options(["1.5", "2.5"])
    (('red', 'blue'), ('5 cm', '6 cm'), ('1.5', '2.5'))
    """
    labels = [_OWN_LABEL.match(option) for option in options]
    named = [(match[1] or match[2]).upper() if match else "" for match in labels]
    count = len(options)
    if count > 1 and named in (list(LETTERS[:count]), [str(number) for number in range(1, count + 1)]):
        return tuple(option[match.end() :] if match else option for option, match in zip(options, labels, strict=True))
    return tuple(options)


def lettered_options(question: str) -> ListedOptions | None:
    """The options that a question lists in its text under the letters A, B, ...; None where it lists none.

    >>> lettered_options("Which colour? (A) red (B) blue").options
    ('red', 'blue')
    """
    if not _SECOND.search(question):
        return None
    labels = [(match, next(filter(None, match.groups()))) for match in _LABEL.finditer(question)]
    for first in range(len(labels) - 2, -1, -1):  # the last A first: the text before may name letters, too
        if labels[first][1] in ("A", "a"):
            letters = LETTERS if labels[first][1] == "A" else LETTERS.lower()
            run = []
            for (match, letter), expected in zip(labels[first:], letters, strict=False):
                if letter != expected:
                    break
                run.append(match)
            if len(run) > 1:
                return _lettered(question, run)
    return None


def _lettered(question: str, run: list[re.Match[str]]) -> ListedOptions | None:
    last, _, tail = question[run[-1].end() :].partition("\n")
    between = [question[one.end() : other.start()] for one, other in pairwise(run)]
    options = tuple(part.strip().rstrip(",;").strip() for part in (*between, last))
    if not all(0 < len(option) <= LONGEST_OPTION for option in options):
        return None
    return ListedOptions(question[: run[0].start()], options, tail)


def announced_options(question: str) -> ListedOptions | None:
    """The options that a question announces and lists without letters; None where it lists none.

    >>> announced_options("Which colour? Options: red, dark blue or green").options
    ('red', 'dark blue', 'green')
    """
    announcements = list(_ANNOUNCED.finditer(question)) if _OPENING.search(question) else []
    if not announcements:
        return None
    announced = announcements[-1]
    text, tail, opened = question[announced.end() :], "", announced[2].rstrip()[-1]
    if opened in "[(":
        text, closed, tail = text.partition("]" if opened == "[" else ")")
        if not closed:
            return None
    elif "\n" in text.strip():
        text, _, tail = text.strip().partition("\n\n")
        if len(_items(text.split("\n")[0])) > 1:
            text, _, rest = text.partition("\n")
            tail = f"{rest}\n{tail}".strip()
    elif end := _SENTENCE_END.search(text):
        text, tail = text[: end.start()], text[end.end() :]
    items = _items(text)
    if len(items) < 2 or not any_order(items) or not all(0 < len(item.split()) <= LONGEST_ANNOUNCED for item in items):
        return None
    if opened in "[(" and not announced[1] and all(not any(map(str.isalpha, item)) for item in items):
        return None  # a point, or an interval
    return ListedOptions(question[: announced.end()], items, tail)


def _items(text: str) -> tuple[str, ...]:
    lines = [_BULLET.sub("", line, count=1) for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return tuple(line.strip(" ,;.") for line in lines)
    line = text.strip().rstrip(".?!")
    for sign in ";|,/":
        if sign in line and (sign != "/" or all(part.strip().isalpha() for part in line.split("/"))):
            return tuple(_LAST.sub("", part.strip()) for last in [line.split(sign)] for part in _last_parted(last))
    return tuple(part.strip() for part in _OR.split(line))


def _last_parted(parts: list[str]) -> list[str]:
    """The parts of a list, the last of which may be two that an `or` joins."""
    return [*parts[:-1], *_OR.split(parts[-1])]


def _closing_items(question: str) -> tuple[str, tuple[str, ...], str]:
    """A question that ends in a list, such as `..., red, green or blue?`, in the parts of `parted`."""
    body = question.rstrip(" ?.!)\t\n")
    if not _OR.search(body):
        return question, (), ""
    start = max(body.rfind(":"), body.rfind("(")) + 1
    if not start:
        segments = list(re.finditer(r"[^,]+", body))
        if segments[0][0].strip().lower() in _ASKING:
            segments = segments[1:]
        if len(segments) < 2:
            return _closing_pair(question, body)
        first = len(segments) - 1
        while first > 1 and _is_item(segments[first - 1][0]):
            first -= 1
        start = segments[first].start()
    items = tuple(item for item in _ITEMS.split(body[start:].strip()) if item)
    if len(items) < 2 or not _OR.search(body[max(0, start - 1) :]) or not all(map(_is_item, items)):
        return _closing_pair(question, body)
    return body[:start], items, ""


def _closing_pair(question: str, body: str) -> tuple[str, tuple[str, ...], str]:
    """A question that ends in `red or blue?`: as many words before the `or` as behind it may change places with those."""
    before, *behind = _OR.split(body)
    before = before.rstrip(" ,")
    words, last = before.split(), " ".join(behind[-1:]).split()
    asking = " ".join(word for word in last[-1:] if word.lower() in _ASKING)
    last = last[:-1] if asking else last
    size = len(last)
    if len(behind) != 1 or not size or len(words) <= size:
        return question, (), ""
    items = " ".join(words[-size:]), " ".join(last)
    return (" ".join(words[:-size]), items, asking) if all(map(_is_item, items)) else (question, (), "")


def _is_item(text: str) -> bool:
    words = text.lower().split()
    return 0 < len(words) <= LONGEST_ITEM and words[0] not in _SENTENCE
