"""Equations and expressions: mathematics by its form, or because the question asks for it."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from wethink_assets.rewards.equivalence.amounts.units import in_base, unit_of, units_named
from wethink_assets.rewards.equivalence.mathematics.cues import asks_for_equation, asks_for_mathematics, is_clear, names
from wethink_assets.rewards.equivalence.mathematics.notation import (
    GREEK,
    LONGEST,
    Token,
    Unreadable,
    plainly,
    split_at,
    tokens_of,
)
from wethink_assets.rewards.equivalence.mathematics.regions import key_of, relations_of, solutions
from wethink_assets.rewards.equivalence.mathematics.sameness import alike_values
from wethink_assets.rewards.equivalence.mathematics.terms import term_of
from wethink_assets.rewards.equivalence.mathematics.values import (
    Value,
    added,
    digits_of,
    divided,
    is_complex,
    negative,
    scaled,
    value_of,
)
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.geometry import Point, alike_regions, opened

_RELATION = re.compile(
    r"[=<>\u2264\u2265\u2260\u2248\u2208]|\\(?:leq?|geq?|leqslant|geqslant|lt|gt|neq?|approx|in)(?![a-zA-Z])|\bin\b"
)
_LETTER = rf"(?:[A-Za-z]|\\(?:{'|'.join(GREEK)})(?![a-z])|[\u0391-\u03c9])(?:_(?:\{{\w+\}}|\w))?'*"
_SIDE = rf"(?:{_LETTER}|[A-Z]{{2,3}}|\|[A-Z]{{2}}\||\\overline\s*\{{[A-Z]{{2}}\}})"
_NAMED = re.compile(
    rf"(?:{_SIDE}(?:\s*[:/]\s*{_SIDE})?|[A-Za-z]{_LETTER[:0]}\([^()=]{{1,12}}\)|\\frac\s*\{{{_SIDE}\}}\s*\{{{_SIDE}\}}|"
    r"m?\s*(?:\\(?:measured)?angle|\u2220|angle)\s*\{?\s*[A-Z\d]{1,3}\s*\}?)"
)
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)|\u2248|\\approx(?![a-z])|\\simeq(?![a-z])")
_BOTH = re.compile(r"(\\pm(?![a-zA-Z])|\u00b1)|\\mp(?![a-zA-Z])|\u2213")
_LEADING = re.compile(r"((?:^|=)\s*)\+\s*|((?:^|=)\s*-)\s+")
_OPERATION = re.compile(r"\d|\w\s?[+\-*/^]\s?\w")
_FUNCTION = re.compile(r"[A-Za-z]'*\(([a-z])\)")
_DELIMITED = re.compile(r"[\d\s.+()]+")
_WORDED = frozenset({"infinity", "+infinity", "-infinity", "positive infinity", "negative infinity"})
_FIGURE = re.compile(
    r"(?:m\s*)?(?:\\(?P<command>angle|measuredangle|triangle|overline|overrightarrow|overleftrightarrow)\s*\{?|(?P<sign>[\u2220\u25b3\u0394\u2206])|"
    r"(?P<word>angle|triangle|line segment|segment|line|side)\s)\s*(?P<name>[A-Z]{1,4}'?|[A-Z](?:\s[A-Z]){1,3})\s*\}?",
    re.IGNORECASE,
)
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
class Equation:
    """An equation; where one side is a name alone, that name and the text of the other side."""

    name: str = ""
    rest: str = ""
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """A value with its unit: in base units of a dimension (empty: none), and as it was written."""

    value: Value
    dimension: str = ""
    unit: str = ""


def read_equation(written: Written, asked: Asked) -> Reading | None:
    """An equation or inequality, by what it says: a factor common to both sides does not count, nor the side that a term stands on.

    `x = 5` is the value itself where the question asks for x.
    """
    said = written.said
    if not written.marked or len(said) > LONGEST or _RELATION.search(said) is None:
        return None
    if _BOTH.search(said) and not any(sign in said for sign in ",;\n"):
        return _both(said, asked)
    try:
        tokens = tokens_of(said.rstrip(" ."))
        relations = relations_of(tokens)
    except Unreadable:
        tokens, relations = (), []
    if relations and not {"=", "~"}.issuperset(relations):
        return _relation(tokens)
    if tokens and len(split_at(tokens, "comma", "or", "and", "row")) > 1:
        return None
    parts = _sides(said)
    if len(parts) < 2 or not all(parts):
        return None
    name, rest = parts[0], parts[-1]
    if len(parts) == 2 and not _NAMED.fullmatch(name) and _NAMED.fullmatch(rest):
        name, rest = rest, name
    if _NAMED.fullmatch(name):
        return _assigned(_normal(name), rest, asked)
    if len(parts) != 2 or len(relations) != 1:
        return None
    key = _equation_key(tokens)
    return None if key is None else Reading("equation", key, Equation())


def _sides(said: str) -> list[str]:
    """The sides of an equation as texts; the rounding after ≈ is left out unless nothing else is said."""
    sides, start, exact = [], 0, 0
    said = said.rstrip(" .")
    for match in _EQUALS.finditer(said):
        before = said[: match.start()]
        if before.count("{") > before.count("}") or before.count("(") > before.count(")"):
            continue
        sides.append(said[start : match.start()].strip())
        if match[0] != "=" and not exact:
            exact = len(sides)
        start = match.end()
    sides.append(said[start:].strip())
    return sides[:exact] if exact > 1 else sides


def _normal(name: str) -> str:
    name = re.sub(r"\\overline|[\s{}|]", "", name)
    return re.sub(r"^m?(?:\\(?:measured)?angle|\u2220|angle)", "\u2220", name)


def _assigned(name: str, rest: str, asked: Asked) -> Reading | None:
    """The reading of `name = rest`."""
    from wethink_assets.rewards.equivalence.comparison import read

    value = read(rest, asked)
    if value is None:
        return None
    if names(asked, name) and not asks_for_equation(asked):
        return value.reading
    found = value.reading.value
    constant = value.reading.type != "expression" or (isinstance(found, Expression) and found.value.constant)
    equation = Equation(name, rest, constant)
    if value.reading.type in ("number", "expression") or (value.reading.type == "text" and _OPERATION.search(rest)):
        try:
            key = _equation_key(tokens_of(f"{name} = {rest}"))
            if key:
                return Reading("equation", key, equation)
        except Unreadable:
            pass
    return Reading("equation", f"{name} = {value.reading.type} {value.reading.key}", equation)


def _relation(tokens: tuple[Token, ...]) -> Reading | None:
    try:
        name, region = solutions(tokens)
        return Reading("equation", f"{name} in {key_of(region)}", (name, region))
    except Unreadable:
        pass
    try:
        sides = [value_of(term_of(part)) for part in split_at(tokens, "relation")]
        parts = []
        for left, relation, right in zip(sides, relations_of(tokens), sides[1:], strict=False):
            if relation in (">", ">="):
                left, right, relation = right, left, {">": "<", ">=": "<="}[relation]
            if relation not in ("<", "<=", "!="):
                return None
            parts.append(f"{_scaled(left, right, signed=relation != '!=')} {relation}")
        return Reading("equation", " and ".join(sorted(parts)), Equation())
    except Unreadable:
        return None


@lru_cache(maxsize=4096)
def _equation_key(tokens: tuple[Token, ...]) -> str | None:
    try:
        left, right = (value_of(term_of(part)) for part in split_at(tokens, "relation"))
        return f"{_scaled(left, right, signed=False)} ="
    except (Unreadable, ValueError):
        return None


def _scaled(left: Value, right: Value, *, signed: bool) -> str:
    """The difference of two sides at the points, in units of the first one that is not zero."""
    numbers = [added(one, negative(other)) for one, other in zip(left.at, right.at, strict=True)]
    unit = next((number for number in numbers if number), None)
    if unit is None or (left.constant and right.constant):
        raise Unreadable
    if signed:
        if any(map(is_complex, numbers)):
            raise Unreadable
        unit = abs(unit)
    return "|".join(digits_of(divided(number, unit)) for number in numbers)


def alike_equations(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """The same name with a rounded value; the value alone of a name (`x = 5` by `5`); an interval for an inequality; y for f(x)."""
    true, given = gold.reading.value, candidate.reading.value
    if isinstance(true, tuple):
        if isinstance(given, Point):
            return (
                not asked.text
                and len(given.coordinates) == 2
                and not given.label
                and alike_regions(true[1], opened(given), allowed)
            )
        return isinstance(given, tuple) and candidate.reading.type in ("equation", "interval") and (
            not given[0] or given[0] == true[0]) and alike_regions(true[1], given[1], allowed)  # fmt: skip
    if not true.name:
        return False
    if isinstance(given, Equation):
        functions = _FUNCTION.fullmatch(true.name), _FUNCTION.fullmatch(given.name)
        same = true.name == given.name or (functions[0] and given.name == "y") or (functions[1] and true.name == "y")
        return bool(same and given.rest) and _right(true.rest, given.rest, asked, allowed)
    side = right_side(gold, asked)
    return side is not None and _right(side, candidate.written.raw, asked, allowed)


def right_side(equation: Comparable, asked: Asked) -> str | None:
    """What an equation says of a name, where that alone may be the answer: a number of it, or a function's term; None for any other.

    Example:
        >>> from wethink_assets.rewards.equivalence.comparison import read
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [right_side(read(text, asked_of(None)), asked_of(None)) for text in ("k = 1/3", "f(x) = 2x+1", "y = 2x+1", "x^2+2y^2=8")]
        ['1/3', '2x+1', None, None]
    """
    value = equation.reading.value
    if not isinstance(value, Equation) or not value.name or asks_for_equation(asked):
        return None
    if not value.constant and not _FUNCTION.fullmatch(value.name):
        return None
    if asked.text and len(value.name) == 1 and not names(asked, value.name) and _OTHER_LETTER.search(asked.text):
        return None
    return value.rest


_OTHER_LETTER = re.compile(r"(?<![\w\\'\u2019.-])[b-hj-z](?![\w'\u2019.-])")


def _right(gold: str, candidate: str, asked: Asked, allowed: Allowed) -> bool:
    from wethink_assets.rewards.equivalence.comparison import lenient

    return (
        lenient(gold, candidate, asked.text or None, Allowed((), allowed.tolerance, allowed.edit_distance)) is not None
    )


def equation_beside(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """An equation that says the true answer of a name."""
    side = right_side(candidate, asked)
    return side is not None and _right(gold.written.raw, side, asked, allowed)


EQUATION = AnswerType("equation", "math", read_equation, alike_equations, equation_beside)


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
    if _BOTH.search(said):
        return None if any(sign in said for sign in ",;\n") else _both(said, asked)
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
    based = _BASED.fullmatch(said)
    if based and 2 <= int(based[2]) <= 36:
        return Reading("expression", f"{based[1]} in base {int(based[2])}", based[1])
    figure = _FIGURE.fullmatch(said)
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


def _both(said: str, asked: Asked) -> Reading | None:
    """What a text with ± says: as with the upper and as with the lower sign of each."""
    from wethink_assets.rewards.equivalence.comparison import read
    from wethink_assets.rewards.equivalence.types.lists import alternatives_of

    items = []
    for upper, lower in (("+", "-"), ("-", "+")):
        text = _BOTH.sub(lambda match, signs=(upper, lower): signs[match[1] is None], said)  # type: ignore[misc]
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
    if asked.text and unit not in units_named(asked.text):
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
    if not isinstance(given, Expression) or gold.reading.type not in ("number", "quantity"):
        return False
    true = expression_of(gold.written.said, _IN_TEXT.search(gold.written.raw) is not None)
    return isinstance(true, Expression) and _alike(true, given, asked, allowed)


EXPRESSION = AnswerType("expression", "math", read_expression, alike_expressions, expression_beside)
