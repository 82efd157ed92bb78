"""Questions that can be asked about a drawn scene, and the true answer of each.

A family is a kind of question (where is X, how many Y) with its wordings, the abilities it needs and one rule, `resolve`, that reads the
answer off a scene. The generator of training examples and the audit use the same rule, in opposite directions: one fills a wording in,
the other recognises it.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wethink_assets.kinds import DESCRIPTIVE, FILL_IN, MULTIPLE_CHOICE
from wethink_assets.sources.sample.scenes import (
    CHARACTERS,
    COLORS,
    COLUMNS,
    ORDINALS,
    PLACES,
    PLURALS,
    SHAPES,
    Item,
    Scene,
    VisualKind,
    facts_of,
    place_of,
)

R = "Reasoning"
REC = "Recognition"
OCR = "OCR"
KNOW = "Knowledge"
SPACE = "Spatial Awareness"
MATH = "Math"
LANG = "Language Generation"


Arguments = dict[str, str]
NUMBERS = tuple(str(number) for number in range(10))
YES_NO = ("yes", "no")
DIRECTIONS = ("left", "right", "above", "below", "above-left", "above-right", "below-left", "below-right")
SIDES = ("left of", "right of", "above", "below")
ALL_SIDES = (
    "left of",
    "right of",
    "above",
    "below",
    "above-left of",
    "above-right of",
    "below-left of",
    "below-right of",
)
CHARACTER_KINDS = ("letter", "digit")
COMPARISONS = ("higher than", "lower than", "level with")
VOCABULARY: dict[str, tuple[str, ...]] = {
    "color": COLORS,
    "shape": SHAPES,
    "plural": tuple(PLURALS.values()),
    "place": PLACES,
    "column": COLUMNS,
    "ordinal": ORDINALS,
    "label": CHARACTERS,
    "side": SIDES,
    "allside": ALL_SIDES,
    "number": NUMBERS,
    "comparison": COMPARISONS,
}
SINGULAR = {plural: shape for shape, plural in PLURALS.items()}


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a question is read off a scene.

    tags: one a item, in order: its running number among those that match, or `no` (`first`, `second` for the two subjects of a
    relation); steps: what is looked up after that; value: the answer, None when the question is ill-posed for the scene;
    problem: `absent` or `ambiguous` then; facts: what a descriptive answer states; evidence: indices of the items it rests on.
    """

    tags: tuple[str, ...]
    steps: str
    value: str | None
    problem: str = ""
    facts: Arguments = field(default_factory=dict)
    evidence: tuple[int, ...] = ()


Subjects = Callable[[Scene, random.Random], Arguments | None]
Resolve = Callable[[Scene, Mapping[str, str]], Resolution]


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of question.

    sub: its short form inside `<think>`; wordings: the question's text; pool: what its answers are drawn from (empty: no multiple
    choice); sentences: for descriptive families, the wordings of the answer, filled from subjects and facts.
    """

    name: str
    kinds: tuple[VisualKind, ...]
    abilities: tuple[str, ...]
    category: str
    sub: str
    wordings: tuple[str, ...]
    subjects: Subjects
    resolve: Resolve
    pool: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def question_kinds(self) -> tuple[str, ...]:
        """Of MC, FIB and DES, those this family can be asked as."""
        if self.sentences:
            return (DESCRIPTIVE.code,)
        return (MULTIPLE_CHOICE.code, FILL_IN.code) if self.pool else (FILL_IN.code,)


def running_tags(matches: Sequence[bool]) -> tuple[str, ...]:
    """`1`, `2`, ... for the items that match, `no` for the others."""
    tags, seen = [], 0
    for match in matches:
        seen += match
        tags.append(str(seen) if match else "no")
    return tuple(tags)


def direction_between(first: Item, second: Item) -> str:
    """Where the first item lies as seen from the second, such as `above-left`; empty for the same cell."""
    (row, column), (other_row, other_column) = divmod(first.cell, 3), divmod(second.cell, 3)
    down = "above" if row < other_row else "below" if row > other_row else ""
    across = "left" if column < other_column else "right" if column > other_column else ""
    return "-".join(part for part in (down, across) if part)


def side_of(direction: str) -> str:
    """A direction as a preposition: `left` becomes `left of`, `above` stays."""
    return f"{direction} of" if "left" in direction or "right" in direction else direction


def words_of(kind: VisualKind, item: Item) -> str:
    """Place and facts of an item as they stand in a listing: `top-left red circle`."""
    return " ".join((place_of(kind, item), *facts_of(kind, item)))


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its subjects filled in: family, subjects, and which wording is used."""

    family: Family
    args: Arguments
    wording: int

    @property
    def text(self) -> str:
        """The question as asked."""
        return self.family.wordings[self.wording].format(**self.args)

    @property
    def sub(self) -> str:
        """The short form that opens a chain of thought."""
        return self.family.sub.format(**self.args)

    def resolve(self, scene: Scene) -> Resolution:
        """Read the answer off a scene."""
        return self.family.resolve(scene, self.args)

    def answer(self, scene: Scene, style: int = 0) -> str | None:
        """The true answer, a sentence in one of two styles for descriptive families; None when ill-posed."""
        resolution = self.resolve(scene)
        if resolution.value is None or not self.family.sentences:
            return resolution.value
        return self.sentence(resolution.facts, style)

    def sentence(self, facts: Mapping[str, str], style: int = 0) -> str:
        """The descriptive answer that states these facts."""
        return self.family.sentences[style].format(**{**self.args, **facts})


def draw_query(scene: Scene, rng: random.Random, families: Sequence[Family]) -> Query | None:
    """A well-posed question of one of the families, or None when none fits the scene."""
    for family in rng.sample(list(families), len(families)):
        args = family.subjects(scene, rng)
        if args is None or scene.kind not in family.kinds:
            continue
        query = Query(family, args, rng.randrange(len(family.wordings)))
        if query.resolve(scene).value is not None:
            return query
    return None


def pattern_of(template: str) -> re.Pattern[str]:
    """Regular expression that recognises a filled-in wording; its groups are the fields."""
    parts = re.split(r"\{(\w+)\}", template)
    built = [re.escape(parts[0])]
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        words = sorted(VOCABULARY[name.rstrip("2")], key=len, reverse=True)
        built.append(f"(?P<{name}>{'|'.join(map(re.escape, words))})" + re.escape(literal))
    return re.compile("".join(built))
