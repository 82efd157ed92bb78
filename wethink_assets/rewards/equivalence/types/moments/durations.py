"""Durations: in seconds, in months where they are of months and years, or in both."""

import re
from fractions import Fraction

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.cues import Cues, cues_of
from wethink_assets.rewards.equivalence.types.shapes import shape_of

LONGEST = 60
"""Characters of a duration that are read."""
_SECONDS = {
    "ms": Fraction(1, 1000), "second": Fraction(1), "minute": Fraction(60), "hour": Fraction(3600), "day": Fraction(86400),
    "week": Fraction(604800), "fortnight": Fraction(1209600),
}  # fmt: skip
_MONTHS = {"month": 1, "year": 12, "decade": 120, "century": 1200}
_NAMES = {
    "ms": "ms", "msec": "ms", "millisecond": "ms", "s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "hr": "hour",
    "d": "day", "wk": "week", "mo": "month", "mth": "month", "y": "year", "yr": "year", "centurie": "century", "''": "second", "'": "minute",
} | {name: name for name in (*_SECONDS, *_MONTHS)}  # fmt: skip
_AMOUNT = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,9})?|\d{1,9} \d{1,3}/\d{1,3}|\d{1,6}/\d{1,6}|\d{1,15}(?:\.\d{1,9})?|\.\d{1,9}"
_UNITS = "|".join(sorted((re.escape(name) for name in _NAMES), key=len, reverse=True))
_PARTS = re.compile(rf"({_AMOUNT})(?: (thousand|million|billion))?[\s-]?({_UNITS})s?(?![a-z])\.?")
_JOINT = re.compile(r"\s?(?:,|and|&|,\s?and)?\s?")
_COLONS = re.compile(
    r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:\.\d{1,6})?)\s?(h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)?\b\.?"
)
_FRENCH = re.compile(r"(\d{1,3})\s?h\s?(\d{2})")
_HALVES = (
    (re.compile(r"\bhalf an? "), "1/2 "),
    (re.compile(r"\b(?:a )?quarter of an? "), "1/4 "),
    (re.compile(r"\bthree[- ]quarters of an? "), "3/4 "),
    (re.compile(r"\b(an?|one|\d+) (\w+) and a half$"), r"\1 and a half \2"),
    (re.compile(r"\b(?:an?|one) and a half "), "1 1/2 "),
    (re.compile(r"\b(\w+) and a half "), r"\1 1/2 "),
    (re.compile(r"^an? (?=(?:second|minute|hour|day|week|fortnight|month|year|decade|century)$)"), "1 "),
)
_TAIL = re.compile(r"(?:[\s-](?:old|long|of age|in total|in length|duration))$")
_TIMED = re.compile(
    r"sec|min|hour|hr|day|week|wk|month|mo|year|yr|decade|centur|fortnight|\d\s?(?:ms|[smhdy])\b|:\d|h\d|\d'",
    re.IGNORECASE,
)
_SINGLE = re.compile(r"\d\s?[MHSDY]\b")
_NUMBER = re.compile(rf"(?:{_AMOUNT})(?: (?:thousand|million|billion))?")
_OF_HOURS = re.compile(
    r"\b(?:flights?|films?|movies?|journeys?|trips?|drives?|travel|marathon|meetings?|shifts?|sleep|train|bus)\b"
)
_OF_MINUTES = re.compile(r"\b(?:songs?|tracks?|videos?|clips?|laps?|mile|calls?|pole|sprint|metres?|meters?|swim)\b")


def read_duration(written: Written, asked: Asked) -> Reading | None:
    """A duration in months, seconds or both; a bare number is one where the question names its unit.

    Months and years are never converted to days.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_duration(Written(text), asked_of(None)).key for text in ("2 h 30 min", "2.5 hours", "18 months")]
        ['9000 s', '9000 s', '18 months']
        >>> read_duration(Written("150"), asked_of("How many minutes does it take?")).key
        '9000 s'
    """
    said = written.said
    if len(said) > LONGEST:
        return None
    cues = cues_of(asked)
    shape = shape_of(said)
    if not (shape.figures or shape.spoken) or (shape.number and not cues.unit):
        return None
    if said.isdecimal():
        return _reading(_amount(said, cues.unit)) if cues.unit else None
    if said.isalpha():
        word = said.casefold()
        return _reading(_amount(spelled_out([word])[0], cues.unit)) if cues.unit and word in NUMBER_WORDS else None
    if not cues.unit and _TIMED.search(said) is None:
        return None
    if _SINGLE.search(said) and "h" not in said:
        return None
    folded = _TAIL.sub("", written.folded).replace('"', "''")
    if not any(char.isdecimal() for char in folded):
        words = folded.replace("-", " ").split()
        if NUMBER_WORDS.isdisjoint(words) and words[0] not in ("a", "an", "half"):
            return None
    text = folded
    if " half" in text or text.startswith(("half", "a ", "an ", "quarter", "three")):
        for pattern, written_so in _HALVES:
            text = pattern.sub(written_so, text)
    tokens = text.split()
    if not NUMBER_WORDS.isdisjoint(re.split(r"[\s-]", text)) and not {"thousand", "million", "billion"} & set(tokens):
        text = " ".join(spelled_out(text.replace("-", " ").split()))
    if cues.unit and _NUMBER.fullmatch(text):
        return _reading(_amount(text, cues.unit))
    colons = _COLONS.fullmatch(text)
    if colons:
        return _colons(colons, cues, asked)
    french = _FRENCH.fullmatch(text)
    if french and int(french[2]) < 60:
        return _reading((0, Fraction(int(french[1]) * 3600 + int(french[2]) * 60)))
    return _reading(_parts(text, cues))


def _reading(value: tuple[int | Fraction, Fraction] | None) -> Reading | None:
    if value is None:
        return None
    months, seconds = value
    terms = ([f"{months} months"] if months or not seconds else []) + ([f"{seconds} s"] if seconds else [])
    return Reading("duration", " ".join(terms) if months or seconds else "0", value)


def _amount(text: str, unit: str, scale: str | None = None) -> tuple[Fraction, Fraction] | None:
    number, _, word = text.partition(" ")
    if word in ("thousand", "million", "billion"):
        text, scale = number, word
    whole, _, rest = text.replace(",", "").rpartition(" ")
    if not rest[-1:].isdecimal() or ("/" in rest and int(rest.partition("/")[2]) == 0):
        return None
    value = (Fraction(rest) + int(whole or 0)) * {"thousand": 10**3, "million": 10**6, "billion": 10**9}.get(
        scale or "", 1
    )
    if unit in _MONTHS:
        return value * _MONTHS[unit], Fraction(0)
    return Fraction(0), value * _SECONDS[unit]


def _parts(text: str, cues: Cues) -> tuple[Fraction, Fraction] | None:
    position, months, seconds = 0, Fraction(0), Fraction(0)
    units: list[str] = []
    while position < len(text):
        if units:
            joint = _JOINT.match(text, position)
            position = joint.end() if joint else position
        match = _PARTS.match(text, position)
        if match is None:
            return None
        unit = _NAMES[match[3]]
        value = _amount(match[1], unit, match[2])
        name = "m" if match[3] == "m" else unit
        if value is None or name in units:
            return None
        if match[3] in ("'", "''") and cues.head != "duration":
            return None
        months, seconds = months + value[0], seconds + value[1]
        units.append(name)
        position = match.end()
    if "m" in units and len(units) == 1:
        return None  # metres
    return (months, seconds) if units else None


def _colons(match: re.Match[str], cues: Cues, asked: Asked) -> Reading | None:
    first, middle, last, unit = match[1], match[2], match[3], (match[4] or "")[:1]
    if not (unit or "." in last or cues.head == "duration") or Fraction(last) >= 60 or (first and int(middle) >= 60):
        return None
    if first:
        return _reading((0, int(first) * 3600 + int(middle) * 60 + Fraction(last)))
    if not unit and "." not in last:
        unit = {"hour": "h", "minute": "m", "second": "m"}.get(cues.unit, "")
        if not unit:
            of_hours, of_minutes = _OF_HOURS.search(asked.folded), _OF_MINUTES.search(asked.folded)
            unit = "h" if of_hours and not of_minutes else ("m" if of_minutes and not of_hours else "")
        if not unit:
            return Reading("duration", f"{int(middle)}:{last}")
    return _reading((0, (int(middle) * 60 + Fraction(last)) * (60 if unit == "h" else 1)))


def alike_duration(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a duration is within the relative tolerance that the question allows; whole units that it counts are exact."""
    one, other = gold.reading.value, candidate.reading.value
    if not allowed.tolerance or candidate.reading.type != "duration" or one is None or other is None:
        return False
    if "how many" in asked.folded and gold.written.said.isdecimal():
        return False
    return all(abs(b - a) <= allowed.tolerance * abs(a) for a, b in zip(one, other, strict=True))


DURATION = AnswerType("duration", "math", read_duration, alike_duration)
