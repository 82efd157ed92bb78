"""Dates, times of day and durations."""

import random
from datetime import date, timedelta

from wethink_assets_tests.support.answer_pools.amounts import ONES
from wethink_assets_tests.support.answer_pools.pool import Group, Value, group

MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]  # fmt: skip
HOURS = 12


def ending(day: int) -> str:
    """The ending of an ordinal in figures."""
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def dates() -> list[Group]:
    """Days in many forms; days whose figures can be read in two ways; months, days without year, years, decades, quarters."""
    rng = random.Random("dates")
    days, start = [], date(1890, 1, 1)
    drawn = {start + timedelta(days=rng.randint(0, 40000)) for _ in range(800)}
    drawn |= {date(2004, 2, 10) + timedelta(days=step) for step in range(200)}
    for day in sorted(drawn):
        month = MONTHS[day.month - 1]
        forms = [
            f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}", f"{month[:3]} {day.day}, {day.year}",
            f"{day.isoformat()}", f"{day.day}{ending(day.day)} {month} {day.year}", f"{month} {day.day}{ending(day.day)}, {day.year}",
        ]  # fmt: skip
        if day.day > 12:
            forms += [f"{day.month}/{day.day}/{day.year}", f"{day.day:02}.{day.month:02}.{day.year}"]
        days.append(Value(tuple(forms)))
    twofold = [  # of years that the group above has not
        Value((f"{one:02}/{two:02}/{year}", f"{one}/{two}/{year}"))
        for year in (2021, 2022, 2023)
        for one in range(1, 13)
        for two in range(1, 13)
        if one != two
    ]
    months = [
        Value(
            (f"{name} {year}", f"{name[:3]} {year}", f"{name}, {year}", f"{name[:3]}. {year}")
            if name != "May"
            else (f"May {year}",)
        )
        for year in range(1960, 2026)
        for name in MONTHS[:: 1 if year % 10 == 0 else 3]
    ]
    yearly = [
        Value((f"{MONTHS[m]} {d}", f"{d} {MONTHS[m]}", f"{MONTHS[m][:3]} {d}", f"{MONTHS[m]} {d}{ending(d)}"))
        for m in range(12)
        for d in range(1, 29, 2)
    ]
    decades = [Value((f"{year}s", f"the {year}s")) for year in range(1800, 2030, 10)]
    centuries = [Value((f"{n}{ending(n)} century", f"the {n}{ending(n)} century")) for n in range(2, 22)]
    quarters = [
        Value((f"Q{n} {year}", f"Q{n}, {year}"), (f"{n}{ending(n)} quarter of {year}",))
        for year in range(2010, 2021)
        for n in range(1, 5)
    ]
    weekdays = [
        Value((day, day.upper(), f"{day}."))
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    ]
    return [
        group("days", "On what date was the letter written?", days),
        group("days in figures", "Which date is printed on the ticket?", twofold),
        group("months", "In which month and year did sales peak?", months),
        group("days of a year", "On which day is the holiday?", yearly),
        group("decades", "In which decade was it built?", decades),
        group("centuries", "In which century was it built?", centuries),
        group("quarters", "In which quarter was growth highest?", quarters),
        group("weekdays", "On which day of the week is it closed?", weekdays),
    ]


def times() -> list[Group]:
    """Times of day with twelve hours and with twenty-four, with seconds, and as a clock's hands tell them."""
    rng = random.Random("times")
    daily, hands, exact = [], [], []
    for minute in range(24 * 60):
        hour, rest = divmod(minute, 60)
        half, twelve = "am" if hour < HOURS else "pm", hour % HOURS or HOURS
        forms = [
            f"{twelve}:{rest:02} {half}",
            f"{twelve}:{rest:02}{half}",
            f"{twelve}:{rest:02} {half.upper()}",
            f"{twelve}:{rest:02} {half[0]}.m.",
        ]
        if hour > HOURS:
            forms.append(f"{hour}:{rest:02}")
        if not rest:
            forms += [f"{twelve} {half}", f"{twelve} {half[0]}.m.", f"{twelve}{half.upper()}"]
        daily.append(Value(tuple(forms)))
    for hour in range(1, 13):
        for minute in range(0, 60):
            forms = [f"{hour}:{minute:02}", f"{hour:02}:{minute:02}"] if hour < 10 else [f"{hour}:{minute:02}"]
            asked = {
                0: [f"{ONES[hour]} o'clock", f"{hour} o'clock"],
                15: [f"quarter past {ONES[hour]}"],
                30: [f"half past {ONES[hour]}"],
            }
            hands.append(Value(tuple(forms), tuple(asked.get(minute, ()))))
    for second in sorted(rng.sample(range(13 * 3600, 24 * 3600), 400)):
        hour, minute, rest = second // 3600, second // 60 % 60, second % 60
        if rest:
            exact.append(Value((f"{hour}:{minute:02}:{rest:02}", f"{hour - 12}:{minute:02}:{rest:02} pm")))
    return [
        group("times of day", "At what time does the train leave?", daily),
        group("clocks", "What time does the clock show?", hands, apart=False),
        group("with seconds", "When was the picture taken, to the second?", exact),
    ]


def durations() -> list[Group]:
    """Hours and minutes, minutes and seconds, days and weeks, months and years."""
    values = []
    for minute in range(1, 1000):
        hour, rest = divmod(minute, 60)
        forms = [f"{minute} minutes", f"{minute} min", f"{minute} mins"] if minute > 1 else ["1 minute", "1 min"]
        if hour:
            hours = f"{hour} hour" + ("s" if hour > 1 else "")
            minutes = f"{rest} minute" + ("s" if rest > 1 else "")
            forms += (
                [f"{hours} {minutes}", f"{hours} and {minutes}", f"{hour} h {rest} min", f"{hour}h {rest}m"]
                if rest
                else [hours, f"{hour} h", f"{hour}h"]
            )
            if rest == 30:
                forms.append(f"{hour}.5 hours")
        values.append(Value(tuple(forms)))
    short = []
    for second in range(1, 600):
        minute, rest = divmod(second, 60)
        if not rest:
            continue  # whole minutes are of the group above
        forms = [f"{second} seconds", f"{second} s", f"{second} sec"] if second > 1 else ["1 second", "1 s"]
        if minute:
            forms += [
                f"{minute} min {rest} s",
                f"{minute} minute{'s' if minute > 1 else ''} {rest} second{'s' if rest > 1 else ''}",
            ]
        short.append(Value(tuple(forms)))
    long = [Value((f"{n} days", f"{n} d")) for n in range(2, 200) if n % 7] + [
        Value((f"{n} weeks", f"{7 * n} days")) for n in range(2, 40)
    ]
    years = [Value((f"{n} years", f"{n} yrs", f"{n} yr")) for n in range(2, 120)] + [
        Value((f"{n} months", f"{n} mo")) for n in range(2, 60) if n % 12
    ]
    return [
        group("minutes", "How long does the film last?", values),
        group("seconds", "How long did the run take?", short),
        group("days", "How long was the journey?", long),
        group("years", "How old is the tree?", years, apart=False),
    ]
