"""Values of terms: exact where they can be, bounded in work whatever a text says, the same in every thread."""

import threading
import time
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient
from wethink_assets.rewards.equivalence.mathematics.arithmetic import context, digits_of, negative
from wethink_assets.rewards.equivalence.mathematics.notation import Unreadable, tokens_of
from wethink_assets.rewards.equivalence.mathematics.sameness import alike_values
from wethink_assets.rewards.equivalence.mathematics.terms import term_of
from wethink_assets.rewards.equivalence.mathematics.values import Value, scaled, value_of

HOSTILE = [
    "9^{9^{9^{9}}}", "9^9^9^9", "(x+y+z+w)^{999}", "x^{9999}+1", "\\sum_{k=1}^{99999999} k",
    "\\prod_{k=1}^{10^9} k", "170!!!!", "\\binom{999999}{444444}",
    "(((x+1)^{99}+1)^{99}+1)^{99}", "\\log(\\log(\\log(10^{999})))", "2^{9999}-2^{9998}",
    "\\sqrt{x+\\sqrt{x+\\sqrt{x}}}", "\\sum_{k=1}^{1000}\\frac{1}{k^{9}}",
    "\\sum_{k=1}^{1000}\\sum_{j=1}^{1000} jk", "\\prod_{k=1}^{1000} k^{50}", "1500!+1500!*1499!", "\\sin(10^{39})",
    "((2^{999})^{999})^{999}", "\\gamma!", "(x!)!",
    "\\binom{x}{y}", "+".join(f"\\sqrt{{{k}}}" for k in range(2, 60)), "x^{x^{x^{x}}}", "e^{e^{e^{e}}}",
    "\\tan(\\tan(\\tan(x)))", "*".join("(x+y)^{60}" for _ in range(40)),
    "0.1" + "+0.1" * 90, "(" * 300 + "x" + ")" * 300, "-" * 500 + "x", "^".join("x" * 200), "!" * 500, "3" * 500, "\\frac" * 90, "\\sqrt" * 90 + "x",
]  # fmt: skip


def value(text: str) -> Value | None:
    """The value of a text; None for one that has none."""
    try:
        return value_of(term_of(tokens_of(text)))
    except Unreadable:
        return None


def test_rational_arithmetic_is_exact() -> None:
    texts = [
        "2^3",
        "\\sqrt{4}",
        "\\sqrt{\\frac{9}{4}}",
        "8^{2/3}",
        "\\sqrt{2}\\cdot\\sqrt{8}",
        "\\sin\\frac{\\pi}{6}",
        "0.\\overline{3}",
        "5!",
        "\\log_2 8",
    ]
    values = [value(text) for text in texts]
    assert [item and item.rational for item in values] == [
        8,
        2,
        Fraction(3, 2),
        4,
        4,
        Fraction(1, 2),
        Fraction(1, 3),
        120,
        3,
    ]


@settings(deadline=None)
@given(st.fractions())
@example(Fraction(2, 235402257))
@example(Fraction(9445756323824918295247028579, 80))
def test_a_fraction_has_the_digits_that_it_has_as_a_long_decimal(number: Fraction) -> None:
    from wethink_assets.rewards.equivalence.mathematics.arithmetic import inexact

    assert digits_of(number) == digits_of(inexact(number))


@settings(deadline=None)
@given(st.integers(2, 10**9), st.integers(2, 10**9))
def test_digits_tell_numbers_apart(one: int, other: int) -> None:
    assert (digits_of(Fraction(one, 7)) == digits_of(Fraction(other, 7))) == (one == other)
    assert (digits_of(Fraction(1, one)) == digits_of(Fraction(1, other))) == (one == other)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_term_takes_long(text: str) -> None:
    began = time.process_time()
    value(text)
    assert time.process_time() - began < 1, "a tenth of a second, and some for a machine that is busy"


def test_many_hostile_answers_from_many_threads_share_a_bounded_time() -> None:
    texts = [f"{text}+{number}" for text in HOSTILE for number in range(4)]
    began = time.process_time()
    threads = [
        threading.Thread(target=lambda part=number: [lenient("x+1", text) for text in texts[part::8]])
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.process_time() - began < 0.15 * len(texts)


def test_values_are_the_same_in_every_thread() -> None:
    texts = ["\\sin x + \\gamma!", "\\sqrt{2}+\\ln 3", "e^{x}", "\\arccos(x/9)"] * 5
    expected = [item and item.key for item in map(value, texts)]
    gathered: list[list[str | None]] = []

    def evaluate() -> None:
        keys: list[str | None] = []
        for text in texts:
            item = value_of(term_of(tokens_of(text)))
            keys.append(item.key)
        gathered.append(keys)

    threads = [threading.Thread(target=evaluate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gathered == [expected] * 6


def test_a_value_is_read_alike_whatever_the_thread_that_made_it_does() -> None:
    made: list[Value] = []

    def evaluate() -> None:
        made.extend(value_of(term_of(tokens_of(text))) for text in ("\\sqrt{3}", "\\sqrt{-3}", "1.7320508"))
        context().dps = 5  # as mpmath's own functions set it while they work

    thread = threading.Thread(target=evaluate)
    thread.start()
    thread.join()
    own = [value_of(term_of(tokens_of(text))) for text in ("\\sqrt{3}", "\\sqrt{-3}", "1.7320508")]
    for one, other in zip(made, own, strict=True):
        assert scaled(one, Fraction(1, 7)).key == scaled(other, Fraction(1, 7)).key
        assert digits_of(negative(one.at[0])) == digits_of(negative(other.at[0]))
    assert alike_values(made[0], made[2]) and not alike_values(made[0], made[1])


@settings(deadline=None, max_examples=300)
@given(st.text("xyzπe\\frac{}sqrt()^_!|0123456789+-*/., i∞%°~", max_size=60))
def test_texts_have_a_value_or_are_unreadable(text: str) -> None:
    value(text)
