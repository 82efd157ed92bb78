"""Lists, and coordinates."""

import random
from collections.abc import Iterator

from equivalence_families.case import Case
from wethink_assets_tests.support.answer_pools.amounts import spelled

COLOURS = ["red", "green", "blue", "yellow", "orange", "purple", "black", "white"]


def lists_any_order(rng: random.Random) -> Iterator[Case]:
    """Lists where the question asks for no order: permuted, joined in other ways; one item short, one too many, one changed."""
    for _ in range(16):
        items = rng.sample(COLOURS, rng.randint(2, 4))
        other = rng.choice([colour for colour in COLOURS if colour not in items])
        mixed = items[::-1]
        yield ", ".join(items), ", ".join(mixed), True
        yield ", ".join(items), f"{', '.join(mixed[:-1])} and {mixed[-1]}", True
        yield "; ".join(items), ", ".join(mixed).upper(), True
        yield ", ".join(items), ", ".join([*items, other]), False
        yield ", ".join(items), ", ".join([*items[:-1], other]), False
        if len(items) > 2:
            yield ", ".join(items), ", ".join(items[:-1]), False


def lists_in_order(rng: random.Random) -> Iterator[Case]:
    """Lists where the question asks for an order."""
    for _ in range(14):
        items = rng.sample(COLOURS, rng.randint(2, 4))
        yield ", ".join(items), f"{', '.join(items[:-1])} and {items[-1]}", True
        yield ", ".join(items), "; ".join(items), True
        yield ", ".join(items), ", ".join(items[::-1]), False
        numbers = rng.sample(range(2, 90), 3)
        yield ", ".join(map(str, numbers)), ", ".join(spelled(number) for number in numbers), True
        yield ", ".join(map(str, numbers)), ", ".join(map(str, numbers[::-1])), False


def tuples(rng: random.Random) -> Iterator[Case]:
    """Coordinates keep their order."""
    for _ in range(12):
        x, y = rng.sample(range(-9, 10), 2)
        yield f"({x}, {y})", f"({x},{y})", True
        yield f"({x}, {y})", f"$\\left({x}, {y}\\right)$", True
        yield f"({x}, {y})", f"({y}, {x})", False
        yield f"({x}, {y})", f"({x}, {y + 1})", False
