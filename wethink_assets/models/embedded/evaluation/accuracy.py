"""Accuracies of a checkpoint on held-out scenes by task, visual kind, question kind and letter, with Wilson intervals."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wethink_assets.intervals import wilson
from wethink_assets.models.chat import Message, Sampling
from wethink_assets.models.embedded.engine import Engine, Request
from wethink_assets.models.embedded.evaluation.grading import checks
from wethink_assets.models.embedded.tasks import TASKS, draw_example
from wethink_assets.models.embedded.tasks.examples import Example, training_scene
from wethink_assets.models.embedded.training.batches import view_of
from wethink_assets.models.embedded.vision import patches
from wethink_assets.sources.sample.scenes import HARD_EFFECTS, VISUAL_KINDS

BATCH = 64
LONGEST = 160
OnBatch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of right replies in one group, such as task `answer_image`, group `chart clean`."""

    checkpoint: str
    task: str
    group: str
    right: int
    count: int

    @property
    def share(self) -> float:
        """right / count."""
        return self.right / self.count if self.count else 0.0

    def as_json(self) -> dict[str, Any]:
        """All of it with its interval."""
        low, high = wilson(self.right, self.count)
        return {"checkpoint": self.checkpoint, "task": self.task, "group": self.group, "right": self.right, "n": self.count,
                "share": round(self.share, 4), "low": round(low, 4), "high": round(high, 4)}  # fmt: skip


def held_out(checkpoint: str, task: str, number: int, seed: int, hard: bool | None = None) -> Example:
    """Example `number` of a task: visual kinds take turns, a quarter is hard; no training step draws from these seeds."""
    rng = random.Random(f"held out/{seed}/{task}/{number}")
    is_hard = number // 4 % 4 == 3 if hard is None else hard
    scene = training_scene(rng, float(is_hard), VISUAL_KINDS[number % 4], HARD_EFFECTS)
    example = draw_example(checkpoint, rng, scene, task)
    return replace(example, image=view_of(scene, rng)) if checkpoint == "describer" else example


def request_for(engine: Engine, prompt: str, image: Any, seed: int = 0, temperature: float = 0.0) -> Request:
    """A prompt with its view, if it has one, encoded for an engine."""
    request = engine.encode([Message("user", prompt)], Sampling(temperature, 1.0, LONGEST, seed))
    if image is None:
        return request
    # The evaluation holds views, not files: they go where the engine puts those that it decodes, at the start of the user's turn.
    return engine.with_view(request, patches(image))


def replies_to(engine: Engine, requests: Sequence[Request], on_batch: OnBatch | None = None) -> list[str]:
    """Replies to encoded prompts, in their order, in batches of similar length."""
    order = sorted(range(len(requests)), key=lambda index: len(requests[index].tokens))
    replies = [""] * len(requests)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        for index, reply in zip(chosen, engine.reply([requests[index] for index in chosen]), strict=True):
            replies[index] = reply.text
        if on_batch:
            on_batch(len(chosen))
    return replies


def _groups(example: Example) -> Iterable[str]:
    """Names of the groups that an example counts in."""
    hardness = "hard" if example.scene.hard else "clean"
    yield "all"
    yield hardness
    yield f"{example.scene.kind} {hardness}"
    if example.kind and example.task not in ("judge",):
        yield f"{example.kind} {hardness}"
    if example.task in ("answer_image", "answer_text") and example.query:
        yield f"category {example.query.family.category} {hardness}"
        if example.kind == "MC":
            yield f"letter {example.gold['answer']} {hardness}"
    if example.task == "judge":
        yield f"tier {example.gold['score']:g}"
    if example.task == "adjudicate":
        yield f"verdict {example.gold['verdict']}"


def evaluate(
    engine: Engine,
    name: str,
    examples_per_task: int,
    seed: int = 0,
    tasks: Sequence[str] = (),
    on_batch: OnBatch | None = None,
) -> list[Accuracy]:
    """Measure a checkpoint on held-out examples, greedily decoded.

    Args:
        name: `describer`, `reasoner` or `policy` (which answers from the image only).
        tasks: those to measure; all of the checkpoint if empty.
    """
    checkpoint = "describer" if name == "policy" else name
    wanted = tasks or (("answer_image",) if name == "policy" else tuple(TASKS[checkpoint]))
    counts: dict[tuple[str, str], list[int]] = {}
    for task in wanted:
        examples = [held_out(checkpoint, task, number, seed) for number in range(examples_per_task)]
        replies = replies_to(
            engine, [request_for(engine, example.prompt, example.image) for example in examples], on_batch
        )
        for example, reply in zip(examples, replies, strict=True):
            passed_by_check = checks(example, reply)
            for group in _groups(example):
                cell = counts.setdefault((task, group), [0, 0])
                cell[0] += passed_by_check["right"]
                cell[1] += 1
            for check, passed in passed_by_check.items():
                if check != "right":
                    cell = counts.setdefault((task, f"check: {check}"), [0, 0])
                    cell[0] += passed
                    cell[1] += 1
    return [Accuracy(name, task, group, right, count) for (task, group), (right, count) in counts.items()]
