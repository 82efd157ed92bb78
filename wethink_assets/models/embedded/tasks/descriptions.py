"""Descriptions of a scene, coarse and fine: requests for what is missing, the replies, and the way back from a description to its scene."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wethink_assets.sources.sample import scenes as names
from wethink_assets.sources.sample.scenes import COLUMNS, ORDINALS, PLACES, Item, Scene, VisualKind, place_of

SHORT_TEXT = 4
"""Texts up to this length stand in the coarse description in full."""
REQUESTS: dict[str, tuple[str, str]] = {
    "places": ("Where is each shape?", "At which place is each shape?"),
    "labels": ("Which label does each shape have?", "What is the letter on each shape?"),
    "bars": ("What are the place and the value of each bar?", "How high is each bar, and where is it?"),
    "text": ("What is the whole text?", "What does the full text say?"),
}


def article(word: str) -> str:
    """`an orange circle`, `a red circle`."""
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def counted(count: int, noun: str) -> str:
    """`1 bar`, `3 bars`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def text_of(scene: Scene) -> str:
    """The characters of a text scene, a space between them as there is between the cells."""
    return " ".join(item.label for item in scene.items)


def phrase(kind: VisualKind, item: Item) -> str:
    """One item with all its facts, as part of a sentence."""
    position = place_of(kind, item)
    match kind:
        case "shapes":
            return f"{article(f'{item.color} {item.shape}')} at the {position}"
        case "chart":
            return f"the {position} bar is {item.color} with value {item.value}"
        case "figure":
            return f"a {item.shape} labelled {item.label} at the {position}"
        case "text":
            return f"{position} {item.label}"


def sentence(kind: VisualKind, item: Item) -> str:
    """One shape or bar with all its facts, as a sentence of its own."""
    position = place_of(kind, item)
    if kind == "chart":
        return f"The {position} bar is {item.color} and its value is {item.value}."
    labelled = f"a {item.shape} labelled {item.label}"
    return f"At the {position} is {article(f'{item.color} {item.shape}') if kind == 'shapes' else labelled}."


def fine(scene: Scene, wording: int) -> str:
    """The full description, in wording 0 or 1."""
    kind, count = scene.kind, len(scene.items)
    if kind == "text":
        text = text_of(scene)
        return (
            f"There is a text of {counted(count, 'character')}: {text}."
            if wording
            else f"The picture shows the text {text}."
        )
    things = counted(count, "bar" if kind == "chart" else "shape")
    if wording:
        whole = things if kind == "shapes" else f"a {kind} of {things}"
        return f"The picture shows {whole}. {' '.join(sentence(kind, item) for item in scene.items)}"
    verb = "is" if count == 1 else "are"
    opening = f"There {verb}" if kind == "shapes" else f"The {kind} has"
    return f"{opening} {things}: {joined([phrase(kind, item) for item in scene.items])}."


def coarse(scene: Scene) -> str:
    """The first description: what is there, without places (shapes), values (charts), labels (figures) or the end of a long text."""
    count = len(scene.items)
    match scene.kind:
        case "shapes":
            return f"I see {counted(count, 'shape')}: {joined([article(f'{item.color} {item.shape}') for item in scene.items])}."
        case "chart":
            return f"I see a chart of {counted(count, 'bar')}: {joined([item.color for item in scene.items])}."
        case "figure":
            return f"I see {counted(count, 'labelled shape')}: {joined([f'a {item.shape}' for item in scene.items])}."
        case "text":
            if count <= SHORT_TEXT:
                return fine(scene, 0)  # nothing is missing, so this stays the description
            return f"I see a long text that begins with {' '.join(item.label for item in scene.items[:3])}."


def missing(scene: Scene) -> tuple[str, ...]:
    """Topics of `REQUESTS` that the coarse description leaves open, in the order in which they are asked."""
    match scene.kind:
        case "shapes":
            return ("places",)
        case "chart":
            return ("bars",)
        case "figure":
            return ("places", "labels")
        case "text":
            return ("text",) if len(scene.items) > SHORT_TEXT else ()


def details(scene: Scene, topic: str) -> str:
    """The reply to a request about a topic."""
    kind = scene.kind
    match topic:
        case "bars":
            return joined([phrase(kind, item) for item in scene.items]).capitalize() + "."
        case "labels":
            return f"There is {joined([f'{item.label} at the {place_of(kind, item)}' for item in scene.items])}."
        case "text":
            return f"It says {text_of(scene)}."
        case _ if kind == "figure":
            return f"There is {joined([f'a {item.shape} at the {place_of(kind, item)}' for item in scene.items])}."
        case _:
            return f"There is {joined([phrase(kind, item) for item in scene.items])}."


def dialogue(scene: Scene, rng: random.Random, turns: int) -> list[dict[str, str]]:
    """The first `turns` requests with their replies."""
    return [
        {"request": rng.choice(REQUESTS[topic]), "reply": details(scene, topic)} for topic in missing(scene)[:turns]
    ]


_PLACE = "|".join(sorted(PLACES, key=len, reverse=True))
_READERS: tuple[tuple[VisualKind, re.Pattern[str], re.Pattern[str]], ...] = (
    ("figure", re.compile(r"The figure has |The picture shows a figure of "),
     re.compile(rf"a (?P<shape>\w+) labelled (?P<label>\w)(?: at the (?P<place>{_PLACE}))?|At the (?P<before>{_PLACE}) is ")),
    ("chart", re.compile(r"The chart has |The picture shows a chart of "),
     re.compile(rf"[Tt]he (?P<place>{'|'.join(COLUMNS)}) bar is (?P<color>\w+) (?:with|and its) value (?:is )?(?P<value>\d)")),
    ("text", re.compile(r"The picture shows the text |There is a text of "), re.compile(r"(?:^|text |: | )(?P<label>[A-Z0-9])(?=[ .])")),
    ("shapes", re.compile(r"There (?:is|are) \d shapes?: |The picture shows \d shapes?\. "),
     re.compile(rf"an? (?P<color>\w+) (?P<shape>\w+)(?: at the (?P<place>{_PLACE}))?|At the (?P<before>{_PLACE}) is ")),
)  # fmt: skip


def read_description(text: str) -> tuple[VisualKind, list[tuple[str, ...]]] | None:
    """Facts that a fine description states, as `graph_of` gives them for a scene; None when it is not one.

    A stated number of items that is not the number listed counts as unreadable: the description contradicts itself.
    """
    for kind, opening, reader in _READERS:
        if not (start := opening.match(text)):
            continue
        items: list[tuple[str, ...]] = []
        before = ""
        body = text[start.end() :] if kind in ("text", "shapes") else text
        if kind == "text":
            body = body.split(":")[-1].strip()
        for match in reader.finditer(body):
            got = match.groupdict()
            if got.get("before"):
                before = got["before"]
                continue
            position = got.get("place") or before
            match kind:
                case "shapes":
                    items.append((position, got["color"], got["shape"]))
                case "chart":
                    items.append((position, got["color"], got["value"]))
                case "figure":
                    items.append((position, got["shape"], got["label"]))
                case "text":
                    items.append((ORDINALS[len(items)] if len(items) < len(ORDINALS) else "", got["label"]))
        stated = re.search(r"\b(\d) (?:shape|bar|character)", text)
        if stated and int(stated[1]) != len(items):
            return None
        return kind, items
    return None


def corrupted(scene: Scene, rng: random.Random) -> Scene:
    """The same scene with one fact of one item changed: what a wrong reading of the image looks like."""
    index = rng.randrange(len(scene.items))
    item = scene.items[index]
    pools: dict[VisualKind, dict[str, Sequence[Any]]] = {
        "shapes": {"color": names.COLORS, "shape": names.SHAPES},
        "chart": {"color": names.COLORS, "value": range(1, names.MAX_VALUE + 1)},
        "figure": {"shape": names.FIGURE_SHAPES, "label": names.LABELS},
        "text": {"label": names.CHARACTERS},
    }
    attribute = rng.choice(list(pools[scene.kind]))
    unique = attribute == "label" or (scene.kind == "chart" and attribute == "color")
    used = {getattr(other, attribute) for other in scene.items if unique}
    others = [*scene.items[:index], *scene.items[index + 1 :]]
    taken = {(other.color, other.shape) for other in others if scene.kind == "shapes"}
    changes = [replace(item, **{attribute: value}) for value in pools[scene.kind][attribute]]
    choices = [
        changed
        for changed in changes
        if changed != item and getattr(changed, attribute) not in used and (changed.color, changed.shape) not in taken
    ]
    if not choices:
        return scene
    changed = rng.choice(choices)
    return Scene(scene.kind, (*scene.items[:index], changed, *scene.items[index + 1 :]), scene.effects)
