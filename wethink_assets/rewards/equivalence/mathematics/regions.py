"""Regions of the real line: intervals with open and closed ends, their unions, and what an inequality in one variable says."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wethink_assets.rewards.equivalence.mathematics.arithmetic import digits_of, inexact, is_complex
from wethink_assets.rewards.equivalence.mathematics.notation import Token, Unreadable, split_at
from wethink_assets.rewards.equivalence.mathematics.terms import Term, term_of
from wethink_assets.rewards.equivalence.mathematics.values import Value, constant, sample_of, value_of

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
_CONSTANTS = ("pi", "e", "i")


@dataclass(frozen=True, slots=True)
class End:
    """An end of an interval: a value, or infinity by its sign; closed where the value belongs to the interval."""

    value: Value | None
    closed: bool
    infinite: int = 0

    @property
    def key(self) -> str:
        """One text for the end's place."""
        return f"{self.infinite:+d}inf" if self.value is None else self.value.key


@dataclass(frozen=True, slots=True)
class Interval:
    """What lies between two ends."""

    low: End
    high: End

    @property
    def key(self) -> str:
        """One text for the interval."""
        return f"{'[' if self.low.closed else '('}{self.low.key},{self.high.key}{']' if self.high.closed else ')'}"


Region = tuple[Interval, ...]
"""Intervals in order, none of which touches the next."""
ALL: Region = (Interval(End(None, False, -1), End(None, False, 1)),)


def key_of(region: Region) -> str:
    """One text for a region.

    Example:
        >>> from wethink_assets.rewards.equivalence.mathematics.notation import tokens_of
        >>> key_of(region_of(tokens_of("(1,3] \\\\cup (0,2)"))), key_of(solutions(tokens_of("-x >= 2"))[1])
        ('(0,3]', '(-1inf,-2]')
    """
    return "U".join(interval.key for interval in region)


def region_of(tokens: Sequence[Token]) -> Region:
    """The region that interval notation says: intervals, sets of points and ℝ, joined by ∪, ∩ or ∖."""
    region: Region | None = None
    operation = "cup"
    start = 0
    for position in [*_operations(tokens), len(tokens)]:
        part = _simple(tokens[start:position])
        region = part if region is None else _OPERATIONS[operation](region, part)
        if position < len(tokens):
            operation, start = tokens[position].text, position + 1
            operation = {"or": "cup", "and": "cap"}.get(operation, operation)
    if region is None:
        raise Unreadable
    return region


def _operations(tokens: Sequence[Token]) -> list[int]:
    """Places of signs between sets; an interval's brackets need not match, so each second one closes."""
    positions, depth, last = [], 0, len(tokens) - 1
    for position, token in enumerate(tokens):
        if token.kind in ("open", "close"):
            depth += 1 if token.kind == "open" else -1
            if tokens[0].kind == "close":  # ]0,3[ begins with a bracket that closes
                depth = 0
        elif (
            depth == 0 and 0 < position < last and (token.kind in ("set", "or", "and") or token == Token("symbol", "U"))
        ):
            positions.append(position)
    return positions


def _simple(tokens: Sequence[Token]) -> Region:
    if len(tokens) == 1 and tokens[0] == Token("symbol", "\u211d"):
        return ALL
    if (len(tokens) == 1 and tokens[0] == Token("symbol", "\u2205")) or tokens == (
        Token("open", "\\{"),
        Token("close", "\\}"),
    ):
        return ()
    if (
        len(tokens) < 3
        or tokens[0].text not in ("(", "[", "]", "\\{", "{")
        or tokens[-1].text not in (")", "]", "[", "\\}", "}")
    ):
        raise Unreadable
    inner = split_at(tokens[1:-1], "comma")
    if tokens[0].text in ("\\{", "{"):
        points = [value_of(term_of(part)) for part in inner]
        return united([Interval(End(point, True), End(point, True)) for point in points])
    if len(inner) != 2 or (tokens[0].kind == "close" and tokens[-1].text == ")"):
        raise Unreadable
    low, high = end_of(inner[0], tokens[0].text == "["), end_of(inner[1], tokens[-1].text == "]")
    if (
        low.infinite > 0
        or high.infinite < 0
        or (_is_number(low) and _is_number(high) and not _before(low.value, high.value))
    ):
        raise Unreadable
    return (Interval(low, high),)


def end_of(tokens: Sequence[Token], closed: bool) -> End:
    """The end that a number or ±∞ is."""
    signs, rest = (tokens[:1], tokens[1:]) if len(tokens) == 2 else ((), tokens)
    if len(rest) == 1 and rest[0].kind == "infinity" and (not signs or signs[0].text in ("+", "-")):
        return End(None, False, -1 if signs and signs[0].text == "-" else 1)
    value = value_of(term_of(tokens))
    if value.constant and not _is_real(value):
        raise Unreadable
    return End(value, closed)


def _is_real(value: Value) -> bool:
    return not is_complex(value.at[0])


def _is_number(end: End) -> bool:
    return end.value is not None and end.value.constant


def _before(one: Value | None, other: Value | None) -> bool:
    return bool(one is not None and other is not None and one.key != other.key and _float(one) < _float(other))


def _float(value: Value) -> Any:
    return inexact(value.at[0])


def _order(end: End) -> tuple[int, Any]:
    return (end.infinite, 0) if end.value is None else (0, _float(end.value))


def united(intervals: Sequence[Interval]) -> Region:
    """Intervals as a region: in order, and those that touch or overlap joined; with letters in them they keep their order by name."""
    if any(
        end.value is not None and not end.value.constant
        for interval in intervals
        for end in (interval.low, interval.high)
    ):
        return tuple(sorted(set(intervals), key=lambda interval: interval.key))
    joined: list[Interval] = []
    for interval in sorted(intervals, key=lambda interval: (_order(interval.low), not interval.low.closed)):
        if joined and _touch(joined[-1].high, interval.low):
            high = joined[-1].high
            further = _order(interval.high) > _order(high) and interval.high.key != high.key
            if further or (interval.high.key == high.key and interval.high.closed):
                high = interval.high
            joined[-1] = Interval(joined[-1].low, high)
        else:
            joined.append(interval)
    return tuple(joined)


def _touch(high: End, low: End) -> bool:
    if high.value is None or low.value is None:
        return True
    if high.key == low.key:
        return high.closed or low.closed
    return bool(_order(low) < _order(high))


def _cup(one: Region, other: Region) -> Region:
    return united([*one, *other])


def _cap(one: Region, other: Region) -> Region:
    parts = []
    for first in one:
        for second in other:
            low = max(first.low, second.low, key=lambda end: (_order(end), not end.closed))
            high = min(first.high, second.high, key=lambda end: (_order(end), end.closed))
            if low.key == high.key:
                if low.value is not None and low.closed and high.closed:
                    parts.append(Interval(low, high))
            elif _order(low) < _order(high):
                parts.append(Interval(low, high))
    return united(parts)


def _complement(region: Region) -> Region:
    rest = ALL
    for interval in region:
        below = (
            ()
            if interval.low.value is None
            else (Interval(ALL[0].low, End(interval.low.value, not interval.low.closed)),)
        )
        above = (
            ()
            if interval.high.value is None
            else (Interval(End(interval.high.value, not interval.high.closed), ALL[0].high),)
        )
        rest = _cap(rest, (*below, *above))
    return rest


def _minus(one: Region, other: Region) -> Region:
    return _cap(one, _complement(other))


_OPERATIONS = {"cup": _cup, "cap": _cap, "minus": _minus, "U": _cup}


def solutions(tokens: Sequence[Token]) -> tuple[str, Region]:
    """A variable and where it lies, as an inequality (`1 < x <= 3`), several joined by a word, or `x \\in (0,3)` says it."""
    within = next((position for position, token in enumerate(tokens) if token == Token("relation", "in")), 0)
    if within:
        return _name(term_of(tokens[:within])), region_of(tokens[within + 1 :])
    alternatives = split_at(tokens, "or", "set")
    if len(alternatives) > 1:
        if any(token in (Token("set", "cap"), Token("set", "minus")) for token in tokens):
            raise Unreadable
        parts = [solutions(part) for part in alternatives]
        return _one_name(parts), united([interval for _, region in parts for interval in region])
    several = split_at(tokens, "and", "comma")
    if len(several) > 1:
        parts = [solutions(part) for part in several if part]
        if not parts:
            raise Unreadable
        region = parts[0][1]
        for _, other in parts[1:]:
            region = _cap(region, other)
        return _one_name(parts), region
    return _chain(tokens)


def _chain(tokens: Sequence[Token]) -> tuple[str, Region]:
    operands = split_at(tokens, "relation")
    relations = relations_of(tokens)
    if (
        not 1 <= len(relations) <= 2
        or not set(relations) <= _FLIPPED.keys()
        or (len(relations) == 2 and "!=" in relations)
    ):
        raise Unreadable
    name, region = _solved(operands[0], relations[0], operands[1])
    if len(relations) == 2:
        second, other = _solved(operands[1], relations[1], operands[2])
        if second != name:
            raise Unreadable
        region = _cap(region, other)
    return name, region


def relations_of(tokens: Sequence[Token]) -> list[str]:
    """The relations that stand outside of all brackets, in order: one less than the parts that `split_at` gives."""
    depth, relations = 0, []
    for token in tokens:
        depth += (token.kind in ("open", "begin")) - (token.kind in ("close", "end"))
        if depth == 0 and token.kind == "relation":
            relations.append(token.text)
    return relations


def _one_name(parts: Sequence[tuple[str, Region]]) -> str:
    names = {name for name, _ in parts}
    if len(names) != 1:
        raise Unreadable
    return names.pop()


def _name(term: Term) -> str:
    """What a term names that stands for one unknown: a letter, or a function of one."""
    if term[0] == "symbol" and term[1] not in _CONSTANTS:
        return str(term[1])
    if term[0] == "applied" and all(part[0] == "symbol" for part in term[2:]):
        return f"{term[1]}({','.join(part[1] for part in term[2:])})"
    raise Unreadable


def _solved(left: Sequence[Token], relation: str, right: Sequence[Token]) -> tuple[str, Region]:
    one, other = _side(left), _side(right)
    if isinstance(one, End) or (not isinstance(other, End) and _is_constant(one) and not _is_constant(other)):
        one, other, relation = other, one, _FLIPPED[relation]
    if isinstance(one, End):
        raise Unreadable
    if isinstance(other, End):
        return _where(one, relation, other)
    if not _is_constant(other):
        return _where(("-", one, other), relation, End(constant(Fraction(0)), True))
    end = End(value_of(other), True)
    if not _is_real(value_of(other)):
        raise Unreadable
    return _where(one, relation, end)


def _side(tokens: Sequence[Token]) -> Term | End:
    if any(token.kind == "infinity" for token in tokens):
        return end_of(tokens, False)
    return term_of(tokens)


def _is_constant(term: Term) -> bool:
    return value_of(term).constant


def _where(term: Term, relation: str, end: End) -> tuple[str, Region]:
    """Where a term is below or above an end: `x < 3`, `2x + 1 < 3`, `|x| < 3`."""
    if term[0] == "abs":
        if end.value is None or _float(end.value) < 0:
            raise Unreadable
        name, region = _where(term[1], relation, end)
        negative = End(constant(-end.value.at[0]), True)
        _, mirrored = _where(term[1], _FLIPPED[relation], negative)
        return name, _cup(region, mirrored) if relation in (">", ">=") else _cap(region, mirrored)
    try:
        return _name(term), _half(relation, end)
    except Unreadable:
        if end.value is None:
            raise
        return _linear(term, relation, end.value)


def _half(relation: str, end: End) -> Region:
    edge = End(end.value, relation in ("<=", ">=") and end.value is not None, end.infinite)
    if relation == "!=":
        return (Interval(ALL[0].low, edge), Interval(edge, ALL[0].high))
    return (Interval(ALL[0].low, edge),) if relation in ("<", "<=") else (Interval(edge, ALL[0].high),)


def _linear(term: Term, relation: str, bound: Value) -> tuple[str, Region]:
    """Where a linear term in one letter is below or above a number."""
    names = set(_linear_symbols(term))
    if len(names) != 1:
        raise Unreadable
    name = names.pop()
    at = [inexact(number) for number in value_of(term).at]
    samples = [inexact(sample_of(name, point)) for point in range(len(at))]
    slope = (at[1] - at[0]) / (samples[1] - samples[0])
    if is_complex(slope) or slope == 0:
        raise Unreadable
    for sample, number in zip(samples[2:], at[2:], strict=True):
        if digits_of(at[0] + slope * (sample - samples[0])) != digits_of(number):
            raise Unreadable
    root = samples[0] + (_float(bound) - at[0]) / slope
    return name, _half(relation if slope > 0 else _FLIPPED[relation], End(constant(root), True))


def _linear_symbols(term: Term) -> list[str]:
    if term[0] == "symbol":
        return [] if term[1] in _CONSTANTS else [str(term[1])]
    names = [name for part in term[1:] if isinstance(part, tuple) for name in _linear_symbols(part)]
    if names and term[0] not in ("+", "-", "neg", "*", "/"):
        raise Unreadable
    return names
