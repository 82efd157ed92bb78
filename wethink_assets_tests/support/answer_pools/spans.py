"""Ranges, scores, ratios and dimensions."""

import random
from itertools import pairwise
from math import gcd

from wethink_assets_tests.support.answer_pools.moments import MONTHS
from wethink_assets_tests.support.answer_pools.pool import Group, Value, group

DASH = "\u2013"


def ranges() -> list[Group]:
    """Age groups, years, values, prices, percentages, months, and ranges without an end."""
    rng = random.Random("ranges")
    ages = {(low, low + width - 1) for width in (5, 10, 15, 20) for low in range(0, 90, 5)} | {
        (low, low + 9) for low in range(1, 90)
    }
    ages |= {(low, low + 5) for low in range(1, 60)}
    years = {(year, year + span) for year in range(1900, 2020) for span in (1, 5, 10)}
    values = {tuple(sorted(rng.sample(range(1, 3000), 2))) for _ in range(500)}
    edges = [0, 50, 100, 150, 200, 250, 300, 400, 500, 750, 1000]
    numbers = sorted(ages) + sorted(years - ages) + sorted({*values, *pairwise(edges)} - ages - years)
    plain = [
        Value((f"{a}-{b}", f"{a}{DASH}{b}", f"{a} - {b}", f"{a} to {b}"), (f"between {a} and {b}", f"from {a} to {b}"))
        for a, b in numbers
    ]
    shares = [
        Value((f"{a}%-{b}%", f"{a}{DASH}{b}%", f"{a}-{b}%", f"{a}% to {b}%", f"{a} to {b} percent"))
        for a in range(0, 95, 5)
        for b in range(a + 5, 101, 5)
    ]
    prices = [
        Value((f"${a}-${b}", f"${a}{DASH}${b}", f"${a}-{b}", f"${a} to ${b}"))
        for a in range(5, 200, 10)
        for b in (a + 5, a + 10, a + 25)
    ]
    heat = [
        Value((f"{a}-{b}\u00b0C", f"{a}\u00b0C to {b}\u00b0C", f"{a}{DASH}{b} \u00b0C"))
        for a in range(1, 40)
        for b in (a + 2, a + 5)
    ]
    lengths = [
        Value((f"{a}-{b} cm", f"{a} to {b} cm", f"{a} cm to {b} cm")) for a in range(2, 60, 2) for b in (a + 3, a + 10)
    ]
    months = [
        Value(
            (f"{one}-{two}", f"{one} to {two}", f"{one}{DASH}{two}", f"{one[:3]}-{two[:3]}", f"{one[:3]} to {two[:3]}")
        )
        for one in MONTHS
        for two in MONTHS
        if one != two and "May" not in (one, two)
    ]
    ended = [
        Value((f"{n}+",), (f"{n} and over", f"{n} and above", f"{n} or more")) for n in (*range(18, 100), 1000, 5000)
    ]
    ended += [Value((f"under {n}", f"<{n}", f"< {n}", f"less than {n}")) for n in range(5, 100)]
    ended += [Value((f"over {n}", f">{n}", f"> {n}", f"more than {n}")) for n in range(100, 200)]
    return [
        group("plain", "Which age group or range of years is the largest?", plain),
        group("percentages", "Which range of percentages is shown in dark blue?", shares),
        group("prices", "In which price range are most of the sold items?", prices),
        group("temperatures", "At which temperatures should it be kept?", heat),
        group("lengths", "How long do these fish become?", lengths),
        group("months", "In which months is the park open?", months),
        group("without an end", "Which age group is at the top of the chart?", ended),
    ]


def scores() -> list[Group]:
    """Results of matches and sets, points of a total."""
    matches = [
        Value((f"{a}-{b}", f"{a}{DASH}{b}", f"{a} - {b}"), (f"{a}:{b}", f"{a} : {b}", f"{a} to {b}"))
        for a in range(0, 32)
        for b in range(0, 32)
    ]
    points = [
        Value((f"{a}-{b}", f"{a}{DASH}{b}"), (f"{a} to {b}",)) for a in range(60, 130, 2) for b in range(61, 120, 4)
    ]
    totals = [Value((), (f"{a}/{b}", f"{a} out of {b}")) for b in (11, 13, 17, 19, 23) for a in range(1, b)]
    return [
        group("matches", "What was the final score of the match?", matches),
        group("points", "What is the score on the scoreboard?", points),
        group("points of a total", "What was the score of the test?", totals),
    ]


def ratios() -> list[Group]:
    """Ratios of two and three numbers, in their lowest terms: whether 6:8 says 3:4 nobody can tell."""
    two = [
        Value((f"{a}:{b}", f"{a} : {b}"), (f"{a} to {b}",))
        for a in range(1, 61)
        for b in range(1, 61)
        if gcd(a, b) == 1 and (a, b) != (1, 1)
    ]
    three = [
        Value((f"{a}:{b}:{c}", f"{a} : {b} : {c}"), (f"{a} to {b} to {c}",))
        for a in range(1, 8)
        for b in range(1, 8)
        for c in range(1, 8)
        if gcd(gcd(a, b), c) == 1
    ]
    scales = [Value((f"1:{n}", f"1 : {n}", f"1:{n:,}")) for n in (*range(1000, 30000, 500), 50_000, 100_000, 250_000)]
    return [
        group("two", "What is the ratio of cats to dogs?", two),
        group("three", "In what ratio are sand, lime and water mixed?", three),
        group("scales", "What is the scale of the map?", scales),
    ]


def dimensions() -> list[Group]:
    """Resolutions, sizes with units, boxes, matrices' sizes."""
    rng = random.Random("dimensions")
    known = [
        (800, 600),
        (600, 800),
        (1024, 768),
        (1280, 720),
        (1920, 1080),
        (1080, 1920),
        (3840, 2160),
        (640, 480),
        (320, 240),
    ]
    sizes = list(dict.fromkeys(known + [(rng.randint(1, 4000), rng.randint(1, 4000)) for _ in range(500)]))
    sizes = list(dict.fromkeys(sizes + [(a, b) for a in range(2, 20) for b in range(2, 20)]))
    plain = [Value((f"{a}x{b}", f"{a}\u00d7{b}", f"{a} x {b}", f"{a} X {b}"), (f"{a} by {b}",)) for a, b in sizes]
    measured = [
        Value((f"{a} x {b} {unit}", f"{a} {unit} x {b} {unit}", f"{a}{unit} \u00d7 {b}{unit}"), (f"{a} by {b} {unit}",))
        for unit, step in (("cm", 7), ("m", 3), ("ft", 5), ("mm", 11))
        for a in range(2, 120, step)
        for b in (a + 1, a + 7, a - 1)
    ]
    boxes = [
        Value((f"{a}x{b}x{c} {unit}", f"{a} x {b} x {c} {unit}", f"{a} {unit} \u00d7 {b} {unit} \u00d7 {c} {unit}"))
        for unit in ("cm", "in")
        for a in range(3, 40, 3)
        for b in range(5, 40, 5)
        for c in (2, 7, 11)
    ]
    return [
        group("plain", "What is the resolution of the screen?", plain),
        group("with units", "What are the dimensions of the painting?", measured),
        group("boxes", "What are the dimensions of the box?", boxes),
    ]
