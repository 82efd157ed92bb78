"""Audit of sample images: solves the templated questions from the scene graph by rule.

For audits, evaluation and tests; no stage of the pipeline imports it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from wethink_assets.kinds import LETTERS
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.questions import Arguments, Family, Query, pattern_of
from wethink_assets.sources.sample.scenes import Scene


@cache
def _patterns() -> list[tuple[re.Pattern[str], Family, int]]:
    return [(pattern_of(text), family, number) for family in FAMILIES for number, text in enumerate(family.wordings)]


@cache
def _sentence_patterns(family: Family) -> list[re.Pattern[str]]:
    return [pattern_of(text) for text in family.sentences]


def recognise(question: str, scene: Scene) -> Query | None:
    """The question that a text asks about this kind of scene, or None when it is none of the templates."""
    for pattern, family, number in _patterns():
        if scene.kind in family.kinds and (match := pattern.fullmatch(question.strip())):
            return Query(family, match.groupdict(), number)
    return None


def solve(question: str, options: Sequence[str], scene: Scene) -> str | None:
    """The true answer: an option letter where there are options, else a short value or a sentence.

    None when the question is not a template, is ill-posed for the scene, or its options do not hold the answer exactly once.
    """
    query = recognise(question, scene)
    value = query.answer(scene) if query else None
    if value is None or not options:
        return value
    return (
        LETTERS[list(options).index(value)]
        if list(options).count(value) == 1 and len(set(options)) == len(options)
        else None
    )


def stated_facts(query: Query, answer: str) -> Arguments | None:
    """Facts that a descriptive answer states about the question's subjects; None when it is about something else."""
    for pattern in _sentence_patterns(query.family):
        if match := pattern.fullmatch(answer.strip()):
            arguments = match.groupdict()
            if all(arguments.get(name, value) == value for name, value in query.args.items()):
                return {name: value for name, value in arguments.items() if name not in query.args}
    return None


def is_true(question: str, options: Sequence[str], answer: str, scene: Scene) -> bool | None:
    """Whether an answer is right for the scene; None when the question has no true answer."""
    truth = solve(question, options, scene)
    if truth is None:
        return None
    query = recognise(question, scene)
    if query is not None and query.family.sentences:
        return stated_facts(query, answer) == query.resolve(scene).facts
    return " ".join(answer.split()).rstrip(".").casefold() == truth.casefold()


@dataclass(frozen=True)
class Audit:
    """How many rows about drawn images are true, and how many of those about images that are hard to read."""

    rows: int = 0
    true: int = 0
    hard_rows: int = 0
    hard_true: int = 0


def audit_rows(rows: Iterable[Mapping[str, Any]], scenes: Mapping[str, Scene]) -> Audit:
    """Rows (`image_id`, `question`, `options`, `answer`) held against their scenes, by image id; those of other images are left out.

    A row whose question asks about something that is not there, or has no answer among its options, is not true.
    """
    counts = [0, 0, 0, 0]
    for row in rows:
        scene = scenes.get(row["image_id"])
        if scene is None:
            continue
        right = bool(is_true(row["question"], row["options"], row["answer"], scene))
        for at, counted in enumerate((True, right, scene.hard, scene.hard and right)):
            counts[at] += counted
    return Audit(*counts)
