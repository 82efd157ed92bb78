"""Dates: days, months and periods, and spans between two of them.

Figures alone are read with the month first where that is a date, the day first otherwise, and after full stops always: each text has one reading.
"""

import calendar
import re
from dataclasses import replace

from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.cues import NONE, Cues, cues_of
from wethink_assets.rewards.equivalence.types.moments.days import Day, checked_day, is_valid, ordered_day
from wethink_assets.rewards.equivalence.types.moments.periods import SEASONS, full_year, period_of
from wethink_assets.rewards.equivalence.types.moments.times import clock_key, clock_of
from wethink_assets.rewards.equivalence.types.shapes import shape_of

LONGEST = 60
"""Characters of a date that are read."""
_MONTH = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_MONTH |= {name[:3]: number for name, number in _MONTH.items()} | {"sept": 9}
_WEEKDAY = {name.casefold(): number for number, name in enumerate(calendar.day_name)}
_WEEKDAY |= {name[:3]: number for name, number in _WEEKDAY.items()} | {"tues": 1, "thur": 3, "thurs": 3, "weds": 2}
_NAMES = frozenset([*_MONTH, *_WEEKDAY])
_STARTS = frozenset(name[:3] for name in [*_NAMES, *SEASONS]) | {"mid", "ear", "lat", "the", "cen", "qua", "fro", "bet", "las", "on ", "in "} | {
    word[:3] for word in NUMBER_WORDS
}  # fmt: skip
_FIGURES_ALONE = re.compile(r"[\d\s/.-]+")
_DATED = re.compile(
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|q|(?:mon|tues|wednes|thurs|fri|satur|sun)day|s$|centur|millen|quarter|half|spring|summer|autumn|"
    r"fall|winter|[abc]\.?[dce]\b|[ap]\.?m\b"
)
_NUMERIC = re.compile(r"(\d{1,4})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,4})")
_SPACED = re.compile(r"(\d{1,2}) (\d{1,2}) (\d{4})|(\d{4}) (\d{2}) (\d{2})")
_YEAR_MONTH = re.compile(r"(\d{4})\s?[-/]\s?(\d{1,2})")
_MONTH_YEAR = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{4})")
_MONTH_DAY = re.compile(r"(\d{1,2})\s?/\s?(\d{1,2})")
_LETTERS_APART = re.compile(
    r"(?<=[a-z])\.?[-/](?=[\da-z'])|(?<=\d)[-/](?=[a-z])|(?<=\d)(?=(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))|(?<=[a-z])\.(?=[\s,)\d]|$)|(?<=\d)\.(?=\s?[a-z])|[,()]"
)
_LITTLE = frozenset(["the", "of", "on", "in", "day", "month", "year"])
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_SPAN = re.compile(r"\s(?:to|through|thru|until|till)\s|\s?-{1,2}\s?|\s?/\s?(?=\d{4}-)")
_CLOCK_LAST = re.compile(
    r"(?:,? at |,? |t)(\d{1,2}(?:[:.]\d{2}){1,2}\s?(?:[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?)(?: [a-z]{2,4})?$"
)
_CLOCK_FIRST = re.compile(r"^(\d{1,2}(?::\d{2}){1,2}\s?(?:[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?)(?:,? on |, | )")


def is_numeric_date(text: str) -> bool:
    """Whether figures with hyphens, slashes or full stops are a date by their form.

    Example:
        >>> is_numeric_date("04-05-2021"), is_numeric_date("04.05.21"), is_numeric_date("1.2.3")
        (True, True, False)
    """
    match = _NUMERIC.fullmatch(text)
    return match is not None and _numeric(match, NONE) is not None


def read_date(written: Written, asked: Asked) -> Reading | None:
    """A date in words or figures, or a span between two.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_date(Written(text), asked_of(None)).key for text in ("5th of March, 2021", "2021-03-05", "the 1990s", "Jan 5-7, 2020")]
        ['2021-03-05', '2021-03-05', '1990s', '2020-01-05/2020-01-07']
    """
    said = written.said
    if len(said) > LONGEST or "frac" in said:  # \frac{1831}{10} is no month
        return None
    if said.isalpha():
        cues = cues_of(asked)
        return _of_word(said.casefold(), cues) if cues.head in ("date", "time", "range") else None
    shape = shape_of(said)
    if not (shape.figures or shape.named or shape.spoken) or (shape.number and len(said) != 8):
        return None
    cues = cues_of(asked)
    if cues.code or cues.arithmetic:
        return None
    folded = written.folded
    if cues.head == "date" and "century" in asked.folded and _ORDINAL.fullmatch(folded.removeprefix("the ")):
        folded = f"{folded} century"
    first = folded[:3]
    if not first[:1].isdecimal() and first not in _STARTS and first[:1] not in "'qhfcah":
        return None
    if first[:1].isdecimal() and folded[-1:].isalpha() and _DATED.search(folded) is None:
        return None
    if shape.figures == 2 and len(folded) < 6 and cues.head != "date" and _FIGURES_ALONE.fullmatch(folded):
        return None
    value = _one(folded, cues)
    if value is None:
        value = _with_clock(folded, cues) or _between(folded, cues)
    if value is None:
        return None
    return Reading("date", value.key, value) if isinstance(value, Day) else Reading("date", value)


def _of_word(word: str, cues: Cues) -> Reading | None:
    """A month, weekday or season alone, where a date is asked for."""
    if word in _MONTH:
        day = Day(month=_MONTH[word])
    elif word in _WEEKDAY:
        day = Day(weekday=_WEEKDAY[word])
    else:
        return Reading("date", SEASONS[word]) if word in SEASONS and cues.head == "date" else None
    return Reading("date", day.key, day)


def _one(text: str, cues: Cues) -> Day | str | None:
    """One date: a day or month, or the key of another."""
    if text[0].isdecimal():
        figures = _of_figures(text, cues)
        if figures is not None:
            return figures
    day = _named(text)
    if day is not None and (
        (day.month and (day.day or day.year)) or (day.weekday is not None and " " not in text and cues.head == "date")
    ):
        return day if is_valid(day) else None
    return period_of(text, cues)


def _of_figures(text: str, cues: Cues) -> Day | str | None:
    match = _NUMERIC.fullmatch(text)
    if match:
        return _numeric(match, cues)
    asked = cues.head == "date"
    if asked and len(text) == 8 and text.isdecimal():
        day = Day(int(text[:4]), int(text[4:6]), int(text[6:]))
        return day if day.month and day.day and is_valid(day) else None
    spaced = _SPACED.fullmatch(text) if asked else None
    if spaced:
        if spaced[4]:
            return checked_day(int(spaced[4]), int(spaced[5]), int(spaced[6]))
        return ordered_day(int(spaced[1]), int(spaced[2]), int(spaced[3]), cues.day_first)
    match = _MONTH_YEAR.fullmatch(text)
    if (
        match
        and 1 <= int(match[1]) <= 12
        and (asked or (match[2] == "/" and 1600 <= int(match[3]) < 2200) or (match[2] == "-" and match[1][0] == "0"))
    ):
        return Day(int(match[3]), int(match[1]))
    match = _YEAR_MONTH.fullmatch(text)
    if match and 1 <= int(match[2]) <= 12 and int(match[1]) >= 1000:
        later = int(match[2]) > int(match[1]) % 100
        if not later or "month" in cues.named or (len(match[2]) == 1 and asked):
            return Day(int(match[1]), int(match[2])) if len(match[2]) == 2 or asked else None
        return None
    match = _MONTH_DAY.fullmatch(text) if asked else None
    if match:
        yearly = ordered_day(int(match[1]), int(match[2]), 2000, cues.day_first)
        return replace(yearly, year=None) if yearly else None
    return None


def _numeric(match: re.Match[str], cues: Cues) -> Day | str | None:
    first, sign, second, last = match[1], match[2], match[3], match[4]
    if len(first) == 4:
        if len(last) > 2:
            return None
        return checked_day(int(first), int(second), int(last)) or f"as written {first}-{second}-{last}"
    if len(first) > 2:
        return None
    if len(last) == 4:
        day = ordered_day(int(first), int(second), int(last), sign == "." or cues.day_first)
        return day or (f"as written {first}{sign}{second}{sign}{last}" if sign != "." else None)
    if len(last) != 2 or not (cues.head == "date" or sign == "/" or (sign == "." and len(first) == len(second) == 2)):
        return None
    return ordered_day(int(first), int(second), full_year(last), sign == "." or cues.day_first)


def _named(text: str) -> Day | None:
    """The parts of a date whose month or weekday is named, or of a bare day with or without a year; None where there is more."""
    words = _LETTERS_APART.sub(" ", text).split()
    if not words or len(words) > 8:
        return None
    if not NUMBER_WORDS.isdisjoint(word for part in words for word in part.split("-")):
        words = spelled_out([part for word in words for part in word.split("-") if part])
    year = month = day = weekday = None
    for word in words:
        ordinal = _ORDINAL.fullmatch(word)
        if word in _LITTLE:
            continue
        if word in _MONTH and month is None:
            month = _MONTH[word]
        elif word in _WEEKDAY and weekday is None:
            weekday = _WEEKDAY[word]
        elif ordinal and day is None and 1 <= int(ordinal[1]) <= 31:
            day = int(ordinal[1])
        elif word.isdecimal() and len(word) <= 2 and day is None and 1 <= int(word) <= 31:
            day = int(word)
        elif year is None and word.isdecimal() and (len(word) == 4 or (len(word) == 2 and month)):
            year = full_year(word)
        elif year is None and word[0] == "'" and len(word) == 3 and word[1:].isdecimal():
            year = full_year(word[1:])
        else:
            return None
    return Day(year, month, day, weekday)


def _with_clock(text: str, cues: Cues) -> str | None:
    """The key of a day with a time of day before or after it."""
    if ":" not in text and "m" not in text:
        return None
    last, first = _CLOCK_LAST.search(text), _CLOCK_FIRST.search(text)
    for match, rest, part in (
        (last, text[: last.start()] if last else "", text[last.start() :] if last else ""),
        (first, text[first.end() :] if first else "", first[1] if first else ""),
    ):
        if match is None or not rest:
            continue
        day, clock = _one(rest.strip(" ,"), cues), clock_of(part.lstrip(" ,t").removeprefix("at ").strip(), cues)
        if isinstance(day, Day) and clock:
            return f"{day.key}T{clock_key(clock)}"
    return None


def _between(text: str, cues: Cues) -> str | None:
    """The key of a span between two dates, of which one may leave out what the other says."""
    text = text.removeprefix("from ")
    if text.startswith("between "):
        text = text[8:].replace(" and ", " to ", 1)
    for match in list(_SPAN.finditer(text))[:6]:
        left, right = text[: match.start()].strip(), text[match.end() :].strip()
        if not left or not right:
            continue
        first, last = _end(left, cues), _end(right, cues)
        if isinstance(first, str) and isinstance(last, str):
            return f"{first}/{last}"
        if isinstance(first, Day) and isinstance(last, Day):
            span = _filled(first, last)
            if span:
                return f"{span[0].key}/{span[1].key}"
    return None


def _end(text: str, cues: Cues) -> Day | str | None:
    value = _one(text, cues) if len(text) > 2 else None
    return value if value is not None else _named(text)


def _filled(first: Day, last: Day) -> tuple[Day, Day] | None:
    """Two ends, each with what only the other says; None where neither names a month or weekday, or they say unlike things."""
    if (
        first.weekday is not None
        and last.weekday is not None
        and not (first.month or last.month or first.day or last.day)
    ):
        return first, last
    if not (first.month or last.month) or (first.day is None) != (last.day is None):
        return None
    first = replace(first, year=first.year or last.year, month=first.month or (last.month if first.day else None))
    last = replace(last, month=last.month or (first.month if last.day else None))
    if not (first.month and last.month and is_valid(first) and is_valid(last)):
        return None
    return first, last


def alike_date(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a candidate says the same date but for a weekday or a year that the question names, or a year of our era as a number."""
    true = gold.reading.value
    text = candidate.written.folded
    if not isinstance(true, Day):
        dated = cues_of(asked).head == "date" and candidate.reading.type == "number" and text.isdecimal()
        if dated:
            return gold.reading.key in (f"{text} ad", f"about {text}")
        shorter, longer = sorted((gold.reading.key, candidate.reading.key), key=len)
        year = longer.removeprefix(f"{shorter} ")
        return (
            candidate.reading.type == "date"
            and year.isdecimal()
            and re.search(rf"\b{year}\b", asked.folded) is not None
        )
    other = (
        candidate.reading.value
        if candidate.reading.type == "date"
        else (_named(text) if len(text) <= LONGEST else None)
    )
    if not isinstance(other, Day) or (true.month, true.day) != (other.month, other.day) or not true.month:
        return False
    if true.weekday is not None and other.weekday is not None and true.weekday != other.weekday:
        return False
    if true.year == other.year:
        return not any(day.year and day.key.count(" ") for day in (true, other))
    return not (true.year and other.year) and re.search(rf"\b{true.year or other.year}\b", asked.folded) is not None


DATE = AnswerType("date", "text", read_date, alike_date)
