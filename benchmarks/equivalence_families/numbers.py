"""Numbers in words, digits, fractions, powers and percentages."""

import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from equivalence_families.case import Case
from wethink_assets_tests.support.answer_pools.amounts import decimal, spelled

WHOLE = [*range(22), 30, 42, 99, 100, 105, 110, 219, 500, 999, 1000, 1001, 1200, 2024, 40_000, 65_536, 120_305, 999_999]
ROUND = {3_000_000: "3 million", 2_500_000: "2.5 million", 7_000_000_000: "seven billion", 24: "two dozen", 1200: "1.2 thousand"}  # fmt: skip
ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 12: "twelfth", 20: "twentieth", 21: "twenty-first"}  # fmt: skip
ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st"}


def number_words(rng: random.Random) -> Iterator[Case]:
    """Whole numbers in words against digits, and against their neighbours."""
    for number in WHOLE:
        word = spelled(number)
        yield str(number), word, True
        yield word, f"{word.capitalize()}.", True
        yield f"{number:,}", word, True
        yield str(number + rng.choice([1, 10, 100])), word, False
        yield str(number * 10 + 10), word, False
    for number, word in ROUND.items():
        yield str(number), word, True
        yield f"{number:,}", word, True
        yield str(number * 10), word, False
        yield str(number // 1000), word, False


def thousands(rng: random.Random) -> Iterator[Case]:
    """Separators of thousands; a digit more, less or changed."""
    for _ in range(25):
        number = rng.randint(1000, 99_999_999)
        written = f"{number:,}"
        yield str(number), written, True
        yield written, written.replace(",", " "), True
        yield written, f"{number}.00", True
        text = list(str(number))
        text[-1] = str((int(text[-1]) + 1) % 10)
        yield written, "".join(text), False
        yield written, str(number)[:-1], False
        yield written, f"{str(number)[:-3]}.{str(number)[-3:]}1", False


def decimals(rng: random.Random) -> Iterator[Case]:
    """Fractions, decimals, mixed numbers and powers of ten of one value; neighbours, inverses and roundings to two digits."""
    for _ in range(30):
        below = rng.choice([2, 4, 5, 8, 10, 16, 20, 25])
        value = Fraction(rng.randint(1, 99), below)
        if value.denominator == 1:
            value += Fraction(1, below)
        top, bottom = value.numerator, value.denominator
        written = decimal(value)
        yield f"{top}/{bottom}", written, True
        yield written, f"\\frac{{{top}}}{{{bottom}}}", True
        yield written, f"{written}0", True
        yield written, f"$\\dfrac{{{3 * top}}}{{{3 * bottom}}}$", True
        yield written, f"\\frac{{{bottom}}}{{{top}}}", False
        yield f"{top}/{bottom}", decimal(value + Fraction(1, 100)), False
        yield written, f"-{written}", False
        if top > bottom:
            yield written, f"{top // bottom} {top % bottom}/{bottom}", True
            yield written, f"{top // bottom + 1} {top % bottom}/{bottom}", False
    for top, bottom in ((1, 3), (2, 3), (5, 6), (1, 7), (4, 9), (7, 11)):
        exact = Fraction(top, bottom)
        yield f"{top}/{bottom}", f"{float(exact):.5f}", True
        yield f"{top}/{bottom}", f"{float(exact):.1f}", False
        yield f"\\frac{{{top}}}{{{bottom}}}", f"{float(exact) + 0.001:.5f}", False
    for mantissa, power in (("3", 4), ("1.5", 6), ("6.02", 8), ("2.5", 3), ("9.1", 5)):
        number = str(int(Decimal(mantissa) * 10**power))
        yield number, f"{mantissa} \\times 10^{{{power}}}", True
        yield number, f"{mantissa} x 10^{power}", True
        yield number, f"{mantissa}e{power}", True
        yield number, f"{mantissa} \u00d7 10^{power + 1}", False


def percentages(rng: random.Random) -> Iterator[Case]:
    """A percentage is a hundredth; without its sign it is another number."""
    for _ in range(20):
        share = rng.randint(1, 99)
        yield f"{share}%", f"{share} %", True
        yield f"{share}%", f"{share} percent", True
        yield f"{share}%", decimal(Fraction(share, 100)), True
        yield f"\\frac{{{share}}}{{100}}", f"{share}\\%", True
        yield f"{share}%", str(share), False
        yield f"{share}%", f"{share + 1}%", False
        yield f"{share}%", decimal(Fraction(share, 1000)), False


def percent_asked(rng: random.Random) -> Iterator[Case]:
    """Where the question asks for a percentage, its sign may be left out."""
    for _ in range(10):
        share = rng.randint(2, 98)
        yield f"{share}%", str(share), True
        yield str(share), f"{share} percent", True
        yield f"{share}%", str(share + 1), False
        yield f"{share}%", f"{share * 10}", False


def ordinals(rng: random.Random) -> Iterator[Case]:
    """Ordinals in words and figures."""
    for number, word in ORDINALS.items():
        yield f"{number}{ENDINGS.get(number, 'th')}", word, True
        yield word, f"The {word.upper()}", True
        yield f"{number + 3}th", word, False
