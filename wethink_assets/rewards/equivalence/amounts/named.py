"""Amounts with a name behind or before the number: money by currency, values by unit, also in several units (`5 ft 3 in`)."""

import re
from fractions import Fraction

from wethink_assets.rewards.equivalence.amounts import cues
from wethink_assets.rewards.equivalence.amounts.amount import Amount, Sense
from wethink_assets.rewards.equivalence.amounts.asked_unit import AskedUnit, asked_unit
from wethink_assets.rewards.equivalence.amounts.currencies import currency_named, joint_currency
from wethink_assets.rewards.equivalence.amounts.literals import Literal, literal_of
from wethink_assets.rewards.equivalence.amounts.units import further_meanings, in_base, meanings_of, unit_of
from wethink_assets.rewards.equivalence.reading import Asked

SUFFIX = re.compile(r"(k|K|M|B|T|m|b|mil)\b\.?\s*(.*)")
SUFFIXES = {"k": 1000, "K": 1000, "M": 10**6, "m": 10**6, "mil": 10**6, "B": 10**9, "b": 10**9, "T": 10**12}
_UNIT_WORD = re.compile(
    r"-?\s*(?:(square|sq\.?|cubic|cu\.?)\s+)?units?\s?(?:\^\s?\{?([23])\}?|(squared|cubed))?", re.IGNORECASE
)
_RATE = re.compile(r"\s*(?:/|per\b|an?\b(?=\s)|each\b)\s*((?:[a-zA-Z]+\.?(?:\s[a-zA-Z]+)?)?)", re.IGNORECASE)
_RATES = {
    "mo": "month",
    "yr": "year",
    "hr": "hour",
    "h": "hour",
    "wk": "week",
    "ea": "each",
    "each": "each",
    "lb": "pound",
    "pc": "piece",
    "ppl": "person",
}
_COMPOUND = re.compile(r"([a-zA-Z'\"\u00b0\u2032\u2033.]+?)\s*[-,]?\s*(?:and\s+)?(\d.*)")
_AROUND = re.compile(
    r"(?:long|wide|tall|high|deep|thick|away|apart|in (?:length|width|height|depth|diameter|total|all)|total|altogether|each)"
)


def in_unit(literal: Literal, unit: AskedUnit) -> Amount | None:
    """A bare number in the unit that the question asks for."""
    if unit.kind == "percentage":
        return Amount("percentage", str(literal.value), (Sense(literal.value, "%", "%"),), literal)
    if unit.kind == "money":
        value = literal.value * unit.part
        return Amount("money", f"{value} {unit.unit}", (Sense(value, unit.unit, unit.unit),), literal)
    return quantity(literal, unit.unit)


def money(literal: Literal, value: Fraction, currency: str, rate: str, asked: Asked) -> Amount:
    """An amount of money; what it is paid for (`per hour`) is a note unless the question says it."""
    note = f"/{rate}" if rate and cues.stem(rate) not in cues.stems(asked) else ""
    return Amount("money", f"{value} {currency}{note}", (Sense(value, currency, currency),), literal, note)


def money_before(literal: Literal, currency: str, asked: Asked) -> Amount | None:
    """An amount whose currency stands before the number."""
    if literal.form in ("ordinal", "slash"):
        return None
    value, rest = literal.value, literal.rest
    suffix = SUFFIX.match(rest)
    if suffix and literal.form == "decimal":
        factor = SUFFIXES[suffix[1]]
        literal = Literal(value * factor, "decimal", suffix[2], literal.step * factor, literal.significant)
        value, rest = literal.value, suffix[2]
    if rest:
        after, rate = currency_and_rate(rest)
        if after:
            joint = joint_currency(currency, after[0]) if after[1] == 1 else None
            if joint is None:
                return None
            currency = joint
        elif rate is None:
            return None
        return money(literal, value, currency, rate or "", asked)
    return money(literal, value, currency, "", asked)


def currency_and_rate(rest: str) -> tuple[tuple[str, Fraction] | None, str | None]:
    """The currency after an amount and what it is paid for (`5 dollars per hour`: dollars, hour); (None, None) for any other text."""
    after = currency_named(rest)
    if after:
        return after, ""
    for match in _RATE.finditer(rest):
        if match.end() == len(rest) and (match[1] or match[0].strip().casefold() == "each"):
            named = rest[: match.start()].strip()
            after = currency_named(named) if named else None
            if named and not after:
                return None, None
            word = (match[1] or "each").casefold().rstrip(".")
            return after, cues.stem(_RATES.get(word, word))
    return None, None


def with_currency(literal: Literal, rest: str, asked: Asked) -> Amount | None:
    """An amount whose currency follows the number."""
    if rest[0] == "p" and len(rest) == 1 and literal.form == "decimal":
        return money(literal, literal.value / 100, "GBP", "", asked)
    if cues.pounds_are_money(asked) and rest.casefold() in ("pounds", "pound"):
        return money(literal, literal.value, "GBP", "", asked)
    named, rate = currency_and_rate(rest)
    if named is None:
        return None
    return money(literal, literal.value * named[1], named[0], rate or "", asked)


def _sense(value: Fraction, unit: str) -> Sense | None:
    if unit.isupper():
        return Sense(value, unit, unit)
    base = in_base(unit)
    return base and Sense(value, unit, base[2], base[0], base[1])


def quantity(literal: Literal, unit: str, note: str = "", further: tuple[str, ...] = ()) -> Amount | None:
    """A value in a unit, and in what else the unit's name may mean."""
    senses = tuple(filter(None, (_sense(literal.value, meaning) for meaning in (unit, *further))))
    if not senses:
        return None
    return Amount("quantity", f"{senses[0].base} {senses[0].dimension}{note and ' ' + note}", senses, literal, note)


def with_unit(literal: Literal, rest: str, asked: Asked, apart: bool) -> Amount | None:
    """A value whose unit follows the number; `apart`: after a space."""
    if literal.form == "power" and literal.significant == 0 and not apart and len(rest) == 1:
        return None  # a term as 3^2x is no value with unit
    plain = _UNIT_WORD.fullmatch(rest)
    if plain:
        power = plain[1] or plain[2] or plain[3] or "1"
        note = f"unit {2 if power[0] in 'sS2' else 3 if power != '1' else 1}"
        return Amount(
            "number", f"{literal.value}{'' if power == '1' else ' ' + note}", (Sense(literal.value),), literal, note
        )
    for text, note in _without_around(rest, asked):
        amount = _with_one_unit(literal, text, note, asked)
        if amount is not None:
            return amount
    return _compound(literal, rest)


def _without_around(rest: str, asked: Asked) -> list[tuple[str, str]]:
    """A unit's text as it is, and without words behind it that the question makes superfluous; they are a note where no question is known."""
    texts = [(rest, "")]
    words = rest.split(" ")
    for many in range(1, min(len(words), 4)):
        behind = " ".join(words[many:])
        known = _AROUND.fullmatch(behind)
        if known or cues.said_by_question(behind, asked):
            texts.append((" ".join(words[:many]), behind if known and not asked.text else ""))
    return texts


def _with_one_unit(literal: Literal, rest: str, note: str, asked: Asked) -> Amount | None:
    unit, meanings = unit_of(rest), meanings_of(rest)
    asked_for = asked_unit(asked) if asked.text else None
    if unit == "degree" and asked.text:
        if asked_for is not None and asked_for.unit in ("degC", "degF"):
            return quantity(literal, asked_for.unit, note)
        return quantity(literal, unit, note, ("degC", "degF") if cues.asks_temperature(asked) else ())
    if asked_for is not None and asked_for.unit in meanings:
        return quantity(literal, asked_for.unit, note)
    if rest in ("C", "F") and cues.asks_temperature(asked):
        return quantity(literal, meanings[0], note)
    if unit is None and len(meanings) == 1:
        unit = meanings[0]
    amount = quantity(literal, unit, note, further_meanings(rest)) if unit else None
    if unit is None and meanings:
        amount = quantity(literal, meanings[0], note, meanings[1:])
    if amount is None:
        return None
    key = amount.key if unit else f"{literal.value} ?{rest}{note and ' ' + note}"
    senses = amount.senses
    if rest in ("K", "M", "B"):
        senses = (*senses, Sense(literal.value * SUFFIXES[rest]))
    return Amount("quantity", key, senses, literal, note)


def _compound(literal: Literal, rest: str) -> Amount | None:
    """A value in several units of one dimension, the larger first: `5 ft 3 in`, `5'3"`, `3 lb 4 oz`, `45\u00b030'`."""
    total, parts, dimension, smaller = Fraction(0), 0, "", Fraction(0)
    unit_name = ""
    current, left = literal, rest
    while parts < 4:
        match = _COMPOUND.fullmatch(left)
        named = (match[1] if match else left).strip()
        if dimension == "degree" or (parts and unit_name == "degree"):
            named = {"'": "arcminute", '"': "arcsecond"}.get(named, named)
        elif parts == 1 and unit_name == "foot" and named == "''":
            named = '"'
        if not named and parts == 1 and unit_name == "foot":
            named = "in"
        unit = unit_of(named)
        base = in_base(unit) if unit else None
        if unit is None or base is None or base[1] or current.value < 0 < parts:
            return None
        if parts and (base[2] != dimension or base[0] >= smaller):
            return None
        if match and current.form != "decimal" and current.value.denominator != 1:
            return None
        total += current.value * base[0] if total >= 0 else -current.value * base[0]
        dimension, smaller, parts, unit_name = base[2], base[0], parts + 1, unit
        if match is None:
            break
        following = literal_of(match[2])
        if following is None:
            return None
        current, left = following, following.rest
        if not left and unit_name != "foot":
            return None
    if parts < 2:
        return None
    first = unit_of((_COMPOUND.fullmatch(rest) or [rest, rest])[1].strip()) or ""
    start = in_base(first)
    if start is None:
        return None
    sense = Sense(total / start[0], first, dimension, start[0])
    return Amount("quantity", f"{total} {dimension}", (sense,), Literal(sense.value, "words", ""))
