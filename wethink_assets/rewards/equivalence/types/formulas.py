"""Expressions: terms by their value, which is a number where they are one, and the names of angles and sides."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from wethink_assets.rewards.equivalence.amounts.units import in_base, unit_of, units_named
from wethink_assets.rewards.equivalence.mathematics.cues import asks_for_mathematics, is_clear
from wethink_assets.rewards.equivalence.mathematics.notation import (
    LONGEST,
    Unreadable,
    plainly,
    tokens_of,
)
from wethink_assets.rewards.equivalence.mathematics.sameness import alike_values
from wethink_assets.rewards.equivalence.mathematics.terms import term_of
from wethink_assets.rewards.equivalence.mathematics.values import Value, scaled, value_of
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written

BOTH = re.compile(r"(\\pm(?![a-zA-Z])|\u00b1)|\\mp(?![a-zA-Z])|\u2213")
_LEADING = re.compile(r"((?:^|=)\s*)\+\s*|((?:^|=)\s*-)\s+")
_DELIMITED = re.compile(r"[\d\s.+()]+")
_WORDED = frozenset({"infinity", "+infinity", "-infinity", "positive infinity", "negative infinity"})
_FIGURE = re.compile(
    r"(?:m\s*)?(?:\\(?P<command>angle|measuredangle|triangle|overline|overrightarrow|overleftrightarrow)\s*\{?|(?P<sign>[\u2220\u25b3\u0394\u2206])|"
    r"(?P<word>angle|triangle|line segment|segment|line|side)\s)\s*(?P<name>[A-Z]{1,4}'?|[A-Z](?:\s[A-Z]){1,3})\s*\}?",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"-?\d+\s?[a-z]{1,3}")
_BASED = re.compile(r"([\dA-F]+)_\{?(\d{1,2})\}?")
_UNIT = re.compile(
    r"(?P<head>.*(?:[\d})!a-z\u03c0\u221a]|\\pi))\s*(?:(?<=[\d})\u03c0])|\s)(?P<unit>(?:(?:square|cubic|sq\.?)\s)?[A-Za-z]{1,12}\.?(?:/[A-Za-z]{1,8})?"
    r"(?:\s?\^\s?\{?-?\d\}?)?)",
    re.DOTALL,
)
_IN_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textrm|textnormal|rm)\s*\{")
_UNNAMED = frozenset(
    {
        "unit",
        "units",
        "square units",
        "square unit",
        "cubic units",
        "cubic unit",
        "sq units",
        "sq. units",
        "u",
        "units^2",
        "units^3",
    }
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A value with its unit: in base units of a dimension (empty: none), and as it was written."""

    value: Value
    dimension: str = ""
    unit: str = ""


def read_expression(written: Written, asked: Asked) -> Reading | None:
    """A term by its value, as a number where it is one; a Greek letter, infinity, an angle or a side by its name."""
    said = written.said
    if not written.marked and said.isascii() and "-" not in said:
        if said.isalpha():
            return Reading("expression", "+inf") if said.casefold() in _WORDED else None
        if (
            not said[-1:].isupper()
            and "infinity" not in said
            and "_" not in said
            and not asks_for_mathematics(asked)
            and "pi" not in said
        ):
            return None
    if len(said) > LONGEST:
        return None
    named = _named(written, asked)
    if named is not None:
        return named
    if "\\!" in said or "{" in said:
        figures = plainly(said).strip()
        if figures != said and figures.replace(".", "", 1).isdigit():
            return _number(Fraction(figures), asked)
    delimited = written.raw[:1] in ("$", "\\") and _DELIMITED.fullmatch(said) is not None
    if not is_clear(said) and not delimited and not (asks_for_mathematics(asked) and _SIGNED.search(said)):
        return None
    if BOTH.search(said):
        return None if any(sign in said for sign in ",;\n") else both_signs(said, asked)
    expression = expression_of(said, _IN_TEXT.search(written.raw) is not None)
    if expression is None:
        return _signs(said)
    return _reading(expression, asked)


_SIGNED = re.compile(r"\d\s*[-+*/^\u00d7\u2212(]|\d[a-z]")


def _named(written: Written, asked: Asked) -> Reading | None:
    """A single sign, an angle or a side."""
    said = written.said
    if len(said) <= 12:
        folded = said.replace(" ", "").replace("\\", "").replace("{", "").replace("}", "")
        if (
            folded in ("\u221e", "+\u221e", "infty", "+infty", "-\u221e", "-infty", "\u2212\u221e")
            or said.casefold() in _WORDED
        ):
            return Reading(
                "expression", "-inf" if said.lstrip()[:1] in "-\u2212" or "negative" in said.casefold() else "+inf"
            )
        try:
            tokens = tokens_of(said) if not said.isascii() or said[:1] == "\\" else ()
        except Unreadable:
            tokens = ()
        if len(tokens) == 1 and tokens[0].kind == "symbol" and tokens[0].text != "pi":
            return Reading("expression", tokens[0].text)
    if len(said) > 40:
        return None
    if "_" in said:
        try:
            term = term_of(tokens_of(said))
        except Unreadable:
            term = ()
        if term[:1] == ("symbol",):
            return Reading("expression", term[1])
    based = _BASED.fullmatch(said)
    if based and 2 <= int(based[2]) <= 36:
        return Reading("expression", f"{based[1]} in base {int(based[2])}", based[1])
    figure = _FIGURE.fullmatch(said.rstrip(" ."))
    if figure is None or not figure["name"].replace(" ", "").isupper():
        return None
    from wethink_assets.rewards.equivalence.comparison import read

    kind = (figure["command"] or figure["word"] or figure["sign"]).casefold()
    name = figure["name"].replace(" ", "")
    word = (
        "angle "
        if kind in ("angle", "measuredangle", "\u2220")
        else "triangle "
        if kind in ("triangle", "\u25b3", "\u03b4", "\u2206")
        else ""
    )
    if said == f"{word}{name}":
        return None
    plain = read(f"{word}{name}", asked)
    return None if plain is None else plain.reading


def both_signs(said: str, asked: Asked) -> Reading | None:
    """What a text with ± says: as with the upper and as with the lower sign of each."""
    from wethink_assets.rewards.equivalence.comparison import read
    from wethink_assets.rewards.equivalence.types.lists import alternatives_of

    items = []
    for upper, lower in (("+", "-"), ("-", "+")):
        text = BOTH.sub(lambda match, signs=(upper, lower): signs[match[1] is None], said)  # type: ignore[misc]
        item = read(_LEADING.sub(r"\1\2", text), asked)
        if item is None:
            return None
        items.append(item)
    return alternatives_of(items)


@lru_cache(maxsize=8192)
def expression_of(said: str, in_text: bool = False) -> Expression | None:
    """The value of a text read as mathematics; in_text: something of it is set as text, so that a single letter may be a unit."""
    said = said.strip().rstrip(".")
    measured = _measured(said, in_text)
    if measured is not None:
        return measured
    try:
        return Expression(value_of(term_of(tokens_of(said))))
    except Unreadable:
        return None


def _measured(said: str, in_text: bool) -> Expression | None:
    """A term with a unit, in base units of its dimension."""
    match = _UNIT.fullmatch(said)
    if match is None:
        return None
    named = match["unit"].strip()
    if len(named) == 1 and not in_text:
        return None  # rather a letter of the term
    unit = None if named.casefold() in _UNNAMED else unit_of(re.sub(r"[\s{}]*\^[\s{]*(-?\d)\}?", r"^\1", named))
    based = in_base(unit) if unit else (Fraction(1), Fraction(0), "") if named.casefold() in _UNNAMED else None
    if based is None or based[1]:
        return None
    try:
        return Expression(scaled(value_of(term_of(tokens_of(match["head"]))), based[0]), based[2], unit or "")
    except Unreadable:
        return None


def _reading(expression: Expression, asked: Asked) -> Reading:
    rational = expression.value.rational
    if rational is not None and not expression.dimension:
        reading = _number(rational, asked)
        if reading is not None:
            return reading
    unit = f" {expression.dimension}" if expression.dimension else ""
    return Reading("expression", f"{expression.value.key}{unit}", expression)


def _number(value: Fraction, asked: Asked) -> Reading | None:
    """A number as it would have been read in figures."""
    from wethink_assets.rewards.equivalence.comparison import read

    if max(value.numerator.bit_length(), value.denominator.bit_length()) > 120:
        return None
    plain = read(str(value), asked)
    return plain.reading if plain and plain.reading.type in ("number", "percentage", "quantity", "money") else None


def _signs(said: str) -> Reading | None:
    """Mathematics that has no value here, by its signs."""
    if "\\" not in said:
        return None
    try:
        return Reading("expression", " ".join(token.text for token in tokens_of(said)))
    except Unreadable:
        return None


def alike_expressions(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """A rounding, or the exact value of a rounded one; what a calculation in plain signs comes to; a unit left out or added."""
    true = gold.reading.value
    if isinstance(true, str):  # a number in another base
        return candidate.written.said == true and (not asked.text or "base" in asked.folded)
    if not isinstance(true, Expression):
        return False
    given = candidate.reading.value
    if not isinstance(given, Expression):
        again = expression_of(candidate.written.said, _IN_TEXT.search(candidate.written.raw) is not None)
        if not isinstance(again, Expression):
            return False
        given = again
    return _alike(true, given, asked, allowed)


def _alike(true: Expression, given: Expression, asked: Asked, allowed: Allowed) -> bool:
    if true.dimension == given.dimension:
        return alike_values(true.value, given.value, allowed.tolerance)
    if true.dimension and given.dimension:
        return False
    unit = true.unit or given.unit
    if unit not in units_named(asked.text):
        return False
    worth = in_base(unit)
    return worth is not None and alike_values(
        scaled(true.value, 1 / worth[0] if true.dimension else Fraction(1)),
        scaled(given.value, 1 / worth[0] if given.dimension else Fraction(1)),
        allowed.tolerance,
    )


def expression_beside(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """A term whose value a true number, or a value with unit, is a rounding of."""
    given = candidate.reading.value
    worded = gold.reading.type in ("text", "code") and _PRODUCT.fullmatch(gold.written.said) is not None
    if not isinstance(given, Expression) or (not worded and gold.reading.type not in ("number", "quantity")):
        return False
    true = expression_of(gold.written.said, _IN_TEXT.search(gold.written.raw) is not None)
    return isinstance(true, Expression) and _alike(true, given, asked, allowed)


EXPRESSION = AnswerType("expression", "math", read_expression, alike_expressions, expression_beside)
