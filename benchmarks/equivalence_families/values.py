"""Values of the pools: against every other value of their type, in their forms, and as sentences say them."""

import random
from collections.abc import Iterator

from wethink_assets_tests.support.answer_pools import MAKERS, pool
from wethink_assets_tests.support.answer_pools.pairs import Said, alike_pairs, asked, random_pairs, unasked
from wethink_assets_tests.support.answer_pools.wordings import NOT_SAYING, SAYING

DIFFERENT, EQUAL, WORDED = 200, 36, 8
"""Cases of a type: pairs of different values, pairs of forms, and values in each kind of wording."""
Made = tuple[str, str, bool, str | None]


def values(name: str) -> Iterator[Made]:
    """Pairs of different values, those that look alike and any others, then forms of one value; with the question and without."""
    rng = random.Random(f"values {name}")
    groups = pool(name)
    bare: list[tuple[str | None, list[Said]]] = [(None, forms) for forms in unasked(groups)]
    with_question = [(group.question, asked(group)) for group in groups if len(group.values) > 1]
    for settings in (bare, with_question):
        drawn: list[Made] = []
        for question, forms in settings:
            few = rng.sample(forms, min(len(forms), 400))
            near = list(alike_pairs(few, rng))
            pairs = rng.sample(near, min(len(near), DIFFERENT)) + list(random_pairs(few, rng, DIFFERENT // 2))
            drawn += [(gold, candidate, False, question) for gold, candidate in pairs]
        yield from rng.sample(drawn, min(len(drawn), DIFFERENT // 2))
    one_value: list[Made] = []
    for group in groups:
        for value in rng.sample(group.values, min(len(group.values), EQUAL)):
            one_value += [(*rng.sample(value.forms, 2), True, None)] if len(value.forms) > 1 else []
            one_value += [(*rng.sample(value.all, 2), True, group.question)] if len(value.all) > 1 else []
    yield from rng.sample(one_value, min(len(one_value), EQUAL))


def worded(name: str) -> Iterator[Made]:
    """Values as sentences say them, and sentences that deny them or leave them open."""
    rng = random.Random(f"worded {name}")
    groups = [group for group in pool(name) if len(group.values) > 1]
    for wording in rng.sample(SAYING, WORDED):
        group = rng.choice(groups)
        value = rng.choice(group.values).all[0]
        yield value, wording.format(value), True, group.question
    for wording in rng.sample(NOT_SAYING, WORDED):
        group = rng.choice(groups)
        value, other = (value.all[0] for value in rng.sample(group.values, 2))
        yield value, wording.format(value, other), False, group.question


TYPES = list(MAKERS)
