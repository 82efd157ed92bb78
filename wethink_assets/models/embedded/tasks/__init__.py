"""Tasks of the embedded model: training examples of each prompt of the pack, and how often each checkpoint is trained on them."""

import random
from collections.abc import Callable

from wethink_assets.models.embedded.tasks.describer import adjudicate, answer_image, describe, details, merge, rewrite
from wethink_assets.models.embedded.tasks.examples import Example
from wethink_assets.models.embedded.tasks.judge import judge
from wethink_assets.models.embedded.tasks.reasoner import answer_text, question, refine, screen
from wethink_assets.sources.sample.scenes import Scene

Drawer = Callable[[Scene, random.Random], Example]
TASKS: dict[str, dict[str, tuple[Drawer, int]]] = {
    "describer": {"answer_image": (answer_image, 34), "describe": (describe, 10), "details": (details, 12), "merge": (merge, 14),
                  "adjudicate": (adjudicate, 18), "rewrite": (rewrite, 14)},
    "reasoner": {"answer_text": (answer_text, 28), "question": (question, 30), "screen": (screen, 18), "judge": (judge, 15),
                 "refine": (refine, 9)},
}  # fmt: skip
"""Tasks of each checkpoint with their weights in training."""


def draw_example(checkpoint: str, rng: random.Random, scene: Scene, task: str = "") -> Example:
    """An example of one task of a checkpoint (any, by weight, if not named) for a scene; its image is not rendered yet."""
    tasks = TASKS[checkpoint]
    name = task or rng.choices(list(tasks), [weight for _, weight in tasks.values()])[0]
    return tasks[name][0](scene, rng)
