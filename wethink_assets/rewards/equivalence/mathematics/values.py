"""Values of terms at fixed points, to 80 digits: what tells two expressions apart, and one that is a number from one that is not.

Rational arithmetic is exact; everything else is done by mpmath. The work of one term is counted and bounded, whatever it says.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from wethink_assets.rewards.equivalence.mathematics.arithmetic import (
    GREATEST,
    Number,
    added,
    bounded,
    close,
    context,
    digits_of,
    divided,
    inexact,
    is_complex,
    logarithm,
    multiplied,
    negative,
    roundings,
    settled,
    shared,
    whole_root,
)
from wethink_assets.rewards.equivalence.mathematics.notation import Unreadable
from wethink_assets.rewards.equivalence.mathematics.terms import Term, leaves

POINTS = 4
_MOST_BITS = 12_000
"""Bits of an exact number; beyond them 80 digits are kept."""
_WORK = 1500
"""Cost that one term may have at one point: about a hundredth of a second."""
_PRIME = 9973


@dataclass(frozen=True, slots=True)
class Value:
    """A term's values at the points.

    at: one number a point. constant: whether they are all one. decimals: the most that rounding of the decimals in it may make of a value at each
    point (empty: it has none), with the fewest significant digits of them.
    """

    at: tuple[Number, ...]
    constant: bool
    slack: tuple[Number, ...] = ()
    digits: int = 0

    def __post_init__(self) -> None:
        """Values are remembered, and read by every thread."""
        object.__setattr__(self, "at", tuple(map(shared, self.at)))
        object.__setattr__(self, "slack", tuple(map(shared, self.slack)))

    @property
    def key(self) -> str:
        """One text for equal values."""
        return digits_of(self.at[0]) if self.constant else "|".join(map(digits_of, self.at))

    @property
    def rational(self) -> Fraction | None:
        """The rational number that a constant is."""
        return self.at[0] if self.constant and isinstance(self.at[0], Fraction) else None


def value_of(term: Term) -> Value:
    """A term's value; `Unreadable` where it has none, or costs too much.

    Example:
        >>> from wethink_assets.rewards.equivalence.mathematics.notation import tokens_of
        >>> from wethink_assets.rewards.equivalence.mathematics.terms import term_of
        >>> [value_of(term_of(tokens_of(text))).rational for text in ("2^3", "\\\\sqrt{4}", "x-x+1", "x")]
        [Fraction(8, 1), Fraction(2, 1), Fraction(1, 1), None]
    """
    decimals, bare = leaves(term)
    at = [_evaluate(term, point) for point in range(1 if bare else POINTS)]
    constant = bare or all(close(at[0], other) for other in at[1:])
    if constant:
        at = at[:1] * POINTS
    if not decimals:
        return Value(tuple(at), constant)
    slack = []
    for point in range(1 if constant else POINTS):
        moved: Number = Fraction(0)
        for decimal in decimals[:6]:
            shifted = _evaluate(term, point, {id(decimal): decimal[1] + Fraction(1, 2 * 10 ** decimal[2])})
            moved = added(moved, abs(added(shifted, negative(at[point]))))
        slack.append(moved)
    return Value(tuple(at), constant, tuple(slack), min(_significant(decimal) for decimal in decimals))


def constant(number: Number) -> Value:
    """The value of what is one number everywhere."""
    return Value((settled(number),) * POINTS, True)


def scaled(value: Value, factor: Fraction) -> Value:
    """A value times a positive number."""
    if factor == 1:
        return value
    slack = tuple(multiplied(number, factor) for number in value.slack)
    return Value(tuple(multiplied(number, factor) for number in value.at), value.constant, slack, value.digits)


def _significant(decimal: Term) -> int:
    return len(str(abs(int(decimal[1] * 10 ** decimal[2])))) if decimal[1] else 0


@lru_cache(maxsize=4096)
def sample_of(name: str, point: int) -> Fraction:
    """A symbol's value at a point: positive at the first, negative at the second, either at the others, which are beyond 1 and within it."""
    drawn = hashlib.sha256(f"{point} {name}".encode()).digest()
    least, spread = ((3001, 27_000), (3001, 27_000), (11_001, 20_000), (3001, 6500))[point]
    size = Fraction(least + int.from_bytes(drawn[:8], "big") % spread, _PRIME)
    negative = (False, True, drawn[8] % 2 == 0, drawn[8] % 2 == 1)[point]
    return -size if negative else size


def _evaluate(term: Term, point: int, replaced: Mapping[int, Fraction] | None = None) -> Number:
    try:
        return settled(_Evaluation(point, replaced or {}).of(term))
    except Unreadable:
        raise
    except Exception:  # mpmath's own kinds of failure are many, and each says that there is no value
        raise Unreadable from None


class _Evaluation:
    """One term at one point."""

    def __init__(self, point: int, replaced: Mapping[int, Fraction]) -> None:
        self._point, self._replaced = point, replaced
        self._work = _WORK
        self._indices: dict[str, Fraction] = {}

    def of(self, term: Term) -> Number:
        number = self._of(term)
        if isinstance(number, Fraction):
            bits = number.numerator.bit_length() + number.denominator.bit_length()
            self._work -= 1 + bits // 50
            if bits > _MOST_BITS:
                number = inexact(number)
        else:
            self._work -= 10
            bounded(number)
        if self._work < 0:
            raise Unreadable
        return number

    def _of(self, term: Term) -> Number:
        kind = term[0]
        if kind == "number":
            replacement: Number = self._replaced.get(id(term), term[1])
            return replacement
        if kind == "symbol":
            return self._symbol(term[1])
        if kind in ("+", "-"):
            left, right = self.of(term[1]), self.of(term[2])
            return added(left, negative(right) if kind == "-" else right)
        if kind == "neg":
            return negative(self.of(term[1]))
        if kind == "*":
            return multiplied(self.of(term[1]), self.of(term[2]))
        if kind == "/":
            return divided(self.of(term[1]), self.of(term[2]))
        if kind == "^":
            return self._power(self.of(term[1]), self.of(term[2]))
        return _OPERATIONS[kind](self, *term[1:]) if kind in _OPERATIONS else self._unknown()

    def _unknown(self) -> Number:
        raise Unreadable

    def _symbol(self, name: str) -> Number:
        if name in self._indices:
            return self._indices[name]
        if name == "pi":
            return +context().pi
        if name == "e":
            return +context().e
        if name == "i":
            return context().mpc(0, 1)
        return sample_of(name, self._point)

    def _power(self, base: Number, exponent: Number) -> Number:
        if isinstance(exponent, Fraction):
            if exponent.denominator == 1:
                return self._whole_power(base, int(exponent))
            if isinstance(base, Fraction) and base < 0 and exponent.denominator % 2:
                power = self._root(-base, exponent)
                return negative(power) if exponent.numerator % 2 else power
            if isinstance(base, Fraction) and base >= 0:
                return self._root(base, exponent)
        if base == 0:
            raise Unreadable
        base, exponent = inexact(base), inexact(exponent)
        logarithm = context().ln(base)
        if abs(exponent * logarithm) > GREATEST:
            raise Unreadable
        return context().exp(exponent * logarithm)

    def _whole_power(self, base: Number, exponent: int) -> Number:
        if not isinstance(base, Fraction):
            if abs(exponent) * abs(context().log(abs(base), 2) if base else 1) > GREATEST:
                raise Unreadable
            return base**exponent
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(base) in (0, 1):
            exponent = (exponent % 2 or 2) if base else max(min(exponent, 1), -1)
        elif bits * abs(exponent) > _MOST_BITS:
            if bits * abs(exponent) > GREATEST:
                raise Unreadable
            return inexact(base) ** exponent
        return Fraction(base) ** exponent

    def _root(self, base: Fraction, exponent: Fraction) -> Number:
        """A rational power of a positive rational: exact where it is a whole root, and irrational else."""
        if base in (0, 1):
            return base if exponent > 0 or base else self._unknown()
        degree = exponent.denominator
        roots = [whole_root(part, degree) for part in (base.numerator, base.denominator)]
        if roots[0] is not None and roots[1] is not None:
            return self._whole_power(Fraction(roots[0], roots[1]), exponent.numerator)
        logarithm = context().ln(inexact(base)) * exponent.numerator / degree
        if not roundings() < abs(logarithm) < GREATEST:
            raise Unreadable  # too near to 1 to be told from it, or too great
        return context().exp(logarithm)

    def root(self, degree: Term, term: Term) -> Number:
        order, base = self.of(degree), self.of(term)
        if not isinstance(order, Fraction) or order.denominator != 1 or not 1 < order <= 1000:
            return self._power(base, divided(Fraction(1), order))
        if not isinstance(base, Fraction) and not is_complex(base) and base < 0 and int(order) % 2:
            return -self._power(-base, 1 / order)
        if order == 2 and not isinstance(base, Fraction):
            return context().sqrt(base)
        return self._power(base, 1 / order)

    def absolute(self, term: Term) -> Number:
        return abs(self.of(term))

    def floor(self, term: Term) -> Number:
        number = self.of(term)
        return Fraction(number.__floor__()) if isinstance(number, Fraction) else self._unknown()

    def ceil(self, term: Term) -> Number:
        number = self.of(term)
        return Fraction(number.__ceil__()) if isinstance(number, Fraction) else self._unknown()

    def degree(self, term: Term) -> Number:
        return multiplied(self.of(term), +context().pi / 180)

    def factorial(self, term: Term) -> Number:
        number = self.of(term)
        if isinstance(number, Fraction) and number.denominator == 1 and 0 <= number <= 1500:
            self._work -= int(number)
            product = 1
            for factor in range(2, int(number) + 1):
                product *= factor
            return Fraction(product)
        self._work -= 200
        if abs(number) > 3000:
            raise Unreadable
        return context().gamma(inexact(number) + 1)

    def binomial(self, above: Term, below: Term) -> Number:
        many, few = self.of(above), self.of(below)
        if isinstance(many, Fraction) and isinstance(few, Fraction) and many.denominator == few.denominator == 1:
            if not 0 <= few <= many <= 3000:
                return self._unknown()
            chosen = Fraction(1)
            self._work -= int(min(few, many - few))
            for step in range(int(min(few, many - few))):
                chosen = chosen * (many - step) / (step + 1)
            return chosen
        if abs(many) > 3000 or abs(few) > 3000:
            raise Unreadable
        self._work -= 600
        gamma = context().gamma
        return gamma(inexact(many) + 1) / gamma(inexact(few) + 1) / gamma(inexact(many - few) + 1)

    def logarithm(self, base: Term, term: Term) -> Number:
        number, below = self.of(term), self.of(base)
        return settled(divided(logarithm(number), logarithm(below)))

    def function(self, name: str, term: Term) -> Number:
        number = self.of(term)
        if name == "abs":
            return abs(number)
        if name in ("ln", "log"):
            exponent = logarithm(number)
            return exponent if name == "ln" else divided(exponent, context().ln(10))
        number = settled(inexact(number))
        number = inexact(number)
        if (name != "exp" and abs(number) > 10**40) or (
            abs(number) > GREATEST and name in ("exp", "sinh", "cosh", "tanh")
        ):
            raise Unreadable
        self._work -= 20
        if name in ("cot", "sec", "csc"):
            number = getattr(context(), {"cot": "tan", "sec": "cos", "csc": "sin"}[name])(number)
            return divided(Fraction(1), settled(number))
        return getattr(context(), {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}.get(name, name))(number)

    def applied(self, name: str, *arguments: Term) -> Number:
        """A function that is not known: anything that differs for different arguments."""
        total: Number = sample_of(name, self._point)
        for number, argument in enumerate(arguments):
            total = added(total, multiplied(self.of(argument), sample_of(f"{name}({number})", self._point)))
        return divided(sample_of(f"{name}()", self._point), total)

    def series(self, name: str, index: str, first: Term, last: Term, term: Term) -> Number:
        """A sum or product: added up where its bounds are whole, else something that differs where its parts do."""
        low, high = self.of(first), self.of(last)
        whole = all(isinstance(bound, Fraction) and bound.denominator == 1 for bound in (low, high))
        before = self._indices.get(index)
        try:
            if not whole:
                body = self.of(term)
                bounds = added(
                    multiplied(low, sample_of(f"{name} from", self._point)),
                    multiplied(high, sample_of(f"{name} to", self._point)),
                )
                return multiplied(body, bounds) if name == "sum" else added(body, bounds)
            if not 0 <= high - low <= 1000:
                raise Unreadable
            total: Number = Fraction(0 if name == "sum" else 1)
            for step in range(int(low), int(high) + 1):
                self._indices[index] = Fraction(step)
                number = self.of(term)
                total = added(total, number) if name == "sum" else multiplied(total, number)
            return total
        finally:
            self._indices.pop(index, None)
            if before is not None:
                self._indices[index] = before


_OPERATIONS: dict[str, Any] = {
    "root": _Evaluation.root,
    "abs": _Evaluation.absolute,
    "floor": _Evaluation.floor,
    "ceil": _Evaluation.ceil,
    "degree": _Evaluation.degree,
    "!": _Evaluation.factorial,
    "binom": _Evaluation.binomial,
    "log": _Evaluation.logarithm,
    "function": _Evaluation.function,
    "applied": _Evaluation.applied,
    "sum": lambda evaluation, *parts: evaluation.series("sum", *parts),
    "prod": lambda evaluation, *parts: evaluation.series("prod", *parts),
}
