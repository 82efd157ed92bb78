"""Scores, ratios and dimensions: numbers side by side, whose order counts and between which nothing is calculated."""

import re
from fractions import Fraction

from wethink_assets.rewards.equivalence.amounts.units import unit_of
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.cues import CODES, Cues, cues_of
from wethink_assets.rewards.equivalence.types.ranges import RANGE, unit_asked
from wethink_assets.rewards.equivalence.types.shapes import shape_of

__all__ = ["DIMENSIONS", "RANGE", "RATIO", "SCORE"]

LONGEST = 80
"""Characters of a score, ratio or dimensions that are read."""
_SET = r"\d{1,3}\s?(?:-|:|\u2013| to )\s?\d{1,3}(?:\s?(?:-|:)\s?\d{1,3})?(?:\s?\(\d{1,2}(?:\s?[-:]\s?\d{1,2})?\))?"
_SETS = re.compile(rf"{_SET}(?:(?:,| and|;)?\s{_SET}){{0,6}}")
_DECORATED = re.compile(
    r"(?:(?:by|with|a|the|final|score|of|was|is|it|they|won|win|lost|lose|drew|draw|tied|ended|tie|result)\b:?\s)*(.*?)"
    r"(?:\s(?:win|loss|draw|tie|victory|defeat|score|result|aet|a\.e\.t\.|\(aet\)))?"
)
_WON = re.compile(
    r"(.{1,40}? (?:won|wins|win|beat .{1,30}|defeated .{1,30}|drew|tied|leads?|led))(?: by| with)? (\d{1,3}\s?(?:-|:|to)\s?\d{1,3})",
    re.IGNORECASE,
)
_UNSETTLED = re.compile(
    r"\b(?:not|never|no|nor|nobody|or|but|maybe|perhaps|possibly|probably|could|might|if)\b|n't\b|\d|[?;]",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(\d{1,3})\s?-{1,2}\s?(\d{1,3})")
_DECIMAL = r"(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,6})?"
_COLONS = re.compile(rf"({_DECIMAL})\s?:\s?({_DECIMAL})(?:\s?:\s?({_DECIMAL}))?(?:\s?:\s?({_DECIMAL}))?")
_WORDED = re.compile(
    rf"(?:(?:a|ratio|odds|of|in)\s)*({_DECIMAL}(?:(?:-to-|\s(?:is to|to|in|and)\s|\s?:\s?){_DECIMAL}){{1,3}})(?: ratio| odds| scale)?"
)
_TOTAL = re.compile(r"(\d{1,5}(?:\.\d)?)\s?(?:/|out of|of)\s?(\d{1,5})(?: points| marks)?")
_ODDS = re.compile(r"(\d{1,5})\s?[-/]\s?(\d{1,5})")
_SLASHED = re.compile(rf"({_DECIMAL})\s?/\s?({_DECIMAL})")
_CROSSED = re.compile(rf"({_DECIMAL})\s?[xX*]\s?({_DECIMAL})")
_CROSS = re.compile(r"\s?(?:[x\u00d7X\u2715\u2a2f*]|-?by-?)\s?(?=[\d.])")
_SIDE = re.compile(rf"({_DECIMAL}|\d{{1,6}} \d{{1,2}}/\d{{1,3}}|\d{{1,3}}/\d{{1,3}}|\.\d{{1,6}})\s?(.{{0,30}})")
_FEET = re.compile(r"(\d{1,4})\s?(?:'|ft\.?|feet)\s?(\d{1,2}(?:\.\d{1,3})?)\s?(?:''|\"|in\.?|inch(?:es)?)")


def _text_of(written: Written) -> str | None:
    """An answer's text, where it may hold two numbers side by side."""
    said = written.said
    if not 3 <= len(said) <= LONGEST or shape_of(said).figures < 2:
        return None
    return " ".join(written.plain.split()).rstrip(".").rstrip()


def read_score(written: Written, asked: Asked) -> Reading | None:
    """A score: of what asks for one in any form, otherwise a pair with a hyphen that no range has (`3-1`, `2-2`).

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_score(Written("3 : 1"), asked_of(question)) and "score" for question in ("What was the final score?", None)]
        ['score', None]
    """
    text = _text_of(written)
    if text is None:
        return None
    cues = cues_of(asked)
    if cues.head == "score" or ("score" in cues.named and not cues.head):
        folded = text.casefold()
        match = _DECORATED.fullmatch(folded)
        core = match[1].strip() if match else folded
        if _SETS.fullmatch(core):
            sets = re.findall(_SET, core)
            return Reading(
                "score",
                " ".join(re.sub(r"\s?(?:to|:|-)\s?", "-", re.sub(r"\s+", " ", one)).replace(" ", "") for one in sets),
            )
        total = _TOTAL.fullmatch(core)
        return Reading("score", f"{_plain(total[1])}/{_plain(total[2])}") if total else None
    match = _PAIR.fullmatch(text)
    if not match or not _calm(cues) or int(match[1]) < int(match[2]):
        return None
    if any(len(part) > 1 and part[0] == "0" for part in match.groups()):
        return None
    return Reading("score", f"{match[1]}-{match[2]}")


def alike_score(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate says of somebody that they won, or drew, by the true score, where a score is asked for."""
    if candidate.reading.type != "text" or "score" not in cues_of(asked).named or len(candidate.written.said) > LONGEST:
        return False
    match = _WON.fullmatch(" ".join(candidate.written.plain.split()).rstrip("."))
    if match is None or _UNSETTLED.search(match[1]):
        return False
    score = read_score(Written(match[2], match[2]), asked)
    return score is not None and score.key == gold.reading.key


def _calm(cues: Cues) -> bool:
    """Whether a pair with a hyphen is told by its form: no code is asked for, no calculation, no odds."""
    return not cues.arithmetic and cues.head not in CODES and cues.head not in ("odds", "ratio", "range")


def read_ratio(written: Written, asked: Asked) -> Reading | None:
    """A ratio, as it is written: it is not reduced, since 6:8 may be what is drawn where 3:4 is not.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> read_ratio(Written("3 to 4"), asked_of("What is the ratio of cats to dogs?")).key, read_ratio(Written("16:9"), asked_of(None)).key
        ('3:4', '16:9')
    """
    text = _text_of(written)
    if text is None or not text[-1:].isalnum():
        return None
    cues = cues_of(asked)
    match = _COLONS.fullmatch(text)
    if match is None and cues.head in ("ratio", "odds"):
        match = _WORDED.fullmatch(text.casefold())
        if match is None and cues.head == "odds":
            match = _ODDS.fullmatch(text)
    if match is None:
        return None
    figures = match.groups() if match.re is not _WORDED else re.findall(_DECIMAL, match[1])
    parts = [_plain(part) for part in figures if part]
    return Reading("ratio", ":".join(parts), tuple(parts))


def _plain(number: str) -> str:
    """A decimal in its shortest form: no thousands separators, no zeros that do not count."""
    whole, _, rest = number.replace(",", "").partition(".")
    rest = rest.rstrip("0")
    return f"{whole.lstrip('0') or '0'}.{rest}" if rest else whole.lstrip("0") or "0"


def alike_ratio(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate writes a ratio that the question asks for as a fraction of the same two numbers, or with a cross between them."""
    if cues_of(asked).head != "ratio" or candidate.reading.type == "ratio":
        return False
    text = " ".join(candidate.written.plain.split()).rstrip(".")
    match = _SLASHED.fullmatch(text) or _CROSSED.fullmatch(text)
    return match is not None and gold.reading.value == (_plain(match[1]), _plain(match[2]))


def is_ratio(value: Fraction, candidate: Comparable, asked: Asked) -> bool:
    """Whether a candidate writes a number as a ratio of two, where the question asks for one (`3:4` for 0.75)."""
    parts = candidate.reading.value
    if candidate.reading.type != "ratio" or len(parts) != 2 or cues_of(asked).head != "ratio":
        return False
    return Fraction(parts[1]) != 0 and Fraction(parts[0]) / Fraction(parts[1]) == value


def read_dimensions(written: Written, asked: Asked) -> Reading | None:
    """Dimensions: two to four lengths with a cross or `by` between them; a unit after the last is that of all.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_dimensions(Written(text), asked_of(None)).key for text in ("800×600", "3x4 m", "3 m by 4 m")]
        ['800x600', '3x4 meter', '3x4 meter']
    """
    said = written.said
    if not 3 <= len(said) <= LONGEST or shape_of(said).figures < 2:
        return None
    text = (
        " ".join(said.replace("\\times", "\u00d7").replace("\u2032", "'").replace("\u2033", "''").split())
        .rstrip(".")
        .replace('"', "''")
    )
    cues = cues_of(asked)
    if cues.arithmetic or cues.head in CODES or "^" in text or "=" in text:
        return None
    if "*" in text and cues.head != "dimensions":
        return None
    parts = _CROSS.split(text)
    if not 2 <= len(parts) <= 4:
        return None
    sides = []
    for part in parts:
        side = _side(part.strip())
        if side is None:
            return None
        sides.append(side)
    last = sides[-1][1]
    sides = [(number, unit or last) for number, unit in sides]
    units = {unit for _, unit in sides}
    if len(units) > 1:
        return Reading("dimensions", "x".join(f"{number} {unit}".strip() for number, unit in sides), None)
    numbers = "x".join(str(number) for number, _ in sides)
    return Reading("dimensions", f"{numbers} {last}".strip(), (numbers, last))


def _side(text: str) -> tuple[Fraction, str] | None:
    feet = _FEET.fullmatch(text.casefold())
    if feet:
        return Fraction(feet[1]) * 12 + Fraction(feet[2]), "inch"
    match = _SIDE.fullmatch(text)
    if match is None:
        return None
    whole, _, rest = match[1].replace(",", "").rpartition(" ")
    if "/" in rest and int(rest.partition("/")[2]) == 0:
        return None
    number = Fraction(rest) + int(whole or 0)
    name = match[2].strip(" -")
    if not name or name.casefold() in ("px", "pixel", "pixels", "dots"):
        return number, ""
    unit = {"''": "inch", "'": "foot"}.get(name) or unit_of(name)
    return (number, unit) if unit else None


def alike_dimensions(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether two dimensions have the same numbers, and the unit that only one says is one that the question names; a ratio that it asks for."""
    one, other = gold.reading.value, candidate.reading.value
    if candidate.reading.type == "ratio" and one is not None and not one[1] and cues_of(asked).head == "ratio":
        return bool(one[0] == "x".join(other))
    if candidate.reading.type != "dimensions" or one is None or other is None or one[0] != other[0]:
        return False
    return not (one[1] and other[1]) and unit_asked(one[1] or other[1], asked)


SCORE = AnswerType("score", "math", read_score, alike_score)
RATIO = AnswerType("ratio", "math", read_ratio, alike_ratio)
DIMENSIONS = AnswerType("dimensions", "math", read_dimensions, alike_dimensions)
