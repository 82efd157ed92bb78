"""The first filter: which questions are refused by rule, and which are not."""

import pytest

from wethink_assets.synthesis.calls.reply_schemas import Question
from wethink_assets.synthesis.stages.question_filters import fault_of, gives_away, known_abilities, repeats


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
        ("MC", {"question": "Which bar is mentioned in the text?"}, "question refers to a text that is not shown"),
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
