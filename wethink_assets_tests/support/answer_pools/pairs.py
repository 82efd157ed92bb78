"""Pairs of answers that say different values: those that look most alike first, then any."""

import random
from collections.abc import Iterator
from itertools import groupby

from wethink_assets_tests.support.answer_pools.pool import Group

Said = tuple[str, int]
"""A form, and which of the pool's values it says."""
WINDOW = 6
"""Neighbours in an ordered list that are paired with each."""


def _looks(form: str) -> tuple[str, str, str, str]:
    """What forms that look alike have in common: signs and letters alone, letters in any order, figures, and the text from its end."""
    folded = form.casefold()
    signs = "".join(sign for sign in folded if sign.isalnum())
    return signs, "".join(sorted(signs)), "".join(sign for sign in folded if sign.isdecimal()), folded[::-1]


def alike_pairs(forms: list[Said], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Forms of different values that stand side by side in one of several orders, each pair in one direction or the other."""
    orders = [sorted(forms), *(sorted(forms, key=lambda said, at=at: (_looks(said[0])[at], said)) for at in range(4))]
    for ordered in orders:
        for at, (form, value) in enumerate(ordered):
            for other, of in ordered[at + 1 : at + WINDOW]:
                if of != value:
                    yield (form, other) if rng.random() < 0.5 else (other, form)
    for position in (0, 1):
        ordered = sorted(forms, key=lambda said: _looks(said[0])[position])
        for _, same in groupby(ordered, key=lambda said: _looks(said[0])[position]):
            members = list(same)[:40]
            for form, value in members:
                yield from ((form, other) for other, of in members if of != value)


def random_pairs(forms: list[Said], rng: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """So many pairs of different values, drawn at random."""
    while count > 0:
        (form, value), (other, of) = rng.choice(forms), rng.choice(forms)
        if value != of:
            count -= 1
            yield form, other


def unasked(groups: tuple[Group, ...]) -> list[list[Said]]:
    """Forms that say their value without a question: of all groups that are apart together, of each other one alone."""
    together: list[Said] = []
    lists = [together]
    owner: dict[str, int] = {}
    number = 0
    for group in groups:
        own: list[Said] = together if group.apart else []
        if not group.apart:
            lists.append(own)
        for value in group.values:
            number += 1
            name = number
            if group.apart:  # one text may stand in two groups, as a blood type and as a mark: it is one value then
                name = next((owner[form] for form in value.forms if form in owner), number)
                owner.update((form, name) for form in value.forms)
            own.extend((form, name) for form in value.forms)
    return [forms for forms in lists if len({value for _, value in forms}) > 1]


def asked(group: Group) -> list[Said]:
    """Forms that say their value beside the group's question."""
    return [(form, number) for number, value in enumerate(group.values) for form in value.all]
