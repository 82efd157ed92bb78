"""Answers: agreement by kind, the judge, the adjudicator, and answers that cannot be read."""

from collections.abc import Callable
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.chat import Completion
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages.answers import answer_questions
from wethink_assets_tests.support.asked_batch import asked_batch
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, good_script, scripted_settings

Run = Callable[..., StageOutput]


def answering(image: str, text: str, **more: Any) -> ScriptedModel:
    def said(answer: str) -> Any:
        return lambda v, n: f"<think>because</think><answer>{answer}</answer>"

    return ScriptedModel(after(good_script, answer_image=said(image), answer_text=said(text), **more))


@pytest.mark.parametrize(
    ("kind", "image", "text", "agreement", "answer"),
    [
        ("MC", "(b)", "red", "letter", "B"),
        ("MC", "B. red", "Option B", "letter", "B"),
        ("FIB", "Red.", "the red", "text", "the red"),
        ("FIB", "0.50", "\\frac{1}{2}", "math", "\\frac{1}{2}"),
        ("DES", "It is red!", "it is red", "text", "it is red"),
    ],
)
def test_agreement_by_rule(
    store: Store, run_stage: Run, kind: str, image: str, text: str, agreement: str, answer: str
) -> None:
    model = answering(image, text)
    row = run_stage(answer_questions, model, *asked_batch(store, kind)).results.row(0, named=True)
    assert (row["agreed"], row["agreement"], row["verdict"], row["answer"]) == (True, agreement, "none", answer)
    assert row["score"] is None and len(row["calls"]) == 2 and row["text_thought"] == "because"
    assert model.asked == {"answer_image": 1, "answer_text": 1}, "nobody else needs to be asked"


@pytest.mark.parametrize(("score", "agreed"), [(1, True), (0.75, True), (0.5, False), (0, False)])
def test_descriptive_answers_are_judged(store: Store, run_stage: Run, score: float, agreed: bool) -> None:
    model = answering("It is red.", "A red one.", judge=lambda v, n: f'{{"score": {score}}}')
    row = run_stage(answer_questions, model, *asked_batch(store, "DES")).results.row(0, named=True)
    assert (row["agreed"], row["agreement"], row["score"]) == (agreed, "judge", score)
    assert row["verdict"] == ("none" if agreed else "first")
    assert row["answer"] == ("A red one." if agreed else "It is red.")
    assert len(row["calls"]) == (3 if agreed else 4)


@pytest.mark.parametrize(
    ("kind", "image", "text", "answer_type", "accepted"),
    [
        ("MC", "B", "red", "choice", []),
        ("FIB", "red", "Red", "text", []),
        ("DES", "It is red.", "A red one.", "text", ["It is red."]),
    ],
)
def test_a_row_says_what_its_answer_is_and_what_is_accepted_too(
    store: Store, run_stage: Run, kind: str, image: str, text: str, answer_type: str, accepted: list[str]
) -> None:
    row = run_stage(answer_questions, answering(image, text), *asked_batch(store, kind)).results.row(0, named=True)
    assert (row["answer_type"], row["accepted_answers"]) == (answer_type, accepted)
    assert (row["tolerance"], row["edit_distance"]) == (0.0, 0.0)


def test_an_answer_that_the_judge_found_wanting_is_not_accepted(store: Store, run_stage: Run) -> None:
    model = answering("It is red.", "A blue one.", judge=lambda v, n: '{"score": 0}')
    row = run_stage(answer_questions, model, *asked_batch(store, "DES")).results.row(0, named=True)
    assert (row["agreed"], row["accepted_answers"]) == (False, [])


def test_what_a_source_allows_is_in_its_rows(store: Store, run_stage: Run, pack: str) -> None:
    allowing = Settings.model_validate({"pipeline": {"prompt_pack": pack}, "sources": {"coco": {"edit_distance": 0.2}}})
    output = run_stage(answer_questions, answering("red", "red"), *asked_batch(store, "FIB"), settings=allowing)
    assert output.results["edit_distance"].to_list() == [0.2]


@pytest.mark.parametrize(("verdict", "answer"), [("first", "A"), ("second", "B"), ("neither", None)])
def test_disagreement_is_adjudicated(store: Store, run_stage: Run, verdict: str, answer: str | None) -> None:
    model = answering("A", "B", adjudicate=lambda v, n: f'{{"verdict": "{verdict}", "reason": "looked"}}')
    output = run_stage(answer_questions, model, *asked_batch(store, "MC"))
    if answer is None:
        assert output.reasons() == {"adjudicated_neither": 1} and "looked" in output.rejections["detail"][0]
        return
    row = output.results.row(0, named=True)
    assert (row["agreed"], row["verdict"], row["answer"], row["image_answer"], row["text_answer"]) == (
        False,
        verdict,
        answer,
        "A",
        "B",
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [("MC", "E"), ("MC", "A or B"), ("MC", "purple"), ("FIB", "x" * 201), ("DES", "y" * 4001), ("FIB", "**")],
)
def test_answers_that_cannot_be_read_are_malformed(store: Store, run_stage: Run, kind: str, said: str) -> None:
    model = answering(said, {"MC": "B", "FIB": "red", "DES": "Red."}[kind])
    output = run_stage(answer_questions, model, *asked_batch(store, kind))
    if said == "**":
        assert output.results.height == 1
        return
    assert output.reasons() == {"malformed_reply": 1}
    assert model.asked["answer_image"] == 2


def test_the_text_side_never_sees_the_image_and_the_writer_has_no_vote(store: Store, run_stage: Run) -> None:
    seen: list[dict[str, Any]] = []

    def watch(variables: dict[str, Any], sample: int) -> None:
        seen.append(variables)

    model = ScriptedModel(after(good_script, answer_text=watch, answer_image=watch))
    row = run_stage(answer_questions, model, *asked_batch(store, "MC")).results.row(0, named=True)
    assert row["answer"] == "B" and all("green" not in str(v.get("proposed_answer")) for v in seen)
    assert [("pixels" in v, "description" in v) for v in seen] == [(True, False), (False, True)]


def test_an_answer_that_the_describer_is_unsure_of_is_rejected(store: Store, run_stage: Run, pack: str) -> None:
    def answer(variables: dict[str, Any], sample: int) -> Completion:
        return Completion("<answer>red</answer>", 1, 1, "stop", "scripted", certainty=0.4)

    model = ScriptedModel(after(good_script, answer_image=answer))
    for least, kept in ((0.3, 1), (0.5, 0)):
        output = run_stage(
            answer_questions,
            model,
            *asked_batch(store, "FIB"),
            settings=scripted_settings(pack, answer_certainty=least),
        )
        assert output.results.height == kept
        assert output.rejections["reason"].to_list() == ["unsure"] * (1 - kept)
