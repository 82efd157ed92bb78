"""Times of day.

A clock reading that says no half of the day is a value of its own: `3:30` is strictly neither `3:30 am` nor `15:30`. Where a time is asked for it may
be the one before noon, as the clock of twenty-four hours has it.
"""

import re

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, UNITS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.cues import Cues, cues_of
from wethink_assets.rewards.equivalence.types.shapes import shape_of

LONGEST = 60
"""Characters of a time that are read."""
_HALF = r"(?:\s?([ap])\.?\s?m\b\.?)"
_CLOCK = re.compile(rf"(\d{{1,2}})(?:(?:\s?:\s?|[h.])(\d{{2}})(?::(\d{{2}}))?)?{_HALF}?")
_MILITARY = re.compile(r"([01]\d|2[0-4]):?([0-5]\d)\s?(?:hours|hrs\.?|h)")
_ZONE = re.compile(
    r"\s?\(?\b((?:e[sd]?|c[sd]?|m[sd]?|p[sd]?)t|gmt|utc|cet|cest|bst|ist|jst|z)\b((?:\s?[+-]\d{1,2}(?::?\d{2})?)?)\)?$"
)
_PHRASE = re.compile(r"\s(?:in the (morning|afternoon|evening)|at (night))$")
_OCLOCK = re.compile(r"\s?o'?\s?clock\b")
_PAST = re.compile(r"(?:(half)|(quarter|\d{1,2}))(?:\sminutes?|\smins?)? (past|after|to|before|till|of) (\d{1,2})")
_NOON = {
    "noon": (12, 0, 0),
    "midday": (12, 0, 0),
    "12 noon": (12, 0, 0),
    "midnight": (0, 0, 0),
    "12 midnight": (0, 0, 0),
    "12:00 noon": (12, 0, 0),
}
_SPAN = re.compile(r"\s?-\s?|\s(?:to|until|till|through)\s")
_NO_CLOCK = frozenset(["score", "ratio", "odds", "duration", "dimensions"])
_TIMELY = re.compile(
    r"\d\s?:\s?\d\d|\d\s?[ap]\.?\s?m\b|\dh\d|clock|past|quarter|noon|midnight|half|min|morning|evening|afternoon|night|hours|hrs"
)
_MARKED = re.compile(r"\d:\d\d|\d\s?[ap]\.?\s?m\b|\dh\d\d")

Clock = tuple[int, int, int, str, bool]
"""Hour, minute, second, zone, and whether the half of the day is known."""


def clock_of(text: str, cues: Cues) -> Clock | None:
    """The time of day that a folded text says.

    Example:
        >>> from wethink_assets.rewards.equivalence.types.cues import NONE
        >>> clock_of("3.30pm", NONE), clock_of("quarter to four", NONE), clock_of("3.30", NONE)
        ((15, 30, 0, '', True), (3, 45, 0, '', False), None)
    """
    text, zone = text.removeprefix("at ").strip(), ""
    zoned = _ZONE.search(text)
    if zoned and zoned.start():
        text, zone = (
            text[: zoned.start()],
            f"{'utc' if zoned[1] in ('z', 'gmt') else zoned[1]}{zoned[2].replace(' ', '')}",
        )
    if text in _NOON:
        return (*_NOON[text], zone, True)
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
    half = half or {
        "morning": "a",
        "afternoon": "p",
        "evening": "p",
        "night": "p" if hour >= 5 and hour != 12 else "a",
    }.get(part, "")
    if half:
        if not 1 <= hour <= 12:
            return (hour, minute, second, zone, True) if half == "p" and 12 < hour < 24 else None
        hour = hour % 12 + (12 if half == "p" else 0)
    elif cues.afternoon and cues.head in ("time", "date") and 1 <= hour < 12:
        hour, half = hour + 12, "p"
    known = bool(half) or not 1 <= hour <= 12
    return (hour, minute, second, zone, known) if hour <= 24 and minute < 60 and second < 60 else None


def _spelled(words: list[str], cues: Cues) -> str:
    spelled = spelled_out(words)
    if (
        cues.head == "time"
        and len(spelled) == 2
        and spelled[0].isdecimal()
        and spelled[1].isdecimal()
        and len(spelled[1]) == 2
    ):
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
    """A time of day as a text, by the clock of twenty-four hours."""
    hour, minute, second, zone, _ = clock
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "") + (f" {zone}" if zone else "")


def read_time(written: Written, asked: Asked) -> Reading | None:
    """A time of day, or two with a hyphen or `to` between them.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_time(Written(text), asked_of(None)).key for text in ("3:30 pm", "15:30", "half past three", "9 am - 5 pm")]
        ['15:30', '15:30', '03:30 of either half', '09:00/17:00']
    """
    said = written.said
    shape = shape_of(said)
    if len(said) > LONGEST or not (shape.figures or shape.spoken):
        return None
    if shape.number and (cues_of(asked).head != "time" or not said[-1:].isdecimal()):
        return None
    folded = written.folded
    if shape.figures and not _TIMELY.search(folded) and cues_of(asked).head != "time":
        return None
    if not any(char.isdecimal() for char in folded):
        words = folded.replace("-", " ").split()
        if words[-1:] not in (["noon"], ["midnight"], ["midday"]) and UNITS.keys().isdisjoint(words):
            return None
    cues = cues_of(asked)
    if cues.head in _NO_CLOCK or cues.code:
        return None
    clock = clock_of(folded, cues)
    if clock:
        return Reading("time", clock_key(clock) if clock[4] else f"{clock_key(clock)} of either half", clock)
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
        start, _, minute = first.partition(":")
        same = last is not None and (int(start) % 12, int(minute or 0)) < (last[0] % 12, last[1])
        other = "p" if half[1] == "a" else "a"
        first += f" {half[1] if same else other}m"
    begun = clock_of(first, cues) or clock_of(f"{first}:00", cues)
    return (begun, last) if begun and last else None


def alike_time(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate leaves out the first half of the day, where a time is asked for, or a zone that the question names, or says a full
    hour as a bare number.
    """
    one, other = gold.reading.value, candidate.reading.value
    if one is None:
        return False
    if candidate.reading.type == "time" and other is not None:
        zone = one[3] or other[3]
        if (
            one[:3] != other[:3]
            or (one[3] and other[3] and one[3] != other[3])
            or cues_of(asked).head not in ("time", "date")
        ):
            return False
        return one[3] == other[3] or re.search(rf"\b{re.escape(zone)}\b", asked.folded) is not None
    hour = candidate.written.folded
    return (
        candidate.reading.type == "number"
        and cues_of(asked).head == "time"
        and len(hour) <= 2
        and hour.isdecimal()
        and one[:4] == (int(hour), 0, 0, "")
    )


TIME = AnswerType("time", "text", read_time, alike_time)
