"""Training examples: gold replies have the stated shapes, and prompts are those that the pipeline renders."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.config import Settings
from wethink_assets.models.embedded.evaluation.grading import checks, json_of, payload_of
from wethink_assets.models.embedded.tasks import TASKS, draw_example
from wethink_assets.models.embedded.tasks.descriptions import (
    coarse,
    corrupted,
    details,
    fine,
    missing,
    read_description,
)
from wethink_assets.models.embedded.tasks.examples import render_prompt, training_scene
from wethink_assets.models.embedded.tasks.judge import tier
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.scenes import VISUAL_KINDS, VisualKind, draw_scene, graph_of
from wethink_assets.stages.prompts import PROMPTS, asked_prompts
from wethink_assets.synthesis.calls.reply_schemas import Adjudication, Grade, Question, Refinement, Screening
from wethink_assets.synthesis.prompt_packs import load_prompt

SHAPES = {"refine": Refinement, "question": Question, "screen": Screening, "judge": Grade, "adjudicate": Adjudication}
ALL = [(checkpoint, task) for checkpoint, tasks in TASKS.items() for task in tasks]
seeds = st.integers(0, 2**32)


@pytest.mark.parametrize(("checkpoint", "task"), ALL)
def test_gold_replies_are_right_and_of_the_stated_shape(checkpoint: str, task: str) -> None:
    rng = random.Random(task)
    for number in range(120):
        scene = training_scene(rng, 0.25, VISUAL_KINDS[number % 4])
        example = draw_example(checkpoint, rng, scene, task)
        assert all(checks(example, example.reply).values()), (example.prompt, example.reply)
        if task in SHAPES:
            value = json_of(example.reply)
            assert value is not None
            SHAPES[task].model_validate(value)
        elif task in ("answer_image", "answer_text", "rewrite"):
            assert re.fullmatch(r"<think>.+</think><answer>.+</answer>", example.reply)
        else:
            assert payload_of(example.reply)


def test_every_task_of_the_pack_is_trained() -> None:
    assert {task for _, task in ALL} == {name for name, use in PROMPTS.items() if not use.setting}


def test_prompts_are_those_of_the_pipeline() -> None:
    loaded = Settings.model_validate(
        {
            "roles": {
                name: {"prompt_pack": "embedded"}
                for name in ("describer", "reasoner", "adjudicator", "judge", "policy")
            }
        }
    )
    given_values = {
        "description": "There is 1 shape: a red circle at the center.",
        "dialogue": [{"request": "Where is each shape?", "reply": "There is a red circle at the center."}],
        "request": "Where is each shape?",
        "kind": "MC",
        "abilities": ["Reasoning", "Math"],
        "asked": ["How many shapes are there?"],
        "question": "What color is the circle?",
        "options": ["red", "blue"],
        "reference": "red",
        "candidate": "blue",
        "first": "A",
        "second": "B",
        "answer": "A",
        "raw": "color circle: center red circle 1. center red circle so red A",
    }
    for name in asked_prompts(loaded):
        use = PROMPTS[name]
        values = {variable: given_values[variable] for variable in use.variables}
        system, user = load_prompt(loaded, name).render(**values)
        assert not system
        assert user == render_prompt(name, **values), name


def test_every_family_is_asked_in_training() -> None:
    rng = random.Random(0)
    seen = set()
    for _ in range(6000):
        example = draw_example("reasoner", rng, training_scene(rng, 0.0), "question")
        assert example.query is not None
        seen.add(example.query.family.name)
    ambiguous = {"color_of", "shape_of", "label_of"}
    assert seen >= {family.name for family in FAMILIES} - ambiguous


@given(seeds, st.sampled_from(VISUAL_KINDS), st.sampled_from([0, 1]))
@settings(max_examples=200)
def test_descriptions_read_back_to_their_scene(seed: int, kind: VisualKind, wording: int) -> None:
    rng = random.Random(seed)
    scene = draw_scene(rng, kind)
    assert read_description(fine(scene, wording)) == (kind, graph_of(scene))
    wrong = corrupted(scene, rng)
    if wrong != scene:
        assert read_description(fine(wrong, wording)) != (kind, graph_of(scene))
    # Unless nothing is missing, the coarse description is no fine one: refinement is real.
    assert (read_description(coarse(scene)) == (kind, graph_of(scene))) == (not missing(scene))
    for topic in missing(scene):
        assert details(scene, topic)


@pytest.mark.parametrize(
    "text", ["", "Hello.", "There are 3 shapes: a red circle at the center.", "I see 1 shape: a red circle."]
)
def test_other_texts_are_no_descriptions(text: str) -> None:
    assert read_description(text) is None


def test_tiers_of_the_judge() -> None:
    assert [tier(right, 4) for right in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    assert [tier(right, 2) for right in range(3)] == [0, 0.5, 1]
    assert tier(1, 8) == 0.25 and tier(7, 8) == 0.75
