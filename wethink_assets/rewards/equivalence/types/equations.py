"""Equations and inequalities, by what they say of their letters."""

import re
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.rewards.equivalence.mathematics.arithmetic import added, digits_of, divided, is_complex, negative
from wethink_assets.rewards.equivalence.mathematics.cues import asks_for_equation, names
from wethink_assets.rewards.equivalence.mathematics.notation import (
    GREEK,
    LONGEST,
    Token,
    Unreadable,
    split_at,
    tokens_of,
)
from wethink_assets.rewards.equivalence.mathematics.regions import key_of, relations_of, solutions
from wethink_assets.rewards.equivalence.mathematics.sameness import alike_values
from wethink_assets.rewards.equivalence.mathematics.terms import term_of
from wethink_assets.rewards.equivalence.mathematics.values import Value, value_of
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.formulas import BOTH, Expression, both_signs
from wethink_assets.rewards.equivalence.types.geometry import Point, alike_regions, opened, without_builder

_RELATION = re.compile(
    r"[=<>\u2264\u2265\u2260\u2248\u2208]|\\(?:leq?|geq?|leqslant|geqslant|lt|gt|neq?|approx|in)(?![a-zA-Z])|\bin\b"
)
_LETTER = rf"(?:[A-Za-z]|\\(?:{'|'.join(GREEK)})(?![a-z])|[\u0391-\u03c9])(?:_(?:\{{\w+\}}|\w))?'*"
_SIDE = rf"(?:{_LETTER}|[A-Z]{{2,3}}|\|[A-Z]{{2}}\||\\overline\s*\{{[A-Z]{{2}}\}})"
_SLOPE = r"(?:\\[dt]?frac\s*\{\s*d[a-z]?\s*\}\s*\{\s*d[a-z]\s*\}|d[a-z]/d[a-z])"
_NAMED = re.compile(
    rf"(?:{_SIDE}(?:\s*[:/]\s*{_SIDE})?|[A-Za-z]'*\([^()=]{{1,12}}\)|{_SLOPE}|\\frac\s*\{{{_SIDE}\}}\s*\{{{_SIDE}\}}|"
    r"m?\s*(?:\\(?:measured)?angle|\u2220|angle)\s*\{?\s*[A-Z\d]{1,3}\s*\}?)"
)
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)|\u2248|\\approx(?![a-z])|\\simeq(?![a-z])")
_LETTERS = re.compile(r"-?(?:[A-Za-z]{1,2}|\d+[A-Za-z]{1,3})")
_OPERATION = re.compile(r"\d|\w\s?[+\-*/^]\s?\w")
_FUNCTION = re.compile(rf"[A-Za-z]'*\(([a-z])\)|{_SLOPE}")


@dataclass(frozen=True, slots=True)
class Equation:
    """An equation; where one side is a name alone, that name and the text of the other side."""

    name: str = ""
    rest: str = ""
    constant: bool = False


def read_equation(written: Written, asked: Asked) -> Reading | None:
    """An equation or inequality, by what it says: a factor common to both sides does not count, nor the side that a term stands on.

    `x = 5` is the value itself where the question asks for x.
    """
    said = written.said
    if not written.marked or len(said) > LONGEST or _RELATION.search(said) is None:
        return None
    said = without_builder(said)
    if BOTH.search(said) and not any(sign in said for sign in ",;\n"):
        return both_signs(said, asked)
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
    if re.fullmatch(_SLOPE, name):
        return "/".join(re.findall(r"d[a-z]\b", name))
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
    content = value.reading.value
    constant = value.reading.type != "expression" or (isinstance(content, Expression) and content.value.constant)
    if value.reading.type == "text" and _LETTERS.fullmatch(rest):
        constant = False  # F = ma
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
        return isinstance(given, Equation) and not given.name and _rounded(gold.written.said, candidate.written.said)
    if isinstance(given, Equation):
        functions = _FUNCTION.fullmatch(true.name), _FUNCTION.fullmatch(given.name)
        same = true.name == given.name or (functions[0] and given.name == "y") or (functions[1] and true.name == "y")
        return bool(same and given.rest) and _right(true.rest, given.rest, asked, allowed)
    side = right_side(gold, asked)
    return side is not None and _right(side, candidate.written.raw, asked, allowed)


def _rounded(true: str, given: str) -> bool:
    """Whether two equations have one side in common, and on the other one a rounding of the true value."""
    if ("." in true) == ("." in given):
        return False
    try:
        sides, others = (
            [value_of(term_of(part)) for part in split_at(tokens_of(text.rstrip(" .")), "relation")]
            for text in (true, given)
        )
    except Unreadable:
        return False
    if len(sides) != 2 or len(others) != 2:
        return False
    return any(
        sides[at].key == others[at].key and sides[1 - at].constant and alike_values(sides[1 - at], others[1 - at])
        for at in (0, 1)
    )


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
