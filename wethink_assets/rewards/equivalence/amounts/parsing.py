"""Amounts in short texts: a number, percentage, sum of money or value with unit, with the question's word on what form alone leaves open.

A text is an amount as a whole or not at all: what stands around the number has to be a sign, a currency, a unit or the noun that the question
counts. Hedges ("about 5", "5 or 6", "> 5", "5+") are none of these, so such a text is no amount.
"""

import re
from fractions import Fraction
from functools import lru_cache

from wethink_assets.rewards.equivalence.amounts import cues
from wethink_assets.rewards.equivalence.amounts.amount import Amount, Sense, number
from wethink_assets.rewards.equivalence.amounts.asked_unit import asked_unit
from wethink_assets.rewards.equivalence.amounts.currencies import leading_currency
from wethink_assets.rewards.equivalence.amounts.literals import LONGEST, Literal, literal_of, may_begin, whole_literal
from wethink_assets.rewards.equivalence.amounts.named import (
    SUFFIX,
    SUFFIXES,
    currency_and_rate,
    in_unit,
    money,
    money_before,
    with_currency,
    with_unit,
)
from wethink_assets.rewards.equivalence.amounts.signs import prepared
from wethink_assets.rewards.equivalence.amounts.units import meanings_of, unit_of
from wethink_assets.rewards.equivalence.normal_form import plain_answer
from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS
from wethink_assets.rewards.equivalence.reading import Asked

_PERCENT = re.compile(
    r"-?(?:(?P<mille>\u2030|per ?mille?)|(?P<points>(?:%|percent|percentage|per cent|pct\.?)[ -]?(?:points?|pts?\.?)|pp|p\.p\.)|"
    r"(?:%(?:age)?|(?:percent(?:s|age)?|per cent|pct\.?)(?![a-z])))\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[a-zA-Z]+(?:[ -][a-zA-Z]+)*")
_DECIMAL_COMMA = re.compile(r"([^,.]*\d),(\d{1,2}|\d{4,})(?!\d)([^,.]*)")
_TWICE_WRITTEN = re.compile(r"(.{1,60}?)\s*\(([^()]{1,60})\)")
_AND_CENTS = re.compile(
    r"(.{1,40}(?:dollars?|euros?|pounds?|rupees?)),? (?:and )?(.{1,40} (?:cents?|pence|paise))", re.IGNORECASE
)
_OF_A = re.compile(r"(?:of\s+)?(?:an?|the)\s+|of\s+", re.IGNORECASE)
_TIMES = re.compile(r"(?:x|X|\*|-?\s?times|-?\s?fold)(?:\s(?:as\s)?[a-z]+(?:\sthan)?)?")
_OUT_OF = re.compile(r"(?:out of|in|of) (\d{1,9})")
_ADVERBS = {"once": 1, "twice": 2, "thrice": 3}
_NUMBERING = frozenset({"none", "no", *_ADVERBS, *cues.ORDINAL_NOUNS.split("|")})
_ALONE = frozenset({"half", "none", *_ADVERBS, *NUMBER_WORDS})
"""Words that may be an amount alone."""
_ADJECTIVES = frozenset(
    [
        "red",
        "blue",
        "green",
        "yellow",
        "orange",
        "purple",
        "pink",
        "black",
        "white",
        "grey",
        "gray",
        "brown",
        "gold",
        "golden",
        "silver",
        "cyan",
        "violet",
        "beige",
        "small",
        "large",
        "big",
        "little",
        "tiny",
        "tall",
        "short",
        "round",
        "square",
        "metal",
        "metallic",
        "rubber",
        "wooden",
        "plastic",
        "glass",
        "different",
        "distinct",
        "total",
        "visible",
        "individual",
        "whole",
        "separate",
    ]
)


def amount_in(text: str, asked: Asked) -> Amount | None:
    """The amount that a text is under a question, or None.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> nothing = asked_of(None)
        >>> [amount_in(text, nothing).key for text in ("1,200", "20 percent", "$1.2M", "5 km")]
        ['1200', '20', '1200000 USD', '5000 meter']
        >>> amount_in("3-1", nothing) is None, amount_in("90", asked_of("How large is angle A?")).kind
        (True, 'quantity')
    """
    if text.isalpha() and text.casefold() not in _ALONE:
        return None
    if not text or not _possible(text):
        return _numbered(text, asked) if asked.text and text.partition(" ")[0].casefold() in _NUMBERING else None
    if len(text) > LONGEST:
        return None
    if text.isdecimal() and text.isascii():
        return _bare(whole_literal(text), asked)
    return _amount(text, asked)


def number_of(text: str) -> Fraction | None:
    """The exact number that a text is, of a percentage a hundredth, of money the amount; None for a value with unit, an ordinal or a code.

    Example:
        >>> number_of("2.5 million"), number_of("12%"), number_of("$5"), number_of("third"), number_of("two dogs")
        (Fraction(2500000, 1), Fraction(3, 25), Fraction(5, 1), None, None)
    """
    amount = amount_in(plain_answer(text), Asked())
    if amount is None or amount.kind == "quantity" or amount.senses[0].dimension == "ordinal":
        return None
    return amount.senses[0].value / (100 if amount.kind == "percentage" else 1)


def _possible(text: str) -> bool:
    if may_begin(text):
        return True
    first = text[0]
    if not first.isalpha():
        return (
            first
            in "$\u20ac\u00a3\u00a5\u20b9\u20a8\u20a9\u20bd\u20bf\u0e3f\u20ab\u20b1\u20a6\u20aa\u20ba\u20b4\u20b5\u09f3({\u2013\u2212"
        )
    return (
        first.isupper()
        and (text[1:2].isupper() or text[1:2] in ("$", "s", "p", "r"))
        and any(char.isdigit() for char in text[:12])
    )


@lru_cache(maxsize=16384)
def _amount(text: str, asked: Asked) -> Amount | None:
    ready = prepared(text)
    if ready[:1] in ("(", "{") and ready[-1:] in (")", "}") and ready[1:-1].replace(".", "", 1).lstrip("-").isdecimal():
        ready = ready[1:-1]  # a number in brackets; a currency in them would be a negative amount to some
    while ready[-1:] in (".", ",", ";") and not ready[-2:-1].isalpha():
        ready = ready[:-1].rstrip()
    amount = _read(ready, asked)
    return _read(ready[:-1], asked) if amount is None and ready[-1:] == "." else amount  # a full stop that ends no unit


def _read(ready: str, asked: Asked, *, comma: bool = True) -> Amount | None:
    currency = None
    rest = ready
    if ready[:1] not in "0123456789":
        before = leading_currency(ready)
        if before:
            currency, rest = before
    literal = literal_of(rest)
    if literal is None:
        return None
    apart = literal.rest != "" and rest[-len(literal.rest) - 1].isspace()
    amount = money_before(literal, currency, asked) if currency else _bare_or_named(literal, asked, apart)
    if amount is not None:
        return amount
    if comma and literal.rest[:1] == "," and (match := _DECIMAL_COMMA.fullmatch(ready)):
        with_point = _read(f"{match[1]}.{match[2]}{match[3]}", asked, comma=False)
        return with_point if with_point and with_point.kind != "number" else None
    if comma and (together := _AND_CENTS.fullmatch(ready)):
        large, small = _read(together[1], asked, comma=False), _read(together[2], asked, comma=False)
        if large and small and small.kind == "money" and small.senses[0].unit in [sense.unit for sense in large.senses]:
            total = large.senses[0].value + small.senses[0].value
            return money(Literal(total, "words", ""), total, small.senses[0].unit, "", asked)
    if (twice := _TWICE_WRITTEN.fullmatch(ready)) and comma:
        once, again = _read(twice[1], asked, comma=False), _read(twice[2], asked, comma=False)
        if (
            once
            and again
            and (once.kind, once.senses[0].base, once.senses[0].dimension)
            == (again.kind, again.senses[0].base, again.senses[0].dimension)
        ):
            return once
    return None


def _bare_or_named(literal: Literal, asked: Asked, apart: bool) -> Amount | None:
    rest = literal.rest
    if not rest:
        return _bare(literal, asked)
    if literal.form == "ordinal":
        return _ordinal(literal, asked)
    match = _PERCENT.fullmatch(rest)
    if match:
        return _percentage(literal, match, asked)
    share = _OUT_OF.fullmatch(rest)
    if share and literal.value.denominator == 1 and int(share[1]) and cues.asks_fraction(asked):
        return number(Literal(literal.value / int(share[1]), "fraction", ""))
    if (
        literal.form in ("slash", "fraction", "words")
        and cues.asks_fraction(asked)
        and cues.said_by_question(rest, asked)
    ):
        return _bare(literal._replace(rest=""), asked)
    if literal.form == "words" and (of := _OF_A.match(rest)):
        rest = rest[of.end() :]
    if rest[0] == "-" and rest[1:2].isalpha():
        rest = rest[1:]
    return (
        _suffixed(literal, rest, asked, apart)
        or with_currency(literal, rest, asked)
        or with_unit(literal, rest, asked, apart)
        or _counted(literal, rest, asked)
    )


def _bare(literal: Literal, asked: Asked) -> Amount | None:
    if literal.form == "ordinal":
        return _ordinal(literal, asked)
    if literal.form == "slash":
        return _slash(literal, asked)
    if not asked.text:
        if (literal.text and len(literal.text.lstrip("-")) != 2) or literal.text == "00":
            return number(literal, key=f"{literal.text} as written")
        return number(literal)
    unit = asked_unit(asked)
    share = literal.form == "fraction" or (literal.form == "words" and literal.value.denominator > 1)
    if unit is not None and not (unit.kind == "percentage" and share):
        return in_unit(literal, unit)
    if literal.text and not cues.asks_count(asked) and (len(literal.text.lstrip("-")) != 2 or literal.text == "00"):
        return number(literal, key=f"{literal.text} as written")
    return number(literal)


def _slash(literal: Literal, asked: Asked) -> Amount | None:
    """`3/4`, where the question makes it no code; not worked out to a whole number unless the question calculates."""
    if cues.slash_is_code(asked):
        return None
    unit = asked_unit(asked) if asked.text else None
    if unit is not None and unit.kind != "percentage":
        return in_unit(literal, unit)
    if literal.value.denominator == 1 and not cues.is_mathematical(asked):
        return number(literal, key=f"{literal.text or literal.value} as written")
    return number(literal)


def _ordinal(literal: Literal, asked: Asked) -> Amount | None:
    nouns = cues.ordinal_nouns(asked) if asked.text else None
    rest = literal.rest.casefold()
    if nouns is not None and (not rest or rest in nouns):
        return number(literal)
    if rest:
        return None
    return Amount("number", f"{literal.value} ordinal", (Sense(literal.value, "ordinal", "ordinal"),), literal)


@lru_cache(maxsize=8192)
def _numbered(text: str, asked: Asked) -> Amount | None:
    """`Floor 3` where the question asks for a floor, `none` and `no dogs` where it counts dogs, `twice` where it asks how often."""
    first, _, rest = text.partition(" ")
    word = first.casefold()
    if not rest and word in _ADVERBS:
        return number(Literal(Fraction(_ADVERBS[word]), "words", "")) if cues.asks_times(asked) else None
    if word in ("none", "no") and (rest or word == "none"):
        nouns = cues.counted_nouns(asked)
        if nouns and (
            not rest
            or (
                len(rest) < 60
                and all(cues.stem(noun) in cues.stems(asked) for noun in rest.casefold().rstrip(".").split())
            )
        ):
            return _bare(Literal(Fraction(0), "words", ""), asked)
        return None
    if not rest[:1].isalnum() or len(text) > 40:
        return None
    nouns = cues.ordinal_nouns(asked)
    if nouns is None or word not in nouns or not may_begin(rest):
        return None
    literal = literal_of(rest)
    return (
        number(literal)
        if literal and not literal.rest and literal.form in ("decimal", "words") and not literal.text
        else None
    )


def _percentage(literal: Literal, match: re.Match[str], asked: Asked) -> Amount | None:
    rest = match["rest"].strip()
    if rest and not cues.said_by_question(rest, asked):
        return None
    value = literal.value / 10 if match["mille"] else literal.value
    note = "points" if match["points"] and not cues.names_points(asked) else ""
    return Amount("percentage", f"{value} {note}".strip(), (Sense(value, "%", "%"),), literal, note)


def _suffixed(literal: Literal, rest: str, asked: Asked, apart: bool) -> Amount | None:
    """`10k`, `2.5M`, `1.2B` as plain counts, or money where the question asks for it; with a space, or for what may be a unit, it is none."""
    suffix = SUFFIX.match(rest)
    if suffix is None or literal.form not in ("decimal", "words") or literal.text:
        return None
    letter, after = suffix[1], suffix[2]
    unit = asked_unit(asked) if asked.text else None
    paid = currency_and_rate(after) if after else (None, None)
    if letter in ("m", "b", "mil", "T") and not (paid[0] or (unit and unit.kind == "money")):
        return None
    if unit is not None and unit.kind == "quantity" and (unit_of(letter) or meanings_of(letter)):
        return None
    if (
        letter in ("K", "M", "B")
        and not after
        and (apart or cues.may_be_unit(asked, letter))
        and not (unit and unit.kind == "money")
    ):
        return None
    factor = SUFFIXES[letter]
    scaled = Literal(literal.value * factor, "decimal", after, literal.step * factor, literal.significant)
    if after:
        if paid[0]:
            return money(scaled, scaled.value * paid[0][1], paid[0][0], paid[1] or "", asked)
        return _counted(scaled, after, asked)
    return _bare(scaled, asked)


def _counted(literal: Literal, rest: str, asked: Asked) -> Amount | None:
    """A number with the noun that the question counts; adjectives that it doesn't name are a note."""
    if not asked.text or len(rest) > 80:
        return None
    if cues.asks_times(asked) and _TIMES.fullmatch(rest):
        return number(literal)
    rest = rest.casefold().rstrip(".")
    if rest in ("people", "inhabitants", "residents") and "population" in asked.folded:
        return _bare(literal._replace(rest=""), asked)
    nouns = cues.counted_nouns(asked)
    if not nouns or not _WORDS.fullmatch(rest):
        return None
    words = [cues.stem(word) for word in rest.split()]
    known = cues.stems(asked)
    if all(word in known or word in ("the", "of", "in", "are", "is", "there") for word in words):
        if (
            not any(word in nouns for word in words)
            or "or" in words
            or "and" in words
            or "not" in words
            or "no" in words
        ):
            return None
        return _bare(literal._replace(rest="", text=""), asked)
    if words[-1] in nouns and all(word in nouns or word in _ADJECTIVES for word in words[:-1]):
        return number(literal, " ".join(word for word in words[:-1] if word not in known))
    return None
