"""Scenes and their pictures: subjects are unique, and clean pictures show what the scene graph says."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.sources.sample.rendering import BASELINE, PAINT, UNIT_HEIGHT, render
from wethink_assets.sources.sample.scenes import (
    CHARACTERS,
    VISUAL_KINDS,
    VisualKind,
    draw_scene,
    graph_of,
    scene_from_json,
)

seeds = st.integers(0, 2**32)
kinds = st.sampled_from(VISUAL_KINDS)


@given(seeds, kinds)
def test_subjects_of_questions_are_unique(seed: int, kind: VisualKind) -> None:
    scene = draw_scene(random.Random(seed), kind)
    named = {
        "shapes": [(item.color, item.shape) for item in scene.items],
        "chart": [(item.color,) for item in scene.items],
        "figure": [(item.label,) for item in scene.items],
        "text": [(item.label,) for item in scene.items],
    }[kind]
    assert len(set(named)) == len(named)
    assert [item.cell for item in scene.items] == sorted({item.cell for item in scene.items})
    assert scene_from_json(scene.as_json()) == scene
    assert len({facts[0] for facts in graph_of(scene)}) == len(scene.items)


def test_option_letters_are_no_characters() -> None:
    assert not set(CHARACTERS) & set("ABCD")


@pytest.mark.parametrize("kind", VISUAL_KINDS)
@pytest.mark.parametrize("hard", [False, True])
def test_same_seed_same_pixels(kind: VisualKind, hard: bool) -> None:
    pictures = []
    for _ in range(2):
        rng = random.Random(3)
        pictures.append(render(draw_scene(rng, kind, hard=hard), rng, 120, oversample=2).tobytes())
    assert pictures[0] == pictures[1]


def near(pixel: tuple[int, int, int], color: str) -> bool:
    return all(abs(one - two) <= 30 for one, two in zip(pixel, PAINT[color], strict=True))


def test_clean_shapes_have_their_color_in_their_cell() -> None:
    rng = random.Random(11)
    for _ in range(30):
        scene = draw_scene(rng, "shapes")
        image = render(scene, rng, 144)
        for item in scene.items:
            x, y = (item.cell % 3 * 48 + 24, item.cell // 3 * 48 + 24)
            assert near(image.getpixel((x, y)), item.color)


def test_bars_are_as_high_as_their_value() -> None:
    rng = random.Random(12)
    for _ in range(30):
        scene = draw_scene(rng, "chart")
        image = render(scene, rng, 480)
        for item in scene.items:
            x = item.cell * 160 + 80
            colored = [y for y in range(480) if near(image.getpixel((x, y)), item.color)]
            assert round((BASELINE * 10 - min(colored)) / (UNIT_HEIGHT * 10)) == item.value
