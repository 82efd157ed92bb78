"""Mathematics out of the sentence that it stands in: what is boxed, or what stands between `$` amid words that say nothing."""

import re

_BOX = "\\boxed{"
_SPAN = re.compile(
    r"(?<!\\)\$\$?(?!\s)([^$]{1,300}?)(?<![\\\s])\$\$?(?!\d)|\\\((.{1,300}?)\\\)|\\\[(.{1,300}?)\\\]", re.DOTALL
)
_UNIT = re.compile(r"[A-Za-z%][A-Za-z%/^ \d]{0,20}")
_DENIED = re.compile(r"\b(?:not|never|isn't|wrong|incorrect|instead)\b", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s$,;.]|\\[()\[\],;: ]|\\q?quad|\\text\s*\{\s*(?:and|or)\s*\}|\b(?:and|or)\b|\\\\")
_FIGURE = re.compile(r"\d|[+*/<>=^]")
_WORD = re.compile(r"[a-z']+")
_EMPTY = frozenset({
    "therefore", "thus", "so", "hence", "then", "the", "a", "an", "our", "my", "final", "correct", "answer", "solution", "solutions",
    "result", "value", "values", "is", "are", "be", "was", "equals", "equal", "to", "that", "which", "we", "find", "get", "have", "obtain",
    "gives", "it", "follows", "and", "of", "this", "in", "conclusion", "finally", "domain", "range", "interval", "set", "area", "perimeter",
    "volume", "length", "equation",
})  # fmt: skip


def closing(text: str, start: int) -> int:
    """Where the bracket is closed that stands at a place; -1 where it isn't.

    Example:
        >>> closing("a{b{c}}d", 1), closing("a{b", 1)
        (6, -1)
    """
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if depth == 0:
            return position
    return -1


def boxes(text: str) -> tuple[list[str], str]:
    """What stands in boxes, and the text around them.

    Example:
        >>> boxes("so $\\\\boxed{3}$ and $\\\\boxed{\\\\frac{1}{2}}$.")
        (['3', '\\\\frac{1}{2}'], 'so $ $ and $ $.')
    """
    inner, around, position = [], [], 0
    while (start := text.find(_BOX, position)) >= 0:
        end = closing(text, start + len(_BOX) - 1)
        if end < 0:
            break
        around.append(text[position:start])
        inner.append(text[start + len(_BOX) : end])
        position = end + 1
    around.append(text[position:])
    return inner, " ".join(around)


def mathematics_in(text: str) -> str:
    """A text without the words and signs around its mathematics; as it is where they say something.

    Example:
        >>> [mathematics_in(text) for text in ("Therefore $x \\\\ge 5$ is the solution.", "$125$ miles", "$5 and $6", "It is not $5$.")]
        ['x \\\\ge 5', '125 miles', '$5 and $6', 'It is not $5$.']
    """
    if _BOX in text:
        inner, around = boxes(text)
        if len(inner) > 1 and apart(around):
            return ", ".join(inner)
        if len(inner) != 1 or _DENIED.search(around):
            return text
        before, _, after = text.partition(_BOX + inner[0] + "}")
        unit = after.strip(" $.")
        return f"{inner[0]} {unit}" if not before.strip(" $") and _UNIT.fullmatch(unit) else inner[0]
    spans = list(_SPAN.finditer(text))
    if not spans or len(spans) > 12:
        return text
    if spans[0].start() == 0 or len(spans) > 1:
        return _SPAN.sub(_inner, text)
    around = f"{text[: spans[0].start()]} {text[spans[0].end() :]}".casefold()
    if any(char.isdigit() for char in around) or not says_nothing(around):
        return text
    return _inner(spans[0]).strip()


def apart(around: str) -> bool:
    """Whether the text around several boxes only sets them apart, so that together they are a list.

    Example:
        >>> apart("solutions are: $ $ \\\\text{ and } $ $."), apart("$ $ + $ $")
        (True, False)
    """
    rest = _BETWEEN.sub(" ", around)
    return says_nothing(rest) and _FIGURE.search(rest) is None


def says_nothing(text: str) -> bool:
    """Whether a text has no words but those that lead to an answer.

    Example:
        >>> says_nothing("The solutions are: $"), says_nothing("no $")
        (True, False)
    """
    return _EMPTY.issuperset(_WORD.findall(text.casefold()))


def _inner(match: re.Match[str]) -> str:
    return match[1] or match[2] or match[3] or ""
