"""Subjects of questions: how they are drawn from a scene, and how they are found again."""

import random
from collections.abc import Callable, Mapping, Sequence

from wethink_assets.sources.sample.questions import SIDES, VOCABULARY, Arguments, Subjects, direction_between
from wethink_assets.sources.sample.scenes import Item, Scene


def no_subject(_scene: Scene, _rng: random.Random) -> Arguments | None:
    """For questions about the picture as a whole."""
    return {}


def item_subject(
    read: Callable[[Scene, Item], Arguments], allowed: Callable[[Item], bool] = lambda item: True
) -> Subjects:
    """What `read` says of any item that is allowed."""

    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        items = [item for item in scene.items if allowed(item)]
        return read(scene, rng.choice(items)) if items else None

    return subjects


def unique_subject(attribute: str) -> Subjects:
    """The value of an attribute that only one item has."""

    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        values = [getattr(item, attribute) for item in scene.items]
        once = [value for value in values if values.count(value) == 1]
        return {attribute: rng.choice(once)} if once else None

    return subjects


def pair_subject(
    read: Callable[[Item, Item], Arguments], need: Callable[[Item, Item], bool] = lambda one, two: True
) -> Subjects:
    """What `read` says of any two different items that fit together."""

    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        pairs = [(one, two) for one in scene.items for two in scene.items if one is not two and need(one, two)]
        return read(*rng.choice(pairs)) if pairs else None

    return subjects


def named(scene: Scene, args: Arguments, suffix: str) -> Item:
    """The item that arguments name, with `suffix` after the names of its attributes."""
    names = [name for name in ("color", "shape", "label") if name + suffix in args]
    return next(item for item in scene.items if all(getattr(item, name) == args[name + suffix] for name in names))


def with_side(subjects: Subjects) -> Subjects:
    """Two subjects with a side, true and false alike often."""

    def chosen(scene: Scene, rng: random.Random) -> Arguments | None:
        args = subjects(scene, rng)
        if args is None:
            return None
        first, second = (named(scene, args, suffix) for suffix in ("", "2"))
        true = [side for side in SIDES if side.split()[0] in direction_between(first, second).split("-")]
        false = [side for side in SIDES if side not in true]
        return {**args, "side": rng.choice(true if rng.random() < 0.5 else false)}

    return chosen


def often(values: Callable[[Scene], list[str]], name: str, vocabulary: Sequence[str], share: float = 0.75) -> Subjects:
    """A value that the scene has in `share` of cases, any of the vocabulary otherwise."""

    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        return {name: rng.choice(values(scene)) if rng.random() < share else rng.choice(vocabulary)}

    return subjects


def colored_shape(item: Item, args: Mapping[str, str], suffix: str = "") -> bool:
    """Whether an item has the colour and the shape asked about."""
    return item.color == args["color" + suffix] and item.shape == args["shape" + suffix]


def at_place(name: str) -> Callable[[Item, Mapping[str, str]], bool]:
    """Whether an item is at the place asked about."""
    return lambda item, args: VOCABULARY[name][item.cell] == args[name]


def its_place(name: str) -> Callable[[Scene, Item], Arguments]:
    """The place of an item, as an argument of that name."""
    return lambda _scene, item: {name: VOCABULARY[name][item.cell]}


def has(attribute: str, suffix: str = "") -> Callable[[Item, Mapping[str, str]], bool]:
    """Whether an item has the value asked about."""
    return lambda item, args: getattr(item, attribute) == args[attribute + suffix]
