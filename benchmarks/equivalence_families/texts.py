"""Texts that are dressed, encoded or worded otherwise."""

import random
import unicodedata
from collections.abc import Callable, Iterator

from equivalence_families.case import Case

NOUNS = [
    "circle", "bus stop", "left hand", "Golden Gate Bridge", "traffic light", "oak tree", "tennis racket", "top-left corner", "fire hydrant",
    "violin",
    "glass of water", "stop sign", "red umbrella", "coffee mug", "polar bear", "school bus", "wooden chair", "blue whale", "light bulb",
    "kitchen sink", "Mona Lisa", "mountain bike", "snow leopard", "pine cone",
]  # fmt: skip
ACCENTED = [
    "caf\u00e9", "na\u00efve", "Z\u00fcrich", "S\u00e3o Paulo", "\u00c5ngstr\u00f6m", "jalape\u00f1o", "Cr\u00e8me br\u00fbl\u00e9e", "Malm\u00f6",
]  # fmt: skip
RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"


def wording(rng: random.Random) -> Iterator[Case]:
    """Case, articles, punctuation and white space do not count; another noun, or one word more or less, does."""
    dresses: list[Callable[[str], str]] = [
        str.upper, str.title, lambda t: f"The {t}.", lambda t: f"  {t} ", lambda t: f'"{t}"', lambda t: f"**{t}**", lambda t: f"a {t}",
        lambda t: t.replace(" ", "  "), lambda t: f"{t}!", lambda t: f"$\\text{{{t}}}$", lambda t: f"\\boxed{{{t}}}", lambda t: f"`{t.lower()}`",
    ]  # fmt: skip
    for noun in NOUNS:
        for dress in rng.sample(dresses, 4):
            yield noun, dress(noun), True
        other = rng.choice([word for word in NOUNS if word != noun])
        yield noun, rng.choice(dresses)(other), False
        yield noun, f"not a {noun}", False
        yield noun, f"{noun} and {other}", False
        yield noun, f"{noun}, or maybe a {other}", False


def unicode_words(rng: random.Random) -> Iterator[Case]:
    """One word in several encodings."""
    for word in ACCENTED:
        yield word, unicodedata.normalize("NFD", word), True
        yield word, unicodedata.normalize("NFD", word.upper()), True
        yield word, word[:-1], False


def unicode_figures(rng: random.Random) -> Iterator[Case]:
    """Numbers in figures of several kinds; signs that only look alike are others."""
    for number in (7, 12, 305, 2048, 96):
        wide = "".join(chr(0xFEE0 + ord(digit)) for digit in str(number))
        yield str(number), wide, True
        yield str(number + 1), wide, False
        yield f"-{number}", f"\u2212{number}", True
        yield f"-{number}", f"\u2013{number}", True
        power = number % 8 + 2
        yield f"10^{power}", f"10{RAISED[power]}", True
        yield f"10{power}", f"10{RAISED[power]}", False
    for part, value in (("\u00bd", "1/2"), ("\u00bc", "0.25"), ("\u00be", "3/4"), ("\u2153", "1/3")):
        yield value, part, True
        yield value, f"1{part}", False
    yield "2.5", "2\u00bd", True
    yield "21/2", "2\u00bd", False
