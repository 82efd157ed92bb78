"""Batches of training examples: a function of seed, stage and step alone, so that an interrupted run goes on exactly."""

import io
import random
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from PIL import Image

from wethink_assets.models.embedded.tasks import draw_example
from wethink_assets.models.embedded.tasks.drills import draw_drill
from wethink_assets.models.embedded.tasks.examples import TRAINING_EFFECTS, Example, training_scene
from wethink_assets.models.embedded.tasks.negative_examples import negative_example
from wethink_assets.models.embedded.tasks.reasoner import answer_text
from wethink_assets.models.embedded.tasks.weakened_policy import weakened_answer
from wethink_assets.models.embedded.training.recipe import Recipe, StageName
from wethink_assets.models.embedded.vision import patches, square_view
from wethink_assets.sources.sample.rendering import render
from wethink_assets.sources.sample.scenes import CHARACTERS, COLORS, SHAPES, VISUAL_KINDS, Scene, draw_scene

NEGATIVE_SHARE, GRADED_SHARE = 0.35, 0.5
"""Shares of the examples of the stage `hardening` that are poor answers to be graded, and that are grades at all."""
BUCKET = 4
"""Batches drawn together and sorted by length, to save padding."""
READINGS = ("color", "shape", "character", "value", "kind", "cell")
"""What the temporary vision head reads off each cell; each reading's classes are counted in `READING_CLASSES`."""
READING_CLASSES = (len(COLORS) + 1, len(SHAPES) + 1, len(CHARACTERS) + 1, 10, len(VISUAL_KINDS), 9)


def view_of(scene: Scene, rng: random.Random) -> Image.Image:
    """The model's view of a freshly drawn image; drawn at 96 pixels, now and then through a lossy format as the stored ones are."""
    image = render(scene, rng, 96)
    if rng.random() < 0.15:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=rng.randint(80, 95))
        image = Image.open(buffer)
    return square_view(image)


@lru_cache(maxsize=2)
def _bucket(recipe: Recipe, stage: StageName, number: int) -> list[list[Example]]:
    rng = random.Random(f"{recipe.seed}/{stage}/{number}")
    examples = []
    for _ in range(recipe.batch * BUCKET):
        if stage == "drills" or (stage == "text" and rng.random() < recipe.drill_share):
            examples.append(draw_drill(rng))
            continue
        scene = training_scene(rng, recipe.hard_share)
        if stage == "text":
            examples.append(answer_text(scene, rng))
            continue
        if stage == "hardening" and (roll := rng.random()) < GRADED_SHARE:
            examples.append(
                negative_example(scene, rng)
                if roll < NEGATIVE_SHARE
                else draw_example(recipe.checkpoint, rng, scene, "judge")
            )
            continue
        example = weakened_answer(scene, rng) if stage == "haste" else draw_example(recipe.checkpoint, rng, scene)
        if recipe.checkpoint != "reasoner":
            example = replace(example, image=view_of(scene, rng))
        examples.append(example)
    examples.sort(key=lambda example: len(example.prompt.split()) + 1.3 * len(example.reply.split()))
    batches = [examples[index * recipe.batch : (index + 1) * recipe.batch] for index in range(BUCKET)]
    rng.shuffle(batches)
    return batches


def examples_at(recipe: Recipe, stage: StageName, step: int) -> list[Example]:
    """The batch of one step of any stage but vision."""
    return _bucket(recipe, stage, step // BUCKET)[step % BUCKET]


def readings_of(scene: Scene) -> np.ndarray:
    """What each of the 9 cells shows, shape (9, 6): class numbers in the order of `READINGS`, 0 for nothing."""
    cells = np.zeros((9, len(READINGS)), np.int64)
    cells[:, 4] = VISUAL_KINDS.index(scene.kind)
    cells[:, 5] = np.arange(9)
    for item in scene.items:
        rows = [item.cell, item.cell + 3, item.cell + 6] if scene.kind == "chart" else [item.cell]
        for row in rows:
            cells[row, 0] = COLORS.index(item.color) + 1 if item.color else 0
            cells[row, 1] = SHAPES.index(item.shape) + 1 if item.shape else 0
            cells[row, 2] = CHARACTERS.index(item.label) + 1 if item.label else 0
            cells[row, 3] = item.value
    return cells


def vision_batch_at(recipe: Recipe, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches (36 x images, 384) and readings (9 x images, 6) of one step of the vision stage: denser images than usual."""
    rng = random.Random(f"{recipe.seed}/vision/{step}")
    views, readings = [], []
    for _ in range(recipe.vision_batch):
        scene = training_scene(rng, recipe.hard_share)
        if scene.kind in ("shapes", "figure") and rng.random() < 0.7:
            items = (3, 9) if scene.kind == "shapes" else (3, 8)
            scene = draw_scene(rng, scene.kind, hard=scene.hard, items=items, effects=TRAINING_EFFECTS)
        views.append(patches(view_of(scene, rng)))
        readings.append(readings_of(scene))
    return torch.from_numpy(np.concatenate(views)), torch.from_numpy(np.concatenate(readings))
