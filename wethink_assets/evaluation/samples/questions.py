"""Questions of the stand-ins: a scene that no training draws, what is asked about it, and the true answer.

A scene is a function of the benchmark's name and a number, in a stream of its own (`benchmark/...`): sample images, trainings and held-out
examples draw from other streams. A quarter of the images is hard, as among the sample images.
"""

import base64
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from wethink_assets.kinds import KINDS, LETTERS, lettered
from wethink_assets.models.embedded.tasks.examples import draw_options
from wethink_assets.sources.sample.families import families_for
from wethink_assets.sources.sample.layout import SIZES
from wethink_assets.sources.sample.questions import NUMBERS, Family, Query, draw_query
from wethink_assets.sources.sample.rendering import render
from wethink_assets.sources.sample.scenes import VISUAL_KINDS, Scene, VisualKind, draw_scene

ATTEMPTS = 200
HARD_SHARE = 0.25
Wanted = Callable[[Family], bool]


def stream(benchmark: str, number: int, part: str = "") -> random.Random:
    """Randomness of one question, the same on every machine."""
    return random.Random(f"benchmark/{benchmark}/{number}/{part}")


def is_hard(benchmark: str, number: int) -> bool:
    """Whether the image of a question is hard: a quarter of them, as chance has it."""
    return stream(benchmark, number, "hard").random() < HARD_SHARE


@dataclass(frozen=True)
class DrawnQuestion:
    """A question about a scene. options: texts, empty for an open question; kind: MC, FIB or DES."""

    scene: Scene
    query: Query
    kind: str
    options: tuple[str, ...]
    seed: str

    @property
    def text(self) -> str:
        """The question."""
        return self.query.text

    @cached_property
    def answer(self) -> str:
        """The true answer: a short value, or a sentence."""
        answer = self.query.answer(self.scene)
        assert answer is not None
        return answer

    @property
    def letter(self) -> str:
        """Letter of the true option."""
        return LETTERS[self.options.index(self.answer)]

    @property
    def numeric(self) -> bool:
        """Whether the answer is a number."""
        return self.query.family.pool is NUMBERS

    @cached_property
    def image(self) -> str:
        """The image, as base64 of a PNG."""
        rng = random.Random(f"benchmark picture/{self.seed}")
        buffer = io.BytesIO()
        render(self.scene, rng, rng.choice(SIZES), oversample=2).save(buffer, "PNG")
        return base64.b64encode(buffer.getvalue()).decode("ascii")

    def columns(self, question: str = "") -> dict[str, str]:
        """Columns that all stand-ins have: `asked` and `kind` are the question without its benchmark's instructions."""
        return {"image": self.image, "question": question or self.text, "asked": self.text, "kind": self.kind,
                "category": self.query.family.category, "l2-category": self.scene.kind}  # fmt: skip

    @property
    def option_columns(self) -> dict[str, str]:
        """Options as columns A, B, ..."""
        return dict(lettered(self.options))

    @property
    def listed_options(self) -> str:
        """Options as lines of text: `(A) red`."""
        return "\n".join(f"({letter}) {text}" for letter, text in lettered(self.options))


def any_family(family: Family) -> bool:
    """For stand-ins that ask about anything."""
    return True


def draw_question(
    benchmark: str,
    number: int,
    kind: str,
    wanted: Wanted = any_family,
    kinds: Sequence[VisualKind] = VISUAL_KINDS,
    hard: bool | None = None,
    options: int = 0,
) -> DrawnQuestion:
    """Question `number` of a stand-in.

    Args:
        kind: MC, FIB or DES.
        wanted: families that may be asked.
        kinds: visual kinds, used in turn.
        hard: whether the image is hard; by number if left out.
        options: exactly so many options, where the family has as many answers; any number from 2 to 4 if 0.
    """
    rng = stream(benchmark, number)
    for _ in range(ATTEMPTS):
        visual = kinds[number % len(kinds)]
        scene = draw_scene(rng, visual, hard=is_hard(benchmark, number) if hard is None else hard)
        families = [
            family
            for family in families_for(visual, kind)
            if wanted(family) and (not options or len(family.pool) >= options)
        ]
        query = draw_query(scene, rng, families)
        if query is not None:
            return question_about(scene, query, kind, rng, f"{benchmark}/{number}", options)
    raise ValueError(f"no {kind} question of {benchmark} fits {kinds}")


def question_about(
    scene: Scene, query: Query, kind: str, rng: random.Random, seed: str, options: int = 0
) -> DrawnQuestion:
    """A given question about a scene, with options drawn where it is multiple choice."""
    chosen: tuple[str, ...] = ()
    if KINDS[kind].has_options:
        value = query.answer(scene) or ""
        chosen = draw_options(query.family, value, rng)
        while options and len(chosen) != options:
            chosen = draw_options(query.family, value, rng)
    return DrawnQuestion(scene, query, kind, chosen, seed)


def rearranged(scene: Scene, rng: random.Random) -> Scene:
    """The same things in other places (of a chart: with other values; of a text: other characters): questions about them stay well-posed."""
    if scene.kind == "chart":
        values = [item.value for item in scene.items]
        rng.shuffle(values)
        return replace(
            scene, items=tuple(replace(item, value=value) for item, value in zip(scene.items, values, strict=True))
        )
    if scene.kind == "text":
        return draw_scene(
            rng, "text", items=(len(scene.items), len(scene.items)), effects=(len(scene.effects),), hard=scene.hard
        )
    cells = rng.sample(range(9), len(scene.items))
    items = [replace(item, cell=cell) for item, cell in zip(scene.items, cells, strict=True)]
    return replace(scene, items=tuple(sorted(items, key=lambda item: item.cell)))
