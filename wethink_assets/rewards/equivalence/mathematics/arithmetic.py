"""Numbers as terms are evaluated with: exact fractions as long as they stay rational, else 80 digits of mpmath's."""

import math
import threading
from fractions import Fraction
from functools import cache
from typing import Any

from wethink_assets.rewards.equivalence.mathematics.notation import Unreadable

DIGITS = 80
KEPT = 30
"""Significant digits of a number in a key."""
GREATEST = 40_000
"""Logarithm, to base 2 or e, of the greatest number."""
_FINE = 10**20
"""Share of a last digit by which a number is raised before it is rounded: a half that came out a little less is rounded up as a half is."""
_LOCAL = threading.local()
Number = Any
"""A `Fraction`, or an mpf or mpc of mpmath."""


def context() -> Any:
    """mpmath's arithmetic of this thread: its functions change the precision while they work."""
    if not hasattr(_LOCAL, "context"):
        import mpmath  # takes a tenth of a second, which plain words need not wait for

        _LOCAL.context = mpmath.MPContext()
        _LOCAL.context.dps = DIGITS
        _LOCAL.nothing = _LOCAL.context.mpf(10) ** -60
    return _LOCAL.context


@cache
def _unused() -> Any:
    """Arithmetic that no thread calculates by, so that its precision stays: what is remembered for all threads is of it."""
    import mpmath

    unused = mpmath.MPContext()
    unused.dps = DIGITS
    return unused


def shared(number: Number) -> Number:
    """A number that any thread may calculate with, whatever the thread that it comes from does meanwhile."""
    if isinstance(number, Fraction):
        return number
    return _unused().make_mpc(number._mpc_) if is_complex(number) else _unused().make_mpf(number._mpf_)


def digits_of(number: Number) -> str:
    """A number to 30 significant digits, the same for equal numbers however they were computed."""
    if isinstance(number, Fraction):
        return _decimal(number.numerator, number.denominator)
    if is_complex(number):
        return f"{digits_of(number.real)}+{digits_of(number.imag)}i"
    sign, mantissa, exponent, _ = number._mpf_
    mantissa = -int(mantissa) if sign else int(mantissa)
    return _decimal(mantissa << exponent, 1) if exponent > 0 else _decimal(mantissa, 1 << -exponent)


def _decimal(above: int, below: int) -> str:
    """A fraction to 30 significant digits: a whole number where it is one, else with its power of ten."""
    if above == 0:
        return "0"
    if below == 1 and abs(above) < 10**KEPT:
        return str(above)
    sign, above = ("-", -above) if above < 0 else ("", above)
    power = math.floor((above.bit_length() - below.bit_length() - 1) * 0.30102999566398120)
    while True:  # twice at most: the estimate is short by one at most
        shift = KEPT - 1 - power
        scaled, unit = (above * 10**shift, below) if shift >= 0 else (above, below * 10**-shift)
        digits = (2 * scaled * _FINE + unit * _FINE + unit) // (2 * unit * _FINE)
        if digits < 10**KEPT:
            break
        power += 1
    text = str(digits)
    power += len(text) - KEPT
    significant = text.rstrip("0")
    if 0 <= power < KEPT and len(significant) <= power + 1:
        return sign + significant + "0" * (power + 1 - len(significant))
    return f"{sign}{significant}e{power + 1 - len(significant)}"


def roundings() -> Number:
    """What is left of a sum by its roundings alone, as a share of its parts."""
    context()
    return _LOCAL.nothing


def is_complex(number: Number) -> bool:
    """Whether a number is none of the real line's."""
    return hasattr(number, "_mpc_")  # which arithmetic's it is does not matter


def inexact(number: Number) -> Number:
    """A number with 80 digits."""
    return context().mpf(number.numerator) / number.denominator if isinstance(number, Fraction) else number


def bounded(number: Number) -> None:
    """Raise `Unreadable` for a number that is infinite, or greater or smaller than any that is worked with."""
    for part in (number.real, number.imag) if is_complex(number) else (number,):
        if not context().isfinite(part) or (part and abs(context().mag(part)) > 2 * GREATEST):
            raise Unreadable


def negative(number: Number) -> Number:
    """A number with the other sign."""
    return -number


def added(left: Number, right: Number) -> Number:
    """A sum, which is zero where nothing but roundings is left of its parts."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left + right
    left, right = inexact(left), inexact(right)
    total = left + right
    if abs(total) <= max(abs(left), abs(right)) * roundings():
        return Fraction(0)
    return total


def multiplied(left: Number, right: Number) -> Number:
    """A product."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left * right
    if left == 0 or right == 0:
        return Fraction(0)
    return inexact(left) * inexact(right)


def divided(above: Number, below: Number) -> Number:
    """A quotient; `Unreadable` for one by zero."""
    if below == 0:
        raise Unreadable
    if isinstance(above, Fraction) and isinstance(below, Fraction):
        return above / below
    return Fraction(0) if above == 0 else inexact(above) / inexact(below)


def logarithm(number: Number) -> Number:
    """The natural logarithm; `Unreadable` for that of zero."""
    number = settled(number)
    if number == 0:
        raise Unreadable
    return Fraction(0) if number == 1 else context().ln(inexact(number))


def settled(number: Number) -> Number:
    """A number as it would have come out without roundings: real, or rational with a small denominator, where it is so to 60 digits."""
    if isinstance(number, Fraction):
        return number
    if is_complex(number):
        size = abs(number)
        if abs(number.imag) > size * roundings():
            real = number.real if abs(number.real) > size * roundings() else 0
            return number if real == number.real else context().mpc(0, number.imag)
        number = number.real
    if number == 0:
        return Fraction(0)
    if abs(context().mag(number)) > 150:
        return number
    sign, mantissa, exponent, _ = number._mpf_
    exact = Fraction((-1) ** sign * int(mantissa)) * Fraction(2) ** int(exponent)
    near = exact.limit_denominator(10**6)
    return near if near and abs(near - exact) < abs(exact) / 10**60 else number


def close(one: Number, other: Number) -> bool:
    """Whether two numbers are the same to 30 digits."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    return digits_of(one) == digits_of(other)


def whole_root(number: int, degree: int) -> int | None:
    """The whole root of a whole number that has one."""
    if number in (0, 1):
        return number
    if number.bit_length() <= degree:
        return None
    low, high = 1, 1 << (number.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**degree <= number:
            low = middle
        else:
            high = middle - 1
    return low if low**degree == number else None
