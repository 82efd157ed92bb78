"""Regions: unions, intersections and what inequalities say, beside membership point by point."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.mathematics.notation import Unreadable, tokens_of
from wethink_assets.rewards.equivalence.mathematics.regions import Region, key_of, region_of, solutions


def contains(region: Region, number: Fraction) -> bool:
    """Whether a number lies in a region with rational ends."""
    for interval in region:
        low, high = interval.low, interval.high
        above = low.value is None or number > low.value.at[0] or (low.closed and number == low.value.at[0])
        below = high.value is None or number < high.value.at[0] or (high.closed and number == high.value.at[0])
        if above and below:
            return True
    return False


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("3 > x", "(-1inf,3)"),
        ("2x + 1 <= 7", "(-1inf,3]"),
        ("|x-1| < 2", "(-1,3)"),
        ("|x| \\ge 2", "(-1inf,-2]U[2,+1inf)"),
        ("1 \\leq |z| \\leq 3", "[-3,-1]U[1,3]"),
        ("x < -1 or x > 3", "(-1inf,-1)U(3,+1inf)"),
        ("x > 0, x < 5", "(0,5)"),
        ("0 < f(x) < 1", "(0,1)"),
        ("x \\in \\mathbb{R} \\setminus \\{3\\}", "(-1inf,3)U(3,+1inf)"),
        ("x < \\infty", "(-1inf,+1inf)"),
    ],
)
def test_inequalities_say_where_a_letter_lies(text: str, key: str) -> None:
    assert key_of(solutions(tokens_of(text))[1]) == key


@pytest.mark.parametrize(
    "text", ["(3,0)", "(1,1)", "(1,2,3)", "x < a", "x^2 < 4", "x + y < 1", "(\\infty, 3)", "5 < 7"]
)
def test_what_is_no_region_is_unreadable(text: str) -> None:
    tokens = tokens_of(text)
    for reading in (region_of, solutions):
        with pytest.raises(Unreadable):
            reading(tokens)


ENDS = st.tuples(st.sampled_from("(["), st.integers(-6, 6), st.integers(0, 5), st.sampled_from(")]"))


def interval(left: str, low: int, size: int, right: str) -> str:
    """Interval notation; a single number where both ends are one."""
    return f"{left}{low},{low + size}{right}" if size else f"\\{{{low}\\}}"


@settings(deadline=None, max_examples=150)
@given(st.lists(ENDS, min_size=1, max_size=4), st.lists(ENDS, min_size=1, max_size=3))
def test_unions_hold_what_their_parts_do_and_have_one_key_in_any_order(
    ones: list[tuple[str, int, int, str]], others: list[tuple[str, int, int, str]]
) -> None:
    parts = [interval(*ends) for ends in ones]
    union = region_of(tokens_of("\\cup".join(parts)))
    assert key_of(union) == key_of(region_of(tokens_of("\\cup".join(reversed(parts)))))
    single = [region_of(tokens_of(part)) for part in parts]
    other = region_of(tokens_of("\\cup".join(interval(*ends) for ends in others)))
    common = region_of(tokens_of(f"{parts[0]}\\cap{interval(*others[0])}"))
    second = region_of(tokens_of(interval(*others[0])))
    for halves in range(-16, 26):
        number = Fraction(halves, 2)
        assert contains(union, number) == any(contains(part, number) for part in single)
        assert contains(common, number) == (contains(single[0], number) and contains(second, number))
    same = all(
        contains(union, Fraction(halves, 2)) == contains(other, Fraction(halves, 2)) for halves in range(-16, 26)
    )
    assert (key_of(union) == key_of(other)) == same
