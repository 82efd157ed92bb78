"""The describer's tasks as training examples: one function a prompt, always with the image, which the caller renders."""

import random

from wethink_assets.models.embedded.tasks import descriptions
from wethink_assets.models.embedded.tasks.examples import Example, Segment, draw_options, listing, render_prompt
from wethink_assets.models.embedded.tasks.solutions import (
    answered,
    compact,
    drawn_query,
    fitting_kind,
    misled_answer,
    payload,
    solution,
    stated,
    wrong_answer,
)
from wethink_assets.sources.sample.questions import Query, running_tags
from wethink_assets.sources.sample.scenes import Scene, facts_of, place_of


def _everything(scene: Scene) -> list[Segment]:
    return [("sub", "<think>list all:"), *listing(scene, running_tags([True] * len(scene.items)))]


def describe(scene: Scene, rng: random.Random) -> Example:
    """The coarse description."""
    return Example(
        "describe", render_prompt("describe"), payload(_everything(scene), "text", descriptions.coarse(scene)), scene
    )


def details(scene: Scene, rng: random.Random) -> Example:
    """A reply to one request for what is missing; now and then about what the coarse description already had."""
    topics = descriptions.missing(scene) or ("text",)
    topic = rng.choice(topics)
    prompt = render_prompt("details", request=rng.choice(descriptions.REQUESTS[topic]))
    return Example(
        "details",
        prompt,
        payload(_everything(scene), "text", descriptions.details(scene, topic)),
        scene,
        gold={"topic": topic},
    )


def merge(scene: Scene, rng: random.Random) -> Example:
    """The fine description; what was said before is sometimes wrong, and the image counts."""
    described = descriptions.corrupted(scene, rng) if rng.random() < 0.15 else scene
    turns = descriptions.dialogue(described, rng, 3)
    prompt = render_prompt("merge", description=descriptions.coarse(scene), dialogue=turns)
    return Example(
        "merge", prompt, payload(_everything(scene), "text", descriptions.fine(scene, rng.randrange(2))), scene
    )


def answer_image(scene: Scene, rng: random.Random) -> Example:
    """An answer read off the image."""
    return answered("answer_image", scene, rng, 0)


def adjudicate(scene: Scene, rng: random.Random) -> Example:
    """Which of two answers is right, by the image; the description may be wrong, and one of the answers follow from it.

    What each answer states is said again beside the verdict on it, so that the comparison looks a few words back only. An image that is
    hard to read decides nothing: there the adjudicator would repeat the misreading that one of the answers came from.
    """
    kind = fitting_kind(scene, rng)
    query = drawn_query(scene, rng, kind)
    options = draw_options(query.family, query.answer(scene) or "", rng) if kind == "MC" else ()
    described = descriptions.corrupted(scene, rng) if rng.random() < 0.5 else scene
    segments, truth = solution(query, scene, options, 0)
    descriptive = bool(query.family.sentences)
    says = stated(query.resolve(scene).facts) if descriptive else truth
    verdict = rng.choice(("first", "second", "first", "second", "neither"))
    answers, marks = [], list[Segment]()
    for style, name in enumerate(("first", "second")):
        right = solution(query, scene, options, style * descriptive)[1]
        misled = misled_answer(query, described, options, style * descriptive)
        if verdict == name:
            answer, states = right, says
        elif misled and misled[0] != right and rng.random() < 0.7:
            answer, states = misled
        else:
            answer, states = wrong_answer(query, scene, options, rng, style * descriptive, right)
        answers.append(answer)
        marks += [("list", f" {name} {states}"), ("tag", " yes" if verdict == name else " no")]
    first, second = answers
    prompt = render_prompt("adjudicate", description=descriptions.fine(described, rng.randrange(2)), question=query.text, kind=kind, options=options,
                           first=first, second=second)  # fmt: skip
    reason = "Neither fits the picture." if verdict == "neither" else f"The {verdict} fits the picture."
    if scene.hard:
        verdict, reason, marks = "neither", "The picture is hard to read.", [("tag", " unclear")]
    reply = compact({"verdict": verdict, "reason": reason})
    gold = {"verdict": verdict, "first": first, "second": second}
    return Example(
        "adjudicate", prompt, payload([*segments, *marks], "json", reply), scene, None, query, kind, options, gold
    )


def path_of(query: Query, scene: Scene, options: tuple[str, ...], answer: str) -> str:
    """The refined path: what is seen, then the answer."""
    resolution = query.resolve(scene)
    kind = scene.kind
    seen = []
    for index in resolution.evidence:
        item = scene.items[index]
        position, facts = place_of(kind, item), " ".join(facts_of(kind, item))
        seen.append(f"{facts} {position}" if kind == "text" else f"the {facts} at the {position}")
    if query.family.name == "read":
        seen = ["the characters one by one"]
    look = f"I see {descriptions.joined(seen)}." if seen else "I see none."
    if query.family.sentences:
        return f"{look} So: {answer}"
    return f"{look} So it is {resolution.value}, option {answer}" if options else f"{look} So it is {answer}"


def rewrite(scene: Scene, rng: random.Random) -> Example:
    """A short path from the image to the final answer; the raw notes may rest on a wrong reading."""
    kind = fitting_kind(scene, rng)
    query = drawn_query(scene, rng, kind)
    options = draw_options(query.family, query.answer(scene) or "", rng) if kind == "MC" else ()
    style = rng.randrange(2) if query.family.sentences else 0
    answer = solution(query, scene, options, style)[1]
    noted = descriptions.corrupted(scene, rng) if rng.random() < 0.2 else scene
    resolved = query.resolve(noted)
    if resolved.value is None or (options and resolved.value not in options):
        noted = scene
    raw = "".join(text for _, text in solution(query, noted, options, style)[0]).removeprefix("<think>")
    prompt = render_prompt("rewrite", question=query.text, kind=kind, options=options, answer=answer, raw=raw)
    segments: list[Segment] = [("text", f"<think>{path_of(query, scene, options, answer)}")]
    return Example(
        "rewrite", prompt, payload(segments, "value", answer), scene, None, query, kind, options, {"answer": answer}
    )
