"""Mathematics out of the sentence that it stands in: what is boxed, or what stands between `$` amid words that say nothing."""

import re

_BOX = "\\boxed{"
_SPAN = re.compile(
    r"(?<!\\)\$\$?(?!\s)([^$]{1,300}?)(?<![\\\s])\$\$?(?!\d)|\\\((.{1,300}?)\\\)|\\\[(.{1,300}?)\\\]", re.DOTALL
)
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
        if len(inner) == 1:
            after = around.rsplit(" ", 1)[-1]
            return inner[0] if len(around) > 12 or not after.strip(" $.)]\\") else text
        return text
    spans = list(_SPAN.finditer(text))
    if not spans or len(spans) > 12:
        return text
    if spans[0].start() == 0 or len(spans) > 1:
        return _SPAN.sub(_inner, text)
    around = f"{text[: spans[0].start()]} {text[spans[0].end() :]}".casefold()
    if any(char.isdigit() for char in around) or not _EMPTY.issuperset(_WORD.findall(around)):
        return text
    return _inner(spans[0]).strip()


def _inner(match: re.Match[str]) -> str:
    return match[1] or match[2] or match[3] or ""
