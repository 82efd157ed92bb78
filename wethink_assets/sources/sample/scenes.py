"""Drawn scenes: a visual kind and a few items on a 3x3 grid, each with a place and two or three facts.

All four kinds share one shape of description (items, each at a named place, in reading order), so that a small model can read every
kind in the same way. Within a scene the subjects that questions name are unique by construction: no two shapes share both colour and
shape, no two bars a colour, no two figures a label, no two characters of a text are the same.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

VisualKind = Literal["shapes", "chart", "figure", "text"]
VISUAL_KINDS: tuple[VisualKind, ...] = ("shapes", "chart", "figure", "text")

COLORS = ("red", "green", "blue", "yellow", "purple", "orange")
SHAPES = ("circle", "square", "triangle", "diamond", "cross")
FIGURE_SHAPES = ("circle", "square", "triangle", "diamond")
CORNERS = {"circle": 0, "square": 4, "triangle": 3, "diamond": 4}
PLURALS = {"circle": "circles", "square": "squares", "triangle": "triangles", "diamond": "diamonds", "cross": "crosses"}
PLACES = (
    "top-left", "top-center", "top-right", "middle-left", "center", "middle-right", "bottom-left", "bottom-center", "bottom-right",
)  # fmt: skip
COLUMNS = ("left", "middle", "right")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
LETTERS = ("H", "J", "K", "L", "M", "P", "S", "T", "V", "X", "Y")
DIGITS = ("2", "4", "6", "7", "9")
CHARACTERS = LETTERS + DIGITS
"""The alphabet of the text kind: sixteen characters that stay apart at 12 pixels; none is an option letter (A to D)."""
LABELS = ("H", "K", "L", "P", "S", "T", "V", "X")
"""The alphabet of the labels in figures."""
MAX_VALUE = 9
EFFECTS = ("noise", "low contrast", "occlusion", "clutter", "small print")
HARD_EFFECTS = (2, 2, 3)
"""How many effects a hard picture has, drawn evenly: enough that the embedded model, which was trained on fewer, errs on many of them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a scene.

    cell: index of its place in reading order (shapes, figure: 0..8; chart: column 0..2; text: place in the text 0..7).
    Facts that the visual kind does not have are empty (or 0).
    """

    cell: int
    color: str = ""
    shape: str = ""
    label: str = ""
    value: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """Items of one picture in reading order, and the effects that make it hard to read (none: a clean picture)."""

    kind: VisualKind
    items: tuple[Item, ...]
    effects: tuple[str, ...] = ()

    @property
    def hard(self) -> bool:
        """Whether anything was done to make the picture hard to read."""
        return bool(self.effects)

    def as_json(self) -> dict[str, Any]:
        """The scene as plain JSON values; `scene_from_json` reads it back."""
        return {"kind": self.kind, "items": [asdict(item) for item in self.items], "effects": list(self.effects)}


def scene_from_json(value: dict[str, Any]) -> Scene:
    """The inverse of `Scene.as_json`."""
    return Scene(value["kind"], tuple(Item(**item) for item in value["items"]), tuple(value["effects"]))


def places_of(kind: VisualKind) -> tuple[str, ...]:
    """Names of the places that items of this visual kind can have, by cell."""
    return COLUMNS if kind == "chart" else ORDINALS if kind == "text" else PLACES


def place_of(kind: VisualKind, item: Item) -> str:
    """Name of the item's place, such as `top-left` (shapes, figure), `middle` (chart) or `third` (text)."""
    return places_of(kind)[item.cell]


def facts_of(kind: VisualKind, item: Item) -> tuple[str, ...]:
    """The item's facts besides its place, as words: (colour, shape), (colour, value), (shape, label) or (character,)."""
    match kind:
        case "shapes":
            return (item.color, item.shape)
        case "chart":
            return (item.color, str(item.value))
        case "figure":
            return (item.shape, item.label)
        case "text":
            return (item.label,)


def graph_of(scene: Scene) -> list[tuple[str, ...]]:
    """All facts of a scene: one tuple (place, facts...) an item."""
    return [(place_of(scene.kind, item), *facts_of(scene.kind, item)) for item in scene.items]


def draw_scene(
    rng: random.Random,
    kind: VisualKind,
    *,
    hard: bool = False,
    items: tuple[int, int] | None = None,
    effects: tuple[int, ...] = HARD_EFFECTS,
) -> Scene:
    """Choose a random scene.

    items: least and greatest number of items, where the kind's own range is not wanted; effects: numbers of effects that a hard picture
    may have.
    """
    built: Sequence[Item]
    match kind:
        case "shapes":
            count = rng.randint(*(items or (1, 5)))
            pairs = rng.sample([(color, shape) for color in COLORS for shape in SHAPES], count)
            cells = sorted(rng.sample(range(9), count))
            built = [Item(cell, color=color, shape=shape) for cell, (color, shape) in zip(cells, pairs, strict=True)]
        case "chart":
            count = rng.randint(*(items or (2, 3)))
            cells = sorted(rng.sample(range(3), count))
            colors = rng.sample(COLORS, count)
            built = [
                Item(cell, color=color, value=rng.randint(1, MAX_VALUE))
                for cell, color in zip(cells, colors, strict=True)
            ]
        case "figure":
            count = rng.randint(*(items or (1, 4)))
            cells = sorted(rng.sample(range(9), count))
            labels = rng.sample(LABELS, count)
            built = [
                Item(cell, shape=rng.choice(FIGURE_SHAPES), label=label)
                for cell, label in zip(cells, labels, strict=True)
            ]
        case "text":
            count = rng.randint(*(items or (2, 8)))
            built = [Item(cell, label=label) for cell, label in enumerate(rng.sample(CHARACTERS, count))]
    chosen = tuple(rng.sample(EFFECTS, rng.choice(effects))) if hard else ()
    return Scene(kind, tuple(built), chosen)
