"""The first filter: which questions are refused by rule, and which are not.

`support/question_rules/` holds questions that were labelled by hand before the rules were written that now stand: `honest.jsonl` such as people ask
about documents, receipts, signs, tables, charts, maps, diagrams, book covers, screenshots, geometry and photos, with the words that naive rules trip
on; `bad.jsonl` such as no rule may let pass, each with the kind of rule it breaks. `kept_honest.jsonl` and `kept_bad.jsonl` were kept aside until the
rules were done: 3 of 201 and 0 of 50 went wrong then; the rules were mended for two of the three (a display's options with letters stay refused). A
second batch, of which 1 of 145 and 2 of 40 went wrong, was joined to the first files, and the rules mended.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.stages.question_filters import fault_of, gives_away, known_abilities, repeats

LABELLED = Path(__file__).parents[2] / "support" / "question_rules"


def question(**changes: object) -> Question:
    good = {
        "question": "Which shape stands left of the tallest bar?",
        "options": ["circle", "square", "triangle"],
        "answer": "square",
        "category": "spatial relation",
        "abilities": ["Reasoning", "Spatial Awareness"],
    }
    return Question.model_validate(good | changes)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("MC", {}),
        ("MC", {"answer": "B"}),
        ("MC", {"answer": "(b) square"}),
        ("MC", {"answer": ""}),  # a writer that keeps its opinion to itself
        ("MC", {"options": ["3", "4"], "answer": "3", "question": "Of 3 bars and 4 lines, how many are red?"}),
        ("FIB", {"options": [], "answer": "square"}),
        ("FIB", {"options": [], "answer": "red", "question": "Which is taller, the red bar or the blue bar?"}),
        ("DES", {"options": [], "answer": "It is the square, because it is next to the bar."}),
        ("DES", {"options": [], "answer": "", "question": "Describe how the text in the image is laid out."}),
    ],
)
def test_sound_questions_pass(kind: str, changes: dict[str, object]) -> None:
    assert fault_of(question(**changes), kind) is None


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        ("MC", {"options": []}, "0 options"),
        ("MC", {"options": ["square"]}, "1 options"),
        ("MC", {"options": list("abcdefg"), "answer": "a"}, "7 options"),
        ("MC", {"options": ["square", "circle", "Square."]}, "two options are the same"),
        ("MC", {"options": ["2", "two"], "answer": "2"}, "two options are the same"),
        ("MC", {"options": ["A. circle", "B. square"]}, "an option carries its letter"),
        ("MC", {"answer": "cross"}, "answer is not among the options"),
        ("MC", {"answer": "D"}, "answer is not among the options"),
        ("MC", {"question": "What is the square left of the bar?"}, "question gives its answer away"),
        ("FIB", {}, "FIB question has options"),
        ("FIB", {"options": [], "answer": "x" * 61}, "answer is too long to fill in"),
        ("FIB", {"options": [], "question": "Is the square left of the bar?"}, "question gives its answer away"),
        ("DES", {}, "DES question has options"),
        ("MC", {"question": "Why?"}, "question is too short"),
        ("MC", {"question": "why " * 200}, "question is too long"),
        (
            "MC",
            {"question": "According to the description, which is left?"},
            "question refers to a text that is not shown",
        ),
        ("MC", {"question": "Which bar is mentioned above?"}, "question refers to a text that is not shown"),
        ("MC", {"question": "Which shape is <answer>B</answer>?"}, "question holds markup"),
        ("MC", {"category": " "}, "category is empty"),
        ("MC", {"abilities": []}, "abilities are not Reasoning and one more"),
        ("MC", {"abilities": ["Reasoning"]}, "abilities are not Reasoning and one more"),
        ("MC", {"abilities": ["OCR", "Math"]}, "abilities are not Reasoning and one more"),
        ("MC", {"abilities": ["Reasoning", "Smelling"]}, "unknown ability 'Smelling'"),
    ],
)
def test_faults_are_named(kind: str, changes: dict[str, object], fault: str) -> None:
    assert fault_of(question(**changes), kind) == fault


def test_text_in_the_image_may_be_asked_about() -> None:
    for text in (
        "What does the text in the image say after the date?",
        "According to the sign, when does the shop close?",
    ):
        assert fault_of(question(question=text), "MC") is None


def test_giving_away_needs_whole_words() -> None:
    assert gives_away("How many circles are red?", "circles")
    assert not gives_away("How many circles are red?", "circle")
    assert not gives_away("How many are red?", "red")


def test_repetition_ignores_case_and_spacing() -> None:
    assert repeats("what  is LEFT?", ["What is left ?"])
    assert not repeats("What is right?", ["What is left?"])


def test_abilities_are_kept_once_in_order() -> None:
    assert known_abilities(["OCR", "Reasoning", "OCR"]) == ["Reasoning", "OCR"]


def labelled(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LABELLED / name).read_text(encoding="utf-8").splitlines()]


def fault_of_labelled(row: dict[str, Any]) -> str | None:
    return fault_of(question(**{name: row[name] for name in ("question", "options", "answer")}), row["kind"])


def test_of_a_thousand_honest_questions_at_most_two_are_refused() -> None:
    rows = [*labelled("honest.jsonl"), *labelled("kept_honest.jsonl")]
    assert len({row["question"] for row in rows}) >= 1200
    refused = [(row["question"], fault) for row in rows if (fault := fault_of_labelled(row))]
    assert len(refused) <= 2, refused


def test_of_the_bad_ones_none_passes() -> None:
    rows = [*labelled("bad.jsonl"), *labelled("kept_bad.jsonl")]
    assert len({json.dumps(row) for row in rows}) >= 330
    passed = [(row["rule"], row["question"]) for row in rows if fault_of_labelled(row) is None]
    assert not passed
