"""Days of the calendar, of which each part may be missing."""

import calendar
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Day:
    """What is said of a day: each part may be missing. weekday: from 0, Monday."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    @property
    def key(self) -> str:
        """The date as a text; a weekday only where no full date has it."""
        year = f"{self.year:04}" if self.year is not None else "-"
        key = year + (f"-{self.month:02}" if self.month else "") + (f"-{self.day:02}" if self.day else "")
        if self.weekday is None:
            return key
        if self.year and self.month and self.day and date(self.year, self.month, self.day).weekday() == self.weekday:
            return key
        return f"{key} {calendar.day_abbr[self.weekday].casefold()}"


def ordered_day(first: int, second: int, year: int, day_first: bool) -> Day | None:
    """Two figures as month and day, in the order that makes a date."""
    pairs = [(second, first), (first, second)] if day_first else [(first, second), (second, first)]
    return next((day for month, number in pairs if (day := checked_day(year, month, number))), None)


def checked_day(year: int, month: int, day: int) -> Day | None:
    """A day of the calendar; None for figures that are none."""
    value = Day(year, month, day)
    return value if 1 <= month <= 12 and day >= 1 and is_valid(value) else None


def is_valid(value: Day) -> bool:
    """Whether a day may stand in a calendar, as far as its parts are known."""
    if value.year is not None and not 1 <= value.year <= 9999:
        return False
    if not value.month or not value.day:
        return True
    leap = value.year is None or calendar.isleap(value.year)
    return value.day <= (
        29
        if value.month == 2 and leap
        else (28, 31, 30)[0 if value.month == 2 else 1 if value.month in (1, 3, 5, 7, 8, 10, 12) else 2]
    )
