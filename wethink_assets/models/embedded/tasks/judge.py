"""The judge's task as training examples, and what its tiers mean."""

import random

from wethink_assets.models.embedded.tasks import descriptions as describing
from wethink_assets.models.embedded.tasks.examples import Example, Segment, families_of, render_prompt
from wethink_assets.models.embedded.tasks.solutions import compact, drawn_query, payload, wrong_answer, wrong_facts
from wethink_assets.sources.sample.questions import draw_query
from wethink_assets.sources.sample.scenes import Scene, facts_of


def tier(right: int, parts: int) -> float:
    """Score of an answer with so many parts right: to the nearest quarter; 1 only for all of them, 0 only for none."""
    if right == parts:
        return 1
    if right == 0:
        return 0
    return min(0.75, max(0.25, int(4 * right / parts + 0.5) / 4))


def graded(
    asked: str, reference: str, candidate: str, pairs: list[tuple[str, str]], whole: bool, scene: Scene, kind: str
) -> Example:
    """The grade of a candidate: `pairs` are the facts of the reference and those of the candidate; `whole`: all of them or nothing."""
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
        return graded(
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
    query = drawn_query(scene, rng, kind)
    if query.family.sentences:
        facts = query.resolve(scene).facts
        other_facts = facts if rng.random() < 0.45 else wrong_facts(query, scene, rng)
        one_style, two_style = rng.randrange(2), rng.randrange(2)
        pairs = [(facts[name].removesuffix(" of"), other_facts[name].removesuffix(" of")) for name in facts]
        return graded(
            query.text,
            query.sentence(facts, one_style),
            query.sentence(other_facts, two_style),
            pairs,
            False,
            scene,
            "DES",
        )
    truth = query.answer(scene) or ""
    given = truth if rng.random() < 0.5 else wrong_answer(query, scene, (), rng, 0, truth)[0]
    one, two = truth.split(), given.split()
    if len(one) == 1:
        pairs = [(truth, given)]
    else:
        length = max(len(one), len(two))
        pairs = list(zip(one + ["none"] * (length - len(one)), two + ["none"] * (length - len(two)), strict=True))
    return graded(query.text, truth, given, pairs, True, scene, "FIB")
