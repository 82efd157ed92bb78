"""Number literals: all ways to write one number, and what is left over of what is none."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.amounts.literals import literal_of
from wethink_assets.rewards.equivalence.amounts.signs import prepared


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,200", 1200),
        ("1 234 567", 1234567),
        ("1'234'567", 1234567),
        ("12,34,567", 1234567),
        ("14{,}916", 14916),
        (r"14\,916", 14916),
        (r"10,\!000", 10000),
        ("1.234,56", "1234.56"),
        (".5", "0.5"),
        ("5.", 5),
        ("+5", 5),
        ("\u22125", -5),
        ("\u20135", -5),
        ("\u00bd", "1/2"),
        ("2\u00bd", "5/2"),
        ("1/2", "1/2"),
        ("2 1/2", "5/2"),
        ("2 and 1/2", "5/2"),
        (r"\frac12", "1/2"),
        (r"\dfrac{3}{4}", "3/4"),
        (r"\cfrac{1}{2^{80}}", Fraction(1, 2**80)),
        (r"2\frac{1}{3}", "7/3"),
        (r"-\frac{1}{2}", "-1/2"),
        (r"\frac{-1}{2}", "-1/2"),
        ("3*10^4", 30000),
        ("3 \u00d7 10\u2074", 30000),
        (r"3 \times 10^{-2}", "0.03"),
        ("3e4", 30000),
        ("1E-9", "1e-9"),
        ("10\u00b2", 100),
        ("2^{10}", 1024),
        ("2.5 million", 2500000),
        ("1.2bn", 1200000000),
        ("5 lakh", 500000),
        ("two hundred thousand", 200000),
        ("one hundred and five", 105),
        ("twenty-one", 21),
        ("half a dozen", 6),
        ("a hundred", 100),
        ("half", "1/2"),
        ("two thirds", "2/3"),
        ("one and a half", "3/2"),
        ("two and three quarters", "11/4"),
        ("minus five", -5),
        ("negative 3.5", "-3.5"),
        ("five point two", "5.2"),
        (r"0.\overline{3}", "1/3"),
        ("2 1/2 million", 2500000),
        ("0.50", "1/2"),
    ],
)
def test_ways_to_write_a_number(text: str, value: object) -> None:
    literal = literal_of(prepared(text))
    assert literal is not None
    assert (literal.value, literal.rest, literal.form == "ordinal") == (Fraction(str(value)), "", False)


@pytest.mark.parametrize(
    "text",
    [
        "3-1",
        "4!",
        "3\u00b2x",
        "5 or 6",
        "1.2.3",
        "1,2",
        "2,3456",
        "12:30",
        "5+",
        "5-10",
        "2x",
        "10^2000",
        "9^9^9",
        "12E5x",
    ],
)
def test_what_is_no_number_leaves_something_over(text: str) -> None:
    literal = literal_of(prepared(text))
    assert literal is not None and literal.rest != ""


@pytest.mark.parametrize(
    "text",
    [
        "no one",
        "dogs",
        "",
        "-",
        "~5",
        ">5",
        "04/06",
        "3/4/5",
        "hundred",
        "an apple",
        r"\frac{\sqrt3}{2}",
        "1/0",
        "A-",
        "a second",
    ],
)
def test_what_begins_with_no_number(text: str) -> None:
    assert literal_of(prepared(text)) is None


@pytest.mark.parametrize(
    ("text", "value"), [("3rd", 3), ("third", 3), ("the 21st", 21), ("twenty-first", 21), ("second", 2)]
)
def test_ordinals(text: str, value: int) -> None:
    literal = literal_of(text)
    assert literal is not None and (literal.form, literal.value) == ("ordinal", value)


@given(st.fractions(max_denominator=999))
def test_fractions_of_latex_and_of_ascii_are_read_alike(value: Fraction) -> None:
    sign, above = ("-" if value < 0 else ""), abs(value.numerator)
    for text in (f"{sign}{above}/{value.denominator}", f"{sign}\\frac{{{above}}}{{{value.denominator}}}"):
        literal = literal_of(prepared(text))
        assert literal is not None and (literal.value, literal.rest) == (value, "")


@given(st.text(alphabet="0123456789,.-+/^\\{}frac x*e%'\" \u00bd\u00b2half and", max_size=60))
def test_nothing_raises_and_nothing_of_a_text_is_dropped(text: str) -> None:
    literal = literal_of(prepared(text))
    if literal is not None:
        assert prepared(text).endswith(literal.rest) or literal.rest in prepared(text)
