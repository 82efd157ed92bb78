"""Lists in short texts: their items, and whether a question asks for them in order."""

import re

LONGEST_LIST = 30
_ORDERED = re.compile(
    r"\b(?:orders?|ordered|sequence|ranked|ranking|rank|sort(?:ed)?|arranged?|ascending|descending|increasing|decreasing|chronological\w*|"
    r"clockwise|counterclockwise|anticlockwise|respectively|coordinates?|ordered pair|vector|steps?|spell(?:ed|ing)?|consecutive\w*|"
    r"first to last|(?:left|right|top|bottom|largest|smallest|highest|lowest|biggest|oldest|youngest|tallest|shortest|most|least|nearest|farthest|"
    r"earliest|latest|lightest|heaviest|front|back|inside|outside|start|beginning) to \w+)\b",
    re.IGNORECASE,
)
_ANY_ORDER = re.compile(
    r"\b(?:any order|order (?:does|do)(?: not|n't) matter|no (?:particular|specific) order|regardless of (?:the )?order)\b",
    re.IGNORECASE,
)
_OUTER = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SPLIT = re.compile(r"\s*(?:[,;\n\u3001\uff0c]\s*(?:and\b|or\b|&)?|\band\b|&(?=\s))\s*", re.IGNORECASE)
_LOOSE = re.compile(r"\s*(?:[;\n\u3001\uff0c]|,(?=\s))\s*(?:and\b|&)?\s*|\s+(?:and|&)\s+", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-*\u2022]|\(?\d{1,2}[.)])\s+")


def order_matters(question: str | None) -> bool:
    """Whether a list has to come in one order: unless a question is known that does not ask for one.

    Example:
        >>> order_matters("Which colours are there?"), order_matters("Which colours are there, from left to right?"), order_matters(None)
        (False, True, True)
    """
    if not question:
        return True
    return bool(_ORDERED.search(question[:4000])) and not _ANY_ORDER.search(question[:4000])


def items_of(text: str) -> tuple[tuple[str, ...], str] | None:
    """Items of a list of two or more, with the bracket that encloses it (empty: none); None for what is no list.

    Commas within a number are none of the list's where other commas are followed by a space.

    Example:
        >>> items_of("red, green and blue"), items_of("(3, 4)"), items_of("1,200; 1,500")[0], items_of("1,200") is None
        ((('red', 'green', 'blue'), ''), (('3', '4'), '('), ('1,200', '1,500'), True)
    """
    text = text.strip().strip(".").strip()
    bracket = text[:1] if text[:1] in _OUTER and text.endswith(_OUTER[text[:1]]) and text.count(text[:1]) == 1 else ""
    if bracket:
        text = text[1:-1].strip()
    if re.fullmatch(r"[+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?", text):
        return None
    parts = _split(text, _LOOSE)
    if len(parts) < 2:
        parts = _split(text, _SPLIT)
    if not 1 < len(parts) <= LONGEST_LIST:
        return None
    items = tuple(_BULLET.sub("", part.strip()).strip("'\"") for part in parts)
    return (items, bracket) if all(items) else None


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    """Parts of a text between separators that stand outside of all brackets."""
    if not any(char in "([{" for char in text):
        return [part for part in separator.split(text) if part]
    parts, start = [], 0
    for match in separator.finditer(text):
        before = text[: match.start()]
        if all(before.count(opening) <= before.count(closing) for opening, closing in _OUTER.items() if opening != "<"):
            parts.append(text[start : match.start()])
            start = match.end()
    return [part for part in [*parts, text[start:]] if part]
