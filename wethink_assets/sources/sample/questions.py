"""Which questions can be asked about a drawn scene, and what each one's true answer is.

A family is a kind of question (where is X, how many Y) with its wordings, the abilities it needs and one rule, `resolve`, that reads the
answer off a scene. The generator of training examples and the audit use the same rule, in opposite directions: one fills a wording in,
the other recognises it.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wethink_assets.sources.sample.scenes import (
    CHARACTERS,
    COLORS,
    COLUMNS,
    CORNERS,
    DIGITS,
    LABELS,
    LETTERS,
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
        return ("DES",) if self.sentences else ("MC", "FIB") if self.pool else ("FIB",)


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


def _count(match: Callable[[Item, Mapping[str, str]], bool]) -> Resolve:
    def resolve(scene: Scene, args: Mapping[str, str]) -> Resolution:
        matches = [match(item, args) for item in scene.items]
        evidence = tuple(index for index, hit in enumerate(matches) if hit)
        return Resolution(running_tags(matches), "", str(len(evidence)), evidence=evidence)

    return resolve


def _one(match: Callable[[Item, Mapping[str, str]], bool], read: Callable[[Scene, Item], str | Arguments]) -> Resolve:
    def resolve(scene: Scene, args: Mapping[str, str]) -> Resolution:
        matches = [match(item, args) for item in scene.items]
        evidence = tuple(index for index, hit in enumerate(matches) if hit)
        tags = running_tags(matches)
        if len(evidence) != 1:
            return Resolution(tags, "", None, "ambiguous" if evidence else "absent", evidence=evidence)
        item = scene.items[evidence[0]]
        result = read(scene, item)
        steps = f" {words_of(scene.kind, item)}"
        if isinstance(result, dict):
            return Resolution(tags, steps, "", facts=result, evidence=evidence)
        return Resolution(tags, steps, result, evidence=evidence)

    return resolve


def _two(
    first: Callable[[Item, Mapping[str, str]], bool],
    second: Callable[[Item, Mapping[str, str]], bool],
    read: Callable[[Scene, Item, Item, Mapping[str, str]], tuple[str, str | Arguments]],
) -> Resolve:
    def resolve(scene: Scene, args: Mapping[str, str]) -> Resolution:
        ones = [index for index, item in enumerate(scene.items) if first(item, args)]
        twos = [index for index, item in enumerate(scene.items) if second(item, args)]
        tags = tuple(
            "first" if index in ones else "second" if index in twos else "no" for index in range(len(scene.items))
        )
        if not ones or not twos or ones == twos:
            return Resolution(tags, "", None, "absent", evidence=(*ones, *twos))
        steps, result = read(scene, scene.items[ones[0]], scene.items[twos[0]], args)
        evidence = (ones[0], twos[0])
        if isinstance(result, dict):
            return Resolution(tags, steps, "", facts=result, evidence=evidence)
        return Resolution(tags, steps, result, evidence=evidence)

    return resolve


def _extreme(highest: bool) -> Resolve:
    def resolve(scene: Scene, args: Mapping[str, str]) -> Resolution:
        best = scene.items[0].value
        tags = []
        for item in scene.items:
            best = max(best, item.value) if highest else min(best, item.value)
            tags.append(str(best))
        at = tuple(index for index, item in enumerate(scene.items) if item.value == best)
        if len(at) != 1:
            return Resolution(tuple(tags), "", None, "ambiguous", evidence=at)
        item = scene.items[at[0]]
        return Resolution(
            tuple(tags), f" {words_of(scene.kind, item)}", item.color, evidence=tuple(range(len(scene.items)))
        )

    return resolve


def _where_from(scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    direction = direction_between(first, second)
    return f" {place_of(scene.kind, first)} {place_of(scene.kind, second)}", direction


def _is_side(scene: Scene, first: Item, second: Item, args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    direction = direction_between(first, second)
    steps = f" {place_of(scene.kind, first)} {place_of(scene.kind, second)} {direction}"
    return steps, "yes" if args["side"].split()[0] in direction.split("-") else "no"


def _arranged(scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    direction = direction_between(first, second)
    steps = f" {place_of(scene.kind, first)} {place_of(scene.kind, second)} {direction}"
    return steps, {"allside": side_of(direction)}


def _higher(_scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    return f" {first.value} {second.value}", "yes" if first.value > second.value else "no"


def _difference(_scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    return f" {first.value} {second.value}", str(abs(first.value - second.value))


def _compared(_scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    gap = first.value - second.value
    comparison = COMPARISONS[0] if gap > 0 else COMPARISONS[1] if gap < 0 else COMPARISONS[2]
    return f" {first.value} {second.value} {comparison.split()[0]} {abs(gap)}", {
        "comparison": comparison,
        "number": str(abs(gap)),
    }


def _read_text(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    everything = tuple(range(len(scene.items)))
    return Resolution(
        running_tags([True] * len(scene.items)), "", " ".join(item.label for item in scene.items), evidence=everything
    )


def _contains(scene: Scene, args: Mapping[str, str]) -> Resolution:
    matches = [item.label == args["label"] for item in scene.items]
    found = any(matches)
    evidence = tuple(index for index, hit in enumerate(matches) if hit)
    return Resolution(
        running_tags(matches), " found" if found else " none", "yes" if found else "no", evidence=evidence
    )


def _after(scene: Scene, args: Mapping[str, str]) -> Resolution:
    at = next((index for index, item in enumerate(scene.items) if item.label == args["label"]), None)
    tags = tuple(
        "1" if index == at else "next" if at is not None and index == at + 1 else "no"
        for index in range(len(scene.items))
    )
    if at is None or at + 1 == len(scene.items):
        return Resolution(tags, "", None, "absent", evidence=() if at is None else (at,))
    following = scene.items[at + 1]
    return Resolution(tags, f" {words_of(scene.kind, following)}", following.label, evidence=(at, at + 1))


def _last(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    last = len(scene.items) - 1
    tags = running_tags([True] * len(scene.items))
    return Resolution(tags, f" {words_of(scene.kind, scene.items[last])}", scene.items[last].label, evidence=(last,))


def _ends(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    first, last = scene.items[0], scene.items[-1]
    facts = {"label": first.label, "label2": last.label}
    tags = running_tags([True] * len(scene.items))
    return Resolution(tags, f" {first.label} {last.label}", "", facts=facts, evidence=(0, len(scene.items) - 1))


def _makeup(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    letters = digits = 0
    tags = []
    for item in scene.items:
        letters += item.label in LETTERS
        digits += item.label in DIGITS
        tags.append(f"letter {letters}" if item.label in LETTERS else f"digit {digits}")
    facts = {"number": str(letters), "number2": str(digits)}
    return Resolution(
        tuple(tags), f" letter {letters} digit {digits}", "", facts=facts, evidence=tuple(range(len(scene.items)))
    )


def _no_subject(_scene: Scene, _rng: random.Random) -> Arguments | None:
    return {}


def _item_subject(
    read: Callable[[Scene, Item], Arguments], allowed: Callable[[Item], bool] = lambda item: True
) -> Subjects:
    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        items = [item for item in scene.items if allowed(item)]
        return read(scene, rng.choice(items)) if items else None

    return subjects


def _unique_subject(attribute: str) -> Subjects:
    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        values = [getattr(item, attribute) for item in scene.items]
        once = [value for value in values if values.count(value) == 1]
        return {attribute: rng.choice(once)} if once else None

    return subjects


def _pair_subject(
    read: Callable[[Item, Item], Arguments], need: Callable[[Item, Item], bool] = lambda one, two: True
) -> Subjects:
    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        pairs = [(one, two) for one in scene.items for two in scene.items if one is not two and need(one, two)]
        return read(*rng.choice(pairs)) if pairs else None

    return subjects


def _named(scene: Scene, args: Arguments, suffix: str) -> Item:
    names = [name for name in ("color", "shape", "label") if name + suffix in args]
    return next(item for item in scene.items if all(getattr(item, name) == args[name + suffix] for name in names))


def _with_side(subjects: Subjects) -> Subjects:
    def chosen(scene: Scene, rng: random.Random) -> Arguments | None:
        args = subjects(scene, rng)
        if args is None:
            return None
        first, second = (_named(scene, args, suffix) for suffix in ("", "2"))
        true = [side for side in SIDES if side.split()[0] in direction_between(first, second).split("-")]
        false = [side for side in SIDES if side not in true]
        return {**args, "side": rng.choice(true if rng.random() < 0.5 else false)}

    return chosen


def _often(values: Callable[[Scene], list[str]], name: str, vocabulary: Sequence[str], share: float = 0.75) -> Subjects:
    """A value that the scene has in `share` of cases, any of the vocabulary otherwise."""

    def subjects(scene: Scene, rng: random.Random) -> Arguments | None:
        return {name: rng.choice(values(scene)) if rng.random() < share else rng.choice(vocabulary)}

    return subjects


def _colored_shape(item: Item, args: Mapping[str, str], suffix: str = "") -> bool:
    return item.color == args["color" + suffix] and item.shape == args["shape" + suffix]


def _at(name: str) -> Callable[[Item, Mapping[str, str]], bool]:
    return lambda item, args: VOCABULARY[name][item.cell] == args[name]


def _place(name: str) -> Callable[[Scene, Item], Arguments]:
    return lambda _scene, item: {name: VOCABULARY[name][item.cell]}


def _has(attribute: str, suffix: str = "") -> Callable[[Item, Mapping[str, str]], bool]:
    return lambda item, args: getattr(item, attribute) == args[attribute + suffix]


PAIR_OF_SHAPES = _pair_subject(
    lambda one, two: {"color": one.color, "shape": one.shape, "color2": two.color, "shape2": two.shape}
)
PAIR_OF_LABELS = _pair_subject(lambda one, two: {"label": one.label, "label2": two.label})
SECOND_SHAPE = lambda item, args: _colored_shape(item, args, "2")  # noqa: E731
R = "Reasoning"
REC, OCR, KNOW, SPACE, MATH, LANG = (
    "Recognition",
    "OCR",
    "Knowledge",
    "Spatial Awareness",
    "Math",
    "Language Generation",
)

FAMILIES: tuple[Family, ...] = (
    # Shapes on the grid, with or without labels.
    Family("count_all", ("shapes", "figure"), (R, MATH), "counting", "count all",
           ("How many shapes are there?", "What is the number of shapes?"), _no_subject, _count(lambda item, args: True), NUMBERS),
    Family("count_shape", ("shapes", "figure"), (R, MATH), "counting", "count {plural}",
           ("How many {plural} are there?", "What is the number of {plural}?"),
           _often(lambda scene: [PLURALS[item.shape] for item in scene.items], "plural", tuple(PLURALS.values())),
           _count(lambda item, args: item.shape == SINGULAR[args["plural"]]), NUMBERS),
    Family("count_color", ("shapes",), (R, MATH), "counting", "count {color}",
           ("How many {color} shapes are there?", "What is the number of {color} shapes?"),
           _often(lambda scene: [item.color for item in scene.items], "color", COLORS), _count(_has("color")), NUMBERS),
    Family("color_at", ("shapes",), (R, REC), "color", "color {place}",
           ("What color is the shape at the {place}?", "Which color does the shape at the {place} have?"),
           _item_subject(_place("place")), _one(_at("place"), lambda scene, item: item.color), COLORS),
    Family("shape_at", ("shapes", "figure"), (R, REC), "shape", "shape {place}",
           ("What shape is at the {place}?", "Which shape do you see at the {place}?"),
           _item_subject(_place("place")), _one(_at("place"), lambda scene, item: item.shape), SHAPES),
    Family("color_of", ("shapes",), (R, REC), "color", "color {shape}",
           ("What color is the {shape}?", "Which color does the {shape} have?"),
           _unique_subject("shape"), _one(_has("shape"), lambda scene, item: item.color), COLORS),
    Family("shape_of", ("shapes",), (R, REC), "shape", "shape {color}",
           ("What shape is the {color} one?", "Which shape is {color}?"),
           _unique_subject("color"), _one(_has("color"), lambda scene, item: item.shape), SHAPES),
    Family("where", ("shapes",), (R, SPACE), "position", "where {color} {shape}",
           ("Where is the {color} {shape}?", "At which place is the {color} {shape}?"),
           _item_subject(lambda scene, item: {"color": item.color, "shape": item.shape}),
           _one(_colored_shape, lambda scene, item: PLACES[item.cell]), PLACES),
    Family("relation", ("shapes",), (R, SPACE), "relation", "{side} {color} {shape} {color2} {shape2}",
           ("Is the {color} {shape} {side} the {color2} {shape2}?", "Does the {color} {shape} lie {side} the {color2} {shape2}?"),
           _with_side(PAIR_OF_SHAPES), _two(_colored_shape, SECOND_SHAPE, _is_side), YES_NO),
    Family("direction", ("shapes",), (R, SPACE), "relation", "side {color} {shape} {color2} {shape2}",
           ("Where is the {color} {shape} relative to the {color2} {shape2}?",
            "In which direction is the {color} {shape} from the {color2} {shape2}?"),
           PAIR_OF_SHAPES, _two(_colored_shape, SECOND_SHAPE, _where_from), DIRECTIONS),
    Family("corners_at", ("shapes",), (R, KNOW), "geometry", "corners {place}",
           ("How many corners does the shape at the {place} have?", "What is the number of corners of the shape at the {place}?"),
           _item_subject(_place("place"), lambda item: item.shape in CORNERS),
           _one(_at("place"), lambda scene, item: str(CORNERS.get(item.shape, 12))), NUMBERS),
    Family("arranged", ("shapes",), (R, SPACE, LANG), "arrangement", "arranged {color} {shape} {color2} {shape2}",
           ("Describe how the {color} {shape} and the {color2} {shape2} are arranged.",
            "How are the {color} {shape} and the {color2} {shape2} arranged?"),
           PAIR_OF_SHAPES, _two(_colored_shape, SECOND_SHAPE, _arranged),
           sentences=("The {color} {shape} is {allside} the {color2} {shape2}.",
                      "You find the {color} {shape} {allside} the {color2} {shape2}.")),
    Family("described_at", ("shapes",), (R, REC, LANG), "description", "describe {place}",
           ("Describe the shape at the {place}.", "What can you say about the shape at the {place}?"),
           _item_subject(_place("place")), _one(_at("place"), lambda scene, item: {"color": item.color, "shape": item.shape}),
           sentences=("The shape at the {place} is a {shape} and it is {color}.", "At the {place} you see a {shape} in {color}.")),
    # Bar charts.
    Family("count_bars", ("chart",), (R, MATH), "counting", "count bars",
           ("How many bars are there?", "What is the number of bars?"), _no_subject, _count(lambda item, args: True), NUMBERS),
    Family("value_of", ("chart",), (R, REC), "chart reading", "value {color}",
           ("What is the value of the {color} bar?", "How high is the {color} bar?"),
           _unique_subject("color"), _one(_has("color"), lambda scene, item: str(item.value)), NUMBERS),
    Family("value_at", ("chart",), (R, REC), "chart reading", "value {column}",
           ("What is the value of the {column} bar?", "How high is the {column} bar?"),
           _item_subject(_place("column")), _one(_at("column"), lambda scene, item: str(item.value)), NUMBERS),
    Family("bar_color", ("chart",), (R, REC), "color", "color {column}",
           ("What color is the {column} bar?", "Which color does the {column} bar have?"),
           _item_subject(_place("column")), _one(_at("column"), lambda scene, item: item.color), COLORS),
    Family("where_bar", ("chart",), (R, SPACE), "position", "where {color}",
           ("Where is the {color} bar?", "At which place is the {color} bar?"),
           _unique_subject("color"), _one(_has("color"), lambda scene, item: COLUMNS[item.cell]), COLUMNS),
    Family("highest", ("chart",), (R, MATH), "comparison", "highest",
           ("Which bar is the highest?", "What color is the highest bar?"), _no_subject, _extreme(True), COLORS),
    Family("lowest", ("chart",), (R, MATH), "comparison", "lowest",
           ("Which bar is the lowest?", "What color is the lowest bar?"), _no_subject, _extreme(False), COLORS),
    Family("higher", ("chart",), (R, MATH), "comparison", "higher {color} {color2}",
           ("Is the {color} bar higher than the {color2} bar?", "Does the {color} bar have a higher value than the {color2} bar?"),
           _pair_subject(lambda one, two: {"color": one.color, "color2": two.color}),
           _two(_has("color"), lambda item, args: item.color == args["color2"], _higher), YES_NO),
    Family("difference", ("chart",), (R, MATH), "arithmetic", "difference {color} {color2}",
           ("What is the difference between the {color} bar and the {color2} bar?",
            "By how much do the {color} bar and the {color2} bar differ?"),
           _pair_subject(lambda one, two: {"color": one.color, "color2": two.color}),
           _two(_has("color"), lambda item, args: item.color == args["color2"], _difference), NUMBERS),
    Family("compared", ("chart",), (R, MATH, LANG), "comparison", "compare {color} {color2}",
           ("Compare the {color} bar and the {color2} bar.", "How do the {color} bar and the {color2} bar compare?"),
           _pair_subject(lambda one, two: {"color": one.color, "color2": two.color}, lambda one, two: one.value != two.value),
           _two(_has("color"), lambda item, args: item.color == args["color2"], _compared),
           sentences=("The {color} bar is {comparison} the {color2} bar by {number}.",
                      "By {number} the {color} bar is {comparison} the {color2} bar.")),
    Family("described_bar", ("chart",), (R, REC, LANG), "description", "describe {column}",
           ("Describe the {column} bar.", "What can you say about the {column} bar?"),
           _item_subject(_place("column")), _one(_at("column"), lambda scene, item: {"color": item.color, "number": str(item.value)}),
           sentences=("The {column} bar is {color} and its value is {number}.", "At the {column} you see a bar in {color} with value {number}.")),
    # Labelled figures.
    Family("label_at", ("figure",), (R, OCR), "label reading", "label {place}",
           ("What letter is at the {place}?", "Which label does the shape at the {place} have?"),
           _item_subject(_place("place")), _one(_at("place"), lambda scene, item: item.label), LABELS),
    Family("label_of", ("figure",), (R, OCR), "label reading", "label {shape}",
           ("What letter is on the {shape}?", "Which label does the {shape} have?"),
           _unique_subject("shape"), _one(_has("shape"), lambda scene, item: item.label), LABELS),
    Family("labelled", ("figure",), (R, REC), "shape", "shape {label}",
           ("What shape is labelled {label}?", "Which shape has the label {label}?"),
           _item_subject(lambda scene, item: {"label": item.label}), _one(_has("label"), lambda scene, item: item.shape), SHAPES),
    Family("where_label", ("figure",), (R, SPACE), "position", "where {label}",
           ("Where is the shape labelled {label}?", "At which place is the label {label}?"),
           _item_subject(lambda scene, item: {"label": item.label}), _one(_has("label"), lambda scene, item: PLACES[item.cell]), PLACES),
    Family("label_relation", ("figure",), (R, SPACE), "relation", "{side} {label} {label2}",
           ("Is the label {label} {side} the label {label2}?", "Does the label {label} lie {side} the label {label2}?"),
           _with_side(PAIR_OF_LABELS), _two(_has("label"), lambda item, args: item.label == args["label2"], _is_side), YES_NO),
    Family("label_direction", ("figure",), (R, SPACE), "relation", "side {label} {label2}",
           ("Where is the label {label} relative to the label {label2}?", "In which direction is the label {label} from the label {label2}?"),
           PAIR_OF_LABELS, _two(_has("label"), lambda item, args: item.label == args["label2"], _where_from), DIRECTIONS),
    Family("corners_labelled", ("figure",), (R, KNOW), "geometry", "corners {label}",
           ("How many corners does the shape labelled {label} have?", "What is the number of corners of the shape labelled {label}?"),
           _item_subject(lambda scene, item: {"label": item.label}),
           _one(_has("label"), lambda scene, item: str(CORNERS.get(item.shape, 12))), NUMBERS),
    Family("label_arranged", ("figure",), (R, SPACE, LANG), "arrangement", "arranged {label} {label2}",
           ("Describe how the labels {label} and {label2} are arranged.", "How are the labels {label} and {label2} arranged?"),
           PAIR_OF_LABELS, _two(_has("label"), lambda item, args: item.label == args["label2"], _arranged),
           sentences=("The label {label} is {allside} the label {label2}.", "You find the label {label} {allside} the label {label2}.")),
    Family("described_label", ("figure",), (R, OCR, LANG), "description", "describe {label}",
           ("Describe the shape labelled {label}.", "What can you say about the shape labelled {label}?"),
           _item_subject(lambda scene, item: {"label": item.label}),
           _one(_has("label"), lambda scene, item: {"shape": item.shape, "place": PLACES[item.cell]}),
           sentences=("The shape labelled {label} is a {shape} at the {place}.", "At the {place} you see a {shape} labelled {label}.")),
    # Short texts.
    Family("character_at", ("text",), (R, OCR), "text reading", "character {ordinal}",
           ("What is the {ordinal} character?", "Which character comes {ordinal}?"),
           _item_subject(_place("ordinal")), _one(_at("ordinal"), lambda scene, item: item.label), CHARACTERS),
    Family("last_character", ("text",), (R, OCR), "text reading", "last",
           ("What is the last character?", "Which character comes last?"), _no_subject, _last, CHARACTERS),
    Family("read", ("text",), (R, OCR), "text reading", "read",
           ("What does the text say?", "What is the whole text?"), _no_subject, _read_text),
    Family("count_characters", ("text",), (R, MATH), "counting", "count all",
           ("How many characters does the text have?", "What is the number of characters?"),
           _no_subject, _count(lambda item, args: True), NUMBERS),
    Family("count_digits", ("text",), (R, MATH), "counting", "count digits",
           ("How many digits does the text have?", "What is the number of digits?"),
           _no_subject, _count(lambda item, args: item.label in DIGITS), NUMBERS),
    Family("count_letters", ("text",), (R, MATH), "counting", "count letters",
           ("How many letters does the text have?", "What is the number of letters?"),
           _no_subject, _count(lambda item, args: item.label in LETTERS), NUMBERS),
    Family("contains", ("text",), (R, OCR), "text reading", "contains {label}",
           ("Does the text contain the character {label}?", "Is the character {label} in the text?"),
           _often(lambda scene: [item.label for item in scene.items], "label", CHARACTERS, 0.45), _contains, YES_NO),
    Family("after", ("text",), (R, SPACE), "order", "after {label}",
           ("Which character comes right after {label}?", "What character follows {label}?"),
           lambda scene, rng: {"label": rng.choice(scene.items[:-1]).label}, _after, CHARACTERS),
    Family("digit_or_letter", ("text",), (R, KNOW), "character kinds", "sort {ordinal}",
           ("Is the {ordinal} character a letter or a digit?", "Of which sort is the {ordinal} character, letter or digit?"),
           _item_subject(_place("ordinal")),
           _one(_at("ordinal"), lambda scene, item: "digit" if item.label in DIGITS else "letter"), CHARACTER_KINDS),
    Family("ends", ("text",), (R, OCR, LANG), "description", "ends",
           ("Describe how the text begins and ends.", "How does the text begin and end?"), _no_subject, _ends,
           sentences=("The text begins with {label} and ends with {label2}.", "It starts with {label} and {label2} is its end.")),
    Family("makeup", ("text",), (R, MATH, LANG), "description", "makeup",
           ("Describe which sorts of characters the text has.", "Which sorts of characters make up the text?"), _no_subject, _makeup,
           sentences=("The text has {number} letters and {number2} digits.", "It is made of {number} letters and {number2} digits.")),
)  # fmt: skip
BY_NAME = {family.name: family for family in FAMILIES}


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


def families_for(kind: VisualKind, question_kind: str) -> list[Family]:
    """Families that fit a visual kind and a question kind (MC, FIB, DES)."""
    return [family for family in FAMILIES if kind in family.kinds and question_kind in family.question_kinds]


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
