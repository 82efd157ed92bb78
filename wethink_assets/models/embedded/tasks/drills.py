"""Dense exercises for the decoder alone: binding option letters to options, and tagging items that match a subject.

The items are random and carry no loss (`free`); every letter and tag does. A few hundred steps of them make the later tasks learnable.
"""

import random

from wethink_assets.kinds import LETTERS
from wethink_assets.models.embedded.tasks.examples import Example, Segment, training_scene
from wethink_assets.models.embedded.tasks.reasoner import FAMILIES_OF
from wethink_assets.models.embedded.tasks.solutions import solution
from wethink_assets.sources.sample.questions import CHARACTER_KINDS, DIRECTIONS, NUMBERS, draw_query, words_of
from wethink_assets.sources.sample.scenes import CHARACTERS, COLORS, COLUMNS, PLACES, SHAPES, Scene, draw_scene

POOLS: tuple[tuple[str, ...], ...] = (
    COLORS,
    SHAPES,
    PLACES,
    DIRECTIONS,
    NUMBERS,
    CHARACTERS,
    COLUMNS + CHARACTER_KINDS,
    COLORS + SHAPES + PLACES,
)
EMPTY = Scene("shapes", ())
ITEMS = {"shapes": (5, 9), "chart": (2, 3), "figure": (4, 8), "text": (6, 8)}


def letters(rng: random.Random) -> Example:
    """Several look-ups of the letter of an option, in one option list."""
    pool = rng.choice(POOLS)
    options = rng.sample(pool, min(len(pool), rng.choice((2, 3, 4, 4, 4))))
    asked = list(range(len(options)))
    rng.shuffle(asked)
    listed = " ".join(f"{LETTERS[index]}) {option}" for index, option in enumerate(options))
    segments: list[Segment] = [("free", "<think>letters:")]
    for index in asked:
        segments += [("free", f" {options[index]}"), ("drill letter", f" {LETTERS[index]}"), ("free", ";")]
    return Example("drill", f"MC: Pick. {listed}", tuple(segments), EMPTY)


def tags(rng: random.Random) -> Example:
    """Tags and read-offs of a random scene that only the chain of thought itself shows."""
    scene = training_scene(rng, 0.0)
    scene = draw_scene(rng, scene.kind, items=ITEMS[scene.kind])
    query = draw_query(scene, rng, FAMILIES_OF[scene.kind])
    assert query is not None
    segments, _ = solution(query, scene, (), 0)
    roles = {"sub": "free", "list": "free", "tag": "drill tag", "steps": "drill steps", "value": "drill value"}
    return Example("drill", "Look.", tuple((roles[role], text) for role, text in segments), scene)


def copies(rng: random.Random) -> Example:
    """A bare list of items, to be listed again: what reading a description needs first."""
    scene = training_scene(rng, 0.0)
    parts = [words_of(scene.kind, item) for item in scene.items]
    return Example("drill", "; ".join(parts), tuple(("drill list", f" {part};") for part in parts), scene)


def draw_drill(rng: random.Random) -> Example:
    """Any of the exercises."""
    return rng.choice((letters, tags, tags, copies))(rng)
