"""Days and times of day."""

import random
from collections.abc import Iterator

from equivalence_families.case import Case
from wethink_assets_tests.support.answer_pools.moments import MONTHS


def dates(rng: random.Random) -> Iterator[Case]:
    """One day in many forms; the next day, another month, another year."""
    for _ in range(22):
        year, month, day = rng.randint(1850, 2030), rng.randint(1, 12), rng.randint(13, 27)
        name = MONTHS[month - 1]
        forms = [
            f"{name} {day}, {year}", f"{day} {name} {year}", f"{name[:3]}. {day}, {year}", f"{year}-{month:02}-{day:02}",
            f"{day}th of {name}, {year}", f"{month}/{day}/{year}", f"{day}.{month:02}.{year}", f"{name} {day} {year}",
        ]  # fmt: skip
        if day in (21, 22, 23):
            forms[4] = f"{day}{ {21: 'st', 22: 'nd', 23: 'rd'}[day] } of {name}, {year}"
        one, two, three = rng.sample(forms, 3)
        yield one, two, True
        yield two, three, True
        yield one, f"{MONTHS[month % 12]} {day}, {year}", False
        yield two, f"{name} {day + 1}, {year}", False
        yield three, f"{day} {name} {year + 1}", False
        yield one, f"{name} {year}", False


def times(rng: random.Random) -> Iterator[Case]:
    """Times of day with twelve and twenty-four hours."""
    for hour, minute in ((1, 5), (3, 30), (6, 45), (9, 0), (11, 59), (10, 15)):
        evening = f"{hour % 12 + 12}:{minute:02}"
        yield evening, f"{hour}:{minute:02} pm", True
        yield f"{hour}:{minute:02} p.m.", evening, True
        yield f"{hour}:{minute:02} am", f"{hour}:{minute:02} PM", False
        yield evening, f"{hour}:{(minute + 1) % 60:02} pm", False
