"""Templated questions and the audit: true answers by rule, checked by hand and in both directions."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.sources.sample.audit import is_true, recognise, solve
from wethink_assets.sources.sample.families import FAMILIES, families_for
from wethink_assets.sources.sample.questions import draw_query
from wethink_assets.sources.sample.scenes import VISUAL_KINDS, Item, Scene, VisualKind, draw_scene

SHAPES = Scene("shapes", (Item(0, "red", "circle"), Item(4, "blue", "square"), Item(5, "red", "triangle")))
CHART = Scene("chart", (Item(0, "red", value=7), Item(2, "green", value=4)))
FIGURE = Scene("figure", (Item(1, shape="circle", label="H"), Item(7, shape="diamond", label="K")))
TEXT = Scene("text", tuple(Item(cell, label=label) for cell, label in enumerate("HK42")))

KNOWN = [
    (SHAPES, "How many shapes are there?", "3"),
    (SHAPES, "How many red shapes are there?", "2"),
    (SHAPES, "How many crosses are there?", "0"),
    (SHAPES, "What color is the shape at the center?", "blue"),
    (SHAPES, "What shape is the blue one?", "square"),
    (SHAPES, "What shape is the red one?", None),
    (SHAPES, "Where is the red triangle?", "middle-right"),
    (SHAPES, "Where is the green triangle?", None),
    (SHAPES, "Is the red circle left of the blue square?", "yes"),
    (SHAPES, "Is the red circle below the blue square?", "no"),
    (SHAPES, "Where is the red circle relative to the red triangle?", "above-left"),
    (SHAPES, "How many corners does the shape at the middle-right have?", "3"),
    (
        SHAPES,
        "How are the red circle and the blue square arranged?",
        "The red circle is above-left of the blue square.",
    ),
    (SHAPES, "Who drew this?", None),
    (CHART, "What is the value of the green bar?", "4"),
    (CHART, "Which bar is the highest?", "red"),
    (CHART, "What is the difference between the green bar and the red bar?", "3"),
    (CHART, "Is the green bar higher than the red bar?", "no"),
    (CHART, "What is the value of the middle bar?", None),
    (CHART, "Compare the green bar and the red bar.", "The green bar is lower than the red bar by 3."),
    (FIGURE, "What letter is at the top-center?", "H"),
    (FIGURE, "What shape is labelled K?", "diamond"),
    (FIGURE, "Where is the label H relative to the label K?", "above"),
    (FIGURE, "How many corners does the shape labelled K have?", "4"),
    (TEXT, "What does the text say?", "H K 4 2"),
    (TEXT, "What is the third character?", "4"),
    (TEXT, "What is the fifth character?", None),
    (TEXT, "How many digits does the text have?", "2"),
    (TEXT, "Which character comes right after K?", "4"),
    (TEXT, "Which character comes right after 2?", None),
    (TEXT, "Is the second character a letter or a digit?", "letter"),
    (TEXT, "Describe how the text begins and ends.", "The text begins with H and ends with 2."),
]


@pytest.mark.parametrize(("scene", "question", "answer"), KNOWN)
def test_known_answers(scene: Scene, question: str, answer: str | None) -> None:
    assert solve(question, [], scene) == answer


def test_multiple_choice_gives_the_letter_of_the_only_right_option() -> None:
    question = "Which bar is the highest?"
    assert solve(question, ["blue", "red", "green"], CHART) == "B"
    assert solve(question, ["blue", "green"], CHART) is None
    assert solve(question, ["red", "red"], CHART) is None
    assert is_true(question, ["blue", "red"], "B", CHART)
    assert is_true(question, ["blue", "red"], "A", CHART) is False


def test_sentences_are_judged_by_their_facts_not_their_words() -> None:
    question = "Compare the green bar and the red bar."
    assert is_true(question, [], "By 3 the green bar is lower than the red bar.", CHART)
    assert not is_true(question, [], "The green bar is lower than the red bar by 2.", CHART)
    assert not is_true(question, [], "The red bar is lower than the green bar by 3.", CHART)


@given(st.integers(0, 2**32), st.sampled_from(VISUAL_KINDS), st.sampled_from(["MC", "FIB", "DES"]))
def test_every_drawn_question_is_recognised_and_solved(seed: int, kind: VisualKind, question_kind: str) -> None:
    rng = random.Random(seed)
    scene = draw_scene(rng, kind)
    query = draw_query(scene, rng, families_for(kind, question_kind))
    if query is None:
        return
    found = recognise(query.text, scene)
    assert found is not None and found.args == query.args
    assert solve(query.text, [], scene) == query.answer(scene)
    for style in (0, 1) if query.family.sentences else (0,):
        answer = query.answer(scene, style)
        assert answer is not None and is_true(query.text, [], answer, scene)


def test_wordings_are_unambiguous_and_every_kind_has_every_ability_it_can() -> None:
    texts = [(kind, text) for family in FAMILIES for kind in family.kinds for text in family.wordings]
    assert len(set(texts)) == len(texts)
    assert all(family.abilities[0] == "Reasoning" and len(family.abilities) > 1 for family in FAMILIES)
    assert all(len(family.wordings) >= 2 for family in FAMILIES)
    abilities = {ability for family in FAMILIES for ability in family.abilities}
    assert abilities == {
        "Reasoning",
        "Recognition",
        "OCR",
        "Knowledge",
        "Spatial Awareness",
        "Math",
        "Language Generation",
    }
