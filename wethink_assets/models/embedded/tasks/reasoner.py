"""The reasoner's tasks but judging as training examples: one function a prompt, never with an image."""

import random

from wethink_assets.kinds import LETTERS
from wethink_assets.models.embedded.tasks import descriptions as describing
from wethink_assets.models.embedded.tasks.examples import (
    Example,
    draw_options,
    draw_question_kind,
    families_of,
    lookup,
    render_prompt,
    window,
)
from wethink_assets.models.embedded.tasks.solutions import answered, compact, drawn_query, fitting_kind, payload
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.questions import Query, draw_query
from wethink_assets.sources.sample.scenes import Scene

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
FAMILIES_OF = {
    kind: [family for family in FAMILIES if kind in family.kinds] for kind in ("shapes", "chart", "figure", "text")
}


def answer_text(scene: Scene, rng: random.Random) -> Example:
    """An answer read off a description."""
    return answered("answer_text", scene, rng, 1, description=describing.fine(scene, rng.randrange(2)))


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
    kind = fitting_kind(scene, rng)
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
        query = draw_query(scene, rng, safe) or drawn_query(scene, rng, kind)
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
        kind = fitting_kind(scene, rng)
        query = drawn_query(scene, rng, kind)
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
