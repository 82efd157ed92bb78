"""Times of day and durations.

A clock reading that says no half of the day is read by the clock of twenty-four hours: `3:30` is `3:30 am`, and `3:30 pm` is `15:30`.
"""

import re
from fractions import Fraction

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, UNITS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.cues import Cues, cues_of

LONGEST = 60
"""Characters of a time or duration that are read."""
_HALF = r"(?:\s?([ap])\.?\s?m\b\.?)"
_CLOCK = re.compile(rf"(\d{{1,2}})(?:[:h.](\d{{2}})(?::(\d{{2}}))?)?{_HALF}?")
_MILITARY = re.compile(r"([01]\d|2[0-4]):?([0-5]\d)\s?(?:hours|hrs\.?|h)")
_ZONE = re.compile(r"\s?\(?\b((?:e[sd]?|c[sd]?|m[sd]?|p[sd]?)t|gmt|utc|cet|cest|bst|ist|jst|z)\b((?:\s?[+-]\d{1,2}(?::?\d{2})?)?)\)?$")
_PHRASE = re.compile(r"\s(?:in the (morning|afternoon|evening)|at (night))$")
_OCLOCK = re.compile(r"\s?o'?\s?clock\b")
_PAST = re.compile(r"(?:(half)|(quarter|\d{1,2}))(?:\sminutes?|\smins?)? (past|after|to|before|till|of) (\d{1,2})")
_NOON = {"noon": (12, 0, 0), "midday": (12, 0, 0), "12 noon": (12, 0, 0), "midnight": (0, 0, 0), "12 midnight": (0, 0, 0), "12:00 noon": (12, 0, 0)}
_SPAN = re.compile(r"\s?-\s?|\s(?:to|until|till|through)\s")
_NO_CLOCK = frozenset(["score", "ratio", "odds", "duration", "dimensions"])
_MARKED = re.compile(r"\d:\d\d|\d\s?[ap]\.?\s?m\b|\dh\d\d")

Clock = tuple[int, int, int, str]
"""Hour, minute, second and zone."""


def clock_of(text: str, cues: Cues) -> Clock | None:
    """The time of day that a folded text says.

    Example:
        >>> from wethink_assets.rewards.equivalence.types.cues import NONE
        >>> clock_of("3.30pm", NONE), clock_of("quarter to four", NONE), clock_of("3.30", NONE)
        ((15, 30, 0, ''), (3, 45, 0, ''), None)
    """
    text, zone = text.removeprefix("at ").strip(), ""
    zoned = _ZONE.search(text)
    if zoned and zoned.start():
        text, zone = text[: zoned.start()], f"{'utc' if zoned[1] in ('z', 'gmt') else zoned[1]}{zoned[2].replace(' ', '')}"
    if text in _NOON:
        return (*_NOON[text], zone)
    part = ""
    phrase = _PHRASE.search(text)
    if phrase:
        text, part = text[: phrase.start()], phrase[1] or phrase[2]
    spoken = _OCLOCK.sub("", text)
    oclock = spoken != text
    words = spoken.replace("-", " ").split()
    if words and not NUMBER_WORDS.isdisjoint(words):
        spoken = _spelled(words, cues)
    found = _hands(spoken, cues) or _figures(spoken, cues, oclock or bool(part))
    if found is None:
        return None
    hour, minute, second, half = found
    half = half or {"morning": "a", "afternoon": "p", "evening": "p", "night": "p" if hour >= 5 and hour != 12 else "a"}.get(part, "")
    if half:
        if not 1 <= hour <= 12:
            return (hour, minute, second, zone) if half == "p" and 12 < hour < 24 else None
        hour = hour % 12 + (12 if half == "p" else 0)
    elif cues.afternoon and cues.head in ("time", "date") and 1 <= hour < 12:
        hour += 12
    return (hour, minute, second, zone) if hour <= 24 and minute < 60 and second < 60 else None


def _spelled(words: list[str], cues: Cues) -> str:
    spelled = spelled_out(words)
    if cues.head == "time" and len(spelled) == 2 and spelled[0].isdecimal() and spelled[1].isdecimal() and len(spelled[1]) == 2:
        return f"{spelled[0]}:{spelled[1]}"  # three thirty
    return " ".join(spelled)


def _hands(text: str, cues: Cues) -> tuple[int, int, int, str] | None:
    half = re.search(rf"{_HALF}$", text)
    match = _PAST.fullmatch(text[: half.start()].strip() if half else text.removeprefix("a "))
    if not match:
        return None
    if not (match[1] or match[2] == "quarter" or "min" in text or match[3] == "past" or cues.head == "time"):
        return None  # ten to five is a range elsewhere
    minute = 30 if match[1] else (15 if match[2] == "quarter" else int(match[2]))
    hour = int(match[4])
    if minute >= 60 or not hour <= 12 or (match[1] and match[3] not in ("past", "after")):
        return None
    if match[3] in ("to", "before", "till", "of"):
        hour, minute = (hour - 1 or 12), 60 - minute
    return (hour, minute, 0, half[1] if half else "") if minute < 60 else None


def _figures(text: str, cues: Cues, whole: bool) -> tuple[int, int, int, str] | None:
    military = _MILITARY.fullmatch(text) if cues.head in ("time", "date") else None
    if military:
        return int(military[1]), int(military[2]), 0, ""
    if cues.head == "time" and len(text) == 4 and text.isdecimal() and int(text[:2]) < 24:
        return int(text[:2]), int(text[2:]), 0, ""
    match = _CLOCK.fullmatch(text)
    if not match or not (match[2] or match[4] or whole):
        return None
    dotted = text[len(match[1]) : len(match[1]) + 1] == "."
    if dotted and not match[4] and cues.head != "time":
        return None
    if text[len(match[1]) : len(match[1]) + 1] == "h" and int(match[1]) <= 12 and cues.head != "time":
        return None  # 2h30 is a duration
    return int(match[1]), int(match[2] or 0), int(match[3] or 0), match[4] or ""


def clock_key(clock: Clock) -> str:
    """A time of day as a text."""
    hour, minute, second, zone = clock
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "") + (f" {zone}" if zone else "")


def read_time(written: Written, asked: Asked) -> Reading | None:
    """A time of day, or two with a hyphen or `to` between them.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_time(Written(text), asked_of(None)).key for text in ("3:30 pm", "15:30", "half past three", "9 am - 5 pm")]
        ['15:30', '15:30', '03:30', '09:00/17:00']
    """
    said = written.said
    if len(said) > LONGEST or said.isdecimal() and len(said) != 4:
        return None
    if said.isalpha() and said.casefold() not in ("noon", "midday", "midnight"):
        return None
    folded = written.folded
    if not any(char.isdecimal() for char in folded):
        words = folded.replace("-", " ").split()
        if words[-1:] not in (["noon"], ["midnight"], ["midday"]) and UNITS.keys().isdisjoint(words):
            return None
    cues = cues_of(asked)
    if cues.head in _NO_CLOCK or cues.code:
        return None
    clock = clock_of(folded, cues)
    if clock:
        return Reading("time", clock_key(clock), clock)
    both = _span(folded, cues) if "-" in folded or " to " in folded or " unti" in folded or " till " in folded else None
    return Reading("time", f"{clock_key(both[0])}/{clock_key(both[1])}") if both else None


def _span(text: str, cues: Cues) -> tuple[Clock, Clock] | None:
    text = text.removeprefix("from ").removeprefix("between ")
    parts = _SPAN.split(text)
    if len(parts) != 2 or not _MARKED.search(text):
        return None
    first, second = parts[0].strip(), parts[1].strip()
    last = clock_of(second, cues) or clock_of(f"{second}:00", cues)
    half = re.search(_HALF, second)
    if half and re.fullmatch(r"\d{1,2}(?::\d{2})?", first):
        start = int(first.partition(":")[0])
        same = start % 12 < int(re.match(r"\d*", second)[0] or 0) % 12 or start == 12  # type: ignore[index]
        first += f" {half[1] if same else 'pa'['ap'.index(half[1]) == 1 and 1 or 0]}m"
    begun = clock_of(first, cues) or clock_of(f"{first}:00", cues)
    return (begun, last) if begun and last else None


def alike_time(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate leaves out a zone that the question names, or says a full hour that is asked for as a bare number."""
    one, other = gold.reading.value, candidate.reading.value
    if one is None:
        return False
    if candidate.reading.type == "time" and other is not None:
        zone = one[3] or other[3]
        return one[:3] == other[:3] and not (one[3] and other[3]) and re.search(rf"\b{re.escape(zone)}\b", asked.folded) is not None
    hour = candidate.written.folded
    return candidate.reading.type == "number" and cues_of(asked).head == "time" and len(hour) <= 2 and hour.isdecimal() and one == (int(hour), 0, 0, "")


_SECONDS = {"ms": Fraction(1, 1000), "second": Fraction(1), "minute": Fraction(60), "hour": Fraction(3600), "day": Fraction(86400), "week": Fraction(604800),
            "fortnight": Fraction(1209600)}  # fmt: skip
_MONTHS = {"month": 1, "year": 12, "decade": 120, "century": 1200}
_NAMES = {
    "ms": "ms", "msec": "ms", "millisecond": "ms", "s": "second", "sec": "second", "m": "minute", "min": "minute", "h": "hour", "hr": "hour", "d": "day",
    "wk": "week", "mo": "month", "mth": "month", "y": "year", "yr": "year", "centurie": "century", "''": "second", "'": "minute",
} | {name: name for name in (*_SECONDS, *_MONTHS)}  # fmt: skip
_AMOUNT = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,9})?|\d{1,9} \d{1,3}/\d{1,3}|\d{1,6}/\d{1,6}|\d{1,15}(?:\.\d{1,9})?|\.\d{1,9}"
_PART = rf"({_AMOUNT})(?: (thousand|million|billion))?[\s-]?({'|'.join(sorted((re.escape(name) for name in _NAMES), key=len, reverse=True))})s?\b\.?"
_PARTS = re.compile(_PART)
_JOINT = re.compile(r"\s?(?:,|and|&|,\s?and)?\s?")
_COLONS = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:\.\d{1,6})?)\s?(h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)?\b\.?")
_FRENCH = re.compile(r"(\d{1,3})\s?h\s?(\d{2})")
_HALVES = ((re.compile(r"\bhalf an? "), "1/2 "), (re.compile(r"\b(?:a )?quarter of an? "), "1/4 "), (re.compile(r"\bthree[- ]quarters of an? "), "3/4 "),
           (re.compile(r"\b(an?|one|\d+) (\w+) and a half$"), r"\1 and a half \2"), (re.compile(r"\b(?:an?|one) and a half "), "1 1/2 "),
           (re.compile(r"\b(\w+) and a half "), r"\1 1/2 "), (re.compile(r"^an? (?=(?:second|minute|hour|day|week|fortnight|month|year|decade|century)$)"), "1 "))  # fmt: skip
_TAIL = re.compile(r"(?:[\s-](?:old|long|of age|in total|in length|duration))$")
_SINGLE = re.compile(r"\d\s?[MHSDY]\b")
_NUMBER = re.compile(rf"(?:{_AMOUNT})(?: (?:thousand|million|billion))?")
_OF_HOURS = re.compile(r"\b(?:flights?|films?|movies?|journeys?|trips?|drives?|travel|marathon|meetings?|shifts?|sleep|train|bus)\b")
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
    if said.isdecimal():
        return _reading(_amount(said, cues.unit)) if cues.unit else None
    if said.isalpha():
        word = said.casefold()
        return _reading(_amount(spelled_out([word])[0], cues.unit)) if cues.unit and word in NUMBER_WORDS else None
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
    value = (Fraction(rest) + int(whole or 0)) * {"thousand": 10**3, "million": 10**6, "billion": 10**9}.get(scale or "", 1)
    if unit in _MONTHS:
        return value * _MONTHS[unit], Fraction(0)
    return Fraction(0), value * _SECONDS[unit]


def _parts(text: str, cues: Cues) -> tuple[Fraction, Fraction] | None:
    position, months, seconds, units = 0, Fraction(0), Fraction(0), []
    while position < len(text):
        if units:
            joint = _JOINT.match(text, position)
            position = joint.end() if joint else position
        match = _PARTS.match(text, position)
        if match is None:
            return None
        unit = _NAMES[match[3]]
        value = _amount(match[1], unit, match[2])
        if value is None or unit in units:
            return None
        if match[3] in ("'", "''") and cues.head != "duration":
            return None
        months, seconds = months + value[0], seconds + value[1]
        units.append(unit if match[3] != "m" else "m")
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
    """Whether a duration is within the relative tolerance that the question allows."""
    one, other = gold.reading.value, candidate.reading.value
    if not allowed.tolerance or candidate.reading.type != "duration" or one is None or other is None:
        return False
    return all(abs(b - a) <= allowed.tolerance * abs(a) for a, b in zip(one, other, strict=True))


TIME = AnswerType("time", "text", read_time, alike_time)
DURATION = AnswerType("duration", "math", read_duration, alike_duration)
