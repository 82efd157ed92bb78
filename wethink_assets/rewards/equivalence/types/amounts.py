"""Number, percentage, money and quantity (a value with unit): equal exactly if their values are, in one currency or in units of one dimension.

What a lenient comparison takes beyond that, the gold answer and the candidate in this order:
- a rounding to four significant digits or more: of a fraction or a much longer decimal, and of a value converted from another unit;
- `allowed.tolerance`, relative to the true value in its own unit; years and counts stay exact, and around zero there is nothing to tolerate;
- a unit, currency or percent sign left out by one of them, where the question names it (of `20%` also the share 0.2 where it asks for one);
- what people also mean by a unit's name (`mb`, `12 oz` of a liquid, `5 pounds` of money), and a power of ten that the question names.
"""

import re
from fractions import Fraction

from wethink_assets.rewards.equivalence.amounts import cues
from wethink_assets.rewards.equivalence.amounts.amount import Amount, Sense
from wethink_assets.rewards.equivalence.amounts.asked_unit import names_unit
from wethink_assets.rewards.equivalence.amounts.parsing import amount_in
from wethink_assets.rewards.equivalence.mathematics.cues import asks_for_mathematics
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.spans import is_ratio

DIGITS = 4
"""Significant digits that a rounding has to have."""
LONG = 8
"""Significant digits from which a decimal may be rounded."""
YEARS = range(1000, 3000)
MODERN_YEARS = range(1900, 2101)
"""Whole numbers that are taken for a year where no question tells."""


_SUM = re.compile(r"[1-9]\d{0,8}(?: ?\+ ?[1-9]\d{0,8}){1,4}")
_latest: list[tuple[str, Asked, Amount | None]] = [("", Asked(), None)]
"""The text that was read last: the four types ask for one amount in turn."""


def _read(kind: str, written: Written, asked: Asked) -> Reading | None:
    said = written.said
    text, question, amount = _latest[0]
    if text is not said or question is not asked:
        amount = amount_in(said, asked)
        _latest[0] = (said, asked, amount)
    return Reading(kind, amount.key, amount) if amount is not None and amount.kind == kind else None


def read_percentage(written: Written, asked: Asked) -> Reading | None:
    """A percentage: with its sign or word, or a bare number where the question asks for one.

    Example:
        >>> read_percentage(Written("20 percent"), Asked()).key, read_percentage(Written("0.2"), Asked()) is None
        ('20', True)
    """
    return _read("percentage", written, asked)


def read_money(written: Written, asked: Asked) -> Reading | None:
    """An amount in a currency, or a bare number where the question names the currency.

    Example:
        >>> read_money(Written("50 cents"), Asked()).key == read_money(Written("$0.50"), Asked()).key
        True
    """
    return _read("money", written, asked)


def read_quantity(written: Written, asked: Asked) -> Reading | None:
    """A value with unit, or a bare number where the question asks for a unit.

    Example:
        >>> read_quantity(Written("5 km"), Asked()).key == read_quantity(Written("5,000 m"), Asked()).key
        True
    """
    return _read("quantity", written, asked)


def read_number(written: Written, asked: Asked) -> Reading | None:
    """A number in figures or words, alone or with the noun that the question counts.

    Example:
        >>> [read_number(Written(text), Asked()).key for text in ("1,200", "twenty-one", "1/2", "3rd", "007")]
        ['1200', '21', '1/2', '3 ordinal', '007 as written']
    """
    return _read("number", written, asked)


def alike(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate is right beside a true amount whose key it doesn't have."""
    true = gold.reading.value
    other = candidate.reading.value
    if not isinstance(true, Amount):
        return False
    if candidate.reading.type == "ratio":
        return gold.reading.type == "number" and is_ratio(true.senses[0].value, candidate, asked)
    if not isinstance(other, Amount):
        return _decimal_comma(true, candidate.written.said) or _summed(true, candidate, asked)
    if true.note != other.note and not _note_left_out(true.note, other.note, asked):
        return False
    if "as written" in true.key or "as written" in other.key:
        return (true.kind, true.key) == (other.kind, other.key) or _worked_out(true, other, asked)
    tolerance = Fraction(0)
    if allowed.tolerance and not _is_exact(true, asked):
        tolerance = Fraction(allowed.tolerance).limit_denominator(10**6)
    first, second = true.senses[0], other.senses[0]
    if first.dimension == second.dimension:
        return _close(true, first, other, second, tolerance) or _scaled(first, second, asked)
    if _unit_left_out(true, other, asked, tolerance) or _scaled(first, second, asked) or _share(first, second, asked):
        return True
    return any(
        one.unit == another.unit and one.value == another.value
        for one in true.senses
        for another in other.senses
        if one is not first or another is not second
    )


def _note_left_out(one: str, other: str, asked: Asked) -> bool:
    """Whether what qualifies an amount may be left out: percentage points of percent, what is paid for, where the question is known."""
    note = one or other
    if one and other:
        return False
    if note == "points":
        return cues.names_percent(asked)
    return bool(asked.text) or not note.startswith("/")


def _close(true: Amount, one: Sense, other: Amount, another: Sense, tolerance: Fraction) -> bool:
    """Whether two values of one dimension are equal, or one is a rounding of the other, or within the tolerance."""
    if one.base == another.base:
        return True
    if _far(one, another, tolerance):
        return False
    if (
        tolerance
        and _converted(another, one) * one.value > 0
        and abs(_converted(another, one) - one.value) <= tolerance * abs(one.value)
    ):
        return True
    return _rounds(true, one, other, another) or _rounds(other, another, true, one)


def _far(one: Sense, another: Sense, tolerance: Fraction) -> bool:
    """Whether two values are farther apart than a rounding to `DIGITS` digits or the tolerance may be; told by floats, which costs little."""
    if one.summand or another.summand:
        return False
    try:
        first, second = float(one.base), float(another.base)
    except OverflowError:
        return False
    return abs(first - second) > max(float(tolerance), 10.0 ** (1 - DIGITS)) * max(abs(first), abs(second))


def _converted(value: Sense, unit: Sense) -> Fraction:
    """A value in another unit of its dimension."""
    return (value.base - unit.summand) / unit.factor


def _rounds(exact: Amount, one: Sense, rounded: Amount, another: Sense) -> bool:
    """Whether an amount is a rounding of another one that cannot be written with so few digits."""
    written = rounded.literal
    if not written.step:
        return False
    step = abs(written.step * another.value / written.value) if written.value else Fraction(0)
    true = _converted(one, another)
    if not step or true * another.value <= 0 or abs(true - another.value) >= step:
        return False
    if abs(true - another.value) * 2 > step and (
        one.unit != another.unit
        or abs(true) < abs(another.value)
        or written.significant <= DIGITS
        or not _is_unending(true)
    ):
        return False  # neither rounded nor, of a fraction, cut off
    if one.unit != another.unit:
        return _significant(rounded) >= DIGITS
    if written.step >= 1 or written.significant < DIGITS:
        return False
    return _is_unending(true) or (
        exact.literal.significant >= max(LONG, written.significant + 2) and exact.literal.step < 1
    )


def _significant(amount: Amount) -> int:
    """Significant digits; zeros at the end of a whole number are none."""
    if amount.literal.step < 1:
        return amount.literal.significant
    return len(str(abs(int(amount.literal.value))).rstrip("0"))


def _is_unending(value: Fraction) -> bool:
    """Whether a fraction has no finite decimal."""
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest != 1


def _is_exact(true: Amount, asked: Asked) -> bool:
    """Whether no tolerance is right for a true answer, since it is a count or a year."""
    value = true.senses[0].value
    if true.kind != "number" or value.denominator != 1:
        return False
    if asked.text:
        return cues.asks_count(asked) or (int(value) in YEARS and cues.asks_year(asked))
    return int(value) in MODERN_YEARS


def _unit_left_out(true: Amount, other: Amount, asked: Asked, tolerance: Fraction) -> bool:
    """Whether one is a bare number and the other the same with what the question names."""
    one, another = true.senses[0], other.senses[0]
    if (one.dimension and another.dimension) or not asked.text:
        return False
    named, number = (true, other) if one.dimension else (other, true)
    unit = named.senses[0]
    if number.senses[0].dimension or unit.dimension == "ordinal":
        return False
    if unit.dimension == "%":
        share = number.literal.form in ("slash", "fraction", "words")
        factor = Fraction(100) if cues.asks_fraction(asked) or (share and cues.names_percent(asked)) else Fraction(1)
        if factor == 1 and not cues.names_percent(asked) and not (cues.asks_share(asked) and abs(unit.value) > 1):
            return False
    elif named.kind == "money":
        factor = Fraction(1)
        if not cues.asks_money(asked, wide=named is true):
            return False
    else:
        factor = Fraction(1)
        if not names_unit(asked, unit.unit):
            return False
    bare = Sense(number.senses[0].value * factor, unit.unit, unit.dimension, unit.factor, unit.summand)
    pair = (unit, bare) if named is true else (bare, unit)
    return _close(true, pair[0], other, pair[1], tolerance)


def _share(one: Sense, another: Sense, asked: Asked) -> bool:
    """Whether a percentage stands beside the broken number that it is (20% and 0.2), where no percentage is asked for: there 0.2 is 0.2%."""
    percentage, number = (one, another) if one.dimension == "%" else (another, one)
    if percentage.dimension != "%" or number.dimension or number.value.denominator == 1 or cues.names_percent(asked):
        return False
    return number.value * 100 == percentage.value


def _scaled(one: Sense, another: Sense, asked: Asked) -> bool:
    """Whether one leaves out the power of ten in which the question counts."""
    scale = cues.asked_scale(asked) if asked.text else 1
    if scale == 1 or (one.dimension and another.dimension and one.unit != another.unit):
        return False
    return one.value * scale == another.value or one.value == another.value * scale


def _worked_out(true: Amount, other: Amount, asked: Asked) -> bool:
    """Whether a quotient that is a whole number (`10/2`) stands beside that number, with no question that would make it a code."""
    forms = {true.literal.form, other.literal.form}
    return (
        not asked.text
        and "slash" in forms
        and len(forms) == 2
        and not (true.literal.text[:1] == "0" or other.literal.text[:1] == "0")
        and (true.senses[0].value == other.senses[0].value and true.kind == other.kind)
    )


def _summed(true: Amount, candidate: Comparable, asked: Asked) -> bool:
    """Whether a candidate is a sum of whole numbers that comes to the true one (`2+3` for 5), where no question makes something else of it."""
    text = candidate.written.said
    if true.kind != "number" or "as written" in true.key or candidate.reading.type != "text" or len(text) > 40:
        return False
    if _SUM.fullmatch(text) is None or (asked.text and not asks_for_mathematics(asked)):
        return False
    return sum(int(part) for part in text.split("+")) == true.senses[0].value


def _decimal_comma(true: Amount, text: str) -> bool:
    """Whether a candidate is the true decimal, of two digits or more behind the point, written with a comma."""
    whole, comma, decimals = text.partition(",")
    if true.kind != "number" or not comma or len(decimals) < 2 or not decimals.isdecimal() or len(decimals) == 3:
        return False
    return (
        true.literal.significant >= 3
        and len(text) < 20
        and whole.lstrip("-").isdecimal()
        and Fraction(f"{whole}.{decimals}") == true.senses[0].value
    )


PERCENTAGE = AnswerType("percentage", "math", read_percentage, alike)
MONEY = AnswerType("money", "math", read_money, alike)
QUANTITY = AnswerType("quantity", "math", read_quantity, alike)
NUMBER = AnswerType("number", "math", read_number, alike)
