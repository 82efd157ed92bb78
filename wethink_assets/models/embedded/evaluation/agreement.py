"""Agreement of the two models as a filter: both over the same questions, as the pipeline has them, and how much of what passes is true."""

import math
import random
from collections.abc import Sequence

from PIL import Image

from wethink_assets.models.embedded.engine import Engine, Request
from wethink_assets.models.embedded.evaluation.accuracy import replies_to, request_for
from wethink_assets.models.embedded.evaluation.grading import json_of, payload_of
from wethink_assets.models.embedded.tasks.describer import answer_image
from wethink_assets.models.embedded.tasks.descriptions import REQUESTS, missing, read_description
from wethink_assets.models.embedded.tasks.examples import Example, render_prompt, training_scene
from wethink_assets.models.embedded.training.batches import view_of
from wethink_assets.sources.sample.audit import is_true, stated_facts
from wethink_assets.sources.sample.scenes import HARD_EFFECTS, VISUAL_KINDS, Scene, graph_of

HARD_SHARE = 0.25


def _requests(engine: Engine, prompts: Sequence[str], views: Sequence[Image.Image | None]) -> list[Request]:
    return [request_for(engine, prompt, view) for prompt, view in zip(prompts, views, strict=True)]


def _said(engine: Engine, prompts: Sequence[str], views: Sequence[Image.Image | None]) -> list[str]:
    return [payload_of(reply) for reply in replies_to(engine, _requests(engine, prompts, views))]


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
    """True answers among first answers, among those on which both models agree, and among all that are accepted.

    The reasoner reads the describer's own description of the image. Where the answers differ the describer adjudicates, as in the
    pipeline: `accepted` are those agreed on and those that it decided for. `correlation of errors` is the phi coefficient of both
    models being right.
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
    differing = [index for index, same in enumerate(agreed) if not same]
    chosen = _adjudicated(describer, examples, descriptions, first, second, views, differing)
    decided = [by_image[index] if which == "first" else by_text[index] for index, which in chosen.items()]
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
        "adjudicated": len(decided) / scenes,
        "right when adjudicated": sum(decided) / max(1, len(decided)),
        "accepted": (sum(agreed) + len(decided)) / scenes,
        "right when accepted": (both + sum(decided)) / max(1, sum(agreed) + len(decided)),
        "correlation of errors": phi(by_image, by_text),
    }


def _adjudicated(
    describer: Engine,
    examples: Sequence[Example],
    descriptions: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    views: Sequence[Image.Image],
    differing: Sequence[int],
) -> dict[int, str]:
    """Whose answer the adjudicator takes (`first` or `second`), by number of the example; those with neither are left out."""
    prompts = [
        render_prompt(
            "adjudicate",
            description=descriptions[index],
            question=_text(examples[index]),
            kind=examples[index].kind,
            options=examples[index].options,
            first=first[index],
            second=second[index],
        )
        for index in differing
    ]
    replies = replies_to(describer, _requests(describer, prompts, [views[index] for index in differing]))
    verdicts = [(json_of(reply) or {}).get("verdict") for reply in replies]
    return {
        index: verdict for index, verdict in zip(differing, verdicts, strict=True) if verdict in ("first", "second")
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
