"""The describer's and reasoner's tasks as training examples: one function a prompt of the pack, `TASKS` by checkpoint.

Each function draws a right reply for a given scene; with an image, the caller renders it.
"""

import json
import random
from collections.abc import Callable
from typing import Any

from wethink_assets.models.embedded import describing
from wethink_assets.models.embedded.examples import (
    LETTERS,
    Example,
    Segment,
    draw_options,
    draw_question_kind,
    families_of,
    listing,
    lookup,
    window,
)
from wethink_assets.models.embedded.prompting import render_prompt
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.questions import VOCABULARY, Query, draw_query, running_tags
from wethink_assets.sources.sample.scenes import Scene, facts_of, place_of

Drawer = Callable[[Scene, random.Random], Example]
ABILITIES = ("Recognition", "OCR", "Knowledge", "Spatial Awareness", "Math", "Language Generation")
NOT_SHOWN = (
    "Who made the picture?", "When was the picture made?", "What is behind the picture?", "How heavy is it?", "What is the price?",
    "Do you like the picture?", "Describe the mood of the picture.", "What happens next?",
)  # fmt: skip
REASONS = {
    "": "The picture shows it.",
    "absent": "It is not in the picture.",
    "ambiguous": "More than one fits.",
    "unknown": "The picture does not tell.",
    "options": "No option is right.",
}


def compact(value: dict[str, Any]) -> str:
    """JSON as the model writes it."""
    return json.dumps(value, separators=(", ", ": "))


def payload(segments: list[Segment], role: str, text: str) -> tuple[Segment, ...]:
    """Close the chain of thought and give the answer."""
    return (*segments, ("end", "</think><answer>"), (role, text), ("end", "</answer>"))


def _everything(scene: Scene) -> list[Segment]:
    return [("sub", "<think>list all:"), *listing(scene, running_tags([True] * len(scene.items)))]


# The describer: always with the image.


def describe(scene: Scene, rng: random.Random) -> Example:
    """The coarse description."""
    return Example(
        "describe", render_prompt("describe"), payload(_everything(scene), "text", describing.coarse(scene)), scene
    )


def details(scene: Scene, rng: random.Random) -> Example:
    """A reply to one request for what is missing; now and then about what the coarse description already had."""
    topics = describing.missing(scene) or ("text",)
    topic = rng.choice(topics)
    prompt = render_prompt("details", request=rng.choice(describing.REQUESTS[topic]))
    return Example(
        "details",
        prompt,
        payload(_everything(scene), "text", describing.details(scene, topic)),
        scene,
        gold={"topic": topic},
    )


def merge(scene: Scene, rng: random.Random) -> Example:
    """The fine description; what was said before is sometimes wrong, and the picture counts."""
    said = describing.corrupted(scene, rng) if rng.random() < 0.15 else scene
    turns = describing.dialogue(said, rng, 3)
    prompt = render_prompt("merge", description=describing.coarse(scene), dialogue=turns)
    return Example(
        "merge", prompt, payload(_everything(scene), "text", describing.fine(scene, rng.randrange(2))), scene
    )


def _draw_query(scene: Scene, rng: random.Random, question_kind: str) -> Query:
    query = draw_query(scene, rng, families_of(scene.kind, question_kind))
    if query is None:
        raise LookupError(f"no {question_kind} question fits {scene}")
    return query


def _question_kind(scene: Scene, rng: random.Random) -> str:
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


def _answer(task: str, scene: Scene, rng: random.Random, style: int, **context: str) -> Example:
    kind = _question_kind(scene, rng)
    query = _draw_query(scene, rng, kind)
    options = draw_options(query.family, query.answer(scene) or "", rng) if kind == "MC" else ()
    segments, answer = solution(query, scene, options, style)
    prompt = render_prompt(task, question=query.text, kind=kind, options=options, **context)
    role = "text" if kind == "DES" else "value"
    return Example(task, prompt, payload(segments, role, answer), scene, None, query, kind, options, {"answer": answer})


def answer_image(scene: Scene, rng: random.Random) -> Example:
    """An answer read off the picture."""
    return _answer("answer_image", scene, rng, 0)


def _wrong_answer(
    query: Query, scene: Scene, options: tuple[str, ...], rng: random.Random, style: int, truth: str
) -> str:
    if options:
        return rng.choice([letter for letter in LETTERS[: len(options)] if letter != truth])
    for _ in range(20):
        if query.family.pool and rng.random() < 0.5:
            wrong = rng.choice(query.family.pool)
        elif query.family.sentences:
            wrong = query.sentence(wrong_facts(query, scene, rng), style)
        else:
            other = describing.corrupted(scene, rng)
            wrong = query.answer(other) or ""
        if wrong and wrong != truth:
            return wrong
    return rng.choice([value for value in query.family.pool if value != truth] or ["none"])


def wrong_facts(query: Query, scene: Scene, rng: random.Random) -> dict[str, str]:
    """Facts of a descriptive answer with at least one of them wrong."""
    facts = dict(query.resolve(scene).facts)
    names = list(facts)
    for name in rng.sample(names, rng.randint(1, len(names))):
        pool = [word for word in VOCABULARY[name.rstrip("2")] if word != facts[name] and word != "level with"]
        facts[name] = rng.choice(pool)
    return facts


def adjudicate(scene: Scene, rng: random.Random) -> Example:
    """Which of two answers is right, by the picture; the description may be wrong in the same way as one of them."""
    kind = _question_kind(scene, rng)
    query = _draw_query(scene, rng, kind)
    options = draw_options(query.family, query.answer(scene) or "", rng) if kind == "MC" else ()
    segments, _ = solution(query, scene, options, 0)
    truths = (
        [solution(query, scene, options, style)[1] for style in (0, 1)]
        if query.family.sentences
        else [solution(query, scene, options, 0)[1]] * 2
    )
    verdict = rng.choice(("first", "second", "first", "second", "neither"))
    first, second = (
        truths[place]
        if verdict == name
        else _wrong_answer(query, scene, options, rng, place * bool(query.family.sentences), truths[place])
        for place, name in enumerate(("first", "second"))
    )
    said = describing.corrupted(scene, rng) if rng.random() < 0.4 else scene
    prompt = render_prompt("adjudicate", description=describing.fine(said, rng.randrange(2)), question=query.text, kind=kind, options=options,
                           first=first, second=second)  # fmt: skip
    marks = [("tag", f" first {'yes' if verdict == 'first' else 'no'} second {'yes' if verdict == 'second' else 'no'}")]
    reason = "Neither fits the picture." if verdict == "neither" else f"The {verdict} fits the picture."
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
        place, facts = place_of(kind, item), " ".join(facts_of(kind, item))
        seen.append(f"{facts} {place}" if kind == "text" else f"the {facts} at the {place}")
    if query.family.name == "read":
        seen = ["the characters one by one"]
    look = f"I see {describing.joined(seen)}." if seen else "I see none."
    if query.family.sentences:
        return f"{look} So: {answer}"
    return f"{look} So it is {resolution.value}, option {answer}" if options else f"{look} So it is {answer}"


def rewrite(scene: Scene, rng: random.Random) -> Example:
    """A short path from the picture to the final answer; the raw notes may rest on a wrong reading."""
    kind = _question_kind(scene, rng)
    query = _draw_query(scene, rng, kind)
    options = draw_options(query.family, query.answer(scene) or "", rng) if kind == "MC" else ()
    style = rng.randrange(2) if query.family.sentences else 0
    answer = solution(query, scene, options, style)[1]
    noted = describing.corrupted(scene, rng) if rng.random() < 0.2 else scene
    resolved = query.resolve(noted)
    if resolved.value is None or (options and resolved.value not in options):
        noted = scene
    raw = "".join(text for _, text in solution(query, noted, options, style)[0]).removeprefix("<think>")
    prompt = render_prompt("rewrite", question=query.text, kind=kind, options=options, answer=answer, raw=raw)
    segments: list[Segment] = [("text", f"<think>{path_of(query, scene, options, answer)}")]
    return Example(
        "rewrite", prompt, payload(segments, "value", answer), scene, None, query, kind, options, {"answer": answer}
    )


# The reasoner: never with the image.


def answer_text(scene: Scene, rng: random.Random) -> Example:
    """An answer read off a description."""
    return _answer("answer_text", scene, rng, 1, description=describing.fine(scene, rng.randrange(2)))


def refine(scene: Scene, rng: random.Random) -> Example:
    """What the description still lacks, or that it is complete."""
    topics = describing.missing(scene)
    done = rng.randint(0, len(topics))
    prompt = render_prompt(
        "refine", description=describing.coarse(scene), dialogue=describing.dialogue(scene, rng, done)
    )
    complete = done == len(topics)
    requests = [] if complete else [rng.choice(describing.REQUESTS[topics[done]])]
    reply = compact({"complete": complete, "requests": requests})
    segments = (("end", "<answer>"), ("json", reply), ("end", "</answer>"))
    return Example("refine", prompt, segments, scene, gold={"complete": complete})


def question(scene: Scene, rng: random.Random) -> Example:
    """A question of a kind that needs certain abilities, unlike those asked before."""
    kind = _question_kind(scene, rng)
    wanted = [rng.choice(ABILITIES)]
    if rng.random() < 0.3:
        wanted += rng.sample([name for name in ABILITIES if name not in wanted], 1)
    if kind == "DES" and rng.random() < 0.5 and "Language Generation" not in wanted:
        wanted = ["Language Generation"]
    fitting = [family for family in families_of(scene.kind, kind) if set(wanted) & set(family.abilities)]
    # Ambiguous subjects are left to the screening examples: the writer keeps to subjects that are unique by construction.
    safe = [
        family
        for family in fitting or families_of(scene.kind, kind)
        if family.name not in ("color_of", "shape_of", "label_of")
    ]
    asked = [
        other.text
        for other in (draw_query(scene, rng, FAMILIES_OF[scene.kind]) for _ in range(rng.choice((0, 0, 1, 2, 3))))
        if other
    ]
    query = None
    for _ in range(8):
        query = draw_query(scene, rng, safe) or _draw_query(scene, rng, kind)
        if query.text not in asked:
            break
    assert query is not None
    value = query.answer(scene) or ""
    segments, _ = lookup(query, scene)
    options: tuple[str, ...] = ()
    if kind == "MC":
        segments.append(("value", f" so {value}"))
        options = window(query.family.pool, value, min(len(query.family.pool), 4), rng)
    reply = compact({"question": query.text, "options": list(options), "category": query.family.category,
                     "abilities": list(query.family.abilities)})  # fmt: skip
    names = ["Reasoning", *wanted] if rng.random() < 0.8 else wanted
    prompt = render_prompt(
        "question", description=describing.fine(scene, rng.randrange(2)), kind=kind, abilities=names, asked=asked
    )
    gold = {"abilities": wanted, "asked": asked, "possible": bool(set(wanted) & set(query.family.abilities))}
    return Example("question", prompt, payload(segments, "json", reply), scene, None, query, kind, options, gold)


def _ill_posed(scene: Scene, rng: random.Random) -> Query | None:
    for _ in range(12):
        other = describing.corrupted(scene, rng)
        query = draw_query(other, rng, [family for family in FAMILIES_OF[scene.kind] if "{" in family.sub])
        if query and query.resolve(scene).value is None:
            return query
    return None


def screen(scene: Scene, rng: random.Random) -> Example:
    """Whether a question can be answered from the description and checked."""
    text = describing.fine(scene, rng.randrange(2))
    roll = rng.random()
    options: tuple[str, ...] = ()
    if roll < 0.12:
        kind = draw_question_kind(rng)
        asked = rng.choice(NOT_SHOWN)
        prompt = render_prompt("screen", description=text, question=asked, kind=kind, options=())
        reply = compact({"answerable": False, "verifiable": False, "reason": REASONS["unknown"]})
        return Example(
            "screen",
            prompt,
            payload([("sub", "<think>unknown")], "json", reply),
            scene,
            None,
            None,
            kind,
            (),
            {"good": False},
        )
    query = _ill_posed(scene, rng) if roll < 0.45 else None
    if query is None:
        kind = _question_kind(scene, rng)
        query = _draw_query(scene, rng, kind)
    else:
        kind = rng.choice(query.family.question_kinds)
    segments, resolution = lookup(query, scene)
    problem = resolution.problem
    if resolution.value is None:
        segments.append(("value", f" so {problem}"))
        if kind == "MC":
            options = tuple(rng.sample(query.family.pool, min(4, len(query.family.pool))))
    elif not query.family.sentences:
        segments.append(("value", f" so {resolution.value}"))
        if kind == "MC":
            options = draw_options(query.family, resolution.value, rng)
            lacking = [word for word in query.family.pool if word != resolution.value and word not in options]
            if lacking and rng.random() < 0.3:
                options = tuple(rng.choice(lacking) if word == resolution.value else word for word in options)
                problem = "options"
            segments.append(("letter", " none" if problem else f" {LETTERS[options.index(resolution.value)]}"))
    reply = compact({"answerable": problem in ("", "options"), "verifiable": not problem, "reason": REASONS[problem]})
    prompt = render_prompt("screen", description=text, question=query.text, kind=kind, options=options)
    return Example(
        "screen", prompt, payload(segments, "json", reply), scene, None, query, kind, options, {"good": not problem}
    )


def tier(right: int, parts: int) -> float:
    """Score of an answer with so many parts right: to the nearest quarter; 1 only for all of them, 0 only for none."""
    if right == parts:
        return 1
    if right == 0:
        return 0
    return min(0.75, max(0.25, int(4 * right / parts + 0.5) / 4))


def _graded(
    asked: str, reference: str, candidate: str, pairs: list[tuple[str, str]], whole: bool, scene: Scene, kind: str
) -> Example:
    segments: list[Segment] = [("sub", "<think>compare")]
    right = 0
    for one, other in pairs:
        right += one == other
        segments += [("list", f" {one} {other}"), ("tag", f" {'yes' if one == other else 'no'} {right};")]
    score = (1.0 if right == len(pairs) else 0.0) if whole else tier(right, len(pairs))
    segments.append(("steps", f" {right} of {len(pairs)}"))
    number: float = int(score) if score in (0, 1) else score
    reply = compact({"score": number, "reason": f"{right} of {len(pairs)} right."})
    prompt = render_prompt("judge", question=asked, reference=reference, candidate=candidate)
    return Example("judge", prompt, payload(segments, "json", reply), scene, None, None, kind, (), {"score": score})


def judge(scene: Scene, rng: random.Random) -> Example:
    """A grade: short answers 0 or 1, sentences by their facts, descriptions by their items."""
    roll = rng.random()
    if roll < 0.2 and len(scene.items) <= 5:
        other = scene
        for _ in range(rng.randint(0, len(scene.items))):
            other = describing.corrupted(other, rng)
        wording, style = rng.randrange(2), rng.randrange(2)
        pairs = [
            (" ".join(facts_of(scene.kind, one)), " ".join(facts_of(scene.kind, two)))
            for one, two in zip(scene.items, other.items, strict=True)
        ]
        return _graded(
            "Describe the picture.",
            describing.fine(scene, wording),
            describing.fine(other, style),
            pairs,
            False,
            scene,
            "DES",
        )
    kind = "DES" if roll < 0.6 else "FIB"
    if kind == "DES" and not draw_query(scene, random.Random(0), families_of(scene.kind, "DES")):
        kind = "FIB"
    query = _draw_query(scene, rng, kind)
    if query.family.sentences:
        facts = query.resolve(scene).facts
        other_facts = facts if rng.random() < 0.45 else wrong_facts(query, scene, rng)
        one_style, two_style = rng.randrange(2), rng.randrange(2)
        pairs = [(facts[name].removesuffix(" of"), other_facts[name].removesuffix(" of")) for name in facts]
        return _graded(
            query.text,
            query.sentence(facts, one_style),
            query.sentence(other_facts, two_style),
            pairs,
            False,
            scene,
            "DES",
        )
    truth = query.answer(scene) or ""
    given = truth if rng.random() < 0.5 else _wrong_answer(query, scene, (), rng, 0, truth)
    one, two = truth.split(), given.split()
    if len(one) == 1:
        pairs = [(truth, given)]
    else:
        length = max(len(one), len(two))
        pairs = list(zip(one + ["none"] * (length - len(one)), two + ["none"] * (length - len(two)), strict=True))
    return _graded(query.text, truth, given, pairs, True, scene, "FIB")


FAMILIES_OF = {
    kind: [family for family in FAMILIES if kind in family.kinds] for kind in ("shapes", "chart", "figure", "text")
}
TASKS: dict[str, dict[str, tuple[Drawer, int]]] = {
    "describer": {"answer_image": (answer_image, 34), "describe": (describe, 10), "details": (details, 12), "merge": (merge, 14),
                  "adjudicate": (adjudicate, 16), "rewrite": (rewrite, 14)},
    "reasoner": {"answer_text": (answer_text, 28), "question": (question, 30), "screen": (screen, 18), "judge": (judge, 15),
                 "refine": (refine, 9)},
}  # fmt: skip
"""Tasks of each checkpoint with their weights in training."""


def draw_example(checkpoint: str, rng: random.Random, scene: Scene, task: str = "") -> Example:
    """An example of one task of a checkpoint (any, by weight, if not named) for a scene; its image is not rendered yet."""
    tasks = TASKS[checkpoint]
    name = task or rng.choices(list(tasks), [weight for _, weight in tasks.values()])[0]
    return tasks[name][0](scene, rng)
