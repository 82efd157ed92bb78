"""Does agreement of the two models filter? Runs both over the same questions as the pipeline does, and counts what is true."""

import math
import random
from collections.abc import Sequence

from PIL import Image

from wethink_assets.models.embedded.describer_tasks import answer_image
from wethink_assets.models.embedded.describing import REQUESTS, missing, read_description
from wethink_assets.models.embedded.engine import Engine
from wethink_assets.models.embedded.evaluation import replies_to, request_for
from wethink_assets.models.embedded.examples import Example, training_scene
from wethink_assets.models.embedded.prompting import render_prompt
from wethink_assets.models.embedded.scoring import payload_of
from wethink_assets.models.embedded.training_data import view_of
from wethink_assets.sources.sample.audit import is_true, stated_facts
from wethink_assets.sources.sample.scenes import HARD_EFFECTS, VISUAL_KINDS, Scene, graph_of

HARD_SHARE = 0.25


def _said(engine: Engine, prompts: Sequence[str], views: Sequence[Image.Image | None]) -> list[str]:
    requests = [request_for(engine, prompt, view) for prompt, view in zip(prompts, views, strict=True)]
    return [payload_of(reply) for reply in replies_to(engine, requests)]


def describe_all(describer: Engine, scenes: Sequence[Scene], views: Sequence[Image.Image]) -> list[str]:
    """Descriptions as the pipeline gets them: coarse, the replies to what is missing, then all in full where anything was missing."""
    described = _said(describer, [render_prompt("describe")] * len(scenes), views)
    asked = [(index, REQUESTS[topic][0]) for index, scene in enumerate(scenes) for topic in missing(scene)]
    prompts = [render_prompt("details", request=request) for _, request in asked]
    turns: dict[int, list[dict[str, str]]] = {}
    for (index, request), reply in zip(
        asked, _said(describer, prompts, [views[index] for index, _ in asked]), strict=True
    ):
        turns.setdefault(index, []).append({"request": request, "reply": reply})
    merges = [
        render_prompt("merge", description=described[index], dialogue=dialogue) for index, dialogue in turns.items()
    ]
    for index, full in zip(turns, _said(describer, merges, [views[index] for index in turns]), strict=True):
        described[index] = full
    return described


def agreement(describer: Engine, reasoner: Engine, scenes: int, seed: int = 0) -> dict[str, float]:
    """True answers among first answers, and among those on which both models agree.

    The reasoner reads the describer's own description of the picture. `correlation of errors` is the phi coefficient of both models
    being right.
    """
    examples: list[Example] = []
    views: list[Image.Image] = []
    for number in range(scenes):
        rng = random.Random(f"held out/agreement/{seed}/{number}")
        scene = training_scene(rng, HARD_SHARE, VISUAL_KINDS[number % 4], HARD_EFFECTS)
        examples.append(answer_image(scene, rng))
        views.append(view_of(scene, rng))
    descriptions = describe_all(describer, [example.scene for example in examples], views)
    prompts = [
        render_prompt(
            "answer_text", description=text, question=_text(example), kind=example.kind, options=example.options
        )
        for text, example in zip(descriptions, examples, strict=True)
    ]
    first = _said(describer, [example.prompt for example in examples], views)
    second = _said(reasoner, prompts, [None] * scenes)
    by_image = [_true(example, answer) for example, answer in zip(examples, first, strict=True)]
    by_text = [_true(example, answer) for example, answer in zip(examples, second, strict=True)]
    agreed = [_same(*three) for three in zip(examples, first, second, strict=True)]
    both = sum(right and same for right, same in zip(by_image, agreed, strict=True))
    scenes_seen = [example.scene for example in examples]
    exact = [
        read_description(text) == (scene.kind, graph_of(scene))
        for text, scene in zip(descriptions, scenes_seen, strict=True)
    ]
    clean = [right for right, scene in zip(exact, scenes_seen, strict=True) if not scene.hard]
    return {
        "n": scenes,
        "descriptions exact": sum(exact) / scenes,
        "descriptions exact, clean": sum(clean) / max(1, len(clean)),
        "right from image": sum(by_image) / scenes,
        "right from description": sum(by_text) / scenes,
        "agreed": sum(agreed) / scenes,
        "right when agreed": both / max(1, sum(agreed)),
        "correlation of errors": phi(by_image, by_text),
    }


def _text(example: Example) -> str:
    assert example.query is not None
    return example.query.text


def _true(example: Example, answer: str) -> bool:
    return bool(is_true(_text(example), example.options, answer, example.scene))


def _same(example: Example, first: str, second: str) -> bool:
    """Whether two answers say the same: by their facts, where they are sentences."""
    if example.kind != "DES":
        return first == second
    assert example.query is not None
    facts = stated_facts(example.query, first)
    return facts is not None and facts == stated_facts(example.query, second)


def phi(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Correlation of two series of outcomes, -1 to 1; 0 where one of them never varies."""
    count = len(first)
    one, two = sum(first) / count, sum(second) / count
    both = sum(a and b for a, b in zip(first, second, strict=True)) / count
    spread = math.sqrt(one * (1 - one) * two * (1 - two))
    return (both - one * two) / spread if spread else 0.0
