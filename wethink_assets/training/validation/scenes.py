"""Accuracy of an embedded model on held-out drawn scenes, and the gain over another one.

Scenes are drawn from seeds that no training step draws from, over all visual and question kinds, a quarter of them hard to read; an answer is
right when it is true of the scene, whatever a rule or a judge would say.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from wethink_assets.kinds import PAPER_KINDS
from wethink_assets.training.validation.held_out import paired

SEED = 7


class SceneAnswer(NamedTuple):
    """One scene: kind of its question, and whether the answer is true."""

    kind: str
    right: bool


def answer_scenes(checkpoint: Path, count: int, threads: int = 0) -> list[SceneAnswer]:
    """Let the checkpoint in a folder answer the first `count` held-out scenes greedily, with so many threads (0: as torch thinks)."""
    import torch

    from wethink_assets.models.embedded.engine import Engine
    from wethink_assets.models.embedded.evaluation.accuracy import held_out, replies_to, request_for
    from wethink_assets.models.embedded.evaluation.grading import checks

    if threads:
        torch.set_num_threads(threads)
    examples = [held_out("describer", "answer_image", number, seed=SEED) for number in range(count)]
    engine = Engine(checkpoint)
    replies = replies_to(engine, [request_for(engine, example.prompt, example.image) for example in examples])
    return [
        SceneAnswer(example.kind, checks(example, reply)["right"])
        for example, reply in zip(examples, replies, strict=True)
    ]


def scene_gains(before: Sequence[SceneAnswer], after: Sequence[SceneAnswer]) -> dict[str, dict[str, Any]]:
    """Paired gain over all scenes (`all`) and by question kind; see `validation.paired`."""
    gains: dict[str, dict[str, Any]] = {}
    for group in ("all", *(kind.code for kind in PAPER_KINDS)):
        pairs = [(b.right, a.right) for b, a in zip(before, after, strict=True) if group in ("all", b.kind)]
        gains[group] = paired([float(b) for b, _ in pairs], [float(a) for _, a in pairs])
    return gains
