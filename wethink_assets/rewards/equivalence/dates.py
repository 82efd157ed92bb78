"""Dates and times of day that short texts say."""

import re

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = {name: number for number, name in enumerate(_MONTHS, 1)} | {
    name[:3]: number for number, name in enumerate(_MONTHS, 1)
}
_MONTH["sept"] = 9
_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_DAYS = "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH_FIRST = re.compile(rf"(?:{_DAYS},? )?({_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?")
_DAY_FIRST = re.compile(
    rf"(?:{_DAYS},? )?(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?[ -](?:of )?({_NAMES})\.?(?:,?[ -](\d{{4}}))?"
)
_MONTH_YEAR = re.compile(rf"({_NAMES})\.?(?: of)?,? (\d{{4}})")
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2}))?)? ?(?:([ap])\.? ?m\.?|o'?clock)?")

When = tuple[str, int, int, int]
"""`day` with year (0: not said), month and day (0: not said), or `time` with hour, minute and second."""


def moment_of(text: str) -> When | None:
    """The date or time of day that a text is, or None.

    A date all in figures is read only where it can be read in one way: `03/04/2021` is none, as it may be March or April.

    Example:
        >>> moment_of("5th of March, 2021") == moment_of("2021-03-05") == moment_of("Friday, Mar. 5, 2021")
        True
        >>> moment_of("3:30 pm") == moment_of("15:30"), moment_of("03/04/2021") is None
        (True, True)
    """
    text = " ".join(text.casefold().split()).strip(" .,;")
    if not 3 <= len(text) <= 40 or not any(char.isdigit() for char in text):
        return None
    return _day(text) or _time(text)


def _day(text: str) -> When | None:
    if match := _MONTH_FIRST.fullmatch(text):
        return _checked(int(match[3] or 0), _MONTH[match[1]], int(match[2]))
    if match := _DAY_FIRST.fullmatch(text):
        return _checked(int(match[3] or 0), _MONTH[match[2]], int(match[1]))
    if match := _MONTH_YEAR.fullmatch(text):
        return "day", int(match[2]), _MONTH[match[1]], 0
    if match := _ISO.fullmatch(text):
        return _checked(int(match[1]), int(match[3]), int(match[4]))
    if match := _NUMERIC.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        readings = {reading for reading in (_checked(year, first, second), _checked(year, second, first)) if reading}
        return readings.pop() if len(readings) == 1 else None
    return None


def _checked(year: int, month: int, day: int) -> When | None:
    return ("day", year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _time(text: str) -> When | None:
    match = _CLOCK.fullmatch(text)
    if not match or not (match[2] or match[4] or "clock" in text):
        return None
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4] == "p" else 0)
    return ("time", hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None
