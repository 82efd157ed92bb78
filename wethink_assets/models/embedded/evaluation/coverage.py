"""Coverage of the questions that the reasoner writes for the pipeline: kinds, abilities, families and wordings, counted."""

import random
from collections import defaultdict
from dataclasses import dataclass

from wethink_assets.models.embedded.engine import Engine
from wethink_assets.models.embedded.evaluation.accuracy import replies_to, request_for
from wethink_assets.models.embedded.evaluation.grading import json_of, payload_of
from wethink_assets.models.embedded.tasks import descriptions
from wethink_assets.models.embedded.tasks.examples import QUESTION_KINDS, render_prompt, training_scene
from wethink_assets.models.embedded.tasks.reasoner import ABILITIES
from wethink_assets.sources.sample.audit import is_true, recognise, solve
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.scenes import HARD_EFFECTS, VISUAL_KINDS, Scene

TEMPERATURE = 0.7
"""Of the reasoner in the default configuration."""


@dataclass(frozen=True, slots=True)
class Written:
    """One question that the reasoner wrote: its scene, the description it read, and what it wrote."""

    scene: Scene
    description: str
    kind: str
    text: str
    options: tuple[str, ...]


def written_questions(reasoner: Engine, count: int, seed: int = 0) -> list[Written | None]:
    """`count` questions from true descriptions, kinds and abilities taking turns; None for a reply that is no question."""
    rng = random.Random(f"held out/coverage/{seed}")
    asked: list[tuple[Scene, str, str]] = []
    requests = []
    for number in range(count):
        scene = training_scene(rng, 0.25, VISUAL_KINDS[number % 4], HARD_EFFECTS)
        kind = QUESTION_KINDS[number // 4 % 3]
        description = descriptions.fine(scene, rng.randrange(2))
        abilities = ["Reasoning", ABILITIES[number // 12 % len(ABILITIES)]]
        prompt = render_prompt("question", description=description, kind=kind, abilities=abilities, asked=[])
        asked.append((scene, description, kind))
        requests.append(request_for(reasoner, prompt, None, rng.randrange(2**31), TEMPERATURE))
    written: list[Written | None] = []
    for (scene, description, kind), reply in zip(asked, replies_to(reasoner, requests), strict=True):
        value = json_of(reply) or {}
        text, options = value.get("question"), value.get("options")
        whole = (
            isinstance(text, str) and isinstance(options, list) and all(isinstance(option, str) for option in options)
        )
        written.append(Written(scene, description, kind, str(text), tuple(options or ())) if whole else None)
    return written


def coverage(reasoner: Engine, count: int, seed: int = 0) -> dict[str, float]:
    """How many questions are well-posed and rightly answered by their writer, and what all of them cover.

    `wordings a family` counts those families that were asked five times or more.
    """
    questions = [question for question in written_questions(reasoner, count, seed) if question]
    prompts = [
        render_prompt("answer_text", description=one.description, question=one.text, kind=one.kind, options=one.options)
        for one in questions
    ]
    replies = replies_to(reasoner, [request_for(reasoner, prompt, None) for prompt in prompts])
    well_posed = answered = 0
    families: dict[str, list[int]] = defaultdict(list)
    kinds, abilities = set(), set()
    for one, reply in zip(questions, replies, strict=True):
        query = recognise(one.text, one.scene)
        if query is None or bool(one.options) != (one.kind == "MC") or one.kind not in query.family.question_kinds:
            continue
        if solve(one.text, one.options, one.scene) is None:
            continue
        well_posed += 1
        answered += bool(is_true(one.text, one.options, payload_of(reply), one.scene))
        families[query.family.name].append(query.wording)
        kinds.add((one.scene.kind, one.kind))
        abilities |= set(query.family.abilities)
    often = [len(set(wordings)) for wordings in families.values() if len(wordings) >= 5]
    return {
        "n": count,
        "well-posed": well_posed / count,
        "well-posed and rightly answered": answered / count,
        "families asked": len(families),
        "of families": len({family.name for family in FAMILIES}),
        "visual x question kinds": len(kinds),
        "abilities": len(abilities & set(ABILITIES)),
        "of abilities": len(ABILITIES),
        "wordings a family": sum(often) / max(1, len(often)),
    }
