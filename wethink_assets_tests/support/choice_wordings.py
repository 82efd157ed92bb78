"""Wordings in which models choose an option, and those that choose none, with the options that they are tried with.

In a wording `{L}` and `{l}` stand for the letter and `{t}` for the text of the option that is meant (`{T}`: with a capital), `{M}`, `{m}` and `{u}`
for those of another one, `{N}` for a third letter.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from wethink_assets.kinds import LETTERS

_WORDINGS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="ascii"))
CHOOSING: list[str] = _WORDINGS["choosing"]
NOT_CHOOSING: list[str] = _WORDINGS["not choosing"]
OPTIONS = [
    ["red", "blue", "green", "yellow"],
    ["dog", "cat", "horse", "cow"],
    ["5 cm", "6 cm", "7 cm", "8 cm"],
    ["12", "15", "18", "21"],
    ["The dog runs", "The cat sleeps", "A horse eats", "Nobody moves"],
    ["\\sqrt{3}", "3", "\\frac{1}{2}", "2"],
    ["a red car", "a blue car", "a red bus", "no car"],
    ["Paris", "London", "New York", "Rome", "Berlin", "Tokyo", "Oslo", "Lima", "Cairo", "Delhi", "Kyoto", "Quito"],
    ["Yes", "No"],
    ["50%", "60%", "70%"],
    ["Increase", "Decrease", "Not changed"],
]


def choosing() -> Iterator[tuple[str, list[str], str]]:
    """Answers that choose an option, with all options and the letter that is meant."""
    for options in OPTIONS:
        for letter, text in zip(LETTERS, options, strict=False):
            for wording in CHOOSING:
                yield wording.format(L=letter, l=letter.lower(), t=text, T=text[0].upper() + text[1:]), options, letter


def not_choosing() -> Iterator[tuple[str, list[str]]]:
    """Answers that choose no option, or that name one against its text, with all options; the other is a neighbour."""
    for options in OPTIONS:
        named = list(zip(LETTERS, options, strict=False))
        for place, (letter, text) in enumerate(named):
            for other, another in {named[place - 1], named[(place + 1) % len(named)]}:
                third = next((mark for mark, _ in named if mark not in (letter, other)), other)
                marks = {
                    "L": letter,
                    "l": letter.lower(),
                    "M": other,
                    "m": other.lower(),
                    "N": third,
                    "t": text,
                    "u": another,
                }
                for wording in NOT_CHOOSING:
                    yield wording.format(**marks), options
