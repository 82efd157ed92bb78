"""The unit, currency or percentage that a question asks for, so that a bare number stands for a value in it.

What is asked follows "how many", or "in" at its last place, or is an angle or temperature by name; a unit that a question merely mentions
("How many inches are 30 cm?") is none.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from wethink_assets.rewards.equivalence.amounts import cues
from wethink_assets.rewards.equivalence.amounts.currencies import currency_named
from wethink_assets.rewards.equivalence.amounts.signs import prepared
from wethink_assets.rewards.equivalence.amounts.units import in_base, unit_of, units_named
from wethink_assets.rewards.equivalence.reading import Asked

Kind = Literal["percentage", "money", "quantity"]


@dataclass(frozen=True, slots=True)
class AskedUnit:
    """What a bare number stands for: percent, a currency with the part of it that is counted (cents), or a unit of measurement."""

    kind: Kind
    unit: str
    part: Fraction = Fraction(1)


PERCENT = AskedUnit("percentage", "%")
_IN = re.compile(
    r"(?:\b(?:in|into|(?P<nearest>nearest(?: whole| (?:tenth|hundredth) of an?)?)|units? (?:is|of)|unit:)\s+(?:the )?(?:units? of )?|(?P<open>\())"
    r"(?=\S)",
    re.IGNORECASE,
)
_SINGULAR_UNITS = frozenset(["celsius", "fahrenheit", "kelvin", "hertz", "percent"])
_NOT_UNITS = frozenset(
    [
        "in",
        "st",
        "us",
        "ha",
        "min",
        "mins",
        "sec",
        "secs",
        "pt",
        "au",
        "yard",
        "foot",
        "mole",
        "stone",
        "second",
        "seconds",
        "mi",
        "ms",
        "as",
        "cup",
        "pint",
    ]
)
_ENDS = re.compile(r"^\s*(?:[?.,;:)!]|$|and\b|is\b|of\b|from\b)")
_PERCENT_ASKED = re.compile(
    r"\b(?:what|which|how (?:much|many)|find|calculate|compute|determine|give|express|by how|in|as an?)\b[^.?!]{0,80}?"
    r"(?:(?<!\d)(?<!\d )(?:percent|per cent)|(?<![\d\s])\s?%|\(%\))"
)
_NO_PERCENT = re.compile(
    r"\b(?:what|which) (?:year|month|day|country|city|state|company|person|date|time|age|group|color|colour)\b|^(?:when|who|where)\b"
)
_ANGLE_NAME = r"(?:angle|\u2220|\\angle)"
_ANGLE = re.compile(
    rf"(?:size|measure(?:ment)?|magnitude|value|degrees?(?: measure)?) of (?:the |an |each |one |this |that |its )*(?:[a-z]+ )?{_ANGLE_NAME}|"
    rf"how (?:large|big|wide) (?:is|are) (?:the |each )?(?:[a-z]+ )?{_ANGLE_NAME}|"
    rf"what(?:'s| is| are| size is) (?:the |each )?(?:[a-z]+ )?{_ANGLE_NAME}(?! of the line)|"
    rf"(?:find|determine|calculate|compute|work out|give) (?:the )?(?:[a-z]+ )?{_ANGLE_NAME}|\bm ?(?:\u2220|\\angle)|{_ANGLE_NAME} measures?\b|"
    rf"then (?:the )?{_ANGLE_NAME}|{_ANGLE_NAME} of (?:elevation|depression|inclination|rotation|incidence|refraction)|"
    rf"{_ANGLE_NAME}\s?[a-z0-9]{{1,4}}\s?(?:=|is|equals|is equal to)\s?(?:\?|\(|_|$|what)|degrees? (?:is|are|does) (?:the )?(?:[a-z]+ )?{_ANGLE_NAME}"
)
_ANGLES = re.compile(rf"{_ANGLE_NAME}|\u00b0|\bdegrees?\b|\brotat|\bturn")


@lru_cache(maxsize=4096)
def asked_unit(asked: Asked) -> AskedUnit | None:
    """What a bare number stands for under this question.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [asked_unit(asked_of(text)).unit for text in ("How many inches are 30 cm?", "How long is it in cm?", "How large is angle A?")]
        ['inch', 'centimeter', 'degree']
        >>> asked_unit(asked_of("How many dogs are 30 cm high?")) is None
        True
    """
    if not asked.text:
        return None
    unit = _asked_unit(asked, prepared(asked.text))
    if unit is not None and unit.unit == "pound" and cues.pounds_are_money(asked):
        return AskedUnit("money", "GBP")
    return unit


def _asked_unit(asked: Asked, text: str) -> AskedUnit | None:
    many = list(cues.HOW_MANY.finditer(text))
    if many:
        unit = _first_unit(text[many[-1].end() :], counted=True)
        if unit is not None or many[-1][0][:3].casefold() == "how":
            return unit
    if cues.names_percent(asked) and _PERCENT_ASKED.search(asked.folded) and not _NO_PERCENT.search(asked.folded):
        return PERCENT
    found: list[AskedUnit] = []
    enclosed: list[AskedUnit] = []
    for match in _IN.finditer(text):
        unit = _first_unit(text[match.end() :], nearest=bool(match["nearest"]), enclosed=bool(match["open"]))
        if unit is not None:
            (enclosed if match["open"] else found).append(unit)
    if found:
        return found[-1]
    if len(set(enclosed)) == 1:
        return enclosed[0]
    if "radian" not in asked.folded and _ANGLE.search(asked.folded):
        return AskedUnit("quantity", "degree")
    if cues.asks_temperature(asked):
        scales = units_named(asked.text) & {"degC", "degF", "kelvin"}
        if len(scales) == 1:
            return AskedUnit("quantity", scales.pop())
    return None


def _first_unit(text: str, *, counted: bool = False, nearest: bool = False, enclosed: bool = False) -> AskedUnit | None:
    """The unit with which a text begins, as one that is asked for."""
    words = [(match[0], match.end()) for _, match in zip(range(4), cues.WORD.finditer(text[:80]), strict=False)]
    for many in range(len(words), 0, -1):
        phrase = text[: words[many - 1][1]].strip()
        if enclosed:
            phrase, bracket, _ = phrase.partition(")")
            if not bracket:
                continue
        elif any(char in phrase[:-1] for char in "?!,;:") or "(" in phrase:
            continue
        else:
            phrase = phrase.rstrip("?!,;:.)")
        phrase = phrase.removeprefix("more ").removeprefix("fewer ").removeprefix("whole ").strip()
        unit = _unit(phrase, counted or nearest)
        if unit is None:
            continue
        if (
            len(phrase) == 1
            and phrase not in "$%\u20ac\u00a3\u00b0"
            and not (
                enclosed
                or (_ENDS.match(text[words[many - 1][1] :]) and text[words[many - 1][1] - 1] in "?.,;)")
                or text.strip() == phrase
            )
        ):
            continue
        return unit
    return None


def _unit(phrase: str, singular: bool) -> AskedUnit | None:
    folded = phrase.casefold()
    if folded in ("%", "percent", "per cent", "percentage", "percentages", "percents"):
        return PERCENT
    base = folded.removeprefix("millions of ").removeprefix("thousands of ").removeprefix("billions of ")
    for scale in ("million ", "thousand ", "billion ", "us "):
        base = base.removeprefix(scale)
    money = currency_named(base if base != folded else phrase)
    if money and (
        singular or not folded.isalpha() or folded.endswith("s") or phrase.isupper() or folded in ("yen", "yuan")
    ):
        if singular and folded == "cent":
            return AskedUnit("money", money[0])  # to the nearest cent, amounts are in dollars
        return AskedUnit("money", *money)
    if folded in _NOT_UNITS and not (singular and folded in ("foot", "yard", "cup", "pint", "feet")):
        return None
    unit = unit_of(phrase)
    if unit is None:
        return None
    if (
        not singular
        and phrase.isalpha()
        and phrase.islower()
        and len(phrase) > 4
        and not folded.endswith("s")
        and folded not in _SINGULAR_UNITS
    ):
        return None
    base_unit = in_base(unit)
    if base_unit is None or base_unit[2] == "second":  # durations are a type of their own
        return None
    return AskedUnit("quantity", unit)


@lru_cache(maxsize=4096)
def names_unit(asked: Asked, unit: str) -> bool:
    """Whether a unit may be left out, since the question names it and asks for no other one."""
    if not asked.text or asked_unit(asked) is not None:
        return False
    if unit == "degree" and (_ANGLES.search(asked.folded) or cues.asks_temperature(asked)):
        return True
    dimension = in_base(unit)
    of_dimension = [
        named for named in units_named(asked.text) if dimension and (base := in_base(named)) and base[2] == dimension[2]
    ]
    return of_dimension == [unit]
