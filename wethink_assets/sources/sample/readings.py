"""Reading of answers off a scene: the rules that families of questions are made of."""

from collections.abc import Callable, Mapping

from wethink_assets.sources.sample.questions import (
    COMPARISONS,
    Arguments,
    Resolution,
    Resolve,
    direction_between,
    running_tags,
    side_of,
    words_of,
)
from wethink_assets.sources.sample.scenes import DIGITS, LETTERS, Item, Scene, place_of

Match = Callable[[Item, Mapping[str, str]], bool]


def counting(match: Match) -> Resolve:
    """How many items match."""

    def resolve(scene: Scene, args: Mapping[str, str]) -> Resolution:
        matches = [match(item, args) for item in scene.items]
        evidence = tuple(index for index, hit in enumerate(matches) if hit)
        return Resolution(running_tags(matches), "", str(len(evidence)), evidence=evidence)

    return resolve


def of_one(match: Match, read: Callable[[Scene, Item], str | Arguments]) -> Resolve:
    """What `read` says of the one item that matches; ill-posed when none or several do."""

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


def of_two(
    first: Match,
    second: Match,
    read: Callable[[Scene, Item, Item, Mapping[str, str]], tuple[str, str | Arguments]],
) -> Resolve:
    """What `read` says of the two items asked about: steps, then a value or facts."""

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


def extreme(highest: bool) -> Resolve:
    """The colour of the highest (or lowest) bar; the tags run along with the greatest (least) value so far."""

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


def where_from(scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    """In which direction the first item lies from the second."""
    direction = direction_between(first, second)
    return f" {place_of(scene.kind, first)} {place_of(scene.kind, second)}", direction


def is_side(scene: Scene, first: Item, second: Item, args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    """Whether the first item lies on the asked side of the second."""
    direction = direction_between(first, second)
    steps = f" {place_of(scene.kind, first)} {place_of(scene.kind, second)} {direction}"
    return steps, "yes" if args["side"].split()[0] in direction.split("-") else "no"


def arranged(scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    """On which side of the second item the first lies, as a fact."""
    direction = direction_between(first, second)
    steps = f" {place_of(scene.kind, first)} {place_of(scene.kind, second)} {direction}"
    return steps, {"allside": side_of(direction)}


def higher(_scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    """Whether the first bar is higher than the second."""
    return f" {first.value} {second.value}", "yes" if first.value > second.value else "no"


def difference(_scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    """By how much two bars differ."""
    return f" {first.value} {second.value}", str(abs(first.value - second.value))


def compared(_scene: Scene, first: Item, second: Item, _args: Mapping[str, str]) -> tuple[str, str | Arguments]:
    """Which of two bars is higher, and by how much, as facts."""
    gap = first.value - second.value
    comparison = COMPARISONS[0] if gap > 0 else COMPARISONS[1] if gap < 0 else COMPARISONS[2]
    return f" {first.value} {second.value} {comparison.split()[0]} {abs(gap)}", {
        "comparison": comparison,
        "number": str(abs(gap)),
    }


def read_text(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    """The whole text."""
    everything = tuple(range(len(scene.items)))
    return Resolution(
        running_tags([True] * len(scene.items)), "", " ".join(item.label for item in scene.items), evidence=everything
    )


def contains(scene: Scene, args: Mapping[str, str]) -> Resolution:
    """Whether the text has a character."""
    matches = [item.label == args["label"] for item in scene.items]
    any_match = any(matches)
    evidence = tuple(index for index, hit in enumerate(matches) if hit)
    return Resolution(
        running_tags(matches), " found" if any_match else " none", "yes" if any_match else "no", evidence=evidence
    )


def after(scene: Scene, args: Mapping[str, str]) -> Resolution:
    """The character after another; ill-posed for the last one."""
    at = next((index for index, item in enumerate(scene.items) if item.label == args["label"]), None)
    tags = tuple(
        "1" if index == at else "next" if at is not None and index == at + 1 else "no"
        for index in range(len(scene.items))
    )
    if at is None or at + 1 == len(scene.items):
        return Resolution(tags, "", None, "absent", evidence=() if at is None else (at,))
    following = scene.items[at + 1]
    return Resolution(tags, f" {words_of(scene.kind, following)}", following.label, evidence=(at, at + 1))


def last(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    """The last character."""
    final = len(scene.items) - 1
    tags = running_tags([True] * len(scene.items))
    return Resolution(tags, f" {words_of(scene.kind, scene.items[final])}", scene.items[final].label, evidence=(final,))


def ends(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    """The first and the last character, as facts."""
    first, last = scene.items[0], scene.items[-1]
    facts = {"label": first.label, "label2": last.label}
    tags = running_tags([True] * len(scene.items))
    return Resolution(tags, f" {first.label} {last.label}", "", facts=facts, evidence=(0, len(scene.items) - 1))


def makeup(scene: Scene, _args: Mapping[str, str]) -> Resolution:
    """How many letters and digits the text has, as facts."""
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
