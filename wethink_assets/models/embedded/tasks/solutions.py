"""Solutions of questions in training examples: chains of thought with their answers, and plausible mistakes."""

import json
import random
from collections.abc import Mapping
from typing import Any

from wethink_assets.kinds import LETTERS
from wethink_assets.models.embedded.tasks import descriptions as describing
from wethink_assets.models.embedded.tasks.examples import (
    Example,
    Segment,
    draw_options,
    draw_question_kind,
    families_of,
    lookup,
    render_prompt,
)
from wethink_assets.sources.sample.questions import VOCABULARY, Query, draw_query
from wethink_assets.sources.sample.scenes import Scene


def compact(value: dict[str, Any]) -> str:
    """JSON as the model writes it."""
    return json.dumps(value, separators=(", ", ": "))


def payload(segments: list[Segment], role: str, text: str) -> tuple[Segment, ...]:
    """Close the chain of thought and give the answer."""
    return (*segments, ("end", "</think><answer>"), (role, text), ("end", "</answer>"))


def drawn_query(scene: Scene, rng: random.Random, question_kind: str) -> Query:
    """A question of a kind that fits the scene. Raises LookupError when there is none."""
    query = draw_query(scene, rng, families_of(scene.kind, question_kind))
    if query is None:
        raise LookupError(f"no {question_kind} question fits {scene}")
    return query


def fitting_kind(scene: Scene, rng: random.Random) -> str:
    """A question kind, by weight; FIB, which always fits, where the drawn one does not."""
    kind = draw_question_kind(rng)
    return kind if draw_query(scene, random.Random(0), families_of(scene.kind, kind)) else "FIB"


def solution(query: Query, scene: Scene, options: tuple[str, ...], style: int) -> tuple[list[Segment], str]:
    """Chain of thought and answer (an option's letter where there are options)."""
    segments, resolution = lookup(query, scene)
    if query.family.sentences:
        return segments, query.sentence(resolution.facts, style)
    assert resolution.value is not None
    segments.append(("value", f" so {resolution.value}"))
    if not options:
        return segments, resolution.value
    letter = LETTERS[options.index(resolution.value)]
    segments.append(("letter", f" {letter}"))
    return segments, letter


def answered(task: str, scene: Scene, rng: random.Random, style: int, **context: str) -> Example:
    """An answering task's example; `context` is what its prompt needs besides the question."""
    kind = fitting_kind(scene, rng)
    query = drawn_query(scene, rng, kind)
    options = draw_options(query.family, query.answer(scene) or "", rng) if kind == "MC" else ()
    segments, answer = solution(query, scene, options, style)
    prompt = render_prompt(task, question=query.text, kind=kind, options=options, **context)
    role = "text" if kind == "DES" else "value"
    return Example(task, prompt, payload(segments, role, answer), scene, None, query, kind, options, {"answer": answer})


def stated(facts: Mapping[str, str]) -> str:
    """What a descriptive answer states, in the order in which it is read off the image: `red circle top`."""
    return " ".join(value.removesuffix(" of").removesuffix(" than") for value in facts.values())


def wrong_answer(
    query: Query, scene: Scene, options: tuple[str, ...], rng: random.Random, style: int, truth: str
) -> tuple[str, str]:
    """A plausible answer that is not `truth`, and what it states."""
    if options:
        letter = rng.choice([letter for letter in LETTERS[: len(options)] if letter != truth])
        return letter, letter
    for _ in range(20):
        if query.family.pool and rng.random() < 0.5:
            wrong = says = rng.choice(query.family.pool)
        elif query.family.sentences:
            facts = wrong_facts(query, scene, rng)
            wrong, says = query.sentence(facts, style), stated(facts)
        else:
            wrong = says = query.answer(describing.corrupted(scene, rng)) or ""
        if wrong and wrong != truth:
            return wrong, says
    other = rng.choice([value for value in query.family.pool if value != truth] or ["none"])
    return other, other


def misled_answer(query: Query, seen: Scene, options: tuple[str, ...], style: int) -> tuple[str, str] | None:
    """The answer to a question from a scene that may not be the true one, and what it states; None where it cannot be answered so."""
    resolution = query.resolve(seen)
    if resolution.value is None or (options and resolution.value not in options):
        return None
    answer = solution(query, seen, options, style)[1]
    return answer, stated(resolution.facts) if query.family.sentences else answer


def wrong_facts(query: Query, scene: Scene, rng: random.Random) -> dict[str, str]:
    """Facts of a descriptive answer with at least one of them wrong."""
    facts = dict(query.resolve(scene).facts)
    names = list(facts)
    for name in rng.sample(names, rng.randint(1, len(names))):
        pool = [word for word in VOCABULARY[name.rstrip("2")] if word != facts[name] and word != "level with"]
        facts[name] = rng.choice(pool)
    return facts
