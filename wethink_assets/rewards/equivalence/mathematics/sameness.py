"""Sameness of two values beyond equal keys: roundings of an exact one, latitude in per cent, and functions that agree wherever both are real."""

from wethink_assets.rewards.equivalence.mathematics.arithmetic import digits_of, inexact, is_complex
from wethink_assets.rewards.equivalence.mathematics.values import Value

FEWEST_DIGITS = 4
"""Significant digits that a decimal has to have to count as a rounding of an exact value."""


def alike_values(gold: Value, candidate: Value, tolerance: float = 0.0) -> bool:
    """Whether a candidate's value is right beside the true one.

    A decimal of four significant digits or more is right for what it rounds, in either direction; √3 is 1.732, not 1.73 or 1.733. From five digits
    on what follows may also be cut off: 1.73205 for 1.732050..., and 125.663 for 40π.

    Example:
        >>> from wethink_assets.rewards.equivalence.mathematics.notation import tokens_of
        >>> from wethink_assets.rewards.equivalence.mathematics.terms import term_of
        >>> from wethink_assets.rewards.equivalence.mathematics.values import value_of
        >>> root, *rounded = (value_of(term_of(tokens_of(text))) for text in ("\\\\sqrt{3}", "1.732", "1.73", "1.733"))
        >>> [alike_values(root, value) for value in rounded]
        [True, False, False]
    """
    if gold.constant == candidate.constant and gold.key == candidate.key:
        return True
    for exact, rounded in ((gold, candidate), (candidate, gold)):
        known = (
            rounded.slack and not exact.slack and rounded.digits >= FEWEST_DIGITS and exact.constant == rounded.constant
        )
        if known and all(_within(*numbers) for numbers in zip(exact.at, rounded.at, rounded.slack, strict=False)):
            return True
        if (
            known
            and exact.constant
            and rounded.digits > FEWEST_DIGITS
            and _cut_off(exact.at[0], rounded.at[0], rounded.slack[0])
        ):
            return True
    if gold.constant and candidate.constant:
        true, given = inexact(gold.at[0]), inexact(candidate.at[0])
        return tolerance > 0 and abs(given - true) <= abs(true) * tolerance
    return not gold.constant and not candidate.constant and _same_where_real(gold, candidate)


def _within(exact: object, rounded: object, slack: object) -> bool:
    return bool(abs(inexact(exact) - inexact(rounded)) <= inexact(slack) * (1 + 1e-9))


def _cut_off(exact: object, rounded: object, slack: object) -> bool:
    """Whether a decimal is what is left of an exact number whose further digits are cut off rather than rounded."""
    if is_complex(exact) or is_complex(rounded):
        return False
    left = abs(inexact(exact)) - abs(inexact(rounded))
    return bool(inexact(exact) * inexact(rounded) > 0 and 0 < left < 2 * inexact(slack))


def _same_where_real(one: Value, other: Value) -> bool:
    real = [pair for pair in zip(one.at, other.at, strict=True) if not is_complex(pair[0]) and not is_complex(pair[1])]
    return (
        bool(real)
        and not is_complex(one.at[0])
        and not is_complex(other.at[0])
        and all(digits_of(first) == digits_of(second) for first, second in real)
    )
