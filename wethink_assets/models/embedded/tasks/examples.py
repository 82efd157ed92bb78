"""Training examples: a prompt, an image or none, and the reply in segments by role.

The chain of thought is a *local lookup*: it lists the items one by one and tags each, so that every token follows from a few earlier
ones. That made the tasks learnable for a model of this size where answering at once did not.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from PIL import Image

from wethink_assets.sources.sample.families import families_for
from wethink_assets.sources.sample.questions import NUMBERS, Family, Query, Resolution, words_of
from wethink_assets.sources.sample.scenes import VISUAL_KINDS, Scene, VisualKind, draw_scene

PACK = Path(__file__).parents[3] / "synthesis" / "prompts" / "embedded"


@cache
def _template(task: str) -> Template:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((PACK / f"{task}.md").read_text())


def render_prompt(task: str, **variables: Any) -> str:
    """Text of the user message of a task (the pack has no system messages)."""
    return _template(task).render(**variables).strip("\n")


Segment = tuple[str, str]
KIND_WEIGHTS = (28, 24, 24, 24)
QUESTION_KINDS = ("MC", "FIB", "DES")
TRAINING_EFFECTS = (1, 1, 2)
"""How many effects the hard images of the training have: those of the sample sources have more."""


@dataclass(frozen=True, slots=True)
class Example:
    """One call with its right reply.

    segments: (role, text) in order; the roles name what accuracy is reported by: `sub`, `list`, `tag`, `steps`, `value`, `letter`,
    `text`, `json`, `end`; `free` carries no loss.
    """

    task: str
    prompt: str
    segments: tuple[Segment, ...]
    scene: Scene
    image: Image.Image | None = None
    query: Query | None = None
    kind: str = ""
    options: tuple[str, ...] = ()
    gold: dict[str, Any] = field(default_factory=dict)

    @property
    def reply(self) -> str:
        """The whole reply."""
        return "".join(text for _, text in self.segments)


def draw_kind(rng: random.Random) -> VisualKind:
    """A visual kind, by `KIND_WEIGHTS`."""
    return rng.choices(VISUAL_KINDS, KIND_WEIGHTS)[0]


def training_scene(
    rng: random.Random, hard_share: float, kind: VisualKind | None = None, effects: tuple[int, ...] = TRAINING_EFFECTS
) -> Scene:
    """A scene as the sample sources draw them, of any kind; the hard ones are milder unless `effects` says otherwise."""
    return draw_scene(rng, kind or draw_kind(rng), hard=rng.random() < hard_share, effects=effects)


def listing(scene: Scene, tags: Sequence[str]) -> list[Segment]:
    """The items with their tags: ` top-left red circle 1; center blue square no.`"""
    segments: list[Segment] = []
    for index, (item, tag) in enumerate(zip(scene.items, tags, strict=True)):
        last = index + 1 == len(scene.items)
        segments += [("list", f" {words_of(scene.kind, item)}"), ("tag", f" {tag}"), ("list", "." if last else ";")]
    return segments


def lookup(query: Query, scene: Scene) -> tuple[list[Segment], Resolution]:
    """The chain of thought up to the value: what is looked for, the tagged listing, and what is read off."""
    resolution = query.resolve(scene)
    segments = [("sub", f"<think>{query.sub}:"), *listing(scene, resolution.tags)]
    if resolution.steps:
        segments.append(("steps", resolution.steps))
    return segments, resolution


def window(pool: Sequence[str], value: str, size: int, rng: random.Random) -> tuple[str, ...]:
    """`size` neighbours in the pool's order that hold the value: options that are distinct by construction."""
    start = pool.index(value) - rng.randrange(size)
    return tuple(pool[(start + step) % len(pool)] for step in range(size))


def draw_options(family: Family, value: str, rng: random.Random) -> tuple[str, ...]:
    """2 to 4 options that hold the value: neighbours, as the question writer makes them, or any in any order."""
    size = min(len(family.pool), rng.choice((2, 3, 4, 4, 4)))
    if family.pool is NUMBERS and int(value) > 9:
        raise ValueError(f"{value} is not an option")
    if rng.random() < 0.5:
        return window(family.pool, value, size, rng)
    options = [*rng.sample([other for other in family.pool if other != value], size - 1), value]
    rng.shuffle(options)
    return tuple(options)


def draw_question_kind(rng: random.Random) -> str:
    """MC and FIB alike, DES somewhat less often."""
    return rng.choices(QUESTION_KINDS, (4, 4, 3))[0]


def families_of(kind: VisualKind, question_kind: str, ability: str = "") -> list[Family]:
    """Families of a visual and a question kind, all or those that need an ability."""
    return [family for family in families_for(kind, question_kind) if not ability or ability in family.abilities]
